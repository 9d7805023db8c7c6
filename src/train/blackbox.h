/* blackbox.h -- a step whose loss or gradient was not finite, with all that is needed to repeat it.
 *
 * FOLDER/blackbox-UPDATE.safetensors is a checkpoint (train/checkpoint.h) of the state before the
 * step, and besides:
 *
 *   batch.ids      I32 [total]   the step's tokens: source and target of pair 0, of pair 1, ...
 *   batch.lengths  I32 [n, 2]    tokens of each side
 *   batch.counts   I32 [batches] pairs of each of the step's batches (train.accumulate)
 *   with data.alignments also
 *   batch.words    I32 [total]   the word of each token
 *   batch.links    I32 [links, 3]  linked words of pair 0, of pair 1, ...: source, target, weight
 *   batch.link_counts  I32 [n]   links of each pair
 *   satz.blackbox  JSON in the metadata: update, epoch, batch, loss (the sum over tokens), tokens,
 * norm, rate, backend, compute, train_digest, pairs (where each stood, and its text), norms (of
 * each parameter's gradient), history (the steps before). Numbers that replay compares are
 * hexadecimal texts, as printf's %a, which hold every bit, infinities and NaN. */
#ifndef SATZ_TRAIN_BLACKBOX_H
#define SATZ_TRAIN_BLACKBOX_H

#include "train/checkpoint.h"

enum {
    BLACKBOX_HISTORY = 100, /* steps that are kept */
    BLACKBOX_MOST = 4,      /* boxes in a folder: the first ones tell most */
};

/* The last steps; step k of this sitting is steps[k % BLACKBOX_HISTORY]. */
struct blackbox_history {
    struct blackbox_step {
        int64_t update;
        double loss, norm, rate; /* loss per token */
    } steps[BLACKBOX_HISTORY];
    size_t n;
};

void blackbox_remember(struct blackbox_history *h, int64_t update, double loss, double norm,
                       double rate);

/* What the trainer knows of the step. The team's gradient must be as team_gradient left it. */
struct blackbox {
    const struct model *model;
    const struct team *team;
    const struct train_state *state; /* before the step */
    const struct corpus *corpus;
    struct feed *feed; /* which lays the step's batches out again */
    int n_batches;     /* from state->batch on */
    struct loss_sums sums;
    double norm, rate;
    const struct blackbox_history *history;
};

/* Writes the box of update `update`; *path gets its name, which the caller frees, or NULL when the
 * folder holds BLACKBOX_MOST others. */
int blackbox_save(const struct blackbox *b, const char *folder, int64_t update, char **path,
                  struct satz_error *err);

/* 2-norm of the gradient of parameter i, as boxes hold it. */
double blackbox_norm(const struct team *t, int i);

#endif
