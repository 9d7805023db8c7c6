/* MUT3 (Jozefowicz, Zaremba and Sutskever 2015), the third of the three best cells of that paper's
 * search, with our gate order:
 *
 *   a = x W_ih^T + b                     rows of W in the order r z n
 *   r = sigmoid(a_r + h W_hr^T)
 *   z = sigmoid(a_z + u W_hz^T)          u = tanh(h)
 *   n = tanh(a_n + q W_hh^T)             q = r h
 *   h' = n z + h (1 - z)
 *
 * backward, given dh':
 *   da_n = dh' z (1 - n^2)               da_z = dh' (n - h) z (1 - z)
 *   dq = da_n W_hh                       da_r = dq h r (1 - r)
 *   dh = dh' (1 - z) + dq r + da_r W_hr + (da_z W_hz) (1 - u^2)
 *
 * There is no forget gate, and the bias begins as 0. Saved: q, u, and room for dq and du. */
#include "base/simd.h"
#include "compute/vmath.h"
#include "nn/rnn.h"

static int declare(struct rnn *rnn, const char *prefix, struct params *p, struct weights *w,
                   struct satz_error *err)
{
    if (rnn_declare_recurrent(rnn, prefix, 3, (const int[]){1, 1, 1}, p, w, err) < 0)
        return -1;
    rnn->bias_param = rnn_declare_vector(rnn, prefix, "bias", 3, 0, 0, 0, p, err);
    return rnn->bias_param < 0 ? -1 : 0;
}

static struct mat block(const struct rnn *rnn, struct mat m, int i)
{
    return mat_cols(m, i * rnn->options.hidden, rnn->options.hidden);
}

static void bound(int n, const real *restrict h, real *restrict u)
{
#pragma omp simd
    for (int j = 0; j < n; j++)
        u[j] = vmath_tanh(h[j]);
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
        h_next[j] = h[j] + z * (keep[j] * candidate - h[j]);
    }
}

static void forward(const struct pass *pass, const struct rnn *rnn, struct cell_step s)
{
    int hidden = rnn->options.hidden, rows = s.gates.rows;
    struct mat q = block(rnn, s.saved, 0), u = block(rnn, s.saved, 1);
    const real *bias = params_mat(pass->params, rnn->bias_param).data;
    for (int r = 0; r < rows; r++)
        bound(hidden, mat_row(s.previous, r), mat_row(u, r));
    weight_forward(pass, rnn->recurrent[0], s.previous, 1, block(rnn, s.gates, 0));
    weight_forward(pass, rnn->recurrent[1], u, 1, block(rnn, s.gates, 1));
    for (int r = 0; r < rows; r++)
        gates_forward(hidden, mat_row(s.gates, r), bias, mat_row(s.previous, r), mat_row(q, r));
    weight_forward(pass, rnn->recurrent[2], q, 1, block(rnn, s.gates, 2));
    for (int r = 0; r < rows; r++)
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
        a[n + j] = dh[j] * (keep[j] * candidate - h[j]) * z * (1 - z);
        a[2 * n + j] = dh[j] * z * keep[j] * (1 - candidate * candidate);
        dh[j] *= 1 - z;
    }
}

/* r becomes its gradient; dh gets its parts by way of q and u. */
static void reset_backward(int n, real *restrict a, const real *restrict h, const real *restrict u,
                           const real *restrict dq, const real *restrict du, real *restrict dh)
{
#pragma omp simd
    for (int j = 0; j < n; j++) {
        real r = a[j];
        a[j] = dq[j] * h[j] * r * (1 - r);
        dh[j] += dq[j] * r + du[j] * (1 - u[j] * u[j]);
    }
}

static void backward(const struct pass *pass, const struct rnn *rnn, struct cell_step s)
{
    int hidden = rnn->options.hidden, rows = s.gates.rows;
    struct mat u = block(rnn, s.saved, 1), dq = block(rnn, s.saved, 2), du = block(rnn, s.saved, 3);
    for (int r = 0; r < rows; r++)
        mix_backward(hidden, mat_row(s.gates, r), mat_row(s.keep, r), mat_row(s.previous, r),
                     mat_row(s.d_state, r));
    weight_backward(pass, rnn->recurrent[2], block(rnn, s.gates, 2), 0, dq);
    weight_backward(pass, rnn->recurrent[1], block(rnn, s.gates, 1), 0, du);
    for (int r = 0; r < rows; r++)
        reset_backward(hidden, mat_row(s.gates, r), mat_row(s.previous, r), mat_row(u, r),
                       mat_row(dq, r), mat_row(du, r), mat_row(s.d_state, r));
    weight_backward(pass, rnn->recurrent[0], block(rnn, s.gates, 0), 1, s.d_state);
}

static void gradients(const struct pass *pass, const struct rnn *rnn, struct cell_step all)
{
    weight_gradient(pass, rnn->recurrent[0], block(rnn, all.gates, 0), all.previous);
    weight_gradient(pass, rnn->recurrent[1], block(rnn, all.gates, 1), block(rnn, all.saved, 1));
    weight_gradient(pass, rnn->recurrent[2], block(rnn, all.gates, 2), block(rnn, all.saved, 0));
    bias_gradient(pass, rnn->bias_param, all.gates);
}

const struct cell SIMD(cell_mut3) = {
    .name = "mut3",
    .gates = 3,
    .states = 1,
    .saved = 4,
    .declare = declare,
    .forward = forward,
    .backward = backward,
    .weight_gradient = gradients,
};
