/* UTF-8 against RFC 3629, every code point and every two-byte start. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/utf8.h"

static void test_every_code(void **state)
{
    (void)state;
    for (uint32_t code = 0; code <= 0x110000; code++) {
        char text[4];
        uint32_t back;
        size_t n = utf8_encode(code, text);
        bool valid = code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
        size_t wanted = !valid ? 3 : code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
        if (n != wanted || utf8_decode(text, n, &back) != n || back != (valid ? code : 0xFFFD))
            fail_msg("U+%04X", code);
        if (n > 1 && utf8_decode(text, n - 1, &back) != 0)
            fail_msg("U+%04X cut", code);
    }
}

static void test_invalid(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\x80",
        "\xBF",
        "\xC0\x80",
        "\xC1\xBF",
        "\xC3",
        "\xC3(",
        "\xE0\x80\x80",
        "\xE0\x9F\xBF",
        "\xED\xA0\x80",
        "\xED\xBF\xBF",
        "\xE2\x82",
        "\xE2(\xA1",
        "\xF0\x80\x80\x80",
        "\xF0\x8F\xBF\xBF",
        "\xF4\x90\x80\x80",
        "\xF5\x80\x80\x80",
        "\xFE",
        "\xFF",
        "\xF0\x9D\x84",
        "\xF0\x9D\x84(",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint32_t code = 0;
        assert_int_equal(utf8_decode(bad[i], strlen(bad[i]), &code), 0);
        assert_int_equal(code, 0xFFFD);
    }
}

static void test_prefix(void **state)
{
    (void)state;
    assert_int_equal(utf8_valid_prefix("", 0), 0);
    assert_int_equal(utf8_valid_prefix("a\0\xC3\xA4", 4), 4);
    assert_int_equal(utf8_valid_prefix("a\xC3\xA4\xC3", 4), 3);
    assert_int_equal(utf8_valid_prefix("\xFFx", 2), 0);
    assert_int_equal(utf8_valid_prefix("ab\xF0\x9D\x84\x9E\x80", 7), 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_code),
        cmocka_unit_test(test_invalid),
        cmocka_unit_test(test_prefix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
