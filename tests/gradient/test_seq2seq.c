/* The whole model's gradient against central differences, in double: every parameter of every
 * combination of cell, score, window and place, and the structures one by one.
 * test_combinations.c draws from all of them at once. */
#include "base/lists.h"
#include "tests/gradient/difference.h"

#define NAME(name, doc) #name,

static const char *const small =
    "model: {embedding: 6, encoder_hidden: 5, decoder_hidden: 7, readout: 6, %s}\n"
    "attention: {size: 4, positions: 4, %s}\n"
    "dropout: {embedding: 0.2, annotations: 0.2, layers: 0.3, readout: 0.3%s}\n"
    "train: {label_smoothing: 0.1}\n"
    "tokenizer: {joint: true}\n";

static void check_dropout(const char *model, const char *attention, const char *dropout)
{
    char yaml[1024];
    snprintf(yaml, sizeof yaml, small, model, attention, dropout);
    check_recipe(yaml, 24);
}

static void check(const char *model, const char *attention)
{
    check_dropout(model, attention, "");
}

static void test_every_cell_score_and_window(void **state)
{
    (void)state;
    static const char *const cells[] = {CELL_LIST(NAME)};
    static const char *const scores[] = {SCORE_LIST(NAME)};
    static const char *const windows[] = {WINDOW_LIST(NAME)};
    static const char *const places[] = {"before", "after", "after, feeding: true", "gnmt"};
    for (size_t c = 0; c < sizeof cells / sizeof *cells; c++)
        for (size_t s = 0; s < sizeof scores / sizeof *scores; s++)
            for (size_t w = 0; w < sizeof windows / sizeof *windows; w++)
                for (size_t p = 0; p < sizeof places / sizeof *places; p++) {
                    char yaml[1024];
                    /* dot needs the annotations to be as wide as the decoder's state */
                    snprintf(yaml, sizeof yaml,
                             "model: {embedding: 6, encoder_hidden: 7, decoder_hidden: 7,"
                             " readout: 6, encoder_cell: %s, decoder_cell: %s,"
                             " bidirectional: false}\n"
                             "attention: {size: 4, positions: 4, width: 2, entropy: 0.3,"
                             " score: %s, window: %s, place: %s}\n"
                             "dropout: {embedding: 0.2, annotations: 0.2, readout: 0.3}\n",
                             cells[c], cells[c], scores[s], windows[w], places[p]);
                    check_recipe(yaml, 5);
                }
}

static void test_windows(void **state)
{
    (void)state;
    check("decoder_layers: 2", "score: concat, window: local_m, width: 1");
    check("decoder_layers: 2", "score: general, window: local_p, width: 1, place: after");
    check("encoder_layers: 2", "score: concat, window: local_p, width: 3, place: gnmt");
    check("encoder_layers: 2", "window: hard, entropy: 0.5, place: after, feeding: true");
}

static void test_coverage(void **state)
{
    (void)state;
    check("encoder_layers: 1", "coverage: sum");
    check("encoder_layers: 1", "coverage: fertility");
    check("encoder_layers: 2",
          "coverage: fertility, coverage_loss: 0.7, place: after, score: general,"
          " window: local_p, width: 2");
    check("decoder_layers: 2", "coverage: sum, coverage_loss: 0.7, place: gnmt");
    check("encoder_layers: 2", "score: general, coverage: sum, coverage_loss: 0.7, place: after");
    check("encoder_layers: 1", "coverage: sum, coverage_loss: 1, place: after, feeding: true");
    check("encoder_layers: 1", "coverage: sum, coverage_loss: 1, window: local_p, width: 2");
    check("encoder_layers: 1", "coverage: sum, coverage_loss: 1, window: local_m, width: 1");
}

static void test_residual(void **state)
{
    (void)state;
    check("encoder_layers: 3, decoder_layers: 3, residual: 2", "place: before");
    check("encoder_layers: 4, decoder_layers: 3, residual: 3", "score: general, place: after");
    check("encoder_layers: 3, decoder_layers: 1, residual: 2", "place: after, feeding: true");
    check("encoder_layers: 1, decoder_layers: 2, residual: 2", "place: gnmt");
    check_recipe("model: {embedding: 6, encoder_hidden: 3, decoder_hidden: 6, encoder_layers: 2,"
                 " decoder_layers: 2, residual: 1}\n"
                 "dropout: {layers: 0.3}\n"
                 "attention: {place: after, score: dot}\n",
                 24);
    check_recipe("model: {embedding: 6, encoder_hidden: 3, decoder_hidden: 6, residual: 1}\n", 24);
}

static void test_directions(void **state)
{
    (void)state;
    check("encoder_layers: 3, bidirectional_layers: first", "place: before");
    check("encoder_layers: 4, bidirectional_layers: first, residual: 3, decoder_layers: 3",
          "place: gnmt");
    check("encoder_layers: 1, bidirectional_layers: first", "place: after");
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
                 " encoder_layers: 2, decoder_layers: 3}\n",
                 24);
    check_recipe("model: {embedding: 6, encoder_hidden: 6, decoder_hidden: 6, bridge: copy,"
                 " encoder_layers: 3, decoder_layers: 2, bidirectional_layers: first,"
                 " residual: 3}\n",
                 24);
}

