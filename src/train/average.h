/* average.h -- the mean of several checkpoints' weights. */
#ifndef SATZ_TRAIN_AVERAGE_H
#define SATZ_TRAIN_AVERAGE_H

#include "model/model.h"

/* Sets the network's parameters to the mean of the last `n` checkpoints in the folder (of all, if
 * there are fewer). Returns how many there were, or -1 with the parameters undefined. */
int average_checkpoints(struct model *m, const char *folder, int n, struct satz_error *err);

#endif
