/* learner.h -- a small network that learns a made-up task from examples drawn as it goes. */
#ifndef SATZ_TESTS_TOY_LEARNER_H
#define SATZ_TESTS_TOY_LEARNER_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/rng.h"
#include "decode/search.h"
#include "train/optimizer.h"

enum { LEARNER_LONGEST = 64, LEARNER_BATCH = 32 };

/* A task: example `index` as ids below `vocabulary`. */
struct task {
    int vocabulary;
    void (*draw)(uint64_t index, int *source, int *n_source, int *target, int *n_target);
    int (*origin)(int n, int k); /* word k of n comes from this one; NULL: nobody asks */
};

struct learner {
    const struct task *task;
    struct recipe recipe;
    struct seq2seq model;
    struct pass pass;
    struct arena arena;
    struct batch batch;
    real *moments[2];
    uint64_t updates;
    double nll; /* per word, a running mean */
    struct satz_error err;
};

/* The recipe's train.clip and optimizer.rate are used; the optimiser is Adam. */
static inline void learner_init(struct learner *l, const struct task *task, const char *yaml)
{
    *l = (struct learner){.task = task};
    const struct compute_backend *b = compute_find("openblas", COMPUTE_F32, &l->err);
    if (!b || recipe_parse(&l->recipe, yaml, strlen(yaml), "toy", &l->err) < 0 ||
        seq2seq_init(&l->model, &l->recipe, task->vocabulary, task->vocabulary, &l->err) < 0 ||
        params_allocate(&l->model.params, &l->err) < 0 ||
        params_initialise(&l->model.params, (uint64_t)l->recipe.train.seed, &l->err) < 0)
        fail_msg("%s", l->err.message);
    l->pass = (struct pass){
        .backend = b,
        .compute = b->new (COMPUTE_F32, &l->err),
        .params = &l->model.params,
        .weights = &l->model.weights,
        .kernels = kernels_best(),
        .gradients = params_new_block(&l->model.params, &l->err),
        .guided = l->recipe.train.guided_weight,
    };
    l->moments[0] = params_new_block(&l->model.params, &l->err);
    l->moments[1] = params_new_block(&l->model.params, &l->err);
    assert_non_null(l->pass.compute);
    assert_true(l->pass.gradients && l->moments[0] && l->moments[1]);
    assert_int_equal(weights_allocate(&l->model.weights, b, l->pass.compute, true, &l->err), 0);
}

static inline void learner_release(struct learner *l)
{
    free(l->pass.gradients);
    free(l->moments[0]);
    free(l->moments[1]);
    arena_release(&l->arena);
    batch_release(&l->batch);
    seq2seq_release(&l->model);
    l->pass.backend->free(l->pass.compute);
    recipe_release(&l->recipe);
}

static inline void learner_pack(struct learner *l)
{
    for (int i = 0; i < l->model.weights.count; i++)
        weights_pack(&l->model.weights, i, &l->model.params, l->pass.compute);
}

/* Examples [from, from + n) as the batch; their targets stay in `targets`. */
static inline void learner_fill(struct learner *l, uint64_t from, int n, bool with_targets,
                                struct batch_sentence *targets)
{
    static int ids[LEARNER_BATCH][2][LEARNER_LONGEST];
    struct batch_sentence sources[LEARNER_BATCH];
    assert_true(n <= LEARNER_BATCH);
    for (int i = 0; i < n; i++) {
        sources[i].ids = ids[i][0];
        targets[i].ids = ids[i][1];
        l->task->draw(from + (uint64_t)i, ids[i][0], &sources[i].n, ids[i][1], &targets[i].n);
        assert_true(sources[i].n <= LEARNER_LONGEST && targets[i].n <= LEARNER_LONGEST);
    }
    assert_int_equal(batch_fill(&l->batch, sources, with_targets ? targets : NULL, n,
                                l->recipe.model.reverse_source, &l->err),
                     0);
}

/* The batch's guide: each word looks at its origin. */
static inline void learner_align(struct learner *l, const struct batch_sentence *targets)
{
    static int words[LEARNER_LONGEST];
    static struct corpus_link links[LEARNER_BATCH][LEARNER_LONGEST];
    struct batch_alignment alignments[LEARNER_BATCH];
    for (int i = 0; i < l->batch.n; i++) {
        alignments[i] = (struct batch_alignment){{words, words}, links[i], targets[i].n};
        for (int k = 0; k < targets[i].n; k++) {
            words[k] = k;
            links[i][k] = (struct corpus_link){l->task->origin(targets[i].n, k), k, CORPUS_SURE};
        }
    }
    assert_int_equal(batch_align(&l->batch, alignments, l->recipe.model.reverse_source, &l->err),
                     0);
}

static inline void learner_plan(struct learner *l, bool training, struct seq2seq_memory *memory)
{
    struct arena measure;
    arena_measure(&measure);
    seq2seq_plan(&l->model, &l->batch, training, &measure, memory);
    if (measure.peak > l->arena.size) {
        arena_release(&l->arena);
        assert_int_equal(arena_init(&l->arena, measure.peak, &l->err), 0);
    }
    arena_rewind(&l->arena, 0);
    seq2seq_plan(&l->model, &l->batch, training, &l->arena, memory);
}

