/* Sums go through LANES partial sums whatever the vector width, so that their order is fixed. */
#include "compute/kernels.h"

#include <assert.h>
#include <float.h>
#include <math.h>

#include "base/rng.h"
#include "compute/vmath.h"

enum { LANES = 32, BLOCK = 256 };

/* Adds the lanes pairwise. */
static real add_lanes(real *lanes)
{
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++)
            lanes[i] += lanes[i + half];
    return lanes[0];
}

static real sum(size_t n, const real *x)
{
    real lanes[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
#pragma omp simd
        for (int l = 0; l < LANES; l++)
            lanes[l] += x[i + (size_t)l];
    for (int l = 0; i < n; i++, l++)
        lanes[l] += x[i];
    return add_lanes(lanes);
}

static double sum_of_squares(size_t n, const real *x)
{
    double lanes[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
#pragma omp simd
        for (int l = 0; l < LANES; l++)
            lanes[l] += (double)x[i + (size_t)l] * (double)x[i + (size_t)l];
    for (int l = 0; i < n; i++, l++)
        lanes[l] += (double)x[i] * (double)x[i];
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int l = 0; l < half; l++)
            lanes[l] += lanes[l + half];
    return lanes[0];
}

static double scale(size_t n, real *x, real factor, real limit)
{
    const real most = sizeof(real) == sizeof(float) ? (real)FLT_MAX : (real)DBL_MAX;
    if (limit <= 0)
        limit = most;
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        real y = x[i] * factor;
        real cut = y > limit ? limit : y < -limit ? -limit : y;
        x[i] = y > most || y < -most ? y : cut;
    }
    return sum_of_squares(n, x);
}

/* NaN may be passed over. */
static real maximum(size_t n, const real *x)
{
    real lanes[LANES];
    for (int l = 0; l < LANES; l++)
        lanes[l] = -(real)INFINITY;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
#pragma omp simd
        for (int l = 0; l < LANES; l++)
            lanes[l] = x[i + (size_t)l] > lanes[l] ? x[i + (size_t)l] : lanes[l];
    for (; i < n; i++)
        lanes[0] = x[i] > lanes[0] ? x[i] : lanes[0];
    for (int l = 1; l < LANES; l++)
        lanes[0] = lanes[l] > lanes[0] ? lanes[l] : lanes[0];
    return lanes[0];
}

static void softmax_rows(struct mat x)
{
    size_t n = (size_t)x.cols;
    for (int r = 0; r < x.rows; r++) {
        real *row = mat_row(x, r), most = maximum(n, row);
#pragma omp simd
        for (size_t i = 0; i < n; i++)
            row[i] = vmath_exp(row[i] - most);
        real factor = 1 / sum(n, row);
#pragma omp simd
        for (size_t i = 0; i < n; i++)
            row[i] *= factor;
    }
}

static void log_sum_exp_rows(struct mat x, real *out)
{
    size_t n = (size_t)x.cols;
    for (int r = 0; r < x.rows; r++) {
        const real *row = mat_row(x, r);
        real most = maximum(n, row), total = 0, block[BLOCK];
        for (size_t from = 0; from < n; from += BLOCK) {
            size_t width = n - from < BLOCK ? n - from : BLOCK;
#pragma omp simd
            for (size_t i = 0; i < width; i++)
                block[i] = vmath_exp(row[from + i] - most);
            total += sum(width, block);
        }
        out[r] = most + (real)log((double)total);
    }
}

static void dropout(struct mat x, double p, uint64_t key, uint32_t base)
{
    assert(p >= 0 && p < 1);
    uint32_t threshold = (uint32_t)(p * 0x1p32);
    real factor = (real)(1 / (1 - p));
    for (int r = 0; r < x.rows; r++) {
        real *row = mat_row(x, r);
        uint32_t first = base + (uint32_t)r * (uint32_t)x.cols;
#pragma omp simd
        for (int i = 0; i < x.cols; i++)
            row[i] = rng_u32(key, first + (uint32_t)i) >= threshold ? row[i] * factor : 0;
    }
}

static void add_rows(struct mat y, struct mat x)
{
    assert(y.rows == x.rows && y.cols == x.cols);
    for (int r = 0; r < y.rows; r++) {
        real *to = mat_row(y, r);
        const real *from = mat_row(x, r);
#pragma omp simd
        for (int i = 0; i < y.cols; i++)
            to[i] += from[i];
    }
}

static void add_bias_rows(struct mat x, const real *bias)
{
    for (int r = 0; r < x.rows; r++) {
        real *row = mat_row(x, r);
#pragma omp simd
        for (int i = 0; i < x.cols; i++)
            row[i] += bias[i];
    }
}

static void column_sums(struct mat x, real *sums)
{
    for (int r = 0; r < x.rows; r++) {
        const real *row = mat_row(x, r);
#pragma omp simd
        for (int i = 0; i < x.cols; i++)
            sums[i] += row[i];
    }
}

static void tanh_rows(struct mat x)
{
    for (int r = 0; r < x.rows; r++) {
        real *row = mat_row(x, r);
#pragma omp simd
        for (int i = 0; i < x.cols; i++)
            row[i] = vmath_tanh(row[i]);
    }
}

static void tanh_backward_rows(struct mat gradient, struct mat y)
{
    assert(gradient.rows == y.rows && gradient.cols == y.cols);
    for (int r = 0; r < y.rows; r++) {
        real *g = mat_row(gradient, r);
        const real *t = mat_row(y, r);
#pragma omp simd
        for (int i = 0; i < y.cols; i++)
            g[i] *= 1 - t[i] * t[i];
    }
}

const struct kernels SIMD(kernels) = {
    .softmax_rows = softmax_rows,
    .log_sum_exp_rows = log_sum_exp_rows,
    .dropout = dropout,
    .add_rows = add_rows,
    .add_bias_rows = add_bias_rows,
    .column_sums = column_sums,
    .tanh_rows = tanh_rows,
    .tanh_backward_rows = tanh_backward_rows,
    .sum_of_squares = sum_of_squares,
    .scale = scale,
};
