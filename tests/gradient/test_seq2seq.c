/* The whole model's gradient against central differences, in double: every parameter of every
 * combination of cell, score, place, feeding, bridge, tying, depth and direction. */
#include <math.h>
#include <stdio.h>

#include "base/lists.h"
#include "tests/model/fixture.h"

static const double tolerance = 1e-6;

static const char *const small =
    "model: {embedding: 6, encoder_hidden: 5, decoder_hidden: 7, readout: 6, %s}\n"
    "attention: {size: 4, positions: 4, %s}\n"
    "dropout: {embedding: 0.2, annotations: 0.2, layers: 0.3, readout: 0.3, recurrent: 0.2,"
    " source_words: 0.2, target_words: 0.2, variational: %s}\n"
    "train: {label_smoothing: 0.1}\n"
    "tokenizer: {joint: true}\n";

/* Fourth-order central difference of the loss. */
static double derivative(struct fixture *f, real *x, double h)
{
    real kept = *x;
    double at[4];
    for (int i = 0; i < 4; i++) {
        static const int steps[4] = {-2, -1, 1, 2};
        *x = kept + (real)(steps[i] * h);
        at[i] = fixture_loss(f).loss;
    }
    *x = kept;
    return (at[0] - 8 * at[1] + 8 * at[2] - at[3]) / (12 * h);
}

/* With h = 1e-3 neither h^4 nor rounding is seen, unless a rectified unit changes sides between the
 * points: then a smaller step has them all on one side. Sets *numeric and returns its relative
 * error. */
static double error_of(struct fixture *f, real *x, double analytic, double largest, double *numeric)
{
    double error = 0;
    for (double h = 1e-3; h > 5e-6; h /= 10) {
        *numeric = derivative(f, x, h);
        double scale = fmax(fmax(fabs(*numeric), fabs(analytic)), 1e-3 * largest);
        error = scale > 0 ? fabs(*numeric - analytic) / scale : 0;
        if (error < tolerance)
            break;
    }
    return error;
}

/* Largest |numeric - analytic| / max(1e-3 * largest gradient, |numeric|, |analytic|) over a sample
 * of each parameter. */
static double worst_error(struct fixture *f, char *where, size_t size)
{
    struct loss_sums sums = {0};
    fixture_pack(f);
    seq2seq_gradient(&f->pass, &f->model, &f->batch, 1, &f->memory, &sums);
    double worst = 0;
    for (int i = 0; i < f->model.params.count; i++) {
        struct mat value = params_mat(&f->model.params, i);
        struct mat gradient = params_view(&f->model.params, f->pass.gradients, i);
        int n = value.rows * value.cols, stride = n / 24 + 1;
        double largest = 0;
        for (int k = 0; k < n; k++)
            largest = fmax(largest, fabs((double)gradient.data[k]));
        for (int k = 0; k < n; k += stride) {
            double numeric, analytic = (double)gradient.data[k];
            double error = error_of(f, &value.data[k], analytic, largest, &numeric);
            if (error > worst) {
                worst = error;
                snprintf(where, size, "%s[%d]: numeric %.10g, analytic %.10g",
                         f->model.params.entries[i].name, k, numeric, analytic);
            }
        }
    }
    return worst;
}

static void check_recipe(const char *yaml)
{
    struct fixture f;
    char where[256] = "";
    fixture_init(&f, yaml, "openblas");
    double error = worst_error(&f, where, sizeof where);
    if (!(error < tolerance))
        fail_msg("%s: relative error %.3g at %s", yaml, error, where);
    fixture_release(&f);
}

/* With a mask for each word, and with one for each sentence. */
static void check(const char *model, const char *attention)
{
    static const char *const variational[] = {"false", "true"};
    for (int i = 0; i < 2; i++) {
        char yaml[1024];
        snprintf(yaml, sizeof yaml, small, model, attention, variational[i]);
        check_recipe(yaml);
    }
}

