#include "text/batches.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/rng.h"

#define DEFAULT_POOL (UINT32_C(1) << 20)

/* What random numbers are drawn for. */
enum { SITE_PAIRS = 1, SITE_BATCHES };

struct sort_key {
    int target, source; /* tokens */
    uint32_t place;     /* in the shuffled order, so that the sort is stable */
    uint32_t index;
};

struct batches {
    const struct corpus *corpus;
    struct batches_options options;
    uint32_t *pairs;       /* [corpus_size] indices, batch after batch */
    struct sort_key *keys; /* [the smaller of pool and corpus_size] */
    uint32_t *starts;      /* [count + 1] of the batches in `pairs` */
    uint32_t *order;       /* [count] batch k of the epoch is order[k] */
    size_t starts_capacity, order_capacity;
    uint32_t count;
};

struct batches *batches_new(const struct corpus *corpus, const struct batches_options *options,
                            struct satz_error *err)
{
    if (options->size < 1) {
        error_set(err, "a batch size of %d is too small: it must be at least 1", options->size);
        return NULL;
    }
    struct batches *b = memory_new(1, sizeof *b, err);
    if (!b)
        return NULL;
    uint32_t size = corpus_size(corpus);
    b->corpus = corpus;
    b->options = *options;
    if (!b->options.pool)
        b->options.pool = DEFAULT_POOL;
    if (b->options.pool > size)
        b->options.pool = size;
    b->pairs = memory_new(size, sizeof *b->pairs, err);
    b->keys = b->pairs ? memory_new(b->options.pool, sizeof *b->keys, err) : NULL;
    if (!b->keys) {
        batches_free(b);
        return NULL;
    }
    return b;
}

void batches_free(struct batches *b)
{
    if (!b)
        return;
    free(b->pairs);
    free(b->keys);
    free(b->starts);
    free(b->order);
    free(b);
}

static int compare(const void *a, const void *b)
{
    const struct sort_key *x = a, *y = b;
    if (x->target != y->target)
        return x->target < y->target ? -1 : 1;
    if (x->source != y->source)
        return x->source < y->source ? -1 : 1;
    return x->place < y->place ? -1 : x->place > y->place;
}

static int start_batch(struct batches *b, uint32_t at, struct satz_error *err)
{
    if (memory_grow(&b->starts, &b->starts_capacity, (size_t)b->count + 2, sizeof *b->starts, err) <
        0)
        return -1;
    b->starts[b->count++] = at;
    return 0;
}

/* Sorts pairs[from .. from + n) and cuts them into batches. */
static int plan_pool(struct batches *b, uint32_t from, uint32_t n, struct satz_error *err)
{
    for (uint32_t i = 0; i < n; i++) {
        struct sort_key *key = &b->keys[i];
        key->place = i;
        key->index = b->pairs[from + i];
        corpus_lengths(b->corpus, key->index, &key->source, &key->target);
    }
    qsort(b->keys, n, sizeof *b->keys, compare);
    int64_t room = 0;
    for (uint32_t i = 0; i < n; i++) {
        const struct sort_key *key = &b->keys[i];
        int64_t cost = b->options.unit == BATCH_TOKENS ? (int64_t)key->target + 1 : 1;
        if (i == 0 || cost > room) {
            if (start_batch(b, from + i, err) < 0)
                return -1;
            room = b->options.size;
        }
        room -= cost;
        b->pairs[from + i] = key->index;
    }
    return 0;
}

int batches_start_epoch(struct batches *b, uint64_t epoch, struct satz_error *err)
{
    uint32_t size = corpus_size(b->corpus), pool = b->options.pool;
    b->count = 0;
    for (uint32_t i = 0; i < size; i++)
        b->pairs[i] = i;
    rng_shuffle(rng_key(b->options.seed, epoch, SITE_PAIRS), b->pairs, size);
    for (uint32_t from = 0, n; from < size; from += n) {
        n = size - from < pool ? size - from : pool;
        if (plan_pool(b, from, n, err) < 0)
            goto fail;
    }
    if (memory_grow(&b->order, &b->order_capacity, b->count, sizeof *b->order, err) < 0)
        goto fail;
    b->starts[b->count] = size;
    for (uint32_t k = 0; k < b->count; k++)
        b->order[k] = k;
    rng_shuffle(rng_key(b->options.seed, epoch, SITE_BATCHES), b->order, b->count);
    return 0;
fail:
    b->count = 0;
    return -1;
}

uint32_t batches_count(const struct batches *b)
{
    return b->count;
}

const uint32_t *batches_get(const struct batches *b, uint32_t k, int *n)
{
    assert(k < b->count);
    uint32_t start = b->starts[b->order[k]];
    *n = (int)(b->starts[b->order[k] + 1] - start);
    return b->pairs + start;
}
