#include "decode/force.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/parallel.h"
#include "base/utf8.h"

enum {
    PAIRS = 32,        /* that one task tokenises */
    LONGEST_PIECE = 64 /* bytes; what no piece of text needs more of */
};

/* The longest target that the search could have made of the longest source. */
static int longest_target(const struct translator *t)
{
    const struct search_options *o = &t->options.search;
    double most = o->max_length_factor * t->options.max_length + o->max_length_extra;
    return most < 40000 ? (int)most : 40000;
}

static void use_tokens(struct forced_side *s, int most)
{
    s->truncated = s->truncated || s->ids.n > (size_t)most;
    s->n = s->ids.n > (size_t)most ? most : (int)s->ids.n;
}

static int tokenise_text(struct forced_side *s, const struct tokenizer *tokenizer, const char *text,
                         size_t length, int most, struct satz_error *err)
{
    size_t bytes = (size_t)most * LONGEST_PIECE;
    s->truncated = length > bytes;
    if (s->truncated)
        for (length = bytes; bytes - length < 3; length--)
            if (((unsigned char)text[length] & 0xC0) != 0x80)
                break;
    s->invalid = utf8_valid_prefix(text, length) < length;
    if (tokenizer_encode_spans(tokenizer, text, length, &s->spans, err) < 0 ||
        memory_grow(&s->ids.ids, &s->ids.capacity, s->spans.n, sizeof *s->ids.ids, err) < 0)
        return -1;
    s->ids.n = s->spans.n;
    for (size_t i = 0; i < s->spans.n; i++)
        s->ids.ids[i] = s->spans.spans[i].id;
    use_tokens(s, most);
    return 0;
}

static int take_ids(struct forced_side *s, const struct tokenizer *tokenizer, const int *ids, int n,
                    int most, struct satz_error *err)
{
    if (memory_grow(&s->ids.ids, &s->ids.capacity, (size_t)n, sizeof *ids, err) < 0)
        return -1;
    for (int i = 0; i < n; i++) {
        if (ids[i] < 0 || ids[i] >= tokenizer_size(tokenizer))
            return error_set(err, "token %d is not in the vocabulary of %d", ids[i],
                             tokenizer_size(tokenizer));
        s->ids.ids[i] = ids[i];
    }
    s->ids.n = (size_t)n;
    use_tokens(s, most);
    return 0;
}

static int tokenise_pair(const struct translator *t, const struct satz_pair *from,
                         struct forced_pair *to, struct satz_error *err)
{
    const struct tokenizer *target = t->model->target_tokenizer;
    int most = longest_target(t);
    if (tokenise_text(&to->source, t->model->source_tokenizer, from->source, from->source_length,
                      t->options.max_length, err) < 0)
        return -1;
    if (from->target_ids)
        return take_ids(&to->target, target, from->target_ids, from->n_target_ids, most, err);
    return tokenise_text(&to->target, target, from->target, from->target_length, most, err);
}

/* What the tasks of one call share. */
struct force {
    struct translator *t;
    const struct satz_pair *texts;
    struct forced_pair *pairs;
    size_t n;
    /* The pairs whose sources have tokens, in the order they are taken. */
    size_t *order, n_ordered;
    struct batch_sentence *sources, *targets;
    size_t batch;
    bool attention;
    int (*keep)(void *user, size_t index, const struct score_result *result,
                struct satz_error *err);
    void *user;
};

static void tokenise_task(void *user, int index, int worker)
{
    struct force *f = user;
    struct worker *w = &f->t->workers[worker];
    size_t from = (size_t)index * PAIRS;
    for (size_t i = from; w->status == 0 && i < f->n && i < from + PAIRS; i++)
        w->status = tokenise_pair(f->t, &f->texts[i], &f->pairs[i], &w->err);
}

static int run_tasks(struct force *f, size_t n_tasks, void (*task)(void *, int, int),
                     struct satz_error *err)
{
    struct translator *t = f->t;
    for (int i = 0; i < t->options.threads; i++)
        t->workers[i].status = 0;
    parallel_for(t->options.threads, (int)n_tasks, task, f);
    for (int i = 0; i < t->options.threads; i++)
        if (t->workers[i].status < 0)
            return error_set(err, "%s", t->workers[i].err.message);
    return 0;
}

