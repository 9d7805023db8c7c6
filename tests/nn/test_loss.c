/* The output layer's loss and gradients against the equations of nn/loss.h, computed plainly in
 * double. */
#include <math.h>

#include "nn/loss.h"
#include "tests/nn/network.h"

enum { WIDTH = 9, VOCABULARY = 37, MOST_ROWS = 2 * LOSS_CHUNK + 1 };

struct naive {
    double nll, loss;
    double d_a[MOST_ROWS][WIDTH], d_weight[VOCABULARY][WIDTH], d_bias[VOCABULARY];
};

struct output {
    struct network net;
    struct loss loss;
    struct mat a, d_a, logits;
    int targets[MOST_ROWS];
};

static void output_init(struct output *o, int rows, double smoothing)
{
    struct param_init init = {.kind = PARAM_ZERO};
    *o = (struct output){.loss.smoothing = (real)smoothing};
    int weight = params_add(&o->net.params, "weight", VOCABULARY, WIDTH, init, &o->net.err);
    o->loss.bias = params_add(&o->net.params, "bias", 1, VOCABULARY, init, &o->net.err);
    o->loss.weight = weights_add(&o->net.weights, &o->net.params, weight, 0, WIDTH, &o->net.err);
    network_ready(&o->net, 1, 1 << 20);
    o->a = pass_mat(&o->net.arena, rows, WIDTH);
    o->d_a = pass_mat(&o->net.arena, rows, WIDTH);
    loss_plan(&o->loss, &o->net.weights, &o->net.arena, &o->logits);
    assert_true(o->logits.rows == LOSS_CHUNK && o->logits.cols == VOCABULARY);
    fill_random(o->a, 1);
    for (int r = 0; r < rows; r++) {
        o->targets[r] = (int)rng_below(2, (uint64_t)r, VOCABULARY);
        for (int k = 0; k < WIDTH; k++)
            mat_row(o->d_a, r)[k] = NAN; /* overwritten, not added to */
    }
}

static void naive_row(const struct output *o, int r, double scale, struct naive *n)
{
    double z[VOCABULARY], top = -INFINITY, sum = 0, mean = 0, eps = (double)o->loss.smoothing;
    struct mat weight = params_mat(&o->net.params, 0), bias = params_mat(&o->net.params, 1);
    const real *a = mat_row(o->a, r);
    for (int v = 0; v < VOCABULARY; v++) {
        z[v] = (double)bias.data[v];
        for (int k = 0; k < WIDTH; k++)
            z[v] += (double)mat_row(weight, v)[k] * (double)a[k];
        top = fmax(top, z[v]);
    }
    for (int v = 0; v < VOCABULARY; v++)
        sum += exp(z[v] - top);
    for (int v = 0; v < VOCABULARY; v++)
        mean += (top + log(sum) - z[v]) / VOCABULARY;
    double nll = top + log(sum) - z[o->targets[r]];
    n->nll += nll;
    n->loss += (1 - eps) * nll + eps * mean;
    for (int v = 0; v < VOCABULARY; v++) {
        double dz = exp(z[v] - top) / sum - (v == o->targets[r] ? 1 - eps : 0) - eps / VOCABULARY;
        n->d_bias[v] += scale * dz;
        for (int k = 0; k < WIDTH; k++) {
            n->d_weight[v][k] += scale * dz * (double)a[k];
            n->d_a[r][k] += scale * dz * (double)mat_row(weight, v)[k];
        }
    }
}

/* |ours - expected| against the norm of expected, over rows * cols elements. */
static void check_matrix(struct mat ours, const double *expected)
{
    double difference = 0, norm = 0;
    for (int r = 0; r < ours.rows; r++)
        for (int c = 0; c < ours.cols; c++) {
            double e = expected[r * ours.cols + c], d = (double)mat_row(ours, r)[c] - e;
            difference += d * d;
            norm += e * e;
        }
    if (!(sqrt(difference) < 2e-6 * sqrt(norm)))
        fail_msg("[%d, %d]: off by %.3g of %.3g", ours.rows, ours.cols, sqrt(difference),
                 sqrt(norm));
}

