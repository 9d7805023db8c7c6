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

static real divergence(int n, const real *z_p, real log_p, const real *z_q, real log_q)
{
    real total = 0;
#pragma omp simd reduction(+ : total)
    for (int v = 0; v < n; v++) {
        real p = z_p[v] - log_p, q = z_q[v] - log_q;
        total += vmath_exp(p) * (p - q);
    }
    return total;
}

static void twins_gradient(int n, real *restrict z_p, real log_p, real pq, real *restrict z_q,
                           real log_q, real qp, real floor, real scale, real weight)
{
#pragma omp simd
    for (int v = 0; v < n; v++) {
        real apart = z_p[v] - log_p - (z_q[v] - log_q);
        real p = vmath_exp(z_p[v] - log_p), q = vmath_exp(z_q[v] - log_q);
        z_p[v] = scale * (p - floor + weight * (p * (apart - pq) + p - q));
        z_q[v] = scale * (q - floor + weight * (q * (-apart - qp) + q - p));
    }
}

const struct loss_kernels SIMD(loss_kernels) = {
    .sum = sum,
    .gradient = gradient,
    .divergence = divergence,
    .twins_gradient = twins_gradient,
};
