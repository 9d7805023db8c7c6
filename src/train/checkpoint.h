/* checkpoint.h -- the whole state of a run in one file: a model file (model/model.h) with the
 * optimiser's moments ("NAME:PARAMETER") and, as JSON under "satz.state", the counters. Random
 * numbers need no state: they are functions of seed, epoch and update (base/rng.h). */
#ifndef SATZ_TRAIN_CHECKPOINT_H
#define SATZ_TRAIN_CHECKPOINT_H

#include "model/model.h"
#include "train/schedule.h"
#include "train/team.h"

struct train_state {
    int64_t update;             /* updates done */
    int64_t epoch;              /* the current one, from 0 */
    int64_t batch;              /* the next one of it */
    int64_t validations, stale; /* stale: validations since the best one */
    bool has_best;
    double best;    /* the metric's best value so far */
    double mark;    /* its value at the last improvement that counted: validation.min_delta */
    double seconds; /* spent so far, over all sittings */
    double backoff; /* factor on the rate: 1, halved by each train.on_nonfinite: rollback */
    struct schedule_state schedule;
    char text[17]; /* corpus_digest of the training text */
};

/* "FOLDER/checkpoint-UPDATE.safetensors"; the caller frees it. */
char *checkpoint_path(const char *folder, int64_t update, struct satz_error *err);

/* Updates of the checkpoints in the folder, ascending; the caller frees the list. */
int checkpoint_list(const char *folder, int64_t **updates, size_t *n, struct satz_error *err);

/* Writes the file, as a whole or, on an error, not at all. `more` tensors and metadata may be NULL.
 */
int checkpoint_save(const char *path, const struct model *m, const struct team *t,
                    const struct train_state *state, const struct model_extra *more,
                    struct satz_error *err);

/* Parameters, moments, averaged weights (which begin as the parameters if the checkpoint has none)
 * and state from an open checkpoint; after a failure they are undefined. */
int checkpoint_read(const struct tensors *file, const char *path, struct model *m, struct team *t,
                    struct train_state *state, struct satz_error *err);

#endif
