#include "base/simd.h"
#include "nn/attention.h"

enum { BLOCK = 64 };

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

/* n <= BLOCK columns; constant where this is inlined, so that the sums are registers. */
static inline __attribute__((always_inline)) void sum_columns(const real *alpha, struct mat h,
                                                              int n, real *restrict c)
{
    real sum[BLOCK] = {0};
    for (int j = 0; j < h.rows; j++) {
        const real *row = mat_row(h, j);
        real a = alpha[j];
#pragma omp simd
        for (int k = 0; k < n; k++)
            sum[k] += a * row[k];
    }
    memcpy(c, sum, (size_t)n * sizeof *c);
}

static void weighted_sum(const real *alpha, struct mat h, real *restrict c)
{
    int k = 0;
    for (; k + BLOCK <= h.cols; k += BLOCK)
        sum_columns(alpha, mat_cols(h, k, BLOCK), BLOCK, c + k);
    if (k < h.cols)
        sum_columns(alpha, mat_cols(h, k, h.cols - k), h.cols - k, c + k);
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

static real product(int n, const real *x, const real *y)
{
    real sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int k = 0; k < n; k++)
        sum += x[k] * y[k];
    return sum;
}

static void add_scaled(int n, real a, const real *restrict x, real *restrict y)
{
#pragma omp simd
    for (int k = 0; k < n; k++)
        y[k] += a * x[k];
}

static void cover(struct mat keys, const real *coverage, const real *restrict w, struct mat covered)
{
    for (int j = 0; j < keys.rows; j++) {
        const real *key = mat_row(keys, j);
        real *restrict to = mat_row(covered, j);
        real c = coverage[j];
#pragma omp simd
        for (int k = 0; k < keys.cols; k++)
            to[k] = key[k] + c * w[k];
    }
}

static void cover_backward(struct mat d_covered, const real *coverage, const real *restrict w,
                           struct mat d_keys, real *restrict d_w, real *d_coverage)
{
    for (int j = 0; j < d_covered.rows; j++) {
        const real *restrict d = mat_row(d_covered, j);
        real *restrict d_key = mat_row(d_keys, j);
        real c = coverage[j], sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int k = 0; k < d_covered.cols; k++) {
            d_key[k] += d[k];
            d_w[k] += c * d[k];
            sum += d[k] * w[k];
        }
        d_coverage[j] += sum;
    }
}

const struct attention_kernels SIMD(attention_kernels) = {
    .softmax_backward = softmax_backward,
    .weighted_sum = weighted_sum,
    .weighted_sum_backward = weighted_sum_backward,
    .product = product,
    .add_scaled = add_scaled,
    .cover = cover,
    .cover_backward = cover_backward,
};
