/* chrF against figures worked out by hand and against an independent implementation's. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "eval.h"

static struct metric *make(const char *specification)
{
    struct satz_error err = {0};
    struct metric *m = metric_new(specification, &err);
    assert_string_equal(err.message, "");
    assert_non_null(m);
    return m;
}

static void assert_score(const char *specification, const char *hypothesis, const char *reference,
                         double expected)
{
    double row[METRIC_STATISTICS_LIMIT];
    struct metric *m = make(specification);
    assert_int_equal(metric_count(m, hypothesis, &reference, 1, row, NULL), 0);
    double score = metric_score(m, row);
    if (!(fabs(score - expected) <= 1e-12))
        fail_msg("%s: %.17g is not %.17g", specification, score, expected);
    metric_free(m);
}

static void test_by_hand(void **state)
{
    (void)state;
    /* one order: P = 2/2, R = 2/4 */
    assert_score("chrf:char_order=1", "ab", "abcd", 100 * 5 * 1 * 0.5 / (4 * 1 + 0.5));
    assert_score("chrf:char_order=1,beta=1", "ab", "abcd", 100 * 2 * 0.5 / 1.5);
    /* two orders: P = (2/3 + 1/2) / 2 = R */
    assert_score("chrf:char_order=2", "abx", "aby", 100 * 7.0 / 12);
    /* an order that a side lacks is left out, or counts as nearly nothing */
    assert_score("chrf", "ab", "ab", 100);
    assert_score("chrf:eps_smoothing", "ab", "ab", 100 * 2.0 / 6);
    /* words a b | a c: P = R = 1/2, and none of order 2; characters ab | ac */
    assert_score("chrf:char_order=1,word_order=1", "a b", "a c", 50);
    assert_score("chrf:char_order=1,word_order=2", "a b", "a c", 100.0 / 3);
    assert_score("chrf", "", "ab", 0);
    assert_score("chrf", "ab", "", 0);
    assert_score("chrf", "", "", 0);
}

static void test_white_space_and_case(void **state)
{
    (void)state;
    assert_score("chrf", "a\u3000b c", "abc", 100);
    assert_score("chrf:char_order=1,whitespace", "a b", "ab",
                 100 * 5 * (2.0 / 3) / (4 * 2.0 / 3 + 1));
    assert_score("chrf:lowercase", "ÄB", "äb", 100);
    assert_score("chrf:char_order=1", "ÄB", "äB", 50);
}

static void test_marks_part_from_words(void **state)
{
    (void)state;
    /* "mat." is "mat" and "."; "x(hi)" is "x(hi" and ")"; "(a" is "(" and "a"; a lone mark stays */
    const char *pairs[][2] = {{"mat.", "mat ."}, {"x(hi)", "x(hi )"}, {"(a", "( a"},
                              {"-", "-"},        {"ü.", "ü ."},       {"..", ". ."}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        assert_score("chrf:word_order=2", pairs[i][0], pairs[i][1], 100);
}

static void test_equals_sacrebleu(void **state)
{
    (void)state;
    static const char *const hypotheses[] = {"The cat sat on the mat.", "„Äpfel“ (und Öl) – 3.14 €",
                                             "ab", "中国人"};
    static const char *const references[] = {"The cat sits on a mat!", "„äpfel“ und Öl – 3,14 €",
                                             "abc", "中国的人"};
    static const struct {
        const char *specification;
        double segments[4], corpus;
    } cases[] = {
        {"chrf",
         {40.619375960402934, 38.78724646641876, 63.636363636363626, 38.23529411764706},
         38.469060450287884},
        {"chrf:word_order=2",
         {39.69544310647128, 39.26401180392422, 42.42424242424242, 28.676470588235297},
         37.549138634837064},
        {"chrf:word_order=2,beta=3,lowercase,whitespace,eps_smoothing",
         {46.72004906995296, 55.56941326639969, 15.199637023593466, 13.925729442970821},
         48.708056805886066},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        struct metric *m = make(cases[k].specification);
        struct statistics s = {0};
        double row[METRIC_STATISTICS_LIMIT];
        for (int i = 0; i < 4; i++) {
            assert_score(cases[k].specification, hypotheses[i], references[i],
                         cases[k].segments[i]);
            assert_int_equal(metric_count(m, hypotheses[i], &references[i], 1, row, NULL), 0);
            assert_int_equal(statistics_add(&s, row, metric_n_statistics(m), NULL), 0);
        }
        assert_true(fabs(metric_score(m, s.sum) - cases[k].corpus) < 1e-12);
        statistics_release(&s);
        metric_free(m);
    }
}

static void test_best_reference_counts(void **state)
{
    (void)state;
    const char *references[] = {"xyz", "", "abcd", "abd"};
    double row[METRIC_STATISTICS_LIMIT];
    char text[128];
    struct metric *m = make("chrf:char_order=2");
    assert_int_equal(metric_count(m, "abc", references, 4, row, NULL), 0);
    assert_true(row[0] == 3 && row[1] == 4 && row[2] == 3); /* those of "abcd" */
    assert_true(row[3] == 2 && row[4] == 3 && row[5] == 2);
    metric_signature(m, text, sizeof text);
    assert_string_equal(text,
                        "nrefs:3|case:mixed|eff:yes|nc:2|nw:0|space:no|version:" EVAL_VERSION);
    references[0] = NULL;
    assert_int_equal(metric_count(m, "abc", references, 2, row, NULL), 0);
    assert_true(row[0] == 0 && row[1] == 0); /* against an empty reference */
    metric_signature(m, text, sizeof text);
    assert_non_null(strstr(text, "nrefs:var|"));
    assert_int_equal(metric_count(m, "abc", references, 0, row, NULL), -1);
    metric_free(m);
}

static void test_labels(void **state)
{
    (void)state;
    char text[128];
    double row[METRIC_STATISTICS_LIMIT];
    const char *reference = "abcdefgh";
    struct metric *m = make("chrf:word_order=2,beta=3,lowercase,whitespace,eps_smoothing");
    assert_int_equal(metric_count(m, "ABCDEFGH", &reference, 1, row, NULL), 0);
    metric_label(m, text, sizeof text);
    assert_string_equal(text, "chrF3++");
    metric_format(m, row, 4, text, sizeof text);
    assert_string_equal(text, "chrF3++ = 87.5000");
    metric_signature(m, text, sizeof text);
    assert_string_equal(text, "nrefs:1|case:lc|eff:no|nc:6|nw:2|space:yes|version:" EVAL_VERSION);
    assert_false(metric_lower_is_better(m));
    metric_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_white_space_and_case),
        cmocka_unit_test(test_marks_part_from_words),
        cmocka_unit_test(test_equals_sacrebleu),
        cmocka_unit_test(test_best_reference_counts),
        cmocka_unit_test(test_labels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
