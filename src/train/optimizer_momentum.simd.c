/* Gradient descent with momentum (Polyak 1964), as PyTorch's SGD without dampening and Nesterov:
 *
 *   v <- momentum v + g
 *   w <- w - rate v */
#include "base/simd.h"
#include "train/optimizer.h"

static void update(const struct optimizer_step *s, size_t n, real *restrict w, real *restrict g,
                   real *const *moments)
{
    real *restrict v = moments[0];
    const real momentum = (real)s->momentum, rate = (real)s->rate, scale = (real)s->scale;
    const real l2 = (real)s->l2;
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        real velocity = momentum * v[i] + scale * g[i] + l2 * w[i];
        v[i] = velocity;
        w[i] -= rate * velocity;
        g[i] = 0;
    }
}

const struct optimizer SIMD(optimizer_momentum) = {
    .name = "momentum",
    .moments = 1,
    .moment_names = {"velocity"},
    .update = update,
};
