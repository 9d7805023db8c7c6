/* loss.h -- output layer, softmax and cross-entropy in one: [n, V] logits never exist as a whole.
 *
 *   z = a W^T + b          p = softmax(z)
 *   nll  = -log p_y
 *   loss = (1 - eps) nll + eps mean_v(-log p_v)       (label smoothing, Szegedy 2015; as PyTorch's)
 *   dz   = p - (1 - eps) onehot(y) - eps / V
 *
 * Rows that are twins, 2k and 2k+1, read the same words with other dropout; what their p and q
 * disagree counts beside (R-Drop: Liang 2021, eq. 4, of the two rows together):
 *
 *   loss += agreement / 2 (KL(p, q) + KL(q, p))           for both
 *   dz_p += agreement / 2 (p (log p - log q - KL(p, q)) + p - q)
 *
 * Rows are taken LOSS_CHUNK at a time; dz overwrites z while it is in cache. */
#ifndef SATZ_NN_LOSS_H
#define SATZ_NN_LOSS_H

#include "nn/pass.h"

enum { LOSS_CHUNK = 128 };

struct loss {
    int weight, bias; /* weight [V, A] and parameter [1, V] */
    real smoothing;
    real agreement; /* 0: rows have no twins */
};

struct loss_sums {
    double nll, loss; /* natural logarithms, summed over rows */
    double guided;    /* cost of guided alignment, without its weight; the loss has it with */
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
    /* KL(p, q), p the softmax of z_p and log_p its log_sum. */
    real (*divergence)(int n, const real *z_p, real log_p, const real *z_q, real log_q);
    /* As gradient, for twins, with weight times the gradient of their divergences pq and qp. */
    void (*twins_gradient)(int n, real *z_p, real log_p, real pq, real *z_q, real log_q, real qp,
                           real floor, real scale, real weight);
};

#endif
