/* Words of the source in place of what a model cannot write, and dictionaries of them. */
#include "decode/unknown.h"

#include "base/file.h"
#include "tests/text/scratch.h"

static void unknown_tokens_become_what_they_looked_at(void **state)
{
    (void)state;
    struct scratch *scratch = scratch_new();
    struct tokenizer *t = scratch_tokenizer(scratch_german(scratch, "de"), "unigram", 60);
    const char *path = scratch_path(scratch, "dictionary");
    struct satz_error err;
    static const char entries[] = "Bär\tbear\nBären\tbears\nBär\tnever\n";
    assert_int_equal(file_replace(path, entries, strlen(entries), &err), 0);
    struct dictionary *d = dictionary_new(path, &err);
    assert_non_null(d);

    /* Source tokens: those of "Der Bär", then one for what no token covers. */
    static const char source[] = "Der Bär \xE6\x97\xA5\xE6\x9C\xAC";
    struct token_spans spans = {0};
    assert_int_equal(tokenizer_encode_spans(t, source, strlen(source), &spans, &err), 0);
    int rare = -1, bear = -1;
    for (size_t i = 0; i < spans.n; i++) {
        rare = spans.spans[i].id == TOKEN_UNKNOWN ? (int)i : rare;
        bear = spans.spans[i].begin >= 3 && spans.spans[i].begin < 6 ? (int)i : bear;
    }
    assert_true(rare > 0 && bear > 0);
    struct token_list words = {0};
    assert_int_equal(tokenizer_encode(t, "Das", 3, &words, &err), 0);
    int ids[16], sources[16] = {0}, n = 0;
    for (size_t i = 0; i < words.n; i++)
        ids[n++] = words.ids[i];
    sources[n] = bear;
    ids[n++] = TOKEN_UNKNOWN;
    sources[n] = rare;
    ids[n++] = TOKEN_UNKNOWN;
    const struct hypothesis h = {.ids = ids, .sources = sources, .n = n};
    for (int known = 0; known < 2; known++) {
        struct strbuf text = {0};
        assert_int_equal(tokenizer_decode(t, ids, (size_t)n, &text, &err), 0);
        assert_int_equal(
            unknown_replace(&text, &h, t, source, strlen(source), known ? d : NULL, &err), 0);
        assert_string_equal(strbuf_text(&text), known ? "Das bear 日本" : "Das Bär 日本");
        strbuf_release(&text);
    }
    assert_string_equal(dictionary_find(d, "Bären", 6), "bears");
    assert_null(dictionary_find(d, "B", 1));
    assert_null(dictionary_find(d, "Zoo", 3));
    assert_int_equal(file_replace(path, "a\tb\nc\n", 6, &err), 0);
    assert_null(dictionary_new(path, &err));
    assert_non_null(strstr(err.message, "dictionary:2: "));
    token_list_release(&words);
    token_spans_release(&spans);
    dictionary_free(d);
    tokenizer_free(t);
    scratch_free(scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unknown_tokens_become_what_they_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
