/* w <- w - rate g */
#include "base/simd.h"
#include "train/optimizer.h"

static void update(const struct optimizer_step *s, size_t n, real *restrict w, real *restrict g,
                   real *const *moments)
{
    (void)moments;
    const real factor = (real)(s->rate * s->scale), decay = (real)(s->rate * s->l2);
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        w[i] -= factor * g[i] + decay * w[i];
        g[i] = 0;
    }
}

const struct optimizer SIMD(optimizer_sgd) = {
    .name = "sgd",
    .rests = true,
    .update = update,
};
