/* LSTM with peepholes (Gers and Schmidhuber 2000; Gers, Schraudolph and Schmidhuber 2002), in the
 * conventions of our lstm:
 *
 *   a = x W_ih^T + h W_hh^T + b                 rows of W in the order i f g o
 *   i = sigmoid(a_i + p_i c)  f = sigmoid(a_f + p_f c)  g = tanh(a_g)
 *   c' = f c + i g
 *   o = sigmoid(a_o + p_o c')
 *   h' = o tanh(c')
 *
 * backward, given dh' and dc':
 *   t = tanh(c')             da_o = dh' t o (1 - o)
 *   dc' += dh' o (1 - t^2) + da_o p_o
 *   da_i = dc' g i (1 - i)   da_f = dc' c f (1 - f)   da_g = dc' i (1 - g^2)
 *   dc = dc' f + da_i p_i + da_f p_f                  dh = da W_hh
 *   dp_i = da_i c            dp_f = da_f c            dp_o = da_o c'
 *
 * p is PREFIX.peephole [1, 3H], p_i p_f p_o, and begins as 0: the cell begins as lstm. */
#include "base/simd.h"
#include "compute/vmath.h"
#include "nn/rnn.h"

enum { PEEPHOLE };

static int declare(struct rnn *rnn, const char *prefix, struct params *p, struct weights *w,
                   struct satz_error *err)
{
    if (rnn_declare_recurrent(rnn, prefix, 1, (const int[]){4}, p, w, err) < 0)
        return -1;
    rnn->bias_param =
        rnn_declare_vector(rnn, prefix, "bias", 4, 1, 1, rnn->options.forget_bias, p, err);
    rnn->more_param[PEEPHOLE] = rnn_declare_vector(rnn, prefix, "peephole", 3, 0, 0, 0, p, err);
    return rnn->bias_param < 0 || rnn->more_param[PEEPHOLE] < 0 ? -1 : 0;
}

static void gates_forward(int n, real *restrict a, const real *restrict bias,
                          const real *restrict p, const real *restrict keep, const real *restrict c,
                          real *restrict h_next, real *restrict c_next)
{
#pragma omp simd
    for (int j = 0; j < n; j++) {
        real i = vmath_sigmoid(a[j] + bias[j] + p[j] * c[j]);
        real f = vmath_sigmoid(a[n + j] + bias[n + j] + p[n + j] * c[j]);
        real g = vmath_tanh(a[2 * n + j] + bias[2 * n + j]);
        real cell = f * c[j] + i * (keep[j] * g);
        real o = vmath_sigmoid(a[3 * n + j] + bias[3 * n + j] + p[2 * n + j] * cell);
        a[j] = i;
        a[n + j] = f;
        a[2 * n + j] = g;
        a[3 * n + j] = o;
        c_next[j] = cell;
        h_next[j] = o * vmath_tanh(cell);
    }
}

static void forward(const struct pass *pass, const struct rnn *rnn, struct cell_step s)
{
    int hidden = rnn->options.hidden;
    weight_forward(pass, rnn->recurrent[0], mat_cols(s.previous, 0, hidden), 1, s.gates);
    const real *bias = params_mat(pass->params, rnn->bias_param).data;
    const real *p = params_mat(pass->params, rnn->more_param[PEEPHOLE]).data;
    for (int r = 0; r < s.gates.rows; r++) {
        real *next = mat_row(s.next, r);
        gates_forward(hidden, mat_row(s.gates, r), bias, p, mat_row(s.keep, r),
                      mat_row(s.previous, r) + hidden, next, next + hidden);
    }
}

/* a holds the activations on entry and the gradients of the pre-activations on return. */
static void gates_backward(int n, real *restrict a, const real *restrict p,
                           const real *restrict keep, const real *restrict c,
                           const real *restrict c_next, const real *restrict dh, real *restrict dc)
{
#pragma omp simd
    for (int j = 0; j < n; j++) {
        real i = a[j], f = a[n + j], g = a[2 * n + j], o = a[3 * n + j];
        real t = vmath_tanh(c_next[j]);
        real d_o = dh[j] * t * o * (1 - o);
        real d = dc[j] + dh[j] * o * (1 - t * t) + d_o * p[2 * n + j];
        real d_i = d * (keep[j] * g) * i * (1 - i), d_f = d * c[j] * f * (1 - f);
        a[j] = d_i;
        a[n + j] = d_f;
        a[2 * n + j] = d * i * keep[j] * (1 - g * g);
        a[3 * n + j] = d_o;
        dc[j] = d * f + d_i * p[j] + d_f * p[n + j];
    }
}

static void backward(const struct pass *pass, const struct rnn *rnn, struct cell_step s)
{
    int hidden = rnn->options.hidden;
    const real *p = params_mat(pass->params, rnn->more_param[PEEPHOLE]).data;
    for (int r = 0; r < s.gates.rows; r++) {
        real *d = mat_row(s.d_state, r);
        gates_backward(hidden, mat_row(s.gates, r), p, mat_row(s.keep, r),
                       mat_row(s.previous, r) + hidden, mat_row(s.next, r) + hidden, d, d + hidden);
    }
    weight_backward(pass, rnn->recurrent[0], s.gates, 0, mat_cols(s.d_state, 0, hidden));
}

static void peephole_gradient(int n, const real *restrict da, const real *restrict c,
                              const real *restrict c_next, real *restrict dp)
{
#pragma omp simd
    for (int j = 0; j < n; j++) {
        dp[j] += da[j] * c[j];
        dp[n + j] += da[n + j] * c[j];
        dp[2 * n + j] += da[3 * n + j] * c_next[j];
    }
}

static void gradients(const struct pass *pass, const struct rnn *rnn, struct cell_step all)
{
    int hidden = rnn->options.hidden;
    real *dp = params_view(pass->params, pass->gradients, rnn->more_param[PEEPHOLE]).data;
    weight_gradient(pass, rnn->recurrent[0], all.gates, mat_cols(all.previous, 0, hidden));
    bias_gradient(pass, rnn->bias_param, all.gates);
    for (int r = 0; r < all.gates.rows; r++)
        peephole_gradient(hidden, mat_row(all.gates, r), mat_row(all.previous, r) + hidden,
                          mat_row(all.next, r) + hidden, dp);
}

const struct cell SIMD(cell_lstm_peephole) = {
    .name = "lstm_peephole",
    .gates = 4,
    .states = 2,
    .declare = declare,
    .forward = forward,
    .backward = backward,
    .weight_gradient = gradients,
};
