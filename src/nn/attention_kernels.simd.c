#include "base/simd.h"
#include "nn/attention.h"

static void softmax_backward(int n, const real *alpha, real *d)
{
    real sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int j = 0; j < n; j++)
        sum += alpha[j] * d[j];
#pragma omp simd
    for (int j = 0; j < n; j++)
        d[j] = alpha[j] * (d[j] - sum);
}

static void weighted_sum(const real *alpha, struct mat h, real *restrict c)
{
    memset(c, 0, (size_t)h.cols * sizeof *c);
    for (int j = 0; j < h.rows; j++) {
        const real *row = mat_row(h, j);
        real a = alpha[j];
#pragma omp simd
        for (int k = 0; k < h.cols; k++)
            c[k] += a * row[k];
    }
}

static void weighted_sum_backward(const real *alpha, struct mat h, const real *restrict d_c,
                                  real *restrict d_alpha, struct mat d_h)
{
    for (int j = 0; j < h.rows; j++) {
        const real *row = mat_row(h, j);
        real *restrict d_row = mat_row(d_h, j);
        real a = alpha[j], sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int k = 0; k < h.cols; k++) {
            sum += d_c[k] * row[k];
            d_row[k] += a * d_c[k];
        }
        d_alpha[j] = sum;
    }
}

const struct attention_kernels SIMD(attention_kernels) = {
    .softmax_backward = softmax_backward,
    .weighted_sum = weighted_sum,
    .weighted_sum_backward = weighted_sum_backward,
};
