/* Which parameters a recipe makes, of what shape, and how they are drawn. */
#include <math.h>
#include <stdio.h>

#include "tests/model/fixture.h"

enum { SIZE = 200 };

/* E 6, encoder H 5, decoder H 7, K 4, R 7; [0, 0]: there is no such parameter. */
static const struct {
    const char *model, *attention, *name;
    int rows, cols;
} cases[] = {
    {"encoder_layers: 2", "place: before", "encoder.1.backward.input", 20, 10},
    {"encoder_layers: 2, bidirectional_layers: first", "place: before", "encoder.0.backward.input",
     20, 6},
    {"encoder_layers: 2, bidirectional_layers: first", "place: before", "encoder.1.backward.input",
     0, 0},
    {"encoder_layers: 2, bidirectional_layers: first", "place: before", "encoder.1.forward.input",
     20, 10},
    {"encoder_layers: 2, bidirectional_layers: first", "place: before", "decoder.0.input", 28, 11},
    {"decoder_layers: 2", "place: before", "decoder.1.input", 28, 7},
    {"decoder_layers: 2", "place: gnmt", "decoder.0.input", 28, 16},
    {"decoder_layers: 2", "place: gnmt", "decoder.1.input", 28, 17},
    {"decoder_layers: 2", "place: gnmt", "decoder.readout.weight", 7, 23},
    {"decoder_layers: 2", "place: after", "decoder.readout.weight", 7, 17},
    {"decoder_layers: 2", "place: after", "decoder.attention.position", 0, 0},
    {"decoder_layers: 2", "window: local_m", "decoder.attention.position", 0, 0},
    {"decoder_layers: 2", "window: local_p", "decoder.attention.position", 4, 7},
    {"decoder_layers: 2", "window: local_p", "decoder.attention.position_v", 1, 4},
    {"decoder_layers: 2", "window: hard", "decoder.attention.baseline", 1, 7},
    {"decoder_layers: 2", "window: hard", "decoder.attention.baseline_bias", 1, 1},
    {"decoder_layers: 2", "coverage: sum", "decoder.attention.coverage", 1, 4},
    {"decoder_layers: 2", "coverage: sum, score: general", "decoder.attention.coverage", 1, 7},
    {"decoder_layers: 2", "coverage: none", "decoder.attention.coverage", 0, 0},
};

static void declare(struct seq2seq *m, struct recipe *r, const char *yaml)
{
    struct satz_error err;
    if (recipe_parse(r, yaml, strlen(yaml), "test", &err) < 0 ||
        seq2seq_init(m, r, SIZE, SIZE, &err) < 0)
        fail_msg("%s", err.message);
}

static void test_parameters(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct seq2seq m;
        struct recipe r;
        char yaml[512];
        snprintf(yaml, sizeof yaml,
                 "model: {embedding: 6, encoder_hidden: 5, decoder_hidden: 7, %s}\n"
                 "attention: {size: 4, %s}\n",
                 cases[i].model, cases[i].attention);
        declare(&m, &r, yaml);
        int found = params_find(&m.params, cases[i].name);
        struct param none = {.rows = 0, .cols = 0};
        const struct param *p = found < 0 ? &none : &m.params.entries[found];
        if (p->rows != cases[i].rows || p->cols != cases[i].cols)
            fail_msg("%s%s is [%d, %d]", yaml, cases[i].name, p->rows, p->cols);
        seq2seq_release(&m);
        recipe_release(&r);
    }
}

/* Only what a step must hand on has columns in a state row. */
static void test_state_columns(void **state)
{
    (void)state;
    static const struct {
        const char *attention;
        int columns;
    } rows[] = {
        {"place: before", 28},
        {"place: after, feeding: true", 28 + 9},
        {"window: local_p", 28},
        {"window: local_m", 28 + 1},
        {"coverage: sum", 28 + 31},
        {"place: after, feeding: true, window: local_m, coverage: sum", 28 + 9 + 1 + 31},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct seq2seq m;
        struct recipe r;
        char yaml[512];
        snprintf(yaml, sizeof yaml,
                 "model: {decoder_hidden: 7, decoder_layers: 2, readout: 9}\nattention: {%s}\n",
                 rows[i].attention);
        declare(&m, &r, yaml);
        assert_int_equal(decoder_state_columns(&m.decoder, 31), rows[i].columns);
        seq2seq_release(&m);
        recipe_release(&r);
    }
}

static double deviation(const struct seq2seq *m, const char *name)
{
    struct mat v = params_mat(&m->params, params_find(&m->params, name));
    double squares = 0;
    for (int i = 0; i < v.rows * v.cols; i++)
        squares += (double)v.data[i] * (double)v.data[i];
    return sqrt(squares / (v.rows * v.cols));
}

/* Deviations of a square block (H x H), another matrix and an embedding. */
static void test_first_values(void **state)
{
    (void)state;
    static const struct {
        const char *init;
        double square, other, embedding;
    } inits[] = {
        {"uniform", 0.3 / 1.7320508, 0.3 / 1.7320508, 0.3 / 1.7320508},
        {"normal", 0.3, 0.3, 0.3},
        /* each gate a matrix of its own: sqrt(2 / (64 + 64)), sqrt(2 / (64 + 32)); 1 / sqrt(32) */
        {"xavier", 0.125, 0.14433757, 0.176776695},
        {"orthogonal", 0.125, 0.14433757, 0.176776695},
    };
    for (size_t i = 0; i < sizeof inits / sizeof *inits; i++) {
        struct seq2seq m;
        struct recipe r;
        struct satz_error err;
        char yaml[256];
        snprintf(yaml, sizeof yaml,
                 "model: {init: %s, init_scale: 0.3, encoder_hidden: 64, embedding: 32}\n",
                 inits[i].init);
        declare(&m, &r, yaml);
        assert_int_equal(params_allocate(&m.params, &err), 0);
        assert_int_equal(params_initialise(&m.params, 1, &err), 0);
        double square = deviation(&m, "encoder.0.forward.recurrent");
        double other = deviation(&m, "encoder.0.forward.input");
        double embedding = deviation(&m, "source.embedding");
        if (!(fabs(square / inits[i].square - 1) < 0.05 &&
              fabs(other / inits[i].other - 1) < 0.05 &&
              fabs(embedding / inits[i].embedding - 1) < 0.05))
            fail_msg("%s: square %g, other %g, embedding %g", inits[i].init, square, other,
                     embedding);
        seq2seq_release(&m);
        recipe_release(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parameters),
        cmocka_unit_test(test_state_columns),
        cmocka_unit_test(test_first_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
