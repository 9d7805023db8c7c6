/* openblas.c -- the reference backend: CBLAS, in the precision of `real`. Products with packed
 * weights, whose rows must not depend on each other, are our own: panel.h, and narrow.h in int8 and
 * bf16. */
#include <cblas.h>
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "compute/compute.h"
#include "compute/narrow.h"
#include "compute/panel.h"

#ifdef SATZ_DOUBLE
#define blas_gemm cblas_dgemm
#else
#define blas_gemm cblas_sgemm
#endif

struct compute {
    const struct panel_kernels *kernels;
    const struct narrow_kernels *narrow; /* NULL: f32 */
    int per_word;                        /* numbers in a word of a narrow product */
    real *panels; /* panels and stripes of a product that is not packed beforehand; rows of a narrow
                   * one */
    size_t capacity;
    bool failed;
};

struct packed {
    int k, n;     /* n of the weight that it holds */
    int most;     /* n of what it has room for */
    real *panels; /* NULL: narrow */
    struct narrow_weight narrow;
};

static int openblas_supported(enum compute_precision precision, struct satz_error *err)
{
    return precision == COMPUTE_F32 || narrow_find(precision, err) ? 0 : -1;
}

static struct compute *openblas_new(enum compute_precision precision, struct satz_error *err)
{
    if (openblas_supported(precision, err) != 0)
        return NULL;
    struct compute *c = memory_new(1, sizeof *c, err);
    if (!c)
        return NULL;
    c->kernels = SIMD_BEST(panel_kernels);
    c->narrow = precision == COMPUTE_F32 ? NULL : narrow_find(precision, err);
    c->per_word = precision == COMPUTE_INT8 ? INT8_PER_WORD : BF16_PER_WORD;
    openblas_set_num_threads(1);
    return c;
}

static void openblas_free(struct compute *c)
{
    if (c)
        free(c->panels);
    free(c);
}

static CBLAS_TRANSPOSE flag(bool transpose)
{
    return transpose ? CblasTrans : CblasNoTrans;
}

static bool reserve(struct compute *c, size_t values)
{
    if (values <= c->capacity)
        return true;
    real *larger = memory_new_aligned(values, sizeof *larger, NULL);
    if (!larger)
        return false;
    free(c->panels);
    c->panels = larger;
    c->capacity = values;
    return true;
}

/* Weight gradients, A^T B, go by panels too: OpenBLAS 0.3.21 does not know processors younger than
 * it and takes kernels for a Prescott on them, at a fifth of the speed. */
static void openblas_gemm(struct compute *c, bool transpose_a, bool transpose_b, struct mat a,
                          struct mat b, real beta, struct mat out)
{
    int k = transpose_a ? a.rows : a.cols;
    assert(out.rows == (transpose_a ? a.cols : a.rows));
    assert(out.cols == (transpose_b ? b.rows : b.cols));
    assert(k == (transpose_b ? b.cols : b.rows));
    assert(beta == 0 || beta == 1);
    if (out.rows == 0 || out.cols == 0)
        return;
    if (transpose_a && !transpose_b && k > 0) {
        if (!reserve(c, panel_size(k, out.cols) + panel_stripes(out.rows))) {
            c->failed = true;
            return;
        }
        real *stripes = c->panels + panel_size(k, out.cols);
        panel_pack(b, false, c->panels);
        c->kernels->multiply_across(a, stripes, c->panels, beta, out);
        return;
    }
    blas_gemm(CblasRowMajor, flag(transpose_a), flag(transpose_b), out.rows, out.cols, k, 1, a.data,
              a.ld, b.data, b.ld, beta, out.data, out.ld);
}

static void openblas_pack_free(struct packed *p)
{
    if (!p)
        return;
    free(p->panels);
    free(p->narrow.panels);
    free(p->narrow.scales);
    free(p->narrow.sums);
    free(p);
}

static int narrow_new(const struct compute *c, struct narrow_weight *w, struct satz_error *err)
{
    size_t columns = (size_t)((w->n + PANEL - 1) / PANEL) * PANEL;
    if (c->per_word == INT8_PER_WORD && w->k > INT8_DEEPEST)
        return error_set(err, "a weight with rows of %d numbers is too wide for int8", w->k);
    w->panels = memory_new_aligned((size_t)narrow_units(w->k, c->per_word) * columns,
                                   sizeof *w->panels, err);
    w->scales = memory_new_aligned(columns, sizeof *w->scales, err);
    w->sums = memory_new_aligned(columns, sizeof *w->sums, err);
    return w->panels && w->scales && w->sums ? 0 : -1;
}

static struct packed *openblas_pack_new(struct compute *c, int k, int n, struct satz_error *err)
{
    assert(k > 0 && n > 0);
    struct packed *p = memory_new(1, sizeof *p, err);
    if (!p)
        return NULL;
    p->k = p->narrow.k = k;
    p->n = p->narrow.n = p->most = n;
    if (c->narrow ? narrow_new(c, &p->narrow, err) < 0
                  : !(p->panels = memory_new_aligned(panel_size(k, n), sizeof(real), err))) {
        openblas_pack_free(p);
        return NULL;
    }
    return p;
}

static void openblas_pack(struct compute *c, struct packed *p, struct mat w, bool transposed)
{
    assert(w.rows == (transposed ? p->n : p->k) && w.cols == (transposed ? p->k : p->n));
    if (c->narrow)
        c->narrow->pack(w, transposed, NULL, &p->narrow);
    else
        panel_pack(w, transposed, p->panels);
}

static void openblas_pack_rows(struct compute *c, struct packed *p, struct mat w, const int *rows,
                               int n)
{
    assert(w.cols == p->k && n > 0 && n <= p->most);
    p->n = p->narrow.n = n;
    if (c->narrow)
        c->narrow->pack(w, true, rows, &p->narrow);
    else
        panel_pack_rows(w, rows, n, p->panels);
}

static void poison(struct mat out)
{
    for (int r = 0; r < out.rows; r++)
        for (int i = 0; i < out.cols; i++)
            mat_row(out, r)[i] = (real)NAN;
}

/* The rows as narrow numbers, and then the product. */
static void multiply_narrow(struct compute *c, struct mat a, const struct narrow_weight *w,
                            real beta, struct mat out)
{
    int units = narrow_units(a.cols, c->per_word);
    if (!reserve(c, narrow_rows_size(a.rows, units))) {
        poison(out);
        return;
    }
    struct narrow_rows rows = narrow_rows_find(a, units, (uint32_t *)(void *)c->panels);
    c->narrow->convert(a, rows);
    c->narrow->multiply(rows, w, beta, out);
}

static void openblas_gemm_packed(struct compute *c, struct mat a, const struct packed *w, real beta,
                                 struct mat out)
{
    assert(a.cols == w->k && out.cols == w->n && a.rows == out.rows);
    assert(beta == 0 || beta == 1);
    if (c->narrow)
        multiply_narrow(c, a, &w->narrow, beta, out);
    else
        c->kernels->multiply(a, w->panels, beta, out);
}

static bool openblas_failed(const struct compute *c)
{
    return c->failed;
}

extern const struct compute_backend compute_openblas;
const struct compute_backend compute_openblas = {
    .name = "openblas",
    .packs_anything = true,
    .supported = openblas_supported,
    .new = openblas_new,
    .free = openblas_free,
    .gemm = openblas_gemm,
    .pack_new = openblas_pack_new,
    .pack = openblas_pack,
    .pack_rows = openblas_pack_rows,
    .pack_free = openblas_pack_free,
    .gemm_packed = openblas_gemm_packed,
    .failed = openblas_failed,
};
