/* exp, tanh and sigmoid against libm in double, over a dense grid of all floats. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "compute/vmath.h"

static float from_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* The largest relative error over floats with |x| in [low, high], both signs. */
static double worst(float (*f)(float), double (*reference)(double), float low, float high)
{
    double most = 0;
    uint32_t from, to;
    memcpy(&from, &low, sizeof from);
    memcpy(&to, &high, sizeof to);
    for (uint32_t bits = from; bits <= to; bits += 997) {
        for (int sign = 0; sign < 2; sign++) {
            float x = from_bits(bits | (uint32_t)sign << 31);
            double expected = reference((double)x);
            double error = fabs((double)f(x) - expected) / fabs(expected);
            most = error > most ? error : most;
        }
    }
    return most;
}

/* The largest absolute error between -limit and limit. */
static double worst_absolute(float (*f)(float), double (*reference)(double), float limit)
{
    double most = 0;
    for (float x = -limit; x <= limit; x += 1e-4f)
        most = fmax(most, fabs((double)f(x) - reference((double)x)));
    return most;
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static void test_accuracy(void **state)
{
    (void)state;
    double e = worst(vmath_exp, exp, 1e-30f, 87.0f);
    double s = worst(vmath_sigmoid, sigmoid, 1e-30f, 87.0f);
    double t = worst(vmath_tanh, tanh, 1e-30f, 100.0f);
    print_message("relative errors: exp %.2e sigmoid %.2e tanh %.2e\n", e, s, t);
    assert_true(e < 3e-7);
    assert_true(s < 3e-7);
    assert_true(t < 3e-7);
    assert_true(worst(vmath_tanh_quick, tanh, 1e-30f, 100.0f) < 4e-7);
    assert_true(worst_absolute(vmath_sigmoid_quick, sigmoid, 40) < 2e-7);
}

static void test_ends(void **state)
{
    (void)state;
    assert_true(vmath_exp(0) == 1 && vmath_tanh(0) == 0 && vmath_sigmoid(0) == 0.5f);
    assert_true(vmath_exp(-1000) < 1.7e-38f && vmath_exp(-INFINITY) >= 0);
    assert_true(isfinite(vmath_exp(1000)) && vmath_exp(INFINITY) > 1e38f);
    assert_true(vmath_tanh(50) == 1 && vmath_tanh(-50) == -1);
    assert_true(vmath_tanh(INFINITY) == 1 && vmath_tanh(-INFINITY) == -1);
    assert_true(vmath_sigmoid(INFINITY) == 1 && vmath_sigmoid(-INFINITY) < 1e-37f);
    assert_true(vmath_sigmoid(-1000) >= 0);
    assert_true(isnan(vmath_exp(NAN)) && isnan(vmath_tanh(NAN)) && isnan(vmath_sigmoid(NAN)));
    assert_true(isnan(vmath_tanh_quick(NAN)) && vmath_tanh_quick(0) == 0);
    assert_true(isnan(vmath_sigmoid_quick(NAN)) && vmath_sigmoid_quick(0) == 0.5f);
    assert_true(vmath_sigmoid_quick(1000) == 1 && vmath_sigmoid_quick(-1000) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_accuracy),
                                       cmocka_unit_test(test_ends)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
