/* schedule.h -- the learning rate over time. */
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

struct schedule {
    const char *name;
    /* Rate of update `step` (from 1). */
    double (*rate)(const struct recipe *recipe, const struct schedule_state *state, uint64_t step);
    /* Told after each validation. */
    void (*validated)(const struct recipe *recipe, struct schedule_state *state, bool improved);
};

/* NULL if there is none of that name. */
const struct schedule *schedule_find(const char *name);

#endif
