#include "nn/attention.h"

#include <stdio.h>

#include "base/lists.h"
#include "base/simd.h"

#define DECLARE(name, doc) SIMD_DECLARE(const struct score, score_##name);
SCORE_LIST(DECLARE)
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

int attention_declare(struct attention *a, const char *score, int query_width, int annotation_width,
                      int key_width, const char *prefix, struct param_init init, struct params *p,
                      struct weights *w, struct satz_error *err)
{
    char name[96];
    const struct score *s = score_find(score);
    *a = (struct attention){
        .score = s,
        .kernels = SIMD_BEST(attention_kernels),
        .query_width = query_width,
        .annotation_width = annotation_width,
        .query_param = -1,
        .key_param = -1,
        .v_param = -1,
    };
    if (!s)
        return error_set(err, "there is no attention score called \"%s\"", score);
    a->key_width = s->projects_query ? key_width : query_width;
    if (!s->projects_query && !s->projects_key && annotation_width != query_width)
        return error_set(err,
                         "attention.score %s compares the decoder's state (width %d) with the "
                         "annotations (width %d): make them equal or use \"general\"",
                         score, query_width, annotation_width);
    if (s->projects_query) {
        snprintf(name, sizeof name, "%s.query", prefix);
        a->query_param = params_add(p, name, a->key_width, query_width, init, err);
        if (a->query_param < 0)
            return -1;
        a->query = weights_add(w, p, a->query_param, 0, query_width, err);
    }
    if (s->projects_key) {
        snprintf(name, sizeof name, "%s.key", prefix);
        a->key_param = params_add(p, name, a->key_width, annotation_width, init, err);
        if (a->key_param < 0)
            return -1;
        a->key = weights_add(w, p, a->key_param, 0, annotation_width, err);
    }
    if (s->has_v) {
        struct param_init small = {.kind = PARAM_UNIFORM, .value = (real)0.1};
        snprintf(name, sizeof name, "%s.v", prefix);
        a->v_param = params_add(p, name, 1, a->key_width, small, err);
    }
    return a->query < 0 || a->key < 0 || (s->has_v && a->v_param < 0) ? -1 : 0;
}

void attention_memory_plan(const struct attention *a, int total, const int *start, int longest,
                           bool training, struct arena *arena, struct attention_memory *m)
{
    bool projected = a->score->projects_key;
    m->start = start;
    m->longest = longest;
    m->annotations = pass_mat(arena, total, a->annotation_width);
    m->keys = projected ? pass_mat(arena, total, a->key_width) : m->annotations;
    if (training) {
        m->d_annotations = pass_mat(arena, total, a->annotation_width);
        m->d_keys = projected ? pass_mat(arena, total, a->key_width) : m->d_annotations;
        m->d_energy = pass_mat(arena, 1, longest);
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

void attention_rows_plan(const struct attention *a, int n, int longest, bool training,
                         struct arena *arena, struct attention_rows *rows)
{
    bool projected = a->score->projects_query;
    rows->weights = pass_mat(arena, n, longest);
    rows->context = pass_mat(arena, n, a->annotation_width);
    if (projected)
        rows->projected = pass_mat(arena, n, a->key_width);
    if (training) {
        rows->d_context = pass_mat(arena, n, a->annotation_width);
        if (projected)
            rows->d_projected = pass_mat(arena, n, a->key_width);
    }
}

static struct mat slice(struct mat m, int from, int n)
{
    return m.data ? mat_rows(m, from, n) : m;
}

struct attention_rows attention_rows_slice(struct attention_rows rows, int from, int n)
{
    return (struct attention_rows){
        .sentence = rows.sentence + from,
        .query = slice(rows.query, from, n),
        .projected = slice(rows.projected, from, n),
        .weights = slice(rows.weights, from, n),
        .context = slice(rows.context, from, n),
        .d_context = slice(rows.d_context, from, n),
        .d_projected = slice(rows.d_projected, from, n),
    };
}

static struct mat sentence_rows(const struct attention_memory *m, struct mat all, int sentence)
{
    return mat_rows(all, m->start[sentence], m->start[sentence + 1] - m->start[sentence]);
}

static const real *score_vector(const struct pass *pass, const struct attention *a)
{
    return a->score->has_v ? params_mat(pass->params, a->v_param).data : NULL;
}

/* A neighbour before row `r` that asks the same of the same sentence, or -1: hypotheses that go on
 * from the same one. */
static int same_query(struct mat q, const int *sentence, int r)
{
    for (int i = r - 1; i >= 0 && sentence[i] == sentence[r]; i--)
        if (memcmp(mat_row(q, i), mat_row(q, r), (size_t)q.cols * sizeof(real)) == 0)
            return i;
    return -1;
}

void attention_forward(const struct pass *pass, const struct attention *a,
                       const struct attention_memory *m, struct attention_rows rows)
{
    struct mat q = rows.query;
    if (a->score->projects_query) {
        weight_forward(pass, a->query, rows.query, 0, rows.projected);
        q = rows.projected;
    }
    const real *v = score_vector(pass, a);
    for (int r = 0; r < q.rows; r++) {
        int b = rows.sentence[r];
        struct mat keys = sentence_rows(m, m->keys, b);
        real *alpha = mat_row(rows.weights, r);
        int same = same_query(q, rows.sentence, r);
        if (same >= 0) {
            memcpy(alpha, mat_row(rows.weights, same), (size_t)keys.rows * sizeof *alpha);
            mat_copy(mat_rows(rows.context, r, 1), mat_rows(rows.context, same, 1));
            continue;
        }
        a->score->energy(q.cols, mat_row(q, r), keys, v, alpha);
        pass->kernels->softmax_rows(mat_make(alpha, 1, keys.rows));
        a->kernels->weighted_sum(alpha, sentence_rows(m, m->annotations, b),
                                 mat_row(rows.context, r));
    }
}

void attention_backward(const struct pass *pass, const struct attention *a,
                        struct attention_memory *m, struct attention_rows rows, struct mat d_query)
{
    bool projected = a->score->projects_query;
    struct mat q = projected ? rows.projected : rows.query;
    struct mat d_q = projected ? rows.d_projected : d_query;
    const real *v = score_vector(pass, a);
    real *d_v = v ? params_view(pass->params, pass->gradients, a->v_param).data : NULL;
    real *d_e = m->d_energy.data;
    if (projected)
        mat_zero(d_q);
    for (int r = 0; r < q.rows; r++) {
        int b = rows.sentence[r];
        struct mat keys = sentence_rows(m, m->keys, b);
        const real *alpha = mat_row(rows.weights, r);
        a->kernels->weighted_sum_backward(alpha, sentence_rows(m, m->annotations, b),
                                          mat_row(rows.d_context, r), d_e,
                                          sentence_rows(m, m->d_annotations, b));
        a->kernels->softmax_backward(keys.rows, alpha, d_e);
        a->score->energy_backward(q.cols, mat_row(q, r), keys, v, d_e, mat_row(d_q, r),
                                  sentence_rows(m, m->d_keys, b), d_v);
    }
    if (projected)
        weight_backward(pass, a->query, d_q, 1, d_query);
}

void attention_weight_gradient(const struct pass *pass, const struct attention *a,
                               struct attention_rows rows)
{
    if (a->score->projects_query)
        weight_gradient(pass, a->query, rows.d_projected, rows.query);
}
