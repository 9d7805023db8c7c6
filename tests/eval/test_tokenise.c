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
        segment_strip(&s);
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

static void test_intl_uses_unicode_properties(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"„Öl“ – 3.14 €5 §7", "„|Öl|“|–|3.14|€|5|§|7"},
        {"in 1999.", "in|1999."},  /* punctuation after a number at the end stays */
        {"in 1999. ", "in|1999."}, /* stripped first */
        {"1999. x", "1999|.|x"},
        {".5 a..5 «", ".5|a|.|.5|«"},
        {"\"", "\""},
        {"x½. ½.", "x½|.|½."}, /* a fraction is a number */
        {"don't a_b a|b x^2", "don|'|t|a|_|b|a|||b|x|^|2"},
        {"a\u3000b，c。", "a|b|，|c|。"},
        {"٣.٤ ٣٪", "٣.٤|٣٪"},
        {"a\U0001FAE8b", "a|\U0001FAE8|b"}, /* a symbol since Unicode 15 */
        {"&quot;", "&|quot|;"},
    };
    CHECK("intl", false, examples);
}

static void test_char_splits_characters(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"ab ü\u3000中", "a|b|ü|中"},
        {"e\u0301", "e|\u0301"},
        {"a\xffz", "a|\xff|z"},
    };
    CHECK("char", false, examples);
}

static void test_zh_parts_chinese(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"我爱北京3.5次。", "我|爱|北|京|3.5|次|。"},
        {"他说abc.好", "他|说|abc|.|好"},
        {" in 5. 1999.", "in|5|.|1999."}, /* the end is no space */
        {"1.中.5", "1|.|中|.|5"},
        {".5", ".5"},
        {"a..中5-中", "a|.|.|中|5|-|中"},
        {"„Ja“ – no", "„|Ja|“|–|no"}, /* as in sacreBLEU, U+201E and the like stand alone */
        {"ー×\u3000ｶ", "ー×|ｶ"},
    };
    CHECK("zh", false, examples);
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
        cmocka_unit_test(test_intl_uses_unicode_properties),
        cmocka_unit_test(test_char_splits_characters),
        cmocka_unit_test(test_zh_parts_chinese),
        cmocka_unit_test(test_lower_case_is_full_unicode),
        cmocka_unit_test(test_find_knows_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
