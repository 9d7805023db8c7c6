/* Resampling against what theory says and against itself. Rows are TER's, so that a score is 100
 * times a mean and its distribution is known. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "eval.h"

enum { N = 400 };

static struct metric *ter;

/* N segments of one word; `rate` of every ten have an edit, beginning with the offset-th. */
static struct statistics make(int offset, int rate)
{
    struct statistics s = {.keep = true};
    for (int i = 0; i < N; i++) {
        double row[2] = {(i + offset) % 10 < rate, 1};
        assert_int_equal(statistics_add(&s, row, 2, NULL), 0);
    }
    return s;
}

static int setup(void **state)
{
    (void)state;
    ter = metric_new("ter", NULL);
    return ter ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    metric_free(ter);
    return 0;
}

static void test_interval_is_the_binomial(void **state)
{
    (void)state;
    struct statistics s = make(0, 5);
    struct interval i;
    struct resampling r = {.n_samples = 4000, .seed = 7};
    assert_int_equal(significance_interval(ter, &s, &r, &i, NULL), 0);
    double deviation = 100 * sqrt(0.5 * 0.5 / N);
    assert_true(fabs(i.mean - 50) < 0.1 * deviation);
    assert_true(fabs(i.high - i.low - 2 * 1.96 * deviation) < 0.3 * deviation);
    statistics_release(&s);
}

static void test_equal_systems(void **state)
{
    (void)state;
    struct statistics a = make(0, 5), b = make(0, 5);
    struct resampling r = {.seed = 1};
    for (int t = 0; significance_test_name(t); t++) {
        struct difference d;
        assert_int_equal(significance_compare(ter, &a, &b, significance_test_name(t), &r, &d, NULL),
                         0);
        assert_true(d.delta == 0 && d.deltas.low == 0 && d.deltas.high == 0);
        assert_true(d.p == 1);
    }
    statistics_release(&a);
    statistics_release(&b);
}

static void test_large_and_small_differences(void **state)
{
    (void)state;
    struct statistics a = make(0, 5), better = make(5, 3), alike = make(5, 5);
    struct resampling r = {.n_samples = 999, .seed = 1};
    for (int t = 0; significance_test_name(t); t++) {
        struct difference d;
        const char *test = significance_test_name(t);
        assert_int_equal(significance_compare(ter, &a, &better, test, &r, &d, NULL), 0);
        assert_true(d.delta == -20);
        assert_true(d.p == 1.0 / 1000);
        assert_true(d.deltas.low < -20 && d.deltas.high > -20 && d.deltas.high < 0);
        assert_true(d.system.low < 30 && d.system.high > 30);
        assert_int_equal(significance_compare(ter, &a, &alike, test, &r, &d, NULL), 0);
        assert_true(d.delta == 0 && d.p == 1);
        assert_true(d.deltas.low < 0 && d.deltas.high > 0);
    }
    statistics_release(&a);
    statistics_release(&better);
    statistics_release(&alike);
}

/* Randomisation of a difference of sums is a sum of coin tosses: its p is known. */
static void test_randomisation_is_exact(void **state)
{
    (void)state;
    struct statistics a = make(0, 5), b = make(0, 5);
    for (int i = 0; i < 16; i++) { /* 16 lines differ, 12 for b: P(|X - 8| > 4) = 0.0213 */
        double *row = b.rows + (ptrdiff_t)2 * (i * 10 + (i < 12 ? 0 : 5));
        b.sum[0] += i < 12 ? -1 : 1;
        row[0] = i < 12 ? 0 : 1;
    }
    struct difference d;
    struct resampling r = {.n_samples = 40000, .seed = 3};
    assert_int_equal(significance_compare(ter, &a, &b, "randomisation", &r, &d, NULL), 0);
    assert_true(fabs(d.p - 0.0213) < 0.003);
    statistics_release(&a);
    statistics_release(&b);
}

/* Figures that were published stay: the same bits on every machine, and other seeds differ. */
static void test_results_are_functions_of_the_seed(void **state)
{
    (void)state;
    struct statistics a = make(0, 5), b = make(3, 4);
    struct resampling r = {.n_samples = 200, .seed = 12345}, other = {.n_samples = 200, .seed = 1};
    struct difference first, second;
    assert_int_equal(significance_compare(ter, &a, &b, "bootstrap", &r, &first, NULL), 0);
    assert_int_equal(significance_compare(ter, &a, &b, "bootstrap", &r, &second, NULL), 0);
    assert_memory_equal(&first, &second, sizeof first);
    assert_true(first.delta == -10);
    if (first.deltas.low != -18.5 || first.deltas.high != -2.75 || first.p != 2.0 / 201 ||
        fabs(first.system.mean - 39.7225) > 1e-12)
        fail_msg("%.17g %.17g %.17g %.17g", first.deltas.low, first.deltas.high, first.p,
                 first.system.mean);
    assert_int_equal(significance_compare(ter, &a, &b, "bootstrap", &other, &second, NULL), 0);
    assert_true(first.system.mean != second.system.mean);
    statistics_release(&a);
    statistics_release(&b);
}

static void test_mistakes_are_refused(void **state)
{
    (void)state;
    struct satz_error err = {0};
    struct statistics a = make(0, 5), b = make(0, 5), empty = {.keep = true}, sum = a;
    struct resampling r = {0}, negative = {.n_samples = -1};
    struct difference d = {0};
    struct interval i;
    double row[2] = {0, 1};
    sum.keep = false;
    assert_int_equal(significance_compare(ter, &a, &b, "t-test", &r, &d, &err), -1);
    assert_non_null(strstr(err.message, "take bootstrap or randomisation"));
    assert_int_equal(statistics_add(&b, row, 2, NULL), 0);
    assert_int_equal(significance_compare(ter, &a, &b, "bootstrap", &r, &d, &err), -1);
    assert_non_null(strstr(err.message, "400 are not 401"));
    assert_int_equal(significance_interval(ter, &empty, &r, &i, &err), -1);
    assert_non_null(strstr(err.message, "no lines"));
    assert_int_equal(significance_interval(ter, &sum, &r, &i, &err), -1);
    assert_non_null(strstr(err.message, "not kept"));
    assert_int_equal(significance_interval(ter, &a, &negative, &i, &err), -1);
    assert_int_equal(significance_compare(ter, &a, &a, "randomisation", &negative, &d, &err), -1);
    assert_non_null(strstr(err.message, "from 1 to"));
    assert_true(d.delta == 0 && d.p == 0);
    statistics_release(&a);
    statistics_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_interval_is_the_binomial),
        cmocka_unit_test(test_equal_systems),
        cmocka_unit_test(test_large_and_small_differences),
        cmocka_unit_test(test_randomisation_is_exact),
        cmocka_unit_test(test_results_are_functions_of_the_seed),
        cmocka_unit_test(test_mistakes_are_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
