/* Every cell's states, step by step and in both directions, against its equations computed plainly
 * in double: one element at a time, from the parameters by name. */
#include <math.h>
#include <stdio.h>

#include "base/lists.h"
#include "nn/rnn.h"
#include "tests/nn/network.h"

/* More than a vector of any instruction set, and no multiple of one. */
enum { IN = 11, HIDDEN = 37, ROWS = 4, MAX_STATE = 2 * HIDDEN };

static const int lengths[ROWS] = {6, 4, 4, 1};

/* One step of one sentence: x [IN], state, next [states * HIDDEN]. */
struct scalar {
    const struct network *net;
    const double *x, *state;
    double *next;
};

static struct mat parameter(const struct scalar *s, const char *name)
{
    char full[96];
    snprintf(full, sizeof full, "cell.%s", name);
    int index = params_find(&s->net->params, full);
    if (index < 0)
        fail_msg("there is no parameter %s", full);
    return params_mat(&s->net->params, index);
}

/* Row `row` of a parameter times v. */
static double product(const struct scalar *s, const char *name, int row, const double *v)
{
    struct mat m = parameter(s, name);
    assert_true(row < m.rows);
    double sum = 0;
    for (int k = 0; k < m.cols; k++)
        sum += (double)mat_row(m, row)[k] * v[k];
    return sum;
}

