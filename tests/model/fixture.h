/* fixture.h -- a small model over made-up sentences, ready to run. */
#ifndef SATZ_TESTS_MODEL_FIXTURE_H
#define SATZ_TESTS_MODEL_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/rng.h"
#include "model/seq2seq.h"

struct fixture {
    struct recipe recipe;
    struct seq2seq model;
    struct compute *compute;
    struct arena arena;
    struct batch batch;
    struct seq2seq_memory memory;
    struct pass pass;
    struct satz_error err;
};

enum { FIXTURE_VOCABULARY = 13, FIXTURE_SENTENCES = 4 };

/* Words of one and two tokens, and some links among them, for a recipe with data.alignments. */
static inline void fixture_align(struct fixture *f, const struct batch_sentence *sources,
                                 const struct batch_sentence *targets, int n)
{
    static int words[2][8] = {{0, 1, 1, 2, 3, 3, 4, 5}, {0, 0, 1, 2, 2, 3, 4, 4}};
    static struct corpus_link links[2 * FIXTURE_SENTENCES][5];
    struct batch_alignment alignments[2 * FIXTURE_SENTENCES];
    for (int i = 0; i < n; i++) {
        int last[2] = {words[0][sources[i].n - 1], words[1][targets[i].n - 1]};
        for (int k = 0; k < 5; k++)
            links[i][k] = (struct corpus_link){(k + i) % (last[0] + 1), 2 * k % (last[1] + 1),
                                               CORPUS_SURE / (1 + k % 2)};
        /* the last repeats the first in short sentences */
        int used = last[0] > 1 ? 5 : 1;
        alignments[i] = (struct batch_alignment){{words[0], words[1]}, links[i], used};
    }
    assert_int_equal(batch_align(&f->batch, alignments, f->recipe.model.reverse_source, &f->err),
                     0);
}

/* Sentences of unequal lengths (twice each for train.rdrop), no two orders alike, so that every
 * gather is exercised. */
static inline void fixture_batch(struct fixture *f)
{
    static const int source_lengths[FIXTURE_SENTENCES] = {3, 6, 1, 4};
    static const int target_lengths[FIXTURE_SENTENCES] = {5, 2, 4, 4};
    static int ids[2 * FIXTURE_SENTENCES][8];
    struct batch_sentence sources[2 * FIXTURE_SENTENCES], targets[2 * FIXTURE_SENTENCES];
    int copies = f->recipe.train.rdrop > 0 ? 2 : 1;
    for (int i = 0; i < FIXTURE_SENTENCES; i++) {
        for (int k = 0; k < 8; k++) {
            uint64_t range = FIXTURE_VOCABULARY - TOKEN_SPECIALS;
            ids[2 * i][k] = TOKEN_SPECIALS + (int)rng_below(7, (uint64_t)(16 * i + k), range);
            ids[2 * i + 1][k] = TOKEN_SPECIALS + (int)rng_below(8, (uint64_t)(16 * i + k), range);
        }
        for (int k = copies * i; k < copies * (i + 1); k++) {
            sources[k] = (struct batch_sentence){ids[2 * i], source_lengths[i]};
            targets[k] = (struct batch_sentence){ids[2 * i + 1], target_lengths[i]};
        }
    }
    assert_int_equal(batch_fill(&f->batch, sources, targets, copies * FIXTURE_SENTENCES,
                                f->recipe.model.reverse_source, &f->err),
                     0);
    f->batch.twins = copies == 2;
    if (f->recipe.data.alignments.n > 0)
        fixture_align(f, sources, targets, copies * FIXTURE_SENTENCES);
}

/* The model of a recipe, its parameters zero; the batch and its memory are still empty. */
static inline void fixture_model(struct fixture *f, const char *yaml, const char *backend,
                                 int source_size, int target_size)
{
    *f = (struct fixture){0};
    if (recipe_parse(&f->recipe, yaml, strlen(yaml), "test", &f->err) < 0)
        fail_msg("%s", f->err.message);
    if (seq2seq_init(&f->model, &f->recipe, source_size, target_size, &f->err) < 0)
        fail_msg("%s", f->err.message);
    assert_int_equal(params_allocate(&f->model.params, &f->err), 0);
    const struct compute_backend *b = compute_find(backend, COMPUTE_F32, &f->err);
    assert_non_null(b);
    f->compute = b->new (COMPUTE_F32, &f->err);
    assert_non_null(f->compute);
    assert_int_equal(weights_allocate(&f->model.weights, b, f->compute, true, &f->err), 0);
    f->pass = (struct pass){
        .backend = b,
        .compute = f->compute,
        .params = &f->model.params,
        .weights = &f->model.weights,
        .kernels = kernels_best(),
        .gradients = params_new_block(&f->model.params, &f->err),
        .dropout = true,
        .key = 99,
        .guided = f->recipe.train.guided_weight,
    };
    assert_non_null(f->pass.gradients);
}

/* Lays out the memory of the present batch. */
static inline void fixture_plan(struct fixture *f)
{
    struct arena measure;
    arena_release(&f->arena);
    arena_measure(&measure);
    seq2seq_plan(&f->model, &f->batch, true, &measure, &f->memory);
    assert_int_equal(arena_init(&f->arena, measure.peak, &f->err), 0);
    seq2seq_plan(&f->model, &f->batch, true, &f->arena, &f->memory);
}

/* `yaml` is a recipe. */
static inline void fixture_init(struct fixture *f, const char *yaml, const char *backend)
{
    fixture_model(f, yaml, backend, FIXTURE_VOCABULARY, FIXTURE_VOCABULARY);
    /* Large values, biases too: every path carries a gradient well above rounding. */
    for (int i = 0; i < f->model.params.count; i++) {
        struct mat m = params_mat(&f->model.params, i);
        for (int k = 0; k < m.rows * m.cols; k++)
            m.data[k] = (real)(1.6 * rng_uniform((uint64_t)i, (uint64_t)k) - 0.8);
    }
    fixture_batch(f);
    fixture_plan(f);
}

static inline void fixture_pack(struct fixture *f)
{
    for (int i = 0; i < f->model.weights.count; i++)
        weights_pack(&f->model.weights, i, &f->model.params, f->compute);
}

static inline struct loss_sums fixture_loss(struct fixture *f)
{
    struct loss_sums sums = {0};
    fixture_pack(f);
    seq2seq_loss(&f->pass, &f->model, &f->batch, &f->memory, &sums);
    return sums;
}

static inline void fixture_release(struct fixture *f)
{
    free(f->pass.gradients);
    arena_release(&f->arena);
    batch_release(&f->batch);
    seq2seq_release(&f->model);
    f->pass.backend->free(f->compute);
    recipe_release(&f->recipe);
}

#endif
