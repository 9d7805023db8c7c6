/* The part of satz.h that shows where the decoder looked. */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "decode/force.h"
#include "text/token_words.h"

/* One side of a pair, cut into units. */
struct side {
    const struct forced_side *tokens;
    const struct tokenizer *tokenizer;
    const char *text; /* what the spans point into */
    struct strbuf surface;
    struct token_span *spans; /* [tokens->n] */
    int *unit;                /* [tokens->n + 1]: which unit each token is part of, END last */
    char **labels;            /* [n_units] */
    int n_units;
};

static void side_release(struct side *s)
{
    for (int i = 0; s->labels && i < s->n_units; i++)
        free(s->labels[i]);
    free(s->labels);
    free(s->unit);
    free(s->spans);
    strbuf_release(&s->surface);
}

/* The text that ids stand for, as tokenizer_decode has it but for outer spaces, and their places in
 * it. */
static void write_surface(struct side *s)
{
    static const char mark[] = "▁", unknown[] = " ⁇ ";
    for (int i = 0; i < s->tokens->n; i++) {
        int id = s->tokens->ids.ids[i];
        const char *piece = id == TOKEN_UNKNOWN ? unknown : tokenizer_piece(s->tokenizer, id);
        s->spans[i].id = id;
        s->spans[i].begin = s->surface.length;
        for (; *piece; piece++) /* NOLINT: only a whole mark is stepped over */
            if (strncmp(piece, mark, sizeof mark - 1) == 0) {
                strbuf_add_char(&s->surface, ' ');
                piece += sizeof mark - 2;
            } else {
                strbuf_add_char(&s->surface, *piece);
            }
        s->spans[i].end = s->surface.length;
    }
    s->text = strbuf_text(&s->surface);
}

/* Labels are UTF-8 whatever the text is. */
static int add_label(struct side *s, const char *text, size_t n, struct satz_error *err)
{
    struct strbuf label = {0};
    for (size_t used; n > 0; text += used, n -= used) {
        uint32_t code;
        char bytes[4];
        used = utf8_decode(text, n, &code);
        strbuf_add(&label, bytes, utf8_encode(code, bytes));
        used = used ? used : 1;
    }
    s->labels[s->n_units] = strbuf_detach(&label, err);
    return s->labels[s->n_units] ? s->n_units++, 0 : -1;
}

static int label_tokens(struct side *s, struct satz_error *err)
{
    for (int i = 0; i < s->tokens->n; i++) {
        const struct token_span *span = &s->spans[i];
        const char *label = tokenizer_piece(s->tokenizer, span->id);
        size_t length = strlen(label);
        if (span->id == TOKEN_UNKNOWN) {
            label = s->text + span->begin;
            length = span->end - span->begin;
        }
        s->unit[i] = s->n_units;
        if (add_label(s, label, length, err) < 0)
            return -1;
    }
    return 0;
}

/* Words stay also where no token is left of one; those after the last token are cut off. */
static int label_words(struct side *s, size_t length, struct satz_error *err)
{
    size_t at = 0, begin;
    int n = s->tokens->n;
    token_words_find(s->text, length, s->spans, n, s->unit);
    while (n > 0 && s->n_units <= s->unit[n - 1]) {
        token_words_next(s->text, length, &at, &begin);
        if (add_label(s, s->text + begin, at - begin, err) < 0)
            return -1;
    }
    return 0;
}

/* `given` is the text, or NULL where the tokens came as ids. */
static int side_init(struct side *s, const struct forced_side *tokens,
                     const struct tokenizer *tokenizer, const char *given, size_t length,
                     enum satz_units units, struct satz_error *err)
{
    size_t n = (size_t)tokens->n;
    *s = (struct side){.tokens = tokens, .tokenizer = tokenizer, .text = given};
    s->spans = memory_new(n, sizeof *s->spans, err);
    s->unit = memory_new(n + 1, sizeof *s->unit, err);
    if (!s->spans || !s->unit)
        return -1;
    if (given)
        memcpy(s->spans, tokens->spans.spans, n * sizeof *s->spans);
    else
        write_surface(s);
    if (strbuf_check(&s->surface, err) < 0)
        return -1;
    if (!given)
        length = s->surface.length;
    size_t most = units == SATZ_WORDS ? length / 2 + 2 : n + 1;
    s->labels = memory_new(most + 1, sizeof *s->labels, err);
    if (!s->labels ||
        (units == SATZ_WORDS ? label_words(s, length, err) : label_tokens(s, err)) < 0)
        return -1;
    s->unit[n] = s->n_units;
    return add_label(s, "</s>", 4, err);
}

/* weights [target units, source units] from matrix [target tokens, source tokens]. */
static void merge_weights(const struct side *source, const struct side *target, const float *matrix,
                          float *weights)
{
    int n_sources = source->tokens->n + 1, n_targets = target->tokens->n + 1;
    for (int i = 0, tokens; i < n_targets; i += tokens) {
        for (tokens = 1; i + tokens < n_targets && target->unit[i + tokens] == target->unit[i];)
            tokens++;
        float *row = weights + (size_t)target->unit[i] * (size_t)source->n_units;
        for (int k = 0; k < tokens; k++)
            for (int j = 0; j < n_sources; j++)
                row[source->unit[j]] +=
                    matrix[(size_t)(i + k) * (size_t)n_sources + (size_t)j] / (float)tokens;
    }
}