static void check_value(double ours, double expected)
{
    if (!(fabs(ours - expected) < 2e-6 * fabs(expected)))
        fail_msg("%.9g instead of %.9g", ours, expected);
}

static void check(struct output *o)
{
    static struct naive expected;
    const struct pass *pass = &o->net.pass;
    struct loss_sums forward = {.nll = 1, .loss = 2, .tokens = 3}, backward = {0};
    static double losses[MOST_ROWS];
    double sum = 0;
    expected = (struct naive){0};
    for (int r = 0; r < o->a.rows; r++)
        naive_row(o, r, 0.25, &expected);

    loss_forward(pass, &o->loss, o->a, o->targets, o->logits, &forward);
    loss_backward(pass, &o->loss, o->a, o->targets, (real)0.25, o->logits, o->d_a, losses,
                  &backward);
    assert_int_equal(backward.tokens, o->a.rows);
    assert_int_equal(forward.tokens, 3 + o->a.rows);
    check_value(backward.nll, expected.nll);
    check_value(backward.loss, expected.loss);
    for (int r = 0; r < o->a.rows; r++)
        sum += losses[r];
    check_value(sum, expected.loss);
    check_value(forward.nll, 1 + expected.nll);
    check_value(forward.loss, 2 + expected.loss);
    check_matrix(o->d_a, &expected.d_a[0][0]);
    check_matrix(params_view(&o->net.params, pass->gradients, 0), &expected.d_weight[0][0]);
    check_matrix(params_view(&o->net.params, pass->gradients, 1), expected.d_bias);
}

static const double smoothings[] = {0, 0.1};

static void test_rows_around_the_chunk(void **state)
{
    (void)state;
    static const int rows[] = {1, LOSS_CHUNK - 1, LOSS_CHUNK, LOSS_CHUNK + 1, MOST_ROWS};
    static struct output o;
    for (size_t s = 0; s < sizeof smoothings / sizeof *smoothings; s++)
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            output_init(&o, rows[i], smoothings[s]);
            check(&o);
            network_release(&o.net);
        }
}

/* Probabilities next to 0 and 1, as target and not; e^200 is beyond a float. */
static void test_extreme_logits(void **state)
{
    (void)state;
    static const real extremes[] = {80, 200};
    static struct output o;
    for (size_t s = 0; s < sizeof smoothings / sizeof *smoothings; s++)
        for (size_t i = 0; i < sizeof extremes / sizeof *extremes; i++) {
            output_init(&o, 6, smoothings[s]);
            struct mat bias = params_mat(&o.net.params, 1);
            for (int v = 0; v < VOCABULARY; v++)
                bias.data[v] = v == 5 ? extremes[i] : -extremes[i];
            for (int r = 0; r < 6; r++)
                o.targets[r] = r % 3 + 4;
            check(&o);
            network_release(&o.net);
        }
}

static void test_logits(void **state)
{
    (void)state;
    static struct output o;
    static double expected[4][VOCABULARY];
    output_init(&o, 4, 0);
    struct mat weight = params_mat(&o.net.params, 0), bias = params_mat(&o.net.params, 1);
    for (int r = 0; r < 4; r++)
        for (int v = 0; v < VOCABULARY; v++) {
            expected[r][v] = (double)bias.data[v];
            for (int k = 0; k < WIDTH; k++)
                expected[r][v] += (double)mat_row(weight, v)[k] * (double)mat_row(o.a, r)[k];
        }
    struct mat logits = mat_rows(o.logits, 0, 4);
    loss_logits(&o.net.pass, &o.loss, o.a, logits);
    check_matrix(logits, &expected[0][0]);
    network_release(&o.net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_around_the_chunk),
        cmocka_unit_test(test_extreme_logits),
        cmocka_unit_test(test_logits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
