/* Translating from the command line: the same text whatever the batches, threads and order; line k
 * for line k whatever the text; and output that is whole or not there. */
#include "program.h"

#include <jansson.h>

#include "base/tensors.h"

/* `how`: what --backend, and what else, is said. */
static void assert_same_text(struct fixture *f, const char *how)
{
    char line[512];
    snprintf(line, sizeof line,
             "t=\"satz translate -q --backend %s\"; $t $D/m $D/text >$D/expected && "
             "for b in 1 7 64; do for n in 1 2 5; do "
             "$t --batch $b --threads $n $D/m $D/text | cmp - $D/expected; done; done",
             how);
    assert_prints(f, line, "");
    snprintf(line, sizeof line,
             "{ cat $D/text; echo; } | shuf --random-source=$D/source >$D/mixed; "
             "satz translate -q --backend %s $D/m $D/mixed | paste $D/mixed - | sort >$D/a; "
             "{ cat $D/text; echo; } | paste - $D/expected | sort | cmp - $D/a",
             how);
    assert_prints(f, line, "");
}

static void test_batches_threads_and_order_change_nothing(void **state)
{
    struct fixture *f = *state;
    assert_same_text(f, "openblas");
    if (run(f, "satz translate --backend onednn $D/m </dev/null") == 0)
        assert_same_text(f, "onednn");
    if (run(f, "satz translate --precision bf16 $D/m </dev/null") == 0)
        assert_same_text(f, "auto --precision bf16");
    else
        assert_holds(&f->err, "AVX512_BF16");
    assert_same_text(f, "auto --precision int8");
    assert_prints(f, "sort -u $D/expected | wc -l | awk '{ print ($1 > 20) }'", "1\n");
}

/* Of 66 lines most are translated as in f32. */
static void test_precision(void **state)
{
    struct fixture *f = *state;
    assert_prints(f,
                  "satz translate -q --precision f32 $D/m $D/text >$D/a; "
                  "satz translate -q $D/m $D/text | cmp - $D/a",
                  "");
    assert_prints(f,
                  "satz translate -q --precision int8 $D/m $D/text >$D/b; "
                  "paste -d '|' $D/a $D/b | awk -F '|' '$1 == $2 { n++ } END { print (n > 40) }'",
                  "1\n");
    assert_refused(f, "satz translate -q --precision fp4 $D/m $D/text", 1,
                   "unknown precision 'fp4'; known are: auto, f32, bf16, int8");
    assert_refused(f, "satz translate -q --backend onednn --precision int8 $D/m $D/text", 1, "f32");
}

static void test_line_k_is_line_k(void **state)
{
    struct fixture *f = *state;
    assert_prints(f, "satz translate -q $D/m </dev/null", "");
    assert_prints(f, "printf '\\n  \\n\\t\\n\\r\\n' | satz translate -q $D/m", "\n\n\n\n");
    assert_prints(f, "satz translate -q $D/m $D/text | wc -l", "66\n");
    assert_prints(f, "satz translate -q $D/m $D/text | grep -n '^$'", "61:\n63:\n");
    assert_prints(f, "printf 'one\\0two\\n\\001\\033[m\\nsix' | satz translate -q $D/m | wc -l",
                  "3\n");
    assert_status(f, "printf 'one\\n\\377\\376 two\\n\\303' | satz translate $D/m | wc -l", 0);
    assert_string_equal(strbuf_text(&f->out), "3\n");
    assert_holds(&f->err, "standard input:2: not valid UTF-8; what could not be read became");
    assert_holds(&f->err, "standard input:3: not valid UTF-8");
}

