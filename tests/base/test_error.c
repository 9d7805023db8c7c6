/* Messages: formatting, prefixes, the end of the buffer. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"

static void test_set(void **state)
{
    (void)state;
    struct satz_error err = {0};
    assert_int_equal(error_set(&err, "%s:%d: bad", "a", 7), -1);
    assert_string_equal(err.message, "a:7: bad");
    assert_int_equal(error_set(NULL, "%s", "ignored"), -1);
    errno = ENOENT;
    assert_int_equal(error_set_errno(&err, "%s", "f"), -1);
    assert_string_equal(err.message, "f: No such file or directory");
    assert_int_equal(error_set_errno(NULL, "x"), -1);
}

static void test_prefix(void **state)
{
    (void)state;
    struct satz_error err = {0};
    error_set(&err, "inner");
    assert_int_equal(error_prefix(&err, "line %d", 3), -1);
    assert_string_equal(err.message, "line 3: inner");
    assert_int_equal(error_prefix(NULL, "x"), -1);
}

static void test_too_long(void **state)
{
    (void)state;
    struct {
        struct satz_error err;
        char guard[8];
    } s = {.guard = "guarded"};
    char text[2000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    error_set(&s.err, "%s", text);
    assert_int_equal(strlen(s.err.message), sizeof s.err.message - 1);
    errno = EIO;
    error_set_errno(&s.err, "%s", text);
    assert_int_equal(strlen(s.err.message), sizeof s.err.message - 1);
    for (size_t n = sizeof s.err.message - 8; n < sizeof s.err.message + 2; n++) {
        error_set(&s.err, "inner message");
        error_prefix(&s.err, "%.*s", (int)n, text);
        assert_true(strlen(s.err.message) < sizeof s.err.message);
        assert_memory_equal(s.err.message, text, 100);
    }
    assert_string_equal(s.guard, "guarded");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set),
        cmocka_unit_test(test_prefix),
        cmocka_unit_test(test_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
