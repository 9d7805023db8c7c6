#include <stdlib.h>

#include "base/memory.h"
#include "decode/score.h"
#include "decode/translator_private.h"

/* A token as it is shown; its bytes belong to someone else. */
struct token_text {
    const char *text;
    size_t length;
    bool starts; /* a unit of its own */
};

/* One side of a pair. */
struct side {
    struct token_list ids;
    struct token_text *tokens; /* [ids.n + 1], END last */
    int *unit;                 /* [ids.n + 1]: which unit each token is part of */
    char **labels;             /* [n_units], NULL where there is none yet */
    int n_units;
};

static const struct token_text end_text = {"</s>", 4, true};

static void side_release(struct side *s)
{
    for (int i = 0; s->labels && i < s->n_units; i++)
        free(s->labels[i]);
    free(s->labels);
    free(s->unit);
    free(s->tokens);
    token_list_release(&s->ids);
}

static bool starts_word(const char *piece)
{
    return strncmp(piece, "▁", 3) == 0;
}

/* The text that the units are cut from has no spaces in it but those between words, which pieces
 * write as "▁". */
static void add_word_part(struct strbuf *label, const struct token_text *t)
{
    for (size_t i = 0; i < t->length; i++)
        if (t->length - i >= 3 && starts_word(t->text + i))
            i += 2;
        else if (t->text[i] != ' ')
            strbuf_add_char(label, t->text[i]);
}

/* From ids and tokens to units and their labels. */
static int group_tokens(struct side *s, enum satz_units units, struct satz_error *err)
{
    size_t n = s->ids.n + 1;
    s->tokens[n - 1] = end_text;
    s->unit = memory_new(n, sizeof *s->unit, err);
    s->labels = memory_new(n, sizeof *s->labels, err);
    if (!s->unit || !s->labels)
        return -1;
    for (size_t from = 0, to; from < n; from = to) {
        struct strbuf label = {0};
        for (to = from; to < n && (to == from || (units == SATZ_WORDS && !s->tokens[to].starts));
             to++) {
            s->unit[to] = s->n_units;
            if (units == SATZ_WORDS)
                add_word_part(&label, &s->tokens[to]);
            else
                strbuf_add(&label, s->tokens[to].text, s->tokens[to].length);
        }
        s->labels[s->n_units] = strbuf_detach(&label, err);
        if (!s->labels[s->n_units++])
            return -1;
    }
    return 0;
}

static int reserve_ids(struct side *s, size_t n, struct satz_error *err)
{
    if (memory_grow(&s->ids.ids, &s->ids.capacity, n, sizeof *s->ids.ids, err) < 0)
        return -1;
    s->ids.n = n;
    return 0;
}

static struct token_text piece_text(const struct tokenizer *t, int id)
{
    const char *piece = id == TOKEN_UNKNOWN ? "⁇" : tokenizer_piece(t, id);
    return (struct token_text){piece, strlen(piece), id == TOKEN_UNKNOWN || starts_word(piece)};
}

/* Words show what the text says, tokens what the network sees. */
static int read_source(const struct translator *t, const char *text, enum satz_units units,
                       struct side *s, struct satz_error *err)
{
    const struct tokenizer *tokenizer = t->model->source_tokenizer;
    struct token_spans spans = {0};
    int status = tokenizer_encode_spans(tokenizer, text, strlen(text), &spans, err);
    size_t n = spans.n < (size_t)t->options.max_length ? spans.n : (size_t)t->options.max_length;
    if (status == 0 && n == 0)
        status = error_set(err, "there is nothing to attend to: the source has no words");
    if (status == 0)
        status = reserve_ids(s, n, err);
    if (status == 0 && !(s->tokens = memory_new(n + 1, sizeof *s->tokens, err)))
        status = -1;
    for (size_t i = 0; status == 0 && i < n; i++) {
        const struct token_span *span = &spans.spans[i];
        s->ids.ids[i] = span->id;
        s->tokens[i] = piece_text(tokenizer, span->id);
        if (units == SATZ_WORDS || span->id == TOKEN_UNKNOWN) {
            s->tokens[i].text = text + span->begin;
            s->tokens[i].length = span->end - span->begin;
        }
        s->tokens[i].starts = span->starts_word;
    }
    token_spans_release(&spans);
    return status < 0 ? -1 : group_tokens(s, units, err);
}

