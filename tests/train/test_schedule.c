/* The learning rate over a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "train/schedule.h"

enum { BATCHES = 40 }; /* an epoch's */

static double rate(const struct recipe *recipe, uint64_t step)
{
    struct schedule_state state = {.factor = 1};
    struct schedule_time time = {.step = step, .epochs = (double)(step - 1) / BATCHES};
    return schedule_find(recipe->schedule.name)->rate(recipe, &state, time);
}

static struct recipe cosine(const char *length)
{
    struct recipe r;
    struct satz_error err;
    recipe_defaults(&r);
    assert_int_equal(recipe_set(&r, "schedule.name=cosine", &err), 0);
    assert_int_equal(recipe_set(&r, "schedule.warmup=10", &err), 0);
    assert_int_equal(recipe_set(&r, "schedule.minimum_rate=0.01", &err), 0);
    assert_int_equal(recipe_set(&r, "optimizer.rate=1", &err), 0);
    assert_int_equal(recipe_set(&r, length, &err), 0);
    return r;
}

/* 210 updates: up to the peak in 10, half the way down after 110. */
static void test_cosine(void **state)
{
    (void)state;
    struct recipe r = cosine("schedule.length=210");
    assert_float_equal(rate(&r, 1), 0.1, 1e-6);
    assert_float_equal(rate(&r, 10), 1, 1e-6);
    assert_float_equal(rate(&r, 110), 0.505, 1e-6);
    assert_float_equal(rate(&r, 210), 0.01, 1e-6);
    assert_float_equal(rate(&r, 999), 0.01, 1e-6);
    recipe_release(&r);
}

/* Without a length it ends with the run: 5 epochs or 200 updates. */
static void test_cosine_of_a_run(void **state)
{
    (void)state;
    static const char *const ends[] = {"train.epochs=5", "train.updates=200"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        struct recipe r = cosine(ends[i]), same = cosine("schedule.length=200");
        for (uint64_t step = 1; step <= 5 * BATCHES; step++)
            assert_float_equal(rate(&r, step), rate(&same, step), 1e-6);
        recipe_release(&r);
        recipe_release(&same);
    }
}

/* Before there is an epoch to go by, as in a probe, the rate stays at its peak. */
static void test_cosine_without_a_past(void **state)
{
    (void)state;
    struct recipe r = cosine("train.epochs=5");
    struct schedule_state none = {.factor = 1};
    struct schedule_time time = {.step = 20};
    assert_float_equal(schedule_find("cosine")->rate(&r, &none, time), 1, 1e-6);
    recipe_release(&r);
}

/* A run that ends within the warm-up only rises. */
static void test_cosine_of_a_short_run(void **state)
{
    (void)state;
    struct recipe r = cosine("train.epochs=1");
    r.schedule.warmup = 2 * BATCHES;
    assert_float_equal(rate(&r, BATCHES), 0.5, 1e-6);
    recipe_release(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cosine),
        cmocka_unit_test(test_cosine_of_a_run),
        cmocka_unit_test(test_cosine_without_a_past),
        cmocka_unit_test(test_cosine_of_a_short_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
