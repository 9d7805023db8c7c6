/* narrow.h -- products of numbers narrower than `real`: what int8.h and bf16.h share.
 *
 * The dot product of 32-bit words is the unit of work: a word holds 4 numbers of 8 bits or 2 of 16,
 * neighbours along k. A row of the left-hand side is `units` words; the weight lies in panels of
 * PANEL columns as panel.h has it, panel j [units, PANEL] words. */
#ifndef SATZ_COMPUTE_NARROW_H
#define SATZ_COMPUTE_NARROW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/simd.h"
#include "compute/compute.h"
#include "compute/panel.h"

/* A weight [k,n]; n up to a multiple of PANEL is padded with zeros. */
struct narrow_weight {
    int k, n;
    uint32_t *panels; /* 64-byte aligned */
    float *scales;    /* int8: of each column */
    int32_t *sums;    /* int8: of each column's numbers */
};

enum { NARROW_STRIPE = 12 };

/* The left-hand side [m,k]. Equal rows are multiplied once: hypotheses that go on from the same one
 * have the same state, sentences that begin alike the same words. Of the n
 * different ones `u` stands for the rows r = first[u], next[r] and so on, until -1. They lie in
 * stripes of NARROW_STRIPE: word `i` of row `r` of stripe `s` is
 * words[(s * units + i) * NARROW_STRIPE + r]. */
struct narrow_rows {
    int n;
    uint32_t *words;
    float *scales;     /* int8: [n] */
    int *first, *next; /* [n], [m] */
};

/* Words of memory for m rows of `units` words. */
size_t narrow_rows_size(int m, int units);
/* Lays the rows of `a` out on such memory, and finds the equal ones; convert follows. */
struct narrow_rows narrow_rows_find(struct mat a, int units, uint32_t *memory);

/* The row's first word; the next is NARROW_STRIPE further. */
static inline uint32_t *narrow_row(struct narrow_rows rows, int units, int row)
{
    return rows.words + (size_t)(row / NARROW_STRIPE) * NARROW_STRIPE * (size_t)units +
           row % NARROW_STRIPE;
}

struct narrow_kernels {
    /* rows.words and .scales from a [m,k] */
    void (*convert)(struct mat a, struct narrow_rows rows);
    /* Fills the weight from op(w) [k,n]; w is [n,k] when transposed. With `rows` [n], then, of
     * these rows of w alone. */
    void (*pack)(struct mat w, bool transposed, const int *rows, struct narrow_weight *to);
    /* out [m,n] = beta out + a W; beta is 0 (out is overwritten) or 1. The product is rounded
     * before it is added, and a row of it depends on its own row alone. */
    void (*multiply)(struct narrow_rows rows, const struct narrow_weight *w, real beta,
                     struct mat out);
};

/* Signed 8-bit integers, 4 a word, in 32-bit sums. Each column of the weight and each row of the
 * left-hand side has its largest value at 127:
 *
 *     a = s_a q_a      w = s_w q_w      a w = s_a s_w sum(q_a q_w)
 *
 * The sum is exact, so that every instruction set gives the same bits. Rows that hold NaN or
 * infinity give NaN. */
SIMD_DECLARE(const struct narrow_kernels, int8_kernels);
/* Brain floats, 2 a word, rounded to nearest even, in single-precision sums: for AVX-512 with its
 * BF16 instructions only. */
extern const struct narrow_kernels bf16_kernels_avx512;

/* The best table for this processor; NULL with the reason in *err where there is none. `precision`
 * is not COMPUTE_F32. */
const struct narrow_kernels *narrow_find(enum compute_precision precision, struct satz_error *err);

enum {
    INT8_PER_WORD = 4,
    BF16_PER_WORD = 2,
    INT8_DEEPEST = 1 << 16 /* largest k: beyond it a sum may overflow */
};

static inline int narrow_units(int k, int per_word)
{
    return (k + per_word - 1) / per_word;
}

#endif
