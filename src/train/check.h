/* check.h -- the gradient of a whole batch against differences of its loss, for the double build:
 * in single precision the differences are mostly rounding. */
#ifndef SATZ_TRAIN_CHECK_H
#define SATZ_TRAIN_CHECK_H

#include "train/team.h"

/* The batches of an update: pairs [0, counts[0]) of the feed's corpus, the counts[1] after those,
 * ... */
struct check_step {
    struct feed *feed;
    const struct recipe *recipe;
    int64_t epoch;
    uint64_t update;
    const uint32_t *pairs;
    const int32_t *counts; /* [n_batches] */
    int n_batches;
};

/* Batch i, laid out; *chance: its own. NULL on error. */
const struct feed_load *check_take(const struct team *t, const struct check_step *s, int i,
                                   struct chance *chance, struct satz_error *err);

/* Where numeric and analytic gradient differ most, in relation to the largest of: the two, a
 * thousandth of the parameter's largest gradient, a millionth of the whole gradient's norm. */
struct check_result {
    double error, numeric, analytic;
    int param, row, column;
    int values; /* that were compared */
};

/* Compares the gradient of the loss per token, which team_gradient left in t->gradients[0], for
 * some values of each parameter: those with the largest gradient, and others. Parameters end as
 * they were; the weights are packed from them. */
int check_gradient(struct team *t, const struct check_step *s, long tokens, double norm,
                   struct check_result *result, struct satz_error *err);

#endif