/* Each is named with its file; of many the first twenty, and the command that finds the rest. */
static void test_lines_that_are_not_utf8_are_named(void **state)
{
    struct fixture *f = *state;
    assert_status(f,
                  "printf 'one\n\377 two\n' >$D/a; printf 'three\n\n\303\nsix' >$D/b; "
                  "satz translate $D/m $D/a $D/b >$D/x 2>$D/told",
                  0);
    assert_prints(f, "grep -c 'not valid' $D/told; grep -o '[ab]:[0-9]*: not valid' $D/told",
                  "2\na:2: not valid\nb:3: not valid\n");
    assert_status(f, "satz translate -q $D/m $D/a $D/b >$D/x", 0);
    assert_string_equal(strbuf_text(&f->err), "");
    assert_status(f,
                  "for i in 1 2 3 4 5 6 7; do printf 'one\n\377 two\n\376\n\200 six\n'; "
                  "done >$D/bad; satz translate $D/m $D/bad >$D/x 2>$D/told",
                  0);
    assert_prints(f, "grep -c 'bad:[0-9]*: not valid' $D/told", "20\n");
    assert_prints(f,
                  "sed -n 's/.*: 21, of which.*`\\(.*\\) FILE`.*/\\1/p' $D/told >$D/how; "
                  "eval \"$(cat $D/how)\" $D/bad | wc -l",
                  "21\n");
}

/* What a pipe has is translated when nothing more comes, and the bytes are those of a file. */
static void test_a_pipe_whose_writer_pauses(void **state)
{
    struct fixture *f = *state;
    assert_prints(f,
                  "mkfifo $D/pipe; satz translate -q $D/m $D/pipe >$D/x & exec 3>$D/pipe; "
                  "seen() { for i in $(seq 600); do [ $(wc -l <$D/x) = $1 ] && return; "
                  "sleep 0.05; done; echo \"no line $1\"; }; "
                  "head -1 $D/text >&3; seen 1; head -3 $D/text | tail -2 >&3; "
                  "printf 'three ' >&3; seen 3; printf 'four\\n' >&3; seen 4; exec 3>&-; wait",
                  "");
    assert_prints(f,
                  "{ head -3 $D/text; echo three four; } >$D/in; "
                  "satz translate -q $D/m $D/in | cmp - $D/x",
                  "");
}

static void test_a_line_of_a_megabyte(void **state)
{
    struct fixture *f = *state;
    assert_status(f,
                  "{ head -c 1000000 /dev/zero | tr '\\0' z; echo; echo two; yes one | "
                  "head -200000 | tr '\\n' ' '; } | timeout 60 $SATZ translate $D/m | wc -l",
                  0);
    assert_string_equal(strbuf_text(&f->out), "3\n");
    assert_holds(&f->err, "cut: 2, the first in line 1");
}

/* Moses' format; the lists' firsts are what is printed without. */
static void test_n_best(void **state)
{
    struct fixture *f = *state;
    assert_prints(f,
                  "satz translate -q -b 4 $D/m $D/text >$D/best; "
                  "satz translate -q -b 4 -n 3 $D/m $D/text >$D/n; "
                  "awk -F ' [|][|][|] ' 'NF != 4 || $1 < line || $1 > line + 1 || "
                  "($1 == line && NR > 1 && $4 + 0 > score) || "
                  "$3 !~ /^LogP= -?[0-9.]+ Length= [0-9]+$/ { print \"wrong: \" $0 } "
                  "NR == 1 || $1 != line { print $2 >\"'$D'/first\" } "
                  "{ line = $1; score = $4 + 0 }' $D/n; cmp $D/first $D/best",
                  "");
    assert_prints(f, "awk -F ' [|][|][|] ' '{ print $1, $2 }' $D/n | sort | uniq -d", "");
    assert_prints(f,
                  "satz translate -q -b 4 -n 3 --coverage-penalty 0.2 $D/m $D/text | "
                  "awk -F ' [|][|][|] ' '{ split($3, v, \" \"); s = v[2] / v[4] + 0.2 * v[6]; "
                  "if (v[4] > 0 && (v[5] != \"Coverage=\" || (s - $4) ^ 2 > 1e-9)) print }'",
                  "");
    assert_refused(f, "satz translate -b 2 -n 3 $D/m $D/text", 2, "widen the beam");
    assert_refused(f, "satz translate -n 3 -f text $D/m $D/text", 2,
                   "needs --format moses or json");
}

