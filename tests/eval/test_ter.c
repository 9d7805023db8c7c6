/* TER against edits counted by hand and against an independent implementation's figures. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eval.h"
#include "shifts.h"
#include "tokenise.h"

static void assert_row(const char *specification, const char *hypothesis, const char *reference,
                       double edits, double length)
{
    double row[METRIC_STATISTICS_LIMIT];
    struct satz_error err = {0};
    struct metric *m = metric_new(specification, &err);
    assert_string_equal(err.message, "");
    assert_int_equal(metric_count(m, hypothesis, &reference, 1, row, NULL), 0);
    if (row[0] != edits || row[1] != length)
        fail_msg("\"%s\", \"%s\": %g edits, length %g", hypothesis, reference, row[0], row[1]);
    metric_free(m);
}

static void test_edits(void **state)
{
    (void)state;
    assert_row("ter", "a b c", "a b c", 0, 3);
    assert_row("ter", "a x c", "a b c", 1, 3);
    assert_row("ter", "a c", "a b c", 1, 3);
    assert_row("ter", "a b b c", "a b c", 1, 3);
    assert_row("ter", "", "a b c", 3, 3);
    assert_row("ter", "a b", "", 2, 0);
    assert_row("ter", "", "", 0, 0);
}

static void test_a_shift_is_one_edit(void **state)
{
    (void)state;
    assert_row("ter", "c d a b", "a b c d", 1, 4);
    assert_row("ter", "b c d e f a", "a b c d e f", 1, 6);
    assert_row("ter", "d e f x a b c", "a b c d e f", 2, 6); /* the block and the x */
    /* the example of Snover et al., section 2 */
    assert_row("ter", "THIS WEEK THE SAUDIS denied information published in the new york times",
               "SAUDI ARABIA denied THIS WEEK information published in the AMERICAN new york times",
               4, 13);
}

/* A block of twelve words needs two shifts: one moves at most ten. */
static void test_shifts_are_of_ten_words(void **state)
{
    (void)state;
    assert_row("ter", "a b c d e f g h i j k l m n o p q r s t u v w x",
               "m n o p q r s t u v w x a b c d e f g h i j k l", 2, 24);
    assert_row("ter", "a b c d e f g h i j m n o p q r s t u v w x",
               "m n o p q r s t u v w x a b c d e f g h i j", 1, 22);
}

static void test_scores(void **state)
{
    (void)state;
    static const struct {
        double row[2], score;
    } cases[] = {{{1, 4}, 25}, {{0, 0}, 0}, {{3, 0}, 100}, {{6, 3}, 200}};
    struct metric *m = metric_new("ter", NULL);
    char text[128];
    assert_true(metric_lower_is_better(m));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_true(metric_score(m, cases[i].row) == cases[i].score);
    metric_format(m, cases[0].row, 2, text, sizeof text);
    assert_string_equal(text, "TER = 25.00");
    metric_free(m);
}

static void test_several_references(void **state)
{
    (void)state;
    const char *references[] = {"a b c d e", "", "a x"};
    double row[METRIC_STATISTICS_LIMIT];
    char text[128];
    struct metric *m = metric_new("ter:normalised,no_punct,asian,case_sensitive", NULL);
    assert_int_equal(metric_count(m, "a b", references, 3, row, NULL), 0);
    assert_true(row[0] == 1 && row[1] == 3.5); /* fewest edits, mean length */
    metric_signature(m, text, sizeof text);
    assert_string_equal(text, "nrefs:2|case:mixed|tok:tercom|norm:yes|punct:no|asian:yes|"
                              "version:" EVAL_VERSION);
    assert_int_equal(metric_count(m, "a b", references + 1, 1, row, NULL), 0);
    assert_true(row[0] == 2 && row[1] == 0);
    metric_free(m);
    m = metric_new("ter", NULL);
    assert_int_equal(metric_count(m, "A", references + 2, 1, row, NULL), 0);
    assert_true(row[0] == 1);
    metric_signature(m, text, sizeof text);
    assert_string_equal(text, "nrefs:1|case:lc|tok:tercom|norm:no|punct:yes|asian:no|"
                              "version:" EVAL_VERSION);
    metric_free(m);
}

static void check_tokens(bool normalised, bool no_punct, bool asian, const char *text,
                         const char *expected)
{
    struct segment s = {0};
    char joined[256] = "";
    assert_int_equal(segment_set(&s, text, false, NULL), 0);
    segment_strip(&s);
    tokenise_tercom(&s, normalised, no_punct, asian);
    for (size_t k = 0; k < s.n_tokens; k++) {
        strcat(joined, k ? "|" : "");
        strncat(joined, s.tokens[k].text, s.tokens[k].length);
    }
    assert_string_equal(joined, expected);
    segment_release(&s);
}

