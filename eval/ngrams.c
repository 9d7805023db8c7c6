#include "ngrams.h"

#include <stdlib.h>

#include "internal.h"

struct ngram {
    uint64_t key;  /* slot of the first n-1 symbols plus 1, or 0 : last symbol */
    uint64_t pass; /* the text that counted here last; free if before first_pass */
    uint32_t most; /* count in the reference that has most */
    uint32_t count;
};

void ngrams_release(struct ngrams *g)
{
    free(g->slots);
    *g = (struct ngrams){0};
}

int ngrams_start(struct ngrams *g, size_t n_symbols, int max_order, struct satz_error *err)
{
    enum { ROOMY = 1 << 15 }; /* few collisions are worth more than memory, up to this many slots */
    size_t need = 16, n_grams = n_symbols * (size_t)max_order;
    while (need < 2 * n_grams || (need < 8 * n_grams && need < ROOMY))
        need *= 2;
    if (need > UINT32_MAX)
        return eval_error(err, "A segment of %zu tokens is too long.", n_symbols);
    if (need > g->capacity) {
        struct ngram *slots = calloc(need, sizeof *slots);
        if (!slots)
            return eval_error(err, "Out of memory for a segment of %zu tokens.", n_symbols);
        free(g->slots);
        g->slots = slots;
        g->capacity = need;
    }
    g->mask = need - 1;
    g->first_pass = g->pass + 1;
    return 0;
}

/* The slot of the n-gram, or the free one where it belongs. */
static struct ngram *find(const struct ngrams *g, uint64_t key)
{
    uint64_t h = (key ^ (key >> 29)) * 0x9E3779B97F4A7C15u;
    size_t i = (size_t)(h >> 32) & g->mask;
    while (g->slots[i].pass >= g->first_pass && g->slots[i].key != key)
        i = (i + 1) & g->mask;
    return &g->slots[i];
}

static uint64_t key_after(const struct ngrams *g, const struct ngram *prefix)
{
    return (uint64_t)(prefix - g->slots + 1) << 32;
}

void ngrams_add(struct ngrams *g, const uint32_t *symbols, size_t n, int max_order)
{
    g->pass++;
    for (size_t start = 0; start < n; start++) {
        uint64_t prefix = 0;
        for (size_t i = start; i < n && i < start + (size_t)max_order; i++) {
            struct ngram *gram = find(g, prefix | symbols[i]);
            if (gram->pass < g->first_pass)
                *gram = (struct ngram){.key = prefix | symbols[i]};
            if (gram->pass != g->pass)
                gram->count = 0;
            gram->pass = g->pass;
            if (++gram->count > gram->most)
                gram->most = gram->count;
            prefix = key_after(g, gram);
        }
    }
}

void ngrams_match(struct ngrams *g, const uint32_t *symbols, size_t n, int max_order,
                  int64_t *correct)
{
    g->pass++;
    for (size_t start = 0; start < n; start++) {
        uint64_t prefix = 0;
        for (size_t i = start; i < n && i < start + (size_t)max_order; i++) {
            struct ngram *gram = find(g, prefix | symbols[i]);
            if (gram->pass < g->first_pass)
                break; /* no longer n-gram from here is in a reference either */
            if (gram->pass != g->pass)
                gram->count = 0;
            gram->pass = g->pass;
            if (++gram->count <= gram->most)
                correct[i - start]++;
            prefix = key_after(g, gram);
        }
    }
}
