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

enum {
    LANES = VECTOR_BYTES / sizeof(real),
    STEP = 2 * LANES,
    LINE = 64 / sizeof(real),
    DEPTH = PANEL_DEPTH,
    ROWS = 20 * TILE, /* of A over DEPTH that stay in cache while all panels pass by */
    FEW = 4           /* rows that take no longer than their panel takes to arrive */
};

typedef real vector __attribute__((vector_size(VECTOR_BYTES)));
/* The same, at any address and aliasing `real`. */
typedef real loose __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(real)), may_alias));

/* What a tile reads beside C. Element (r, i) of A is a[r * lda + i], or a[i * TILE + r] when it
 * lies across, in a stripe. */
struct tile {
    const real *a, *panel;
    const real *ahead; /* what is asked for meanwhile: k pieces of `piece` numbers */
    size_t k, lda, piece;
    bool add; /* to C, which is overwritten otherwise */
};

/* rows x STEP elements of C; `rows`, `across` and `add` are constant where this is inlined. Four
 * rows share a pointer: with one for each, pointers run out of registers. */
static inline __attribute__((always_inline)) void
multiply_tile(size_t rows, bool across, bool add, const struct tile *t, real *c, size_t ldc)
{
    vector sum[TILE][2];
    const real *a = t->a, *panel = t->panel, *ahead = t->ahead;
    size_t lda = t->lda, lda3 = 3 * lda;
    const real *a4 = rows > 4 ? a + 4 * lda : a, *a8 = rows > 8 ? a + 8 * lda : a;
    for (size_t r = 0; r < rows; r++)
        for (size_t v = 0; v < 2; v++)
            sum[r][v] = add ? (vector) * (const loose *)(c + r * ldc + v * LANES) : (vector){0};
    for (size_t i = 0; i < t->k; i++) {
        vector w0 = *(const loose *)panel, w1 = *(const loose *)(panel + LANES);
        __builtin_prefetch(ahead, 0, 2);
        for (size_t r = 0; r < rows; r++) {
            const real *four = r < 4 ? a : r < 8 ? a4 : a8;
            real x = across ? a[r] : four[r % 4 == 3 ? lda3 : r % 4 * lda];
            sum[r][0] += x * w0;
            sum[r][1] += x * w1;
        }
        panel += PANEL;
        ahead += t->piece;
        a += across ? TILE : 1;
        a4++;
        a8++;
    }
    for (size_t r = 0; r < rows; r++)
        for (size_t v = 0; v < 2; v++)
            *(loose *)(c + r * ldc + v * LANES) = sum[r][v];
}

/* A function for each number of rows: in one of all, the compiler moves the sums about. */
#define TILES(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12)
#define FUNCTIONS(count)                                                                           \
    static void straight_##count(const struct tile *t, real *c, size_t ldc)                        \
    {                                                                                              \
        if (t->add)                                                                                \
            multiply_tile(count <= TILE ? count : 1, false, true, t, c, ldc);                      \
        else                                                                                       \
            multiply_tile(count <= TILE ? count : 1, false, false, t, c, ldc);                     \
    }                                                                                              \
    static void across_##count(const struct tile *t, real *c, size_t ldc)                          \
    {                                                                                              \
        if (t->add)                                                                                \
            multiply_tile(count <= TILE ? count : 1, true, true, t, c, ldc);                       \
        else                                                                                       \
            multiply_tile(count <= TILE ? count : 1, true, false, t, c, ldc);                      \
    }
TILES(FUNCTIONS)
#undef FUNCTIONS

typedef void tile_function(const struct tile *t, real *c, size_t ldc);
#define STRAIGHT(count) straight_##count,
#define ACROSS(count)   across_##count,
static tile_function *const straight[] = {NULL, TILES(STRAIGHT)};
static tile_function *const across[] = {NULL, TILES(ACROSS)};
#undef STRAIGHT
#undef ACROSS
#undef TILES

/* The left-hand side over a block of k. */
struct left {
    struct mat rows;     /* [m, depth] */
    const real *stripes; /* or, when not NULL: [m / TILE][depth][TILE] */
    int depth;
};

/* Rows of the tile where `rest` are left: the last two tiles share them, but a stripe is whole. */
static int tile_rows(const struct left *a, int rest)
{
    if (rest > TILE && rest < 2 * TILE && !a->stripes)
        return (rest + 1) / 2;
    return rest < TILE ? rest : TILE;
}

static void ask_for(struct mat c)
{
    for (int r = 0; r < c.rows; r++)
        for (int i = 0; i < c.cols; i += LINE)
            __builtin_prefetch(mat_row(c, r) + i);
}

/* All rows of `width` <= STEP columns, by a block of a panel; the tiles ask for that of the `next`
 * panel by parts. A narrow last panel goes by way of a buffer. */