/* Where a translation has bars, Moses' format keeps its fields, and `satz score` reads them back;
 * the scores are those of the search. */
static void test_bars_in_an_n_best_list(void **state)
{
    struct fixture *f = *state;
    assert_prints(f,
                  "sed 's/eins/a ||| b|/g' $D/target >$D/bars && "
                  "satz train -q $D/recipe --set data.train_target=[$D/bars] "
                  "--set train.folder=$D/barred --set optimizer.rate=0.02 --set train.epochs=9 "
                  "--set train.batch=16 --set data.valid_target=$D/bars && "
                  "mv $D/barred/model.safetensors $D/bars.model",
                  "");
    assert_prints(
        f,
        "satz translate -q -b 3 -n 3 $D/bars.model $D/source >$D/list; "
        "awk -F ' [|][|][|] ' 'NF != 4' $D/list; grep -c 'a &#124;&#124;&#124; b&#124;' $D/list "
        "| awk '{ print ($1 > 100) }'; "
        "satz score -n -q $D/bars.model $D/source $D/list | "
        "sed 's/LogP= \\([^ ]*\\) \\(.*\\) satz= \\1 /\\2/; /satz=/!d; /  |||/d'",
        "1\n");
    assert_prints(f,
                  "satz translate -q -b 3 $D/bars.model $D/source >$D/a; "
                  "satz translate -q -b 3 -f json $D/bars.model $D/source | "
                  "sed 's/.*\"text\":\"\\([^\"]*\\).*/\\1/' | cmp - $D/a; grep -cF '&' $D/a || :",
                  "0\n");
}

static void test_json(void **state)
{
    struct fixture *f = *state;
    assert_prints(f, "satz translate -q -b 2 $D/m $D/text >$D/plain", "");
    assert_status(f, "satz translate -q -f json -n 2 -b 2 $D/m $D/text", 0);
    struct strbuf plain = {0};
    read_file(f, "plain", &plain);
    const char *at = strbuf_text(&f->out), *text = strbuf_text(&plain);
    for (int line = 1; line <= 66; line++) {
        json_t *o = json_loads(at, JSON_DISABLE_EOF_CHECK, NULL);
        json_t *list = json_object_get(o, "translations"), *first = json_array_get(list, 0);
        const char *best = json_string_value(json_object_get(first, "text"));
        assert_int_equal(json_integer_value(json_object_get(o, "line")), line);
        assert_in_range(json_array_size(list), 1, 2);
        assert_non_null(best);
        assert_memory_equal(text, best, strlen(best));
        assert_int_equal(text[strlen(best)], '\n');
        text += strlen(best) + 1;
        at = strchr(at, '\n') + 1;
        json_decref(o);
    }
    assert_string_equal(at, "");
    strbuf_release(&plain);
}

/* What each line of output says of its line does not depend on batches, threads or order, in any
 * kind of search, random or not. */
