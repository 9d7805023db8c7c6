/* trainer.h -- a training run in progress, as trainer.c (the run) and opening.c (its beginning) see
 * it. */
#ifndef SATZ_TRAIN_TRAINER_H
#define SATZ_TRAIN_TRAINER_H

#include <stdio.h>

#include "text/batches.h"
#include "train/blackbox.h"
#include "train/data.h"

/* Sums since the last line of the log. */
struct window {
    struct loss_sums sums;
    double start;
};

struct trainer {
    const struct recipe *recipe;
    const struct satz_train_options *options;
    const struct optimizer *optimizer;
    const struct schedule *schedule;
    struct model model;
    struct team team;
    struct data data;
    struct batches *batches;
    struct feed feed;
    struct train_state state;
    struct window window;
    struct loss_sums epoch_sums;
    struct blackbox_history history;
    int failures; /* steps without a finite gradient, one after the other */
    FILE *log;
    int lock;
    int threads;
    double started; /* of this sitting */
    int64_t first_update;
    bool interrupted;
    const char *ending;
};

/* Locks train.folder, makes or resumes the model, opens the text, makes the team and the log, and
 * tells of each by trainer_note. After a failure trainer_close is still due. */
int trainer_open(struct trainer *t, struct satz_error *err);
void trainer_close(struct trainer *t);

/* Saves a checkpoint; reads one back into model, team and state. */
int trainer_save(struct trainer *t, struct satz_error *err);
int trainer_roll_back(struct trainer *t, struct satz_error *err);

/* A step whose gradient is not finite: writes its black box and does what train.on_nonfinite says.
 * 0: go on with the step after t->state. */
int trainer_not_finite(struct trainer *t, const struct blackbox *box, struct satz_error *err);

int trainer_log(struct trainer *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void trainer_emit(const struct trainer *t, struct satz_train_event *event);
void trainer_note(const struct trainer *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
