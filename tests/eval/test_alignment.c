/* Alignment error rate, worked by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "eval.h"

static void counts_and_rates(void **state)
{
    (void)state;
    /* S = {00, 11, 22}, P = S and {12, 21}; A = {00, 11, 12, 33}, one of them twice. */
    const struct satz_link gold[] = {{1, 2, 1, 1}, {0, 0, 1, 0}, {1, 1, 1, 1},
                                     {1, 1, 1, 0}, {2, 2, 1, 0}, {2, 1, 1, 7}};
    const struct satz_link found[] = {
        {3, 3, 1, 0}, {1, 2, 0.5f, 0}, {1, 1, 1, 0}, {0, 0, 1, 0}, {1, 2, 1, 0}};
    struct alignment_counts c = {0};
    assert_int_equal(alignment_counts_add(&c, found, 5, gold, 6, NULL), 0);
    assert_int_equal(c.found, 4);
    assert_int_equal(c.sure, 3);
    assert_int_equal(c.found_sure, 2);
    assert_int_equal(c.found_possible, 3);
    assert_true(fabs(alignment_precision(&c) - 3.0 / 4) < 1e-12);
    assert_true(fabs(alignment_recall(&c) - 2.0 / 3) < 1e-12);
    assert_true(fabs(alignment_error_rate(&c) - (1 - 5.0 / 7)) < 1e-12);
    /* A second pair adds up: nothing found of one sure link. */
    assert_int_equal(alignment_counts_add(&c, NULL, 0, gold + 1, 1, NULL), 0);
    assert_true(fabs(alignment_recall(&c) - 2.0 / 4) < 1e-12);
    assert_true(fabs(alignment_error_rate(&c) - (1 - 5.0 / 8)) < 1e-12);
}

static void nothing_at_all(void **state)
{
    (void)state;
    struct alignment_counts c = {0};
    assert_int_equal(alignment_counts_add(&c, NULL, 0, NULL, 0, NULL), 0);
    assert_true(alignment_precision(&c) == 1);
    assert_true(alignment_recall(&c) == 1);
    assert_true(alignment_error_rate(&c) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_and_rates),
        cmocka_unit_test(nothing_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