/* Where a place among the tokens, the first from 0 to 1, lies among the units. */
static double unit_place(const struct side *s, double at)
{
    int last = s->tokens->n, token = at < last ? (int)at : last, first = token, n = 0;
    int unit = s->unit[token];
    while (first > 0 && s->unit[first - 1] == unit)
        first--;
    for (int i = first; i <= last && s->unit[i] == unit; i++)
        n++;
    return unit + (at - first) / n;
}

/* Target units average the centres of their tokens and unite their windows. */
static struct satz_window *merge_windows(const struct side *source, const struct side *target,
                                         const struct satz_window *windows, struct satz_error *err)
{
    struct satz_window *merged = memory_new((size_t)target->n_units, sizeof *merged, err);
    for (int i = 0, tokens; merged && i <= target->tokens->n; i += tokens) {
        struct satz_window *to = &merged[target->unit[i]];
        *to = (struct satz_window){.from = (float)source->n_units};
        for (tokens = 0;
             i + tokens <= target->tokens->n && target->unit[i + tokens] == target->unit[i];
             tokens++) {
            const struct satz_window *w = &windows[i + tokens];
            to->centre += (float)unit_place(source, (double)w->centre + 0.5);
            to->from = fminf(to->from, (float)unit_place(source, (double)w->from));
            to->to = fmaxf(to->to, (float)unit_place(source, (double)w->to));
        }
        to->centre /= (float)tokens;
    }
    return merged;
}

struct attending {
    const struct model *model;
    const struct satz_pair *pairs;
    const struct forced_pair *tokens;
    enum satz_units units;
    struct satz_attention **attentions;
};

static int keep_attention(void *user, size_t index, const struct score_result *result,
                          struct satz_error *err)
{
    const struct attending *g = user;
    const struct satz_pair *pair = &g->pairs[index];
    const struct forced_pair *tokens = &g->tokens[index];
    struct side from = {0}, to = {0};
    float *weights = NULL;
    struct satz_window *windows = NULL;
    struct satz_attention *a = memory_new(1, sizeof *a, err);
    if (!a ||
        side_init(&from, &tokens->source, g->model->source_tokenizer, pair->source,
                  pair->source_length, g->units, err) < 0 ||
        side_init(&to, &tokens->target, g->model->target_tokenizer,
                  pair->target_ids ? NULL : pair->target, pair->target_length, g->units, err) < 0)
        goto fail;
    weights = memory_new((size_t)from.n_units * (size_t)to.n_units, sizeof *weights, err);
    if (!weights)
        goto fail;
    merge_weights(&from, &to, result->attention, weights);
    if (result->windows && !(windows = merge_windows(&from, &to, result->windows, err)))
        goto fail;
    *a = (struct satz_attention){
        .sources = (const char *const *)from.labels,
        .targets = (const char *const *)to.labels,
        .weights = weights,
        .n_sources = from.n_units,
        .n_targets = to.n_units,
        .windows = windows,
        .truncated = tokens->source.truncated || tokens->target.truncated,
        .invalid = tokens->source.invalid | 2 * tokens->target.invalid,
    };
    from.labels = to.labels = NULL;
    side_release(&from);
    side_release(&to);
    g->attentions[index] = a;
    return 0;
fail:
    side_release(&from);
    side_release(&to);
    free(weights);
    free(a);
    return -1;
}

int translator_attend(struct translator *t, const struct satz_pair *pairs, size_t n,
                      enum satz_units units, struct satz_attention **attentions,
                      struct satz_error *err)
{
    struct forced_pair *tokens = force_tokenise(t, pairs, n, err);
    struct attending g = {t->model, pairs, tokens, units, NULL};
    int status = -1;
    if (tokens && (g.attentions = memory_new(n, sizeof *g.attentions, err)))
        status = force_run(t, tokens, n, true, keep_attention, &g, err);
    for (size_t i = 0; g.attentions && i < n; i++)
        if (status == 0)
            attentions[i] = g.attentions[i];
        else
            satz_attention_free(g.attentions[i]);
    free(g.attentions);
    force_release(tokens, n);
    return status;
}

struct satz_attention *satz_attend(struct satz_translator *t, const char *source,
                                   const char *target, enum satz_units units,
                                   struct satz_error *err)
{
    struct satz_attention *a = NULL;
    const struct satz_translation *translation;
    struct satz_pair pair = {.source = source,
                             .target = target ? target : "",
                             .source_length = strlen(source),
                             .target_length = target ? strlen(target) : 0};
    if (!target) {
        if (satz_translate(t, &source, NULL, 1, &translation, err) < 0)
            return NULL;
        pair.target_ids = translation->hypotheses[0].ids;
        pair.n_target_ids = translation->hypotheses[0].tokens - 1;
    }
    if (satz_attend_pairs(t, &pair, 1, units, &a, err) < 0)
        return NULL;
    if (!a)
        error_set(err, "there is nothing to attend to: the source has no words");
    return a;
}

static void free_labels(const char *const *labels, int n)
{
    for (int i = 0; i < n; i++)
        free((char *)labels[i]);
    free((char **)labels);
}

void satz_attention_free(struct satz_attention *a)
{
    if (!a)
        return;
    free_labels(a->sources, a->n_sources);
    free_labels(a->targets, a->n_targets);
    free((float *)a->weights);
    free((struct satz_window *)a->windows);
    free(a);
}
