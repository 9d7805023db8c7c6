/* panel.h -- our own products in single precision (double in the gradient-check build): with a
 * packed weight, where no library offers one whose rows are independent, and of weight gradients.
 *
 * OpenBLAS takes other kernels, with other orders of summation, for other numbers of rows and even
 * for other places within them. Here every element of C is c + a[0] w[0] + a[1] w[1] + ... in that
 * order, always. Weights lie in panels of PANEL columns: panel j holds [k, PANEL] values, the last
 * one padded with zeros. */
#ifndef SATZ_COMPUTE_PANEL_H
#define SATZ_COMPUTE_PANEL_H

#include <stdbool.h>

#include "base/simd.h"
#include "compute/mat.h"

enum { PANEL = 32, PANEL_DEPTH = 512 };

struct panel_kernels {
    /* out [m,n] = beta out + a [m,k] W; beta is 0 (out is overwritten) or 1. `panels` is 64-byte
     * aligned. */
    void (*multiply)(struct mat a, const real *panels, real beta, struct mat out);
    /* out [m,n] = beta out + a^T W for a [k,m], k > 0; `stripes` is scratch of panel_stripes(m). */
    void (*multiply_across)(struct mat a, real *stripes, const real *panels, real beta,
                            struct mat out);
};

SIMD_DECLARE(const struct panel_kernels, panel_kernels);

/* Values in the packed form of a weight [k,n]. */
static inline size_t panel_size(int k, int n)
{
    return (size_t)k * (size_t)((n + PANEL - 1) / PANEL) * PANEL;
}

/* Values of scratch that multiply_across needs for m rows of the product. */
static inline size_t panel_stripes(int m)
{
    return ((size_t)m + PANEL) * PANEL_DEPTH;
}

/* panels [panel_size(k, n)] = op(w) [k,n]; w is [n,k] when transposed. */
void panel_pack(struct mat w, bool transposed, real *panels);
/* As panel_pack, transposed, of the n rows `rows` of w alone. */
void panel_pack_rows(struct mat w, const int *rows, int n, real *panels);

#endif