static void multiply_columns(const struct left *a, const real *panel, const real *next, bool add,
                             struct mat out)
{
    real edge[TILE * STEP];
    int tiles = (out.rows + TILE - 1) / TILE;
    struct tile t = {
        .panel = panel,
        .ahead = next,
        .k = (size_t)a->depth,
        .lda = (size_t)a->rows.ld,
        .piece = out.rows > FEW ? (size_t)(PANEL / tiles) : 0,
        .add = add,
    };
    for (int r = 0, n; r < out.rows; r += n, t.ahead += t.k * t.piece) {
        n = tile_rows(a, out.rows - r);
        t.a = a->stripes ? a->stripes + (size_t)r * t.k : mat_row(a->rows, r);
        tile_function *multiply_rows = a->stripes ? across[n] : straight[n];
        int rest = out.rows - r - n;
        ask_for(mat_rows(out, r + n, rest < TILE ? rest : TILE));
        if (out.cols == STEP) {
            multiply_rows(&t, mat_row(out, r), (size_t)out.ld);
            continue;
        }
        struct mat narrow = {edge, n, out.cols, STEP};
        memset(edge, 0, sizeof edge);
        if (add)
            mat_copy(narrow, mat_rows(out, r, n));
        multiply_rows(&t, edge, STEP);
        mat_copy(mat_rows(out, r, n), narrow);
    }
}

/* out += a [m, depth] W for the block of k that starts at `from`. */
static void multiply_block(const struct left *a, const real *panels, int k, int from, bool add,
                           struct mat out)
{
    for (int n = 0; n < out.cols; n += STEP) {
        int width = out.cols - n < STEP ? out.cols - n : STEP;
        const real *panel = panels + ((size_t)(n / PANEL) * (size_t)k + (size_t)from) * PANEL;
        const real *next = n / PANEL * PANEL + PANEL < out.cols ? panel + (size_t)k * PANEL : panel;
        multiply_columns(a, panel + n % PANEL, next, add, mat_cols(out, n, width));
    }
}

static int block_rows(int left)
{
    return left < ROWS ? left : ROWS;
}

static void multiply(struct mat a, const real *panels, real beta, struct mat out)
{
    if (a.cols == 0 && beta == 0)
        mat_zero(out);
    for (int m = 0, rows; m < a.rows; m += rows) {
        rows = block_rows(a.rows - m);
        for (int from = 0; from < a.cols; from += DEPTH) {
            int depth = a.cols - from < DEPTH ? a.cols - from : DEPTH;
            struct left left = {mat_cols(mat_rows(a, m, rows), from, depth), NULL, depth};
            multiply_block(&left, panels, a.cols, from, from > 0 || beta != 0,
                           mat_rows(out, m, rows));
        }
    }
}

/* target [depth][TILE] = columns [0, width) of rows [0, n) of a; constant widths are fast. */
static inline void copy_stripe(const real *a, size_t lda, int n, size_t width, real *target)
{
    for (int i = 0; i < n; i++, a += lda, target += TILE)
        memcpy(target, a, width * sizeof(real));
}

/* stripes [m / TILE][depth][TILE] = a^T, a few rows at a time so that both sides stay in cache. */
static void stripe(struct mat a, real *stripes)
{
    enum { SOME = 16 };
    size_t size = (size_t)a.rows * TILE, lda = (size_t)a.ld;
    int whole = a.cols / TILE * TILE;
    for (int from = 0; from < a.rows; from += SOME) {
        int n = from + SOME < a.rows ? SOME : a.rows - from;
        const real *row = mat_row(a, from);
        real *target = stripes + (size_t)from * TILE;
        for (int m = 0; m < whole; m += TILE, target += size)
            copy_stripe(row + m, lda, n, TILE, target);
        if (whole < a.cols)
            copy_stripe(row + whole, lda, n, (size_t)(a.cols - whole), target);
    }
}

static void multiply_across(struct mat a, real *stripes, const real *panels, real beta,
                            struct mat out)
{
    for (int m = 0, rows; m < out.rows; m += rows) {
        rows = block_rows(out.rows - m);
        for (int from = 0; from < a.rows; from += DEPTH) {
            int depth = a.rows - from < DEPTH ? a.rows - from : DEPTH;
            struct left left = {{0}, stripes, depth};
            stripe(mat_cols(mat_rows(a, from, depth), m, rows), stripes);
            multiply_block(&left, panels, a.rows, from, from > 0 || beta != 0,
                           mat_rows(out, m, rows));
        }
    }
}

const struct panel_kernels SIMD(panel_kernels) = {
    .multiply = multiply,
    .multiply_across = multiply_across,
};
