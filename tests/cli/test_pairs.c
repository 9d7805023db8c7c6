/* Given translations from the command line: satz score and satz align. */
#include "program.h"

/* The n-best list's own scores (without a length penalty) come out again, to every printed digit.
 */
static void test_rescoring_gives_the_search_s_scores(void **state)
{
    struct fixture *f = *state;
    assert_status(f, "head -40 $D/text | satz translate -q -n 3 -b 4 -l 0 $D/m >$D/list", 0);
    assert_status(f, "satz score -n $D/m $D/text $D/list >$D/scored", 0);
    assert_holds(&f->err, "satz score: 120 pairs, ");
    assert_prints(f,
                  "awk -F ' [|][|][|] ' 'NF != 4 || index($3, \"satz= \" $4) == 0 { print; bad++ } "
                  "END { print NR, bad + 0 }' $D/scored",
                  "120 0\n");
    /* Features that are there stay, and so do further fields. */
    write_text(f, "moses", "0 ||| eins ||| a= -1 b= 2 3 ||| -7 ||| 0-0\n2 |||  |||  ||| 1\n");
    assert_prints(f,
                  "satz score -q -n --feature x $D/m $D/source $D/moses | sed 's/x= [-.0-9]*/x/'",
                  "0 ||| eins ||| a= -1 b= 2 3 x ||| -7 ||| 0-0\n2 |||  |||  x ||| 1\n");
}

static void test_hostile_lists(void **state)
{
    struct fixture *f = *state;
    write_text(f, "list", "0 ||| eins ||| f ||| 1\neins\n");
    assert_refused(f, "satz score -n $D/m $D/source $D/list", 1, "/list:2: this is no \"line |||");
    write_text(f, "list", "1 ||| eins ||| 1\n0 ||| eins ||| 1\n");
    assert_refused(f, "satz score -n $D/m $D/source $D/list", 1,
                   "/list:2: the numbers of lines must not fall");
    write_text(f, "list", "216 ||| eins ||| 1\n");
    assert_refused(f, "satz score -n $D/m $D/source $D/list", 1,
                   "/list:1: line 216, from 0, is not in ");
    write_text(f, "list", "-1 ||| eins ||| 1\n");
    assert_refused(f, "satz score -n $D/m $D/source $D/list", 1, "/list:1: this does not begin");
    write_text(f, "list", "99999999999999999999999 ||| eins ||| 1\n");
    assert_refused(f, "satz score -n $D/m $D/source $D/list", 1, "/list:1: this does not begin");
    assert_refused(f, "satz score -n -t $D/m $D/source $D/list", 2, "leave out");
    assert_refused(f, "satz score --feature 'a b' $D/m $D/source $D/list", 2, "without spaces");
}

static void test_what_score_prints(void **state)
{
    struct fixture *f = *state;
    assert_status(f, "satz score -t $D/m $D/source $D/target >$D/scores", 0);
    assert_holds(&f->err, "satz score: 216 pairs, ");
    assert_prints(f,
                  "tail -1 $D/err >/dev/null; awk -F '\\t' '{ n = split($4, t, \" \"); sum = 0; "
                  "for (i = 2; i <= n; i += 2) sum += t[i]; if (n != 2 * $3 || t[n - 1] != \"</s>\""
                  " || (sum - $1) ^ 2 > 1e-10 || (exp(-$1 / $3) / $2 - 1) ^ 2 > 1e-8) print }' "
                  "$D/scores",
                  "");
    /* The sums on standard error are those of the lines. */
    assert_prints(f,
                  "satz score $D/m $D/source $D/target 2>$D/sums | awk '{ p += $1; n += $3 } END { "
                  "printf \"%.3f %d\\n\", p, n }' >$D/a; awk '{ printf \"%.3f %d\\n\", $8, $5 }' "
                  "FS='[ ,]+' $D/sums | cmp - $D/a",
                  "");
    assert_prints(f, "satz score -q -t -f json $D/m $D/source $D/target | tail -1 | cut -c1-32",
                  "{\"line\": 216, \"log_probability\":\n");
    assert_prints(f,
                  "satz score -q -t $D/m $D/source $D/target | cmp - $D/scores; "
                  "satz score -q -t --threads 3 --batch 5 $D/m - $D/target <$D/source | "
                  "cmp - $D/scores; sed 's/$/\\r/' $D/source >$D/crlf; "
                  "satz score -q -t $D/m $D/crlf $D/target | cmp - $D/scores",
                  "");
    assert_prints(f, "printf '\\n' >$D/empty; satz score -q $D/m $D/empty $D/empty",
                  "0.000000\t1\t0\n");
    assert_status(f, "printf 'one \\377\\n' | satz score $D/m - $D/empty", 0);
    assert_holds(&f->err, "satz score: standard input:1: not valid UTF-8");
    assert_status(f, "printf 'one\\377\\n' >$D/bad; satz align $D/m $D/bad $D/bad", 0);
    assert_holds(&f->err, "/bad:1: not valid UTF-8");
    assert_prints(
        f,
        "printf '0 ||| two ||| x\\n0 ||| \\377 ||| y\\n' >$D/list; satz score -n $D/m $D/bad "
        "$D/list 2>&1 >$D/x | grep -o '[a-z]*:[0-9]: not'",
        "bad:1: not\nlist:2: not\n");
    assert_status(f, "head -1 $D/source >$D/one; satz score -m 1 $D/m $D/one $D/one", 0);
    assert_holds(&f->err, "too long and were cut: 1, the first in line 1");
}

