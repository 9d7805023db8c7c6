#include "compute/narrow.h"

size_t narrow_rows_size(int m, int units)
{
    size_t rows = (size_t)(m + NARROW_STRIPE - 1) / NARROW_STRIPE * NARROW_STRIPE;
    return rows * (size_t)units + 3 * (size_t)m;
}

/* Which of the latest different rows equals row `r`, or -1. */
static int find_equal(struct mat a, const struct narrow_rows *rows, int r)
{
    enum { WINDOW = 32 };
    size_t bytes = (size_t)a.cols * sizeof(real);
    const real *row = mat_row(a, r);
    for (int u = rows->n - 1; u >= 0 && u >= rows->n - WINDOW; u--) {
        const real *other = mat_row(a, rows->first[u]);
        if (other[0] == row[0] && memcmp(other, row, bytes) == 0)
            return rows->first[u];
    }
    return -1;
}

struct narrow_rows narrow_rows_find(struct mat a, int units, uint32_t *memory)
{
    size_t m = (size_t)a.rows;
    int *rest = (int *)(void *)(memory + narrow_rows_size(a.rows, units) - 3 * m);
    struct narrow_rows rows = {.words = memory,
                               .first = rest,
                               .next = rest + m,
                               .scales = (float *)(void *)(rest + 2 * m)};
    for (int r = 0; r < a.rows; r++) {
        int equal = find_equal(a, &rows, r);
        rows.next[r] = equal < 0 ? -1 : rows.next[equal];
        if (equal < 0)
            rows.first[rows.n++] = r;
        else
            rows.next[equal] = r;
    }
    return rows;
}

#ifdef SATZ_DOUBLE

const struct narrow_kernels *narrow_find(enum compute_precision precision, struct satz_error *err)
{
    (void)precision;
    error_set(err, "this build computes in double precision only");
    return NULL;
}

#else

static const struct narrow_kernels *find_int8(void)
{
#if defined(__x86_64__)
    if (simd_level() == SIMD_LEVEL_AVX512 && __builtin_cpu_supports("avx512vnni"))
        return &int8_kernels_avx512;
    if (simd_level() >= SIMD_LEVEL_AVX2)
        return &int8_kernels_avx2;
#endif
    return &int8_kernels_generic;
}

const struct narrow_kernels *narrow_find(enum compute_precision precision, struct satz_error *err)
{
    if (precision == COMPUTE_INT8)
        return find_int8();
#if defined(__x86_64__)
    if (simd_level() == SIMD_LEVEL_AVX512 && __builtin_cpu_supports("avx512bf16"))
        return &bf16_kernels_avx512;
#endif
    error_set(err, "this processor has no instructions for bf16 (AVX512_BF16); use f32");
    return NULL;
}

#endif
