/* mat.h -- a matrix view: row-major, not owning, passed by value. */
#ifndef SATZ_COMPUTE_MAT_H
#define SATZ_COMPUTE_MAT_H

#include <assert.h>
#include <stddef.h>
#include <string.h>

#ifdef SATZ_DOUBLE
typedef double real; /* the gradient-check build */
#else
typedef float real;
#endif

/* Element (r, c) is data[r * ld + c]; ld >= cols. */
struct mat {
    real *data;
    int rows, cols, ld;
};

static inline struct mat mat_make(real *data, int rows, int cols)
{
    return (struct mat){data, rows, cols, cols};
}

static inline real *mat_row(struct mat m, int row)
{
    assert(m.data && row >= 0 && row <= m.rows);
    return m.data + (size_t)row * (size_t)m.ld;
}

/* Views of a matrix without data, as plans and left-out parts have them, have none either. */

/* Rows [from, from + n). */
static inline struct mat mat_rows(struct mat m, int from, int n)
{
    assert(from >= 0 && n >= 0 && from + n <= m.rows);
    return (struct mat){m.data ? mat_row(m, from) : NULL, n, m.cols, m.ld};
}

/* Columns [from, from + n). */
static inline struct mat mat_cols(struct mat m, int from, int n)
{
    assert(from >= 0 && n >= 0 && from + n <= m.cols);
    return (struct mat){m.data ? m.data + from : NULL, m.rows, n, m.ld};
}

static inline void mat_zero(struct mat m)
{
    for (int r = 0; r < m.rows; r++)
        memset(mat_row(m, r), 0, (size_t)m.cols * sizeof(real));
}

static inline void mat_copy(struct mat to, struct mat from)
{
    assert(to.rows == from.rows && to.cols == from.cols);
    for (int r = 0; r < to.rows; r++)
        memcpy(mat_row(to, r), mat_row(from, r), (size_t)to.cols * sizeof(real));
}

#endif
