/* GRU with layer normalisation (Ba, Kiros and Hinton 2016, supplement: GRU), in the conventions of
 * our gru. Four sums are normalised, those of r and z over their 2H numbers at once:
 *
 *   a_rz = LN(x W_irz^T; G_x,rz) + LN(h W_hrz^T; G_h,rz) + b_rz     LN(x; G): nn/layer_norm.h
 *   r = sigmoid(a_r)                z = sigmoid(a_z)
 *   s = LN(h W_hn^T; G_h,n) + b_hn
 *   n = tanh(LN(x W_in^T; G_x,n) + b_n + r s)
 *   h' = (1 - z) n + z h
 *
 * backward, given dh': da and ds as in gru, then
 *   d(x W_ih^T): dLN, given da      d(h W_hh^T): dLN, given da_rz and ds
 *   dh = dh' z + d(h W_hh^T) W_hh
 *
 * The paper writes 1 - z for z. b_rz stands for the shifts of two LN. The gains are
 * PREFIX.input_gain and PREFIX.recurrent_gain [1, 3H], which begin as 1; b_hn is
 * PREFIX.recurrent_bias [1, H]. There is no forget gate, and all biases begin as 0. Saved:
 * h W_hh^T, then its gradient; r z n s, then da and ds. */
#include "base/simd.h"
#include "compute/vmath.h"
#include "nn/layer_norm.h"
#include "nn/rnn.h"

enum { INPUT_GAIN, RECURRENT_GAIN, RECURRENT_BIAS };

static int declare(struct rnn *rnn, const char *prefix, struct params *p, struct weights *w,
                   struct satz_error *err)
{
    int *more = rnn->more_param;
    if (rnn_declare_recurrent(rnn, prefix, 1, (const int[]){3}, p, w, err) < 0)
        return -1;
    rnn->bias_param = rnn_declare_vector(rnn, prefix, "bias", 3, 0, 0, 0, p, err);
    more[INPUT_GAIN] = rnn_declare_vector(rnn, prefix, "input_gain", 3, 0, 3, 1, p, err);
    more[RECURRENT_GAIN] = rnn_declare_vector(rnn, prefix, "recurrent_gain", 3, 0, 3, 1, p, err);
    more[RECURRENT_BIAS] = rnn_declare_vector(rnn, prefix, "recurrent_bias", 1, 0, 0, 0, p, err);
    return rnn->bias_param < 0 || more[INPUT_GAIN] < 0 || more[RECURRENT_GAIN] < 0 ||
                   more[RECURRENT_BIAS] < 0
               ? -1
               : 0;
}

struct values {
    real *bias, *input_gain, *recurrent_gain, *recurrent_bias;
};

/* The cell's vectors in a block of the parameters' layout. */
static struct values values_of(const struct pass *pass, const struct rnn *rnn, real *block)
{
    const struct params *p = pass->params;
    return (struct values){
        .bias = params_view(p, block, rnn->bias_param).data,
        .input_gain = params_view(p, block, rnn->more_param[INPUT_GAIN]).data,
        .recurrent_gain = params_view(p, block, rnn->more_param[RECURRENT_GAIN]).data,
        .recurrent_bias = params_view(p, block, rnn->more_param[RECURRENT_BIAS]).data,
    };
}

/* From x W_ih^T and y = h W_hh^T to gates, r z n s, and the next state. */
static void row_forward(int n, const real *restrict x, const real *restrict y,
                        const struct values *v, const real *restrict keep, real *restrict gates,
                        const real *restrict h, real *restrict h_next)
{
    const struct layer_norm x_rz = layer_norm_of(2 * n, x), x_n = layer_norm_of(n, x + 2 * n);
    const struct layer_norm y_rz = layer_norm_of(2 * n, y), y_n = layer_norm_of(n, y + 2 * n);
    const real *restrict gain_x = v->input_gain, *restrict gain_y = v->recurrent_gain;
    const real *restrict bias = v->bias, *restrict recurrent_bias = v->recurrent_bias;
#pragma omp simd
    for (int j = 0; j < 2 * n; j++)
        gates[j] = vmath_sigmoid(gain_x[j] * layer_norm_at(x_rz, x[j]) +
                                 gain_y[j] * layer_norm_at(y_rz, y[j]) + bias[j]);
#pragma omp simd
    for (int j = 0; j < n; j++) {
        int k = 2 * n + j;
        real r = gates[j], z = gates[n + j];
        real sum = gain_y[k] * layer_norm_at(y_n, y[k]) + recurrent_bias[j];
        real candidate = vmath_tanh(gain_x[k] * layer_norm_at(x_n, x[k]) + bias[k] + r * sum);
        gates[k] = candidate;
        gates[3 * n + j] = sum;
        h_next[j] = keep[j] * candidate + z * (h[j] - keep[j] * candidate);
    }
}

