/* Lion (Chen et al. 2023, algorithm 2), with decoupled weight decay:
 *
 *   c = beta1 m + (1 - beta1) g
 *   w <- w - rate (sign(c) + weight_decay w)
 *   m <- beta2 m + (1 - beta2) g */
#include "base/simd.h"
#include "train/optimizer.h"

static void update(const struct optimizer_step *s, size_t n, real *restrict w, real *restrict g,
                   real *const *moments)
{
    real *restrict m = moments[0];
    const real beta1 = (real)s->beta1, beta2 = (real)s->beta2, rate = (real)s->rate;
    const real decay = (real)s->weight_decay, scale = (real)s->scale;
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        real gradient = scale * g[i];
        real c = beta1 * m[i] + (1 - beta1) * gradient;
        real sign = (real)((c > 0) - (c < 0));
        w[i] -= rate * (sign + decay * w[i]);
        m[i] = beta2 * m[i] + (1 - beta2) * gradient;
        g[i] = 0;
    }
}

const struct optimizer SIMD(optimizer_lion) = {
    .name = "lion",
    .moments = 1,
    .moment_names = {"mean"},
    .update = update,
};
