#include "compute/kernels.h"

#include "base/rng.h"
#include "compute/vmath.h"

static void add(struct mat y, struct mat x)
{
    assert(y.rows == x.rows && y.cols == x.cols);
    for (int r = 0; r < y.rows; r++) {
        real *restrict to = mat_row(y, r);
        const real *restrict from = mat_row(x, r);
#pragma omp simd
        for (int c = 0; c < y.cols; c++)
            to[c] += from[c];
    }
}

static void add_bias(struct mat y, const real *restrict bias)
{
    for (int r = 0; r < y.rows; r++) {
        real *restrict to = mat_row(y, r);
#pragma omp simd
        for (int c = 0; c < y.cols; c++)
            to[c] += bias[c];
    }
}

static void column_sums(struct mat x, real *restrict sums)
{
    for (int r = 0; r < x.rows; r++) {
        const real *restrict from = mat_row(x, r);
#pragma omp simd
        for (int c = 0; c < x.cols; c++)
            sums[c] += from[c];
    }
}

static void tanh_rows(struct mat y)
{
    for (int r = 0; r < y.rows; r++) {
        real *row = mat_row(y, r);
#pragma omp simd
        for (int c = 0; c < y.cols; c++)
            row[c] = vmath_tanh(row[c]);
    }
}

static void tanh_backward(struct mat y, struct mat d)
{
    assert(y.rows == d.rows && y.cols == d.cols);
    for (int r = 0; r < y.rows; r++) {
        const real *restrict value = mat_row(y, r);
        real *restrict gradient = mat_row(d, r);
#pragma omp simd
        for (int c = 0; c < y.cols; c++)
            gradient[c] *= 1 - value[c] * value[c];
    }
}

static void dropout(uint64_t key, real rate, uint32_t first, struct mat y)
{
    const uint32_t threshold = (uint32_t)((double)rate * 0x1p32);
    const real scale = 1 / (1 - rate);
    for (int r = 0; r < y.rows; r++) {
        real *row = mat_row(y, r);
        uint32_t index = first + (uint32_t)r * (uint32_t)y.cols;
#pragma omp simd
        for (int c = 0; c < y.cols; c++)
            row[c] = rng_u32(key, index + (uint32_t)c) >= threshold ? row[c] * scale : 0;
    }
}

static double sum_of_squares(size_t n, const real *x)
{
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * (double)x[i];
    return sum;
}

const struct kernels SIMD(kernels) = {
    .add = add,
    .add_bias = add_bias,
    .column_sums = column_sums,
    .tanh = tanh_rows,
    .tanh_backward = tanh_backward,
    .dropout = dropout,
    .sum_of_squares = sum_of_squares,
};
