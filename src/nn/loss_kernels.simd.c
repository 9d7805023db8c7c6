#include "base/simd.h"
#include "compute/vmath.h"
#include "nn/loss.h"

static real sum(int n, const real *z)
{
    real total = 0;
#pragma omp simd reduction(+ : total)
    for (int v = 0; v < n; v++)
        total += z[v];
    return total;
}

static void gradient(int n, real *z, real log_sum, real floor, real scale)
{
#pragma omp simd
    for (int v = 0; v < n; v++)
        z[v] = scale * (vmath_exp(z[v] - log_sum) - floor);
}

const struct loss_kernels SIMD(loss_kernels) = {
    .sum = sum,
    .gradient = gradient,
};