static double value(const struct scalar *s, const char *name, int at)
{
    struct mat m = parameter(s, name);
    assert_true(m.rows == 1 && at < m.cols);
    return (double)m.data[at];
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

/* x W_ih^T + b and that plus h W_hh^T, of element j of gate `gate`. */
static double from_input(const struct scalar *s, int gate, int j)
{
    int row = gate * HIDDEN + j;
    return product(s, "input", row, s->x) + value(s, "bias", row);
}

static double sum_of(const struct scalar *s, int gate, int j)
{
    return from_input(s, gate, j) + product(s, "recurrent", gate * HIDDEN + j, s->state);
}

static void step_rnn_tanh(const struct scalar *s)
{
    for (int j = 0; j < HIDDEN; j++)
        s->next[j] = tanh(sum_of(s, 0, j));
}

static void step_rnn_relu(const struct scalar *s)
{
    for (int j = 0; j < HIDDEN; j++)
        s->next[j] = fmax(sum_of(s, 0, j), 0);
}

static void step_lstm(const struct scalar *s)
{
    for (int j = 0; j < HIDDEN; j++) {
        double i = sigmoid(sum_of(s, 0, j)), f = sigmoid(sum_of(s, 1, j));
        double g = tanh(sum_of(s, 2, j)), o = sigmoid(sum_of(s, 3, j));
        s->next[HIDDEN + j] = f * s->state[HIDDEN + j] + i * g;
        s->next[j] = o * tanh(s->next[HIDDEN + j]);
    }
}

static void step_lstm_peephole(const struct scalar *s)
{
    for (int j = 0; j < HIDDEN; j++) {
        double c = s->state[HIDDEN + j];
        double i = sigmoid(sum_of(s, 0, j) + value(s, "peephole", j) * c);
        double f = sigmoid(sum_of(s, 1, j) + value(s, "peephole", HIDDEN + j) * c);
        double g = tanh(sum_of(s, 2, j));
        double new = f *c + i *g;
        double o = sigmoid(sum_of(s, 3, j) + value(s, "peephole", 2 * HIDDEN + j) * new);
        s->next[HIDDEN + j] = new;
        s->next[j] = o * tanh(new);
    }
}

static void step_lstm_coupled(const struct scalar *s)
{
    for (int j = 0; j < HIDDEN; j++) {
        double f = sigmoid(sum_of(s, 0, j)), g = tanh(sum_of(s, 1, j));
        double o = sigmoid(sum_of(s, 2, j));
        s->next[HIDDEN + j] = f * s->state[HIDDEN + j] + (1 - f) * g;
        s->next[j] = o * tanh(s->next[HIDDEN + j]);
    }
}

/* y = LN(rows [from, from + n) of `name` times v), gains and all; LN(y) without v. */
static void normalised(const struct scalar *s, const char *name, const char *gain, int from, int n,
                       const double *v, double *y)
{
    double mean = 0, variance = 0;
    for (int k = 0; k < n; k++)
        mean += (y[k] = v ? product(s, name, from + k, v) : y[k]) / n;
    for (int k = 0; k < n; k++)
        variance += (y[k] - mean) * (y[k] - mean) / n;
    for (int k = 0; k < n; k++)
        y[k] = value(s, gain, from + k) * (y[k] - mean) / sqrt(variance + 1e-5);
}

static void step_lstm_norm(const struct scalar *s)
{
    double x[4 * HIDDEN], h[4 * HIDDEN], c[HIDDEN];
    normalised(s, "input", "input_gain", 0, 4 * HIDDEN, s->x, x);
    normalised(s, "recurrent", "recurrent_gain", 0, 4 * HIDDEN, s->state, h);
    for (int k = 0; k < 4 * HIDDEN; k++)
        x[k] += h[k] + value(s, "bias", k);
    for (int j = 0; j < HIDDEN; j++)
        c[j] = s->next[HIDDEN + j] =
            sigmoid(x[HIDDEN + j]) * s->state[HIDDEN + j] + sigmoid(x[j]) * tanh(x[2 * HIDDEN + j]);
    normalised(s, NULL, "cell_gain", 0, HIDDEN, NULL, c);
    for (int j = 0; j < HIDDEN; j++)
        s->next[j] = sigmoid(x[3 * HIDDEN + j]) * tanh(c[j] + value(s, "cell_bias", j));
}

static void step_gru(const struct scalar *s)
{
    for (int j = 0; j < HIDDEN; j++) {
        double r = sigmoid(sum_of(s, 0, j)), z = sigmoid(sum_of(s, 1, j));
        double recurrent =
            product(s, "recurrent", 2 * HIDDEN + j, s->state) + value(s, "recurrent_bias", j);
        double n = tanh(from_input(s, 2, j) + r * recurrent);
        s->next[j] = (1 - z) * n + z * s->state[j];
    }
}

static void step_gru_norm(const struct scalar *s)
{
    enum { N = 2 * HIDDEN };
    double x[3 * HIDDEN], h[3 * HIDDEN];
    normalised(s, "input", "input_gain", 0, N, s->x, x);
    normalised(s, "input", "input_gain", N, HIDDEN, s->x, x + N);
    normalised(s, "recurrent", "recurrent_gain", 0, N, s->state, h);
    normalised(s, "recurrent", "recurrent_gain", N, HIDDEN, s->state, h + N);
    for (int j = 0; j < HIDDEN; j++) {
        double r = sigmoid(x[j] + h[j] + value(s, "bias", j));
        double z = sigmoid(x[HIDDEN + j] + h[HIDDEN + j] + value(s, "bias", HIDDEN + j));
        double n = tanh(x[N + j] + value(s, "bias", N + j) +
                        r * (h[N + j] + value(s, "recurrent_bias", j)));
        s->next[j] = (1 - z) * n + z * s->state[j];
    }
}

static void step_gru_before(const struct scalar *s)
{
    double reset[HIDDEN];
    for (int j = 0; j < HIDDEN; j++)
        reset[j] = sigmoid(sum_of(s, 0, j)) * s->state[j];
    for (int j = 0; j < HIDDEN; j++) {
        double z = sigmoid(sum_of(s, 1, j));
        double n = tanh(from_input(s, 2, j) + product(s, "recurrent", 2 * HIDDEN + j, reset));
        s->next[j] = (1 - z) * n + z * s->state[j];
    }
}

/* The input as a vector of HIDDEN. */
static void project(const struct scalar *s, double *x)
{
    for (int j = 0; j < HIDDEN; j++)
        x[j] = product(s, "input", j, s->x);
}

static void step_mut1(const struct scalar *s)
{
    double x[HIDDEN], reset[HIDDEN];
    project(s, x);
    for (int j = 0; j < HIDDEN; j++)
        reset[j] =
            s->state[j] * sigmoid(product(s, "inner", j, x) + product(s, "recurrent", j, s->state) +
                                  value(s, "bias", j));
    for (int j = 0; j < HIDDEN; j++) {
        double z = sigmoid(product(s, "inner", HIDDEN + j, x) + value(s, "bias", HIDDEN + j));
        double n = tanh(product(s, "recurrent", HIDDEN + j, reset) + tanh(x[j]) +
                        value(s, "bias", 2 * HIDDEN + j));
        s->next[j] = n * z + s->state[j] * (1 - z);
    }
}

static void step_mut2(const struct scalar *s)
{
    double x[HIDDEN], reset[HIDDEN];
    project(s, x);
    for (int j = 0; j < HIDDEN; j++)
        reset[j] = s->state[j] *
                   sigmoid(x[j] + product(s, "recurrent", j, s->state) + value(s, "bias", j));
    for (int j = 0; j < HIDDEN; j++) {
        double z =
            sigmoid(product(s, "inner", j, x) + product(s, "recurrent", HIDDEN + j, s->state) +
                    value(s, "bias", HIDDEN + j));
        double n = tanh(product(s, "recurrent", 2 * HIDDEN + j, reset) +
                        product(s, "inner", HIDDEN + j, x) + value(s, "bias", 2 * HIDDEN + j));
        s->next[j] = n * z + s->state[j] * (1 - z);
    }
}

static void step_mut3(const struct scalar *s)
{
    double bounded[HIDDEN], reset[HIDDEN];
    for (int j = 0; j < HIDDEN; j++) {
        bounded[j] = tanh(s->state[j]);
        reset[j] = sigmoid(sum_of(s, 0, j)) * s->state[j];
    }
    for (int j = 0; j < HIDDEN; j++) {
        double z = sigmoid(from_input(s, 1, j) + product(s, "recurrent", HIDDEN + j, bounded));
        double n = tanh(from_input(s, 2, j) + product(s, "recurrent", 2 * HIDDEN + j, reset));
        s->next[j] = n * z + s->state[j] * (1 - z);
    }
}

/* Sentence `row` from its first step, in this direction, to its last. */
static void check_sentence(const struct network *net, const struct rnn *rnn,
                           const struct sequence *seq, struct mat x, const struct rnn_memory *m,
                           int row, void (*step)(const struct scalar *s))
{
    int width = rnn_state_width(rnn);
    double input[IN], state[MAX_STATE], next[MAX_STATE];
    for (int k = 0; k < width; k++)
        state[k] = (double)mat_row(m->initial, row)[k];
    for (int i = 0; i < seq->length[row]; i++) {
        int at = seq->offset[rnn->options.reverse ? seq->length[row] - 1 - i : i] + row;
        for (int k = 0; k < IN; k++)
            input[k] = (double)mat_row(x, at)[k];
        struct scalar s = {net, input, state, next};
        step(&s);
        for (int k = 0; k < width; k++) {
            double ours = (double)mat_row(m->states, at)[k];
            if (!(fabs(ours - next[k]) < 1e-5 * (1 + fabs(next[k]))))
                fail_msg("%s, %s: sentence %d, step %d, element %d: %.9g, expected %.9g",
                         rnn->cell->name, rnn->options.reverse ? "backward" : "forward", row, i, k,
                         ours, next[k]);
        }
        memcpy(state, next, sizeof state);
    }
}

static void check(const char *name, bool reverse, void (*step)(const struct scalar *s))
{
    struct network net = {0};
    struct rnn rnn;
    struct sequence seq = {0};
    struct rnn_memory m;
    struct rnn_options options = {.in = IN, .hidden = HIDDEN, .reverse = reverse};
    assert_int_equal(rnn_declare(&rnn, name, options, "cell", &net.params, &net.weights, &net.err),
                     0);
    network_ready(&net, 0.4, 1 << 20);
    assert_int_equal(sequence_plan(&seq, lengths, ROWS, &net.err), 0);
    rnn_plan(&rnn, &seq, false, &net.arena, &m);
    struct mat x = pass_mat(&net.arena, seq.total, IN);
    fill_random(x, 1);
    fill_random(m.initial, 2);
    rnn_forward(&net.pass, &rnn, &seq, x, &m);
    for (int row = 0; row < ROWS; row++)
        check_sentence(&net, &rnn, &seq, x, &m, row, step);
    sequence_release(&seq);
    network_release(&net);
}

static void test_every_cell(void **state)
{
    (void)state;
#define CHECK(name, doc)                                                                           \
    check(#name, false, step_##name);                                                              \
    check(#name, true, step_##name);
    CELL_LIST(CHECK)
#undef CHECK
}

/* Within each gate's block, rows are orthogonal and of length 1. */
static void check_orthogonal(const struct param *e, struct mat m)
{
    for (int a = 0; a < m.rows; a++)
        for (int b = a / HIDDEN * HIDDEN; b <= a; b++) {
            double dot = 0;
            for (int k = 0; k < m.cols; k++)
                dot += (double)mat_row(m, a)[k] * (double)mat_row(m, b)[k];
            if (fabs(dot - (a == b)) > 1e-5)
                fail_msg("%s: rows %d and %d have a product of %g", e->name, a, b, dot);
        }
}

/* Gains begin as 1, the biases of a forget gate as the recipe has it, other vectors as 0. */
static void check_vector(const struct param *e, struct mat m, int forget_gate)
{
    for (int k = 0; k < m.cols; k++) {
        bool forget = strcmp(e->name, "cell.bias") == 0 && k / HIDDEN == forget_gate;
        double expected = strstr(e->name, "gain") ? 1 : forget ? 3 : 0;
        if ((double)m.data[k] != expected)
            fail_msg("%s[%d] begins as %g, not %g", e->name, k, (double)m.data[k], expected);
    }
}

static void check_first_values(const char *name)
{
    struct network net = {0};
    struct rnn rnn;
    struct rnn_options options = {.in = IN, .hidden = HIDDEN, .forget_bias = 3};
    options.init.kind = PARAM_ORTHOGONAL;
    assert_int_equal(rnn_declare(&rnn, name, options, "cell", &net.params, &net.weights, &net.err),
                     0);
    assert_int_equal(params_allocate(&net.params, &net.err), 0);
    assert_int_equal(params_initialise(&net.params, 5, &net.err), 0);
    int forget_gate = strncmp(name, "lstm", 4) != 0 ? -1 : strcmp(name, "lstm_coupled") != 0;
    for (int i = 0; i < net.params.count; i++) {
        struct mat m = params_mat(&net.params, i);
        if (m.rows == 1)
            check_vector(&net.params.entries[i], m, forget_gate);
        else if (m.cols == HIDDEN)
            check_orthogonal(&net.params.entries[i], m);
    }
    weights_release(&net.weights);
    params_release(&net.params);
}

static void test_first_values(void **state)
{
    (void)state;
#define CHECK(name, doc) check_first_values(#name);
    CELL_LIST(CHECK)
#undef CHECK
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_cell),
        cmocka_unit_test(test_first_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
