/* narrow_tile.h -- the loops of narrow.h's `multiply`, for an includer that has defined
 *
 *   TARGET                      an attribute for functions that need more than the file's flags
 *   TILE                        rows that leave registers for the operands
 *   LANES                       32-bit sums in a vector
 *   PER_WORD                    numbers in a word
 *   vector                      LANES sums
 *   vector dot(vector sum, uint32_t word, vector words)
 *   void finish(const struct product *p, int row, int column, vector sum)
 *
 * A sum takes its terms in the order of k, whatever the number of rows. Few rows take more columns
 * at once, since a sum alone would wait for its own last term. */
#include "compute/narrow.h"

enum { NARROW = 2, WIDE = 8 }; /* vectors of a tile */

struct product {
    const struct narrow_rows *rows;
    const struct narrow_weight *weight;
    real beta;
    struct mat out;
};

/* The same as `vector`, at any address and aliasing words. */
typedef vector loose __attribute__((aligned(4), may_alias));

/* Asks for the tile's place in the product, whose rows lie far apart: it is there when the sums
 * are. */
TARGET static inline __attribute__((always_inline)) void
fetch(int rows, int vectors, const struct product *p, int row, int column)
{
    for (int r = row; r < row + rows; r++) {
        const real *to = mat_row(p->out, p->rows->first[r]) + column;
        for (int v = 0; v < vectors; v++)
            __builtin_prefetch(to + v * LANES, 1);
    }
}

/* `rows` x `vectors` vectors of the product; constants where this is inlined. */
TARGET static inline __attribute__((always_inline)) void
multiply_tile(int rows, int vectors, const struct product *p, int row, int column)
{
    int units = narrow_units(p->weight->k, PER_WORD);
    const uint32_t *a = narrow_row(*p->rows, units, row);
    const uint32_t *panel[WIDE];
    vector sum[TILE][WIDE], w[WIDE];
    for (int v = 0; v < vectors; v++) {
        int at = column + v * LANES;
        panel[v] =
            p->weight->panels + (size_t)(at / PANEL) * (size_t)units * PANEL + (size_t)(at % PANEL);
        for (int r = 0; r < rows; r++)
            sum[r][v] = (vector){0};
    }
    fetch(rows, vectors, p, row, column);
    for (int i = 0; i < units; i++) {
        for (int v = 0; v < vectors; v++)
            w[v] = (vector) * (const loose *)(panel[v] + (size_t)i * PANEL);
        for (int r = 0; r < rows; r++)
            for (int v = 0; v < vectors; v++)
                sum[r][v] = dot(sum[r][v], a[i * NARROW_STRIPE + r], w[v]);
    }
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < vectors; v++)
            finish(p, row + r, column + v * LANES, sum[r][v]);
}

/* As many rows from `row` on as one tile takes, all of `vectors` vectors; returns their number. */
TARGET static int multiply_some(const struct product *p, int row, int vectors, int column)
{
    int left = p->rows->n - row;
#define TRY(count, wide)                                                                           \
    if (count <= TILE && left >= count && vectors == (wide)) {                                     \
        multiply_tile(count, wide, p, row, column);                                                \
        return count;                                                                              \
    }
#if TILE >= 12
    TRY(12, NARROW)
    TRY(8, NARROW)
    TRY(6, NARROW)
    TRY(5, NARROW)
#endif
    TRY(4, NARROW)
    TRY(3, NARROW)
    TRY(2, NARROW)
    TRY(1, NARROW)
#if TILE >= 12
    TRY(2, WIDE)
#endif
    TRY(1, WIDE)
#undef TRY
    return 0;
}

TARGET static void multiply(struct narrow_rows rows, const struct narrow_weight *w, real beta,
                            struct mat out)
{
    enum { FEW = TILE >= 12 ? 2 : 1, BLOCK = 4 * NARROW_STRIPE };
    struct product p = {&rows, w, beta, out};
    int most = rows.n <= FEW ? WIDE : NARROW;
    int padded = (w->n + PANEL - 1) / PANEL * PANEL;
    for (int from = 0; from < rows.n; from += BLOCK) {
        int to = rows.n - from < BLOCK ? rows.n : from + BLOCK;
        for (int n = 0, vectors; n < padded; n += vectors * LANES) {
            vectors = padded - n >= most * LANES ? most : NARROW;
            for (int r = from; r < to;)
                r += multiply_some(&p, r, vectors, n);
        }
    }
}
