/* Each kernel at each instruction set of this machine against scalar code in double. */
#include "backends.h"

#include <math.h>
#include <string.h>

#include "compute/kernels.h"

static const int shapes[][2] = {{0, 3}, {1, 1}, {3, 7}, {2, 32}, {5, 64}, {4, 129}, {2, 1001}};

enum { MOST = 2048 };

/* The tables that this processor can run; NULL ends them. */
static const struct kernels *const *tables(void)
{
#if defined(__x86_64__)
    static const struct kernels *const all[] = {&kernels_avx512, &kernels_avx2, &kernels_generic,
                                                NULL};
    return all + (SIMD_LEVEL_AVX512 - simd_level());
#else
    static const struct kernels *const all[] = {&kernels_generic, NULL};
    return all;
#endif
}

static void close_to(double actual, double expected, double size)
{
    if (!(fabs(actual - expected) <= 1e-6 * size))
        fail_msg("%.9g instead of %.9g", actual, expected);
}

static void check_softmax(const struct kernels *k, struct mat x)
{
    struct mat y = random_mat(0, x.rows, x.cols, x.ld);
    real sums[MOST];
    for (int r = 0; r < x.rows; r++)
        for (int c = 0; c < x.cols; c++)
            mat_row(x, r)[c] = 30 * mat_row(x, r)[c] + 500;
    mat_copy(y, x);
    k->log_sum_exp_rows(y, sums);
    k->softmax_rows(y);
    for (int r = 0; r < x.rows; r++) {
        double total = 0;
        for (int c = 0; c < x.cols; c++)
            total += exp((double)mat_row(x, r)[c] - 500);
        close_to((double)sums[r], log(total) + 500, 500);
        for (int c = 0; c < x.cols; c++) {
            double p = exp((double)mat_row(x, r)[c] - 500) / total;
            close_to((double)mat_row(y, r)[c], p, p);
        }
        for (int c = x.cols; c < x.ld; c++)
            assert_true(mat_row(y, r)[c] == 1000);
    }
    free(y.data);
}

static void check_dropout(const struct kernels *k, struct mat x)
{
    struct mat y = random_mat(0, x.rows, x.cols, x.ld);
    mat_copy(y, x);
    k->dropout(y, 0.3, 0x123456789abcdef0, 4000000000u);
    for (int r = 0; r < x.rows; r++)
        for (int c = 0; c < x.cols; c++) {
            uint32_t index = 4000000000u + (uint32_t)(r * x.cols + c);
            bool keep = rng_u32(0x123456789abcdef0, index) >= (uint32_t)(0.3 * 4294967296.0);
            close_to((double)mat_row(y, r)[c], keep ? (double)mat_row(x, r)[c] / 0.7 : 0, 1);
        }
    free(y.data);
}

static void check_rows(const struct kernels *k, struct mat x)
{
    struct mat y = random_mat(0, x.rows, x.cols, x.ld), g = random_mat(5, x.rows, x.cols, x.ld);
    struct mat before = random_mat(5, x.rows, x.cols, x.ld);
    struct mat bias = random_mat(6, 1, x.cols, x.cols), sums = random_mat(6, 1, x.cols, x.cols);
    mat_copy(y, x);
    k->tanh_rows(y);
    k->tanh_backward_rows(g, y);
    for (int r = 0; r < x.rows; r++)
        for (int c = 0; c < x.cols; c++) {
            double t = tanh((double)mat_row(x, r)[c]);
            close_to((double)mat_row(y, r)[c], t, 1);
            close_to((double)mat_row(g, r)[c], (double)mat_row(before, r)[c] * (1 - t * t), 2);
        }
    mat_copy(y, x);
    k->add_bias_rows(y, bias.data);
    k->column_sums(x, sums.data);
    for (int c = 0; c < x.cols; c++) {
        double sum = (double)bias.data[c];
        for (int r = 0; r < x.rows; r++) {
            sum += (double)mat_row(x, r)[c];
            close_to((double)mat_row(y, r)[c], (double)mat_row(x, r)[c] + (double)bias.data[c], 2);
        }
        close_to((double)sums.data[c], sum, 1 + x.rows);
    }
    free(y.data);
    free(g.data);
    free(before.data);
    free(bias.data);
    free(sums.data);
}

