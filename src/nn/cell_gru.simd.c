/* GRU with the reset gate after the product (Cho et al. 2014, as in cuDNN and PyTorch's nn.GRU):
 *
 *   a = x W_ih^T + b                     rows of W in the order r z n
 *   r = sigmoid(a_r + h W_hr^T)          z = sigmoid(a_z + h W_hz^T)
 *   s = h W_hn^T + b_hn
 *   n = tanh(a_n + r s)
 *   h' = (1 - z) k n + z h                k: dropout's factors, or 1 (nn/cell.h)
 *
 * backward, given dh':
 *   da_n = dh' (1 - z) k (1 - n^2)       da_z = dh' (h - k n) z (1 - z)
 *   da_r = da_n s r (1 - r)              ds = da_n r
 *   dh = dh' z + da_r W_hr + da_z W_hz + ds W_hn
 *
 * b has PyTorch's b_ih + b_hh for r and z and its b_in for n; b_hn is PREFIX.recurrent_bias [1, H].
 * There is no forget gate, and all biases begin as 0. Saved: s, then ds. */
#include "base/simd.h"
#include "compute/vmath.h"
#include "nn/rnn.h"

enum { RECURRENT_BIAS };

static int declare(struct rnn *rnn, const char *prefix, struct params *p, struct weights *w,
                   struct satz_error *err)
{
    if (rnn_declare_recurrent(rnn, prefix, 2, (const int[]){2, 1}, p, w, err) < 0)
        return -1;
    rnn->bias_param = rnn_declare_vector(rnn, prefix, "bias", 3, 0, 0, 0, p, err);
    rnn->more_param[RECURRENT_BIAS] =
        rnn_declare_vector(rnn, prefix, "recurrent_bias", 1, 0, 0, 0, p, err);
    return rnn->bias_param < 0 || rnn->more_param[RECURRENT_BIAS] < 0 ? -1 : 0;
}

static void row_forward(int n, real *restrict a, const real *restrict bias,
                        const real *restrict recurrent_bias, const real *restrict keep,
                        real *restrict s, const real *restrict h, real *restrict h_next)
{
#pragma omp simd
    for (int j = 0; j < n; j++) {
        real r = vmath_sigmoid(a[j] + bias[j]);
        real z = vmath_sigmoid(a[n + j] + bias[n + j]);
        real sum = s[j] + recurrent_bias[j];
        real candidate = vmath_tanh(a[2 * n + j] + bias[2 * n + j] + r * sum);
        a[j] = r;
        a[n + j] = z;
        a[2 * n + j] = candidate;
        s[j] = sum;
        h_next[j] = keep[j] * candidate + z * (h[j] - keep[j] * candidate);
    }
}

static void forward(const struct pass *pass, const struct rnn *rnn, struct cell_step s)
{
    int hidden = rnn->options.hidden;
    weight_forward(pass, rnn->recurrent[0], s.previous, 1, mat_cols(s.gates, 0, 2 * hidden));
    weight_forward(pass, rnn->recurrent[1], s.previous, 0, s.saved);
    const real *bias = params_mat(pass->params, rnn->bias_param).data;
    const real *recurrent_bias = params_mat(pass->params, rnn->more_param[RECURRENT_BIAS]).data;
    for (int r = 0; r < s.gates.rows; r++)
        row_forward(hidden, mat_row(s.gates, r), bias, recurrent_bias, mat_row(s.keep, r),
                    mat_row(s.saved, r), mat_row(s.previous, r), mat_row(s.next, r));
}

/* a and s hold what forward left on entry and its gradients on return; dh only its part by way
 * of z. */
static void row_backward(int n, real *restrict a, const real *restrict keep, real *restrict s,
                         const real *restrict h, real *restrict dh)
{
#pragma omp simd
    for (int j = 0; j < n; j++) {
        real r = a[j], z = a[n + j], candidate = a[2 * n + j];
        real d = dh[j] * (1 - z) * keep[j] * (1 - candidate * candidate);
        a[j] = d * s[j] * r * (1 - r);
        a[n + j] = dh[j] * (h[j] - keep[j] * candidate) * z * (1 - z);
        a[2 * n + j] = d;
        s[j] = d * r;
        dh[j] *= z;
    }
}

static void backward(const struct pass *pass, const struct rnn *rnn, struct cell_step s)
{
    int hidden = rnn->options.hidden;
    for (int r = 0; r < s.gates.rows; r++)
        row_backward(hidden, mat_row(s.gates, r), mat_row(s.keep, r), mat_row(s.saved, r),
                     mat_row(s.previous, r), mat_row(s.d_state, r));
    weight_backward(pass, rnn->recurrent[0], mat_cols(s.gates, 0, 2 * hidden), 1, s.d_state);
    weight_backward(pass, rnn->recurrent[1], s.saved, 1, s.d_state);
}

static void gradients(const struct pass *pass, const struct rnn *rnn, struct cell_step all)
{
    struct mat gates = mat_cols(all.gates, 0, 2 * rnn->options.hidden);
    weight_gradient(pass, rnn->recurrent[0], gates, all.previous);
    weight_gradient(pass, rnn->recurrent[1], all.saved, all.previous);
    bias_gradient(pass, rnn->bias_param, all.gates);
    bias_gradient(pass, rnn->more_param[RECURRENT_BIAS], all.saved);
}

const struct cell SIMD(cell_gru) = {
    .name = "gru",
    .gates = 3,
    .states = 1,
    .saved = 1,
    .declare = declare,
    .forward = forward,
    .backward = backward,
    .weight_gradient = gradients,
};
