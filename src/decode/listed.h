/* listed.h -- the output layer for some words of the vocabulary: a sentence's shortlist. */
#ifndef SATZ_DECODE_LISTED_H
#define SATZ_DECODE_LISTED_H

#include "decode/search.h"

/* One model's output layer of the listed words. */
struct listed_layer {
    const struct compute_backend *backend;
    struct packed *weight; /* y = x W^T of the listed rows of W */
    real *bias;            /* [n] */
    int capacity;          /* words that there is room for */
};

/* A list of words. All zero is an empty one; memory is kept for the next list. */
struct listed {
    int *words; /* [n], ascending, the special tokens first; TOKEN_END stands at TOKEN_END */
    int n;
    size_t capacity;
    struct listed_layer *layers; /* [n_layers]: of the models */
    int n_layers;
};

/* Makes a list of the set's words (text/shortlist.h), of which TOKEN_SPECIALS are the first, and
 * the models' output layers for it. */
int listed_fill(struct listed *l, const uint64_t *set, const struct search_model *models,
                int n_models, struct satz_error *err);
void listed_release(struct listed *l);

/* logits [rows, n] of one model, from its readout. Each has the bits that it has among all words'.
 */
void listed_logits(const struct listed *l, int model, const struct search_model *m,
                   struct mat readout, struct mat logits);

/* Where the word stands in the list; -1 if it does not. */
int listed_place(const struct listed *l, int word);

#endif
