/* MUT2 (Jozefowicz, Zaremba and Sutskever 2015), the second of the three best cells of that paper's
 * search, with our gate order:
 *
 *   x~ = x W_ih^T
 *   r = sigmoid(x~ + h W_hr^T + b_r)
 *   z = sigmoid(x~ W_xz^T + h W_hz^T + b_z)
 *   n = tanh(q W_hh^T + x~ W_xn^T + b_n)        q = r h
 *   h' = n z + h (1 - z)
 *
 * backward, given dh', for the sums r, z and n are taken of:
 *   da_n = dh' z (1 - n^2)                      da_z = dh' (n - h) z (1 - z)
 *   dq = da_n W_hh                              da_r = dq h r (1 - r)
 *   dx~ = da_r + da_z W_xz + da_n W_xn
 *   dh = dh' (1 - z) + dq r + da_r W_hr + da_z W_hz
 *
 * The paper adds the input itself to vectors of H, so that it has H numbers: here these are x~, and
 * PREFIX.input is [H, in]. PREFIX.inner [2H, H] has W_xz W_xn, PREFIX.recurrent [3H, H] W_hr W_hz
 * W_hh. There is no forget gate, and PREFIX.bias [1, 3H] begins as 0. */
#include <stdio.h>

#include "base/simd.h"
#include "compute/vmath.h"
#include "nn/rnn.h"

enum { INNER };
/* Blocks of what is saved. */
enum { R, Z, N, Q, X, DQ, SAVED };

static int declare(struct rnn *rnn, const char *prefix, struct params *p, struct weights *w,
                   struct satz_error *err)
{
    char name[96];
    int hidden = rnn->options.hidden;
    struct param_init init = rnn->options.init;
    init.blocks = 2;
    snprintf(name, sizeof name, "%s.inner", prefix);
    rnn->more_param[INNER] = params_add(p, name, 2 * hidden, hidden, init, err);
    if (rnn->more_param[INNER] < 0)
        return -1;
    rnn->inner = weights_add(w, p, rnn->more_param[INNER], 0, hidden, err);
    if (rnn->inner < 0 || rnn_declare_recurrent(rnn, prefix, 2, (const int[]){2, 1}, p, w, err) < 0)
        return -1;
    rnn->bias_param = rnn_declare_vector(rnn, prefix, "bias", 3, 0, 0, 0, p, err);
    return rnn->bias_param < 0 ? -1 : 0;
}

static struct mat blocks(const struct rnn *rnn, struct mat m, int from, int n)
{
    return mat_cols(m, from * rnn->options.hidden, n * rnn->options.hidden);
}

static void gates_forward(int n, real *restrict a, const real *restrict bias,
                          const real *restrict h)
{
#pragma omp simd
    for (int j = 0; j < n; j++) {
        real r = vmath_sigmoid(a[R * n + j] + bias[R * n + j]);
        a[R * n + j] = r;
        a[Z * n + j] = vmath_sigmoid(a[Z * n + j] + bias[Z * n + j]);
        a[Q * n + j] = r * h[j];
    }
}

static void mix_forward(int n, real *restrict a, const real *restrict bias,
                        const real *restrict keep, const real *restrict h, real *restrict h_next)
{
#pragma omp simd
    for (int j = 0; j < n; j++) {
        real z = a[Z * n + j];
        real candidate = vmath_tanh(a[N * n + j] + bias[N * n + j]);
        a[N * n + j] = candidate;
        h_next[j] = h[j] + z * (keep[j] * candidate - h[j]);
    }
}

static void forward(const struct pass *pass, const struct rnn *rnn, struct cell_step s)
{
    int hidden = rnn->options.hidden, rows = s.gates.rows;
    const real *bias = params_mat(pass->params, rnn->bias_param).data;
    mat_copy(blocks(rnn, s.saved, X, 1), s.gates);
    mat_copy(blocks(rnn, s.saved, R, 1), s.gates);
    weight_forward(pass, rnn->inner, s.gates, 0, blocks(rnn, s.saved, Z, 2));
    weight_forward(pass, rnn->recurrent[0], s.previous, 1, blocks(rnn, s.saved, R, 2));
    for (int r = 0; r < rows; r++)
        gates_forward(hidden, mat_row(s.saved, r), bias, mat_row(s.previous, r));
    weight_forward(pass, rnn->recurrent[1], blocks(rnn, s.saved, Q, 1), 1,
                   blocks(rnn, s.saved, N, 1));
    for (int r = 0; r < rows; r++)
        mix_forward(hidden, mat_row(s.saved, r), bias, mat_row(s.keep, r), mat_row(s.previous, r),
                    mat_row(s.next, r));
}

/* z and n become their gradients, dh its part by way of z. */
static void mix_backward(int n, real *restrict a, const real *restrict keep, const real *restrict h,
                         real *restrict dh)
{
#pragma omp simd
    for (int j = 0; j < n; j++) {
        real z = a[Z * n + j], candidate = a[N * n + j];
        a[Z * n + j] = dh[j] * (keep[j] * candidate - h[j]) * z * (1 - z);
        a[N * n + j] = dh[j] * z * keep[j] * (1 - candidate * candidate);
        dh[j] *= 1 - z;
    }
}

/* r becomes its gradient, and dx~ its part by way of it; dh gets its part by way of q. */
static void reset_backward(int n, real *restrict a, const real *restrict h, real *restrict dx,
                           real *restrict dh)
{
#pragma omp simd
    for (int j = 0; j < n; j++) {
        real r = a[R * n + j], dq = a[DQ * n + j];
        real d = dq * h[j] * r * (1 - r);
        a[R * n + j] = d;
        dx[j] = d;
        dh[j] += dq * r;
    }
}

static void backward(const struct pass *pass, const struct rnn *rnn, struct cell_step s)
{
    int hidden = rnn->options.hidden, rows = s.gates.rows;
    for (int r = 0; r < rows; r++)
        mix_backward(hidden, mat_row(s.saved, r), mat_row(s.keep, r), mat_row(s.previous, r),
                     mat_row(s.d_state, r));
    weight_backward(pass, rnn->recurrent[1], blocks(rnn, s.saved, N, 1), 0,
                    blocks(rnn, s.saved, DQ, 1));
    for (int r = 0; r < rows; r++)
        reset_backward(hidden, mat_row(s.saved, r), mat_row(s.previous, r), mat_row(s.gates, r),
                       mat_row(s.d_state, r));
    weight_backward(pass, rnn->recurrent[0], blocks(rnn, s.saved, R, 2), 1, s.d_state);
    weight_backward(pass, rnn->inner, blocks(rnn, s.saved, Z, 2), 1, s.gates);
}

static void gradients(const struct pass *pass, const struct rnn *rnn, struct cell_step all)
{
    weight_gradient(pass, rnn->inner, blocks(rnn, all.saved, Z, 2), blocks(rnn, all.saved, X, 1));
    weight_gradient(pass, rnn->recurrent[0], blocks(rnn, all.saved, R, 2), all.previous);
    weight_gradient(pass, rnn->recurrent[1], blocks(rnn, all.saved, N, 1),
                    blocks(rnn, all.saved, Q, 1));
    bias_gradient(pass, rnn->bias_param, blocks(rnn, all.saved, R, 3));
}

const struct cell SIMD(cell_mut2) = {
    .name = "mut2",
    .gates = 1,
    .states = 1,
    .saved = SAVED,
    .declare = declare,
    .forward = forward,
    .backward = backward,
    .weight_gradient = gradients,
};
