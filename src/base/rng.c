#include "base/rng.h"

#include <math.h>

double rng_normal(uint64_t key, uint64_t index)
{
    double u = 1.0 - rng_uniform(key, 2 * index);
    double angle = 6.283185307179586 * rng_uniform(key, 2 * index + 1);
    return sqrt(-2.0 * log(u)) * cos(angle);
}

void rng_shuffle(uint64_t key, uint32_t *elements, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = (size_t)rng_below(key, i, i);
        uint32_t t = elements[i - 1];
        elements[i - 1] = elements[j];
        elements[j] = t;
    }
}
