/* GRU with the reset gate before the product (Cho et al. 2014, equations 5 to 8 of the first
 * paper, 1406.1078), in the gate order of our gru:
 *
 *   a = x W_ih^T + b                     rows of W in the order r z n
 *   r = sigmoid(a_r + h W_hr^T)          z = sigmoid(a_z + h W_hz^T)
 *   q = r h
 *   n = tanh(a_n + q W_hn^T)
 *   h' = (1 - z) n + z h
 *
 * backward, given dh':
 *   da_n = dh' (1 - z) (1 - n^2)         da_z = dh' (h - n) z (1 - z)
 *   dq = da_n W_hn                       da_r = dq h r (1 - r)
 *   dh = dh' z + dq r + da_r W_hr + da_z W_hz
 *
 * Cho has no biases; Bahdanau (2014, A.1.1) writes z for 1 - z. There is no forget gate, and the
 * bias begins as 0. Saved: q, dq. */
#include "base/simd.h"
#include "compute/vmath.h"
#include "nn/rnn.h"

static int declare(struct rnn *rnn, const char *prefix, struct params *p, struct weights *w,
                   struct satz_error *err)
{
    if (rnn_declare_recurrent(rnn, prefix, 2, (const int[]){2, 1}, p, w, err) < 0)
        return -1;
    rnn->bias_param = rnn_declare_vector(rnn, prefix, "bias", 3, 0, 0, 0, p, err);
    return rnn->bias_param < 0 ? -1 : 0;
}

static void gates_forward(int n, real *restrict a, const real *restrict bias,
                          const real *restrict h, real *restrict q)
{
#pragma omp simd
    for (int j = 0; j < n; j++) {
        real r = vmath_sigmoid(a[j] + bias[j]);
        a[j] = r;
        a[n + j] = vmath_sigmoid(a[n + j] + bias[n + j]);
        q[j] = r * h[j];
    }
}

static void mix_forward(int n, real *restrict a, const real *restrict bias,
                        const real *restrict keep, const real *restrict h, real *restrict h_next)
{
#pragma omp simd
    for (int j = 0; j < n; j++) {
        real z = a[n + j], candidate = vmath_tanh(a[2 * n + j] + bias[2 * n + j]);
        a[2 * n + j] = candidate;
        h_next[j] = keep[j] * candidate + z * (h[j] - keep[j] * candidate);
    }
}

static void forward(const struct pass *pass, const struct rnn *rnn, struct cell_step s)
{
    int hidden = rnn->options.hidden;
    struct mat q = mat_cols(s.saved, 0, hidden);
    const real *bias = params_mat(pass->params, rnn->bias_param).data;
    weight_forward(pass, rnn->recurrent[0], s.previous, 1, mat_cols(s.gates, 0, 2 * hidden));
    for (int r = 0; r < s.gates.rows; r++)
        gates_forward(hidden, mat_row(s.gates, r), bias, mat_row(s.previous, r), mat_row(q, r));
    weight_forward(pass, rnn->recurrent[1], q, 1, mat_cols(s.gates, 2 * hidden, hidden));
    for (int r = 0; r < s.gates.rows; r++)
        mix_forward(hidden, mat_row(s.gates, r), bias, mat_row(s.keep, r), mat_row(s.previous, r),
                    mat_row(s.next, r));
}

/* z and n become their gradients, dh its part by way of z. */
static void mix_backward(int n, real *restrict a, const real *restrict keep, const real *restrict h,
                         real *restrict dh)
{
#pragma omp simd
    for (int j = 0; j < n; j++) {
        real z = a[n + j], candidate = a[2 * n + j];
        a[n + j] = dh[j] * (h[j] - keep[j] * candidate) * z * (1 - z);
        a[2 * n + j] = dh[j] * (1 - z) * keep[j] * (1 - candidate * candidate);
        dh[j] *= z;
    }
}

static void reset_backward(int n, real *restrict a, const real *restrict h, const real *restrict dq,
                           real *restrict dh)
{
#pragma omp simd
    for (int j = 0; j < n; j++) {
        real r = a[j];
        a[j] = dq[j] * h[j] * r * (1 - r);
        dh[j] += dq[j] * r;
    }
}

static void backward(const struct pass *pass, const struct rnn *rnn, struct cell_step s)
{
    int hidden = rnn->options.hidden;
    struct mat dq = mat_cols(s.saved, hidden, hidden);
    for (int r = 0; r < s.gates.rows; r++)
        mix_backward(hidden, mat_row(s.gates, r), mat_row(s.keep, r), mat_row(s.previous, r),
                     mat_row(s.d_state, r));
    weight_backward(pass, rnn->recurrent[1], mat_cols(s.gates, 2 * hidden, hidden), 0, dq);
    for (int r = 0; r < s.gates.rows; r++)
        reset_backward(hidden, mat_row(s.gates, r), mat_row(s.previous, r), mat_row(dq, r),
                       mat_row(s.d_state, r));
    weight_backward(pass, rnn->recurrent[0], mat_cols(s.gates, 0, 2 * hidden), 1, s.d_state);
}

static void gradients(const struct pass *pass, const struct rnn *rnn, struct cell_step all)
{
    int hidden = rnn->options.hidden;
    weight_gradient(pass, rnn->recurrent[0], mat_cols(all.gates, 0, 2 * hidden), all.previous);
    weight_gradient(pass, rnn->recurrent[1], mat_cols(all.gates, 2 * hidden, hidden),
                    mat_cols(all.saved, 0, hidden));
    bias_gradient(pass, rnn->bias_param, all.gates);
}

const struct cell SIMD(cell_gru_before) = {
    .name = "gru_before",
    .gates = 3,
    .states = 1,
    .saved = 2,
    .declare = declare,
    .forward = forward,
    .backward = backward,
    .weight_gradient = gradients,
};
