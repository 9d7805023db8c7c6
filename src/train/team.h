/* team.h -- data-parallel training: a batch is cut into shards, threads take whole shards.
 *
 * Each shard runs the whole network forward and backward on one thread with single-threaded GEMMs,
 * so nothing waits inside a time step. Shard gradients are added in the order of the shards, norms
 * over chunks of fixed size in the order of the chunks: the result has the same bits for any number
 * of threads. It depends on the number of shards, which belongs to the recipe. */
#ifndef SATZ_TRAIN_TEAM_H
#define SATZ_TRAIN_TEAM_H

#include "model/fault.h"
#include "train/feed.h"
#include "train/optimizer.h"
#include "train/schedule.h"

/* One thread's own. */
struct team_worker {
    struct compute *compute;
    struct arena arena;
    struct batch batch; /* of an evaluation */
};

struct team {
    const struct compute_backend *backend;
    enum compute_precision precision;
    struct seq2seq *network;
    int n_threads, n_shards;
    struct team_worker *workers; /* [n_threads] */
    real **gradients;            /* [n_shards] blocks, zero between updates */
    unsigned char **touched;     /* [n_shards] their maps (nn/params.h) */
    unsigned char *dense;        /* the map between updates: all but what embeddings alone touch */
    double *squares;             /* of gradients[0], by chunks */
    real *moments[OPTIMIZER_MAX_MOMENTS];
    real *average; /* of the weights over time; NULL without */
    double decay;  /* of that average */
    const struct optimizer *optimizer;
};

/* `network` has its parameters allocated; its packed weights are made here. */
int team_init(struct team *t, struct seq2seq *network, const struct compute_backend *backend,
              enum compute_precision precision, const struct optimizer *optimizer, int n_shards,
              int n_threads, struct satz_error *err);
void team_release(struct team *t);

/* What both do for all blocks but the parameters' (team_update.c). */
int team_blocks_init(struct team *t, struct satz_error *err);
void team_blocks_release(struct team *t);

/* Packs all weights from the present parameters. */
void team_pack(struct team *t);

/* Keeps an exponential moving average of the weights from now on, which begins as what they are:
 *
 *   d_t = min(decay, (1 + t) / (10 + t))      average <- d_t average + (1 - d_t) w
 *
 * after update t (Polyak and Juditsky 1992; the early d_t forget the first values). */
int team_keep_average(struct team *t, double decay, struct satz_error *err);
/* Average and weights change places, and the weights are packed; nothing without an average. */
void team_swap_average(struct team *t);

/* Raises *bytes to the step memory of the largest shard of this batch, if that is more. */
void team_measure(const struct team *t, const struct feed_load *load, size_t *bytes);

/* Adds the gradient of the loss, summed over the target words, to the shards' blocks, and the
 * losses to *sums. Meanwhile what `feed` expects is laid out (NULL: nothing). After a failure the
 * gradients are undefined. */
int team_gradient(struct team *t, const struct feed_load *load, struct feed *feed,
                  struct chance chance, struct loss_sums *sums, struct satz_error *err);

/* Makes gradients[0] the sum of the shards' times `factor`, elements beyond +-`limit` cut to it
 * (0: none; what is not finite stays), and the other blocks zero. Returns its 2-norm. */
double team_reduce(struct team *t, double factor, double limit);

/* The sums alone, by the same forward pass; they are added to. */
int team_loss(struct team *t, const struct feed_load *load, struct chance chance,
              struct loss_sums *sums, struct satz_error *err);

/* Looks for the first value of that pass that is not finite (model/fault.h): 1 when there is one,
 * its sentence one of the batch's pairs in their order; 0 when there is none. */
int team_find_fault(struct team *t, const struct feed_load *load, struct chance chance,
                    struct fault *fault, struct satz_error *err);

/* Applies the gradient, zeroes it and packs the weights. */
void team_update(struct team *t, const struct optimizer_step *step);

/* Zeroes the gradient instead. */
void team_discard(struct team *t);

/* Losses over all pairs of `corpus`, dropout off, in batches of `size` pairs; *sums is overwritten.
 */
int team_evaluate(struct team *t, const struct corpus *corpus, int size, bool reverse_source,
                  struct loss_sums *sums, struct satz_error *err);

#endif
