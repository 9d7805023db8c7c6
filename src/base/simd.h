/* simd.h -- one source, several instruction sets, one binary.
 *
 * A file NAME.simd.c is compiled once per level (Makefile: SIMD_LEVELS). It defines one const table
 * under the name SIMD(table); the code that uses it declares the variants with SIMD_DECLARE and
 * takes the best the processor has with SIMD_BEST. Setting the environment variable SATZ_SIMD to
 * generic, avx2 or avx512 lowers the choice, so that each fallback can be tested on any machine.
 *
 * Loops are plain C under `#pragma omp simd`: the compiler vectorises, the reader sees equations.
 */
#ifndef SATZ_BASE_SIMD_H
#define SATZ_BASE_SIMD_H

enum simd_level { SIMD_LEVEL_GENERIC, SIMD_LEVEL_AVX2, SIMD_LEVEL_AVX512 };

enum simd_level simd_level(void);
const char *simd_level_name(enum simd_level level);

#define SIMD_PASTE_(name, level) name##_##level
#define SIMD_PASTE(name, level)  SIMD_PASTE_(name, level)
#define SIMD(name)               SIMD_PASTE(name, SIMD_LEVEL)

#if defined(__x86_64__)
#define SIMD_DECLARE(type, name) extern type name##_generic, name##_avx2, name##_avx512
#define SIMD_BEST(name)                                                                            \
    (simd_level() == SIMD_LEVEL_AVX512 ? &name##_avx512                                            \
     : simd_level() == SIMD_LEVEL_AVX2 ? &name##_avx2                                              \
                                       : &name##_generic)
#else
#define SIMD_DECLARE(type, name) extern type name##_generic
#define SIMD_BEST(name)          (&name##_generic)
#endif

#endif