static void test_no_kind_of_search_depends_on_batches_threads_or_order(void **state)
{
    static const char *const kinds[] = {
        "-b 1",
        "-b 3 --length-normalisation gnmt --coverage-penalty 0.3",
        "--sample",
        "-s --temperature 1.7 --top-k 9 --top-p 0.8 --seed 7",
        "-b 4 -g 2 --diversity 1",
        "--no-repeat 2 --min-length-factor 1.5 --max-length-factor 3 --max-length-extra 4",
        "--stop first -u",
        "-m 3 --on-long split",
        "-e $D/m2",
    };
    struct fixture *f = *state;
    char line[700];
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        snprintf(line, sizeof line,
                 "t='satz translate -q'; $t %s --batch 64 -t 1 $D/m $D/text >$D/want; "
                 "for o in '1 1' '1 5' '7 2' '64 2' '64 5'; do set -- $o; "
                 "$t %s --batch $1 -t $2 $D/m $D/text | cmp - $D/want; done; "
                 "{ cat $D/text; echo; } | shuf --random-source=$D/source >$D/mixed; "
                 "$t %s $D/m $D/mixed | paste $D/mixed - | sort >$D/a; "
                 "{ cat $D/text; echo; } | paste - $D/want | sort | cmp - $D/a",
                 kinds[k], kinds[k], kinds[k]);
        assert_prints(f, line, "");
    }
    assert_prints(f,
                  "t='satz translate -q -s -n 9'; $t $D/m $D/text >$D/a; "
                  "$t -t 3 --batch 5 $D/m $D/text | cmp - $D/a; "
                  "$t --seed 2 $D/m $D/text >$D/want; cmp -s $D/want $D/a || echo other",
                  "other\n");
}

static void test_wrong_search_options(void **state)
{
    struct fixture *f = *state;
    assert_refused(f, "satz translate -b 0 $D/m", 2, "--beam 0: it must be a whole number from 1");
    assert_refused(f, "satz translate --stop last $D/m", 2, "--stop last: it must be one of exact");
    assert_refused(f, "satz translate --top-p 1.5 $D/m", 2, "--top-p 1.5: it must be");
    assert_refused(f, "satz translate -s -g 2 $D/m", 2, "--sample and --groups do not go together");
    assert_refused(f, "satz translate --on-long drop $D/m", 2, "one of cut, split");
    assert_refused(f, "satz translate -f xml $D/m", 2, "one of text, moses, json");
    assert_refused(f, "satz translate -d $D/none $D/m", 1, "/none");
    assert_refused(f, "satz translate -e $D/none $D/m", 1, "/none: cannot open");
}

static void test_prefixes_and_constraints(void **state)
{
    struct fixture *f = *state;
    assert_prints(f, "printf 'one two\\n\\nthree four five\\n' >$D/in", "");
    assert_prints(f,
                  "printf 'sechs \\n\\ndrei' >$D/p; satz translate -q -p $D/p $D/m $D/in | "
                  "awk 'NR == 1 && /^sechs( |$)/ || NR == 2 && /^$/ || NR == 3 && /^drei/' | wc -l",
                  "3\n");
    assert_prints(f,
                  "printf '+sechs\\t+zwei eins\\n+zwei\\n-drei\\t+fuenf vier\\n' >$D/c; "
                  "satz translate -q -b 6 -n 6 -c $D/c $D/m $D/in | awk -F ' [|][|][|] ' "
                  "'$1 == 0 && (\" \" $2 \" \" !~ / sechs / || \" \" $2 \" \" !~ / zwei eins /) || "
                  "$1 == 2 && (\" \" $2 \" \" ~ / drei / || \" \" $2 \" \" !~ / fuenf vier /)'",
                  "");
    assert_refused(f, "echo >$D/c; satz translate -c $D/c $D/m $D/in", 1, "/c has only 1 lines");
    assert_refused(f, "yes one | head -9 >$D/p; satz translate -q -p $D/p $D/m $D/in >$D/x", 1,
                   "/p has more lines than the input, which has 3");
    assert_refused(f, "printf '\\nx\\n\\n' >$D/c; satz translate -c $D/c $D/m $D/in", 1,
                   "/c:2: \"x\": write +PHRASE");
    assert_refused(f, "printf 'eins\\n\\n\\377' >$D/c; satz translate -p $D/c $D/m $D/in", 1,
                   "line 3: the prefix \"\\xff\" is not valid UTF-8");
    assert_refused(f, "printf '\\n\\n+\\377' >$D/c; satz translate -c $D/c $D/m $D/in", 1,
                   "line 3: the required phrase \"\\xff\" is not valid UTF-8");
    assert_prints(f,
                  "mark='\\357\\273\\277'; printf \"${mark}one two\\n\" >$D/i; "
                  "printf \"${mark}+drei\\n\" >$D/c; satz translate -q -c $D/c $D/m $D/i >$D/a; "
                  "echo one two >$D/i; echo +drei >$D/c; satz translate -q -c $D/c $D/m $D/i | "
                  "cmp - $D/a; grep -cw drei $D/a",
                  "1\n");
    assert_refused(f, "printf '\\n\\n+drei\\t-drei\\n' >$D/c; satz translate -c $D/c $D/m $D/in", 1,
                   "line 3: \"drei\" is required but \"drei\" is forbidden");
}

