/* matrix.h -- an attention matrix as it stands in a line of JSON: [[0.9, 0.1], [0.2, 0.8]], or as
 * `satz translate --attention` writes it: {"weights": [[0.9, 0.1], [0.2, 0.8]], ...}. */
#ifndef SATZ_EVAL_MATRIX_H
#define SATZ_EVAL_MATRIX_H

#include <stddef.h>

#include "satz.h"

/* [rows, columns], each a finite number. Zero-initialise. */
struct matrix {
    double *values;
    size_t rows, columns, capacity;
};

void matrix_release(struct matrix *m);

/* Overwrites *m with the matrix in the text: an array of arrays of numbers, all of one length,
 * alone or as "weights" of an object. */
int matrix_parse(struct matrix *m, const char *text, struct satz_error *err);

#endif
