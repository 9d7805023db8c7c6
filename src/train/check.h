/* check.h -- the gradient of a whole batch against differences of its loss, for the double build:
 * in single precision the differences are mostly rounding. */
#ifndef SATZ_TRAIN_CHECK_H
#define SATZ_TRAIN_CHECK_H

#include "train/team.h"

/* A batch as team_gradient takes it. */
struct check_batch {
    const struct corpus *corpus;
    const uint32_t *indices;
    int n;
    bool reverse_source;
    uint64_t key;
};

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
int check_gradient(struct team *t, const struct check_batch *b, long tokens, double norm,
                   struct check_result *result, struct satz_error *err);

#endif
