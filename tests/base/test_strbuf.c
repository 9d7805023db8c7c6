/* Byte strings: growth, NUL bytes, formatting, the failed state. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/strbuf.h"

static void test_build(void **state)
{
    (void)state;
    struct strbuf s = {0};
    assert_string_equal(strbuf_text(&s), "");
    strbuf_add(&s, "a\0b", 3);
    strbuf_add_text(&s, "cd");
    strbuf_add_char(&s, 'e');
    strbuf_addf(&s, "-%d-%s", 42, "x");
    strbuf_add(&s, NULL, 0);
    assert_int_equal(s.length, 11);
    assert_memory_equal(s.data, "a\0bcde-42-x", 12);
    for (int i = 0; i < 5000; i++)
        strbuf_addf(&s, "%d,", i);
    assert_int_equal(strlen(s.data + 3), s.length - 3);
    assert_string_equal(s.data + s.length - 5, "4999,");
    strbuf_clear(&s);
    assert_int_equal(s.length, 0);
    assert_string_equal(strbuf_text(&s), "");
    strbuf_release(&s);
}

static void test_detach(void **state)
{
    (void)state;
    struct strbuf s = {0};
    char *empty = strbuf_detach(&s, NULL);
    assert_string_equal(empty, "");
    free(empty);
    strbuf_add_text(&s, "text");
    char *text = strbuf_detach(&s, NULL);
    assert_string_equal(text, "text");
    assert_null(s.data);
    assert_int_equal(s.length, 0);
    free(text);
}

static void test_failure(void **state)
{
    (void)state;
    struct strbuf s = {0};
    struct satz_error err = {0};
    strbuf_add_text(&s, "kept");
    s.failed = true; /* as after an allocation that failed */
    strbuf_add_text(&s, "lost");
    strbuf_addf(&s, "%d", 1);
    assert_string_equal(strbuf_text(&s), "kept");
    assert_int_equal(strbuf_check(&s, &err), -1);
    assert_memory_equal(err.message, "out of memory", 13);
    assert_null(strbuf_detach(&s, &err));
    assert_null(s.data);
    assert_int_equal(strbuf_check(&s, &err), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_build),
        cmocka_unit_test(test_detach),
        cmocka_unit_test(test_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