/* The model's best translation. */
static int search_target(struct translator *t, const struct batch_sentence *source, struct side *s,
                         struct satz_error *err)
{
    struct worker *w = &t->workers[0];
    if (translator_search(t, w, source, NULL, 1, err) < 0)
        return -1;
    const struct hypothesis *best = &w->search.results[0].hypotheses[0];
    if (reserve_ids(s, (size_t)best->n, err) < 0)
        return -1;
    for (int i = 0; i < best->n; i++)
        s->ids.ids[i] = best->ids[i];
    return 0;
}

static int read_target(struct translator *t, const char *text, const struct batch_sentence *source,
                       enum satz_units units, struct side *s, struct satz_error *err)
{
    const struct tokenizer *tokenizer = t->model->target_tokenizer;
    if (text ? tokenizer_encode(tokenizer, text, strlen(text), &s->ids, err) < 0
             : search_target(t, source, s, err) < 0)
        return -1;
    s->tokens = memory_new(s->ids.n + 1, sizeof *s->tokens, err);
    if (!s->tokens)
        return -1;
    for (size_t i = 0; i < s->ids.n; i++)
        s->tokens[i] = piece_text(tokenizer, s->ids.ids[i]);
    return group_tokens(s, units, err);
}

/* weights [target units, source units] from matrix [target tokens, source tokens]. */
static void merge_weights(const struct side *source, const struct side *target, const float *matrix,
                          float *weights)
{
    size_t n_sources = source->ids.n + 1, n_targets = target->ids.n + 1;
    for (size_t i = 0, tokens; i < n_targets; i += tokens) {
        for (tokens = 1; i + tokens < n_targets && target->unit[i + tokens] == target->unit[i];)
            tokens++;
        float *row = weights + (size_t)target->unit[i] * (size_t)source->n_units;
        for (size_t k = 0; k < tokens; k++)
            for (size_t j = 0; j < n_sources; j++)
                row[source->unit[j]] += matrix[(i + k) * n_sources + j] / (float)tokens;
    }
}

static int measure_attention(struct translator *t, const struct side *source,
                             const struct side *target, float *weights, struct satz_error *err)
{
    struct worker *w = &t->workers[0];
    struct pass pass = translator_pass(t, w);
    struct scorer score = {0};
    bool reversed = t->model->recipe.model.reverse_source;
    const struct batch_sentence from = {source->ids.ids, (int)source->ids.n};
    const struct batch_sentence to = {target->ids.ids, (int)target->ids.n};
    int status = batch_fill(&w->batch, &from, &to, 1, reversed, err);
    if (status == 0)
        status = scorer_run(&score, &pass, &t->model->network, &w->batch, true, reversed, err);
    if (status == 0)
        merge_weights(source, target, score.results[0].attention, weights);
    scorer_release(&score);
    return status;
}

struct satz_attention *translator_attend(struct translator *t, const char *source,
                                         const char *target, enum satz_units units,
                                         struct satz_error *err)
{
    struct side from = {0}, to = {0};
    float *weights = NULL;
    struct satz_attention *a = memory_new(1, sizeof *a, err);
    if (!a || read_source(t, source, units, &from, err) < 0)
        goto fail;
    struct batch_sentence sentence = {from.ids.ids, (int)from.ids.n};
    if (read_target(t, target, &sentence, units, &to, err) < 0)
        goto fail;
    weights = memory_new((size_t)from.n_units * (size_t)to.n_units, sizeof *weights, err);
    if (!weights || measure_attention(t, &from, &to, weights, err) < 0)
        goto fail;
    *a = (struct satz_attention){
        .sources = (const char *const *)from.labels,
        .targets = (const char *const *)to.labels,
        .weights = weights,
        .n_sources = from.n_units,
        .n_targets = to.n_units,
    };
    from.labels = to.labels = NULL;
    side_release(&from);
    side_release(&to);
    return a;
fail:
    side_release(&from);
    side_release(&to);
    free(weights);
    free(a);
    return NULL;
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
    free(a);
}
