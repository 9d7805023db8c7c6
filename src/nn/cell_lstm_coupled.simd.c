/* LSTM with coupled gates (Greff et al. 2015, CIFG): what is forgotten makes room for what is new.
 * In the conventions of our lstm, with i = 1 - f and no peepholes:
 *
 *   a = x W_ih^T + h W_hh^T + b          rows of W in the order f g o
 *   f = sigmoid(a_f)  g = tanh(a_g)  o = sigmoid(a_o)
 *   c' = f c + (1 - f) g
 *   h' = o tanh(c')
 *
 * backward, given dh' and dc':
 *   t = tanh(c')                       dc' += dh' o (1 - t^2)
 *   da_f = dc' (c - g) f (1 - f)       da_g = dc' (1 - f) (1 - g^2)
 *   da_o = dh' t o (1 - o)
 *   dc = dc' f                         dh = da W_hh */
#include "base/simd.h"
#include "compute/vmath.h"
#include "nn/rnn.h"

static int declare(struct rnn *rnn, const char *prefix, struct params *p, struct weights *w,
                   struct satz_error *err)
{
    if (rnn_declare_recurrent(rnn, prefix, 1, (const int[]){3}, p, w, err) < 0)
        return -1;
    rnn->bias_param =
        rnn_declare_vector(rnn, prefix, "bias", 3, 0, 1, rnn->options.forget_bias, p, err);
    return rnn->bias_param < 0 ? -1 : 0;
}

static void gates_forward(int n, real *restrict a, const real *restrict bias,
                          const real *restrict keep, const real *restrict c, real *restrict h_next,
                          real *restrict c_next)
{
#pragma omp simd
    for (int j = 0; j < n; j++) {
        real f = vmath_sigmoid(a[j] + bias[j]);
        real g = vmath_tanh(a[n + j] + bias[n + j]);
        real o = vmath_sigmoid(a[2 * n + j] + bias[2 * n + j]);
        real cell = keep[j] * g + f * (c[j] - keep[j] * g);
        a[j] = f;
        a[n + j] = g;
        a[2 * n + j] = o;
        c_next[j] = cell;
        h_next[j] = o * vmath_tanh(cell);
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
        real f = a[j], g = a[n + j], o = a[2 * n + j];
        real t = vmath_tanh(c_next[j]);
        real d = dc[j] + dh[j] * o * (1 - t * t);
        a[j] = d * (c[j] - keep[j] * g) * f * (1 - f);
        a[n + j] = d * (1 - f) * keep[j] * (1 - g * g);
        a[2 * n + j] = dh[j] * t * o * (1 - o);
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

const struct cell SIMD(cell_lstm_coupled) = {
    .name = "lstm_coupled",
    .gates = 3,
    .states = 2,
    .declare = declare,
    .forward = forward,
    .backward = backward,
    .weight_gradient = gradients,
};
