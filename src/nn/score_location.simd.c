/* e_j = (W q)_j (Luong 2015, 3.1, equation 8): the query alone tells where to look, and what stands
 * there is not seen. W is PREFIX.query [K, Q], a row for each of K = attention.positions. Luong's
 * softmax ends there; here the words beyond share the last row.
 *
 * backward:  d(W q)_j += de_j */
#include "base/simd.h"
#include "nn/attention.h"

static void energy(int n, const real *q, int first, struct mat keys, const real *v, real *e)
{
    (void)v;
    for (int j = 0; j < keys.rows; j++)
        e[j] = q[first + j < n ? first + j : n - 1];
}

static void energy_backward(int n, const real *q, int first, struct mat keys, const real *v,
                            const real *d_e, real *d_q, struct mat d_keys, real *d_v)
{
    (void)q;
    (void)v;
    (void)d_keys;
    (void)d_v;
    for (int j = 0; j < keys.rows; j++)
        d_q[first + j < n ? first + j : n - 1] += d_e[j];
}

const struct score SIMD(score_location) = {
    .name = "location",
    .projects_query = true,
    .blind = true,
    .energy = energy,
    .energy_backward = energy_backward,
};
