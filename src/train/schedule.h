/* schedule.h -- what changes over time: the learning rate, and scheduled sampling. */
#ifndef SATZ_TRAIN_SCHEDULE_H
#define SATZ_TRAIN_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "config/recipe.h"

/* What a checkpoint keeps of it. */
struct schedule_state {
    double factor; /* 1 at the start */
    int64_t stale; /* validations without improvement since the last change */
};

/* When an update is done. */
struct schedule_time {
    uint64_t step; /* from 1 */
    double epochs; /* behind it, with the part of the present one */
};

struct schedule {
    const char *name;
    double (*rate)(const struct recipe *recipe, const struct schedule_state *state,
                   struct schedule_time time);
    /* Told after each validation. */
    void (*validated)(const struct recipe *recipe, struct schedule_state *state, bool improved);
};

/* NULL if there is none of that name. */
const struct schedule *schedule_find(const char *name);

/* What the random choices of a training batch hang on, and what its loss is made of. */
struct chance {
    uint64_t key;  /* seeds dropout and the words of scheduled sampling */
    double truth;  /* probability that the decoder reads the true word: recipe->scheduled */
    double guided; /* weight of guided alignment */
};

/* That of batch `batch` (from 0) among those of update `step` (from 1), in epoch `epoch` (from 0).
 */
struct chance schedule_chance(const struct recipe *recipe, int64_t epoch, uint64_t step, int batch);

#endif