static void test_every_cell_and_score(void **state)
{
    (void)state;
    static const char *const cells[] = {
#define NAME(name, doc) #name,
        CELL_LIST(NAME)};
    static const char *const scores[] = {SCORE_LIST(NAME)};
    static const char *const places[] = {"place: before, feeding: false",
                                         "place: after, feeding: false",
                                         "place: after, feeding: true"};
    for (size_t c = 0; c < sizeof cells / sizeof *cells; c++)
        for (size_t s = 0; s < sizeof scores / sizeof *scores; s++)
            for (size_t p = 0; p < sizeof places / sizeof *places; p++) {
                char model[256], attention[128];
                /* dot needs the annotations to be as wide as the decoder's state */
                snprintf(model, sizeof model,
                         "encoder_cell: %s, decoder_cell: %s, bidirectional: false, "
                         "encoder_hidden: 7",
                         cells[c], cells[c]);
                snprintf(attention, sizeof attention, "score: %s, %s", scores[s], places[p]);
                char yaml[1024];
                snprintf(
                    yaml, sizeof yaml,
                    "model: {embedding: 6, decoder_hidden: 7, readout: 6, %s}\n"
                    "attention: {size: 4, positions: 4, %s}\n"
                    "dropout: {embedding: 0.2, annotations: 0.2, readout: 0.3, recurrent: 0.3}\n",
                    model, attention);
                check_recipe(yaml);
            }
}

static void test_structure(void **state)
{
    (void)state;
    check("encoder_layers: 1", "score: concat, place: before");
    check("encoder_layers: 2, decoder_layers: 2", "score: concat, place: before");
    check("encoder_layers: 2, decoder_layers: 3", "score: general, place: after, feeding: true");
    check("encoder_layers: 2, decoder_layers: 2, bidirectional: false",
          "score: general, place: after");
    check("reverse_source: true", "place: none");
    check("reverse_source: true, decoder_layers: 2", "place: none");
}

static void test_bridges(void **state)
{
    (void)state;
    check("bridge: zero", "score: concat");
    check("bridge: dense", "score: general, place: after");
    check("bridge: mean, decoder_layers: 2", "score: concat");
}

static void test_bridge_copy(void **state)
{
    (void)state;
    check_recipe("model: {embedding: 6, encoder_hidden: 3, decoder_hidden: 6, bridge: copy,"
                 " encoder_layers: 2, decoder_layers: 3}\n");
}

static void test_tied(void **state)
{
    (void)state;
    check("tie: target", "score: concat");
    check("tie: all", "score: general, place: after, feeding: true");
}

static void test_twins(void **state)
{
    (void)state;
    check_recipe("model: {embedding: 6, encoder_hidden: 5, decoder_hidden: 7}\n"
                 "dropout: {embedding: 0.2, readout: 0.3}\n"
                 "train: {rdrop: 1.7, label_smoothing: 0.1}\n");
    check_recipe("model: {embedding: 6, encoder_hidden: 5, decoder_hidden: 7}\n"
                 "attention: {preset: luong}\n"
                 "dropout: {annotations: 0.2, layers: 0.3, variational: true}\n"
                 "train: {rdrop: 5, label_smoothing: 0}\n");
}

/* Words that the model chooses itself: none, some, all. */
static void test_own_words(void **state)
{
    (void)state;
    static const char *const attention[] = {"preset: bahdanau", "preset: luong", "place: none"};
    static const char *const choices[] = {"argmax", "sample"};
    static const double shares[] = {0, 0.5, 1};
    for (int i = 0; i < 18; i++) {
        char yaml[512], where[256] = "";
        struct fixture f;
        snprintf(yaml, sizeof yaml,
                 "model: {embedding: 6, encoder_hidden: 5, decoder_hidden: 7}\n"
                 "attention: {%s}\ndropout: {embedding: 0.2, target_words: 0.2}\n"
                 "scheduled: {decay: linear, choice: %s}\n",
                 attention[i % 3], choices[i / 3 % 2]);
        fixture_init(&f, yaml, "openblas");
        f.pass.own_words = shares[i / 6];
        double error = worst_error(&f, where, sizeof where);
        if (!(error < tolerance))
            fail_msg("%s: relative error %.3g at %s", yaml, error, where);
        int own = 0;
        for (int k = 0; k < f.batch.target.total; k++)
            own += f.memory.words[k] != f.batch.target_in[k];
        assert_true(i < 6 ? own == 0 : own >= f.batch.target.total / 6);
        fixture_release(&f);
    }
}

