/* The model against PyTorch: tests/golden/NAME.safetensors hold what an implementation of its own
 * (scripts/golden/make.py, double precision) makes of the same parameters and sentences. */
#include <math.h>
#include <stdio.h>

#include "base/tensors.h"
#include "tests/model/fixture.h"
#include "train/optimizer.h"

enum { GOLDEN_SENTENCES = 5, GOLDEN_STEPS = 10 };

static const double tolerance = 1e-4;

static const char *const names[] = {
    "bahdanau",       "luong",       "feeding",        "deep",         "copy",
    "forward",        "gru",         "rnn_tanh",       "rnn_relu",     "sgd",
    "momentum",       "adadelta",    "adamw",          "local_m",      "local_p",
    "local_p_before", "coverage",    "coverage_after", "residual",     "first",
    "gnmt",           "gru_before",  "lstm_peephole",  "lstm_coupled", "lstm_norm",
    "gru_norm",       "mut1",        "mut2",           "mut3",         "sgd_l2",
    "momentum_l2",    "adadelta_l2", "adam_l2",        "fertility",    "guided",
    "guided_local_p", "guided_mse"};

struct golden {
    const char *name;
    struct fixture f;
    struct tensors file;
};

/* The array KIND.NAME, or KIND when `name` is NULL; a test fails where it is missing. */
static const struct tensor *array(const struct golden *g, const char *kind, const char *name)
{
    char full[128];
    snprintf(full, sizeof full, "%s%s%s", kind, name ? "." : "", name ? name : "");
    const struct tensor *t = tensors_find(&g->file, full);
    if (!t)
        fail_msg("%s: the golden file has no array %s", g->name, full);
    return t;
}

static size_t size_of(const struct tensor *t)
{
    size_t n = 1;
    for (int i = 0; i < t->rank; i++)
        n *= t->shape[i];
    return n;
}

static const int *integers(const struct golden *g, const char *name, size_t n)
{
    const struct tensor *t = array(g, name, NULL);
    assert_int_equal(t->type, TENSOR_I32);
    assert_int_equal(size_of(t), n);
    return t->data;
}

static const double *doubles(const struct golden *g, const char *name, size_t n)
{
    const struct tensor *t = array(g, name, NULL);
    assert_int_equal(t->type, TENSOR_F64);
    assert_int_equal(size_of(t), n);
    return t->data;
}

/* A matrix of floats of the shape of `m`, row by row. */
static const float *floats(const struct golden *g, const struct tensor *t, struct mat m)
{
    if (t->type != TENSOR_F32 || t->rank != 2 || t->shape[0] != (size_t)m.rows ||
        t->shape[1] != (size_t)m.cols)
        fail_msg("%s: %s is not [%d, %d]", g->name, t->name, m.rows, m.cols);
    return t->data;
}

static void check_close(const struct golden *g, const char *what, double ours, double golden)
{
    if (!(fabs(ours - golden) < tolerance * fabs(golden)))
        fail_msg("%s on %s: %s is %.9g, PyTorch has %.9g", g->name, g->f.pass.backend->name, what,
                 ours, golden);
}

/* |ours - golden| < tolerance |golden - origin| in the 2-norm; `origin` NULL stands for zeros. */
static void check_near(const struct golden *g, struct mat ours, const struct tensor *golden,
                       const struct tensor *origin)
{
    const float *expected = floats(g, golden, ours);
    const float *from = origin ? floats(g, origin, ours) : NULL;
    double difference = 0, norm = 0;
    for (int r = 0; r < ours.rows; r++)
        for (int c = 0; c < ours.cols; c++) {
            size_t i = (size_t)r * (size_t)ours.cols + (size_t)c;
            double error = (double)mat_row(ours, r)[c] - (double)expected[i];
            double value = (double)expected[i] - (from ? (double)from[i] : 0);
            difference += error * error;
            norm += value * value;
        }
    if (!(sqrt(difference) < tolerance * sqrt(norm)))
        fail_msg("%s on %s: %s differs by %.3g of its norm %.3g", g->name, g->f.pass.backend->name,
                 golden->name, sqrt(difference / norm), sqrt(norm));
}

/* The links of sentences [from, from + n), whose words are their tokens. */
static void take_links(struct golden *g, int from, int n)
{
    enum { MOST = 64 };
    static const int words[] = {0, 1, 2, 3, 4, 5, 6, 7};
    struct corpus_link links[MOST];
    struct batch_alignment alignments[GOLDEN_SENTENCES];
    const struct tensor *t = array(g, "links", NULL);
    const int *row = integers(g, "links", size_of(t));
    int total = (int)t->shape[0], at = 0;
    assert_in_range(total, 1, MOST);
    for (int i = 0; i < GOLDEN_SENTENCES; i++) {
        alignments[i] = (struct batch_alignment){{words, words}, links + at, 0};
        for (; at < total && row[4 * at] == i; at++, alignments[i].n_links++)
            links[at] = (struct corpus_link){row[4 * at + 1], row[4 * at + 2], row[4 * at + 3]};
    }
    assert_int_equal(at, total);
    assert_true(from + n <= GOLDEN_SENTENCES);
    assert_int_equal(
        batch_align(&g->f.batch, alignments + from, g->f.recipe.model.reverse_source, &g->f.err),
        0);
}

