/* cell_simple.h -- the simple recurrent network, whatever its activation:
 *
 *   a = x W_ih^T + h W_hh^T + b          y = activation(a)
 *   h' = k y                             k: dropout's factors, or 1 (nn/cell.h)
 *
 * backward, given dh':
 *   da = dh' k slope(y)                  dh = da W_hh
 *
 * A cell's file defines `activation` and `slope` (its derivative, from its value) and then includes
 * this, which defines the table's functions. */
#ifndef SATZ_NN_CELL_SIMPLE_H
#define SATZ_NN_CELL_SIMPLE_H

#include "nn/rnn.h"

static inline real activation(real sum);
static inline real slope(real value);

static int declare(struct rnn *rnn, const char *prefix, struct params *p, struct weights *w,
                   struct satz_error *err)
{
    if (rnn_declare_recurrent(rnn, prefix, 1, (const int[]){1}, p, w, err) < 0)
        return -1;
    rnn->bias_param = rnn_declare_vector(rnn, prefix, "bias", 1, 0, 0, 0, p, err);
    return rnn->bias_param < 0 ? -1 : 0;
}

static void row_forward(int n, real *restrict a, const real *restrict bias,
                        const real *restrict keep, real *restrict next)
{
#pragma omp simd
    for (int j = 0; j < n; j++) {
        a[j] = activation(a[j] + bias[j]);
        next[j] = keep[j] * a[j];
    }
}

static void forward(const struct pass *pass, const struct rnn *rnn, struct cell_step s)
{
    weight_forward(pass, rnn->recurrent[0], s.previous, 1, s.gates);
    const real *bias = params_mat(pass->params, rnn->bias_param).data;
    for (int r = 0; r < s.gates.rows; r++)
        row_forward(rnn->options.hidden, mat_row(s.gates, r), bias, mat_row(s.keep, r),
                    mat_row(s.next, r));
}

static void row_backward(int n, real *restrict a, const real *restrict keep,
                         const real *restrict dh)
{
#pragma omp simd
    for (int j = 0; j < n; j++)
        a[j] = dh[j] * keep[j] * slope(a[j]);
}

static void backward(const struct pass *pass, const struct rnn *rnn, struct cell_step s)
{
    for (int r = 0; r < s.gates.rows; r++)
        row_backward(rnn->options.hidden, mat_row(s.gates, r), mat_row(s.keep, r),
                     mat_row(s.d_state, r));
    weight_backward(pass, rnn->recurrent[0], s.gates, 0, s.d_state);
}

static void gradients(const struct pass *pass, const struct rnn *rnn, struct cell_step all)
{
    weight_gradient(pass, rnn->recurrent[0], all.gates, all.previous);
    bias_gradient(pass, rnn->bias_param, all.gates);
}

#endif
