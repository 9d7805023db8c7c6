/* Escapes, and the counts of words. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch.h"
#include "text.h"
#include "words.h"

static void check(void (*add)(struct text *t, const char *string), const char *string,
                  const char *expected)
{
    struct text t = {0};
    add(&t, string);
    char *text = text_take(&t, NULL);
    assert_string_equal(text, expected);
    free(text);
}

static void test_json(void **state)
{
    (void)state;
    check(text_add_json, "", "\"\"");
    check(text_add_json, "a\"b\\c\n\t\x01\x1f\x7fü\U0001F600",
          "\"a\\\"b\\\\c\\n\\t\\u0001\\u001f\x7fü\U0001F600\"");
    check(text_add_json, "\xff\xc3(\xed\xa0\x80", "\"\uFFFD\uFFFD(\uFFFD\uFFFD\uFFFD\"");
}

static void test_json_numbers(void **state)
{
    (void)state;
    struct text t = {0};
    const double numbers[] = {0, -1.5, 1e300, 0.1, NAN, INFINITY};
    for (int i = 0; i < 6; i++) {
        text_add_json_number(&t, numbers[i]);
        text_add(&t, " ");
    }
    char *text = text_take(&t, NULL);
    assert_string_equal(text, "0 -1.5 1e+300 0.1 null null ");
    free(text);
}

static void test_html(void **state)
{
    (void)state;
    check(text_add_html_escaped, "<a href=\"x\" b='y'>&amp;\n\tü",
          "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;amp;\n\tü");
    check(text_add_html_escaped, "\x01\x7f\xfe", "\uFFFD\uFFFD\uFFFD");
}

static void test_markdown(void **state)
{
    (void)state;
    check(text_add_markdown, "a|b *c* `d` [e](f) <g> \\h\ni~j&k#l_m{n}",
          "a\\|b \\*c\\* \\`d\\` \\[e\\](f) \\<g\\> \\\\h i\\~j\\&k\\#l\\_m\\{n\\}");
}

static void test_text_grows_and_starts_over(void **state)
{
    (void)state;
    struct text t = {0};
    for (int i = 0; i < 1000; i++)
        text_addf(&t, "%03d,", i);
    char *text = text_take(&t, NULL);
    assert_int_equal(strlen(text), 4000);
    assert_string_equal(text + 3992, "998,999,");
    free(text);
    text = text_take(&t, NULL);
    assert_string_equal(text, "");
    free(text);
}

static void test_words(void **state)
{
    (void)state;
    struct words w = {0};
    char text[16];
    struct token token = {.text = text};
    assert_int_equal(words_count(&w, &token), 0);
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 5000; i++) {
            token.length = (uint32_t)snprintf(text, sizeof text, "w%d", i);
            for (int k = 0; k <= i % 3; k++)
                assert_int_equal(words_add(&w, &token, NULL), 0);
        }
    assert_int_equal(w.n_words, 5000);
    for (int i = 0; i < 5000; i++) {
        token.length = (uint32_t)snprintf(text, sizeof text, "w%d", i);
        assert_int_equal(words_count(&w, &token), 2 * (i % 3 + 1));
    }
    token.length = (uint32_t)snprintf(text, sizeof text, "w5000");
    assert_int_equal(words_count(&w, &token), 0);
    words_release(&w);
    struct scratch file = scratch_write("It rains, it pours.\nIt rains.\n");
    assert_int_equal(words_add_file(&w, file.path, NULL), 0);
    assert_int_equal(words_count(&w, &(struct token){.text = "It", .length = 2}), 2);
    assert_int_equal(words_count(&w, &(struct token){.text = ".", .length = 1}), 2);
    assert_int_equal(words_count(&w, &(struct token){.text = "rains,", .length = 6}), 0);
    words_release(&w);
    scratch_remove(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_json_numbers),
        cmocka_unit_test(test_html),
        cmocka_unit_test(test_markdown),
        cmocka_unit_test(test_text_grows_and_starts_over),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
