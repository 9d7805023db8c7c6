/* params.h -- every trainable number of a model, declared once, in one block.
 *
 * Declaring an entry is all it takes: initialisation, files, optimiser, norms, averaging and
 * gradient checks walk the table. Entries start at multiples of 64 bytes; the gaps are zero and
 * stay zero. Gradients, moments and averages are further blocks of the same layout (params_view).
 * Tying two uses is using one entry twice. */
#ifndef SATZ_NN_PARAMS_H
#define SATZ_NN_PARAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "compute/mat.h"

enum param_init_kind {
    PARAM_ZERO,
    PARAM_SEGMENT,    /* value at columns [from, from + count), zero elsewhere (a forget bias) */
    PARAM_UNIFORM,    /* [-value, value] */
    PARAM_NORMAL,     /* mean 0, standard deviation value */
    PARAM_XAVIER,     /* uniform, +-sqrt(6 / (rows + cols)) (Glorot and Bengio 2010, eq. 16) */
    PARAM_ORTHOGONAL, /* each square block orthogonal (Saxe 2013); others as PARAM_XAVIER */
};

/* Each of `blocks` equal row blocks (the gates of a cell) is initialised as a matrix of its own. */
struct param_init {
    enum param_init_kind kind;
    real value;
    int blocks; /* 0 means 1 */
    int from, count;
};

struct param {
    char name[96];
    int rows, cols;
    struct param_init init;
    size_t offset; /* in elements */
};

struct params {
    struct param *entries;
    int count;
    size_t capacity;
    size_t size;   /* elements of the block */
    real *values;  /* [size]; NULL until params_allocate */
    bool borrowed; /* values belong to someone else, and may be read only */
};

void params_release(struct params *p);

/* Declares an entry. Returns its index, or -1 with *err. */
int params_add(struct params *p, const char *name, int rows, int cols, struct param_init init,
               struct satz_error *err);

/* The block of values, zeroed. */
int params_allocate(struct params *p, struct satz_error *err);

/* Draws every entry's values from (seed, name): adding an entry does not change the others. */
int params_initialise(struct params *p, uint64_t seed, struct satz_error *err);

/* Another zeroed block of this layout (gradients, moments), or NULL; free() it. */
real *params_new_block(const struct params *p, struct satz_error *err);

/* Entry `index` [rows, cols] in a block of this layout; without data when `block` is NULL. */
struct mat params_view(const struct params *p, real *block, int index);

static inline struct mat params_mat(const struct params *p, int index)
{
    return params_view(p, p->values, index);
}

/* Index of the entry of that name, or -1. */
int params_find(const struct params *p, const char *name);

/* A map of a gradient block: a byte for each PARAMS_UNIT of its elements, 1 where something may
 * have been added. */
enum { PARAMS_UNIT = 64 };
size_t params_map_size(const struct params *p);
/* Marks rows [row, row + n) of entry `index`, n > 0. */
void params_mark(const struct params *p, unsigned char *map, int index, int row, int n);

/* Trainable numbers, the gaps not counted. */
size_t params_count_values(const struct params *p);

#endif
