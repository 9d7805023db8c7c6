/* ADADELTA (Zeiler 2012, algorithm 1), with a rate as in PyTorch; Zeiler's is 1:
 *
 *   v <- rho v + (1 - rho) g^2
 *   d = sqrt(u + epsilon) / sqrt(v + epsilon) g
 *   u <- rho u + (1 - rho) d^2
 *   w <- w - rate d */
#include "base/simd.h"
#include "compute/vmath.h"
#include "train/optimizer.h"

static void update(const struct optimizer_step *s, size_t n, real *restrict w, real *restrict g,
                   real *const *moments)
{
    real *restrict v = moments[0];
    real *restrict u = moments[1];
    const real rho = (real)s->rho, rest = (real)(1 - s->rho), epsilon = (real)s->epsilon;
    const real rate = (real)s->rate, scale = (real)s->scale, l2 = (real)s->l2;
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        real gradient = g[i] * scale + l2 * w[i];
        real square = rho * v[i] + rest * gradient * gradient;
        real delta = vmath_sqrt(u[i] + epsilon) / vmath_sqrt(square + epsilon) * gradient;
        v[i] = square;
        u[i] = rho * u[i] + rest * delta * delta;
        w[i] -= rate * delta;
        g[i] = 0;
    }
}

const struct optimizer SIMD(optimizer_adadelta) = {
    .name = "adadelta",
    .moments = 2,
    .moment_names = {"square", "delta"},
    .update = update,
};
