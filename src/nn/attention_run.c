/* attention.h: forward and backward; attention.c declares and lays out. */
#include <assert.h>
#include <math.h>

#include "base/rng.h"
#include "compute/vmath.h"
#include "nn/attention.h"

/* NULL where the attention has no such parameter. */
static const real *vector(const struct pass *pass, int param)
{
    return param < 0 ? NULL : params_mat(pass->params, param).data;
}

static real *d_vector(const struct pass *pass, int param)
{
    return param < 0 ? NULL : params_view(pass->params, pass->gradients, param).data;
}

void attention_keys(const struct pass *pass, const struct attention *a, struct attention_memory *m)
{
    if (a->score->projects_key)
        weight_forward(pass, a->key, m->annotations, 0, m->keys);
    for (int j = 0; j < m->fertility.cols; j++)
        m->fertility.data[j] =
            2 *
            vmath_sigmoid(a->kernels->product(m->annotations.cols, vector(pass, a->fertility_param),
                                              mat_row(m->annotations, j)));
    if (m->d_keys.data) {
        mat_zero(m->d_annotations);
        mat_zero(m->d_keys);
        mat_zero(m->d_fertility);
    }
}

void attention_prepare(const struct attention *a, struct attention_memory *m)
{
    if (!a->score->prepare || a->options.coverage)
        return;
    a->score->prepare(m->keys);
    m->prepared = true;
}

/* Phi = 2 sigmoid(u.h): dPhi = Phi (1 - Phi / 2) */
static void fertility_backward(const struct pass *pass, const struct attention *a,
                               struct attention_memory *m)
{
    for (int j = 0; j < m->fertility.cols; j++) {
        real phi = m->fertility.data[j], d = m->d_fertility.data[j] * phi * (1 - phi / 2);
        a->kernels->add_scaled(m->annotations.cols, d, mat_row(m->annotations, j),
                               d_vector(pass, a->fertility_param));
        a->kernels->add_scaled(m->annotations.cols, d, vector(pass, a->fertility_param),
                               mat_row(m->d_annotations, j));
    }
}

void attention_keys_backward(const struct pass *pass, const struct attention *a,
                             struct attention_memory *m)
{
    fertility_backward(pass, a, m);
    if (!a->score->projects_key)
        return;
    weight_gradient(pass, a->key, m->d_keys, m->annotations);
    weight_backward(pass, a->key, m->d_keys, 1, m->d_annotations);
}

static int words_of(const struct attention_memory *m, int sentence)
{
    return m->start[sentence + 1] - m->start[sentence];
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
    (m->prepared ? a->score->prepared_energy : a->score->energy)(
        q.cols, mat_row(q, r), range.first, keys, vector(pass, a->v_param), alpha);
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
    if (!m->values)
        a->kernels->weighted_sum(alpha, h, mat_row(rows.context, r));
    const real *phi = a->options.fertility ? m->fertility.data + m->start[b] : NULL;
    for (int j = 0; j < words && a->options.coverage; j++)
        mat_row(rows.next, r)[j] = mat_row(rows.coverage, r)[j] + (phi ? all[j] / phi[j] : all[j]);
}

/* A neighbour before row `r` that asks the same of the same sentence, or -1: hypotheses that go on
 * from the same one. Only where the query is all that a row is known by. */
static int same_query(const struct attention *a, struct attention_rows rows, int r)
{
    struct mat q = rows.query;
    if (a->options.coverage || a->window->local || a->window->samples)
        return -1;
    for (int i = r - 1; i >= 0 && rows.sentence[i] == rows.sentence[r]; i--)
        if (memcmp(mat_row(q, i), mat_row(q, r), (size_t)q.cols * sizeof(real)) == 0)
            return i;
    return -1;
}

