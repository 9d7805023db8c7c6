/* The kernel multiplies TILE rows by two vectors of columns, held in registers over a block of k.
 * Splitting k leaves the bits alone: the sum so far waits in C. */
#include "compute/panel.h"

/* Two vectors times TILE rows leave registers for the operands. */
#if defined(__AVX512F__)
enum { VECTOR_BYTES = 64, TILE = 12 };
#elif defined(__AVX2__)
enum { VECTOR_BYTES = 32, TILE = 6 };
#else
enum { VECTOR_BYTES = 16, TILE = 6 };
#endif

enum { LANES = VECTOR_BYTES / sizeof(real), STEP = 2 * LANES, DEPTH = PANEL_DEPTH };

typedef real vector __attribute__((vector_size(VECTOR_BYTES)));
/* The same, at any address and aliasing `real`. */
typedef real loose __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(real)), may_alias));

/* rows x STEP elements of C; `rows` and `across` are constant where this is inlined. Element (r, i)
 * of A is a[r * lda + i], or a[i * TILE + r] when it lies across, in a stripe. */
static inline __attribute__((always_inline)) void multiply_tile(int rows, bool across, int k,
                                                                const real *a, int lda,
                                                                const real *panel, bool add,
                                                                real *c, int ldc)
{
    vector sum[TILE][2];
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < 2; v++)
            sum[r][v] = add ? (vector) * (const loose *)(c + (size_t)r * (size_t)ldc + v * LANES)
                            : (vector){0};
    for (int i = 0; i < k; i++, panel += PANEL) {
        vector w0 = *(const loose *)panel, w1 = *(const loose *)(panel + LANES);
        for (int r = 0; r < rows; r++) {
            real x =
                across ? a[(size_t)i * TILE + (size_t)r] : a[(size_t)r * (size_t)lda + (size_t)i];
            sum[r][0] += x * w0;
            sum[r][1] += x * w1;
        }
    }
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < 2; v++)
            *(loose *)(c + (size_t)r * (size_t)ldc + v * LANES) = sum[r][v];
}

/* As multiply_tile for the largest constant at most `rows`, which it returns. */
static int multiply_some(int rows, bool across, int k, const real *a, int lda, const real *panel,
                         bool add, real *c, int ldc)
{
#define TRY(count)                                                                                 \
    if (count <= TILE && rows >= count) {                                                          \
        if (across)                                                                                \
            multiply_tile(count <= TILE ? count : 1, true, k, a, lda, panel, add, c, ldc);         \
        else                                                                                       \
            multiply_tile(count <= TILE ? count : 1, false, k, a, lda, panel, add, c, ldc);        \
        return count;                                                                              \
    }
    TRY(12)
    TRY(8)
    TRY(6)
    TRY(5)
    TRY(4)
    TRY(3)
    TRY(2)
    TRY(1)
#undef TRY
    return 0;
}

/* The left-hand side over a block of k. */
struct left {
    struct mat rows;     /* [m, depth] */
    const real *stripes; /* or, when not NULL: [m / TILE][depth][TILE] */
    int depth;
};

/* All rows of `width` <= STEP columns; a narrow last one goes by way of a buffer. */
static void multiply_columns(const struct left *a, const real *panel, bool add, struct mat out)
{
    real edge[TILE * STEP];
    int width = out.cols, depth = a->depth;
    for (int r = 0; r < out.rows;) {
        bool across = a->stripes != NULL;
        int rest = out.rows - r < TILE ? out.rows - r : TILE;
        const real *from = across
                               ? a->stripes + (size_t)(r / TILE) * (size_t)depth * TILE + r % TILE
                               : mat_row(a->rows, r);
        if (width == STEP) {
            r += multiply_some(rest, across, depth, from, a->rows.ld, panel, add, mat_row(out, r),
                               out.ld);
            continue;
        }
        memset(edge, 0, sizeof edge);
        struct mat narrow = {edge, rest, width, STEP};
        if (add)
            mat_copy(narrow, mat_rows(out, r, rest));
        int done = multiply_some(rest, across, depth, from, a->rows.ld, panel, add, edge, STEP);
        mat_copy(mat_rows(out, r, done), mat_rows(narrow, 0, done));
        r += done;
    }
}

/* out += a [m, depth] W for the block of k that starts at `from`. */
static void multiply_block(const struct left *a, const real *panels, int k, int from, bool add,
                           struct mat out)
{
    for (int n = 0; n < out.cols; n += STEP) {
        int width = out.cols - n < STEP ? out.cols - n : STEP;
        const real *panel = panels + (size_t)(n / PANEL) * (size_t)k * PANEL +
                            (size_t)from * PANEL + (size_t)(n % PANEL);
        multiply_columns(a, panel, add, mat_cols(out, n, width));
    }
}

static void multiply(struct mat a, const real *panels, real beta, struct mat out)
{
    if (a.cols == 0 && beta == 0)
        mat_zero(out);
    for (int from = 0; from < a.cols; from += DEPTH) {
        int depth = a.cols - from < DEPTH ? a.cols - from : DEPTH;
        struct left left = {mat_cols(a, from, depth), NULL, depth};
        multiply_block(&left, panels, a.cols, from, from > 0 || beta != 0, out);
    }
}

/* stripes [m / TILE][depth][TILE] = a^T, a few rows at a time so that both sides stay in cache. */
static void stripe(struct mat a, real *stripes)
{
    enum { ROWS = 16 };
    for (int from = 0; from < a.rows; from += ROWS) {
        int to = from + ROWS < a.rows ? from + ROWS : a.rows;
        for (int m = 0; m < a.cols; m += TILE) {
            size_t width = (size_t)(a.cols - m < TILE ? a.cols - m : TILE);
            real *target = stripes + (size_t)(m / TILE) * (size_t)a.rows * TILE;
            for (int i = from; i < to; i++)
                memcpy(target + (size_t)i * TILE, mat_row(a, i) + m, width * sizeof(real));
        }
    }
}

static void multiply_across(struct mat a, real *stripes, const real *panels, real beta,
                            struct mat out)
{
    for (int from = 0; from < a.rows; from += DEPTH) {
        int depth = a.rows - from < DEPTH ? a.rows - from : DEPTH;
        struct left left = {{0}, stripes, depth};
        stripe(mat_rows(a, from, depth), stripes);
        multiply_block(&left, panels, a.rows, from, from > 0 || beta != 0, out);
    }
}

const struct panel_kernels SIMD(panel_kernels) = {
    .multiply = multiply,
    .multiply_across = multiply_across,
};
