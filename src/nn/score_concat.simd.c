/* e_j = v.tanh(Wq q + Wk h_j) (Bahdanau 2014, A.1.2; Luong 2015's concat, W = [Wq Wk]).
 *
 * backward, u = tanh(q + k_j):  dv += de_j u    dq += de_j v (1 - u^2)    dk_j += de_j v (1 - u^2)
 * u is computed again rather than kept: that costs less than the traffic. */
#include "base/simd.h"
#include "compute/vmath.h"
#include "nn/attention.h"

static void energy(int n, const real *restrict q, int first, struct mat keys,
                   const real *restrict v, real *restrict e)
{
    (void)first;
    for (int j = 0; j < keys.rows; j++) {
        const real *key = mat_row(keys, j);
        real sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int k = 0; k < n; k++)
            sum += v[k] * vmath_tanh_quick(q[k] + key[k]);
        e[j] = sum;
    }
}

static void energy_backward(int n, const real *restrict q, int first, struct mat keys,
                            const real *restrict v, const real *restrict d_e, real *restrict d_q,
                            struct mat d_keys, real *restrict d_v)
{
    (void)first;
    for (int j = 0; j < keys.rows; j++) {
        const real *restrict key = mat_row(keys, j);
        real *restrict d_key = mat_row(d_keys, j);
        real d = d_e[j];
#pragma omp simd
        for (int k = 0; k < n; k++) {
            real u = vmath_tanh_quick(q[k] + key[k]);
            real d_sum = d * v[k] * (1 - u * u);
            d_v[k] += d * u;
            d_q[k] += d_sum;
            d_key[k] += d_sum;
        }
    }
}

const struct score SIMD(score_concat) = {
    .name = "concat",
    .projects_query = true,
    .projects_key = true,
    .has_v = true,
    .energy = energy,
    .energy_backward = energy_backward,
};