static void test_unknown_words_are_replaced(void **state)
{
    struct fixture *f = *state;
    assert_status(f, "printf 'one \\346\\227\\245 two\\n' >$D/in; satz translate -q -u $D/m $D/in",
                  0);
    assert_null(strstr(strbuf_text(&f->out), "⁇"));
    assert_refused(f, "echo word >$D/d; satz translate -d $D/d $D/m $D/in", 1, "/d:1: a line of a");
}

/* $D/m was trained on $D/source and $D/target, as the recipe in it says. */
static void test_shortlists(void **state)
{
    struct fixture *f = *state;
    assert_prints(f, "satz shortlist -o $D/list $D/m", "");
    assert_prints(
        f,
        "satz shortlist --threads 2 --output $D/same $D/m $D/source $D/target && "
        "cmp $D/list $D/same; gzip -k $D/source; "
        "satz shortlist -o $D/same $D/m $D/source.gz $D/target && cmp $D/list $D/same; "
        "mkdir $D/room; TMPDIR=$D/room satz shortlist -o $D/same $D/m $D/source $D/target "
        "$D/source $D/target; ls $D/room",
        "");
    assert_same_text(f, "openblas --shortlist $D/list --shortlist-best 2 --shortlist-commonest 3");
    assert_same_text(f, "openblas --shortlist $D/list --precision int8");
    /* As many commonest words as there are words: no list. */
    assert_prints(f,
                  "for o in '' '--precision int8' '--sample --n-best 3' '-e '$D/m2 -u; do "
                  "satz translate -q $o $D/m $D/text >$D/a; satz translate -q $o --shortlist "
                  "$D/list --shortlist-commonest 100 $D/m $D/text | cmp - $D/a; done",
                  "");
    assert_prints(
        f,
        "satz translate -q --shortlist $D/list --shortlist-best 1 --shortlist-commonest 1 "
        "$D/m $D/text | cmp -s - $D/a || echo other",
        "other\n");
    assert_prints(f,
                  "printf 'one two\\nsix\\n' >$D/in; printf '+drei\\n+vier\\n' >$D/c; "
                  "satz translate -q -c $D/c --shortlist $D/list --shortlist-best 1 "
                  "--shortlist-commonest 1 $D/m $D/in | grep -c -e drei -e vier; "
                  "printf 'fuenf\\nfuenf\\n' >$D/p; satz translate -q -p $D/p --shortlist $D/list "
                  "--shortlist-best 1 --shortlist-commonest 1 $D/m $D/in | grep -c ^fuenf",
                  "2\n2\n");
}

static void test_no_place_for_a_shortlist(void **state)
{
    assert_tmpdir_named(*state, "satz shortlist -o $D/x $D/m");
}

