/* kernels.h -- elementwise work on matrices, one table per instruction set. */
#ifndef SATZ_COMPUTE_KERNELS_H
#define SATZ_COMPUTE_KERNELS_H

#include <stdint.h>

#include "base/simd.h"
#include "compute/mat.h"

struct kernels {
    /* y += x, of equal shape */
    void (*add)(struct mat y, struct mat x);
    /* every row of y += bias [cols] */
    void (*add_bias)(struct mat y, const real *bias);
    /* sums [cols] += column sums of x, row by row */
    void (*column_sums)(struct mat x, real *sums);
    /* y = tanh(y) */
    void (*tanh)(struct mat y);
    /* d *= 1 - y^2 where y = tanh(.) */
    void (*tanh_backward)(struct mat y, struct mat d);
    /* Inverted dropout: element i = first + r * cols + c is kept and scaled by 1 / (1 - rate) when
     * rng_u32(key, i) >= rate * 2^32, and set to 0 otherwise. */
    void (*dropout)(uint64_t key, real rate, uint32_t first, struct mat y);
    /* Sum of squares, in double, in a fixed order. */
    double (*sum_of_squares)(size_t n, const real *x);
};

SIMD_DECLARE(const struct kernels, kernels);

#endif
