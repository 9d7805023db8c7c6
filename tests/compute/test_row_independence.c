/* gemm_packed gives a row of C the same bits whatever the number of rows and its place among them:
 * on this processor as it is, and as lesser ones (the libraries obey an environment variable that
 * they read when loaded, so this program runs itself again under each). */
#include "backends.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_ROWS = 200 };

static const int counts[] = {1, 2, 3, 5, 7, 16, 24, 40, 64, 65, 127, 128, 200};
static const int weights[][2] = {
    /* k, n */ {5, 17}, {64, 64},   {33, 48},   {512, 256},
    {100, 1000},        {700, 300}, {2100, 40},
};

/* Rows of `out` that differ from those of `whole` at the same place. */
static int count_different(struct mat out, struct mat whole)
{
    int different = 0;
    for (int r = 0; r < out.rows; r++)
        different +=
            memcmp(mat_row(out, r), mat_row(whole, r), (size_t)out.cols * sizeof(real)) != 0;
    return different;
}

/* 1 when some row depends on the others, 0 when none does. */
static int check_backend(const struct compute_backend *backend, enum compute_precision precision,
                         int k, int n, bool transposed, real beta)
{
    struct compute *c = backend->new (precision, NULL);
    struct packed *p = backend->pack_new(c, k, n, NULL);
    struct mat w = transposed ? random_mat(1, n, k, k) : random_mat(1, k, n, n);
    struct mat a = random_mat(2, MOST_ROWS, k, k);
    struct mat before = random_mat(3, MOST_ROWS, n, n);
    struct mat whole = random_mat(3, MOST_ROWS, n, n), out = random_mat(3, MOST_ROWS, n, n);
    backend->pack(c, p, w, transposed);
    backend->gemm_packed(c, a, p, beta, whole);
    int different = 0;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        int m = counts[i], step = m > MOST_ROWS / 8 ? m / 2 + 1 : 11;
        for (int from = 0; from + m <= MOST_ROWS; from += step) {
            struct mat part = mat_rows(out, from, m);
            mat_copy(part, mat_rows(before, from, m));
            backend->gemm_packed(c, mat_rows(a, from, m), p, beta, part);
            int wrong = count_different(part, mat_rows(whole, from, m));
            if (wrong)
                printf("%s precision %d k %d n %d m %d from %d: %d rows differ\n", backend->name,
                       (int)precision, k, n, m, from, wrong);
            different += wrong;
        }
    }
    free(w.data);
    free(a.data);
    free(before.data);
    free(whole.data);
    free(out.data);
    backend->pack_free(p);
    backend->free(c);
    return different != 0;
}

static int check_all(const struct compute_backend *backend)
{
    int failed = 0;
    for (enum compute_precision p = COMPUTE_F32; p <= COMPUTE_INT8; p++)
        for (size_t i = 0; i < sizeof weights / sizeof *weights; i++)
            for (int variant = 0; backend->supported(p, NULL) == 0 && variant < 4; variant++)
                failed |= check_backend(backend, p, weights[i][0], weights[i][1], variant & 1,
                                        (real)(variant >> 1));
    return failed;
}

/* Runs this program for one backend with the variable set. */
static void check_as(const char *backend, const char *variable, const char *value)
{
    fflush(stdout);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        setenv(variable, value, 1);
        execl("/proc/self/exe", "test_row_independence", backend, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_msg("%s depends on the number of rows with %s=%s", backend, variable, value);
}

static void test_openblas(void **state)
{
    (void)state;
    check_as("openblas", "SATZ_SIMD", "avx512");
    check_as("openblas", "SATZ_SIMD", "avx2");
    check_as("openblas", "SATZ_SIMD", "generic");
    check_as("openblas", "OPENBLAS_CORETYPE", "Haswell");
}

static void test_onednn(void **state)
{
    (void)state;
    check_as("onednn", "ONEDNN_VERBOSE", "0");
    check_as("onednn", "ONEDNN_MAX_CPU_ISA", "AVX512_CORE");
    check_as("onednn", "ONEDNN_MAX_CPU_ISA", "AVX2");
}

int main(int argc, char **argv)
{
    if (argc == 2) {
        const struct compute_backend *backend = compute_find(argv[1], COMPUTE_F32, NULL);
        return backend ? check_all(backend) : 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_openblas),
        cmocka_unit_test(test_onednn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