static void test_wrong_shortlists(void **state)
{
    struct fixture *f = *state;
    assert_refused(f, "satz shortlist $D/m", 2, "name the file to write with --output FILE");
    assert_refused(f, "satz shortlist -o $D/x", 2, "name the model file");
    assert_refused(f, "satz shortlist -o $D/x $D/m $D/source", 2, "each SOURCE needs its TARGET");
    assert_refused(f, "satz shortlist -t 0 -o $D/x $D/m", 2, "--threads");
    assert_refused(f, "mkdir $D/left; TMPDIR=$D/left satz shortlist -o $D/x $D/m $D/none $D/target",
                   1, "/none: cannot open");
    assert_refused(f, "TMPDIR=$D/left satz shortlist -o $D/x $D/m $D/source $D/text", 1,
                   " lines but ");
    assert_prints(f, "ls $D/left", "");
    assert_refused(f,
                   "mv $D/target $D/away; satz shortlist -o $D/x $D/m; s=$?; mv $D/away $D/target; "
                   "(exit $s)",
                   1, "/target, which cannot be read; name the text after the model");
    /* before anything is read or learnt */
    assert_refused(f, "satz shortlist -o $D/none/x $D/m $D/nothing $D/target", 1, "/none/x");
    assert_refused(f, "satz shortlist -o $D/none/x $D/m", 1, "/none/x");
    assert_refused(f, "satz translate --shortlist $D/none $D/m $D/text", 1, "/none: cannot open");
    assert_refused(f, "satz translate --shortlist $D/m $D/m $D/text", 1, "is not a shortlist");
    assert_refused(f, "satz translate --shortlist $D/list $D/s $D/text", 1,
                   "/list: was made for another vocabulary; make one for this model");
    assert_refused(f, "satz translate --shortlist-best 3 $D/m $D/text", 2, "need --shortlist");
    assert_refused(f, "satz translate --shortlist $D/list --shortlist-best 101 $D/m $D/text", 2,
                   "--shortlist-best");
    assert_refused(f, "satz translate --shortlist $D/list --shortlist-commonest 0 $D/m $D/text", 2,
                   "--shortlist-commonest");
    assert_refused(
        f, "head -c 700 $D/list >$D/begun; satz translate --shortlist $D/begun $D/m $D/text", 1,
        "/begun: ");
    if (run(f, "satz translate --backend onednn $D/m </dev/null") == 0)
        assert_refused(f, "satz translate --backend onednn --shortlist $D/list $D/m $D/text", 1,
                       "backend onednn knows no shortlists; use openblas");
}

static void test_ensembles(void **state)
{
    struct fixture *f = *state;
    assert_prints(f,
                  "satz translate -q $D/m $D/text >$D/one; "
                  "satz translate -q -e $D/m -e $D/m $D/m $D/text | cmp - $D/one",
                  "");
    assert_status(f,
                  "satz train -q $D/recipe --set tokenizer.vocabulary=26 --set train.epochs=1 "
                  "--set train.folder=$D/strange && mv $D/strange/model.safetensors $D/s",
                  0);
    assert_refused(f, "satz translate -e $D/s $D/m $D/text", 1, "their tokenizers differ");
    assert_holds(&f->err, "/s cannot translate together");
}

/* The mean of a model and itself is the model, and tells of the same recipe. */
static void test_average(void **state)
{
    struct fixture *f = *state;
    assert_prints(
        f,
        "satz average $D/mean $D/m $D/m; satz translate -q $D/m $D/text >$D/one; "
        "satz translate -q $D/mean $D/text | cmp - $D/one; "
        "satz average $D/mean $D/m $D/m2 && satz average $D/naem $D/m2 $D/m && "
        "satz translate -q $D/naem $D/text >$D/two; "
        "satz translate -q $D/mean $D/text | cmp - $D/two; cmp -s $D/one $D/two || echo other",
        "other\n");
    assert_prints(f,
                  "c=$(ls $D/model/checkpoint*); satz average $D/mean $c && "
                  "satz translate -q $D/mean $D/text | wc -l",
                  "66\n");
    assert_refused(f, "satz average $D/mean", 2, "name the file to write");
    assert_refused(f, "satz average $D/mean $D/m $D/none", 1, "/none: cannot open");
    assert_refused(f, "satz average $D/mean $D/m $D/text", 1, "/text: ");
    assert_refused(f, "satz average $D/mean $D/m $D/s", 1, "/m: its tokenizer is another");
}