void attention_forward(const struct pass *pass, const struct attention *a,
                       const struct attention_memory *m, struct attention_rows rows)
{
    if (a->score->projects_query)
        weight_forward(pass, a->query, rows.query, 0, rows.projected);
    if (m->prepared)
        a->score->prepare(rows.projected);
    find_centres(pass, a, m, rows);
    for (int r = 0; r < rows.query.rows; r++) {
        int same = same_query(a, rows, r);
        if (same < 0) {
            row_forward(pass, a, m, rows, r);
            continue;
        }
        size_t words = (size_t)words_of(m, rows.sentence[r]);
        memcpy(mat_row(rows.weights, r), mat_row(rows.weights, same), words * sizeof(real));
        if (!m->values)
            mat_copy(mat_rows(rows.context, r, 1), mat_rows(rows.context, same, 1));
    }
}

void attention_add_values(const struct pass *pass, const struct attention_memory *m, int use,
                          struct attention_rows rows, struct mat y)
{
    for (int r = 0, n; r < y.rows; r += n) {
        int b = rows.sentence[r];
        for (n = 1; r + n < y.rows && rows.sentence[r + n] == b;)
            n++;
        struct mat w = mat_cols(mat_rows(rows.weights, r, n), 0, words_of(m, b));
        pass->backend->gemm_packed(pass->compute, w, m->values[use * m->sentences + b], 1,
                                   mat_rows(y, r, n));
    }
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

/* The gradients that weights, coverage and the fertility of words first .. first + n of all have of
 * the next step's coverage and of the penalty. */
static void coverage_backward(const struct attention *a, struct attention_memory *m, int first,
                              int n, const real *weights, const real *coverage, real *d_weights,
                              real *d_coverage)
{
    real penalty = m->scale * a->options.coverage_loss;
    for (int j = 0; j < n; j++) {
        bool covered = weights[j] <= coverage[j];
        real share = 1;
        if (a->options.fertility) {
            share = 1 / m->fertility.data[first + j];
            m->d_fertility.data[first + j] -= d_coverage[j] * weights[j] * share * share;
        }
        d_weights[j] += d_coverage[j] * share + (covered ? penalty : 0);
        d_coverage[j] += covered ? 0 : penalty;
    }
}

/* d_weights of the words in range += that of the guide's cost. */
static void guided_backward(const struct attention *a, const struct attention_memory *m,
                            struct attention_rows rows, int r, struct range range,
                            const real *weights, real *d_weights)
{
    const struct attention_guide *g = &m->guide;
    int from = g->start[rows.first + r], to = g->start[rows.first + r + 1];
    if (from < to)
        a->guided_cost->backward(range.first, range.n, weights, to - from, g->step + from,
                                 g->share + from, m->scale * g->weight, d_weights);
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
        coverage_backward(a, m, m->start[b] + range.first, range.n, weights,
                          mat_row(rows.coverage, r) + range.first, d_e, d_coverage + range.first);
    if (m->guide.start)
        guided_backward(a, m, rows, r, range, weights, d_e);
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

double attention_guided(const struct attention *a, const struct attention_memory *m,
                        struct attention_rows rows)
{
    const struct attention_guide *g = &m->guide;
    double sum = 0;
    for (int r = 0; r < rows.weights.rows && g->start; r++) {
        struct range range = range_of(a, rows, r, words_of(m, rows.sentence[r]));
        int from = g->start[rows.first + r], to = g->start[rows.first + r + 1];
        if (from < to)
            sum +=
                a->guided_cost->cost(range.first, range.n, mat_row(rows.weights, r) + range.first,
                                     to - from, g->step + from, g->share + from);
    }
    return sum;
}

void attention_reinforce(const struct pass *pass, const struct attention *a, real scale,
                         const double *costs, const int *counts, struct attention_rows rows)
{
    const real *w = vector(pass, a->baseline_param);
    real *d_w = d_vector(pass, a->baseline_param), *d_bias = d_vector(pass, a->baseline_bias_param);
    assert(w && d_w && d_bias);
    const real bias = params_mat(pass->params, a->baseline_bias_param).data[0];
    for (int r = 0; r < rows.query.rows; r++) {
        const real *q = mat_row(rows.query, r);
        real mean = a->kernels->product(rows.query.cols, w, q) + bias, count = (real)counts[r];
        real error = scale * (mean - (real)costs[r] / count);
        *mat_row(rows.advantage, r) = scale * ((real)costs[r] - count * mean);
        a->kernels->add_scaled(rows.query.cols, error, q, d_w);
        *d_bias += error;
    }
}
