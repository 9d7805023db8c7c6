#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/parallel.h"

enum { TASKS = 100 };

struct tally {
    int runs[TASKS], worker[TASKS];
    volatile float tiny, product[TASKS];
};

static void task(void *user, int index, int worker)
{
    struct tally *t = user;
    t->runs[index]++;
    t->worker[index] = worker;
    t->product[index] = t->tiny * 0.5f;
}

static void test_each_task_once(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 5; threads++) {
        struct tally t = {.tiny = 1};
        parallel_for(threads, TASKS, task, &t);
        for (int i = 0; i < TASKS; i++) {
            assert_int_equal(t.runs[i], 1);
            assert_in_range(t.worker[i], 0, threads - 1);
        }
    }
    struct tally none = {.tiny = 1};
    parallel_for(3, 0, task, &none);
    assert_int_equal(none.runs[0], 0);
}

/* A training step on denormal gradients took three times as long. */
static void test_no_denormals_inside(void **state)
{
    (void)state;
#if defined(__SSE2__)
    for (int threads = 1; threads <= 3; threads++) {
        struct tally t = {.tiny = 0x1p-126f};
        parallel_for(threads, TASKS, task, &t);
        for (int i = 0; i < TASKS; i++)
            assert_true(t.product[i] == 0);
        assert_true(t.tiny * 0.5f != 0); /* and the caller's arithmetic is as before */
    }
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_task_once),
        cmocka_unit_test(test_no_denormals_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
