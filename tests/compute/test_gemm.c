/* Every backend's products against a triple loop in double. */
#include "backends.h"

#include <math.h>
#include <string.h>

#include "base/parallel.h"

static double element(struct mat m, bool transpose, int row, int col)
{
    return transpose ? mat_row(m, col)[row] : mat_row(m, row)[col];
}

/* Asserts |c - (beta before + op(a) op(b))| <= 1e-6 (1 + sum of the terms' sizes), gaps untouched.
 */
static void check_product(bool ta, bool tb, struct mat a, struct mat b, real beta,
                          struct mat before, struct mat c)
{
    int k = ta ? a.rows : a.cols;
    for (int r = 0; r < c.rows; r++) {
        for (int n = 0; n < c.cols; n++) {
            double sum = beta != 0 ? mat_row(before, r)[n] : 0, size = fabs(sum);
            for (int i = 0; i < k; i++) {
                double term = element(a, ta, r, i) * element(b, tb, i, n);
                sum += term;
                size += fabs(term);
            }
            assert_true(fabs(mat_row(c, r)[n] - sum) <= 1e-6 * (1 + size));
        }
        for (int n = c.cols; n < c.ld; n++)
            assert_true(mat_row(c, r)[n] == 1000);
    }
}

static const int sizes[][3] = {
    {1, 1, 1},    {3, 5, 7},    {0, 4, 4},    {5, 3, 0},     {17, 33, 65},   {64, 64, 64},
    {65, 31, 48}, {2, 700, 30}, {130, 40, 9}, {200, 96, 80}, {30, 2500, 16}, {26, 40, 2500},
};

static void check_gemm(const struct compute_backend *backend, struct compute *c, const int *size,
                       int variant)
{
    bool ta = variant & 1, tb = variant & 2;
    real beta = variant & 4 ? (real)1 : (real)0;
    int gap = variant & 8 ? 5 : 0;
    int m = size[0], n = size[1], k = size[2];
    struct mat a = ta ? random_mat(1, k, m, m + gap + 1) : random_mat(1, m, k, k + gap + 1);
    struct mat b = tb ? random_mat(2, n, k, k + gap + 1) : random_mat(2, k, n, n + gap);
    struct mat before = random_mat(3, m, n, n + gap), out = random_mat(3, m, n, n + gap);
    if (beta == 0)
        for (int r = 0; r < m; r++)
            for (int i = 0; i < n; i++)
                mat_row(out, r)[i] = NAN;
    backend->gemm(c, ta, tb, a, b, beta, out);
    check_product(ta, tb, a, b, beta, before, out);
    free(a.data);
    free(b.data);
    free(before.data);
    free(out.data);
}

/* Packs twice, so that the second packing must replace the first. */
static void check_packed(const struct compute_backend *backend, struct compute *c, const int *size,
                         int variant)
{
    bool tb = variant & 2;
    real beta = variant & 4 ? (real)1 : (real)0;
    int gap = variant & 8 ? 5 : 0;
    int m = size[0], n = size[1], k = size[2];
    if (k == 0)
        return;
    struct mat a = random_mat(1, m, k, k + gap);
    struct mat stale = random_mat(4, k, n, n);
    struct mat b = tb ? random_mat(2, n, k, k + gap + 1) : random_mat(2, k, n, n + gap);
    struct mat before = random_mat(3, m, n, n + gap), out = random_mat(3, m, n, n + gap);
    if (beta == 0)
        for (int r = 0; r < m; r++)
            for (int i = 0; i < n; i++)
                mat_row(out, r)[i] = NAN;
    struct packed *p = backend->pack_new(c, k, n, NULL);
    assert_non_null(p);
    backend->pack(c, p, stale, false);
    backend->pack(c, p, b, tb);
    backend->gemm_packed(c, a, p, beta, out);
    check_product(false, tb, a, b, beta, before, out);
    backend->pack_free(p);
    free(a.data);
    free(b.data);
    free(stale.data);
    free(before.data);
    free(out.data);
}

