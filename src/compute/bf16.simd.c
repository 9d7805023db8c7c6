/* Products of brain floats (narrow.h). VDPBF16PS adds a word's two products to a sum: the upper
 * number's first; denormals count as zero. */
#include "compute/narrow.h"

#if !defined(SATZ_DOUBLE) && defined(__AVX512F__)

#include <immintrin.h>

#define TARGET __attribute__((target("avx512bf16")))
#define TILE   12

enum { LANES = 16, PER_WORD = BF16_PER_WORD };

typedef float vector __attribute__((vector_size(4 * LANES)));

struct product;

TARGET static inline __attribute__((always_inline)) vector dot(vector sum, uint32_t word,
                                                               vector words)
{
    return (vector)_mm512_dpbf16_ps((__m512)sum, (__m512bh)_mm512_set1_epi32((int)word),
                                    (__m512bh)words);
}

TARGET static inline __attribute__((always_inline)) void finish(const struct product *p, int row,
                                                                int column, vector sum);

#include "compute/narrow_tile.h"

TARGET static inline __attribute__((always_inline)) void finish(const struct product *p, int row,
                                                                int column, vector sum)
{
    int width = p->out.cols - column < LANES ? p->out.cols - column : LANES;
    if (width <= 0)
        return;
    __mmask16 mask = (__mmask16)((1u << width) - 1);
    for (int r = p->rows->first[row]; r >= 0; r = p->rows->next[r]) {
        float *to = mat_row(p->out, r) + column;
        vector before = {0};
        if (p->beta != 0)
            before = (vector)_mm512_maskz_loadu_ps(mask, to);
        _mm512_mask_storeu_ps(to, mask, (__m512)(before + sum));
    }
}

/* The bits of the nearest brain float, even ones of two; NaN stays NaN. */
static inline uint32_t round_bits(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    uint32_t nearest = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;
    return x != x ? 0x7FC0 : nearest;
}

static void convert(struct mat a, struct narrow_rows rows)
{
    int units = narrow_units(a.cols, PER_WORD), whole = a.cols / PER_WORD;
    for (int r = 0; r < rows.n; r++) {
        const float *restrict x = mat_row(a, rows.first[r]);
        uint32_t *restrict words = narrow_row(rows, units, r);
#pragma omp simd
        for (int u = 0; u < whole; u++)
            words[u * NARROW_STRIPE] = round_bits(x[2 * u]) | round_bits(x[2 * u + 1]) << 16;
        if (whole < units)
            words[whole * NARROW_STRIPE] = round_bits(x[2 * whole]);
    }
}

/* Element (i, n) of op(w), 0 beyond k. */
static inline uint32_t element(struct mat w, bool transposed, const int *rows, int i, int n)
{
    int k = transposed ? w.cols : w.rows;
    if (i >= k)
        return 0;
    return round_bits(transposed ? mat_row(w, rows ? rows[n] : n)[i] : mat_row(w, i)[n]);
}

static void pack(struct mat w, bool transposed, const int *rows, struct narrow_weight *to)
{
    int units = narrow_units(to->k, PER_WORD);
    for (int from = 0; from < to->n; from += PANEL) {
        uint32_t *panel = to->panels + (size_t)from * (size_t)units;
        int width = to->n - from < PANEL ? to->n - from : PANEL;
        for (int u = 0; u < units; u++, panel += PANEL) {
            for (int j = 0; j < width; j++)
                panel[j] = element(w, transposed, rows, 2 * u, from + j) |
                           element(w, transposed, rows, 2 * u + 1, from + j) << 16;
            memset(panel + width, 0, (size_t)(PANEL - width) * sizeof *panel);
        }
    }
}

const struct narrow_kernels SIMD(bf16_kernels) = {
    .convert = convert,
    .pack = pack,
    .multiply = multiply,
};

#endif
