/* The simple recurrent network with rectified units (Le, Jaitly and Hinton 2015), as PyTorch's
 * nn.RNN with nonlinearity="relu":
 *
 *   a = x W_ih^T + h W_hh^T + b
 *   h' = max(a, 0)
 *
 * backward, given dh':
 *   da = dh' where h' > 0, 0 elsewhere
 *   dh = da W_hh */
#include "base/simd.h"
#include "compute/vmath.h"
#include "nn/rnn.h"

static int declare(struct rnn *rnn, const char *prefix, struct params *p, struct weights *w,
                   struct satz_error *err)
{
    if (rnn_declare_recurrent(rnn, prefix, 1, (const int[]){1}, p, w, err) < 0)
        return -1;
    rnn->bias_param = rnn_declare_vector(rnn, prefix, "bias", 1, 0, 0, 0, p, err);
    return rnn->bias_param < 0 ? -1 : 0;
}

static void row_forward(int n, const real *restrict a, const real *restrict bias,
                        real *restrict next)
{
#pragma omp simd
    for (int j = 0; j < n; j++) {
        real sum = a[j] + bias[j];
        next[j] = sum > 0 ? sum : 0;
    }
}

static void forward(const struct pass *pass, const struct rnn *rnn, struct cell_step s)
{
    weight_forward(pass, rnn->recurrent[0], s.previous, 1, s.gates);
    const real *bias = params_mat(pass->params, rnn->bias_param).data;
    for (int r = 0; r < s.gates.rows; r++)
        row_forward(rnn->options.hidden, mat_row(s.gates, r), bias, mat_row(s.next, r));
}

static void row_backward(int n, real *restrict a, const real *restrict next,
                         const real *restrict dh)
{
#pragma omp simd
    for (int j = 0; j < n; j++)
        a[j] = next[j] > 0 ? dh[j] : 0;
}

static void backward(const struct pass *pass, const struct rnn *rnn, struct cell_step s)
{
    for (int r = 0; r < s.gates.rows; r++)
        row_backward(rnn->options.hidden, mat_row(s.gates, r), mat_row(s.next, r),
                     mat_row(s.d_state, r));
    weight_backward(pass, rnn->recurrent[0], s.gates, 0, s.d_state);
}

static void gradients(const struct pass *pass, const struct rnn *rnn, struct cell_step all)
{
    weight_gradient(pass, rnn->recurrent[0], all.gates, all.previous);
    bias_gradient(pass, rnn->bias_param, all.gates);
}

const struct cell SIMD(cell_rnn_relu) = {
    .name = "rnn_relu",
    .gates = 1,
    .states = 1,
    .declare = declare,
    .forward = forward,
    .backward = backward,
    .weight_gradient = gradients,
};