/* Sentences [from, from + n) of the file become the fixture's batch. */
static void take_sentences(struct golden *g, int from, int n)
{
    struct batch_sentence sides[2][GOLDEN_SENTENCES];
    for (int side = 0; side < 2; side++) {
        const int *lengths =
            integers(g, side ? "target.length" : "source.length", GOLDEN_SENTENCES);
        size_t total = 0;
        for (int i = 0; i < GOLDEN_SENTENCES; i++)
            total += (size_t)lengths[i];
        const int *ids = integers(g, side ? "target" : "source", total);
        for (int i = 0; i < GOLDEN_SENTENCES; ids += lengths[i++])
            sides[side][i] = (struct batch_sentence){ids, lengths[i]};
    }
    assert_int_equal(batch_fill(&g->f.batch, sides[0] + from, sides[1] + from, n,
                                g->f.recipe.model.reverse_source, &g->f.err),
                     0);
    if (g->f.recipe.data.alignments.n > 0)
        take_links(g, from, n);
    fixture_plan(&g->f);
}

/* Every parameter is in the file and the other way round, under the same name. */
static void load_parameters(struct golden *g)
{
    const struct params *p = &g->f.model.params;
    int n = 0;
    for (size_t i = 0; i < g->file.n; i++)
        if (strncmp(g->file.items[i].name, "parameter.", 10) == 0) {
            n++;
            if (params_find(p, g->file.items[i].name + 10) < 0)
                fail_msg("%s: the model has no %s", g->name, g->file.items[i].name);
        }
    assert_int_equal(n, p->count);
    for (int i = 0; i < p->count; i++) {
        struct mat m = params_mat(p, i);
        const float *data = floats(g, array(g, "parameter", p->entries[i].name), m);
        for (int k = 0; k < m.rows * m.cols; k++)
            m.data[k] = (real)data[k];
    }
}

static void golden_init(struct golden *g, const char *name, const char *backend)
{
    char path[128];
    *g = (struct golden){.name = name};
    snprintf(path, sizeof path, "tests/golden/%s.safetensors", name);
    if (tensors_open(&g->file, path, &g->f.err) < 0)
        fail_msg("%s", g->f.err.message);
    const char *recipe = tensors_metadata(&g->file, "recipe");
    assert_non_null(recipe);
    const int *vocabulary = integers(g, "vocabulary", 2);
    fixture_model(&g->f, recipe, backend, vocabulary[0], vocabulary[1]);
    g->f.pass.dropout = false;
    load_parameters(g);
    take_sentences(g, 0, GOLDEN_SENTENCES);
    fixture_pack(&g->f);
}

static void golden_release(struct golden *g)
{
    fixture_release(&g->f);
    tensors_release(&g->file);
}

/* Calls `check` for every file on every backend that runs here. */
static void for_each(void (*check)(struct golden *g))
{
    for (size_t b = 0; compute_backends[b]; b++) {
        struct satz_error err = {0};
        if (compute_backends[b]->supported(COMPUTE_F32, &err) < 0)
            continue;
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            struct golden g;
            golden_init(&g, names[i], compute_backends[b]->name);
            check(&g);
            golden_release(&g);
        }
    }
}

/* All target words with their ends, the sentences in the file's order, as rows of `from`. */
static struct mat in_file_order(const struct golden *g, struct mat from)
{
    const struct batch *b = &g->f.batch;
    int at[GOLDEN_SENTENCES] = {0}, length[GOLDEN_SENTENCES];
    for (int r = 0; r < b->n; r++)
        length[b->order[b->sentence[r]]] = b->target.length[r];
    for (int i = 1; i < b->n; i++)
        at[i] = at[i - 1] + length[i - 1];
    struct mat to = mat_make(test_calloc((size_t)from.rows * (size_t)from.cols, sizeof(real)),
                             from.rows, from.cols);
    for (int step = 0; step < b->target.steps; step++)
        for (int r = 0; r < sequence_active(&b->target, step); r++)
            mat_copy(mat_rows(to, at[b->order[b->sentence[r]]] + step, 1),
                     mat_rows(from, b->target.offset[step] + r, 1));
    return to;
}

/* A row of weights is as long as its sentence; the rest is made zero as in the file. */
static void clear_unused_weights(struct golden *g)
{
    const struct sequence *source = &g->f.batch.source;
    struct mat weights = g->f.memory.rows.attention.weights;
    for (int r = 0; r < weights.rows; r++) {
        int used = source->length[g->f.memory.sentence[r]];
        mat_zero(mat_cols(mat_rows(weights, r, 1), used, weights.cols - used));
    }
}

