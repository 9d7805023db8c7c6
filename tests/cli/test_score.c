/* `satz bleu`, `satz chrf` and `satz ter`: every option, warnings, JSON. Figures are sacreBLEU's.
 */
#include "program.h"

#include <jansson.h>

static const char reference[] = "Er sagte: „Das kostet 1.5 €, ok?“\n"
                                "你好，世界 IS good, x's 3-4.\n"
                                "The cat sat on the mat today.\n";
static const char hypothesis[] = "Er sagte: „Das kostet 1,5 €, ja?“\n"
                                 "你好，世  is good, x's 4-3.\n"
                                 "on the mat the cat sat TODAY.\n";
static const char second[] = "Er meinte: „Das kostet 1,5 €“\n"
                             "\n"
                             "The cat was on the mat today.\n";

static void write_files(struct fixture *f)
{
    write_text(f, "ref", reference);
    write_text(f, "hyp", hypothesis);
    write_text(f, "second", second);
}

static void test_figures(void **state)
{
    static const struct {
        const char *command, *score;
    } rows[] = {
        {"bleu --tokenize 13a", "30.156800"},
        {"bleu --tokenize intl", "42.878628"},
        {"bleu --tokenize none", "28.258292"},
        {"bleu --tokenize char", "67.180607"},
        {"bleu -t zh", "38.162166"},
        {"bleu --lowercase", "39.811015"},
        {"bleu -n 8 --smooth exp", "9.852013"},
        {"bleu --max-order 8 --smooth floor", "6.987108"},
        {"bleu --max-order 8 --smooth floor --smooth-value 0.5", "12.776480"},
        {"bleu --max-order 8 -s add-k", "18.471182"},
        {"bleu --max-order 8 --smooth add-k --smooth-value 2", "25.395071"},
        {"bleu --max-order 8 --smooth none", "0.000000"},
        {"bleu --reference $D/second", "36.097474"},
        {"chrf", "61.142673"},
        {"chrf --char-order 3", "72.588850"},
        {"chrf --word-order 2", "60.664019"},
        {"chrf --beta 1", "61.440015"},
        {"chrf --lowercase", "72.888030"},
        {"chrf --whitespace", "67.421542"},
        {"chrf --eps-smoothing --char-order 12", "44.662518"},
        {"chrf -r $D/second", "61.142673"},
        {"ter", "26.315789"},
        {"ter --normalized", "20.689655"},
        {"ter --no-punct", "21.052632"},
        {"ter --normalized --asian-support", "18.181818"},
        {"ter -n -a -p", "19.230769"},
        {"ter --case-sensitive", "42.105263"},
        {"ter -r $D/second", "27.027027"},
    };
    struct fixture *f = *state;
    write_files(f);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char line[256], output[32];
        snprintf(line, sizeof line, "satz %s -b -w 6 $D/ref $D/hyp", rows[i].command);
        snprintf(output, sizeof output, "%s\n", rows[i].score);
        assert_prints(f, line, output);
    }
    write_text(f, "short", "a b c\n");
    assert_prints(f, "satz bleu -b $D/short $D/short", "0.00\n");
    assert_prints(f, "satz bleu -b --effective-order $D/short $D/short", "100.00\n");
}

static void test_signatures(void **state)
{
    struct fixture *f = *state;
    write_files(f);
    assert_prints(f, "satz bleu -t zh -l -s floor $D/ref $D/hyp | tail -n 1",
                  "nrefs:1|case:lc|eff:no|tok:zh|smooth:floor[0.10]|version:satz-0.1.0\n");
    assert_prints(f, "satz chrf -n 2 --beta 3 $D/ref $D/hyp",
                  "chrF3++ = 60.59\n"
                  "nrefs:1|case:mixed|eff:yes|nc:6|nw:2|space:no|version:satz-0.1.0\n");
    assert_prints(f, "satz ter -npas -r $D/second $D/ref $D/hyp | tail -n 1",
                  "nrefs:var|case:mixed|tok:tercom|norm:yes|punct:no|asian:yes|"
                  "version:satz-0.1.0\n");
}

