#include "decode/score.h"

#include <math.h>

#include "decode/top.h"

struct work {
    const struct pass *pass;
    const struct seq2seq *model;
    const struct batch *batch;
    bool attention, reversed;
    struct seq2seq_source source;
    struct decoder_rows decoder;
    struct mat logits; /* a chunk of rows */
    real *maxima;
    int *sentence;                /* [n] */
    double **tokens;              /* [n]: each target row's log probabilities */
    float **matrices;             /* [n]: its attention, when asked for */
    struct satz_window **windows; /* [n]: its windows, where the model has one */
};

static size_t matrix_size(const struct batch *b, int row)
{
    return (size_t)b->target.length[row] * (size_t)b->source.length[b->sentence[row]];
}

static bool has_window(const struct work *w)
{
    const struct attention_window *window = w->model->decoder.attention.window;
    return w->attention && (window->local || window->samples);
}

static void plan(struct work *w, struct arena *arena, struct scorer *s)
{
    const struct batch *b = w->batch;
    size_t n = (size_t)b->n;
    s->results = arena_take(arena, n, sizeof *s->results);
    w->tokens = arena_take(arena, n, sizeof *w->tokens);
    w->matrices = arena_take(arena, n, sizeof *w->matrices);
    w->windows = arena_take(arena, n, sizeof *w->windows);
    for (int r = 0; r < b->n; r++) {
        double *tokens = arena_take(arena, (size_t)b->target.length[r], sizeof *tokens);
        float *matrix = w->attention ? arena_take(arena, matrix_size(b, r), sizeof *matrix) : NULL;
        struct satz_window *windows =
            has_window(w) ? arena_take(arena, (size_t)b->target.length[r], sizeof *windows) : NULL;
        if (tokens) { /* not while measuring */
            w->tokens[r] = tokens;
            w->matrices[r] = matrix;
            w->windows[r] = windows;
        }
    }
    w->sentence = arena_take(arena, n, sizeof *w->sentence);
    w->maxima = arena_take(arena, (size_t)top_blocks(w->model->target_size), sizeof *w->maxima);
    seq2seq_source_plan(w->model, &b->source, false, arena, &w->source);
    seq2seq_values_plan(w->model, &b->source, arena, &w->source);
    decoder_rows_plan(&w->model->decoder, b->n, w->sentence, b->source.steps, false, arena,
                      &w->decoder);
    loss_plan(&w->model->loss, &w->model->weights, arena, &w->logits);
}

/* Row `row`'s weights at `step`, the source's words in the order of the text. */
static void keep_weights(struct work *w, int step, int row)
{
    int length = w->batch->source.length[w->batch->sentence[row]];
    const real *weights = mat_row(w->decoder.attention.weights, row);
    float *to = w->matrices[row] + (size_t)step * (size_t)length;
    for (int j = 0; j < length; j++)
        to[w->reversed && j < length - 1 ? length - 2 - j : j] = (float)weights[j];
}

/* The words seen are those of nn/attention.c; of hard attention the one that it took. */
static void keep_window(struct work *w, int step, int row)
{
    int words = w->batch->source.length[w->batch->sentence[row]];
    const struct attention *a = &w->model->decoder.attention;
    double p = (double)*mat_row(w->decoder.attention.centre, row);
    double width = a->window->local ? (double)a->options.width : 0;
    if (w->reversed)
        p = words - 2 - p; /* of the source's end, which stays last: -1 */
    w->windows[row][step] = (struct satz_window){
        .centre = (float)fmax(p, 0),
        .from = (float)fmax(ceil(p - width), 0),
        .to = (float)fmin(floor(p + width) + 1, words),
    };
}

static int step_rows(struct work *w, struct scorer *s, int step, struct satz_error *err)
{
    const struct top_kernels *top = SIMD_BEST(top_kernels);
    const struct batch *b = w->batch;
    int n = sequence_active(&b->target, step), at = b->target.offset[step];
    for (int from = 0; from < n; from += LOSS_CHUNK) {
        int count = n - from < LOSS_CHUNK ? n - from : LOSS_CHUNK;
        struct mat logits = mat_rows(w->logits, 0, count);
        struct decoder_rows rows = decoder_rows_slice(&w->model->decoder, &w->decoder, from, count);
        seq2seq_step(w->pass, w->model, &w->source, b->target_in + at + from, &rows, logits);
        for (int r = from; r < from + count; r++) {
            const real *z = mat_row(logits, r - from);
            real log_sum = top->scan(logits.cols, z, w->maxima);
            if (top_check(log_sum, err) < 0)
                return -1;
            w->tokens[r][step] = (double)z[b->target_out[at + r]] - (double)log_sum;
            s->results[b->order[b->sentence[r]]].log_probability += w->tokens[r][step];
            if (w->attention)
                keep_weights(w, step, r);
            if (has_window(w))
                keep_window(w, step, r);
        }
    }
    return 0;
}

static void start(struct work *w, struct scorer *s)
{
    const struct batch *b = w->batch;
    for (int r = 0; r < b->n; r++) {
        int source = b->sentence[r];
        w->sentence[r] = source;
        s->results[b->order[source]] =
            (struct score_result){.token_log_probabilities = w->tokens[r],
                                  .tokens = b->target.length[r],
                                  .attention = w->matrices[r],
                                  .windows = w->windows[r]};
        mat_copy(mat_rows(w->decoder.previous, r, 1), mat_rows(w->source.bridge.state, source, 1));
    }
}

static int score_all(struct work *w, struct scorer *s, struct satz_error *err)
{
    const struct batch *b = w->batch;
    seq2seq_encode(w->pass, w->model, &b->source, b->source_ids, &w->source);
    if (seq2seq_values(w->pass, w->model, &w->source, err) < 0)
        return -1;
    start(w, s);
    for (int step = 0; step < b->target.steps; step++) {
        if (step_rows(w, s, step, err) < 0)
            return -1;
        int next = sequence_active(&b->target, step + 1);
        mat_copy(mat_rows(w->decoder.previous, 0, next), mat_rows(w->decoder.next, 0, next));
    }
    return 0;
}

int scorer_run(struct scorer *s, const struct pass *pass, const struct seq2seq *model,
               const struct batch *pairs, bool attention, bool reversed, struct satz_error *err)
{
    if (attention && model->decoder.place == PLACE_NONE)
        return error_set(err, "this model has no attention to show (attention.place is none)");
    struct work w = {
        .pass = pass, .model = model, .batch = pairs, .attention = attention, .reversed = reversed};
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
    int status = score_all(&w, s, err);
    seq2seq_values_free(model, &w.source);
    return status;
}

void scorer_release(struct scorer *s)
{
    arena_release(&s->arena);
    *s = (struct scorer){0};
}