static void test_backends(void **state)
{
    struct fixture *f = *state;
    static const char message[] = "unknown compute backend 'cuda'; known are: auto, openblas";
    assert_refused(f, "satz score --backend cuda $D/m $D/source $D/target", 1, message);
    assert_refused(f, "satz align --backend cuda $D/m $D/source $D/target", 1, message);
    assert_refused(f, "satz attention --backend cuda $D/m -s x", 1, message);
    assert_prints(f,
                  "satz score -q --backend openblas $D/m $D/source $D/target >$D/a; "
                  "satz score -q -t --backend openblas $D/m $D/source $D/target | cut -f 1-3 | "
                  "cmp - $D/a; satz align -q --backend openblas $D/m $D/source $D/target | wc -l",
                  "216\n");
}

static void test_files_that_do_not_match(void **state)
{
    struct fixture *f = *state;
    static const char *const commands[] = {"score", "align"};
    for (int i = 0; i < 2; i++) {
        char line[256];
        snprintf(line, sizeof line, "head -9 $D/target >$D/short; satz %s $D/m $D/source $D/short",
                 commands[i]);
        assert_refused(f, line, 1, "/short:10: there is no such line, but ");
        snprintf(line, sizeof line, "satz %s $D/m $D/short $D/target", commands[i]);
        assert_refused(f, line, 1, "/short:10: there is no such line, but ");
        snprintf(line, sizeof line, "satz %s $D/m - -", commands[i]);
        assert_refused(f, line, 2, "standard input can only be one");
        snprintf(line, sizeof line, "satz %s $D/m $D/source", commands[i]);
        assert_refused(f, line, 2, "name the model, the sources");
        snprintf(line, sizeof line, "satz %s $D/m $D/source $D/none", commands[i]);
        assert_refused(f, line, 1, "/none: cannot open");
        snprintf(line, sizeof line, "satz %s $D/m $D/source $D/target >/dev/full", commands[i]);
        assert_refused(f, line, 1, "could not be written");
    }
    assert_refused(f, "satz score -f xml $D/m a b", 2, "must be text or json");
}

static void test_alignments(void **state)
{
    struct fixture *f = *state;
    assert_status(f, "satz align $D/m $D/source $D/target >$D/hard", 0);
    assert_prints(f, "wc -l <$D/hard; grep -vcE '^([0-2]-[0-2]( |$))*$' $D/hard || :", "216\n0\n");
    assert_prints(f, "satz align --threads 3 --batch 7 $D/m $D/source $D/target | cmp - $D/hard",
                  "");
    assert_prints(
        f,
        "satz align -k soft --alignment-threshold 0.2 $D/m $D/source $D/target | grep -vcE "
        "'^([0-2]-[0-2]:(0[.][2-9][0-9]*|1[.]0000)( |$))*$' || :",
        "0\n");
    assert_prints(f, "echo | satz align $D/m - $D/empty", "\n");
    assert_status(f, "satz align -u subwords $D/m $D/source $D/target >$D/pieces", 0);
    assert_status(f, "cmp -s $D/pieces $D/hard", 1);
    assert_refused(f, "satz align -u lines $D/m a b", 2, "words or subwords");
    assert_refused(f, "satz align -k firm $D/m a b", 2, "hard or soft");
    assert_refused(f, "satz align --alignment-threshold 0.5 $D/m a b", 2,
                   "--alignment-threshold is for --alignment-kind soft");
    assert_status(f, "satz align -m 1 $D/m $D/one $D/one", 0);
    assert_holds(&f->err, "too long and were cut: 1");
}

static void test_two_models_make_one_alignment(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 2; i++) {
        static const char *const methods[] = {"intersection", "union"};
        char line[256];
        snprintf(line, sizeof line, "satz align -r $D/m -s %s $D/m $D/source $D/target >$D/%s",
                 methods[i], methods[i]);
        assert_status(f, line, 0);
    }
    /* Both directions of the intersection are in each of the two. */
    assert_status(f,
                  "satz align $D/m $D/target $D/source | sed -E 's/([0-9])-([0-9])/\\2-\\1/g' "
                  ">$D/back; paste -d '#' $D/hard $D/back $D/intersection $D/union >$D/all",
                  0);
    assert_prints(f,
                  "awk -F '#' '{ for (i = 1; i <= 4; i++) delete in_[i]; split(\"\", seen); "
                  "for (i = 1; i <= 4; i++) { n = split($i, l, \" \"); for (k = 1; k <= n; k++) "
                  "seen[i, l[k]] = 1 } for (s = 0; s < 3; s++) for (t = 0; t < 3; t++) { x = s "
                  "\"-\" t; a = ((1, x) in seen) + ((2, x) in seen); if (((3, x) in seen) != "
                  "(a == 2) || ((4, x) in seen) != (a > 0)) bad++ } } END { print NR, bad + 0 }' "
                  "$D/all",
                  "216 0\n");
    assert_status(f, "satz align -r $D/m $D/m $D/source $D/target", 0);
    assert_refused(f, "satz align -s union $D/m a b", 2, "--symmetrise needs --reverse");
    assert_refused(f, "satz align -r $D/m -s most $D/m a b", 2, "must be intersection, union");
    assert_refused(f, "satz align -r $D/m -k soft $D/m a b", 2, "leave out --alignment-kind");
}