static void forward(const struct pass *pass, const struct rnn *rnn, struct cell_step s)
{
    int n = rnn->options.hidden;
    struct values v = values_of(pass, rnn, pass->params->values);
    weight_forward(pass, rnn->recurrent[0], s.previous, 0, mat_cols(s.saved, 0, 3 * n));
    for (int r = 0; r < s.gates.rows; r++) {
        real *y = mat_row(s.saved, r);
        row_forward(n, mat_row(s.gates, r), y, &v, mat_row(s.keep, r), y + 3 * n,
                    mat_row(s.previous, r), mat_row(s.next, r));
    }
}

/* gates: in r z n s, out da and ds; dh: its part by way of z. */
static void gates_backward(int n, real *restrict gates, const real *restrict keep,
                           const real *restrict h, real *restrict dh)
{
#pragma omp simd
    for (int j = 0; j < n; j++) {
        real r = gates[j], z = gates[n + j], candidate = gates[2 * n + j];
        real d = dh[j] * (1 - z) * keep[j] * (1 - candidate * candidate);
        gates[j] = d * gates[3 * n + j] * r * (1 - r);
        gates[n + j] = dh[j] * (h[j] - keep[j] * candidate) * z * (1 - z);
        gates[2 * n + j] = d;
        gates[3 * n + j] = d * r;
        dh[j] *= z;
    }
}

/* x [3H]: in what was normalised, out its gradient, given that of r and z and that of n. */
static void norm_backward(int n, real *x, const real *gain, const real *d_rz, const real *d_n,
                          real *d_gain)
{
    int k = 2 * n;
    layer_norm_backward(k, layer_norm_of(k, x), gain, d_rz, x, x, d_gain);
    layer_norm_backward(n, layer_norm_of(n, x + k), gain + k, d_n, x + k, x + k, d_gain + k);
}

static void backward(const struct pass *pass, const struct rnn *rnn, struct cell_step s)
{
    int n = rnn->options.hidden;
    struct values v = values_of(pass, rnn, pass->params->values);
    struct values d = values_of(pass, rnn, pass->gradients);
    for (int r = 0; r < s.gates.rows; r++) {
        real *y = mat_row(s.saved, r), *gates = y + 3 * n;
        gates_backward(n, gates, mat_row(s.keep, r), mat_row(s.previous, r), mat_row(s.d_state, r));
        norm_backward(n, mat_row(s.gates, r), v.input_gain, gates, gates + 2 * n, d.input_gain);
        norm_backward(n, y, v.recurrent_gain, gates, gates + 3 * n, d.recurrent_gain);
    }
    weight_backward(pass, rnn->recurrent[0], mat_cols(s.saved, 0, 3 * n), 1, s.d_state);
}

static void gradients(const struct pass *pass, const struct rnn *rnn, struct cell_step all)
{
    int n = rnn->options.hidden;
    weight_gradient(pass, rnn->recurrent[0], mat_cols(all.saved, 0, 3 * n), all.previous);
    bias_gradient(pass, rnn->bias_param, mat_cols(all.saved, 3 * n, 3 * n));
    bias_gradient(pass, rnn->more_param[RECURRENT_BIAS], mat_cols(all.saved, 6 * n, n));
}

const struct cell SIMD(cell_gru_norm) = {
    .name = "gru_norm",
    .gates = 3,
    .states = 1,
    .saved = 7,
    .declare = declare,
    .forward = forward,
    .backward = backward,
    .weight_gradient = gradients,
};
