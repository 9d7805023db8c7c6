/* Adam (Kingma and Ba 2014, algorithm 1), with PyTorch's placing of epsilon:
 *
 *   m <- b1 m + (1 - b1) g          v <- b2 v + (1 - b2) g^2
 *   w <- w - rate / (1 - b1^t) m / (sqrt(v / (1 - b2^t)) + epsilon) */
#include <math.h>

#include "base/simd.h"
#include "compute/vmath.h"
#include "train/optimizer.h"

static void update(const struct optimizer_step *s, size_t n, real *restrict w, real *restrict g,
                   real *const *moments)
{
    real *restrict m = moments[0];
    real *restrict v = moments[1];
    const double t = (double)s->step;
    const real b1 = (real)s->beta1, b2 = (real)s->beta2, scale = (real)s->scale;
    const real c1 = (real)(1 - s->beta1), c2 = (real)(1 - s->beta2);
    const real rate = (real)(s->rate / (1 - pow(s->beta1, t)));
    const real correction = (real)(1 / sqrt(1 - pow(s->beta2, t)));
    const real epsilon = (real)s->epsilon, l2 = (real)s->l2;
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        real gradient = g[i] * scale + l2 * w[i];
        real mean = b1 * m[i] + c1 * gradient;
        real square = b2 * v[i] + c2 * gradient * gradient;
        m[i] = mean;
        v[i] = square;
        w[i] -= rate * mean / (vmath_sqrt(square) * correction + epsilon);
        g[i] = 0;
    }
}

const struct optimizer SIMD(optimizer_adam) = {
    .name = "adam",
    .moments = 2,
    .moment_names = {"mean", "square"},
    .update = update,
};
