/* layer_norm.h -- layer normalisation (Ba, Kiros and Hinton 2016, equations 3 and 4) of one row,
 * for use in SIMD files:
 *
 *   y = gain x^,   x^ = (x - mean) deviation^-1,   deviation^2 = mean of (x - mean)^2 + 1e-5
 *
 * backward, given dy, over the n elements:
 *   dx^ = dy gain    dx = (dx^ - mean of dx^ - x^ mean of (dx^ x^)) deviation^-1
 *
 * Sums go through lanes, so that their order is fixed. */
#ifndef SATZ_NN_LAYER_NORM_H
#define SATZ_NN_LAYER_NORM_H

#include "compute/vmath.h"

enum { LAYER_NORM_LANES = 32 };

struct layer_norm {
    real mean, inverse; /* of the deviation */
};

/* Adds lane l + k * LAYER_NORM_LANES to lane l, pairwise. */
static inline real layer_norm_add(real *lanes)
{
    for (int half = LAYER_NORM_LANES / 2; half > 0; half /= 2)
        for (int l = 0; l < half; l++)
            lanes[l] += lanes[l + half];
    return lanes[0];
}

/* Sums of EXPRESSION, in which j is the element. */
#define LAYER_NORM_SUM(total, n, expression)                                                       \
    do {                                                                                           \
        real lanes[LAYER_NORM_LANES] = {0};                                                        \
        int at = 0;                                                                                \
        for (; at + LAYER_NORM_LANES <= (n); at += LAYER_NORM_LANES)                               \
            _Pragma("omp simd") for (int l = 0; l < LAYER_NORM_LANES; l++)                         \
            {                                                                                      \
                int j = at + l;                                                                    \
                lanes[l] += (expression);                                                          \
            }                                                                                      \
        for (int l = 0; at + l < (n); l++) {                                                       \
            int j = at + l;                                                                        \
            lanes[l] += (expression);                                                              \
        }                                                                                          \
        (total) = layer_norm_add(lanes);                                                           \
    } while (0)

static inline struct layer_norm layer_norm_of(int n, const real *x)
{
    real sum, squares;
    LAYER_NORM_SUM(sum, n, x[j]);
    real mean = sum / (real)n;
    LAYER_NORM_SUM(squares, n, (x[j] - mean) * (x[j] - mean));
    return (struct layer_norm){mean, 1 / vmath_sqrt(squares / (real)n + (real)1e-5)};
}

/* One element of x^. */
static inline real layer_norm_at(struct layer_norm s, real x)
{
    return (x - s.mean) * s.inverse;
}

/* dx may be x or dy. Adds to d_gain. */
static inline void layer_norm_backward(int n, struct layer_norm s, const real *gain, const real *dy,
                                       const real *x, real *dx, real *d_gain)
{
    real sum, product;
    LAYER_NORM_SUM(sum, n, dy[j] * gain[j]);
    LAYER_NORM_SUM(product, n, dy[j] * gain[j] * layer_norm_at(s, x[j]));
    sum /= (real)n;
    product /= (real)n;
#pragma omp simd
    for (int j = 0; j < n; j++) {
        real normal = layer_norm_at(s, x[j]), d = dy[j];
        d_gain[j] += d * normal;
        dx[j] = (d * gain[j] - sum - normal * product) * s.inverse;
    }
}

#endif
