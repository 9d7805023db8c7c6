#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "nn/params.h"

static struct params declare_one(int rows, int cols, struct param_init init)
{
    struct params p = {0};
    struct satz_error err = {0};
    assert_int_equal(params_add(&p, "w", rows, cols, init, &err), 0);
    assert_int_equal(params_allocate(&p, &err), 0);
    assert_int_equal(params_initialise(&p, 5, &err), 0);
    return p;
}

static double dot(struct mat m, int a, int b)
{
    double sum = 0;
    for (int k = 0; k < m.cols; k++)
        sum += (double)mat_row(m, a)[k] * (double)mat_row(m, b)[k];
    return sum;
}

static void test_orthogonal_blocks(void **state)
{
    (void)state;
    enum { H = 24, BLOCKS = 4 };
    struct params p =
        declare_one(BLOCKS * H, H, (struct param_init){.kind = PARAM_ORTHOGONAL, .blocks = BLOCKS});
    struct mat m = params_mat(&p, 0);
    for (int block = 0; block < BLOCKS; block++)
        for (int a = 0; a < H; a++)
            for (int b = 0; b <= a; b++)
                assert_true(fabs(dot(m, block * H + a, block * H + b) - (a == b)) < 1e-5);
    /* each block is a draw of its own */
    assert_true(fabs(dot(m, 0, H)) < 0.99);
    assert_memory_not_equal(mat_row(m, 0), mat_row(m, H), H * sizeof(real));
    params_release(&p);
}

static double largest(struct mat m)
{
    double top = 0;
    for (int k = 0; k < m.rows * m.cols; k++)
        top = fmax(top, fabs((double)m.data[k]));
    return top;
}

/* Of n values even in [-bound, bound] hardly ever is the largest below 0.9 bound, n >= 100. */
static void check_uniform(int rows, int cols, struct param_init init, double bound)
{
    struct params p = declare_one(rows, cols, init);
    struct mat m = params_mat(&p, 0);
    double sum = 0;
    for (int k = 0; k < rows * cols; k++)
        sum += (double)m.data[k];
    assert_true(largest(m) <= bound * (1 + 1e-6));
    assert_true(largest(m) > 0.9 * bound);
    assert_true(fabs(sum / (rows * cols)) < 0.2 * bound);
    params_release(&p);
}

static void test_bounds(void **state)
{
    (void)state;
    struct param_init xavier = {.kind = PARAM_XAVIER};
    check_uniform(30, 18, xavier, sqrt(6.0 / 48));
    xavier.blocks = 3;
    check_uniform(30, 18, xavier, sqrt(6.0 / 28));
    /* what is not square cannot be orthogonal */
    check_uniform(30, 18, (struct param_init){.kind = PARAM_ORTHOGONAL}, sqrt(6.0 / 48));
    check_uniform(30, 18, (struct param_init){.kind = PARAM_UNIFORM, .value = (real)0.08}, 0.08);
}

static void test_normal(void **state)
{
    (void)state;
    enum { ROWS = 100, COLS = 50 };
    struct params p =
        declare_one(ROWS, COLS, (struct param_init){.kind = PARAM_NORMAL, .value = (real)0.25});
    struct mat m = params_mat(&p, 0);
    double sum = 0, squares = 0;
    for (int k = 0; k < ROWS * COLS; k++) {
        sum += (double)m.data[k];
        squares += (double)m.data[k] * (double)m.data[k];
    }
    assert_true(fabs(sum / (ROWS * COLS)) < 0.02);
    assert_true(fabs(sqrt(squares / (ROWS * COLS)) - 0.25) < 0.01);
    params_release(&p);
}

static void test_segment(void **state)
{
    (void)state;
    struct params p = declare_one(
        1, 20, (struct param_init){.kind = PARAM_SEGMENT, .value = 1, .from = 5, .count = 5});
    for (int k = 0; k < 20; k++)
        assert_true(params_mat(&p, 0).data[k] == (real)(k >= 5 && k < 10));
    params_release(&p);
    p = declare_one(3, 7, (struct param_init){.kind = PARAM_ZERO});
    assert_true(largest(params_mat(&p, 0)) == 0);
    params_release(&p);
}

