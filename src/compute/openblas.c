/* openblas.c -- the reference backend: CBLAS, in the precision of `real`. Products with packed
 * weights, whose rows must not depend on each other, are our own (see panel.h). */
#include <cblas.h>
#include <stdlib.h>

#include "base/memory.h"
#include "compute/compute.h"
#include "compute/panel.h"

#ifdef SATZ_DOUBLE
#define blas_gemm cblas_dgemm
#else
#define blas_gemm cblas_sgemm
#endif

struct compute {
    const struct panel_kernels *kernels;
    real *panels; /* panels and stripes of a product that is not packed beforehand */
    size_t capacity;
    bool failed;
};

struct packed {
    int k, n;
    real *panels;
};

static int openblas_supported(enum compute_precision precision, struct satz_error *err)
{
    if (precision != COMPUTE_F32)
        return error_set(err, "OpenBLAS computes in f32 only; set compute.precision to f32");
    return 0;
}

static struct compute *openblas_new(enum compute_precision precision, struct satz_error *err)
{
    if (openblas_supported(precision, err) != 0)
        return NULL;
    struct compute *c = memory_new(1, sizeof *c, err);
    if (!c)
        return NULL;
    c->kernels = SIMD_BEST(panel_kernels);
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
    free(p);
}

static struct packed *openblas_pack_new(struct compute *c, int k, int n, struct satz_error *err)
{
    (void)c;
    assert(k > 0 && n > 0);
    struct packed *p = memory_new(1, sizeof *p, err);
    if (!p)
        return NULL;
    p->k = k;
    p->n = n;
    p->panels = memory_new_aligned(panel_size(k, n), sizeof(real), err);
    if (!p->panels) {
        openblas_pack_free(p);
        return NULL;
    }
    return p;
}

static void openblas_pack(struct compute *c, struct packed *p, struct mat w, bool transposed)
{
    (void)c;
    assert(w.rows == (transposed ? p->n : p->k) && w.cols == (transposed ? p->k : p->n));
    panel_pack(w, transposed, p->panels);
}

static void openblas_gemm_packed(struct compute *c, struct mat a, const struct packed *w, real beta,
                                 struct mat out)
{
    assert(a.cols == w->k && out.cols == w->n && a.rows == out.rows);
    assert(beta == 0 || beta == 1);
    c->kernels->multiply(a, w->panels, beta, out);
}

static bool openblas_failed(const struct compute *c)
{
    return c->failed;
}

extern const struct compute_backend compute_openblas;
const struct compute_backend compute_openblas = {
    .name = "openblas",
    .supported = openblas_supported,
    .new = openblas_new,
    .free = openblas_free,
    .gemm = openblas_gemm,
    .pack_new = openblas_pack_new,
    .pack = openblas_pack,
    .pack_free = openblas_pack_free,
    .gemm_packed = openblas_gemm_packed,
    .failed = openblas_failed,
};
