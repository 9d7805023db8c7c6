#include "decode/translator.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/parallel.h"
#include "base/utf8.h"
#include "decode/translator_private.h"

enum {
    LINES = 64,        /* that one task tokenises */
    LONGEST_PIECE = 64 /* bytes; what no piece of text needs more of */
};

struct translator_options translator_defaults(const struct recipe *recipe)
{
    return (struct translator_options){
        .search =
            {
                .beam = recipe->decode.beam,
                .n_best = 1,
                .length_penalty = recipe->decode.length_penalty,
                .max_length_factor = recipe->decode.max_length_factor,
                .max_length_extra = recipe->decode.max_length_extra,
            },
        .batch = recipe->decode.batch,
        .threads = parallel_processors(),
        .max_length = 4 * recipe->data.max_length,
    };
}

struct translator *translator_new(const struct model *model, enum compute_precision precision,
                                  const struct translator_options *options, struct satz_error *err)
{
    struct translator *t = memory_new(1, sizeof *t, err);
    if (!t)
        return NULL;
    t->model = model;
    t->options = *options;
    t->workers = memory_new((size_t)options->threads, sizeof *t->workers, err);
    if (!t->workers)
        goto fail;
    for (int i = 0; i < options->threads; i++) {
        struct worker *w = &t->workers[i];
        w->compute = model->network.weights.backend->new (precision, err);
        w->sentences = memory_new((size_t)options->batch, sizeof *w->sentences, err);
        if (!w->compute || !w->sentences)
            goto fail;
    }
    return t;
fail:
    translator_free(t);
    return NULL;
}

static void forget_lines(struct translator *t)
{
    for (size_t i = 0; i < t->n_lines; i++) {
        struct satz_translation *translation = &t->translations[i];
        struct satz_hypothesis *h = (struct satz_hypothesis *)translation->hypotheses;
        for (int k = 0; k < translation->n; k++)
            free((char *)h[k].text);
        free(h);
        token_list_release(&t->lines[i].tokens);
    }
    t->n_lines = 0;
}

void translator_free(struct translator *t)
{
    if (!t)
        return;
    forget_lines(t);
    free(t->lines);
    free(t->translations);
    free(t->order);
    for (int i = 0; t->workers && i < t->options.threads; i++) {
        struct worker *w = &t->workers[i];
        if (w->compute)
            t->model->network.weights.backend->free(w->compute);
        batch_release(&w->batch);
        search_release(&w->search);
        free(w->sentences);
    }
    free(t->workers);
    free(t);
}

int translator_beam(const struct translator *t)
{
    return t->options.search.beam;
}

struct pass translator_pass(const struct translator *t, const struct worker *w)
{
    const struct seq2seq *network = &t->model->network;
    return (struct pass){
        .backend = network->weights.backend,
        .compute = w->compute,
        .params = &network->params,
        .weights = &network->weights,
        .kernels = SIMD_BEST(kernels),
    };
}

/* Room for n hypotheses, their texts NULL. */
static int new_hypotheses(struct satz_translation *to, int n, struct satz_error *err)
{
    struct satz_hypothesis *h = memory_new((size_t)n, sizeof *h, err);
    if (!h)
        return -1;
    to->hypotheses = h;
    to->n = n;
    return 0;
}

static int tokenise_line(struct translator *t, size_t i, struct satz_error *err)
{
    struct line *line = &t->lines[i];
    /* More than this is cut off anyway, and tokenising a word of a megabyte takes a minute. */
    size_t most = (size_t)t->options.max_length * LONGEST_PIECE;
    bool cut = line->length > most;
    if (cut)
        for (line->length = most; most - line->length < 3; line->length--)
            if (((unsigned char)line->text[line->length] & 0xC0) != 0x80)
                break;
    if (tokenizer_encode(t->model->source_tokenizer, line->text, line->length, &line->tokens, err) <
        0)
        return -1;
    line->invalid = utf8_valid_prefix(line->text, line->length) < line->length;
    line->truncated = cut || line->tokens.n > (size_t)t->options.max_length;
    line->n = line->tokens.n > (size_t)t->options.max_length ? t->options.max_length
                                                             : (int)line->tokens.n;
    return 0;
}

static void tokenise_lines(void *user, int index, int worker)
{
    struct translator *t = user;
    struct worker *w = &t->workers[worker];
    size_t from = (size_t)index * LINES;
    for (size_t i = from; w->status == 0 && i < t->n_lines && i < from + LINES; i++)
        w->status = tokenise_line(t, i, &w->err);
}

static int keep_result(const struct translator *t, const struct search_result *result,
                       struct satz_translation *to, struct satz_error *err)
{
    if (new_hypotheses(to, result->n, err) < 0)
        return -1;
    struct satz_hypothesis *h = (struct satz_hypothesis *)to->hypotheses;
    for (int k = 0; k < result->n; k++) {
        const struct hypothesis *from = &result->hypotheses[k];
        struct strbuf text = {0};
        h[k] = (struct satz_hypothesis){
            .score = from->score, .log_probability = from->log_probability, .tokens = from->n + 1};
        int status =
            tokenizer_decode(t->model->target_tokenizer, from->ids, (size_t)from->n, &text, err);
        if (status == 0 && !(h[k].text = strbuf_detach(&text, err)))
            status = -1;
        strbuf_release(&text);
        if (status < 0)
            return -1;
    }
    return 0;
}

