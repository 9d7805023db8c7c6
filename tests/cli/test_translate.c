/* Translating from the command line: the same text whatever the batches, threads and order; line k
 * for line k whatever the text; and output that is whole or not there. */
#include "program.h"

#include "base/tensors.h"

/* `how`: what --backend, and what else, is said. */
static void assert_same_text(struct fixture *f, const char *how)
{
    char line[512];
    snprintf(line, sizeof line,
             "t='satz translate --backend %s'; $t $D/m $D/text >$D/expected && "
             "for b in 1 7 64; do for n in 1 2 5; do "
             "$t --batch $b --threads $n $D/m $D/text | cmp - $D/expected; done; done",
             how);
    assert_prints(f, line, "");
    snprintf(line, sizeof line,
             "{ cat $D/text; echo; } | shuf --random-source=$D/source >$D/mixed; "
             "satz translate --backend %s $D/m $D/mixed | paste $D/mixed - | sort >$D/a; "
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
                  "satz translate --precision f32 $D/m $D/text >$D/a; "
                  "satz translate $D/m $D/text | cmp - $D/a",
                  "");
    assert_prints(f,
                  "satz translate --precision int8 $D/m $D/text >$D/b; "
                  "paste -d '|' $D/a $D/b | awk -F '|' '$1 == $2 { n++ } END { print (n > 40) }'",
                  "1\n");
    assert_refused(f, "satz translate --precision fp4 $D/m $D/text", 1,
                   "unknown precision 'fp4'; known are: auto, f32, bf16, int8");
    assert_refused(f, "satz translate --backend onednn --precision int8 $D/m $D/text", 1, "f32");
}

static void test_line_k_is_line_k(void **state)
{
    struct fixture *f = *state;
    assert_prints(f, "satz translate $D/m </dev/null", "");
    assert_prints(f, "printf '\\n  \\n\\t\\n\\r\\n' | satz translate $D/m", "\n\n\n\n");
    assert_prints(f, "satz translate $D/m $D/text | wc -l", "66\n");
    assert_prints(f, "satz translate $D/m $D/text | grep -n '^$'", "61:\n63:\n");
    assert_prints(f, "printf 'one\\0two\\n\\001\\033[m\\nsix' | satz translate $D/m | wc -l",
                  "3\n");
    assert_status(f, "printf 'one\\n\\377\\376 two\\n\\303' | satz translate $D/m | wc -l", 0);
    assert_string_equal(strbuf_text(&f->out), "3\n");
    assert_holds(&f->err, "not valid UTF-8: 2, the first is line 2");
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

static void test_n_best(void **state)
{
    struct fixture *f = *state;
    assert_prints(f,
                  "satz translate -b 4 $D/m $D/text >$D/best; "
                  "satz translate -b 4 -n 3 $D/m $D/text >$D/n; "
                  "awk -F ' [|][|][|] ' 'NF != 3 || $1 < line || $1 > line + 1 || "
                  "($1 == line && NR > 1 && $3 + 0 > score) { print \"wrong: \" $0 } "
                  "NR == 1 || $1 != line { print $2 >\"'$D'/first\" } "
                  "{ line = $1; score = $3 + 0 }' $D/n; cmp $D/first $D/best",
                  "");
    assert_refused(f, "satz translate -b 2 -n 3 $D/m $D/text", 1, "widen the beam");
}

static void test_output_is_whole_or_not_there(void **state)
{
    struct fixture *f = *state;
    assert_prints(f, "satz translate $D/m $D/text >$D/expected", "");
    assert_prints(f, "satz translate $D/m $D/text -o $D/to && cmp $D/to $D/expected", "");
    assert_prints(f,
                  "cp $D/text $D/it && satz translate $D/m $D/it -o $D/it && "
                  "cmp $D/it $D/expected",
                  "");
    assert_prints(f, "ln -s to $D/link; satz translate $D/m $D/it -o $D/link; readlink $D/link",
                  "to\n");
    assert_prints(f, "satz translate $D/m $D/it -o /dev/null; stat -c %F /dev/null",
                  "character special file\n");
    assert_refused(f, "satz translate $D/m $D/it -o $D/no/x", 1, "/no/x: cannot write: No such");
    assert_refused(f, "satz translate $D/m $D/it -o /dev/full", 1, "No space left");
    assert_refused(f, "satz translate $D/m $D/it >/dev/full", 1, "No space left");
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
    assert_refused(f, "satz translate $D $D/text", 1, "is not a plain file");
    assert_refused(f, "satz translate '%n%s%s'", 1, "%n%s%s: cannot open");
    assert_refused(f, "satz attention '%n%s%s' -s x", 1, "%n%s%s: cannot open");
    assert_refused(f, "head -c 9000 $D/m >$D/cut; satz translate $D/cut $D/text", 1,
                   "/cut: damage");
    assert_prints(f, "c=$(ls $D/model/checkpoint* | tail -1); satz translate $c $D/text | wc -l",
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_batches_threads_and_order_change_nothing),
        cmocka_unit_test(test_precision),
        cmocka_unit_test(test_line_k_is_line_k),
        cmocka_unit_test(test_a_line_of_a_megabyte),
        cmocka_unit_test(test_n_best),
        cmocka_unit_test(test_output_is_whole_or_not_there),
        cmocka_unit_test(test_an_interrupted_translation_leaves_nothing),
        cmocka_unit_test(test_files_that_are_no_models),
        cmocka_unit_test(test_a_model_of_another_version),
    };
    return cmocka_run_group_tests(tests, setup_model, teardown);
}