static void test_sentences_and_labels(void **state)
{
    struct fixture *f = *state;
    write_files(f);
    write_text(f, "labels", "x\ny\nx");
    assert_prints(f, "satz chrf -b --sentence $D/ref $D/hyp", "72.86\n45.94\n58.99\n");
    assert_prints(f, "satz ter -b --by $D/labels $D/ref $D/hyp",
                  "26.32\nx\t2\t21.43\ny\t1\t40.00\n");
    assert_prints(f, "satz ter -b --by - $D/ref $D/hyp <$D/labels | tail -n 1", "y\t1\t40.00\n");
    write_text(f, "labels", "x\ny\nx\nx\n");
    assert_refused(f, "satz ter --by $D/labels $D/ref $D/hyp", 1, "more lines than the 3");
    assert_refused(f, "satz ter --by - $D/ref - <$D/hyp", 2, "standard input");
}

static void test_confidence(void **state)
{
    struct fixture *f = *state;
    write_text(f, "hyp", "a b c d e\na b c d e\na b c x e\na y c d e\n");
    write_text(f, "ref", "a b c d e\na b c d e\na b c d e\na b c d e\n");
    assert_prints(f,
                  "satz ter --confidence --samples 50 --seed 3 $D/ref $D/hyp >$D/first; "
                  "satz ter -c --samples 50 --seed 3 $D/ref $D/hyp | cmp - $D/first",
                  "");
    assert_prints(f, "grep -c '(50 resamples, seed 3)$' $D/first", "1\n");
    assert_prints(f, "satz ter -b -c --samples 1 $D/hyp $D/hyp", "0.00\n0.00 0.00\n");
    assert_refused(f, "satz ter --seed 1 $D/ref $D/hyp", 2, "--confidence");
    assert_refused(f, "satz ter -c --samples 0 $D/ref $D/hyp", 2, "--samples 0: give");
    assert_refused(f, "satz ter -c $D/none", 1, "/none: could not be opened");
}

/* What all three metrics have in common. */
static void test_shared_options(void **state)
{
    struct fixture *f = *state;
    write_files(f);
    write_text(f, "labels", "x\ny\nx\n");
    assert_prints(f,
                  "for m in bleu chrf ter; do satz $m --sentence -b $D/ref $D/hyp | wc -l; "
                  "satz $m --by $D/labels -b $D/ref $D/hyp | cut -f 1,2 | tail -n 2; "
                  "satz $m --json $D/ref $D/hyp | grep -c '\"lines\": 3'; "
                  "satz $m --width 4 -b $D/ref $D/hyp | sed 's/.*[.]//' | wc -c; done",
                  "3\nx\t2\ny\t1\n1\n5\n3\nx\t2\ny\t1\n1\n5\n3\nx\t2\ny\t1\n1\n5\n");
    assert_prints(f,
                  "for n in 3 3 4; do for m in bleu chrf ter; do "
                  "satz $m --confidence --samples 9 --seed $n -b $D/ref $D/hyp; done | cksum; done "
                  "| uniq -c | awk '{ print $1 }'",
                  "2\n1\n");
}

static json_t *load(struct fixture *f)
{
    json_error_t problem;
    json_t *root = json_loads(strbuf_text(&f->out), 0, &problem);
    if (!root)
        fail_msg("%s in %s", problem.text, strbuf_text(&f->out));
    return root;
}

static double number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    assert_true(json_is_number(value));
    return json_number_value(value);
}

static void test_json(void **state)
{
    struct fixture *f = *state;
    write_files(f);
    write_text(f, "labels", "\"x\"\ny\n\"x\"\n");
    assert_status(f, "satz bleu --json -w 3 -c --sentence --by $D/labels $D/ref $D/hyp", 0);
    json_t *root = load(f), *labels = json_object_get(root, "labels");
    assert_string_equal(json_string_value(json_object_get(root, "name")), "BLEU");
    assert_string_equal(json_string_value(json_object_get(root, "signature")),
                        "nrefs:1|case:mixed|eff:yes|tok:13a|smooth:exp|version:satz-0.1.0");
    assert_memory_equal(json_string_value(json_object_get(root, "text")), "BLEU = 30.157 ", 14);
    assert_true(number(root, "score") > 30.1567 && number(root, "score") < 30.1569);
    assert_true(number(root, "lines") == 3);
    assert_true(number(json_object_get(root, "interval"), "low") <
                number(json_object_get(root, "interval"), "high"));
    assert_int_equal(json_array_size(json_object_get(root, "sentences")), 3);
    assert_int_equal(json_array_size(json_object_get(root, "warnings")), 0);
    assert_int_equal(json_array_size(labels), 2);
    assert_string_equal(json_string_value(json_object_get(json_array_get(labels, 0), "label")),
                        "\"x\"");
    assert_true(number(json_array_get(labels, 0), "lines") == 2);
    json_decref(root);
    assert_refused(f, "satz bleu --json -b $D/ref $D/hyp", 2, "exclude each other");
    assert_refused(f, "printf 'a\\nb\\n\\377\\n' | satz ter --json --by - $D/ref $D/hyp", 1,
                   "UTF-8");
}

