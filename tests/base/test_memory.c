/* Heap and arena: alignment, overflow, and that a measured plan is the one laid out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/memory.h"

/* Sanitizers would otherwise end the program where malloc has to return NULL; they find this by
 * name, which hidden it has not. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

static void test_heap(void **state)
{
    (void)state;
    struct satz_error err = {0};
    assert_null(memory_new(SIZE_MAX / 2, 4, &err));
    assert_memory_equal(err.message, "out of memory", 13);
    assert_null(memory_new_aligned(SIZE_MAX / 2, 4, NULL));
    assert_null(memory_new_aligned(SIZE_MAX - 10, 1, NULL));
    char *zeros = memory_new(3, 5, &err);
    for (int i = 0; i < 15; i++)
        assert_int_equal(zeros[i], 0);
    free(zeros);
    for (size_t n = 0; n < 200; n += 33) {
        void *p = memory_new_aligned(n, 1, &err);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 64, 0);
        free(p);
    }
    char *copy = memory_copy_string("text", &err);
    assert_string_equal(copy, "text");
    free(copy);
}

static void test_grow(void **state)
{
    (void)state;
    int *data = NULL;
    size_t capacity = 0;
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(memory_grow(&data, &capacity, (size_t)i + 1, sizeof *data, NULL), 0);
        assert_true(capacity > (size_t)i);
        data[i] = i;
    }
    size_t before = capacity;
    int *kept = data;
    assert_int_equal(memory_grow(&data, &capacity, SIZE_MAX / 2, sizeof *data, NULL), -1);
    assert_ptr_equal(data, kept);
    assert_int_equal(capacity, before);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(data[i], i);
    free(data);
}

struct plan {
    float *kept, *scratch, *more;
};

static void lay_out(struct arena *a, struct plan *p)
{
    p->kept = arena_take(a, 10, sizeof *p->kept);
    size_t mark = arena_mark(a);
    p->scratch = arena_take(a, 100, sizeof *p->scratch);
    arena_rewind(a, mark);
    p->more = arena_take(a, 17, sizeof *p->more);
}

static void test_arena(void **state)
{
    (void)state;
    struct arena a;
    struct plan p;
    arena_measure(&a);
    assert_true(arena_measuring(&a));
    lay_out(&a, &p);
    assert_null(p.kept);
    assert_int_equal(a.peak, 64 + 448);
    assert_int_equal(a.used, 64 + 128);
    size_t peak = a.peak;
    assert_int_equal(arena_init(&a, peak, NULL), 0);
    assert_false(arena_measuring(&a));
    lay_out(&a, &p);
    assert_int_equal(a.peak, peak);
    assert_int_equal((uintptr_t)p.kept % 64, 0);
    assert_int_equal((uintptr_t)p.more % 64, 0);
    assert_ptr_equal(p.scratch, p.more);
    assert_true((char *)(p.more + 17) <= a.base + a.size);
    arena_release(&a);
    assert_null(a.base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heap),
        cmocka_unit_test(test_grow),
        cmocka_unit_test(test_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
