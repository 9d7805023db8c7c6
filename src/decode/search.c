#include "decode/search.h"

#include <math.h>

#include "decode/top.h"

/* One word of a hypothesis; `parent` is the node of the word before, -1 for none. */
struct node {
    int parent, word;
};

/* A live hypothesis: one row of the step. */
struct live {
    int node, row; /* its last word; the row it came from */
    double sum;    /* log P of its words */
};

struct candidate {
    int word;
    double sum;
};

struct ended {
    int node, n;
    double sum, score;
};

/* One sentence. */
struct beam {
    int first, live; /* its rows */
    int limit;
    int n_ended, kept;
    struct ended *ended; /* the best [n_best], best first; `kept` are there */
};

struct work {
    const struct pass *pass;
    const struct seq2seq *model;
    const struct batch *batch;
    const struct search_options *options;
    const struct top_kernels *top;
    int rows, branches; /* most rows of a step; most candidates of a row */
    struct seq2seq_source source;
    struct decoder_rows decoder;
    struct mat logits;     /* a chunk of rows */
    int *sentence, *words; /* [rows] */
    struct beam *beams;    /* [sentences], as the batch's rows */
    struct live *now, *next;
    struct candidate *candidates; /* [rows, branches] */
    int *n_candidates;            /* [rows] */
    double *end_sum;              /* [rows]: log P if END comes next */
    int *head;                    /* [beam] */
    int *top_words;
    real *top_values, *maxima;
    struct node *nodes;
    int n_nodes;
    struct hypothesis *hypotheses;
    int *ids;
};

static int length_limit(const struct work *w, int row)
{
    int words = w->batch->source.length[row] - 1;
    return (int)(w->options->max_length_factor * words) + w->options->max_length_extra;
}

/* Everything the search of one batch needs; w's first five members are given. */
static void plan(struct work *w, struct arena *arena, struct search *s)
{
    const struct batch *b = w->batch;
    size_t n = (size_t)b->n, beam = (size_t)w->options->beam, n_best = (size_t)w->options->n_best;
    int vocabulary = w->model->target_size;
    size_t words = 0;
    for (int r = 0; r < b->n; r++)
        words += (size_t)length_limit(w, r);
    w->rows = b->n * w->options->beam;
    w->branches = w->options->beam + 1 < vocabulary ? w->options->beam + 1 : vocabulary;
    size_t rows = (size_t)w->rows, branches = (size_t)w->branches;

    s->results = arena_take(arena, n, sizeof *s->results);
    w->hypotheses = arena_take(arena, n * n_best, sizeof *w->hypotheses);
    w->ids = arena_take(arena, n_best * words, sizeof *w->ids);
    w->beams = arena_take(arena, n, sizeof *w->beams);
    struct ended *ended = arena_take(arena, n * n_best, sizeof *ended);
    for (size_t r = 0; ended && r < n; r++)
        w->beams[r] = (struct beam){.ended = ended + r * n_best};
    w->nodes = arena_take(arena, beam * words, sizeof *w->nodes);
    w->now = arena_take(arena, rows, sizeof *w->now);
    w->next = arena_take(arena, rows, sizeof *w->next);
    w->candidates = arena_take(arena, rows * branches, sizeof *w->candidates);
    w->n_candidates = arena_take(arena, rows, sizeof *w->n_candidates);
    w->end_sum = arena_take(arena, rows, sizeof *w->end_sum);
    w->head = arena_take(arena, beam, sizeof *w->head);
    w->top_words = arena_take(arena, branches, sizeof *w->top_words);
    w->top_values = arena_take(arena, branches, sizeof *w->top_values);
    w->maxima = arena_take(arena, (size_t)top_blocks(vocabulary), sizeof *w->maxima);
    w->sentence = arena_take(arena, rows, sizeof *w->sentence);
    w->words = arena_take(arena, rows, sizeof *w->words);
    seq2seq_source_plan(w->model, &b->source, false, arena, &w->source);
    decoder_rows_plan(&w->model->decoder, w->rows, w->sentence, b->source.steps, false, arena,
                      &w->decoder);
    loss_plan(&w->model->loss, &w->model->weights, arena, &w->logits);
}

