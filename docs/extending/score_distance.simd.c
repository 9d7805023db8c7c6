/* e_j = -|q - h_j|^2 / 2: what is near to the query is looked at. Query and annotation are of one
 * width.
 *
 * backward:  dq += de_j (h_j - q)        dh_j += de_j (q - h_j) */
#include "base/simd.h"
#include "nn/attention.h"

static void energy(int n, const real *q, int first, struct mat keys, const real *v, real *e)
{
    (void)first;
    (void)v;
    for (int j = 0; j < keys.rows; j++) {
        const real *key = mat_row(keys, j);
        real sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int k = 0; k < n; k++)
            sum += (q[k] - key[k]) * (q[k] - key[k]);
        e[j] = -sum / 2;
    }
}

static void energy_backward(int n, const real *q, int first, struct mat keys, const real *v,
                            const real *d_e, real *d_q, struct mat d_keys, real *d_v)
{
    (void)first;
    (void)v;
    (void)d_v;
    for (int j = 0; j < keys.rows; j++) {
        const real *key = mat_row(keys, j);
        real *d_key = mat_row(d_keys, j);
#pragma omp simd
        for (int k = 0; k < n; k++) {
            real d = d_e[j] * (key[k] - q[k]);
            d_q[k] += d;
            d_key[k] -= d;
        }
    }
}

const struct score SIMD(score_distance) = {
    .name = "distance",
    .energy = energy,
    .energy_backward = energy_backward,
};
