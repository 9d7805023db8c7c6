#include "base/simd.h"

#include <stdlib.h>
#include <string.h>

static const char *const names[] = {"generic", "avx2", "avx512"};

static enum simd_level hardware_level(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        return SIMD_LEVEL_AVX512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return SIMD_LEVEL_AVX2;
#endif
    return SIMD_LEVEL_GENERIC;
}

enum simd_level simd_level(void)
{
    enum simd_level level = hardware_level();
    const char *wanted = getenv("SATZ_SIMD");
    for (int i = 0; wanted && i < (int)level; i++)
        if (strcmp(wanted, names[i]) == 0)
            level = (enum simd_level)i;
    return level;
}

const char *simd_level_name(enum simd_level level)
{
    return names[level];
}
