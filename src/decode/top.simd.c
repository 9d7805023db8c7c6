#include "decode/top.h"

#include <float.h>

#include "compute/vmath.h"

static real block_maximum(int n, const real *z, int block)
{
    int from = block * TOP_BLOCK, to = from + TOP_BLOCK < n ? from + TOP_BLOCK : n;
    real top = z[from];
#pragma omp simd reduction(max : top)
    for (int v = from; v < to; v++)
        top = z[v] > top ? z[v] : top;
    /* clang's reduction starts from the least finite number. */
    return top <= -(real)FLT_MAX ? -(real)INFINITY : top;
}

static real scan(int n, const real *z, real *maxima)
{
    real top = z[0], total = 0;
    for (int b = 0; b < top_blocks(n); b++) {
        maxima[b] = block_maximum(n, z, b);
        top = maxima[b] > top ? maxima[b] : top;
    }
#pragma omp simd reduction(+ : total)
    for (int v = 0; v < n; v++)
        total += vmath_exp(z[v] - top);
    return top + (real)log((double)total);
}

static void exclude(int n, real *z, real *maxima, int word)
{
    z[word] = -(real)INFINITY;
    maxima[word / TOP_BLOCK] = block_maximum(n, z, word / TOP_BLOCK);
}

static int take(int n, real *z, real *maxima, int k, int *words, real *values)
{
    for (int i = 0; i < k; i++) {
        int best = 0, blocks = top_blocks(n);
        for (int b = 1; b < blocks; b++)
            best = maxima[b] > maxima[best] ? b : best;
        if (!(maxima[best] > -(real)INFINITY))
            return i;
        int word = best * TOP_BLOCK;
        while (z[word] < maxima[best])
            word++;
        words[i] = word;
        values[i] = z[word];
        exclude(n, z, maxima, word);
    }
    return k;
}

static void mix(int n, const real *z, real log_sum, real factor, bool add, real *p)
{
    if (add) {
#pragma omp simd
        for (int v = 0; v < n; v++)
            p[v] += factor * vmath_exp(z[v] - log_sum);
        return;
    }
#pragma omp simd
    for (int v = 0; v < n; v++)
        p[v] = factor * vmath_exp(z[v] - log_sum);
}

static double soften(int n, const real *z, real top, real temperature, real *p)
{
    real total = 0, scale = 1 / temperature;
#pragma omp simd reduction(+ : total)
    for (int v = 0; v < n; v++) {
        /* Far below, e^x saturates above 0, and there is nothing to draw. */
        real x = (z[v] - top) * scale;
        p[v] = x > -80 ? vmath_exp(x) : 0;
        total += p[v];
    }
    return (double)total;
}

const struct top_kernels SIMD(top_kernels) = {
    .scan = scan,
    .exclude = exclude,
    .take = take,
    .mix = mix,
    .soften = soften,
};
