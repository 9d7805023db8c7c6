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

enum { LANES = VECTOR_BYTES / sizeof(real), STEP = 2 * LANES, DEPTH = 512 };

typedef real vector __attribute__((vector_size(VECTOR_BYTES)));
/* The same, at any address and aliasing `real`. */
typedef real loose __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(real)), may_alias));

/* rows x STEP elements of C; `rows` is constant where this is inlined. */
static inline __attribute__((always_inline)) void multiply_tile(int rows, int k, const real *a,
                                                                int lda, const real *panel,
                                                                bool add, real *c, int ldc)
{
    vector sum[TILE][2];
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < 2; v++)
            sum[r][v] = add ? (vector) * (const loose *)(c + (size_t)r * (size_t)ldc + v * LANES)
                            : (vector){0};
    for (int i = 0; i < k; i++, panel += PANEL) {
        vector w0 = *(const loose *)panel, w1 = *(const loose *)(panel + LANES);
        for (int r = 0; r < rows; r++) {
            real x = a[(size_t)r * (size_t)lda + (size_t)i];
            sum[r][0] += x * w0;
            sum[r][1] += x * w1;
        }
    }
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < 2; v++)
            *(loose *)(c + (size_t)r * (size_t)ldc + v * LANES) = sum[r][v];
}

/* As multiply_tile for the largest constant at most `rows`, which it returns. */
static int multiply_some(int rows, int k, const real *a, int lda, const real *panel, bool add,
                         real *c, int ldc)
{
#define TRY(count)                                                                                 \
    if (count <= TILE && rows >= count) {                                                          \
        multiply_tile(count <= TILE ? count : 1, k, a, lda, panel, add, c, ldc);                   \
        return count;                                                                              \
    }
    TRY(12)
    TRY(8)
    TRY(6)
    TRY(5)
    TRY(4)
    TRY(3)
    TRY(2)
#undef TRY
    multiply_tile(1, k, a, lda, panel, add, c, ldc);
    return 1;
}

/* All rows of `width` <= STEP columns; a narrow last one goes by way of a buffer. */
static void multiply_columns(struct mat a, const real *panel, bool add, struct mat out)
{
    real edge[TILE * STEP];
    int width = out.cols;
    for (int r = 0; r < out.rows;) {
        int rest = out.rows - r < TILE ? out.rows - r : TILE;
        const real *from = mat_row(a, r);
        if (width == STEP) {
            r += multiply_some(rest, a.cols, from, a.ld, panel, add, mat_row(out, r), out.ld);
            continue;
        }
        memset(edge, 0, sizeof edge);
        struct mat narrow = {edge, rest, width, STEP};
        if (add)
            mat_copy(narrow, mat_rows(out, r, rest));
        int done = multiply_some(rest, a.cols, from, a.ld, panel, add, edge, STEP);
        mat_copy(mat_rows(out, r, done), mat_rows(narrow, 0, done));
        r += done;
    }
}

static void multiply(struct mat a, const real *panels, real beta, struct mat out)
{
    if (a.cols == 0 && beta == 0)
        mat_zero(out);
    for (int from = 0; from < a.cols; from += DEPTH) {
        int depth = a.cols - from < DEPTH ? a.cols - from : DEPTH;
        for (int n = 0; n < out.cols; n += STEP) {
            int width = out.cols - n < STEP ? out.cols - n : STEP;
            const real *panel = panels + (size_t)(n / PANEL) * (size_t)a.cols * PANEL +
                                (size_t)from * PANEL + (size_t)(n % PANEL);
            multiply_columns(mat_cols(a, from, depth), panel, from > 0 || beta != 0,
                             mat_cols(out, n, width));
        }
    }
}

const struct panel_kernels SIMD(panel_kernels) = {.multiply = multiply};
