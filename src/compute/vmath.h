/* vmath.h -- exp, tanh and sigmoid as branch-free polynomials, for use inside SIMD loops.
 *
 * Inline so that the loop around them vectorises for the instruction set of the file that includes
 * this (see base/simd.h). In the gradient-check build they are libm's, in double. NaN in, NaN out.
 */
#ifndef SATZ_COMPUTE_VMATH_H
#define SATZ_COMPUTE_VMATH_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "compute/mat.h"

#ifdef SATZ_DOUBLE

static inline real vmath_sqrt(real x)
{
    return sqrt(x);
}

static inline real vmath_exp(real x)
{
    return exp(x);
}

static inline real vmath_tanh(real x)
{
    return tanh(x);
}

static inline real vmath_tanh_quick(real x)
{
    return tanh(x);
}

static inline real vmath_sigmoid(real x)
{
    return 1.0 / (1.0 + exp(-x));
}

static inline real vmath_sigmoid_quick(real x)
{
    return vmath_sigmoid(x);
}

#else

static inline float vmath_sqrt(float x)
{
    return sqrtf(x);
}

/* e^x = 2^n e^r, n = round(x / ln 2), |r| <= ln 2 / 2, e^r by a polynomial of degree 6.
 * Relative error below 3e-7 on [-87, 88]; saturates outside. */
static inline float vmath_exp(float x)
{
    const float shift = 12582912.0f;   /* 1.5 * 2^23: adding it rounds to an integer */
    float y = x > -87.0f ? x : -87.0f; /* so that NaN is not converted below */
    y = y > 88.0f ? 88.0f : y;
    float n = (y * 1.44269504f + shift) - shift;
    float r = (y - n * 0.693359375f) + n * 2.12194440e-4f;
    float p = 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    int32_t bits = ((int32_t)n + 127) << 23;
    float scale;
    memcpy(&scale, &bits, sizeof scale);
    return x != x ? x : p * scale;
}

/* Relative error below 3e-7 on [-87, inf). */
static inline float vmath_sigmoid(float x)
{
    return 1.0f / (1.0f + vmath_exp(-x));
}

/* tanh x = 1 - 2 / (e^2x + 1); an odd polynomial near 0, where that cancels. Relative error below
 * 3e-7. */
static inline float vmath_tanh(float x)
{
    float a = x < 0.0f ? -x : x;
    float z = x * x;
    float small = -5.70498872745e-3f;
    small = small * z + 2.06390887954e-2f;
    small = small * z - 5.37397155531e-2f;
    small = small * z + 1.33314422036e-1f;
    small = small * z - 3.33332819422e-1f;
    small = small * z * x + x;
    float large = 1.0f - 2.0f / (vmath_exp(2.0f * a) + 1.0f);
    large = x < 0.0f ? -large : large;
    return a < 0.625f ? small : large;
}

/* tanh x = x P(x^2) / Q(x^2), the rational function of least relative error (1e-8) up to 9.28, from
 * where on tanh rounds to 1. Relative error below 4e-7, in half the time. */
static inline float vmath_tanh_quick(float x)
{
    const float limit = 9.28f;
    float y = x > limit ? limit : x;
    y = y < -limit ? -limit : y;
    float z = y * y;
    float p = -7.779333546700101e-14f;
    p = p * z + 5.0010919017129396e-11f;
    p = p * z - 1.9650043370234016e-8f;
    p = p * z + 1.1012639333785046e-5f;
    p = p * z + 3.09042283333838e-3f;
    p = p * z + 0.13071897625923157f;
    p = p * z + 1.0f;
    float q = 2.526430762372911e-4f;
    q = q * z + 2.4441294372081757e-2f;
    q = q * z + 0.4640522301197052f;
    q = q * z + 1.0f;
    return y * p / q;
}

/* sigmoid x = 1/2 + tanh(x / 2) / 2: absolute error below 2e-7. */
static inline float vmath_sigmoid_quick(float x)
{
    return 0.5f + 0.5f * vmath_tanh_quick(0.5f * x);
}

#endif

#endif
