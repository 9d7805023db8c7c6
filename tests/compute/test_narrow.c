/* Products of 8-bit integers and of brain floats against their definitions. */
#include "backends.h"

#include <math.h>
#include <string.h>

#include "compute/narrow.h"

static const int sizes[][3] = {{1, 1, 1},     {2, 40, 9},  {3, 70, 30}, {5, 33, 64},  {12, 64, 7},
                               {13, 300, 65}, {30, 31, 5}, {61, 96, 8}, {49, 17, 700}};

struct product {
    struct mat a, w, before, out;
    int m, n, k;
    bool transposed;
    real beta;
};

static void product_init(struct product *p, const int *size, int variant)
{
    *p = (struct product){.m = size[0], .n = size[1], .k = size[2], .transposed = variant & 1};
    p->beta = variant & 2 ? (real)1 : (real)0;
    p->a = random_mat(1, p->m, p->k, p->k + 3);
    p->w = p->transposed ? random_mat(2, p->n, p->k, p->k + 1) : random_mat(2, p->k, p->n, p->n);
    p->before = random_mat(3, p->m, p->n, p->n + 5);
    p->out = random_mat(3, p->m, p->n, p->n + 5);
    for (int r = 3; r < p->m; r += 4) /* equal rows */
        mat_copy(mat_rows(p->a, r, 1), mat_rows(p->a, r - 2, 1));
}

static void product_release(struct product *p)
{
    free(p->a.data);
    free(p->w.data);
    free(p->before.data);
    free(p->out.data);
}

static real weight(const struct product *p, int i, int n)
{
    return p->transposed ? mat_row(p->w, n)[i] : mat_row(p->w, i)[n];
}

/* Runs the table itself, so that each is tested on any processor that can. */
static void multiply(const struct narrow_kernels *kernels, int per_word, struct product *p)
{
    size_t columns = (size_t)((p->n + PANEL - 1) / PANEL) * PANEL;
    int units = narrow_units(p->k, per_word);
    struct narrow_weight w = {.k = p->k, .n = p->n};
    w.panels = aligned_alloc(64, columns * (size_t)units * 4);
    w.scales = aligned_alloc(64, columns * 4);
    w.sums = aligned_alloc(64, columns * 4);
    uint32_t *memory = malloc(narrow_rows_size(p->m, units) * 4);
    assert_true(w.panels && w.scales && w.sums && memory);
    kernels->pack(p->w, p->transposed, NULL, &w);
    struct narrow_rows rows = narrow_rows_find(p->a, units, memory);
    kernels->convert(p->a, rows);
    kernels->multiply(rows, &w, p->beta, p->out);
    free(w.panels);
    free(w.scales);
    free(w.sums);
    free(memory);
}

static float largest(const struct product *p, int row, int column)
{
    float top = 0;
    for (int i = 0; i < p->k; i++)
        top = fmaxf(top, fabsf(row >= 0 ? mat_row(p->a, row)[i] : weight(p, i, column)));
    return top;
}

/* The definition in narrow.h, in the order of its roundings. */
static float int8_element(const struct product *p, int r, int n)
{
    float top_a = largest(p, r, 0), top_w = largest(p, -1, n);
    long sum = 0;
    for (int i = 0; i < p->k; i++)
        sum +=
            lrintf(mat_row(p->a, r)[i] * (127 / top_a)) * lrintf(weight(p, i, n) * (127 / top_w));
    float scale = top_w / 127 * (top_a / 127);
    float product = (float)sum * scale;
    return p->beta != 0 ? product + mat_row(p->before, r)[n] : product;
}

