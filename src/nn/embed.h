/* embed.h -- rows of a table [V, E], entry `param`, by token ids, each below V. */
#ifndef SATZ_NN_EMBED_H
#define SATZ_NN_EMBED_H

#include "nn/pass.h"

/* x[i] = table[ids[i]], i < x.rows. */
void embed_forward(const struct pass *pass, int param, const int *ids, struct mat x);
/* d_table[ids[i]] += dx[i], marked in pass->touched. */
void embed_backward(const struct pass *pass, int param, const int *ids, struct mat dx);

#endif