/* A figure that cannot be right comes with its warning, whatever else is printed. */
static void test_warnings(void **state)
{
    struct fixture *f = *state;
    assert_status(f,
                  "for i in $(seq 100); do echo \"Line $i is here .\"; done >$D/hyp; "
                  "sed 's/ [.]/./' $D/hyp >$D/ref; : >$D/empty; sed 's/.*//' $D/ref >$D/blank",
                  0);
    assert_status(f, "satz bleu -b $D/ref $D/hyp", 0);
    assert_holds(&f->err, "satz bleu: warning: 100 hypotheses end in \" .\"");
    assert_status(f, "satz chrf $D/ref $D/hyp", 0);
    assert_holds(&f->err, "satz chrf: warning: ");
    assert_status(f, "satz ter $D/hyp $D/ref", 0);
    assert_holds(&f->err, "swapped?");
    assert_status(f, "satz ter $D/ref $D/ref", 0);
    assert_holds(&f->err, "100 of 100 hypotheses equal their reference");
    assert_status(f, "satz bleu $D/ref $D/blank", 0);
    assert_holds(&f->err, "100 of 100 hypotheses are empty");
    assert_status(f, "satz bleu $D/empty $D/empty", 0);
    assert_holds(&f->err, "There are no lines");
    assert_status(f, "satz bleu --json $D/blank $D/ref", 0);
    assert_holds(&f->err, "have no reference");
    json_t *root = load(f);
    assert_in_range(json_array_size(json_object_get(root, "warnings")), 1, 9);
    json_decref(root);
    assert_refused(f, "head -n 9 $D/hyp | satz ter $D/ref", 1, "standard input has only 9 lines");
}

static void test_gzip(void **state)
{
    struct fixture *f = *state;
    write_files(f);
    assert_prints(f, "gzip -k $D/ref $D/hyp; satz ter -b $D/ref.gz $D/hyp.gz", "26.32\n");
    assert_prints(f, "satz ter -b $D/ref.gz <$D/hyp.gz", "26.32\n");
    assert_refused(f, "head -c 60 $D/ref.gz >$D/cut; satz ter $D/cut $D/hyp", 1, "/cut: could not");
}

/* Blanks at the end of a line are no part of it, not even where white space counts. */
static void test_blanks_at_the_end(void **state)
{
    struct fixture *f = *state;
    write_text(f, "ref", "a b\nc d\n");
    write_text(f, "hyp", "a b \r\nc d\t\xc2\xa0");
    assert_prints(f, "satz chrf -b --whitespace --eps-smoothing --char-order 3 $D/ref $D/hyp",
                  "100.00\n");
}

static void test_wrong_options(void **state)
{
    struct fixture *f = *state;
    assert_refused(f, "satz bleu -t 13b y", 2, "--tokenize 13b: ");
    assert_refused(f, "satz bleu -t 13a,lowercase y", 2, "\"13a,lowercase\" is no value");
    assert_refused(f, "satz bleu --max-order 9 y", 2, "a whole number from 1 to 8");
    assert_refused(f, "satz chrf --beta 0 y", 2, "--beta 0: ");
    assert_refused(f, "satz chrf --char-order x y", 2, "a whole number from 1 to 12");
    assert_refused(f, "satz chrf --word-order 9 y", 2, "a whole number from 0 to 8");
    assert_refused(f, "satz ter --tokenize 13a y", 2, "there is no option --tokenize");
    assert_refused(f, "satz ter", 2, "name the reference");
    assert_refused(f, "satz ter a b c", 2, "at most one hypothesis");
}

