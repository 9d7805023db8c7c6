/* optimizer.h -- how a gradient becomes a step: a const table, one file optimizer_NAME.simd.c, one
 * line in OPTIMIZER_LIST.
 *
 * The gradient g that a rule speaks of is scale g + l2 w, in the same pass that updates: clipped,
 * then with the gradient of l2 |w|^2 / 2 (as PyTorch's weight_decay; adamw has no l2). Elements are
 * independent, so ranges may be updated by different threads. */
#ifndef SATZ_TRAIN_OPTIMIZER_H
#define SATZ_TRAIN_OPTIMIZER_H

#include <stdbool.h>
#include <stdint.h>

#include "compute/mat.h"

enum { OPTIMIZER_MAX_MOMENTS = 2 };

struct optimizer_step {
    double rate, beta1, beta2, epsilon, momentum, rho, weight_decay, l2;
    double scale;  /* factor on the gradient */
    uint64_t step; /* from 1 */
};

struct optimizer {
    const char *name;
    int moments; /* blocks of state, zero at the start */
    const char *moment_names[OPTIMIZER_MAX_MOMENTS];
    bool rests; /* changes nothing where the gradient is zero, unless there is l2 */
    /* values, gradient and moments: n elements of the same range. The gradient is set to zero. */
    void (*update)(const struct optimizer_step *s, size_t n, real *values, real *gradient,
                   real *const *moments);
};

/* The optimiser of that name, for the best instruction set here; NULL if there is none. */
const struct optimizer *optimizer_find(const char *name);

#endif