static void test_what_is_told_on_standard_error(void **state)
{
    struct fixture *f = *state;
    assert_status(f, "printf 'one two\\nsix\\n' | satz translate $D/m", 0);
    assert_holds(&f->err, "satz translate: 2 lines in ");
    assert_holds(&f->err, " sentences/s, ");
    assert_holds(&f->err, " tokens/s read, ");
    assert_ptr_equal(strchr(strbuf_text(&f->err), '\n'), strrchr(strbuf_text(&f->err), '\n'));
    assert_status(f, "head -60 $D/source | satz translate -m 2 $D/m", 0);
    assert_holds(&f->err, "cut: 60, the first in line 1; see --on-long");
    assert_status(f, "head -60 $D/source | satz translate -m 2 --on-long split $D/m", 0);
    assert_holds(&f->err, "split: 60, the first in line 1");
    assert_status(f, "satz translate --progress $D/m $D/text >$D/x", 0);
    assert_prints(f, "satz translate -q $D/m $D/text | cmp - $D/x", "");
}

/* A disk that fills up, as a limit on the size of files: what is there ends with a whole line. */
static void test_a_full_disk_leaves_whole_lines(void **state)
{
    struct fixture *f = *state;
#ifdef __has_feature
#if __has_feature(thread_sanitizer)
    skip(); /* the sanitizer's own file is larger than the limit */
#endif
#endif
    assert_status(f,
                  "for i in 1 2 3 4 5 6 7 8; do cat $D/source; done >$D/much; "
                  "satz translate -q $D/m $D/much >$D/whole",
                  0);
    assert_status(f, "trap '' XFSZ; ulimit -f 4; \"$SATZ\" translate -q $D/m $D/much >$D/part", 1);
    assert_holds(&f->err, "could not be written: File too large");
    assert_prints(f,
                  "test -s $D/part && tail -c 1 $D/part | od -An -c; "
                  "head -n $(wc -l <$D/part) $D/whole | cmp - $D/part",
                  "  \\n\n");
    assert_status(f, "trap '' XFSZ; ulimit -f 4; \"$SATZ\" translate -q $D/m $D/much -o $D/gone",
                  1);
    assert_prints(f, "ls $D | grep -c gone || :", "0\n");
}

static void test_output_is_whole_or_not_there(void **state)
{
    struct fixture *f = *state;
    assert_prints(f, "satz translate -q $D/m $D/text >$D/expected", "");
    assert_prints(f, "satz translate -q $D/m $D/text -o $D/to && cmp $D/to $D/expected", "");
    assert_prints(f,
                  "cp $D/text $D/it && satz translate -q $D/m $D/it -o $D/it && "
                  "cmp $D/it $D/expected",
                  "");
    assert_prints(f, "ln -s to $D/link; satz translate -q $D/m $D/it -o $D/link; readlink $D/link",
                  "to\n");
    assert_prints(f, "satz translate -q $D/m $D/it -o /dev/null; stat -c %F /dev/null",
                  "character special file\n");
    assert_refused(f, "satz translate $D/m $D/it -o $D/no/x", 1, "/no/x: cannot write: No such");
    assert_refused(f, "satz translate $D/m $D/it -o /dev/full", 1, "No space left");
    assert_refused(f, "satz translate $D/m $D/it >/dev/full", 1, "No space left");
    if (!getenv("UNDER_VALGRIND")) /* whose log takes the closed stream's place */
        assert_refused(f, "satz translate $D/m $D/it >&-", 1, "could not be written");
    assert_prints(f, "ls $D | grep -c tmp || :", "0\n");
}

