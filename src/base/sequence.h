/* sequence.h -- sentences of unequal length, packed without padding.
 *
 * Rows (sentences) are sorted by length, descending; step s holds the rows longer than s, which are
 * therefore rows [0, active(s)). Element of row r at step s stands at offset[s] + r of a matrix
 * with `total` rows. No masks, no work on padding.
 *
 *     row 0:  a0 a1 a2 a3        stored:  a0 b0 c0 | a1 b1 c1 | a2 b2 | a3
 *     row 1:  b0 b1 b2           offset:  0          3          6       8   9
 *     row 2:  c0 c1              */
#ifndef SATZ_BASE_SEQUENCE_H
#define SATZ_BASE_SEQUENCE_H

#include "base/error.h"

struct sequence {
    int steps, rows, total;
    int *offset; /* [steps + 1] */
    int *length; /* [rows], descending */
    size_t offset_capacity, length_capacity;
};

/* Lays out `rows` sentences of the given lengths (descending, each >= 1), reusing s's memory. */
int sequence_plan(struct sequence *s, const int *lengths, int rows, struct satz_error *err);
void sequence_release(struct sequence *s);

static inline int sequence_active(const struct sequence *s, int step)
{
    return step < s->steps ? s->offset[step + 1] - s->offset[step] : 0;
}

#endif