/* Truncation leaves out what goes by way of the states between spans. Where a step does not depend
 * on the one before, because the recurrent weights are zero, that is nothing, and the gradient is
 * that of the whole; else only the gradients of what lies before the cut differ. */
static void test_truncation(void **state)
{
    (void)state;
    for (int bptt = 1; bptt <= 6; bptt++) {
        char yaml[512], where[256] = "";
        struct fixture f;
        snprintf(yaml, sizeof yaml,
                 "model: {embedding: 6, encoder_hidden: 5, decoder_hidden: 7,"
                 " decoder_cell: rnn_tanh, bridge: zero}\n"
                 "attention: {place: after}\n"
                 "dropout: {embedding: 0.2, readout: 0.2, recurrent: 0.2}\ntrain: {bptt: %d}\n",
                 bptt);
        fixture_init(&f, yaml, "openblas");
        int recurrent = params_find(&f.model.params, "decoder.0.recurrent");
        mat_zero(params_mat(&f.model.params, recurrent));
        double error = worst_error(&f, where, sizeof where);
        if (!(error < tolerance))
            fail_msg("%s: relative error %.3g at %s", yaml, error, where);
        fixture_release(&f);
    }
}

/* The loss is the same whatever the spans; so is the gradient when one span holds all steps, and
 * else not. Memory is that of the longest span. */
static void test_spans_change_the_gradient_alone(void **state)
{
    (void)state;
    double loss = 0, size = 0, whole = 0;
    for (int bptt = 0; bptt <= 7; bptt++) {
        char yaml[512];
        struct fixture f;
        struct loss_sums sums = {0};
        snprintf(yaml, sizeof yaml,
                 "model: {embedding: 6, encoder_hidden: 5, decoder_hidden: 7, decoder_layers: 2}\n"
                 "attention: {preset: luong}\n"
                 "dropout: {embedding: 0.2, layers: 0.2, readout: 0.2, recurrent: 0.2}\n"
                 "train: {bptt: %d}\n",
                 bptt);
        fixture_init(&f, yaml, "openblas");
        fixture_pack(&f);
        seq2seq_gradient(&f.pass, &f.model, &f.batch, 1, &f.memory, &sums);
        double squares = kernels_best()->sum_of_squares(f.model.params.size, f.pass.gradients);
        if (bptt == 0) {
            loss = sums.loss;
            whole = squares;
            size = (double)f.arena.size;
        }
        assert_true(fabs(sums.loss - loss) < 1e-12 * loss);
        assert_true(fixture_loss(&f).loss == sums.loss);
        bool cut = bptt > 0 && bptt < f.batch.target.steps;
        assert_true(cut ? fabs(squares - whole) > 1e-6 * whole : squares == whole);
        assert_true(cut ? (double)f.arena.size < size : (double)f.arena.size == size);
        fixture_release(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_cell_and_score),
        cmocka_unit_test(test_structure),
        cmocka_unit_test(test_bridges),
        cmocka_unit_test(test_bridge_copy),
        cmocka_unit_test(test_tied),
        cmocka_unit_test(test_twins),
        cmocka_unit_test(test_own_words),
        cmocka_unit_test(test_truncation),
        cmocka_unit_test(test_spans_change_the_gradient_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
