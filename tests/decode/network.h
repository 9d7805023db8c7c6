/* network.h -- a small network with made-up weights, ready to translate made-up sentences. */
#ifndef SATZ_TESTS_DECODE_NETWORK_H
#define SATZ_TESTS_DECODE_NETWORK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/rng.h"
#include "decode/search.h"
#include "model/seq2seq.h"

struct network {
    struct recipe recipe;
    struct seq2seq model;
    struct compute *compute;
    struct pass pass;
    struct satz_error err;
};

static inline void network_init(struct network *n, const char *yaml, int vocabulary,
                                const char *backend)
{
    *n = (struct network){0};
    if (recipe_parse(&n->recipe, yaml, strlen(yaml), "test", &n->err) < 0 ||
        seq2seq_init(&n->model, &n->recipe, vocabulary, vocabulary, &n->err) < 0 ||
        params_allocate(&n->model.params, &n->err) < 0)
        fail_msg("%s", n->err.message);
    for (int i = 0; i < n->model.params.count; i++) {
        struct mat m = params_mat(&n->model.params, i);
        for (int k = 0; k < m.rows * m.cols; k++)
            m.data[k] = (real)(1.2 * rng_uniform((uint64_t)i, (uint64_t)k) - 0.6);
    }
    const struct compute_backend *b = compute_find(backend, COMPUTE_F32, &n->err);
    assert_non_null(b);
    n->compute = b->new (COMPUTE_F32, &n->err);
    assert_non_null(n->compute);
    assert_int_equal(weights_allocate(&n->model.weights, b, n->compute, false, &n->err), 0);
    for (int i = 0; i < n->model.weights.count; i++)
        weights_pack(&n->model.weights, i, &n->model.params, n->compute);
    n->pass = (struct pass){
        .backend = b,
        .compute = n->compute,
        .params = &n->model.params,
        .weights = &n->model.weights,
        .kernels = SIMD_BEST(kernels),
    };
}

static inline void network_release(struct network *n)
{
    seq2seq_release(&n->model);
    n->pass.backend->free(n->compute);
    recipe_release(&n->recipe);
}

/* search_run with this network alone. */
static inline int network_search(struct search *s, const struct network *n,
                                 const struct batch *sources, const struct search_task *tasks,
                                 const struct search_options *o, struct satz_error *err)
{
    const struct search_model model = {.pass = n->pass,
                                       .network = &n->model,
                                       .source_ids = sources->source_ids,
                                       .reversed = n->recipe.model.reverse_source};
    return search_run(s, &model, 1, sources, tasks, o, err);
}

enum { NETWORK_LONGEST = 12 };

/* Sentence i, of 0 to 11 words. */
static inline struct batch_sentence network_sentence(int i, int vocabulary,
                                                     int ids[NETWORK_LONGEST])
{
    for (int k = 0; k < NETWORK_LONGEST; k++)
        ids[k] = TOKEN_SPECIALS + (int)rng_below(7, (uint64_t)(NETWORK_LONGEST * i + k),
                                                 (uint64_t)(vocabulary - TOKEN_SPECIALS));
    return (struct batch_sentence){ids, (5 * i + 3) % NETWORK_LONGEST};
}

#endif
