/* batch.h -- sentences laid out for the network (base/sequence.h): packed, time-major.
 *
 * Source rows are sorted by source length, target rows by target length, each descending and
 * stable; target row r is the translation of source row sentence[r]. Every source sentence ends
 * with TOKEN_END; with `reverse_source` its words stand in reverse before that (Sutskever
 * 2014, 3.3). */
#ifndef SATZ_TEXT_BATCH_H
#define SATZ_TEXT_BATCH_H

#include <stdbool.h>

#include "base/sequence.h"
#include "text/corpus.h"

/* A sentence's ids, without begin and end. */
struct batch_sentence {
    const int *ids;
    int n;
};

/* Which words of a sentence pair are linked, and which word each of its tokens is part of. */
struct batch_alignment {
    const int *words[2]; /* [n of the source, n of the target] */
    const struct corpus_link *links;
    int n_links;
};

/* Where each target row ought to look: row r of the packed target at the source's steps step[i]
 * with shares share[i], start[r] <= i < start[r + 1], which add up to 1. A row without any may look
 * anywhere. */
struct batch_guide {
    int *start; /* [target.total + 1]; NULL: there is no alignment */
    int *step;
    float *share;
};

/* All zero is empty; memory is reused by the next fill and freed by batch_release. */
struct batch {
    int n;                          /* sentences */
    bool twins;                     /* rows 2k and 2k + 1 are the same pair; false after a fill */
    struct sequence source, target; /* target is empty when only sources were given */
    int *source_ids;                /* [source.total] */
    int *target_in, *target_out;    /* [target.total]: BEGIN y1 .. ym and y1 .. ym END */
    int *sentence;                  /* [n] source row of each target row */
    int *order;                     /* [n] which of the given sentences source row r is */
    struct batch_guide guide;       /* empty after a fill */
    struct batch_memory *memory;
};

/* `targets` may be NULL. After a failure *b may only be filled again or released. */
int batch_fill(struct batch *b, const struct batch_sentence *sources,
               const struct batch_sentence *targets, int n, bool reverse_source,
               struct satz_error *err);

/* Makes the guide of a batch that was filled with targets; alignments [b->n] are of the sentences
 * in the order given to batch_fill, with the same `reverse_source`. Each token of a target word is
 * to look at all tokens of the words that it is linked to, in proportion to the links' weights, and
 * END at END, which also closes what no link tells of. */
int batch_align(struct batch *b, const struct batch_alignment *alignments, bool reverse_source,
                struct satz_error *err);

/* The pairs corpus[indices[0 .. n)]. */
int batch_fill_corpus(struct batch *b, const struct corpus *corpus, const uint32_t *indices, int n,
                      bool reverse_source, struct satz_error *err);

void batch_release(struct batch *b);

#endif
