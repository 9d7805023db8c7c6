/* The gradient of attention.window hard is an estimate: its mean, over all paths of words that
 * can be drawn and over many draws, is the gradient of the expected loss. */
#include "tests/gradient/difference.h"

enum { WORDS = 3, STEPS = 3, PATHS = 27, DRAWS = 4000 };

/* One way to draw a word at each step. */
struct path {
    uint64_t key; /* that draws it */
    double probability;
    real *gradient; /* the estimate; NULL: not seen yet */
};

static const char *const recipes[] = {
    "model: {embedding: 3, encoder_hidden: 2, decoder_hidden: 3, readout: 3}\n"
    "attention: {window: hard, place: before, entropy: 0.4, size: 3}\n",
    "model: {embedding: 3, encoder_hidden: 2, decoder_hidden: 3, readout: 3}\n"
    "attention: {window: hard, place: after, entropy: 0.4, score: general, feeding: true}\n",
    "model: {embedding: 3, encoder_hidden: 2, decoder_hidden: 3, readout: 3}\n"
    "attention: {window: hard, place: after, entropy: 0.4, size: 3}\n",
    "model: {embedding: 3, encoder_hidden: 2, decoder_hidden: 3, readout: 3, decoder_layers: 2}\n"
    "attention: {window: hard, place: gnmt, entropy: 0, size: 3}\n"
    "train: {label_smoothing: 0}\n",
};
enum { N_RECIPES = sizeof recipes / sizeof *recipes };

/* A sentence of three words with END, and a translation of as many. */
static void one_pair(struct fixture *f, const char *yaml)
{
    static const int source[] = {5, 9}, target[] = {7, 4};
    struct batch_sentence from = {source, 2}, to = {target, 2};
    fixture_init(f, yaml, "openblas");
    assert_int_equal(batch_fill(&f->batch, &from, &to, 1, false, &f->err), 0);
    fixture_plan(f);
}

/* Which path the last pass drew, and its probability. */
static int path_of(const struct fixture *f, double *probability)
{
    const struct attention_rows *rows = &f->memory.rows.attention;
    int path = 0;
    *probability = 1;
    assert_int_equal(rows->weights.rows, STEPS);
    for (int t = 0; t < STEPS; t++) {
        int word = (int)*mat_row(rows->centre, t);
        path = path * WORDS + word;
        *probability *= (double)mat_row(rows->weights, t)[word];
    }
    return path;
}

/* The estimate for the words that `key` draws, in the fixture's gradients. */
static int estimate(struct fixture *f, uint64_t key, double *probability)
{
    struct loss_sums sums = {0};
    memset(f->pass.gradients, 0, f->model.params.size * sizeof(real));
    f->pass.key = key;
    seq2seq_gradient(&f->pass, &f->model, &f->batch, 1, &f->memory, &sums);
    return path_of(f, probability);
}

static void find_paths(struct fixture *f, struct path paths[PATHS])
{
    int found = 0;
    double total = 0;
    fixture_pack(f);
    for (uint64_t key = 0; found < PATHS; key++) {
        double probability;
        assert_true(key < 1000000);
        int i = estimate(f, key, &probability);
        if (paths[i].gradient)
            continue;
        size_t bytes = f->model.params.size * sizeof(real);
        paths[i] = (struct path){key, probability, test_malloc(bytes)};
        memcpy(paths[i].gradient, f->pass.gradients, bytes);
        total += probability;
        found++;
    }
    assert_true(fabs(total - 1) < 1e-12);
}

/* E[sum l_t - entropy H_t] by enumeration; NAN when a key draws another path at these weights. */
static double expected_loss(struct fixture *f, const struct path paths[PATHS])
{
    double mean = 0;
    for (int i = 0; i < PATHS; i++) {
        double probability;
        f->pass.key = paths[i].key;
        double loss = fixture_loss(f).loss;
        if (path_of(f, &probability) != i)
            return NAN;
        mean += probability * loss;
    }
    return mean;
}

static double exact_derivative(struct fixture *f, const struct path paths[PATHS], real *x)
{
    real kept = *x;
    for (double h = 1e-3; h > 1e-6; h /= 4) {
        double at[4];
        for (int i = 0; i < 4; i++) {
            static const int steps[4] = {-2, -1, 1, 2};
            *x = kept + (real)(steps[i] * h);
            at[i] = expected_loss(f, paths);
        }
        *x = kept;
        double derivative = (at[0] - 8 * at[1] + 8 * at[2] - at[3]) / (12 * h);
        if (derivative == derivative)
            return derivative;
    }
    fail_msg("no step leaves the paths as they were");
    return 0;
}

static void release(struct fixture *f, struct path paths[PATHS])
{
    for (int i = 0; i < PATHS; i++)
        test_free(paths[i].gradient);
    fixture_release(f);
}

