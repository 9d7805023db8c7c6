/* rng.h -- random numbers without state: a value is a function of (key, index).
 *
 * A key is derived from what the number is for (seed, step, site ...), so that results do not
 * depend on the order or the thread in which numbers are drawn, and nothing has to be stored to
 * draw them again (dropout masks in the backward pass, resume after a kill). */
#ifndef SATZ_BASE_RNG_H
#define SATZ_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

/* splitmix64's finaliser: a bijection with full avalanche. */
static inline uint64_t rng_mix(uint64_t x)
{
    x += 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

static inline uint64_t rng_key(uint64_t seed, uint64_t step, uint64_t site)
{
    return rng_mix(rng_mix(rng_mix(seed) ^ step) ^ site);
}

static inline uint64_t rng_u64(uint64_t key, uint64_t index)
{
    return rng_mix(key ^ rng_mix(index));
}

/* Uniform in [0, 1), 53 bits. */
static inline double rng_uniform(uint64_t key, uint64_t index)
{
    return (double)(rng_u64(key, index) >> 11) * 0x1p-53;
}

/* Uniform in {0 .. n-1}, n > 0; the bias of at most n / 2^64 is of no account. */
static inline uint64_t rng_below(uint64_t key, uint64_t index, uint64_t n)
{
    return (uint64_t)(((__uint128_t)rng_u64(key, index) * n) >> 64);
}

/* 32 random bits from 32-bit arithmetic only, so that loops over `index` vectorise (dropout masks).
 * murmur3's finaliser over a Weyl sequence keyed twice. */
static inline uint32_t rng_u32(uint64_t key, uint32_t index)
{
    uint32_t x = index * 0x9E3779B9u + (uint32_t)key;
    x = (x ^ (x >> 16)) * 0x85EBCA6Bu;
    x = (x ^ (x >> 13) ^ (uint32_t)(key >> 32)) * 0xC2B2AE35u;
    return x ^ (x >> 16);
}

/* Standard normal (Box-Muller). */
double rng_normal(uint64_t key, uint64_t index);

/* Fisher-Yates over `n` elements. */
void rng_shuffle(uint64_t key, uint32_t *elements, size_t n);

#endif