static void for_each_case(void (*check)(const struct compute_backend *, struct compute *,
                                        const int *, int))
{
    struct satz_error err;
    int n_supported = 0;
    for (int i = 0; compute_backends[i]; i++) {
        const struct compute_backend *backend = compute_backends[i];
        if (backend->supported(COMPUTE_F32, &err) != 0) {
            print_message("%s\n", err.message);
            continue;
        }
        n_supported++;
        struct compute *c = backend->new (COMPUTE_F32, &err);
        assert_non_null(c);
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
            for (int variant = 0; variant < 16; variant++)
                check(backend, c, sizes[s], variant);
        backend->free(c);
    }
    assert_true(n_supported > 0);
}

static void test_gemm(void **state)
{
    (void)state;
    for_each_case(check_gemm);
}

static void test_gemm_packed(void **state)
{
    (void)state;
    for_each_case(check_packed);
}

/* The columns of the product with a whole weight, to the bit, whatever was in the room before. */
static void check_rows(const struct compute_backend *backend, enum compute_precision precision)
{
    enum { M = 7, N = 90, K = 41, SOME = 37 };
    struct satz_error err;
    struct compute *c = backend->new (precision, &err);
    if (!c || !backend->pack_rows) {
        backend->free(c);
        return;
    }
    struct packed *whole = backend->pack_new(c, K, N, &err);
    struct packed *some = backend->pack_new(c, K, N - 10, &err);
    struct mat a = random_mat(1, M, K, K), w = random_mat(2, N, K, K + 2);
    struct mat all = random_mat(3, M, N, N), part = random_mat(4, M, SOME, SOME + 1);
    int rows[N - 10];
    for (int i = 0; i < N - 10; i++)
        rows[i] = N - 1 - i;
    backend->pack(c, whole, w, true);
    backend->gemm_packed(c, a, whole, 0, all);
    backend->pack_rows(c, some, w, rows, N - 10);
    for (int i = 0; i < SOME; i++)
        rows[i] = (i * 29 + 3) % N;
    backend->pack_rows(c, some, w, rows, SOME);
    backend->gemm_packed(c, a, some, 0, part);
    for (int r = 0; r < M; r++)
        for (int i = 0; i < SOME; i++)
            assert_true(mat_row(part, r)[i] == mat_row(all, r)[rows[i]]);
    backend->pack_free(whole);
    backend->pack_free(some);
    backend->free(c);
    free(a.data);
    free(w.data);
    free(all.data);
    free(part.data);
}

static void test_pack_rows(void **state)
{
    (void)state;
    assert_non_null(compute_backends[0]->pack_rows);
    for (int i = 0; compute_backends[i]; i++)
        for (int p = COMPUTE_F32; p <= COMPUTE_INT8; p++)
            check_rows(compute_backends[i], (enum compute_precision)p);
}

/* More shapes than the first table of primitives holds, then the first again. */
static void test_many_shapes(void **state)
{
    (void)state;
    const struct compute_backend *backend = compute_find("auto", COMPUTE_F32, NULL);
    assert_non_null(backend);
    struct compute *c = backend->new (COMPUTE_F32, NULL);
    assert_non_null(c);
    for (int i = 0; i < 300; i++) {
        int size[] = {1 + i % 150, 9, 4 + (i >= 150)};
        check_packed(backend, c, size, 0);
    }
    for (int i = 0; i < 150; i++) {
        int size[] = {1 + i, 9, 4};
        check_packed(backend, c, size, 0);
    }
    backend->free(c);
}

struct shared {
    const struct compute_backend *backend;
    struct compute *computes[4];
    struct packed *weight;
    struct mat a, b, out[64], gradient[64];
};

