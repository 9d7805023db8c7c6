/* Each guard speaks when it should, and none does about ordinary text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "eval.h"

static struct guards *g;

static int setup(void **state)
{
    (void)state;
    g = guards_new(NULL);
    return g ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    guards_free(g);
    return 0;
}

static void add(int n, const char *hypothesis, const char *reference)
{
    for (int i = 0; i < n; i++)
        assert_int_equal(guards_add(g, hypothesis, &reference, 1, NULL), 0);
}

/* True if a warning holds the text. */
static bool warned(const char *part)
{
    char text[512];
    for (int i = 0; guards_warning(g, i, text, sizeof text) > 0; i++)
        if (strstr(text, part))
            return true;
    return false;
}

static int n_warnings(void)
{
    char text[512];
    int n = 0;
    while (guards_warning(g, n, text, sizeof text) > 0)
        n++;
    return n;
}

static void test_ordinary_text_has_no_warning(void **state)
{
    (void)state;
    add(500, "The cat sat on a mat, he said.", "The cat sat on the mat, he said.");
    assert_int_equal(n_warnings(), 0);
}

static void test_no_lines(void **state)
{
    (void)state;
    assert_true(warned("There are no lines"));
    assert_int_equal(n_warnings(), 1);
}

static void test_empty(void **state)
{
    (void)state;
    add(10, "a b", "a c");
    add(1, " ", "a c");
    assert_true(warned("1 of 11 hypotheses are empty"));
    add(1, "a b", "");
    assert_true(warned("1 of 12 segments have no reference"));
}

static void test_a_hundred_stops_apart(void **state)
{
    (void)state;
    add(99, "It rains .", "It rained .");
    add(2000, "It rains.", "It rained.");
    assert_int_equal(n_warnings(), 0);
    add(1, "It rains .", "It rained .");
    assert_true(warned("100 hypotheses end in \" .\""));
}

static void test_tokenised(void **state)
{
    (void)state;
    add(7, "Yes , it rains !", "Yes, it rained!");
    add(3, "It rains.", "It rained.");
    assert_true(warned("7 of 10 hypotheses have a space in front of punctuation, 0 references"));
    assert_int_equal(n_warnings(), 1);
}

static void test_tokenised_references_too(void **state)
{
    (void)state;
    add(50, "Yes , it rains !", "Yes , it rained !");
    assert_int_equal(n_warnings(), 0);
}

static void test_subwords(void **state)
{
    (void)state;
    add(5, "It ra@@ ins", "It rained");
    add(5, "\u2581It \u2581ra ins", "It rained");
    assert_true(warned("10 hypotheses hold marks of subwords"));
}

static void test_equal_files(void **state)
{
    (void)state;
    add(9, "It rains", "It rains");
    assert_int_equal(n_warnings(), 0);
    add(5, "It rains", "It rains");
    add(5, "It rains", "It rained");
    assert_true(warned("14 of 19 hypotheses equal their reference"));
}

static void test_lengths(void **state)
{
    (void)state;
    add(5, "It", "It rained all the day");
    assert_true(warned("have 5 words, the references 25"));
}

static void test_swapped(void **state)
{
    (void)state;
    add(20, "It rains here.", "It rained here.");
    add(1, "It rains here.", "It <unk> here.");
    add(1, "It rains here.", "ra ra ra rum.");
    assert_int_equal(n_warnings(), 0);
    add(1, "It rains here.", "ra ra ra rum.");
    assert_true(warned("are they swapped?"));
    assert_int_equal(n_warnings(), 1);
}

static void test_warnings_are_cut_like_snprintf(void **state)
{
    (void)state;
    char text[10];
    assert_true(guards_warning(g, 0, text, sizeof text) > 9);
    assert_string_equal(text, "There are");
    assert_int_equal(guards_warning(g, 1, text, sizeof text), 0);
    assert_string_equal(text, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_ordinary_text_has_no_warning),
        TEST(test_no_lines),
        TEST(test_empty),
        TEST(test_a_hundred_stops_apart),
        TEST(test_tokenised),
        TEST(test_tokenised_references_too),
        TEST(test_subwords),
        TEST(test_equal_files),
        TEST(test_lengths),
        TEST(test_swapped),
        TEST(test_warnings_are_cut_like_snprintf),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
