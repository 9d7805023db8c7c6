/* Predictive (Luong 2015, 3.2, equations 9 and 10): p = S sigmoid(v.tanh(W q)), in [p - D, p + D]
 *
 *   w_j = alpha_j g_j    g_j = exp(-(j - p)^2 / (2 sigma^2))    sigma = D / 2
 *
 * so that the weights of a row add up to less than 1. They are not normalised again, as in the
 * paper: where no word stands near p, little is seen.
 *
 * backward:  dalpha_j = dw_j g_j    dp = sum_j dw_j w_j (j - p) / sigma^2 */
#include "base/simd.h"
#include "compute/vmath.h"
#include "nn/attention.h"

static void shape(int n, int first, real centre, real width, real *restrict alpha)
{
    const real factor = -2 / (width * width); /* -1 / (2 sigma^2) */
#pragma omp simd
    for (int j = 0; j < n; j++) {
        real x = (real)(first + j) - centre;
        alpha[j] *= vmath_exp(factor * x * x);
    }
}

static real shape_backward(int n, int first, real centre, real width, const real *restrict weights,
                           real *restrict alpha, real *restrict d)
{
    const real factor = -2 / (width * width);
    real sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int j = 0; j < n; j++) {
        real x = (real)(first + j) - centre;
        real g = vmath_exp(factor * x * x); /* at least exp(-2) in the window */
        sum += d[j] * weights[j] * x;
        alpha[j] = weights[j] / g;
        d[j] *= g;
    }
    return -2 * factor * sum;
}

const struct attention_window SIMD(window_local_p) = {
    .name = "local_p",
    .local = true,
    .predicts = true,
    .shape = shape,
    .shape_backward = shape_backward,
};
