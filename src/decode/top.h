/* top.h -- the likeliest words of a row of logits.
 *
 * A row is seen as blocks of TOP_BLOCK numbers, of which the largest are kept aside: one pass finds
 * them and the normaliser, and taking a word costs one look at the maxima and one at a block. */
#ifndef SATZ_DECODE_TOP_H
#define SATZ_DECODE_TOP_H

#include <math.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/simd.h"
#include "compute/mat.h"

enum { TOP_BLOCK = 64 };

static inline int top_blocks(int n)
{
    return (n + TOP_BLOCK - 1) / TOP_BLOCK;
}

/* z is a row of n > 0 logits, maxima [top_blocks(n)]. */
struct top_kernels {
    /* Fills maxima; returns log sum e^z, not finite if some z is NaN or +inf. */
    real (*scan)(int n, const real *z, real *maxima);
    /* Sets z[word] to -inf: it will not be taken. */
    void (*exclude)(int n, real *z, real *maxima, int word);
    /* The k largest z, largest first, equal ones by index; z is destroyed. Returns how many there
     * were above -inf, at most k. */
    int (*take)(int n, real *z, real *maxima, int k, int *words, real *values);
    /* p[i] = factor e^(z[i] - log_sum), or with `add` that is added to p. */
    void (*mix)(int n, const real *z, real log_sum, real factor, bool add, real *p);
    /* p[i] = e^((z[i] - top) / temperature), 0 for -inf; returns their sum. */
    double (*soften)(int n, const real *z, real top, real temperature, real *p);
};

SIMD_DECLARE(const struct top_kernels, top_kernels);

/* 0, or -1 when what `scan` returned shows that the row was not made of numbers. */
static inline int top_check(real log_sum, struct satz_error *err)
{
    return isfinite((double)log_sum)
               ? 0
               : error_set(err, "the network's output is not a number: the model is damaged, or "
                                "its training diverged");
}

#endif
