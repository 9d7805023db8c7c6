/* Dropout over packed words: which elements share a mask, and how large the survivors are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "nn/rnn.h"

enum { ROWS = 40, WIDTH = 16, STEPS = 5 };

struct fixture {
    struct sequence seq;
    struct pass pass;
    struct mat x;
    int ids[ROWS * STEPS];
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    int lengths[ROWS];
    for (int r = 0; r < ROWS; r++)
        lengths[r] = r < ROWS / 2 ? STEPS : 2;
    assert_int_equal(sequence_plan(&f->seq, lengths, ROWS, NULL), 0);
    f->pass = (struct pass){.kernels = kernels_best(), .dropout = true, .key = 3};
    f->x = mat_make(malloc(sizeof(real) * WIDTH * (size_t)f->seq.total), f->seq.total, WIDTH);
    for (int i = 0; i < f->seq.total; i++) {
        f->ids[i] = i % 7;
        for (int j = 0; j < WIDTH; j++)
            mat_row(f->x, i)[j] = 1;
    }
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    sequence_release(&f->seq);
    free(f->x.data);
    free(f);
    return 0;
}

/* Share of zeros; the others must be `factor`. */
static double zeros(struct mat x, real factor)
{
    int n = 0;
    for (int i = 0; i < x.rows; i++)
        for (int j = 0; j < x.cols; j++) {
            real value = mat_row(x, i)[j];
            assert_true(value == 0 || value == factor);
            n += value == 0;
        }
    return (double)n / (x.rows * x.cols);
}

/* Whether row r has one mask at all its steps. */
static bool same_mask(const struct fixture *f, int r)
{
    for (int step = 1; step < f->seq.length[r]; step++)
        if (memcmp(mat_row(f->x, f->seq.offset[step] + r), mat_row(f->x, r),
                   WIDTH * sizeof(real)) != 0)
            return false;
    return true;
}

static void test_words_have_masks_of_their_own(void **state)
{
    struct fixture *f = *state;
    pass_dropout_words(&f->pass, 1, (real)0.25, false, &f->seq, f->x);
    double share = zeros(f->x, 1 / (real)0.75);
    assert_true(share > 0.2 && share < 0.3);
    assert_false(same_mask(f, 0));
}

static void test_variational_masks_last_a_sentence(void **state)
{
    struct fixture *f = *state;
    pass_dropout_words(&f->pass, 1, (real)0.25, true, &f->seq, f->x);
    double share = zeros(f->x, 1 / (real)0.75);
    assert_true(share > 0.2 && share < 0.3);
    for (int r = 0; r < ROWS; r++)
        assert_true(same_mask(f, r));
    assert_memory_not_equal(mat_row(f->x, 0), mat_row(f->x, 1), WIDTH * sizeof(real));
}

static void test_words_are_dropped_whole(void **state)
{
    struct fixture *f = *state;
    pass_drop_words(&f->pass, 1, (real)0.5, 0, NULL, f->x);
    double share = zeros(f->x, 2);
    assert_true(share > 0.35 && share < 0.65);
    for (int i = 0; i < f->x.rows; i++)
        for (int j = 1; j < WIDTH; j++)
            assert_true(mat_row(f->x, i)[j] == mat_row(f->x, i)[0]);
}

static void test_variational_words_share_their_fate(void **state)
{
    struct fixture *f = *state;
    for (int step = 0; step < STEPS; step++) {
        int at = f->seq.offset[step];
        pass_drop_words(&f->pass, 1, (real)0.5, 0, f->ids + at,
                        mat_rows(f->x, at, sequence_active(&f->seq, step)));
    }
    int differ = 0;
    for (int r = 0; r < ROWS / 2; r++)
        for (int a = 0; a < STEPS; a++)
            for (int b = 0; b < a; b++) {
                int i = f->seq.offset[a] + r, k = f->seq.offset[b] + r;
                bool same = mat_row(f->x, i)[0] == mat_row(f->x, k)[0];
                if (f->ids[i] == f->ids[k])
                    assert_true(same);
                differ += !same;
            }
    assert_true(differ > 0);
}

static void test_nothing_is_dropped_outside_training(void **state)
{
    struct fixture *f = *state;
    f->pass.dropout = false;
    pass_dropout_words(&f->pass, 1, (real)0.5, true, &f->seq, f->x);
    pass_drop_words(&f->pass, 1, (real)0.5, 0, f->ids, f->x);
    struct rnn rnn = {.options = {.hidden = WIDTH, .dropout = (real)0.5, .site = 9}};
    rnn_fill_keep(&f->pass, &rnn, 0, mat_rows(f->x, 0, 3));
    assert_true(zeros(f->x, 1) == 0);
}

/* The rows of one step have the same factors whatever part of the batch is asked for. */
static void test_factors_of_the_candidates(void **state)
{
    struct fixture *f = *state;
    real row[3 * WIDTH];
    struct rnn rnn = {.options = {.hidden = WIDTH, .dropout = (real)0.5, .site = 9}};
    rnn_fill_keep(&f->pass, &rnn, 0, f->x);
    double share = zeros(f->x, 2);
    assert_true(share > 0.45 && share < 0.55);
    rnn_fill_keep(&f->pass, &rnn, 20, mat_make(row, 3, WIDTH));
    assert_memory_equal(row, mat_row(f->x, 20), sizeof row);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_words_have_masks_of_their_own),
        TEST(test_variational_masks_last_a_sentence),
        TEST(test_words_are_dropped_whole),
        TEST(test_variational_words_share_their_fate),
        TEST(test_nothing_is_dropped_outside_training),
        TEST(test_factors_of_the_candidates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
