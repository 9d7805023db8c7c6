/* LSTM (Hochreiter and Schmidhuber 1997; forget gate: Gers 2000), in PyTorch's conventions:
 *
 *   a = x W_ih^T + h W_hh^T + b          rows of W in the order i f g o
 *   i = sigmoid(a_i)  f = sigmoid(a_f)  g = tanh(a_g)  o = sigmoid(a_o)
 *   c' = f c + i k g                    k: dropout's factors, or 1 (nn/cell.h)
 *   h' = o tanh(c')
 *
 * backward, given dh' and dc':
 *   t = tanh(c')             dc' += dh' o (1 - t^2)
 *   da_i = dc' k g i (1 - i) da_f = dc' c f (1 - f)
 *   da_g = dc' i k (1 - g^2) da_o = dh' t o (1 - o)
 *   dc = dc' f               dh = da W_hh */
#include "base/simd.h"
#include "compute/vmath.h"
#include "nn/rnn.h"

static int declare(struct rnn *rnn, const char *prefix, struct params *p, struct weights *w,
                   struct satz_error *err)
{
    if (rnn_declare_recurrent(rnn, prefix, 1, (const int[]){4}, p, w, err) < 0)
        return -1;
    rnn->bias_param =
        rnn_declare_vector(rnn, prefix, "bias", 4, 1, 1, rnn->options.forget_bias, p, err);
    return rnn->bias_param < 0 ? -1 : 0;
}

static void gates_forward(int n, real *restrict a, const real *restrict bias,
                          const real *restrict keep, const real *restrict c, real *restrict h_next,
                          real *restrict c_next)
{
#pragma omp simd
    for (int j = 0; j < n; j++) {
        real i = vmath_sigmoid_quick(a[j] + bias[j]);
        real f = vmath_sigmoid_quick(a[n + j] + bias[n + j]);
        real g = vmath_tanh_quick(a[2 * n + j] + bias[2 * n + j]);
        real o = vmath_sigmoid_quick(a[3 * n + j] + bias[3 * n + j]);
        real cell = f * c[j] + i * (keep[j] * g);
        a[j] = i;
        a[n + j] = f;
        a[2 * n + j] = g;
        a[3 * n + j] = o;
        c_next[j] = cell;
        h_next[j] = o * vmath_tanh_quick(cell);
    }
}

static void forward(const struct pass *pass, const struct rnn *rnn, struct cell_step s)
{
    int hidden = rnn->options.hidden;
    weight_forward(pass, rnn->recurrent[0], mat_cols(s.previous, 0, hidden), 1, s.gates);
    const real *bias = params_mat(pass->params, rnn->bias_param).data;
    for (int r = 0; r < s.gates.rows; r++) {
        real *next = mat_row(s.next, r);
        gates_forward(hidden, mat_row(s.gates, r), bias, mat_row(s.keep, r),
                      mat_row(s.previous, r) + hidden, next, next + hidden);
    }
}

/* a holds the activations on entry and the gradients of the pre-activations on return. */
static void gates_backward(int n, real *restrict a, const real *restrict keep,
                           const real *restrict c, const real *restrict c_next,
                           const real *restrict dh, real *restrict dc)
{
#pragma omp simd
    for (int j = 0; j < n; j++) {
        real i = a[j], f = a[n + j], g = a[2 * n + j], o = a[3 * n + j];
        real t = vmath_tanh_quick(c_next[j]);
        real d = dc[j] + dh[j] * o * (1 - t * t);
        a[j] = d * (keep[j] * g) * i * (1 - i);
        a[n + j] = d * c[j] * f * (1 - f);
        a[2 * n + j] = d * i * keep[j] * (1 - g * g);
        a[3 * n + j] = dh[j] * t * o * (1 - o);
        dc[j] = d * f;
    }
}

static void backward(const struct pass *pass, const struct rnn *rnn, struct cell_step s)
{
    int hidden = rnn->options.hidden;
    for (int r = 0; r < s.gates.rows; r++) {
        real *d = mat_row(s.d_state, r);
        gates_backward(hidden, mat_row(s.gates, r), mat_row(s.keep, r),
                       mat_row(s.previous, r) + hidden, mat_row(s.next, r) + hidden, d, d + hidden);
    }
    weight_backward(pass, rnn->recurrent[0], s.gates, 0, mat_cols(s.d_state, 0, hidden));
}

static void gradients(const struct pass *pass, const struct rnn *rnn, struct cell_step all)
{
    weight_gradient(pass, rnn->recurrent[0], all.gates,
                    mat_cols(all.previous, 0, rnn->options.hidden));
    bias_gradient(pass, rnn->bias_param, all.gates);
}

const struct cell SIMD(cell_lstm) = {
    .name = "lstm",
    .gates = 4,
    .states = 2,
    .declare = declare,
    .forward = forward,
    .backward = backward,
    .weight_gradient = gradients,
};
