/* score_product.h -- the scalar product e_j = q.k_j, which dot, general and scaled share. */
#ifndef SATZ_NN_SCORE_PRODUCT_H
#define SATZ_NN_SCORE_PRODUCT_H

#include "nn/attention.h"

static inline void score_product(int n, const real *q, int first, struct mat keys, const real *v,
                                 real *e)
{
    (void)first;
    (void)v;
    for (int j = 0; j < keys.rows; j++) {
        const real *key = mat_row(keys, j);
        real sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int k = 0; k < n; k++)
            sum += q[k] * key[k];
        e[j] = sum;
    }
}

/* The backward pass of factor q.k_j. */
static inline void score_product_add(int n, const real *q, struct mat keys, real factor,
                                     const real *d_e, real *d_q, struct mat d_keys)
{
    for (int j = 0; j < keys.rows; j++) {
        const real *key = mat_row(keys, j);
        real *d_key = mat_row(d_keys, j);
        real d = factor * d_e[j];
#pragma omp simd
        for (int k = 0; k < n; k++) {
            d_q[k] += d * key[k];
            d_key[k] += d * q[k];
        }
    }
}

static inline void score_product_backward(int n, const real *q, int first, struct mat keys,
                                          const real *v, const real *d_e, real *d_q,
                                          struct mat d_keys, real *d_v)
{
    (void)first;
    (void)v;
    (void)d_v;
    score_product_add(n, q, keys, 1, d_e, d_q, d_keys);
}

#endif
