#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <float.h>
#include <math.h>

#include "view/axis.h"

/* The labels of all ticks, with a space after each, must be `expected`. */
static void check_labels(double low, double high, int wanted, bool is_log, const char *expected)
{
    struct axis a;
    axis_init(&a, low, high, wanted, is_log);
    char all[AXIS_TICKS * AXIS_TEXT];
    size_t n = 0;
    all[0] = '\0';
    for (int i = 0; i < a.n_ticks; i++) {
        char text[AXIS_TEXT];
        axis_format(&a, a.ticks[i], text);
        for (const char *p = text; *p; p++)
            all[n++] = *p;
        all[n++] = ' ';
        all[n] = '\0';
    }
    assert_string_equal(all, expected);
}

static void ticks_are_nice_numbers(void **state)
{
    (void)state;
    check_labels(0, 1, 5, false, "0.0 0.2 0.4 0.6 0.8 1.0 ");
    check_labels(2.1, 9.3, 4, false, "4 6 8 ");
    check_labels(-1, 1, 4, false, "-1.0 -0.5 0.0 0.5 1.0 ");
    check_labels(0, 120000, 6, false, "0 20k 40k 60k 80k 100k 120k ");
    check_labels(0, 2.5e6, 5, false, "0 0.5M 1.0M 1.5M 2.0M 2.5M ");
    check_labels(0, 5e-5, 5, false, "0 1e-05 2e-05 3e-05 4e-05 5e-05 ");
}

static void logarithmic_ticks(void **state)
{
    (void)state;
    check_labels(0.5, 2000, 4, true, "1 10 100 1000 ");
    check_labels(1e-8, 1, 4, true, "1e-08 1e-05 0.01 ");
    check_labels(1.5, 60, 4, true, "2 5 10 20 50 ");
    check_labels(2.1, 4.4, 4, true, "2.5 3.0 3.5 4.0 ");
}

static void values_are_placed(void **state)
{
    (void)state;
    struct axis a;
    axis_init(&a, 10, 30, 4, false);
    assert_float_equal((float)axis_place(&a, 15), 0.25f, 1e-6f);
    axis_init(&a, 1, 10000, 4, true);
    assert_float_equal((float)axis_place(&a, 100), 0.5f, 1e-6f);
}

static void narrow_and_huge_ranges_work(void **state)
{
    (void)state;
    static const double ranges[][2] = {{0, 0},          {5, 5},       {1e16, 1e16 + 2},
                                       {-1e100, 1e100}, {0, DBL_MIN}, {-3, -3}};
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        struct axis a;
        axis_init(&a, ranges[i][0], ranges[i][1], 5, false);
        assert_true(a.low < a.high);
        assert_true(a.low <= ranges[i][0] && ranges[i][1] <= a.high);
        assert_in_range(a.n_ticks, 2, AXIS_TICKS - 1);
        for (int k = 0; k < a.n_ticks; k++) {
            assert_true(a.ticks[k] >= a.low && a.ticks[k] <= a.high);
            assert_true(k == 0 || a.ticks[k] > a.ticks[k - 1]);
        }
    }
    struct axis a;
    axis_init(&a, 1e-100, 1e100, 4, true);
    assert_in_range(a.n_ticks, 2, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ticks_are_nice_numbers),
        cmocka_unit_test(logarithmic_ticks),
        cmocka_unit_test(values_are_placed),
        cmocka_unit_test(narrow_and_huge_ranges_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
