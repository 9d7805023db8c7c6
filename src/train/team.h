/* team.h -- data-parallel training: a batch is cut into shards, threads take whole shards.
 *
 * Each shard runs the whole network forward and backward on one thread with single-threaded GEMMs,
 * so nothing waits inside a time step. Shard gradients are added in the order of the shards, norms
 * over chunks of fixed size in the order of the chunks: the result has the same bits for any number
 * of threads. It depends on the number of shards, which belongs to the recipe. */
#ifndef SATZ_TRAIN_TEAM_H
#define SATZ_TRAIN_TEAM_H

#include "model/fault.h"
#include "train/optimizer.h"

/* One thread's own. */
struct team_worker {
    struct compute *compute;
    struct arena arena;
    struct batch batch;
    uint32_t *chosen; /* a shard's pairs */
    size_t chosen_capacity;
};

struct team {
    const struct compute_backend *backend;
    enum compute_precision precision;
    struct seq2seq *network;
    int n_threads, n_shards;
    struct team_worker *workers; /* [n_threads] */
    real **gradients;            /* [n_shards] blocks, zero between updates */
    real *moments[OPTIMIZER_MAX_MOMENTS];
    double *chunk_squares;
    const struct optimizer *optimizer;
};

/* `network` has its parameters allocated; its packed weights are made here. */
int team_init(struct team *t, struct seq2seq *network, const struct compute_backend *backend,
              enum compute_precision precision, const struct optimizer *optimizer, int n_shards,
              int n_threads, struct satz_error *err);
void team_release(struct team *t);

/* Packs all weights from the present parameters. */
void team_pack(struct team *t);

/* Raises *bytes to the step memory of the largest shard of this batch, if that is more. */
int team_measure(struct team *t, const struct corpus *corpus, const uint32_t *indices, int n,
                 bool reverse_source, size_t *bytes, struct satz_error *err);

/* Gradient of the mean loss per target token over the pairs, left in gradients[0]; the sums are
 * overwritten. `norm` gets its 2-norm. `key` seeds dropout. After a failure the gradients are
 * undefined. */
int team_gradient(struct team *t, const struct corpus *corpus, const uint32_t *indices, int n,
                  bool reverse_source, uint64_t key, struct loss_sums *sums, double *norm,
                  struct satz_error *err);

/* The sums alone, by the same forward pass. */
int team_loss(struct team *t, const struct corpus *corpus, const uint32_t *indices, int n,
              bool reverse_source, uint64_t key, struct loss_sums *sums, struct satz_error *err);

/* Looks for the first value of that pass that is not finite (model/fault.h): 1 when there is one,
 * its sentence an index into `indices`; 0 when there is none. */
int team_find_fault(struct team *t, const struct corpus *corpus, const uint32_t *indices, int n,
                    bool reverse_source, uint64_t key, struct fault *fault, struct satz_error *err);

/* Applies the gradient, zeroes it and packs the weights. */
void team_update(struct team *t, const struct optimizer_step *step);

/* Zeroes the gradient instead. */
void team_discard(struct team *t);

/* Losses over all pairs of `corpus`, dropout off, in batches of `size` pairs; *sums is overwritten.
 */
int team_evaluate(struct team *t, const struct corpus *corpus, int size, bool reverse_source,
                  struct loss_sums *sums, struct satz_error *err);

#endif
