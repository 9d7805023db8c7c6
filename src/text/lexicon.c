#include "text/lexicon.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* A pair's tokens, and what is worked in. */
struct learner {
    struct lexicon *lexicon;
    const struct corpus *corpus;
    int *source, *target;   /* of the pair at hand; the source's last word is none */
    int n_source, n_target; /* with none */
    double *counts;         /* of each entry */
    double *shares;         /* [longest source + 1] */
    int64_t *places;        /* the same: the entries that a target word may come from */
};

static void read_pair(struct learner *e, uint32_t pair)
{
    corpus_lengths(e->corpus, pair, &e->n_source, &e->n_target);
    corpus_source(e->corpus, pair, e->source);
    corpus_target(e->corpus, pair, e->target);
    e->source[e->n_source++] = e->lexicon->sources;
}

/* The pairs that each source word occurs in, as often as it does: those of s are
 * pairs[first[s] .. first[s + 1]). */
static int list_pairs(struct learner *e, int64_t **first, uint32_t **pairs, struct satz_error *err)
{
    const struct lexicon *l = e->lexicon;
    size_t words = (size_t)l->sources + 1, total = 0;
    int64_t *at = memory_new(words + 2, sizeof *at, err);
    *first = at;
    *pairs = NULL;
    if (!at)
        return -1;
    for (uint32_t p = 0; p < corpus_size(e->corpus); p++) {
        read_pair(e, p);
        for (int i = 0; i < e->n_source; i++)
            at[e->source[i] + 2]++;
        total += (size_t)e->n_source;
    }
    for (size_t s = 2; s < words + 2; s++)
        at[s] += at[s - 1];
    *pairs = memory_new(total, sizeof **pairs, err);
    if (!*pairs)
        return -1;
    for (uint32_t p = 0; p < corpus_size(e->corpus); p++) {
        read_pair(e, p);
        for (int i = 0; i < e->n_source; i++)
            (*pairs)[at[e->source[i] + 1]++] = p;
    }
    return 0;
}

static int ascending(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* The entries: for each source word the target words of its pairs, all equally likely. */
static int make_entries(struct learner *e, const int64_t *first, const uint32_t *pairs,
                        struct satz_error *err)
{
    struct lexicon *l = e->lexicon;
    size_t capacity = 0, n = 0;
    int *last = memory_new((size_t)l->targets, sizeof *last, err); /* source word + 1 that had it */
    if (!last)
        return -1;
    for (int s = 0; s <= l->sources; s++) {
        for (int64_t i = first[s]; i < first[s + 1]; i++) {
            if (i > first[s] && pairs[i] == pairs[i - 1])
                continue;
            read_pair(e, pairs[i]);
            if (memory_grow(&l->words, &capacity, n + (size_t)e->n_target, sizeof *l->words, err) <
                0)
                goto fail;
            for (int j = 0; j < e->n_target; j++) {
                int t = e->target[j];
                if (last[t] != s + 1)
                    l->words[n++] = t;
                last[t] = s + 1;
            }
        }
        size_t from = (size_t)l->offsets[s];
        if (n > from)
            qsort(l->words + from, n - from, sizeof *l->words, ascending);
        l->offsets[s + 1] = (int64_t)n;
    }
    free(last);
    l->probabilities = memory_new(n, sizeof *l->probabilities, err);
    e->counts = memory_new(n, sizeof *e->counts, err);
    for (size_t i = 0; l->probabilities && i < n; i++)
        l->probabilities[i] = 1;
    return l->probabilities && e->counts ? 0 : -1;
fail:
    free(last);
    return -1;
}

/* The entry of two words that occur together. */
static int64_t find_entry(const struct lexicon *l, int source, int target)
{
    int64_t from = l->offsets[source], to = l->offsets[source + 1];
    while (to - from > 1) {
        int64_t middle = from + (to - from) / 2;
        if (l->words[middle] <= target)
            from = middle;
        else
            to = middle;
    }
    return from;
}

static void expect(struct learner *e)
{
    const struct lexicon *l = e->lexicon;
    for (uint32_t p = 0; p < corpus_size(e->corpus); p++) {
        read_pair(e, p);
        for (int j = 0; j < e->n_target; j++) {
            double total = 0;
            for (int i = 0; i < e->n_source; i++) {
                e->places[i] = find_entry(l, e->source[i], e->target[j]);
                e->shares[i] = (double)l->probabilities[e->places[i]];
                total += e->shares[i];
            }
            for (int i = 0; i < e->n_source && total > 0; i++)
                e->counts[e->places[i]] += e->shares[i] / total;
        }
    }
}

static void maximise(struct learner *e)
{
    struct lexicon *l = e->lexicon;
    for (int s = 0; s <= l->sources; s++) {
        double total = 0;
        for (int64_t i = l->offsets[s]; i < l->offsets[s + 1]; i++)
            total += e->counts[i];
        for (int64_t i = l->offsets[s]; i < l->offsets[s + 1]; i++) {
            l->probabilities[i] = total > 0 ? (float)(e->counts[i] / total) : 0;
            e->counts[i] = 0;
        }
    }
}

/* Room for the longest pair, and how often each target word occurs. */
static int open_learner(struct learner *e, struct satz_error *err)
{
    struct lexicon *l = e->lexicon;
    size_t longest[2] = {0};
    for (uint32_t p = 0; p < corpus_size(e->corpus); p++) {
        int n[2];
        corpus_lengths(e->corpus, p, &n[0], &n[1]);
        for (int side = 0; side < 2; side++)
            longest[side] = (size_t)n[side] > longest[side] ? (size_t)n[side] : longest[side];
    }
    e->source = memory_new(longest[0] + 1, sizeof *e->source, err);
    e->target = memory_new(longest[1] + 1, sizeof *e->target, err);
    e->shares = memory_new(longest[0] + 1, sizeof *e->shares, err);
    e->places = memory_new(longest[0] + 1, sizeof *e->places, err);
    l->offsets = memory_new((size_t)l->sources + 2, sizeof *l->offsets, err);
    l->target_count = memory_new((size_t)l->targets, sizeof *l->target_count, err);
    if (!e->source || !e->target || !e->shares || !e->places || !l->offsets || !l->target_count)
        return -1;
    for (uint32_t p = 0; p < corpus_size(e->corpus); p++) {
        read_pair(e, p);
        for (int j = 0; j < e->n_target; j++)
            l->target_count[e->target[j]]++;
    }
    return 0;
}

int lexicon_train(struct lexicon *l, const struct corpus *c, int sources, int targets,
                  int iterations, struct satz_error *err)
{
    *l = (struct lexicon){.sources = sources, .targets = targets};
    struct learner e = {.lexicon = l, .corpus = c};
    int64_t *first = NULL;
    uint32_t *pairs = NULL;
    int status = open_learner(&e, err);
    if (status == 0)
        status = list_pairs(&e, &first, &pairs, err);
    if (status == 0)
        status = make_entries(&e, first, pairs, err);
    free(first);
    free(pairs);
    for (int i = 0; status == 0 && i < iterations; i++) {
        expect(&e);
        maximise(&e);
    }
    free(e.source);
    free(e.target);
    free(e.counts);
    free(e.shares);
    free(e.places);
    if (status < 0)
        lexicon_release(l);
    return status;
}

void lexicon_release(struct lexicon *l)
{
    free(l->offsets);
    free(l->words);
    free(l->probabilities);
    free(l->target_count);
    *l = (struct lexicon){0};
}