static void multiply_task(void *user, int index, int worker)
{
    struct shared *s = user;
    struct compute *c = s->computes[worker];
    struct mat a = mat_rows(s->a, 0, 20 + index % 8);
    s->backend->gemm_packed(c, a, s->weight, 0, s->out[index]);
    s->backend->gemm(c, true, false, s->out[index], a, 0, s->gradient[index]);
}

/* Four threads, each with its own compute, share a packed weight; the bits are those of one. */
static void check_threads(const struct compute_backend *backend)
{
    enum { K = 100, N = 70 };
    struct shared s = {.backend = backend, .a = random_mat(1, 28, K, K)};
    s.b = random_mat(2, N, K, K);
    for (int i = 0; i < 4; i++)
        assert_non_null(s.computes[i] = backend->new (COMPUTE_F32, NULL));
    assert_non_null(s.weight = backend->pack_new(s.computes[0], K, N, NULL));
    struct mat expected[2][64];
    for (int n_threads = 1; n_threads <= 4; n_threads += 3) {
        /* any thread's handle may fill it, and fill it again */
        backend->pack(s.computes[n_threads - 1], s.weight, s.b, true);
        for (int i = 0; i < 64; i++) {
            s.out[i] = random_mat(3, 20 + i % 8, N, N);
            s.gradient[i] = random_mat(3, N, K, K);
        }
        parallel_for(n_threads, 64, multiply_task, &s);
        for (int i = 0; i < 64; i++) {
            if (n_threads == 1) {
                expected[0][i] = s.out[i];
                expected[1][i] = s.gradient[i];
                continue;
            }
            struct mat pairs[][2] = {{s.out[i], expected[0][i]}, {s.gradient[i], expected[1][i]}};
            for (int p = 0; p < 2; p++) {
                size_t size = (size_t)pairs[p][0].rows * (size_t)pairs[p][0].cols * sizeof(real);
                assert_memory_equal(pairs[p][0].data, pairs[p][1].data, size);
                free(pairs[p][0].data);
                free(pairs[p][1].data);
            }
        }
    }
    for (int i = 0; i < 4; i++)
        backend->free(s.computes[i]);
    backend->pack_free(s.weight);
    free(s.a.data);
    free(s.b.data);
}

static void test_threads(void **state)
{
    (void)state;
    for (int i = 0; compute_backends[i]; i++)
        if (compute_backends[i]->supported(COMPUTE_F32, NULL) == 0)
            check_threads(compute_backends[i]);
}

static void test_find(void **state)
{
    (void)state;
    struct satz_error err;
    const struct compute_backend *best = compute_find("auto", COMPUTE_F32, &err);
    assert_non_null(best);
    assert_ptr_equal(compute_find(best->name, COMPUTE_F32, &err), best);
    assert_string_equal(compute_find("openblas", COMPUTE_F32, &err)->name, "openblas");
    assert_null(compute_find("abacus", COMPUTE_F32, &err));
    assert_non_null(strstr(err.message, "'abacus'"));
    assert_non_null(strstr(err.message, "openblas"));
    assert_non_null(compute_find("auto", COMPUTE_INT8, &err));
    assert_null(compute_find("onednn", COMPUTE_INT8, &err));
    assert_non_null(strstr(err.message, "f32"));
    enum compute_precision precision;
    assert_int_equal(compute_precision_find("auto", &precision, &err), 0);
    assert_int_equal(precision, COMPUTE_F32);
    assert_int_equal(compute_precision_find("int8", &precision, &err), 0);
    assert_int_equal(precision, COMPUTE_INT8);
    assert_int_equal(compute_precision_find("fp4", &precision, &err), -1);
    assert_non_null(strstr(err.message, "auto, f32, bf16, int8"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gemm),      cmocka_unit_test(test_gemm_packed),
        cmocka_unit_test(test_pack_rows), cmocka_unit_test(test_many_shapes),
        cmocka_unit_test(test_threads),   cmocka_unit_test(test_find),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