static void test_an_interrupted_translation_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    static const char killed[] =
        "sleep 9 | \"$SATZ\" translate $D/m -o $D/half & p=$!; "
        "while ! ls $D/half.tmp.* >/dev/null 2>&1; do sleep 0.02; done; kill -%s $p; wait $p";
    char line[512];
    snprintf(line, sizeof line, killed, "TERM");
    assert_status(f, line, 128 + 15);
    assert_status(f, "ls $D | grep half", 1);
    snprintf(line, sizeof line, killed, "KILL");
    assert_status(f, line, 128 + 9);
    assert_status(f, "ls $D/half", 2);
}

static void test_files_that_are_no_models(void **state)
{
    struct fixture *f = *state;
    assert_refused(f, "satz translate $D/text $D/text", 1, "/text: damaged, or not a safetensors");
    assert_refused(f, "satz translate $D $D/text", 1, "is a folder; name a file in it");
    assert_refused(f, "satz translate '%n%s%s'", 1, "%n%s%s: cannot open");
    assert_refused(f, "satz attention '%n%s%s' -s x", 1, "%n%s%s: cannot open");
    assert_refused(f, "head -c 9000 $D/m >$D/cut; satz translate $D/cut $D/text", 1,
                   "/cut: damage");
    assert_prints(f, "c=$(ls $D/model/checkpoint* | tail -1); satz translate -q $c $D/text | wc -l",
                  "66\n");
}

static void test_a_model_of_another_version(void **state)
{
    struct fixture *f = *state;
    static const float value = 0;
    const struct tensor item = {.name = "x", .type = TENSOR_F32, .data = &value};
    const struct tensors_entry metadata[] = {{"satz.version", "9.0.0"},
                                             {"satz.recipe", "train:\n  epochen: 3\n"}};
    char *path = file_join(f->folder, "newer", NULL);
    assert_int_equal(tensors_write(path, &item, 1, metadata, 2, NULL), 0);
    free(path);
    assert_refused(f, "satz translate $D/newer", 1, "/newer: made by Satz 9.0.0, and this is ");
    assert_holds(&f->err, "the recipe in it:2:3: unknown key train.epochen");
}

/* A second model with the tokenizer of the first, $D/m2. */
static int setup_models(void **state)
{
    setup_model(state);
    assert_status(*state,
                  "satz train -q $D/recipe --set optimizer.rate=0.02 --set train.epochs=6 "
                  "--set train.batch=16 --set train.seed=2 --set train.folder=$D/model2 && "
                  "mv $D/model2/model.safetensors $D/m2",
                  0);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_batches_threads_and_order_change_nothing),
        cmocka_unit_test(test_precision),
        cmocka_unit_test(test_line_k_is_line_k),
        cmocka_unit_test(test_lines_that_are_not_utf8_are_named),
        cmocka_unit_test(test_a_pipe_whose_writer_pauses),
        cmocka_unit_test(test_a_line_of_a_megabyte),
        cmocka_unit_test(test_n_best),
        cmocka_unit_test(test_bars_in_an_n_best_list),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_no_kind_of_search_depends_on_batches_threads_or_order),
        cmocka_unit_test(test_wrong_search_options),
        cmocka_unit_test(test_prefixes_and_constraints),
        cmocka_unit_test(test_unknown_words_are_replaced),
        cmocka_unit_test(test_ensembles),
        cmocka_unit_test(test_shortlists),
        cmocka_unit_test(test_no_place_for_a_shortlist),
        cmocka_unit_test(test_wrong_shortlists), /* needs the files of both before */
        cmocka_unit_test(test_average),
        cmocka_unit_test(test_what_is_told_on_standard_error),
        cmocka_unit_test(test_a_full_disk_leaves_whole_lines),
        cmocka_unit_test(test_output_is_whole_or_not_there),
        cmocka_unit_test(test_an_interrupted_translation_leaves_nothing),
        cmocka_unit_test(test_files_that_are_no_models),
        cmocka_unit_test(test_a_model_of_another_version),
    };
    return cmocka_run_group_tests(tests, setup_models, teardown);
}
