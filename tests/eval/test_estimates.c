/* Estimates of segments whose faults can be counted by eye. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "eval.h"

static struct quality segment(const char *source, const char *hypothesis, const char *reference)
{
    struct quality q;
    struct estimates *e = estimates_new(NULL);
    assert_int_equal(estimates_add(e, source, hypothesis, reference, NULL), 0);
    assert_int_equal(estimates_n_segments(e), 1);
    estimates_segment(e, 0, &q);
    estimates_free(e);
    return q;
}

static void assert_near(double value, double expected)
{
    if (!(fabs(value - expected) < 1e-12))
        fail_msg("%.17g is not %.17g", value, expected);
}

static void test_repetition(void **state)
{
    (void)state;
    assert_near(segment(NULL, "a b c d", NULL).repetition, 0);
    assert_near(segment(NULL, "a a b", NULL).repetition, 1.0 / 3);
    assert_near(segment(NULL, "a a a a", NULL).repetition, 3.0 / 4);
    assert_near(segment(NULL, "x a b a b y", NULL).repetition, 2.0 / 6);
    assert_near(segment(NULL, "a b c d a b c d", NULL).repetition, 4.0 / 8);
    assert_near(segment(NULL, "a b c d e a b c d e", NULL).repetition, 0); /* of five: no loop */
    assert_near(segment(NULL, "", NULL).repetition, 0);
}

static void test_copied(void **state)
{
    (void)state;
    assert_near(segment("the cat sat on it", "die Katze sat on it", NULL).copied, 3.0 / 5);
    assert_near(segment("the cat sat on it", "the cat was on it", NULL).copied, 0);
    assert_near(segment("a b c d e f", "d e f a b c", NULL).copied, 1);
    assert_near(segment(NULL, "a b c", NULL).copied, 0);
}

static void test_unknown(void **state)
{
    (void)state;
    assert_near(segment(NULL, "a <unk> \u2047 x\u2047y \uFFFD <unk>,", NULL).unknown, 4.0 / 6);
}

static void test_lengths(void **state)
{
    (void)state;
    struct quality q = segment("a b c d", "x y", "u v w");
    assert_int_equal(q.source_words, 4);
    assert_int_equal(q.words, 2);
    assert_int_equal(q.reference_words, 3);
    assert_near(q.length_ratio, 0.5);
    assert_near(q.reference_ratio, 2.0 / 3);
}

static void test_coverage_drop(void **state)
{
    (void)state;
    struct estimates *e = estimates_new(NULL);
    struct quality q;
    /* a source word lets expect one word: of 6, two thirds are 4 */
    assert_int_equal(estimates_add(e, "a b c d e f", "a b c d", "1 2 3 4 5 6", NULL), 0);
    assert_int_equal(estimates_add(e, "a b c d e f", "a", "1 2 3 4 5 6", NULL), 0);
    estimates_segment(e, 0, &q);
    assert_near(q.coverage_drop, 0);
    estimates_segment(e, 1, &q);
    assert_near(q.coverage_drop, 3.0 / 6);
    estimates_text(e, &q);
    assert_near(q.coverage_drop, 3.0 / 12);
    assert_int_equal(q.words, 5);
    estimates_free(e);
    estimates_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_repetition),    cmocka_unit_test(test_copied),
        cmocka_unit_test(test_unknown),       cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_coverage_drop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