static void check_int8(const struct narrow_kernels *kernels)
{
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (int variant = 0; variant < 4; variant++) {
            struct product p;
            product_init(&p, sizes[s], variant);
            multiply(kernels, INT8_PER_WORD, &p);
            for (int r = 0; r < p.m; r++) {
                for (int n = 0; n < p.n; n++)
                    assert_true(mat_row(p.out, r)[n] == int8_element(&p, r, n));
                for (int n = p.n; n < p.out.ld; n++)
                    assert_true(mat_row(p.out, r)[n] == 1000);
            }
            product_release(&p);
        }
}

static void test_int8_is_exact(void **state)
{
    (void)state;
    check_int8(&int8_kernels_generic);
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2"))
        check_int8(&int8_kernels_avx2);
    if (__builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw"))
        check_int8(&int8_kernels_avx512);
#endif
}

/* The largest sums that 8 bits can give do not saturate. */
static void test_int8_extremes(void **state)
{
    (void)state;
    struct product p;
    product_init(&p, (const int[]){3, 40, 4096}, 1);
    for (int i = 0; i < p.k; i++)
        for (int n = 0; n < p.n; n++)
            mat_row(p.w, n)[i] = n % 2 ? -1 : 1;
    for (int r = 0; r < p.m; r++)
        for (int i = 0; i < p.k; i++)
            mat_row(p.a, r)[i] = r ? -2 : 2;
    multiply(narrow_find(COMPUTE_INT8, NULL), INT8_PER_WORD, &p);
    for (int r = 0; r < p.m; r++)
        for (int n = 0; n < p.n; n++)
            assert_float_equal(mat_row(p.out, r)[n],
                               (float)(2 * p.k) * ((r > 0) == n % 2 ? 1.0f : -1.0f), 0.01f);
    product_release(&p);
}

/* Zeros give zeros, and what is not a number is not hidden. */
static void test_int8_unusual_rows(void **state)
{
    (void)state;
    struct product p;
    product_init(&p, (const int[]){6, 40, 30}, 1);
    mat_zero(mat_rows(p.a, 0, 1));
    mat_row(p.a, 1)[7] = NAN;
    mat_row(p.a, 2)[29] = -INFINITY;
    for (int i = 0; i < p.k; i++)
        mat_row(p.a, 4)[i] = 1e-40f;
    multiply(narrow_find(COMPUTE_INT8, NULL), INT8_PER_WORD, &p);
    for (int n = 0; n < p.n; n++) {
        assert_true(mat_row(p.out, 0)[n] == 0);
        assert_true(isnan(mat_row(p.out, 1)[n]));
        assert_true(isnan(mat_row(p.out, 2)[n]));
        assert_true(isfinite(mat_row(p.out, 3)[n]));
        assert_true(mat_row(p.out, 4)[n] == 0);
    }
    product_release(&p);
}

static double brain(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    bits = (bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000;
    memcpy(&x, &bits, sizeof x);
    return (double)x;
}

static void test_bf16(void **state)
{
    (void)state;
    struct satz_error err;
    const struct narrow_kernels *kernels = narrow_find(COMPUTE_BF16, &err);
    if (!kernels) {
        assert_non_null(strstr(err.message, "AVX512_BF16"));
        skip();
    }
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (int variant = 0; variant < 4; variant++) {
            struct product p;
            product_init(&p, sizes[s], variant);
            multiply(kernels, BF16_PER_WORD, &p);
            for (int r = 0; r < p.m; r++)
                for (int n = 0; n < p.n; n++) {
                    double sum = p.beta != 0 ? (double)mat_row(p.before, r)[n] : 0, size = 1;
                    for (int i = 0; i < p.k; i++) {
                        double term = brain(mat_row(p.a, r)[i]) * brain(weight(&p, i, n));
                        sum += term;
                        size += fabs(term);
                    }
                    assert_true(fabs((double)mat_row(p.out, r)[n] - sum) <= 1e-6 * size);
                }
            product_release(&p);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_int8_is_exact),
        cmocka_unit_test(test_int8_extremes),
        cmocka_unit_test(test_int8_unusual_rows),
        cmocka_unit_test(test_bf16),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
