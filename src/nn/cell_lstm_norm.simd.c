/* LSTM with layer normalisation (Ba, Kiros and Hinton 2016, supplement: LSTM), in the gate order of
 * our lstm. Three sums are normalised, each product over all its 4H numbers at once:
 *
 *   a = LN(x W_ih^T; G_x) + LN(h W_hh^T; G_h) + b         LN(x; G): nn/layer_norm.h
 *   i = sigmoid(a_i)  f = sigmoid(a_f)  g = tanh(a_g)  o = sigmoid(a_o)
 *   c' = f c + i g
 *   h' = o tanh(LN(c'; G_c) + b_c)
 *
 * backward, given dh' and dc':
 *   t = tanh(LN(c'; G_c) + b_c)     dy = dh' o (1 - t^2)     dc' += dLN(c'), given dy
 *   da as in lstm                   dc = dc' f
 *   d(x W_ih^T) and d(h W_hh^T): dLN, given da               dh = d(h W_hh^T) W_hh
 *
 * b stands for the paper's b and the shifts of its first two LN. The gains are PREFIX.input_gain
 * and PREFIX.recurrent_gain [1, 4H] and PREFIX.cell_gain [1, H], which begin as 1; b_c is
 * PREFIX.cell_bias [1, H]. Saved: h W_hh^T, then its gradient; the gates, then da. */
#include "base/simd.h"
#include "compute/vmath.h"
#include "nn/layer_norm.h"
#include "nn/rnn.h"

enum { INPUT_GAIN, RECURRENT_GAIN, CELL_GAIN, CELL_BIAS };

struct values {
    real *bias, *input_gain, *recurrent_gain, *cell_gain, *cell_bias;
};

static int declare(struct rnn *rnn, const char *prefix, struct params *p, struct weights *w,
                   struct satz_error *err)
{
    int *more = rnn->more_param;
    if (rnn_declare_recurrent(rnn, prefix, 1, (const int[]){4}, p, w, err) < 0)
        return -1;
    rnn->bias_param =
        rnn_declare_vector(rnn, prefix, "bias", 4, 1, 1, rnn->options.forget_bias, p, err);
    more[INPUT_GAIN] = rnn_declare_vector(rnn, prefix, "input_gain", 4, 0, 4, 1, p, err);
    more[RECURRENT_GAIN] = rnn_declare_vector(rnn, prefix, "recurrent_gain", 4, 0, 4, 1, p, err);
    more[CELL_GAIN] = rnn_declare_vector(rnn, prefix, "cell_gain", 1, 0, 1, 1, p, err);
    more[CELL_BIAS] = rnn_declare_vector(rnn, prefix, "cell_bias", 1, 0, 0, 0, p, err);
    return rnn->bias_param < 0 || more[INPUT_GAIN] < 0 || more[RECURRENT_GAIN] < 0 ||
                   more[CELL_GAIN] < 0 || more[CELL_BIAS] < 0
               ? -1
               : 0;
}

/* The cell's vectors in a block of the parameters' layout. */
static struct values values_of(const struct pass *pass, const struct rnn *rnn, real *block)
{
    const struct params *p = pass->params;
    return (struct values){
        .bias = params_view(p, block, rnn->bias_param).data,
        .input_gain = params_view(p, block, rnn->more_param[INPUT_GAIN]).data,
        .recurrent_gain = params_view(p, block, rnn->more_param[RECURRENT_GAIN]).data,
        .cell_gain = params_view(p, block, rnn->more_param[CELL_GAIN]).data,
        .cell_bias = params_view(p, block, rnn->more_param[CELL_BIAS]).data,
    };
}

/* From x W_ih^T and h W_hh^T to the gates. */
static void gates_forward(int n, const real *restrict x, const real *restrict h,
                          const struct values *v, real *restrict gates)
{
    const struct layer_norm of_x = layer_norm_of(4 * n, x), of_h = layer_norm_of(4 * n, h);
    const real *restrict gain_x = v->input_gain, *restrict gain_h = v->recurrent_gain;
    const real *restrict bias = v->bias;
#pragma omp simd
    for (int j = 0; j < 4 * n; j++)
        gates[j] =
            gain_x[j] * layer_norm_at(of_x, x[j]) + gain_h[j] * layer_norm_at(of_h, h[j]) + bias[j];
#pragma omp simd
    for (int j = 0; j < n; j++) {
        gates[j] = vmath_sigmoid(gates[j]);
        gates[n + j] = vmath_sigmoid(gates[n + j]);
        gates[2 * n + j] = vmath_tanh(gates[2 * n + j]);
        gates[3 * n + j] = vmath_sigmoid(gates[3 * n + j]);
    }
}