/* Of an n-best list the translations nearest to the reference; what is there twice counts once. */
static void test_nearest(void **state)
{
    struct fixture *f = *state;
    write_text(f, "ref", "the cat sat on the mat\na | b c d e\n");
    write_text(f, "list",
               "0 ||| a dog sat on the mat ||| LogP= -1 ||| -1\n"
               "0 ||| the cat sat on the rug ||| LogP= -2 ||| -2\n"
               "0 |||  ||| LogP= -3 ||| -3\n"
               "1 ||| a &#124; b c d f ||| LogP= -1 ||| -1\n"
               "1 ||| a &#124; b c d f ||| LogP= -2 ||| -2\n");
    assert_prints(
        f, "scripts/nearest.pl \"$SATZ\" $D/list $D/ref $D/near $D/next; cat $D/near $D/next",
        "the cat sat on the rug\na | b c d f\na dog sat on the mat\na | b c d f\n");
    assert_status(f, "echo '2 ||| x' >$D/list; scripts/nearest.pl \"$SATZ\" $D/list $D/ref $D/o",
                  1);
    assert_holds(&f->err, "no line 2");
    assert_status(f, "echo '0 ||| x' >$D/list; scripts/nearest.pl \"$SATZ\" $D/list $D/ref $D/o",
                  1);
    assert_holds(&f->err, "nothing for line 1");
    assert_status(f, "test ! -e $D/o && test ! -e $D/o.new", 0);
}

/* Text and n-best lists from right to left; reranking by weighted features of the same list. */
static void test_rerank(void **state)
{
    struct fixture *f = *state;
    write_text(f, "list",
               "0 ||| Ein Hund, er bellt. ||| LogP= -1 Length= 7 ||| -1\n"
               "0 ||| Zwei Hunde. ||| LogP= -2 Length= 4 ||| -2\n"
               "1 ||| a &#124; b ||| LogP= -1 Length= 4 ||| -1\n");
    write_text(f, "scored",
               "0 ||| x ||| LogP= -1 Length= 7 R= -9.5 ||| -1\n"
               "0 ||| y ||| LogP= -2 Length= 4 R= -4 ||| -2\n"
               "1 ||| z ||| LogP= -1 Length= 4 R= -1 ||| -1\n");
    assert_prints(f, "scripts/reverse.pl <$D/list | cut -d ' ' -f 3-9",
                  ". bellt er , Hund Ein |||\n. Hunde Zwei ||| LogP= -2 Length=\n"
                  "b &#124; a ||| LogP= -1 Length=\n");
    assert_prints(f, "printf 'Der \"Hund\".\n\n' | scripts/reverse.pl", ". \" Hund \" Der\n\n");
    assert_prints(f, "scripts/rerank.pl $D/list $D/scored LogP=1 R=0.1",
                  "Ein Hund, er bellt.\na | b\n");
    assert_prints(f, "scripts/rerank.pl $D/list $D/scored LogP=1 R=0.5 Length=0.1",
                  "Zwei Hunde.\na | b\n");
    assert_status(f, "scripts/rerank.pl $D/list $D/scored Other=1", 1);
    assert_holds(&f->err, "no feature Other");
    assert_status(f, "scripts/rerank.pl $D/list $D/scored R=x", 1);
    assert_holds(&f->err, "write NAME=WEIGHT");
    assert_status(f, "head -n 2 $D/scored >$D/less; scripts/rerank.pl $D/list $D/less R=1", 1);
    assert_holds(&f->err, "has no such line");
    assert_status(f, "head -n 2 $D/list >$D/less; scripts/rerank.pl $D/less $D/scored R=1", 1);
    assert_holds(&f->err, "has more lines");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROGRAM_TEST(test_figures),
        PROGRAM_TEST(test_signatures),
        PROGRAM_TEST(test_sentences_and_labels),
        PROGRAM_TEST(test_confidence),
        PROGRAM_TEST(test_shared_options),
        PROGRAM_TEST(test_json),
        PROGRAM_TEST(test_warnings),
        PROGRAM_TEST(test_gzip),
        PROGRAM_TEST(test_blanks_at_the_end),
        PROGRAM_TEST(test_wrong_options),
        PROGRAM_TEST(test_nearest),
        PROGRAM_TEST(test_rerank),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