/* The share of the words of unseen examples whose heaviest source word is their origin. */
static inline double learner_aligned(struct learner *l)
{
    int right = 0, words = 0;
    learner_pack(l);
    l->pass.dropout = false;
    for (uint64_t from = 0; from < 256; from += LEARNER_BATCH) {
        struct batch_sentence targets[LEARNER_BATCH];
        struct seq2seq_memory memory;
        struct loss_sums sums = {0};
        learner_fill(l, (1ULL << 40) + from, LEARNER_BATCH, true, targets);
        learner_plan(l, false, &memory);
        seq2seq_loss(&l->pass, &l->model, &l->batch, &memory, &sums);
        const struct sequence *seq = &l->batch.target;
        for (int step = 0; step < seq->steps; step++)
            for (int r = 0; r < sequence_active(seq, step) && step < seq->length[r]; r++) {
                int n = seq->length[r] - 1, best = 0;
                const real *weights = mat_row(memory.rows.attention.weights, seq->offset[step] + r);
                for (int j = 1; j <= n; j++)
                    best = weights[j] > weights[best] ? j : best;
                words += step < n;
                right += step < n && best == l->task->origin(n, step);
            }
    }
    return (double)right / words;
}

static inline void learner_update(struct learner *l, double rate)
{
    struct batch_sentence targets[LEARNER_BATCH];
    struct seq2seq_memory memory;
    struct loss_sums sums = {0};
    size_t size = l->model.params.size;
    learner_fill(l, l->updates++ * LEARNER_BATCH, LEARNER_BATCH, true, targets);
    if (l->recipe.data.alignments.n > 0)
        learner_align(l, targets);
    learner_plan(l, true, &memory);
    learner_pack(l);
    l->pass.dropout = true;
    l->pass.key = rng_mix(l->updates);
    real scale = 1 / (real)l->batch.target.total;
    seq2seq_gradient(&l->pass, &l->model, &l->batch, scale, &memory, &sums);
    double norm = sqrt(l->pass.kernels->sum_of_squares(size, l->pass.gradients));
    double clip = l->recipe.train.clip;
    struct optimizer_step step = {
        .rate = rate,
        .beta1 = l->recipe.optimizer.beta1,
        .beta2 = l->recipe.optimizer.beta2,
        .epsilon = l->recipe.optimizer.epsilon,
        .scale = clip > 0 && norm > clip ? clip / norm : 1,
        .step = l->updates,
    };
    optimizer_find("adam")->update(&step, size, l->model.params.values, l->pass.gradients,
                                   l->moments);
    double nll = sums.nll / (double)sums.tokens;
    l->nll = l->updates == 1 ? nll : 0.97 * l->nll + 0.03 * nll;
}

/* The share of 256 unseen examples that greedy search gets right to the last word. */
static inline double learner_score(struct learner *l)
{
    const struct search_options o = {
        .beam = 1, .n_best = 1, .max_length_factor = 1.2, .max_length_extra = 3};
    struct search s = {0};
    int right = 0;
    learner_pack(l);
    l->pass.dropout = false;
    for (uint64_t from = 0; from < 256; from += LEARNER_BATCH) {
        struct batch_sentence targets[LEARNER_BATCH];
        learner_fill(l, (1ULL << 40) + from, LEARNER_BATCH, false, targets);
        const struct search_model model = {
            .pass = l->pass, .network = &l->model, .source_ids = l->batch.source_ids};
        if (search_run(&s, &model, 1, &l->batch, NULL, &o, &l->err) < 0)
            fail_msg("%s", l->err.message);
        for (int i = 0; i < LEARNER_BATCH; i++) {
            const struct hypothesis *h = &s.results[i].hypotheses[0];
            right += h->n == targets[i].n &&
                     memcmp(h->ids, targets[i].ids, (size_t)h->n * sizeof(int)) == 0;
        }
    }
    search_release(&s);
    return right / 256.0;
}

/* Learns for at most `most` updates, over which the rate falls to 0, less when it is sure before;
 * returns the final score, and in *aligned, unless it is NULL, how well attention finds origins. */
static inline double learn_aligned(const struct task *task, const char *yaml, int most,
                                   double *aligned)
{
    struct learner l;
    learner_init(&l, task, yaml);
    while (l.updates < (uint64_t)most && !(l.updates > 50 && l.nll < 0.002))
        learner_update(&l, l.recipe.optimizer.rate * (1 - (double)l.updates / most));
    double score = learner_score(&l);
    print_message("%.*s: %d updates, %.4f nats a word, %.3f right\n", (int)strcspn(yaml, "\n"),
                  yaml, (int)l.updates, l.nll, score);
    if (aligned)
        *aligned = learner_aligned(&l);
    learner_release(&l);
    return score;
}

static inline double learn(const struct task *task, const char *yaml, int most)
{
    return learn_aligned(task, yaml, most, NULL);
}

#endif