static void test_tied(void **state)
{
    (void)state;
    check("tie: target", "score: concat");
    check("tie: all", "score: general, place: after, feeding: true");
}

/* With a mask for each word, and with one for each sentence. */
static void test_dropout(void **state)
{
    (void)state;
    static const char *const kinds[] = {
        ", recurrent: 0.2", ", source_words: 0.2, target_words: 0.2",
        ", recurrent: 0.2, source_words: 0.2, target_words: 0.2, variational: true"};
    for (int i = 0; i < 3; i++) {
        check_dropout("encoder_layers: 2, decoder_layers: 2", "place: before", kinds[i]);
        check_dropout("encoder_layers: 2, decoder_layers: 3",
                      "score: general, place: after, feeding: true", kinds[i]);
        check_dropout("encoder_layers: 2, bidirectional: false", "score: general, place: after",
                      kinds[i]);
        check_dropout("reverse_source: true, decoder_layers: 2", "place: none", kinds[i]);
        check_dropout("bridge: mean", "place: gnmt", kinds[i]);
    }
}

static void test_twins(void **state)
{
    (void)state;
    check_recipe("model: {embedding: 6, encoder_hidden: 5, decoder_hidden: 7}\n"
                 "dropout: {embedding: 0.2, readout: 0.3}\n"
                 "train: {rdrop: 1.7, label_smoothing: 0.1}\n",
                 24);
    check_recipe("model: {embedding: 6, encoder_hidden: 5, decoder_hidden: 7}\n"
                 "attention: {preset: luong}\n"
                 "dropout: {annotations: 0.2, layers: 0.3, variational: true}\n"
                 "train: {rdrop: 5, label_smoothing: 0}\n",
                 24);
}

/* Every score with every window that has weights to guide, under every cost. */
static void test_guided(void **state)
{
    (void)state;
    static const char *const scores[] = {SCORE_LIST(NAME)};
    static const char *const windows[] = {"global", "local_m", "local_p"};
    static const char *const costs[] = {GUIDED_COST_LIST(NAME)};
    static const char *const places[] = {"before", "after", "after, feeding: true", "gnmt"};
    enum { N_SCORES = sizeof scores / sizeof *scores, N_COSTS = sizeof costs / sizeof *costs };
    for (int i = 0; i < N_SCORES * 3 * N_COSTS; i++) {
        char yaml[1024];
        snprintf(yaml, sizeof yaml,
                 "model: {embedding: 6, encoder_hidden: 7, decoder_hidden: 7, readout: 6,"
                 " bidirectional: false, reverse_source: %s}\n"
                 "attention: {size: 4, positions: 4, width: 2, score: %s, window: %s, place: %s}\n"
                 "dropout: {embedding: 0.2, annotations: 0.2, readout: 0.3}\n"
                 "data: {train_source: s, train_target: t, alignments: a}\n"
                 "train: {guided_weight: 1.3, guided_cost: %s}\n",
                 i % 3 == 0 ? "true" : "false", scores[i / 3 % N_SCORES], windows[i % 3],
                 places[i % 4], costs[i / 3 / N_SCORES]);
        check_recipe(yaml, 12);
    }
}

/* With what else attention adds to the loss, and with twins. */
static void test_guided_with_others(void **state)
{
    (void)state;
    static const char *const others[] = {
        "attention: {size: 4, coverage: fertility, coverage_loss: 0.7}\ntrain: {",
        "attention: {size: 4, coverage: sum, coverage_loss: 0.7, window: local_p, width: 2,"
        " place: after}\ntrain: {",
        "attention: {preset: luong}\ntrain: {rdrop: 1.5, ",
        "attention: {preset: bahdanau}\nscheduled: {decay: linear}\ntrain: {"};
    for (int i = 0; i < 4; i++) {
        char yaml[1024];
        snprintf(yaml, sizeof yaml,
                 "model: {embedding: 6, encoder_hidden: 5, decoder_hidden: 7}\n"
                 "dropout: {embedding: 0.2, readout: 0.3}\n"
                 "data: {train_source: s, train_target: t, alignments: a}\n%sguided_weight: 2}\n",
                 others[i]);
        check_recipe(yaml, 24);
    }
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
        double error = worst_error(&f, 24, where, sizeof where);
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
        double error = worst_error(&f, 24, where, sizeof where);
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
                 "data: {train_source: s, train_target: t, alignments: a}\n"
                 "train: {bptt: %d, guided_weight: 0.5}\n",
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
        cmocka_unit_test(test_every_cell_score_and_window),
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_coverage),
        cmocka_unit_test(test_residual),
        cmocka_unit_test(test_directions),
        cmocka_unit_test(test_structure),
        cmocka_unit_test(test_bridges),
        cmocka_unit_test(test_bridge_copy),
        cmocka_unit_test(test_tied),
        cmocka_unit_test(test_dropout),
        cmocka_unit_test(test_twins),
        cmocka_unit_test(test_guided),
        cmocka_unit_test(test_guided_with_others),
        cmocka_unit_test(test_own_words),
        cmocka_unit_test(test_truncation),
        cmocka_unit_test(test_spans_change_the_gradient_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