/* One row, no words, for each sentence. */
static void start(struct work *w)
{
    for (int r = 0; r < w->batch->n; r++) {
        w->beams[r].first = r;
        w->beams[r].live = 1;
        w->beams[r].limit = length_limit(w, r);
        w->now[r] = (struct live){.node = -1};
        w->sentence[r] = r;
        w->words[r] = TOKEN_BEGIN;
    }
    mat_copy(mat_rows(w->decoder.previous, 0, w->batch->n), w->source.bridge.state);
}

/* The candidates that row `row` can offer, from its logits z. */
static int rank_row(struct work *w, int row, real *z, struct satz_error *err)
{
    int vocabulary = w->model->target_size;
    double before = w->now[row].sum;
    real scanned = w->top->scan(vocabulary, z, w->maxima);
    if (top_check(scanned, err) < 0)
        return -1;
    double log_sum = (double)scanned;
    w->end_sum[row] = before + ((double)z[TOKEN_END] - log_sum);
    w->top->exclude(vocabulary, z, w->maxima, TOKEN_PAD);
    w->top->exclude(vocabulary, z, w->maxima, TOKEN_BEGIN);
    int n = w->top->take(vocabulary, z, w->maxima, w->branches, w->top_words, w->top_values);
    struct candidate *c = w->candidates + (size_t)row * (size_t)w->branches;
    for (int i = 0; i < n; i++)
        c[i] = (struct candidate){w->top_words[i], before + ((double)w->top_values[i] - log_sum)};
    w->n_candidates[row] = n;
    return 0;
}

/* The network's step over rows [0, n), logits a chunk at a time. */
static int step_rows(struct work *w, int n, struct satz_error *err)
{
    for (int from = 0; from < n; from += LOSS_CHUNK) {
        int count = n - from < LOSS_CHUNK ? n - from : LOSS_CHUNK;
        struct mat logits = mat_rows(w->logits, 0, count);
        struct decoder_rows rows = decoder_rows_slice(&w->model->decoder, &w->decoder, from, count);
        seq2seq_step(w->pass, w->model, &w->source, w->words + from, &rows, logits);
        for (int r = 0; r < count; r++)
            if (rank_row(w, from + r, mat_row(logits, r), err) < 0)
                return -1;
    }
    return 0;
}

/* A hypothesis of n words has ended; the best n_best are kept, of equal ones the earlier. */
static void end_hypothesis(const struct search_options *o, struct beam *b, int node, int n,
                           double sum)
{
    struct ended e = {node, n, sum, sum / pow(n + 1, o->length_penalty)};
    b->n_ended++;
    int at = b->kept < o->n_best ? b->kept++ : o->n_best;
    for (; at > 0 && b->ended[at - 1].score < e.score; at--)
        if (at < o->n_best)
            b->ended[at] = b->ended[at - 1];
    if (at < o->n_best)
        b->ended[at] = e;
}

/* Whether the beam's search is over, when the likeliest of its n live hypotheses is `best`. */
static bool is_done(const struct search_options *o, const struct beam *b, int n,
                    const struct live *best)
{
    if (n == 0 || b->n_ended >= o->beam)
        return true;
    return b->kept == o->n_best &&
           b->ended[o->n_best - 1].score >= best->sum / pow(b->limit + 1, o->length_penalty);
}

/* The row of the beam with the best candidate not yet taken, or -1. */
static int best_row(const struct work *w, const struct beam *b)
{
    int best = -1;
    double best_sum = 0;
    for (int i = 0; i < b->live; i++) {
        int row = b->first + i;
        if (w->head[i] == w->n_candidates[row])
            continue;
        double sum = w->candidates[(size_t)row * (size_t)w->branches + (size_t)w->head[i]].sum;
        if (best < 0 || sum > best_sum) {
            best = row;
            best_sum = sum;
        }
    }
    return best;
}

/* Ends or extends the beam's hypotheses of n words; those that live on go to w->next[*n_next ..).
 */
