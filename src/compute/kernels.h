/* kernels.h -- elementwise and row kernels shared by the network's parts.
 *
 * Results are functions of the values and the instruction set alone: not of alignment, of a row's
 * place in its matrix, or of the thread. Sums run in a fixed order. */
#ifndef SATZ_COMPUTE_KERNELS_H
#define SATZ_COMPUTE_KERNELS_H

#include <stdint.h>

#include "base/simd.h"
#include "compute/mat.h"

struct kernels {
    /* Each row of x becomes its softmax, with the row's maximum subtracted first. A row of -inf
     * only becomes NaN. */
    void (*softmax_rows)(struct mat x);
    /* out[r] = log sum_c exp(x[r][c]). */
    void (*log_sum_exp_rows)(struct mat x, real *out);

    /* Zeroes each element with probability p in [0, 1) and multiplies the others by 1 / (1 - p).
     * Element (r, c) is decided by rng_u32(key, base + r * cols + c): the same call on the gradient
     * is the backward pass. */
    void (*dropout)(struct mat x, double p, uint64_t key, uint32_t base);

    void (*add_rows)(struct mat y, struct mat x);          /* y += x */
    void (*add_bias_rows)(struct mat x, const real *bias); /* each row += bias [cols] */
    void (*column_sums)(struct mat x, real *sums);         /* sums [cols] += sum of the rows */

    void (*tanh_rows)(struct mat x);                               /* x = tanh x */
    void (*tanh_backward_rows)(struct mat gradient, struct mat y); /* gradient *= 1 - y^2 */

    double (*sum_of_squares)(size_t n, const real *x); /* in double */
    /* x = factor x, cut to +-limit unless that is 0; infinities stay. The sum of squares. */
    double (*scale)(size_t n, real *x, real factor, real limit);
};

SIMD_DECLARE(const struct kernels, kernels);

/* The table for this processor. It asks the environment: keep the pointer, don't call per step. */
static inline const struct kernels *kernels_best(void)
{
    return SIMD_BEST(kernels);
}

#endif