static void test_gold(void **state)
{
    struct fixture *f = *state;
    assert_status(f, "satz align -g $D/hard $D/m $D/source $D/target >/dev/null", 0);
    assert_holds(&f->err, "precision 1.0000, recall 1.0000, alignment error rate 0.0000; links: ");
    assert_status(f,
                  "sed -E 's/([0-2])-([0-2])/\\1p\\2 \\1p\\2/g' $D/hard >$D/gold; "
                  "satz align -g $D/gold $D/m $D/source $D/target >/dev/null",
                  0);
    assert_holds(&f->err, "precision 1.0000, recall 1.0000, alignment error rate 0.0000; links: ");
    assert_holds(&f->err, " and 0 sure, of 0 sure ones");
    /* The same gold in the other format, and counted from 1. */
    assert_status(
        f,
        "sed 3s/.*/2-2/ $D/hard >$D/gold; awk '{ for (i = 1; i <= NF; i++) { "
        "split($i, a, \"-\"); print NR, a[1] + 1, a[2] + 1, \"S\" } }' $D/gold >$D/naacl; "
        "awk '{ for (i = 1; i <= NF; i++) { split($i, a, \"-\"); printf \"%d-%d \", "
        "a[1] + 1, a[2] + 1 } print \"\" }' $D/gold >$D/ones",
        0);
    assert_status(f, "satz align -g $D/gold $D/m $D/source $D/target 2>&1 >/dev/null | tee $D/e0",
                  0);
    assert_prints(f,
                  "satz align -g $D/naacl --gold-format naacl $D/m $D/source $D/target 2>&1 "
                  ">/dev/null | cmp - $D/e0; satz align -g $D/ones --gold-base 1 $D/m $D/source "
                  "$D/target 2>&1 >/dev/null | cmp - $D/e0; grep -c 'rate 0.00' $D/e0",
                  "1\n");
}

static void assert_gold_refused(struct fixture *f, const char *gold, const char *options,
                                const char *message)
{
    char line[256];
    write_text(f, "gold", gold);
    snprintf(line, sizeof line, "satz align -g $D/gold %s $D/m $D/one $D/one >/dev/null", options);
    assert_refused(f, line, 1, message);
}

static void test_hostile_gold(void **state)
{
    struct fixture *f = *state;
    assert_gold_refused(f, "0-0 0=1\n", "", "/gold:1: column 5: \"0=1\" is not a link");
    assert_gold_refused(f, "0-3\n", "", "/gold:1: column 1: \"0-3\": there is no target word 3");
    assert_gold_refused(f, "0-0\n", "--gold-base 1", "/gold:1: column 1");
    assert_gold_refused(f, "", "", "/gold:1: there is no such line");
    assert_gold_refused(f, "0-0\n0-0\n", "", "/gold:2: there are fewer sentences");
    assert_gold_refused(f, "1 1 1 S\n1 1\n", "--gold-format naacl", "/gold:2: this is no \"SENT");
    assert_gold_refused(f, "1 1 1 X\n", "--gold-format naacl", "/gold:1: this is no \"SENT");
    assert_gold_refused(f, "1 0 1 S\n", "--gold-format naacl", "/gold:1: this is no \"SENT");
    assert_gold_refused(f, "1 4 1\n", "--gold-format naacl", "/gold:1: the sentence has no such");
    assert_gold_refused(f, "1 1 1\n2 1 1\n", "--gold-format naacl", "/gold:2: there are fewer");
    assert_refused(f, "satz align -g $D/gold -u subwords $D/m a b", 2,
                   "gold alignment is of words");
    assert_refused(f, "satz align --gold-format moses $D/m a b", 2, "must be pharaoh or naacl");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rescoring_gives_the_search_s_scores),
        cmocka_unit_test(test_hostile_lists),
        cmocka_unit_test(test_what_score_prints),
        cmocka_unit_test(test_backends),
        cmocka_unit_test(test_files_that_do_not_match),
        cmocka_unit_test(test_alignments),
        cmocka_unit_test(test_two_models_make_one_alignment),
        cmocka_unit_test(test_gold),
        cmocka_unit_test(test_hostile_gold),
    };
    return cmocka_run_group_tests(tests, setup_model, teardown);
}