/* sum over paths of P(path) estimate(path) = gradient of the expected loss, to 1e-6. */
static void mean_over_all_paths_is_exact(void **state)
{
    (void)state;
    for (int which = 0; which < N_RECIPES; which++) {
        struct fixture f;
        struct path paths[PATHS] = {0};
        one_pair(&f, recipes[which]);
        find_paths(&f, paths);
        for (int i = 0; i < f.model.params.count; i++) {
            struct mat value = params_mat(&f.model.params, i);
            const struct param *e = &f.model.params.entries[i];
            for (int k = 0; k < e->rows * e->cols && !is_baseline(e->name);
                 k += e->rows * e->cols / 3 + 1) {
                double mean = 0, exact = exact_derivative(&f, paths, &value.data[k]);
                for (int p = 0; p < PATHS; p++)
                    mean += paths[p].probability * (double)paths[p].gradient[e->offset + (size_t)k];
                if (!(fabs(mean - exact) <= 1e-6 * fmax(fabs(exact), 1e-3)))
                    fail_msg("recipe %d, %s[%d]: mean %.10g, exact %.10g", which, e->name, k, mean,
                             exact);
            }
        }
        release(&f, paths);
    }
}

/* The mean of many draws lies within 5 standard errors of that over all paths, for every number of
 * the attention's parameters; so words are drawn as often as their weights say. */
static void mean_of_draws_converges(void **state)
{
    (void)state;
    for (int which = 0; which < N_RECIPES; which++) {
        struct fixture f;
        struct path paths[PATHS] = {0};
        one_pair(&f, recipes[which]);
        find_paths(&f, paths);
        size_t n = f.model.params.size;
        double *sum = test_calloc(n, sizeof *sum), *squares = test_calloc(n, sizeof *squares);
        for (uint64_t draw = 0; draw < DRAWS; draw++) {
            double probability;
            estimate(&f, rng_mix(draw ^ 12345), &probability);
            for (size_t k = 0; k < n; k++) {
                sum[k] += (double)f.pass.gradients[k];
                squares[k] += (double)f.pass.gradients[k] * (double)f.pass.gradients[k];
            }
        }
        int compared = 0;
        for (size_t k = 0; k < n; k++) {
            double exact = 0, mean = sum[k] / DRAWS;
            for (int p = 0; p < PATHS; p++)
                exact += paths[p].probability * (double)paths[p].gradient[k];
            double error = sqrt(fmax(squares[k] / DRAWS - mean * mean, 0) / DRAWS);
            if (!(fabs(mean - exact) <= 5 * error + 1e-12))
                fail_msg("recipe %d, element %zu: mean of draws %g +- %g, exact %g", which, k, mean,
                         error, exact);
            compared += error > 0;
        }
        assert_true(compared > 50);
        test_free(sum);
        test_free(squares);
        release(&f, paths);
    }
}

/* The baseline's gradient is that of sum_t 1/2 (b_t / n_t - C_t / n_t)^2, C_t - b_t the advantage.
 */
static void baseline_is_fitted(void **state)
{
    (void)state;
    for (int which = 0; which < N_RECIPES; which++) {
        struct fixture f;
        double probability;
        one_pair(&f, recipes[which]);
        fixture_pack(&f);
        estimate(&f, 5, &probability);
        const struct attention_rows *rows = &f.memory.rows.attention;
        const struct params *p = &f.model.params;
        const real *bias =
            params_view(p, f.pass.gradients, params_find(p, "decoder.attention.baseline_bias"))
                .data;
        const real *weight =
            params_view(p, f.pass.gradients, params_find(p, "decoder.attention.baseline")).data;
        double d_bias = 0, d_weight[3] = {0};
        for (int t = 0; t < STEPS; t++) {
            /* which == 2: attention after the cell, not fed: a word's context ends with it */
            int n = which == 2 ? 1 : STEPS - t;
            double error = -(double)*mat_row(rows->advantage, t) / n;
            d_bias += error;
            for (int k = 0; k < 3; k++)
                d_weight[k] += error * (double)mat_row(rows->query, t)[k];
        }
        assert_true(fabs(d_bias) > 1e-3 && fabs(d_bias - (double)*bias) < 1e-12);
        for (int k = 0; k < 3; k++)
            assert_true(fabs(d_weight[k] - (double)weight[k]) < 1e-12);
        fixture_release(&f);
    }
}

/* Without noise (validation, search) the likeliest word is seen. */
static void likeliest_word_when_nothing_is_drawn(void **state)
{
    (void)state;
    struct fixture f;
    one_pair(&f, recipes[0]);
    f.pass.dropout = false;
    fixture_loss(&f);
    const struct attention_rows *rows = &f.memory.rows.attention;
    for (int t = 0; t < STEPS; t++) {
        int word = (int)*mat_row(rows->centre, t);
        for (int j = 0; j < WORDS; j++)
            assert_true(mat_row(rows->weights, t)[j] <= mat_row(rows->weights, t)[word]);
        assert_memory_equal(mat_row(rows->context, t),
                            mat_row(f.memory.source.attention.annotations, word),
                            (size_t)rows->context.cols * sizeof(real));
    }
    fixture_release(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mean_over_all_paths_is_exact),
        cmocka_unit_test(mean_of_draws_converges),
        cmocka_unit_test(baseline_is_fitted),
        cmocka_unit_test(likeliest_word_when_nothing_is_drawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