static void check_vectors(const struct kernels *k, struct mat m)
{
    size_t n = (size_t)m.rows * (size_t)m.ld;
    double squares = 0;
    for (size_t i = 0; i < n; i++)
        squares += (double)m.data[i] * (double)m.data[i];
    assert_true(fabs(k->sum_of_squares(n, m.data) - squares) <= 1e-13 * squares);
}

static void for_each_shape(void (*check)(const struct kernels *, struct mat))
{
    for (const struct kernels *const *k = tables(); *k; k++)
        for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
            for (int gap = 0; gap < 4; gap += 3) {
                struct mat x = random_mat(s + 1, shapes[s][0], shapes[s][1], shapes[s][1] + gap);
                check(*k, x);
                free(x.data);
            }
}

static void test_softmax(void **state)
{
    (void)state;
    for_each_shape(check_softmax);
}

static void test_dropout(void **state)
{
    (void)state;
    for_each_shape(check_dropout);
}

static void test_rows(void **state)
{
    (void)state;
    for_each_shape(check_rows);
}

static void test_vectors(void **state)
{
    (void)state;
    for_each_shape(check_vectors);
}

static void test_dropout_rate(void **state)
{
    (void)state;
    struct mat x = random_mat(1, 100, 1000, 1000);
    for (int i = 0; i < 100000; i++)
        x.data[i] = 1;
    kernels_best()->dropout(x, 0.25, 42, 0);
    double mean = 0;
    for (int i = 0; i < 100000; i++)
        mean += (double)x.data[i] / 100000;
    assert_true(fabs(mean - 1) < 0.01); /* 5 standard deviations are 0.009 */
    kernels_best()->dropout(x, 0, 42, 0);
    double same = 0;
    for (int i = 0; i < 100000; i++)
        same += (double)x.data[i] / 100000;
    assert_true(same == mean);
    free(x.data);
}

/* NaN must not be lost on its way to the trainer's check. */
static void test_nan(void **state)
{
    (void)state;
    for (const struct kernels *const *k = tables(); *k; k++)
        for (int at = 0; at < 70; at++) {
            struct mat x = random_mat(1, 1, 70, 70);
            real sum = 0;
            x.data[at] = NAN;
            (*k)->log_sum_exp_rows(x, &sum);
            assert_true(isnan(sum));
            assert_true(isnan((*k)->sum_of_squares(70, x.data)));
            (*k)->softmax_rows(x);
            assert_true(isnan(x.data[(at + 1) % 70]));
            free(x.data);
        }
}

/* The same bits at every alignment. */
static void test_alignment(void **state)
{
    (void)state;
    enum { N = 333 };
    for (const struct kernels *const *k = tables(); *k; k++) {
        real buffer[N + 16], first[N], sums[2];
        for (size_t shift = 0; shift < 16; shift++) {
            struct mat values = random_mat(1, 1, N, N), x = mat_make(buffer + shift, 1, N);
            mat_copy(x, values);
            size_t i = shift > 0;
            double squares = (*k)->sum_of_squares(N, x.data);
            assert_true(squares == (*k)->sum_of_squares(N, values.data));
            (*k)->log_sum_exp_rows(x, &sums[i]);
            (*k)->tanh_rows(x);
            (*k)->softmax_rows(x);
            if (shift == 0)
                memcpy(first, x.data, sizeof first);
            assert_memory_equal(x.data, first, sizeof first);
            assert_true(sums[i] == sums[0]);
            free(values.data);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_softmax),   cmocka_unit_test(test_dropout),
        cmocka_unit_test(test_rows),      cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_nan),       cmocka_unit_test(test_dropout_rate),
        cmocka_unit_test(test_alignment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
