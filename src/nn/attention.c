#include "nn/attention.h"

#include <stdio.h>

#include "base/lists.h"
#include "base/simd.h"

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
    if (o->fertility) {
        a->fertility_param = add_param(prefix, "fertility", 1, o->annotation, small, p, err);
        if (a->fertility_param < 0)
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
        .fertility_param = -1,
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
    if (options->guided_cost && !(a->guided_cost = guided_cost_find(options->guided_cost)))
        return error_set(err, "there is no cost of guided alignment called \"%s\"",
                         options->guided_cost);
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
    if (a->options.fertility)
        m->fertility = pass_mat(arena, 1, total);
    if (training) {
        if (a->options.fertility)
            m->d_fertility = pass_mat(arena, 1, total);
        m->d_annotations = pass_mat(arena, total, a->options.annotation);
        m->d_keys = projected ? pass_mat(arena, total, a->key_width) : m->d_annotations;
        m->d_energy = pass_mat(arena, 1, longest);
        m->plain = pass_mat(arena, 1, longest);
        if (a->options.coverage)
            m->d_covered = pass_mat(arena, longest, a->key_width);
    }
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