static void test_tokens(void **state)
{
    (void)state;
    check_tokens(false, false, false, "It's (1,000.5)!", "It's|(1,000.5)!");
    check_tokens(true, false, false, "It's 5's, 3-4 (1,000.5)!", "It|'s|5's|,|3|-|4|(|1,000.5|)|!");
    check_tokens(true, false, false, "Jo's's 's Ann's", "Jo's|'s|'s|Ann|'s");
    check_tokens(true, false, false, "a's! b's\tc d's-e", "a|'s|!|b's|c|d's-e");
    check_tokens(true, false, false, "&quot;a&amp;b&quot;", "\"|a|&|b|\"");
    check_tokens(false, true, false, "It's (1,000.5)! ? a.b", "It's|10005|ab");
    check_tokens(true, true, false, "end. 1.5; [x]", "end|15|[|x|]");
    check_tokens(true, false, true, "我abc。か「な」３．５", "我|abc|。|か|「|な|」|３|．|５");
    check_tokens(true, false, false, "我abc。", "我abc。");
    check_tokens(false, true, true, "我。b，「c」", "我bc");
    check_tokens(false, false, true, "我。b", "我。b");
}

/* Segments with many repeated words, where beam, ties and limits matter. */
static void test_equals_sacrebleu(void **state)
{
    (void)state;
    static const struct {
        const char *hypothesis, *reference;
        double edits;
    } cases[] = {
        {"a c d b d e a e b a b d c b d b a b", "a d b a b", 13},
        {"d d f a c c e a", "a a d d c c e f", 3},
        {"a a b b b b b a b b a b a a b b a b", "b b b a b b a a b a b b a b b b a b a a a", 5},
        {"c c b b b a c d a", "c c b a b c d b a", 2},
        {"a d c b d e b e d d", "e b d a b d c b", 5},
        {"c c a d c c d d b a b c e c e a d c b a d e d c e e e c b c e a c",
         "c d d b a d e b d c b a d c e e e c a c e a c c e c d c c c b e a", 13},
        {"c a b b b b c c a c", "b a a a a a b a b a", 8},
        {"a b b b b c c a c b b a c", "a b b b b a c c b a c c b", 2},
        {"h e c h a b h d e a c g a h i i e d h a d h e c e e h h i b",
         "c b f a g b f i c f g g g d h e h g g c e e h e g a f e", 20},
        {"b a b b a a b b b b b a a", "b b b a b b b a a a b b a", 2},
        {"b e b d b a e b a e a d a c a e e a d e b a d a c e d d c c",
         "b b d e d c e b d e e a a b c a a a c d a d d a a a b e a b c d b", 15},
        {"b a b a b a b a a b a b b", "a b a b a a b b a a b b b", 2},
        {"a a b b b a b b b b b b b a a a a a b b b a b a b a b a",
         "b a a a b a a b b a b b b b b a b b b b a a a b a a a a a a", 6},
        {"a d c",
         "c c c a a d d b a c c d b b a b a b a d c c b d c c a d b b b b a d c a d a d d b a a c "
         "a a b d a d a b a d d a a c d d c a a b b d b b a c a a b a b",
         72},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double length = 1;
        for (const char *p = cases[i].reference; *p; p++)
            length += *p == ' ';
        assert_row("ter", cases[i].hypothesis, cases[i].reference, cases[i].edits, length);
    }
}

/* The cost of a long segment grows with its length, not with the square of it. */
static void test_long_segments(void **state)
{
    (void)state;
    enum { N = 20000 };
    uint32_t *h = calloc(N, sizeof *h), *r = calloc(N, sizeof *r);
    assert_true(h && r);
    for (uint32_t i = 0; i < N; i++)
        h[i] = r[i] = i;
    h[100] = N;
    h[N - 1] = N;
    struct shifts s = {0};
    int64_t edits;
    assert_int_equal(shifts_count(&s, h, N, r, N, &edits, NULL), 0);
    assert_int_equal(edits, 2);
    assert_int_equal(shifts_count(&s, h + N - 2, 1, r, N, &edits, NULL), 0); /* one of 20,000 */
    assert_int_equal(edits, N - 1);
    shifts_release(&s);
    free(h);
    free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_edits),
        cmocka_unit_test(test_a_shift_is_one_edit),
        cmocka_unit_test(test_shifts_are_of_ten_words),
        cmocka_unit_test(test_scores),
        cmocka_unit_test(test_several_references),
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_equals_sacrebleu),
        cmocka_unit_test(test_long_segments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
