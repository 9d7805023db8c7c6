/* e_j = v.tanh(Wq q + Wk h_j) (Bahdanau 2014, A.1.2; Luong 2015's concat, W = [Wq Wk]).
 *
 * backward, u = tanh(q + k_j):  dv += de_j u    dq += de_j v (1 - u^2)    dk_j += de_j v (1 - u^2)
 * u is computed again rather than kept: that costs less than the traffic.
 *
 * prepared: tanh(q + k) = 1 - 2 / (1 + e^2q e^2k), and sum_i v_i is the same for all j. */
#include "base/simd.h"
#include "compute/vmath.h"
#include "nn/attention.h"

#if defined(__AVX512F__) && !defined(SATZ_DOUBLE)
#include <immintrin.h>
#endif

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

/* x = e^2x of x cut to what single precision has both e^2x and e^-2x of: only where query and key
 * are both beyond it, on opposite sides, is their sum another than before. */
static void prepare(struct mat x)
{
    const real limit = 43;
    for (int r = 0; r < x.rows; r++) {
        real *row = mat_row(x, r);
#pragma omp simd
        for (int k = 0; k < x.cols; k++) {
            real y = row[k] > limit ? limit : row[k];
            row[k] = vmath_exp(2 * (y < -limit ? -limit : y));
        }
    }
}

/* sum_i v_i / (1 + q_i k_i) of the elements from `i` on. */
static real sum_of_ratios(int i, int n, const real *restrict q, const real *restrict k,
                          const real *restrict v)
{
    real sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int at = i; at < n; at++)
        sum += v[at] / (1 + q[at] * k[at]);
    return sum;
}

static void prepared_energy(int n, const real *restrict q, int first, struct mat keys,
                            const real *restrict v, real *restrict e)
{
    (void)first;
    for (int j = 0; j < keys.rows; j++) {
        const real *key = mat_row(keys, j);
        real sum = 0;
        int i = 0;
#if defined(__AVX512F__) && !defined(SATZ_DOUBLE)
        /* A division takes twice as long as an estimate and a step of Newton's. */
        const __m512 one = _mm512_set1_ps(1), two = _mm512_set1_ps(2), most = _mm512_set1_ps(1e37f);
        __m512 sums = _mm512_setzero_ps();
        for (; i + 16 <= n; i += 16) {
            __m512 x = _mm512_fmadd_ps(_mm512_loadu_ps(q + i), _mm512_loadu_ps(key + i), one);
            x = _mm512_min_ps(most, x); /* which is x if that is NaN */
            __m512 y = _mm512_rcp14_ps(x);
            y = _mm512_mul_ps(y, _mm512_fnmadd_ps(x, y, two));
            sums = _mm512_fmadd_ps(y, _mm512_loadu_ps(v + i), sums);
        }
        sum = _mm512_reduce_add_ps(sums);
#endif
        e[j] = -2 * (sum + sum_of_ratios(i, n, q, key, v));
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
    .prepare = prepare,
    .prepared_energy = prepared_energy,
    .energy_backward = energy_backward,
};
