/* e_j = q.h_j / sqrt(K) (Vaswani 2017, 3.2.1): the variance of the sum does not grow with its K
 * terms. Query and annotation are of one width. */
#include "base/simd.h"
#include "compute/vmath.h"
#include "nn/score_product.h"

static void energy(int n, const real *q, int first, struct mat keys, const real *v, real *e)
{
    const real factor = 1 / vmath_sqrt((real)n);
    score_product(n, q, first, keys, v, e);
    for (int j = 0; j < keys.rows; j++)
        e[j] *= factor;
}

static void energy_backward(int n, const real *q, int first, struct mat keys, const real *v,
                            const real *d_e, real *d_q, struct mat d_keys, real *d_v)
{
    (void)first;
    (void)v;
    (void)d_v;
    score_product_add(n, q, keys, 1 / vmath_sqrt((real)n), d_e, d_q, d_keys);
}

const struct score SIMD(score_scaled) = {
    .name = "scaled",
    .energy = energy,
    .energy_backward = energy_backward,
};
