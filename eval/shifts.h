/* shifts.h -- the edits of TER: insertions, deletions, substitutions and shifts of blocks of words.
 *
 * Snover et al. (AMTA 2006) as Tercom and sacreBLEU do it: shifts are made greedily, the best
 * first, while they save edits; the edit distance is that of paths within a beam around the
 * diagonal. */
#ifndef SATZ_EVAL_SHIFTS_H
#define SATZ_EVAL_SHIFTS_H

#include <stddef.h>
#include <stdint.h>

#include "satz.h"

/* Zero-initialise; may serve any number of searches. */
struct shifts {
    uint32_t *words, *moved; /* the hypothesis as shifted so far, and room to shift it */
    size_t words_capacity, moved_capacity;
    struct beam_row *rows; /* of the edit matrix: row i is for the first i words */
    size_t rows_capacity;
    int32_t *forward, *backward; /* cells of all rows: edits before and after */
    size_t forward_capacity, backward_capacity;
    unsigned char *steps; /* how each cell of `forward` was reached */
    size_t steps_capacity;
    int32_t *scratch; /* two rows of a hypothesis that is being tried */
    size_t scratch_capacity;
    int32_t *alignment, *hypothesis_errors, *reference_errors;
    size_t alignment_capacity, hypothesis_errors_capacity, reference_errors_capacity;
};

void shifts_release(struct shifts *s);

/* Sets *n_edits to the edits that turn the hypothesis into the reference. */
int shifts_count(struct shifts *s, const uint32_t *hypothesis, size_t n_hypothesis,
                 const uint32_t *reference, size_t n_reference, int64_t *n_edits,
                 struct satz_error *err);

#endif
