/* Tokens as sacreBLEU 2.x gives them, worked out from its regular expressions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "tokenise.h"

struct example {
    const char *text, *tokens; /* tokens joined by "|" */
};

static void check(const char *tokeniser, bool lowercase, const struct example *examples, size_t n)
{
    struct segment s = {0};
    for (size_t i = 0; i < n; i++) {
        char joined[256] = "";
        assert_int_equal(segment_set(&s, examples[i].text, lowercase, NULL), 0);
        tokeniser_find(tokeniser)->split(&s);
        for (size_t k = 0; k < s.n_tokens; k++) {
            strcat(joined, k ? "|" : "");
            strncat(joined, s.tokens[k].text, s.tokens[k].length);
        }
        assert_string_equal(joined, examples[i].tokens);
    }
    segment_release(&s);
}

#define CHECK(tokeniser, lowercase, examples)                                                      \
    check(tokeniser, lowercase, examples, sizeof(examples) / sizeof(examples)[0])

static void test_none_splits_at_white_space(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"", ""},
        {"  one  two.\t", "one|two."},
        {"a\u00a0b\u2009c\u3000d\xc2\x85 e\x1c f", "a|b|c|d|e|f"},
        {"a\u200bb", "a\u200bb"}, /* the zero-width space is no white space */
    };
    CHECK("none", false, examples);
}

static void test_13a_marks_stand_alone(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"Hello, world!", "Hello|,|world|!"},
        {"(a/b) [c] {d} `e` f@g", "(|a|/|b|)|[|c|]|{|d|}|`|e|`|f|@|g"},
        {"don't well-known", "don't|well-known"}, /* neither ' nor - is one of the marks */
        {"\"Straße\" – „Öl“", "\"|Straße|\"|–|„Öl“"},
    };
    CHECK("13a", false, examples);
}

static void test_13a_numbers_stay_whole(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"3.14 1,000.50", "3.14|1,000.50"},
        {"in 1999.", "in|1999|."},
        {"1. a.5 .5", "1|.|a|.|5|.|5"},
        {"a..5", "a|.|.5"}, /* the first . ended a pair and cannot begin the next */
        {"a.,,5", "a|.|,|,|5"},
        {"1.,5", "1|.|,|5"},
        {"...", ".|.|."},
        {"1990-95 a-1 1--2", "1990|-|95|a-1|1|-|-2"},
        {"é.5 5.é", "é|.|5|5|.|é"},
    };
    CHECK("13a", false, examples);
}

static void test_13a_unescapes_in_order(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"&quot;a&quot; &lt;b&gt; &amp;", "\"|a|\"|<|b|>|&"},
        {"&amp;lt; &amp;quot;", "<|&|quot|;"}, /* &quot; is replaced before &amp;, &lt; after it */
        {"a<skipped>b", "ab"},
        {"end-\nless new\nline", "endless|new|line"},
        {"&apos;", "&|apos|;"},
    };
    CHECK("13a", false, examples);
}

static void test_lower_case_is_full_unicode(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"ÄÖÜ Straße ABC", "äöü|straße|abc"},
        {"ΟΔΟΣ ΣΟΦΟΣ. Σ", "οδος|σοφος.|σ"}, /* the final sigma, only after a letter */
        {"İ", "i\u0307"},
        {"\xff"
         "A",
         "\xff"
         "a"}, /* a byte that is no UTF-8 stays */
    };
    CHECK("none", true, examples);
}

static void test_find_knows_names(void **state)
{
    (void)state;
    assert_string_equal(tokeniser_find("13a")->name, "13a");
    assert_null(tokeniser_find("13A"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_none_splits_at_white_space),
        cmocka_unit_test(test_13a_marks_stand_alone),
        cmocka_unit_test(test_13a_numbers_stay_whole),
        cmocka_unit_test(test_13a_unescapes_in_order),
        cmocka_unit_test(test_lower_case_is_full_unicode),
        cmocka_unit_test(test_find_knows_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
