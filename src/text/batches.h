/* batches.h -- which pairs of a corpus stand together in which batch, epoch by epoch.
 *
 * An epoch shuffles the corpus, sorts it by length within large pools, cuts it into batches of
 * about equal lengths, and shuffles those. Epoch and number of a batch fully determine its content:
 * to resume, start the epoch again and go on at that number. */
#ifndef SATZ_TEXT_BATCHES_H
#define SATZ_TEXT_BATCHES_H

#include <stdint.h>

#include "base/error.h"
#include "text/corpus.h"

enum batch_unit {
    BATCH_SENTENCES, /* exactly `size` pairs, but for the last of a pool */
    BATCH_TOKENS,    /* at most `size` target tokens, ENDs included, but at least one pair */
};

struct batches_options {
    enum batch_unit unit;
    int size; /* at least 1 */
    uint64_t seed;
    uint32_t pool; /* pairs sorted together, which bounds the memory for it; 0: 2^20 */
};

struct batches;

/* The corpus must outlive it. There are no batches until an epoch is started. */
struct batches *batches_new(const struct corpus *corpus, const struct batches_options *options,
                            struct satz_error *err);
void batches_free(struct batches *b);

/* Plans epoch 0, 1, ... in any order. After a failure there are no batches. */
int batches_start_epoch(struct batches *b, uint64_t epoch, struct satz_error *err);

/* Batches of the epoch; in tokens it differs from epoch to epoch. */
uint32_t batches_count(const struct batches *b);

/* Batch k's n pairs, as indices into the corpus; valid until the next epoch is started. */
const uint32_t *batches_get(const struct batches *b, uint32_t k, int *n);

#endif
