/* Products of 8-bit integers (narrow.h). VNNI multiplies unsigned by signed: 128 is added to the
 * left-hand side, and 128 times the column's sum taken off again. AVX2 multiplies |a| by w with the
 * sign of a: two products of at most 127 * 127 fit 16 bits, so nothing saturates. */
#include "compute/narrow.h"

#ifndef SATZ_DOUBLE

#include <math.h>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
#define TARGET __attribute__((target("avx512vnni")))
#define TILE   12
enum { LANES = 16, BIAS = 128 };
#elif defined(__AVX2__)
#define TARGET
#define TILE 4
enum { LANES = 8, BIAS = 0 };
#else
#define TARGET
#define TILE 4
enum { LANES = 4, BIAS = 0 };
#endif

enum { PER_WORD = INT8_PER_WORD };

typedef int32_t vector __attribute__((vector_size(4 * LANES)));
typedef float numbers __attribute__((vector_size(4 * LANES)));
typedef float loose_numbers __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

struct product;

TARGET static inline __attribute__((always_inline)) vector dot(vector sum, uint32_t word,
                                                               vector words)
{
#if defined(__AVX512F__)
    return (vector)_mm512_dpbusd_epi32((__m512i)sum, _mm512_set1_epi32((int)word), (__m512i)words);
#elif defined(__AVX2__)
    __m256i a = _mm256_set1_epi32((int)word);
    __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(a), _mm256_sign_epi8((__m256i)words, a));
    return sum + (vector)_mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
#elif defined(__SSE2__)
    /* The even bytes of both sides, and the odd ones, as pairs of 16 bits. */
    __m128i a = _mm_set1_epi32((int)word), w = (__m128i)words;
    __m128i even = _mm_madd_epi16(_mm_srai_epi16(_mm_slli_epi16(a, 8), 8),
                                  _mm_srai_epi16(_mm_slli_epi16(w, 8), 8));
    __m128i odd = _mm_madd_epi16(_mm_srai_epi16(a, 8), _mm_srai_epi16(w, 8));
    return sum + (vector)even + (vector)odd;
#else
    /* A word's bytes are taken from the lowest on, as pack_word puts them in. */
    for (int b = 0; b < PER_WORD; b++)
        sum += ((words << (24 - 8 * b)) >> 24) * (int32_t)(int8_t)(word >> (8 * b));
    return sum;
#endif
}

TARGET static inline __attribute__((always_inline)) void finish(const struct product *p, int row,
                                                                int column, vector sum);

#include "compute/narrow_tile.h"

/* to[0 .. width) = sum, or += sum. */
TARGET static inline __attribute__((always_inline)) void put(numbers sum, bool add, int width,
                                                             float *to)
{
    numbers all = {0};
    if (width < LANES) {
        for (int i = 0; i < width; i++)
            to[i] = sum[i] + (add ? to[i] : 0);
        return;
    }
    if (add)
        all = (numbers) * (loose_numbers *)to;
    *(loose_numbers *)to = sum + all;
}

TARGET static inline __attribute__((always_inline)) void finish(const struct product *p, int row,
                                                                int column, vector sum)
{
    const struct narrow_weight *w = p->weight;
    int width = p->out.cols - column < LANES ? p->out.cols - column : LANES;
    vector sums = *(const vector *)(w->sums + column);
    numbers scale = *(const numbers *)(w->scales + column) * p->rows->scales[row];
    numbers product = __builtin_convertvector(sum - BIAS * sums, numbers) * scale;
#if defined(__FMA__)
    __asm__("" : "+x"(product)); /* keeps the compiler from fusing it with the addition */
#endif
    for (int r = p->rows->first[row]; r >= 0; r = p->rows->next[r])
        put(product, p->beta != 0, width, mat_row(p->out, r) + column);
}

/* The bits of |x|, which compare as |x| does, a NaN above all. */
static inline uint32_t magnitude(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits & 0x7FFFFFFF;
}

/* Infinity for NaN. */
static float value_of(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return isfinite(value) ? value : INFINITY;
}

/* The largest |x|, infinity if there is a NaN. */
static float largest(int n, const float *x)
{
    uint32_t top = 0;
#pragma omp simd reduction(max : top)
    for (int i = 0; i < n; i++)
        top = magnitude(x[i]) > top ? magnitude(x[i]) : top;
    return value_of(top);
}

/* What the largest |x| of a row is multiplied by to get 127. Where it is too small for that to be a
 * number, the row counts as zeros. */
static float inverse_scale(float top)
{
    return top < 1e-30f ? 0 : 127 / top;
}

static float scale_of(float top)
{
    return top < 1e-30f ? 0 : top < INFINITY ? top / 127 : NAN;
}

/* q = round(x * inverse) + bias */
static void quantise(int n, const float *restrict x, float inverse, int bias, uint8_t *restrict q)
{
#pragma omp simd
    for (int i = 0; i < n; i++)
        q[i] = (uint8_t)((int32_t)rintf(x[i] * inverse) + bias);
}

