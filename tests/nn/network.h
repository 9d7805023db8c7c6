/* network.h -- parameters, packed weights and a pass, for tests of single parts. */
#ifndef SATZ_TESTS_NN_NETWORK_H
#define SATZ_TESTS_NN_NETWORK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/rng.h"
#include "nn/pass.h"

struct network {
    struct params params;
    struct weights weights;
    struct compute *compute;
    struct arena arena;
    struct pass pass;
    struct satz_error err;
};

/* After the declarations: values in [-scale, scale), packed, and an arena of `bytes`. */
static inline void network_ready(struct network *n, double scale, size_t bytes)
{
    const struct compute_backend *backend = compute_find("openblas", COMPUTE_F32, &n->err);
    assert_non_null(backend);
    n->compute = backend->new (COMPUTE_F32, &n->err);
    assert_non_null(n->compute);
    assert_int_equal(params_allocate(&n->params, &n->err), 0);
    for (int i = 0; i < n->params.count; i++) {
        struct mat m = params_mat(&n->params, i);
        for (int k = 0; k < m.rows * m.cols; k++)
            m.data[k] = (real)(scale * (2 * rng_uniform((uint64_t)i, (uint64_t)k) - 1));
    }
    assert_int_equal(weights_allocate(&n->weights, backend, n->compute, true, &n->err), 0);
    for (int i = 0; i < n->weights.count; i++)
        weights_pack(&n->weights, i, &n->params, n->compute);
    assert_int_equal(arena_init(&n->arena, bytes, &n->err), 0);
    n->pass = (struct pass){
        .backend = backend,
        .compute = n->compute,
        .params = &n->params,
        .weights = &n->weights,
        .kernels = kernels_best(),
        .gradients = params_new_block(&n->params, &n->err),
    };
    assert_non_null(n->pass.gradients);
}

static inline void network_release(struct network *n)
{
    free(n->pass.gradients);
    arena_release(&n->arena);
    weights_release(&n->weights);
    params_release(&n->params);
    n->pass.backend->free(n->compute);
}

/* Values in [-1, 1), a function of `key`. */
static inline void fill_random(struct mat m, uint64_t key)
{
    for (int r = 0; r < m.rows; r++)
        for (int c = 0; c < m.cols; c++)
            mat_row(m, r)[c] = (real)(2 * rng_uniform(key, (uint64_t)(r * m.cols + c)) - 1);
}

#endif