static void check_forward(struct golden *g)
{
    struct fixture *f = &g->f;
    struct loss_sums sums = {0};
    seq2seq_loss(&f->pass, &f->model, &f->batch, &f->memory, &sums);
    assert_int_equal(sums.tokens, f->batch.target.total);
    check_close(g, "loss", sums.loss / (double)sums.tokens, *doubles(g, "loss", 1));

    struct mat logits = mat_rows(f->memory.logits, 0, f->batch.target.total);
    loss_logits(&f->pass, &f->model.loss, f->memory.rows.readout, logits);
    struct mat ordered = in_file_order(g, logits);
    check_near(g, ordered, array(g, "logits", NULL), NULL);
    test_free(ordered.data);

    if (f->model.decoder.place == PLACE_NONE)
        return;
    clear_unused_weights(g);
    ordered = in_file_order(g, f->memory.rows.attention.weights);
    check_near(g, ordered, array(g, "attention", NULL), NULL);
    test_free(ordered.data);
}

static void test_forward(void **state)
{
    (void)state;
    for_each(check_forward);
}

/* The gradient of the mean loss over all words of the file, added to the fixture's. */
static double add_gradient(struct golden *g, int n_tokens)
{
    struct fixture *f = &g->f;
    struct loss_sums sums = {0};
    real scale = (real)(1.0 / n_tokens);
    seq2seq_gradient(&f->pass, &f->model, &f->batch, scale, &f->memory, &sums);
    return sums.loss / n_tokens;
}

static void check_all_gradients(struct golden *g)
{
    const struct params *p = &g->f.model.params;
    for (int i = 0; i < p->count; i++)
        check_near(g, params_view(p, g->f.pass.gradients, i),
                   array(g, "gradient", p->entries[i].name), NULL);
}

static void check_gradient(struct golden *g)
{
    double loss = add_gradient(g, g->f.batch.target.total);
    check_close(g, "loss", loss, *doubles(g, "loss", 1));
    check_all_gradients(g);
}

static void test_gradient(void **state)
{
    (void)state;
    for_each(check_gradient);
}

/* The parts of a batch, each with the whole batch's scale, add up to its gradient. */
static void check_shards(struct golden *g)
{
    int n_tokens = g->f.batch.target.total;
    take_sentences(g, 0, 2);
    double loss = add_gradient(g, n_tokens);
    take_sentences(g, 2, GOLDEN_SENTENCES - 2);
    loss += add_gradient(g, n_tokens);
    check_close(g, "loss", loss, *doubles(g, "loss", 1));
    check_all_gradients(g);
}

static void test_shards(void **state)
{
    (void)state;
    for_each(check_shards);
}

static double gradient_norm(const struct golden *g)
{
    double sum = 0;
    for (size_t i = 0; i < g->f.model.params.size; i++)
        sum += (double)g->f.pass.gradients[i] * (double)g->f.pass.gradients[i];
    return sqrt(sum);
}

static void check_ten_steps(struct golden *g)
{
    struct fixture *f = &g->f;
    struct params *p = &f->model.params;
    const struct optimizer *optimizer = optimizer_find(f->recipe.optimizer.name);
    const double *losses = doubles(g, "losses", GOLDEN_STEPS);
    const double *norms = doubles(g, "norms", GOLDEN_STEPS);
    real *moments[OPTIMIZER_MAX_MOMENTS] = {0};
    assert_non_null(optimizer);
    for (int i = 0; i < optimizer->moments; i++)
        assert_non_null(moments[i] = params_new_block(p, &f->err));
    for (int i = 0; i < GOLDEN_STEPS; i++) {
        fixture_pack(f);
        check_close(g, "a step's loss", add_gradient(g, f->batch.target.total), losses[i]);
        double norm = gradient_norm(g), clip = f->recipe.train.clip;
        check_close(g, "a step's gradient norm", norm, norms[i]);
        struct optimizer_step step = {
            .rate = f->recipe.optimizer.rate,
            .beta1 = f->recipe.optimizer.beta1,
            .beta2 = f->recipe.optimizer.beta2,
            .epsilon = f->recipe.optimizer.epsilon,
            .momentum = f->recipe.optimizer.momentum,
            .rho = f->recipe.optimizer.rho,
            .weight_decay = f->recipe.optimizer.weight_decay,
            .l2 = f->recipe.optimizer.l2,
            .scale = norm > clip ? clip / norm : 1,
            .step = (uint64_t)i + 1,
        };
        optimizer->update(&step, p->size, p->values, f->pass.gradients, moments);
    }
    /* Of the way they went, which is much less than their norm. */
    for (int i = 0; i < p->count; i++)
        check_near(g, params_mat(p, i), array(g, "final", p->entries[i].name),
                   array(g, "parameter", p->entries[i].name));
    for (int i = 0; i < optimizer->moments; i++)
        free(moments[i]);
}

static void test_ten_steps(void **state)
{
    (void)state;
    for_each(check_ten_steps);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forward),
        cmocka_unit_test(test_gradient),
        cmocka_unit_test(test_shards),
        cmocka_unit_test(test_ten_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