/* The word of `n` <= PER_WORD bytes, the rest `bias`. */
static uint32_t pack_word(const uint8_t *q, int n, int bias)
{
    uint32_t word = 0;
    for (int b = 0; b < PER_WORD; b++)
        word |= (uint32_t)(uint8_t)(b < n ? q[b] : bias) << (8 * b);
    return word;
}

enum { CHUNK = 512 };

/* The sum of n signed numbers. */
static int32_t byte_sum(int n, const uint8_t *q)
{
    int32_t sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int i = 0; i < n; i++)
        sum += (int8_t)q[i];
    return sum;
}

/* words [narrow_units(n)] = x [n]; returns the sum of the numbers when there is no bias. */
static int32_t quantise_words(int n, const float *x, float inverse, int bias, uint32_t *words,
                              int stride)
{
    uint8_t q[CHUNK];
    int32_t sum = 0;
    for (int from = 0; from < n; from += CHUNK) {
        int count = n - from < CHUNK ? n - from : CHUNK, whole = count - count % PER_WORD;
        quantise(count, x + from, inverse, bias, q);
        sum += bias ? 0 : byte_sum(count, q);
        for (int i = 0; i < whole; i += PER_WORD, words += stride)
            *words = pack_word(q + i, PER_WORD, bias);
        if (whole < count)
            *words = pack_word(q + whole, count - whole, bias);
    }
    return sum;
}

static void convert(struct mat a, struct narrow_rows rows)
{
    int units = narrow_units(a.cols, PER_WORD);
    for (int r = 0; r < rows.n; r++) {
        const float *row = mat_row(a, rows.first[r]);
        float top = largest(a.cols, row);
        rows.scales[r] = scale_of(top);
        quantise_words(a.cols, row, top < INFINITY ? inverse_scale(top) : 0, BIAS,
                       narrow_row(rows, units, r), NARROW_STRIPE);
    }
}

/* Column `n` of the weight, x [k]. */
static void pack_column(const float *x, int n, struct narrow_weight *to)
{
    int units = narrow_units(to->k, PER_WORD);
    uint32_t *panel =
        to->panels + (size_t)(n / PANEL) * (size_t)units * PANEL + (size_t)(n % PANEL);
    float top = largest(to->k, x);
    to->scales[n] = scale_of(top);
    to->sums[n] =
        quantise_words(to->k, x, top < INFINITY ? inverse_scale(top) : 0, 0, panel, PANEL);
}

/* Columns [from, from + width) of w [k,n], a panel of the weight. */
static void pack_panel(struct mat w, int from, int width, struct narrow_weight *to)
{
    int units = narrow_units(to->k, PER_WORD);
    uint32_t *panel = to->panels + (size_t)(from / PANEL) * (size_t)units * PANEL;
    float *scales = to->scales + from, inverse[PANEL] = {0};
    int32_t *sums = to->sums + from;
    uint32_t top[PANEL] = {0};
    for (int i = 0; i < w.rows; i++) {
        const float *x = mat_row(w, i) + from;
#pragma omp simd
        for (int j = 0; j < width; j++)
            top[j] = magnitude(x[j]) > top[j] ? magnitude(x[j]) : top[j];
    }
    for (int j = 0; j < width; j++) {
        float largest = value_of(top[j]);
        scales[j] = scale_of(largest);
        inverse[j] = largest < INFINITY ? inverse_scale(largest) : 0;
    }
    for (int i = 0; i < w.rows; i++) {
        const float *x = mat_row(w, i) + from;
        uint32_t *words = panel + (size_t)(i / PER_WORD) * PANEL;
        int shift = 8 * (i % PER_WORD);
#pragma omp simd
        for (int j = 0; j < width; j++) {
            int32_t q = (int32_t)rintf(x[j] * inverse[j]);
            sums[j] += q;
            words[j] |= (uint32_t)(q & 0xFF) << shift;
        }
    }
}

static void pack(struct mat w, bool transposed, const int *rows, struct narrow_weight *to)
{
    assert(to->k <= INT8_DEEPEST);
    size_t units = (size_t)narrow_units(to->k, PER_WORD);
    size_t last = (size_t)((to->n - 1) / PANEL) * PANEL; /* the panel that may be padded */
    size_t from = transposed ? last : 0;
    memset(to->panels + from * units, 0, (last + PANEL - from) * units * sizeof *to->panels);
    memset(to->scales + from, 0, (last + PANEL - from) * sizeof *to->scales);
    memset(to->sums + from, 0, (last + PANEL - from) * sizeof *to->sums);
    for (int n = 0; transposed && n < to->n; n++)
        pack_column(mat_row(w, rows ? rows[n] : n), n, to);
    for (int n = 0; !transposed && n < to->n; n += PANEL)
        pack_panel(w, n, to->n - n < PANEL ? to->n - n : PANEL, to);
}

const struct narrow_kernels SIMD(int8_kernels) = {
    .convert = convert,
    .pack = pack,
    .multiply = multiply,
};

#endif
