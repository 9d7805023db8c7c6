/* loss.h -- output layer, softmax and cross-entropy in one: [n, V] logits never exist as a whole.
 *
 *   z = a W^T + b          p = softmax(z)
 *   nll  = -log p_y
 *   loss = (1 - eps) nll + eps mean_v(-log p_v)       (label smoothing, Szegedy 2015; as PyTorch's)
 *   dz   = p - (1 - eps) onehot(y) - eps / V
 *
 * Rows are taken LOSS_CHUNK at a time; dz overwrites z while it is in cache. */
#ifndef SATZ_NN_LOSS_H
#define SATZ_NN_LOSS_H

#include "nn/pass.h"

enum { LOSS_CHUNK = 128 };

struct loss {
    int weight, bias; /* weight [V, A] and parameter [1, V] */
    real smoothing;
};

struct loss_sums {
    double nll, loss; /* natural logarithms, summed over rows */
    long tokens;
};

/* The chunk's logits [LOSS_CHUNK, V], which loss_forward and loss_backward work in. */
void loss_plan(const struct loss *l, const struct weights *w, struct arena *arena,
               struct mat *logits);

/* a [n, A], targets [n]; sums are added to. */
void loss_forward(const struct pass *pass, const struct loss *l, struct mat a, const int *targets,
                  struct mat logits, struct loss_sums *sums);

/* As loss_forward, and `losses` [n], unless NULL, gets each row's loss, and d_a [n, A] is
 * overwritten with scale * d loss / d a; W and b gradients are accumulated with the same scale. */
void loss_backward(const struct pass *pass, const struct loss *l, struct mat a, const int *targets,
                   real scale, struct mat logits, struct mat d_a, double *losses,
                   struct loss_sums *sums);

/* logits [n, V] = a W^T + b, all rows at once. */
void loss_logits(const struct pass *pass, const struct loss *l, struct mat a, struct mat logits);

struct loss_kernels {
    /* sum of a row */
    real (*sum)(int n, const real *z);
    /* z <- scale (e^(z - log_sum) - floor) */
    void (*gradient)(int n, real *z, real log_sum, real floor, real scale);
};

#endif
