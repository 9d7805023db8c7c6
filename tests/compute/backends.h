/* backends.h -- what the tests of the compute backends share. */
#ifndef TESTS_COMPUTE_BACKENDS_H
#define TESTS_COMPUTE_BACKENDS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/rng.h"
#include "compute/compute.h"

/* rows x cols values in [-1, 1) in rows of `ld`, a function of `key`; the gaps hold 1000. Freed
 * with free(). */
static inline struct mat random_mat(uint64_t key, int rows, int cols, int ld)
{
    size_t size = (size_t)rows * (size_t)ld;
    struct mat m = {malloc((size + 1) * sizeof(real)), rows, cols, ld};
    assert_non_null(m.data);
    for (size_t i = 0; i < size; i++)
        m.data[i] = i % (size_t)ld < (size_t)cols ? (real)(2 * rng_uniform(key, i) - 1) : 1000;
    return m;
}

#endif
