/* Update gate RNN (Collins, Sohl-Dickstein and Sussillo 2016, equations 9-11), gates g c:
 *
 *   a = x W_ih^T + h W_hh^T + b          rows of W in the order g c
 *   g = sigmoid(a_g)                     c = tanh(a_c)
 *   h' = g h + (1 - g) c
 *
 * backward, given dh':
 *   da_g = dh' (h - c) g (1 - g)         da_c = dh' (1 - g) (1 - c^2)
 *   dh = dh' g + da W_hh
 *
 * The gate's bias begins as model.forget_bias: at first the state lives long. */
#include "base/simd.h"
#include "compute/vmath.h"
#include "nn/rnn.h"

static int declare(struct rnn *rnn, const char *prefix, struct params *p, struct weights *w,
                   struct satz_error *err)
{
    if (rnn_declare_recurrent(rnn, prefix, 1, (const int[]){2}, p, w, err) < 0)
        return -1;
    rnn->bias_param =
        rnn_declare_vector(rnn, prefix, "bias", 2, 0, 1, rnn->options.forget_bias, p, err);
    return rnn->bias_param < 0 ? -1 : 0;
}

static void row_forward(int n, real *restrict a, const real *restrict bias, const real *restrict h,
                        real *restrict next)
{
#pragma omp simd
    for (int j = 0; j < n; j++) {
        real g = vmath_sigmoid(a[j] + bias[j]);
        real c = vmath_tanh(a[n + j] + bias[n + j]);
        a[j] = g;
        a[n + j] = c;
        next[j] = c + g * (h[j] - c);
    }
}

static void forward(const struct pass *pass, const struct rnn *rnn, struct cell_step s)
{
    weight_forward(pass, rnn->recurrent[0], s.previous, 1, s.gates);
    const real *bias = params_mat(pass->params, rnn->bias_param).data;
    for (int r = 0; r < s.gates.rows; r++)
        row_forward(rnn->options.hidden, mat_row(s.gates, r), bias, mat_row(s.previous, r),
                    mat_row(s.next, r));
}

/* a holds g and c on entry and their gradients on return; dh only its part by way of g. */
static void row_backward(int n, real *restrict a, const real *restrict h, real *restrict dh)
{
#pragma omp simd
    for (int j = 0; j < n; j++) {
        real g = a[j], c = a[n + j];
        a[j] = dh[j] * (h[j] - c) * g * (1 - g);
        a[n + j] = dh[j] * (1 - g) * (1 - c * c);
        dh[j] *= g;
    }
}

static void backward(const struct pass *pass, const struct rnn *rnn, struct cell_step s)
{
    for (int r = 0; r < s.gates.rows; r++)
        row_backward(rnn->options.hidden, mat_row(s.gates, r), mat_row(s.previous, r),
                     mat_row(s.d_state, r));
    weight_backward(pass, rnn->recurrent[0], s.gates, 1, s.d_state);
}

static void gradients(const struct pass *pass, const struct rnn *rnn, struct cell_step all)
{
    weight_gradient(pass, rnn->recurrent[0], all.gates, all.previous);
    bias_gradient(pass, rnn->bias_param, all.gates);
}

const struct cell SIMD(cell_ugrnn) = {
    .name = "ugrnn",
    .gates = 2,
    .states = 1,
    .declare = declare,
    .forward = forward,
    .backward = backward,
    .weight_gradient = gradients,
};
