/* The counter RNG: known bits, and moments of the distributions. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"

enum { N = 100000 };

/* splitmix64 from state 0: the first outputs its authors publish. */
static void test_known(void **state)
{
    (void)state;
    assert_true(rng_mix(0) == 0xE220A8397B1DCDAFu);
    assert_true(rng_mix(0x9E3779B97F4A7C15u) == 0x6E789E6AA1B965F4u);
}

static void test_keys_differ(void **state)
{
    (void)state;
    assert_true(rng_key(1, 2, 3) == rng_key(1, 2, 3));
    assert_true(rng_key(1, 2, 3) != rng_key(1, 3, 2));
    assert_true(rng_key(1, 2, 3) != rng_key(2, 1, 3));
    assert_true(rng_u64(1, 2) != rng_u64(2, 1));
}

static void test_uniform(void **state)
{
    (void)state;
    uint64_t key = rng_key(1, 2, 3);
    double sum = 0, squares = 0, products = 0, last = 0.5;
    for (uint64_t i = 0; i < N; i++) {
        double x = rng_uniform(key, i);
        assert_true(x >= 0 && x < 1);
        sum += x;
        squares += x * x;
        products += (x - 0.5) * (last - 0.5);
        last = x;
    }
    /* five standard errors */
    assert_true(fabs(sum / N - 0.5) < 5 * sqrt(1.0 / 12 / N));
    assert_true(fabs(squares / N - 1.0 / 3) < 5 * sqrt(4.0 / 45 / N));
    assert_true(fabs(products / N) < 5 * (1.0 / 12) / sqrt(N));
}

static void test_bits_of_u32(void **state)
{
    (void)state;
    for (uint64_t site = 0; site < 4; site++) {
        uint64_t key = rng_key(7, 0, site);
        int ones[32] = {0}, flips = 0;
        for (uint32_t i = 0; i < N; i++) {
            uint32_t x = rng_u32(key, i);
            for (int bit = 0; bit < 32; bit++)
                ones[bit] += (int)(x >> bit & 1);
            flips += __builtin_popcount(x ^ rng_u32(key, i + 1));
        }
        for (int bit = 0; bit < 32; bit++)
            assert_true(fabs(ones[bit] - N / 2.0) < 5 * sqrt(N / 4.0));
        assert_true(fabs(flips / (double)N - 16) < 5 * sqrt(8.0 / N));
    }
}

static void test_below(void **state)
{
    (void)state;
    int counts[7] = {0};
    for (uint64_t i = 0; i < N; i++) {
        uint64_t x = rng_below(3, i, 7);
        assert_true(x < 7);
        counts[x]++;
    }
    for (int k = 0; k < 7; k++)
        assert_true(fabs(counts[k] - N / 7.0) < 5 * sqrt(N / 7.0));
    assert_int_equal(rng_below(3, 0, 1), 0);
}

static void test_normal(void **state)
{
    (void)state;
    double sum = 0, squares = 0, fourth = 0;
    for (uint64_t i = 0; i < N; i++) {
        double x = rng_normal(11, i);
        assert_true(isfinite(x));
        sum += x;
        squares += x * x;
        fourth += x * x * x * x;
    }
    assert_true(fabs(sum / N) < 5 / sqrt(N));
    assert_true(fabs(squares / N - 1) < 5 * sqrt(2.0 / N));
    assert_true(fabs(fourth / N - 3) < 5 * sqrt(96.0 / N));
}

static void test_shuffle(void **state)
{
    (void)state;
    uint32_t elements[100], again[100];
    int seen[100] = {0}, fixed = 0;
    for (uint32_t i = 0; i < 100; i++)
        elements[i] = again[i] = i;
    rng_shuffle(5, elements, 100);
    rng_shuffle(5, again, 100);
    assert_memory_equal(elements, again, sizeof elements);
    for (uint32_t i = 0; i < 100; i++) {
        seen[elements[i]]++;
        fixed += elements[i] == i;
    }
    for (int i = 0; i < 100; i++)
        assert_int_equal(seen[i], 1);
    assert_true(fixed < 10);
    int orders[6] = {0}; /* each order of three is as likely */
    for (uint64_t key = 0; key < 6000; key++) {
        uint32_t e[3] = {0, 1, 2};
        rng_shuffle(rng_mix(key), e, 3);
        orders[e[0] * 2 + (e[1] > e[2])]++;
    }
    for (int k = 0; k < 6; k++)
        assert_true(abs(orders[k] - 1000) < 150);
    rng_shuffle(5, elements, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),   cmocka_unit_test(test_keys_differ),
        cmocka_unit_test(test_uniform), cmocka_unit_test(test_bits_of_u32),
        cmocka_unit_test(test_below),   cmocka_unit_test(test_normal),
        cmocka_unit_test(test_shuffle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
