/* Which word of the text each token is part of, however the text is cut. */
#include "tests/text/scratch.h"
#include "text/token_words.h"

static void test_words_of_a_text(void **state)
{
    (void)state;
    static const char text[] = "  one\ttwo \xc2\xa0x\r";
    size_t at = 0, begin;
    assert_int_equal(token_words_count(text, sizeof text - 1), 3);
    assert_int_equal(token_words_count("", 0), 0);
    assert_int_equal(token_words_count(" \t", 2), 0);
    assert_true(token_words_next(text, sizeof text - 1, &at, &begin));
    assert_int_equal(begin, 2);
    assert_int_equal(at, 5);
}

/* The characters of each word, put together again from its tokens' spans. */
static void assert_words(const char *text, const struct token_spans *spans,
                         const char *const *expected, int n_words)
{
    int word[256];
    struct strbuf found[8] = {{0}};
    assert_in_range(spans->n, 1, 256);
    token_words_find(text, strlen(text), spans->spans, (int)spans->n, word);
    for (size_t i = 0; i < spans->n; i++) {
        assert_in_range(word[i], 0, n_words - 1);
        for (size_t k = spans->spans[i].begin; k < spans->spans[i].end; k++)
            if (text[k] != ' ')
                strbuf_add_char(&found[word[i]], text[k]);
    }
    for (int i = 0; i < n_words; i++) {
        assert_string_equal(strbuf_text(&found[i]), expected[i]);
        strbuf_release(&found[i]);
    }
}

static void test_tokens_are_of_the_words_they_spell(void **state)
{
    (void)state;
    static const char *const expected[] = {"Der", "Händler", "grüßt", "große", "Häuser."};
    static const char text[] = "Der  Händler grüßt große Häuser. ";
    static const char *const types[] = {"unigram", "bpe", "char"};
    static const int sizes[] = {60, 100, 500};
    struct scratch *s = scratch_new();
    const char *file = scratch_german(s, "de");
    for (int i = 0; i < 3; i++) {
        struct tokenizer *t = scratch_tokenizer(file, types[i], sizes[i]);
        struct token_spans spans = {0};
        assert_int_equal(tokenizer_encode_spans(t, text, strlen(text), &spans, NULL), 0);
        assert_words(text, &spans, expected, 5);
        bool differs = false;
        size_t plain = spans.n;
        for (uint64_t key = 0; key < 20; key++) {
            struct token_list ids = {0};
            assert_int_equal(
                tokenizer_sample_spans(t, text, strlen(text), -1, 0.3, key, &spans, NULL), 0);
            assert_words(text, &spans, expected, 5);
            assert_int_equal(tokenizer_sample(t, text, strlen(text), -1, 0.3, key, &ids, NULL), 0);
            assert_int_equal(ids.n, spans.n);
            for (size_t k = 0; k < ids.n; k++)
                assert_int_equal(ids.ids[k], spans.spans[k].id);
            differs = differs || spans.n != plain;
            token_list_release(&ids);
        }
        assert_true(differs == tokenizer_samples(t));
        token_spans_release(&spans);
        tokenizer_free(t);
    }
    scratch_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words_of_a_text),
        cmocka_unit_test(test_tokens_are_of_the_words_they_spell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
