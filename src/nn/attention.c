#include "nn/attention.h"

#include <math.h>
#include <stdio.h>

#include "base/lists.h"
#include "base/rng.h"
#include "base/simd.h"
#include "compute/vmath.h"

#define DECLARE(name, doc) SIMD_DECLARE(const struct score, score_##name);
SCORE_LIST(DECLARE)
#undef DECLARE
#define DECLARE(name, doc) SIMD_DECLARE(const struct attention_window, window_##name);
WINDOW_LIST(DECLARE)
#undef DECLARE
SIMD_DECLARE(const struct attention_kernels, attention_kernels);

const struct score *score_find(const char *name)
{
#define MATCH(score, doc)                                                                          \
    if (strcmp(name, #score) == 0)                                                                 \
        return SIMD_BEST(score_##score);
    SCORE_LIST(MATCH)
#undef MATCH
    return NULL;
}

const struct attention_window *window_find(const char *name)
{
#define MATCH(window, doc)                                                                         \
    if (strcmp(name, #window) == 0)                                                                \
        return SIMD_BEST(window_##window);
    WINDOW_LIST(MATCH)
#undef MATCH
    return NULL;
}

static int add_param(const char *prefix, const char *name, int rows, int cols,
                     struct param_init init, struct params *p, struct satz_error *err)
{
    char full[96];
    snprintf(full, sizeof full, "%s.%s", prefix, name);
    return params_add(p, full, rows, cols, init, err);
}

/* A matrix with a packed weight over all of it. */
static int add_matrix(const char *prefix, const char *name, int rows, int cols,
                      struct param_init init, int *param, int *weight, struct params *p,
                      struct weights *w, struct satz_error *err)
{
    *param = add_param(prefix, name, rows, cols, init, p, err);
    if (*param < 0)
        return -1;
    *weight = weights_add(w, p, *param, 0, cols, err);
    return *weight < 0 ? -1 : 0;
}

static int declare_score(struct attention *a, const char *prefix, struct params *p,
                         struct weights *w, struct satz_error *err)
{
    const struct attention_options *o = &a->options;
    const struct param_init small = {.kind = PARAM_UNIFORM, .value = (real)0.1};
    if (a->score->projects_query && add_matrix(prefix, "query", a->key_width, o->query, o->init,
                                               &a->query_param, &a->query, p, w, err) < 0)
        return -1;
    if (a->score->projects_key && add_matrix(prefix, "key", a->key_width, o->annotation, o->init,
                                             &a->key_param, &a->key, p, w, err) < 0)
        return -1;
    if (a->score->has_v) {
        a->v_param = add_param(prefix, "v", 1, a->key_width, small, p, err);
        if (a->v_param < 0)
            return -1;
    }
    if (o->coverage) {
        a->coverage_param = add_param(prefix, "coverage", 1, a->key_width, small, p, err);
        if (a->coverage_param < 0)
            return -1;
    }
    return 0;
}

static int declare_window(struct attention *a, const char *prefix, struct params *p,
                          struct weights *w, struct satz_error *err)
{
    const struct attention_options *o = &a->options;
    const struct param_init small = {.kind = PARAM_UNIFORM, .value = (real)0.1};
    const struct param_init zero = {.kind = PARAM_ZERO};
    if (a->window->predicts) {
        if (add_matrix(prefix, "position", o->position, o->query, o->init, &a->position_param,
                       &a->position, p, w, err) < 0)
            return -1;
        a->position_v_param = add_param(prefix, "position_v", 1, o->position, small, p, err);
        if (a->position_v_param < 0)
            return -1;
    }
    if (a->window->samples) {
        a->baseline_param = add_param(prefix, "baseline", 1, o->query, zero, p, err);
        a->baseline_bias_param = add_param(prefix, "baseline_bias", 1, 1, zero, p, err);
        if (a->baseline_param < 0 || a->baseline_bias_param < 0)
            return -1;
    }
    return 0;
}

int attention_declare(struct attention *a, const struct attention_options *options,
                      const char *prefix, struct params *p, struct weights *w,
                      struct satz_error *err)
{
    const struct score *s = score_find(options->score);
    *a = (struct attention){
        .score = s,
        .window = window_find(options->window),
        .kernels = SIMD_BEST(attention_kernels),
        .options = *options,
        .query_param = -1,
        .key_param = -1,
        .v_param = -1,
        .position_param = -1,
        .position_v_param = -1,
        .coverage_param = -1,
        .baseline_param = -1,
        .baseline_bias_param = -1,
        .query = -1,
        .key = -1,
        .position = -1,
    };
    if (!s)
        return error_set(err, "there is no attention score called \"%s\"", options->score);
    if (!a->window)
        return error_set(err, "there is no attention window called \"%s\"", options->window);
    a->key_width = s->projects_query ? options->key : options->query;
    if (!s->projects_query && !s->projects_key && options->annotation != options->query)
        return error_set(err,
                         "attention.score %s compares the decoder's state (width %d) with the "
                         "annotations (width %d): make them equal or use \"general\"",
                         options->score, options->query, options->annotation);
    return declare_score(a, prefix, p, w, err) < 0 || declare_window(a, prefix, p, w, err) < 0 ? -1
                                                                                               : 0;
}

void attention_memory_plan(const struct attention *a, int total, const int *start, int longest,
                           bool training, struct arena *arena, struct attention_memory *m)
{
    bool projected = a->score->projects_key;
    m->start = start;
    m->longest = longest;
    m->annotations = pass_mat(arena, total, a->options.annotation);
    m->keys = projected ? pass_mat(arena, total, a->key_width) : m->annotations;
    if (a->options.coverage)
        m->covered = pass_mat(arena, longest, a->key_width);
    if (training) {
        m->d_annotations = pass_mat(arena, total, a->options.annotation);
        m->d_keys = projected ? pass_mat(arena, total, a->key_width) : m->d_annotations;
        m->d_energy = pass_mat(arena, 1, longest);
        m->plain = pass_mat(arena, 1, longest);
        if (a->options.coverage)
            m->d_covered = pass_mat(arena, longest, a->key_width);
    }
}

void attention_keys(const struct pass *pass, const struct attention *a, struct attention_memory *m)
{
    if (a->score->projects_key)
        weight_forward(pass, a->key, m->annotations, 0, m->keys);
    if (m->d_keys.data) {
        mat_zero(m->d_annotations);
        mat_zero(m->d_keys);
    }
}

void attention_keys_backward(const struct pass *pass, const struct attention *a,
                             struct attention_memory *m)
{
    if (!a->score->projects_key)
        return;
    weight_gradient(pass, a->key, m->d_keys, m->annotations);
    weight_backward(pass, a->key, m->d_keys, 1, m->d_annotations);
}

static bool has_centre(const struct attention *a)
{
    return a->window->local || a->window->samples;
}

void attention_rows_plan(const struct attention *a, int n, int longest, bool training,
                         struct arena *arena, struct attention_rows *rows)
{
    bool projected = a->score->projects_query, predicts = a->window->predicts;
    rows->weights = pass_mat(arena, n, longest);
    rows->context = pass_mat(arena, n, a->options.annotation);
    if (projected)
        rows->projected = pass_mat(arena, n, a->key_width);
    if (predicts)
        rows->position = pass_mat(arena, n, a->options.position);
    if (has_centre(a))
        rows->centre = pass_mat(arena, n, 1);
    if (training) {
        rows->d_context = pass_mat(arena, n, a->options.annotation);
        if (projected)
            rows->d_projected = pass_mat(arena, n, a->key_width);
        if (predicts)
            rows->d_position = pass_mat(arena, n, a->options.position);
        if (a->window->samples)
            rows->advantage = pass_mat(arena, n, 1);
    }
}

static struct mat slice(struct mat m, int from, int n)
{
    return m.data ? mat_rows(m, from, n) : m;
}

struct attention_rows attention_rows_slice(struct attention_rows rows, int from, int n)
{
    return (struct attention_rows){
        .first = rows.first + from,
        .sentence = rows.sentence + from,
        .query = slice(rows.query, from, n),
        .step = slice(rows.step, from, n),
        .coverage = slice(rows.coverage, from, n),
        .next = slice(rows.next, from, n),
        .projected = slice(rows.projected, from, n),
        .position = slice(rows.position, from, n),
        .centre = slice(rows.centre, from, n),
        .weights = slice(rows.weights, from, n),
        .context = slice(rows.context, from, n),
        .d_context = slice(rows.d_context, from, n),
        .d_projected = slice(rows.d_projected, from, n),
        .d_position = slice(rows.d_position, from, n),
        .advantage = slice(rows.advantage, from, n),
    };
}

static int words_of(const struct attention_memory *m, int sentence)
{
    return m->start[sentence + 1] - m->start[sentence];
}

static const real *vector(const struct pass *pass, int param)
{
    return param < 0 ? NULL : params_mat(pass->params, param).data;
}

static real *d_vector(const struct pass *pass, int param)
{
    return param < 0 ? NULL : params_view(pass->params, pass->gradients, param).data;
}

/* The words that a row sees, [first, first + n) of its sentence. */
struct range {
    int first, n;
};

static struct range range_of(const struct attention *a, struct attention_rows rows, int r,
                             int words)
{
    if (!a->window->local)
        return (struct range){0, words};
    real centre = *mat_row(rows.centre, r), width = a->options.width;
    real from = centre - width, to = centre + width;
    /* Written so that NaN, which the loss reports later, sees everything. */
    int first = from > 0 ? (int)ceil((double)from) : 0;
    int last = to < (real)(words - 1) ? (int)floor((double)to) : words - 1;
    return (struct range){first, last - first + 1};
}

/* The part of a matrix with a row for each annotation that a row sees. */
static struct mat seen(const struct attention_memory *m, struct mat all, int sentence,
                       struct range range)
{
    return mat_rows(all, m->start[sentence] + range.first, range.n);
}

/* What tells a local window where it is. */
static void find_centres(const struct pass *pass, const struct attention *a,
                         const struct attention_memory *m, struct attention_rows rows)
{
    const real *v = vector(pass, a->position_v_param);
    if (a->window->predicts) {
        weight_forward(pass, a->position, rows.query, 0, rows.position);
        pass->kernels->tanh_rows(rows.position);
    }
    for (int r = 0; r < rows.query.rows && a->window->local; r++) {
        real words = (real)words_of(m, rows.sentence[r]), *centre = mat_row(rows.centre, r);
        if (a->window->predicts)
            *centre = words * vmath_sigmoid(a->kernels->product(a->options.position, v,
                                                                mat_row(rows.position, r)));
        else
            *centre = *mat_row(rows.step, r) < words ? *mat_row(rows.step, r) : words - 1;
    }
}

/* A word drawn from alpha with a number that depends on the row alone, or the likeliest. */
static int draw(const struct pass *pass, const struct attention *a, const real *alpha, int n,
                int row)
{
    int word = 0;
    if (!pass->dropout) {
        for (int j = 1; j < n; j++)
            word = alpha[j] > alpha[word] ? j : word;
        return word;
    }
    double left = rng_uniform(rng_mix(pass->key ^ a->options.site), (uint64_t)row);
    for (; word < n - 1; word++) {
        left -= (double)alpha[word];
        if (left < 0)
            break;
    }
    return word;
}

static struct mat covered_keys(const struct pass *pass, const struct attention *a,
                               const struct attention_memory *m, struct attention_rows rows, int r,
                               struct range range, struct mat keys)
{
    struct mat covered = mat_rows(m->covered, 0, keys.rows);
    a->kernels->cover(keys, mat_row(rows.coverage, r) + range.first,
                      vector(pass, a->coverage_param), covered);
    return covered;
}

static void row_forward(const struct pass *pass, const struct attention *a,
                        const struct attention_memory *m, struct attention_rows rows, int r)
{
    int b = rows.sentence[r], words = words_of(m, b);
    struct range range = range_of(a, rows, r, words);
    struct mat q = a->score->projects_query ? rows.projected : rows.query;
    struct mat keys = seen(m, m->keys, b, range), h = seen(m, m->annotations, b, range);
    real *all = mat_row(rows.weights, r), *alpha = all + range.first;
    if (a->options.coverage)
        keys = covered_keys(pass, a, m, rows, r, range, keys);
    a->score->energy(q.cols, mat_row(q, r), range.first, keys, vector(pass, a->v_param), alpha);
    pass->kernels->softmax_rows(mat_make(alpha, 1, range.n));
    memset(all, 0, (size_t)range.first * sizeof *all);
    memset(alpha + range.n, 0, (size_t)(words - range.first - range.n) * sizeof *all);
    if (a->window->samples) {
        int word = draw(pass, a, alpha, range.n, rows.first + r);
        *mat_row(rows.centre, r) = (real)word;
        mat_copy(mat_rows(rows.context, r, 1), mat_rows(h, word, 1));
        return;
    }
    if (a->window->shape)
        a->window->shape(range.n, range.first, *mat_row(rows.centre, r), a->options.width, alpha);
    a->kernels->weighted_sum(alpha, h, mat_row(rows.context, r));
    for (int j = 0; j < words && a->options.coverage; j++)
        mat_row(rows.next, r)[j] = mat_row(rows.coverage, r)[j] + all[j];
}

void attention_forward(const struct pass *pass, const struct attention *a,
                       const struct attention_memory *m, struct attention_rows rows)
{
    if (a->score->projects_query)
        weight_forward(pass, a->query, rows.query, 0, rows.projected);
    find_centres(pass, a, m, rows);
    for (int r = 0; r < rows.query.rows; r++)
        row_forward(pass, a, m, rows, r);
}

static double entropy(int n, const real *alpha)
{
    double sum = 0;
    for (int j = 0; j < n; j++)
        sum -= alpha[j] > 0 ? (double)alpha[j] * log((double)alpha[j]) : 0;
    return sum;
}

/* d_e of REINFORCE and of the entropy, -dH/de_j = alpha_j (log alpha_j + H). */
static void sample_backward(const struct attention *a, const struct attention_memory *m,
                            struct attention_rows rows, int r, struct mat d_h, real *d_e)
{
    const real *alpha = mat_row(rows.weights, r);
    int word = (int)*mat_row(rows.centre, r);
    real advantage = *mat_row(rows.advantage, r);
    double weight = (double)(m->scale * a->options.entropy), h = entropy(d_h.rows, alpha);
    for (int j = 0; j < d_h.rows; j++) {
        double p = (double)alpha[j];
        d_e[j] = advantage * ((real)(j == word) - alpha[j]);
        d_e[j] += (real)(p > 0 ? weight * p * (log(p) + h) : 0);
    }
    a->kernels->add_scaled(d_h.cols, 1, mat_row(rows.d_context, r), mat_row(d_h, word));
}

/* The gradients that weights and coverage have of the next step's coverage and of the penalty. */
static void coverage_backward(const struct attention *a, const struct attention_memory *m,
                              const real *weights, const real *coverage, int n, real *d_weights,
                              real *d_coverage)
{
    real penalty = m->scale * a->options.coverage_loss;
    for (int j = 0; j < n; j++) {
        bool covered = weights[j] <= coverage[j];
        d_weights[j] += d_coverage[j] + (covered ? penalty : 0);
        d_coverage[j] += covered ? 0 : penalty;
    }
}

/* d_p -> the position's gradients: p = S sigmoid(v.u), u = tanh(W q). */
static void centre_backward(const struct pass *pass, const struct attention *a,
                            struct attention_rows rows, int r, int words, real d_centre)
{
    real p = *mat_row(rows.centre, r);
    real d = d_centre * p * (1 - p / (real)words), *d_u = mat_row(rows.d_position, r);
    a->kernels->add_scaled(a->options.position, d, mat_row(rows.position, r),
                           d_vector(pass, a->position_v_param));
    memset(d_u, 0, (size_t)a->options.position * sizeof *d_u);
    a->kernels->add_scaled(a->options.position, d, vector(pass, a->position_v_param), d_u);
}

/* d_context -> d_energy of the words in range, d_annotations, d_position. */
static void weights_backward(const struct pass *pass, const struct attention *a,
                             struct attention_memory *m, struct attention_rows rows, int r,
                             struct range range, real *d_coverage)
{
    int b = rows.sentence[r];
    struct mat h = seen(m, m->annotations, b, range), d_h = seen(m, m->d_annotations, b, range);
    const real *weights = mat_row(rows.weights, r) + range.first, *alpha = weights;
    real *d_e = m->d_energy.data;
    if (a->window->samples) {
        sample_backward(a, m, rows, r, d_h, d_e);
        return;
    }
    a->kernels->weighted_sum_backward(weights, h, mat_row(rows.d_context, r), d_e, d_h);
    if (a->options.coverage)
        coverage_backward(a, m, weights, mat_row(rows.coverage, r) + range.first, range.n, d_e,
                          d_coverage + range.first);
    if (a->window->shape) {
        real d_centre = a->window->shape_backward(range.n, range.first, *mat_row(rows.centre, r),
                                                  a->options.width, weights, m->plain.data, d_e);
        alpha = m->plain.data;
        if (a->window->predicts)
            centre_backward(pass, a, rows, r, words_of(m, b), d_centre);
    }
    a->kernels->softmax_backward(range.n, alpha, d_e);
}

static void row_backward(const struct pass *pass, const struct attention *a,
                         struct attention_memory *m, struct attention_rows rows, int r, real *d_q,
                         real *d_coverage)
{
    int b = rows.sentence[r];
    struct range range = range_of(a, rows, r, words_of(m, b));
    struct mat q = a->score->projects_query ? rows.projected : rows.query;
    struct mat keys = seen(m, m->keys, b, range), d_keys = seen(m, m->d_keys, b, range);
    struct mat used = keys, d_used = d_keys;
    weights_backward(pass, a, m, rows, r, range, d_coverage);
    if (a->options.coverage) {
        used = covered_keys(pass, a, m, rows, r, range, keys);
        d_used = mat_rows(m->d_covered, 0, range.n);
        mat_zero(d_used);
    }
    a->score->energy_backward(q.cols, mat_row(q, r), range.first, used, vector(pass, a->v_param),
                              m->d_energy.data, d_q, d_used, d_vector(pass, a->v_param));
    if (a->options.coverage)
        a->kernels->cover_backward(d_used, mat_row(rows.coverage, r) + range.first,
                                   vector(pass, a->coverage_param), d_keys,
                                   d_vector(pass, a->coverage_param), d_coverage + range.first);
}

void attention_backward(const struct pass *pass, const struct attention *a,
                        struct attention_memory *m, struct attention_rows rows, struct mat d_query,
                        struct mat d_coverage)
{
    bool projected = a->score->projects_query;
    struct mat d_q = projected ? rows.d_projected : d_query;
    if (projected)
        mat_zero(d_q);
    for (int r = 0; r < d_q.rows; r++)
        row_backward(pass, a, m, rows, r, mat_row(d_q, r),
                     a->options.coverage ? mat_row(d_coverage, r) : NULL);
    if (projected)
        weight_backward(pass, a->query, d_q, 1, d_query);
    if (a->window->predicts) {
        pass->kernels->tanh_backward_rows(rows.d_position, rows.position);
        weight_backward(pass, a->position, rows.d_position, 1, d_query);
    }
}

void attention_weight_gradient(const struct pass *pass, const struct attention *a,
                               struct attention_rows rows)
{
    if (a->score->projects_query)
        weight_gradient(pass, a->query, rows.d_projected, rows.query);
    if (a->window->predicts)
        weight_gradient(pass, a->position, rows.d_position, rows.query);
}

double attention_penalty(const struct attention *a, const struct attention_memory *m,
                         struct attention_rows rows)
{
    double sum = 0;
    for (int r = 0; r < rows.weights.rows; r++) {
        int words = words_of(m, rows.sentence[r]);
        const real *weights = mat_row(rows.weights, r);
        if (a->window->samples)
            sum -= (double)a->options.entropy * entropy(words, weights);
        for (int j = 0; j < words && a->options.coverage; j++) {
            real covered = mat_row(rows.coverage, r)[j];
            sum +=
                (double)(a->options.coverage_loss * (weights[j] < covered ? weights[j] : covered));
        }
    }
    return sum;
}

void attention_reinforce(const struct pass *pass, const struct attention *a, real scale,
                         const double *costs, const int *counts, struct attention_rows rows)
{
    const real *w = vector(pass, a->baseline_param);
    const real bias = *vector(pass, a->baseline_bias_param);
    for (int r = 0; r < rows.query.rows; r++) {
        const real *q = mat_row(rows.query, r);
        real mean = a->kernels->product(rows.query.cols, w, q) + bias, count = (real)counts[r];
        real error = scale * (mean - (real)costs[r] / count);
        *mat_row(rows.advantage, r) = scale * ((real)costs[r] - count * mean);
        a->kernels->add_scaled(rows.query.cols, error, q, d_vector(pass, a->baseline_param));
        *d_vector(pass, a->baseline_bias_param) += error;
    }
}