static void advance(struct work *w, struct beam *b, int n, int *n_next)
{
    const struct search_options *o = w->options;
    struct live *next = w->next + *n_next;
    int taken = 0, nodes = w->n_nodes;
    if (n == b->limit)
        for (int row = b->first; row < b->first + b->live; row++)
            end_hypothesis(o, b, w->now[row].node, n, w->end_sum[row]);
    memset(w->head, 0, (size_t)b->live * sizeof *w->head);
    for (int rank = 0; n < b->limit && taken < o->beam; rank++) {
        int row = best_row(w, b);
        if (row < 0)
            break;
        int at = w->head[row - b->first]++;
        struct candidate c = w->candidates[(size_t)row * (size_t)w->branches + (size_t)at];
        if (c.word != TOKEN_END) {
            w->nodes[nodes] = (struct node){w->now[row].node, c.word};
            next[taken++] = (struct live){.node = nodes++, .row = row, .sum = c.sum};
        } else if (rank < o->beam) {
            end_hypothesis(o, b, w->now[row].node, n, c.sum);
        }
    }
    b->live = is_done(o, b, taken, next) ? 0 : taken;
    b->first = *n_next;
    *n_next += b->live;
    if (b->live > 0)
        w->n_nodes = nodes;
}

/* Row i of the next step goes on from the state of the row it came from. */
static void gather(struct work *w, int n)
{
    size_t bytes = (size_t)w->decoder.next.cols * sizeof(real);
    for (int r = 0; r < w->batch->n; r++)
        for (int i = 0; i < w->beams[r].live; i++)
            w->sentence[w->beams[r].first + i] = r;
    for (int i = 0; i < n; i++) {
        w->words[i] = w->nodes[w->next[i].node].word;
        memcpy(mat_row(w->decoder.previous, i), mat_row(w->decoder.next, w->next[i].row), bytes);
    }
    struct live *now = w->now;
    w->now = w->next;
    w->next = now;
}

static void write_results(struct work *w, struct search *s)
{
    struct hypothesis *h = w->hypotheses;
    int *ids = w->ids;
    for (int r = 0; r < w->batch->n; r++) {
        const struct beam *b = &w->beams[r];
        s->results[w->batch->order[r]] = (struct search_result){h, b->kept};
        for (int i = 0; i < b->kept; i++) {
            const struct ended *e = &b->ended[i];
            *h++ = (struct hypothesis){ids, e->n, e->sum, e->score};
            for (int at = e->n, node = e->node; node >= 0; node = w->nodes[node].parent)
                ids[--at] = w->nodes[node].word;
            ids += e->n;
        }
    }
}

int search_run(struct search *s, const struct pass *pass, const struct seq2seq *model,
               const struct batch *sources, const struct search_options *options,
               struct satz_error *err)
{
    assert(options->n_best >= 1 && options->n_best <= options->beam);
    struct work w = {.pass = pass,
                     .model = model,
                     .batch = sources,
                     .options = options,
                     .top = SIMD_BEST(top_kernels)};
    struct arena measure;
    arena_measure(&measure);
    plan(&w, &measure, s);
    if (measure.peak > s->arena.size) {
        arena_release(&s->arena);
        if (arena_init(&s->arena, measure.peak, err) < 0)
            return -1;
    }
    arena_rewind(&s->arena, 0);
    plan(&w, &s->arena, s);

    seq2seq_encode(pass, model, &sources->source, sources->source_ids, &w.source);
    start(&w);
    for (int n = 0, rows = sources->n; rows > 0; n++) {
        int n_next = 0;
        if (step_rows(&w, rows, err) < 0)
            return -1;
        for (int r = 0; r < sources->n; r++)
            if (w.beams[r].live > 0)
                advance(&w, &w.beams[r], n, &n_next);
        gather(&w, n_next);
        rows = n_next;
    }
    write_results(&w, s);
    return 0;
}

void search_release(struct search *s)
{
    arena_release(&s->arena);
    *s = (struct search){0};
}
