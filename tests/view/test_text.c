#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "view/text.h"

static void check_visible(const char *text, size_t limit, const char *expected)
{
    struct strbuf s = {0};
    text_add_visible(&s, text, limit);
    assert_string_equal(strbuf_text(&s), expected);
    strbuf_release(&s);
}

static void ordinary_words_stay(void **state)
{
    (void)state;
    check_visible("Österreich", 10, "Österreich");
    check_visible("日本語 \U0001F600", 99, "日本語 \U0001F600");
    check_visible("नहीं\u200D", 99, "नहीं\u200D");
    check_visible("", 5, "");
    check_visible(NULL, 5, "");
}

static void hidden_characters_are_spelled_out(void **state)
{
    (void)state;
    check_visible("a\a\n\x7F", 99, "a<U+0007><U+000A><U+007F>");
    check_visible("\u202Eevil\uFEFF", 99, "<U+202E>evil<U+FEFF>");
    check_visible("x\xFF\xC3", 99, "x\uFFFD\uFFFD");
}

static void long_words_are_shortened(void **state)
{
    (void)state;
    check_visible("überlang", 8, "überlang");
    check_visible("überlang", 7, "überla…");
    check_visible("ab", 1, "…");
    check_visible("abc\n", 8, "abc…");
    check_visible("abcdefgh\n", 8, "abcdefg…");
    check_visible("\n\n", 5, "…");
}

static void shortening_keeps_what_was_there(void **state)
{
    (void)state;
    struct strbuf s = {0};
    strbuf_add_text(&s, "before ");
    text_add_visible(&s, "\nword", 3);
    assert_string_equal(strbuf_text(&s), "before …");
    strbuf_release(&s);
}

static void html_is_escaped(void **state)
{
    (void)state;
    struct strbuf s = {0};
    text_add_html(&s, "</script>&\"'\t", 99);
    assert_string_equal(strbuf_text(&s), "&lt;/script&gt;&amp;&quot;&#39;&lt;U+0009&gt;");
    strbuf_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ordinary_words_stay),
        cmocka_unit_test(hidden_characters_are_spelled_out),
        cmocka_unit_test(long_words_are_shortened),
        cmocka_unit_test(shortening_keeps_what_was_there),
        cmocka_unit_test(html_is_escaped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