static void state_forward(int n, const real *restrict gates, const struct values *v,
                          const real *restrict keep, const real *restrict c, real *restrict h_next,
                          real *restrict c_next)
{
    const real *restrict gain = v->cell_gain, *restrict bias = v->cell_bias;
#pragma omp simd
    for (int j = 0; j < n; j++)
        c_next[j] = gates[n + j] * c[j] + gates[j] * (keep[j] * gates[2 * n + j]);
    const struct layer_norm of_c = layer_norm_of(n, c_next);
#pragma omp simd
    for (int j = 0; j < n; j++)
        h_next[j] =
            gates[3 * n + j] * vmath_tanh(gain[j] * layer_norm_at(of_c, c_next[j]) + bias[j]);
}

static void forward(const struct pass *pass, const struct rnn *rnn, struct cell_step s)
{
    int n = rnn->options.hidden;
    struct values v = values_of(pass, rnn, pass->params->values);
    weight_forward(pass, rnn->recurrent[0], mat_cols(s.previous, 0, n), 0,
                   mat_cols(s.saved, 0, 4 * n));
    for (int r = 0; r < s.gates.rows; r++) {
        real *product = mat_row(s.saved, r), *gates = product + 4 * n, *next = mat_row(s.next, r);
        gates_forward(n, mat_row(s.gates, r), product, &v, gates);
        state_forward(n, gates, &v, mat_row(s.keep, r), mat_row(s.previous, r) + n, next, next + n);
    }
}

/* gates[3 n...] becomes its gradient, dc' gets the part by way of h'; dh is used up. */
static void output_backward(int n, real *restrict gates, const struct values *v,
                            const struct values *d, const real *restrict c_next, real *restrict dh,
                            real *restrict dc)
{
    const real *restrict gain = v->cell_gain, *restrict bias = v->cell_bias;
    real *restrict d_bias = d->cell_bias;
    const struct layer_norm of_c = layer_norm_of(n, c_next);
#pragma omp simd
    for (int j = 0; j < n; j++) {
        real o = gates[3 * n + j];
        real t = vmath_tanh(gain[j] * layer_norm_at(of_c, c_next[j]) + bias[j]);
        real dy = dh[j] * o * (1 - t * t);
        gates[3 * n + j] = dh[j] * t * o * (1 - o);
        d_bias[j] += dy;
        dh[j] = dy;
    }
    layer_norm_backward(n, of_c, gain, dh, c_next, dh, d->cell_gain);
#pragma omp simd
    for (int j = 0; j < n; j++)
        dc[j] += dh[j];
}

static void gates_backward(int n, real *restrict gates, const real *restrict keep,
                           const real *restrict c, real *restrict dc)
{
#pragma omp simd
    for (int j = 0; j < n; j++) {
        real i = gates[j], f = gates[n + j], g = gates[2 * n + j];
        gates[j] = dc[j] * (keep[j] * g) * i * (1 - i);
        gates[n + j] = dc[j] * c[j] * f * (1 - f);
        gates[2 * n + j] = dc[j] * i * keep[j] * (1 - g * g);
        dc[j] *= f;
    }
}

static void backward(const struct pass *pass, const struct rnn *rnn, struct cell_step s)
{
    int n = rnn->options.hidden;
    struct values v = values_of(pass, rnn, pass->params->values);
    struct values d = values_of(pass, rnn, pass->gradients);
    for (int r = 0; r < s.gates.rows; r++) {
        real *x = mat_row(s.gates, r), *h = mat_row(s.saved, r), *gates = h + 4 * n;
        real *dh = mat_row(s.d_state, r), *dc = dh + n;
        output_backward(n, gates, &v, &d, mat_row(s.next, r) + n, dh, dc);
        gates_backward(n, gates, mat_row(s.keep, r), mat_row(s.previous, r) + n, dc);
        layer_norm_backward(4 * n, layer_norm_of(4 * n, x), v.input_gain, gates, x, x,
                            d.input_gain);
        layer_norm_backward(4 * n, layer_norm_of(4 * n, h), v.recurrent_gain, gates, h, h,
                            d.recurrent_gain);
    }
    weight_backward(pass, rnn->recurrent[0], mat_cols(s.saved, 0, 4 * n), 0,
                    mat_cols(s.d_state, 0, n));
}

static void gradients(const struct pass *pass, const struct rnn *rnn, struct cell_step all)
{
    int n = rnn->options.hidden;
    weight_gradient(pass, rnn->recurrent[0], mat_cols(all.saved, 0, 4 * n),
                    mat_cols(all.previous, 0, n));
    bias_gradient(pass, rnn->bias_param, mat_cols(all.saved, 4 * n, 4 * n));
}

const struct cell SIMD(cell_lstm_norm) = {
    .name = "lstm_norm",
    .gates = 4,
    .states = 2,
    .saved = 8,
    .declare = declare,
    .forward = forward,
    .backward = backward,
    .weight_gradient = gradients,
};
