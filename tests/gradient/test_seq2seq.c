/* The whole model's gradient against central differences, in double: every parameter of every
 * combination of cell, score, window and place, and the structures one by one.
 * test_combinations.c draws from all of them at once. */
#include "base/lists.h"
#include "tests/gradient/difference.h"

static const char *const small =
    "model: {embedding: 6, encoder_hidden: 5, decoder_hidden: 7, readout: 6, %s}\n"
    "attention: {size: 4, positions: 4, %s}\n"
    "dropout: {embedding: 0.2, annotations: 0.2, layers: 0.3, readout: 0.3}\n"
    "train: {label_smoothing: 0.1}\n"
    "tokenizer: {joint: true}\n";

static void check(const char *model, const char *attention)
{
    char yaml[1024];
    snprintf(yaml, sizeof yaml, small, model, attention);
    check_recipe(yaml, 24);
}

static void test_every_cell_score_and_window(void **state)
{
    (void)state;
    static const char *const cells[] = {
#define NAME(name, doc) #name,
        CELL_LIST(NAME)};
    static const char *const scores[] = {SCORE_LIST(NAME)};
    static const char *const windows[] = {WINDOW_LIST(NAME)};
#undef NAME
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