struct forced_pair *force_tokenise(struct translator *t, const struct satz_pair *pairs, size_t n,
                                   struct satz_error *err)
{
    struct force f = {.t = t, .texts = pairs, .n = n};
    if (n > INT32_MAX) {
        error_set(err, "%zu pairs are too many for one call; take them in parts", n);
        return NULL;
    }
    f.pairs = memory_new(n, sizeof *f.pairs, err);
    if (f.pairs && run_tasks(&f, (n + PAIRS - 1) / PAIRS, tokenise_task, err) == 0)
        return f.pairs;
    force_release(f.pairs, n);
    return NULL;
}

void force_release(struct forced_pair *pairs, size_t n)
{
    for (size_t i = 0; pairs && i < n; i++) {
        token_spans_release(&pairs[i].source.spans);
        token_spans_release(&pairs[i].target.spans);
        token_list_release(&pairs[i].source.ids);
        token_list_release(&pairs[i].target.ids);
    }
    free(pairs);
}

static int force_batch(struct force *f, struct worker *w, size_t from, struct satz_error *err)
{
    struct pass pass = translator_pass(f->t, w);
    bool reversed = f->t->model->recipe.model.reverse_source;
    size_t left = f->n_ordered - from, n = left < f->batch ? left : f->batch;
    if (batch_fill(&w->batch, f->sources + from, f->targets + from, (int)n, reversed, err) < 0 ||
        scorer_run(&w->scorer, &pass, &f->t->model->network, &w->batch, f->attention, reversed,
                   err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (f->keep(f->user, f->order[from + i], &w->scorer.results[i], err) < 0)
            return -1;
    return 0;
}

static void force_task(void *user, int index, int worker)
{
    struct force *f = user;
    struct worker *w = &f->t->workers[worker];
    if (w->status == 0)
        w->status = force_batch(f, w, (size_t)index * f->batch, &w->err);
}

/* Longest first, so that a batch's sentences end together and the last batches are short. */
static int by_length(const void *left, const void *right, void *user)
{
    const struct forced_pair *pairs = user;
    size_t i = *(const size_t *)left, k = *(const size_t *)right;
    const struct forced_pair *a = &pairs[i], *b = &pairs[k];
    int length_a = a->source.n + a->target.n, length_b = b->source.n + b->target.n;
    if (length_a != length_b)
        return length_a > length_b ? -1 : 1;
    return i < k ? -1 : i > k;
}

static void sort_pairs(struct force *f, const struct forced_pair *pairs)
{
    for (size_t i = 0; i < f->n; i++)
        if (pairs[i].source.n > 0)
            f->order[f->n_ordered++] = i;
    qsort_r(f->order, f->n_ordered, sizeof *f->order, by_length, (void *)pairs);
    for (size_t i = 0; i < f->n_ordered; i++) {
        const struct forced_pair *p = &pairs[f->order[i]];
        f->sources[i] = (struct batch_sentence){p->source.ids.ids, p->source.n};
        f->targets[i] = (struct batch_sentence){p->target.ids.ids, p->target.n};
    }
}

int force_run(struct translator *t, const struct forced_pair *pairs, size_t n, bool attention,
              int (*keep)(void *user, size_t index, const struct score_result *result,
                          struct satz_error *err),
              void *user, struct satz_error *err)
{
    struct force f = {.t = t, .n = n, .attention = attention, .keep = keep, .user = user};
    int status = -1;
    f.order = memory_new(n, sizeof *f.order, err);
    f.sources = memory_new(n, sizeof *f.sources, err);
    f.targets = memory_new(n, sizeof *f.targets, err);
    if (!f.order || !f.sources || !f.targets)
        goto done;
    sort_pairs(&f, pairs);
    /* Few pairs are shared out among the threads. */
    size_t threads = (size_t)t->options.threads, share = (f.n_ordered + threads - 1) / threads;
    f.batch = share < (size_t)t->options.batch ? share : (size_t)t->options.batch;
    status = f.n_ordered == 0
                 ? 0
                 : run_tasks(&f, (f.n_ordered + f.batch - 1) / f.batch, force_task, err);
done:
    free(f.order);
    free(f.sources);
    free(f.targets);
    return status;
}