static void declare_three(struct params *p, const char *first, uint64_t seed)
{
    struct satz_error err = {0};
    struct param_init init = {.kind = PARAM_ORTHOGONAL};
    *p = (struct params){0};
    assert_int_equal(params_add(p, first, 3, 5, init, &err), 0);
    assert_int_equal(params_add(p, "second", 4, 4, init, &err), 1);
    assert_int_equal(params_add(p, "third", 1, 33, init, &err), 2);
    assert_int_equal(params_allocate(p, &err), 0);
    assert_int_equal(params_initialise(p, seed, &err), 0);
}

static void check_same(const struct params *a, const struct params *b, const char *name, bool same)
{
    struct mat x = params_mat(a, params_find(a, name)), y = params_mat(b, params_find(b, name));
    size_t bytes = (size_t)x.rows * (size_t)x.cols * sizeof(real);
    assert_int_equal(memcmp(x.data, y.data, bytes) == 0, same);
}

static void test_draws_depend_on_name_and_seed(void **state)
{
    (void)state;
    struct params p, again, renamed, reseeded, fewer = {0};
    struct satz_error err = {0};
    declare_three(&p, "first", 1);
    declare_three(&again, "first", 1);
    declare_three(&renamed, "other", 1);
    declare_three(&reseeded, "first", 2);
    assert_memory_equal(p.values, again.values, p.size * sizeof(real));
    check_same(&p, &renamed, "second", true);
    check_same(&p, &renamed, "third", true);
    check_same(&p, &reseeded, "second", false);
    check_same(&p, &reseeded, "third", false);
    assert_memory_not_equal(params_mat(&p, 0).data, params_mat(&renamed, 0).data,
                            15 * sizeof(real));

    struct param_init init = {.kind = PARAM_ORTHOGONAL};
    assert_int_equal(params_add(&fewer, "third", 1, 33, init, &err), 0);
    assert_int_equal(params_allocate(&fewer, &err), 0);
    assert_int_equal(params_initialise(&fewer, 1, &err), 0);
    check_same(&p, &fewer, "third", true);

    params_release(&p);
    params_release(&again);
    params_release(&renamed);
    params_release(&reseeded);
    params_release(&fewer);
}

static void test_layout(void **state)
{
    (void)state;
    struct params p;
    struct satz_error err = {0};
    declare_three(&p, "first", 1);
    real *block = params_new_block(&p, &err);
    assert_non_null(block);
    assert_int_equal((uintptr_t)p.values % 64, 0);
    assert_int_equal((uintptr_t)block % 64, 0);
    size_t at = 0;
    for (int i = 0; i < p.count; i++) {
        const struct param *e = &p.entries[i];
        assert_int_equal(e->offset * sizeof(real) % 64, 0);
        assert_true(e->offset >= at);
        for (; at < e->offset; at++)
            assert_true(p.values[at] == 0);
        at += (size_t)e->rows * (size_t)e->cols;
        assert_ptr_equal(params_view(&p, block, i).data, block + e->offset);
    }
    assert_true(at <= p.size);
    for (; at < p.size; at++)
        assert_true(p.values[at] == 0);
    for (size_t k = 0; k < p.size; k++)
        assert_true(block[k] == 0);
    assert_int_equal(params_count_values(&p), 15 + 16 + 33);
    assert_int_equal(params_find(&p, "second"), 1);
    assert_int_equal(params_find(&p, "secon"), -1);
    free(block);
    params_release(&p);
}

static void test_long_name(void **state)
{
    (void)state;
    struct params p = {0};
    struct satz_error err = {0};
    char name[128];
    memset(name, 'x', sizeof name);
    name[sizeof p.entries->name] = '\0';
    assert_int_equal(params_add(&p, name, 1, 1, (struct param_init){.kind = PARAM_ZERO}, &err), -1);
    assert_non_null(strstr(err.message, name));
    name[sizeof p.entries->name - 1] = '\0';
    assert_int_equal(params_add(&p, name, 1, 1, (struct param_init){.kind = PARAM_ZERO}, &err), 0);
    assert_string_equal(p.entries[0].name, name);
    params_release(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_orthogonal_blocks),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_normal),
        cmocka_unit_test(test_segment),
        cmocka_unit_test(test_draws_depend_on_name_and_seed),
        cmocka_unit_test(test_layout),
        cmocka_unit_test(test_long_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
