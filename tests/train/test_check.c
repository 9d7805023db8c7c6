/* What differences of the loss say of a gradient. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "train/check.h"

#define JUDGE(analytic, floor, ...)                                                                \
    check_judge(analytic, (const double[]){__VA_ARGS__},                                           \
                (int)(sizeof((const double[]){__VA_ARGS__}) / sizeof(double)), floor, &nearest,    \
                &error)

static void test_verdicts(void **state)
{
    (void)state;
    double nearest, error;
    assert_int_equal(JUDGE(2, 0, 2.1, 2.0000001, 1.9), CHECK_RIGHT);
    assert_true(nearest == 2.0000001 && error < 1e-7);
    /* what is small beside the floor is rounding */
    assert_int_equal(JUDGE(1e-9, 1, 2e-9), CHECK_RIGHT);
    assert_int_equal(JUDGE(0, 0, 0), CHECK_RIGHT);
    /* differences that agree with each other, and not with the gradient */
    assert_int_equal(JUDGE(2, 0, 2.1, 2.00002, 2.00002000001, 2.3), CHECK_WRONG);
    assert_true(fabs(error - 1e-5) < 1e-8);
    assert_int_equal(JUDGE(-1, 0, 1, 1.01), CHECK_WRONG);
    assert_int_equal(JUDGE(0, 0, 1, 1), CHECK_WRONG);
    /* differences of a loss without digits */
    assert_int_equal(JUDGE(2, 0, 2.5, -7, 60, 1e3), CHECK_UNCLEAR);
    assert_int_equal(JUDGE(2, 0, 1), CHECK_UNCLEAR);
    assert_int_equal(JUDGE(2, 0, NAN, INFINITY, NAN), CHECK_UNCLEAR);
    assert_int_equal(JUDGE(2, 0, NAN, 3, 3), CHECK_WRONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verdicts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