static int translate_batch(struct translator *t, struct worker *w, size_t from,
                           struct satz_error *err)
{
    int n = 0;
    for (; n < t->batch && from + (size_t)n < t->n_ordered; n++) {
        const struct line *line = &t->lines[t->order[from + (size_t)n]];
        w->sentences[n] = (struct batch_sentence){line->tokens.ids, line->n};
    }
    struct pass pass = translator_pass(t, w);
    if (batch_fill(&w->batch, w->sentences, NULL, n, t->model->recipe.model.reverse_source, err) <
            0 ||
        search_run(&w->search, &pass, &t->model->network, &w->batch, &t->options.search, err) < 0)
        return -1;
    for (int i = 0; i < n; i++)
        if (keep_result(t, &w->search.results[i], &t->translations[t->order[from + (size_t)i]],
                        err) < 0)
            return -1;
    return 0;
}

static void translate_batches(void *user, int index, int worker)
{
    struct translator *t = user;
    struct worker *w = &t->workers[worker];
    if (w->status == 0)
        w->status = translate_batch(t, w, (size_t)index * (size_t)t->batch, &w->err);
}

/* Runs the tasks on all workers; the failure of one is the failure of all. */
static int run_tasks(struct translator *t, size_t n_tasks, void (*task)(void *, int, int),
                     struct satz_error *err)
{
    for (int i = 0; i < t->options.threads; i++)
        t->workers[i].status = 0;
    parallel_for(t->options.threads, (int)n_tasks, task, t);
    for (int i = 0; i < t->options.threads; i++)
        if (t->workers[i].status < 0)
            return error_set(err, "%s", t->workers[i].err.message);
    return 0;
}

/* Few lines are shared out among the threads; many go in batches as large as they may be. */
static size_t share_lines(struct translator *t)
{
    size_t threads = (size_t)t->options.threads;
    size_t share = (t->n_ordered + threads - 1) / threads;
    t->batch = share < (size_t)t->options.batch ? (int)share : t->options.batch;
    return t->n_ordered ? (t->n_ordered + (size_t)t->batch - 1) / (size_t)t->batch : 0;
}

/* t->order: the lines with tokens by length, longest first, equal ones as they came. */
static int sort_lines(struct translator *t, struct satz_error *err)
{
    size_t longest = (size_t)t->options.max_length;
    size_t *count = memory_new(longest + 1, sizeof *count, err);
    if (!count)
        return -1;
    for (size_t i = 0; i < t->n_lines; i++)
        count[t->lines[i].n]++;
    t->n_ordered = 0;
    for (size_t length = longest; length > 0; length--) {
        size_t here = count[length];
        count[length] = t->n_ordered;
        t->n_ordered += here;
    }
    for (size_t i = 0; i < t->n_lines; i++)
        if (t->lines[i].n > 0)
            t->order[count[t->lines[i].n]++] = (uint32_t)i;
    free(count);
    return 0;
}

static int take_lines(struct translator *t, const char *const *lines, const size_t *lengths,
                      size_t n, struct satz_error *err)
{
    forget_lines(t);
    if (n > INT32_MAX)
        return error_set(err, "%zu lines are too many for one call; translate them in parts", n);
    if (memory_grow(&t->lines, &t->lines_capacity, n, sizeof *t->lines, err) < 0 ||
        memory_grow(&t->translations, &t->capacity, n, sizeof *t->translations, err) < 0 ||
        memory_grow(&t->order, &t->order_capacity, n, sizeof *t->order, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        t->lines[i] = (struct line){
            .text = lines[i],
            .length = lengths ? lengths[i] : strlen(lines[i]),
        };
        t->translations[i] = (struct satz_translation){0};
    }
    t->n_lines = n;
    return 0;
}

/* What a line without tokens is translated to. */
static int translate_nothing(struct satz_translation *to, struct satz_error *err)
{
    if (new_hypotheses(to, 1, err) < 0)
        return -1;
    struct satz_hypothesis *h = (struct satz_hypothesis *)to->hypotheses;
    h->text = memory_copy_string("", err);
    return h->text ? 0 : -1;
}

int translator_run(struct translator *t, const char *const *lines, const size_t *lengths, size_t n,
                   const struct satz_translation **translations, struct satz_error *err)
{
    if (take_lines(t, lines, lengths, n, err) < 0 ||
        run_tasks(t, (n + LINES - 1) / LINES, tokenise_lines, err) < 0 || sort_lines(t, err) < 0 ||
        run_tasks(t, share_lines(t), translate_batches, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        t->translations[i].truncated = t->lines[i].truncated;
        t->translations[i].invalid = t->lines[i].invalid;
        if (t->lines[i].n == 0 && translate_nothing(&t->translations[i], err) < 0)
            return -1;
    }
    *translations = t->translations;
    return 0;
}
