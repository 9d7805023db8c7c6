/* The strategy sample: each hypothesis is drawn by itself. */
#include "base/rng.h"
#include "decode/search_private.h"

enum { TAKEN_AT_ONCE = 32 };

static int one(const struct search_options *o)
{
    (void)o;
    return 1;
}

static int samples(const struct search_options *o)
{
    return o->n_best;
}

/* Probabilities become what they are without an ensemble: logits. */
static void make_logits(struct work *w, struct row_scores *s)
{
    if (!s->probabilities)
        return;
    for (int v = 0; v < s->n; v++)
        s->z[v] = s->z[v] > 0 ? (real)log((double)s->z[v]) : -(real)INFINITY;
    s->log_sum = 0;
    s->probabilities = false;
    w->top->scan(s->n, s->z, w->maxima);
}

static real largest(const struct work *w, int n)
{
    real top = w->maxima[0];
    for (int b = 1; b < top_blocks(n); b++)
        top = w->maxima[b] > top ? w->maxima[b] : top;
    return top;
}

/* The words to draw from, when they are not all: w->top_words with logits, weights in w->drawn.
 * Destroys s->z. */
static int take_likeliest(struct work *w, struct row_scores *s)
{
    const struct search_options *o = w->options;
    int most = o->top_k > 0 && o->top_k < s->n ? o->top_k : s->n, n = 0;
    real top = largest(w, s->n);
    double total = 0, sum = 0;
    if (most == s->n)
        total = w->top->soften(s->n, s->z, top, (real)o->temperature, w->drawn);
    while (n < most && (total == 0 || sum < o->top_p * total)) {
        int more = most == s->n && most - n > TAKEN_AT_ONCE ? TAKEN_AT_ONCE : most - n;
        int got = w->top->take(s->n, s->z, w->maxima, more, w->top_words + n, w->top_values + n);
        for (int i = n; i < n + got; i++)
            sum += exp(((double)w->top_values[i] - (double)top) / o->temperature);
        n += got;
        if (got < more)
            break;
    }
    total = total > 0 ? total : sum;
    sum = 0;
    for (int i = 0; i < n; i++) {
        w->drawn[i] = (real)exp(((double)w->top_values[i] - (double)top) / o->temperature);
        sum += (double)w->drawn[i];
        if (sum >= o->top_p * total)
            return i + 1;
    }
    return n;
}

/* The index of one of n weights, drawn by u in [0, 1); -1 when all are 0. */
static int draw(const real *weights, int n, double u)
{
    double total = 0, sum = 0;
    int last = -1;
    for (int i = 0; i < n; i++)
        total += (double)weights[i];
    for (int i = 0; i < n; i++) {
        if (!(weights[i] > 0))
            continue;
        last = i;
        sum += (double)weights[i];
        if (sum > u * total)
            return i;
    }
    return last; /* sums of doubles: u * total may be missed by a bit */
}

static int sample_choose(struct work *w, int row, int n, struct row_scores *s, struct candidate *c)
{
    const struct search_options *o = w->options;
    const struct sentence *sentence = row_sentence(w, row);
    bool all = o->top_k == 0 && o->top_p >= 1;
    uint64_t key = rng_key(o->seed, sentence->key, (uint64_t)w->now[row].number);
    make_logits(w, s);
    int count = s->n;
    if (all)
        w->top->soften(count, s->z, largest(w, s->n), (real)o->temperature, w->drawn);
    else
        count = take_likeliest(w, s);
    for (uint64_t attempt = 0;; attempt++) {
        int i = draw(w->drawn, count, rng_uniform(key, attempt << 32 | (uint64_t)n));
        if (i < 0)
            return 0;
        int word = score_word(s, all ? i : w->top_words[i]);
        if (!sentence->watched || word_allowed(w, row, n, word)) {
            double sum = w->now[row].sum + score_log(s, all ? s->z[i] : w->top_values[i]);
            c[0] = (struct candidate){word, sum, sum};
            return 1;
        }
        w->drawn[i] = 0;
    }
}

static void sample_advance(struct work *w, struct beam *b, int n, int *n_next)
{
    int first = *n_next;
    for (int row = b->first; row < b->first + b->live; row++) {
        struct candidate c = row_candidates(w, row)[0];
        if (c.word == TOKEN_END)
            end_hypothesis(w, row, n, c.sum);
        else
            extend_hypothesis(w, row, c.word, c.sum, (*n_next)++);
    }
    b->first = first;
    b->live = *n_next - first;
}

const struct strategy strategy_sample = {
    .name = "sample",
    .draws = true,
    .groups = one,
    .rows = samples,
    .start_rows = samples,
    .branches = one,
    .choose = sample_choose,
    .advance = sample_advance,
};
