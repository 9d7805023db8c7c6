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

/* Relative errors below this are those of differences. */
#define CHECK_TOLERANCE 1e-6

enum check_verdict {
    CHECK_UNCLEAR, /* the differences of neighbouring steps are no nearer to each other */
    CHECK_RIGHT,
    CHECK_WRONG,
};

/* A value's gradient beside its differences numeric [n], of smaller and smaller steps. *nearest is
 * the one that is nearest to it, *error their relative difference: in relation to the largest of
 * the two and `floor`. Where a network's activations overflow nearly, the loss has too few digits
 * for its differences to say anything: they differ among themselves as much as from the gradient.
 */
enum check_verdict check_judge(double analytic, const double *numeric, int n, double floor,
                               double *nearest, double *error);

/* The last value by verdict, and then by error; the error is in relation to the largest of
 * numeric and analytic gradient, a thousandth of the parameter's largest gradient, a millionth of
 * the whole gradient's norm. */
struct check_result {
    enum check_verdict verdict;
    double error, numeric, analytic;
    int param, row, column;
    int values, unclear; /* that were compared, and of those CHECK_UNCLEAR */
};

/* Compares the gradient of the loss per token, which team_gradient left in t->gradients[0], for
 * some values of each parameter: those with the largest gradient, and others. Parameters end as
 * they were; the weights are packed from them. */
int check_gradient(struct team *t, const struct check_step *s, long tokens, double norm,
                   struct check_result *result, struct satz_error *err);

#endif
