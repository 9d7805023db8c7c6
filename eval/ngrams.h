/* ngrams.h -- counts the n-grams of references, then how many a hypothesis has in common.
 *
 * A trie in one hash table: an n-gram is the pair (its first n-1 symbols, its last symbol), and the
 * first n-1 are a slot of the same table. So equality is exact and no n-gram is ever spelled out.
 */
#ifndef SATZ_EVAL_NGRAMS_H
#define SATZ_EVAL_NGRAMS_H

#include <stddef.h>
#include <stdint.h>

#include "satz.h"

/* Zero-initialise. */
struct ngrams {
    struct ngram *slots;
    size_t capacity, mask;
    uint64_t first_pass, pass;
};

void ngrams_release(struct ngrams *g);

/* Forgets everything and makes room for the n-grams of references of n_symbols in all. */
int ngrams_start(struct ngrams *g, size_t n_symbols, int max_order, struct satz_error *err);

/* Counts the n-grams of one reference; the count of an n-gram is the largest of all references. */
void ngrams_add(struct ngrams *g, const uint32_t *symbols, size_t n, int max_order);

/* Adds to correct[order - 1] how many n-grams of the hypothesis are in the references, each at most
 * as often as there. Once for each hypothesis. */
void ngrams_match(struct ngrams *g, const uint32_t *symbols, size_t n, int max_order,
                  int64_t *correct);

#endif
