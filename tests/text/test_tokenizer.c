#include "tests/text/scratch.h"

static const char *const SENTENCE = "Der Bär grüßt zwölf Äpfel 🙂.";

static void round_trip(const struct tokenizer *t, const char *text)
{
    struct token_list ids = {0};
    struct strbuf back = {0};
    assert_int_equal(tokenizer_encode(t, text, strlen(text), &ids, NULL), 0);
    assert_true(ids.n > 0);
    for (size_t i = 0; i < ids.n; i++)
        assert_in_range(ids.ids[i], TOKEN_SPECIALS, tokenizer_size(t) - 1);
    assert_int_equal(tokenizer_decode(t, ids.ids, ids.n, &back, NULL), 0);
    assert_string_equal(back.data, text);
    strbuf_release(&back);
    token_list_release(&ids);
}

static void test_every_type_round_trips(void **state)
{
    static const struct {
        const char *type;
        int size, expected;
    } cases[] = {{"unigram", 60, 60}, {"bpe", 100, 100}, {"char", 500, 0}, {"word", 30, 30}};
    const char *file = scratch_german(*state, "de.gz");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tokenizer *t = scratch_tokenizer(file, cases[i].type, cases[i].size);
        if (cases[i].expected)
            assert_int_equal(tokenizer_size(t), cases[i].expected);
        else
            assert_in_range(tokenizer_size(t), 20, 60);
        round_trip(t, strcmp(cases[i].type, "word") ? SENTENCE : "Der Bär grüßt das Gemüse.");
        assert_int_equal(tokenizer_id(t, "<pad>"), TOKEN_PAD);
        assert_int_equal(tokenizer_id(t, "<unk>"), TOKEN_UNKNOWN);
        assert_int_equal(tokenizer_id(t, "<s>"), TOKEN_BEGIN);
        assert_int_equal(tokenizer_id(t, "</s>"), TOKEN_END);
        int last = tokenizer_size(t) - 1;
        assert_int_equal(tokenizer_id(t, tokenizer_piece(t, last)), last);
        tokenizer_free(t);
    }
}

static void test_training_is_repeatable_and_the_model_survives(void **state)
{
    const char *file = scratch_german(*state, "de");
    struct tokenizer *a = scratch_tokenizer(file, "unigram", 60);
    struct tokenizer *b = scratch_tokenizer(file, "unigram", 60);
    size_t n_a, n_b;
    const char *bytes = tokenizer_model(a, &n_a);
    const char *again = tokenizer_model(b, &n_b);
    assert_int_equal(n_a, n_b);
    assert_memory_equal(bytes, again, n_a);
    struct tokenizer *loaded = tokenizer_new(bytes, n_a, NULL);
    assert_non_null(loaded);
    tokenizer_free(a);
    round_trip(loaded, SENTENCE);
    tokenizer_free(loaded);
    tokenizer_free(b);
}

/* A sample is drawn the same way for one seed. */
static void test_a_sample_of_the_text_is_repeatable(void **state)
{
    const char *file = scratch_german(*state, "de");
    struct strbuf models[2] = {0};
    for (int i = 0; i < 2; i++) {
        struct tokenizer_options options = {.type = "bpe",
                                            .vocabulary_size = 70,
                                            .character_coverage = 0.98,
                                            .files = &file,
                                            .n_files = 1,
                                            .max_sentences = 120,
                                            .seed = 5};
        struct satz_error err;
        if (tokenizer_train(&models[i], &options, &err) < 0)
            fail_msg("%s", err.message);
    }
    assert_int_equal(models[0].length, models[1].length);
    assert_memory_equal(models[0].data, models[1].data, models[0].length);
    strbuf_release(&models[0]);
    strbuf_release(&models[1]);
}

static void refused(const struct tokenizer_options *options, const char *part)
{
    struct strbuf model = {0};
    struct satz_error err = {0};
    assert_int_equal(tokenizer_train(&model, options, &err), -1);
    if (!strstr(err.message, part))
        fail_msg("\"%s\" is not in \"%s\"", part, err.message);
    assert_int_equal(model.length, 0);
    strbuf_release(&model);
}

static void test_training_errors_are_plain(void **state)
{
    struct scratch *s = *state;
    const char *file = scratch_german(s, "de");
    struct tokenizer_options good = {.type = "bpe",
                                     .vocabulary_size = 100,
                                     .character_coverage = 1,
                                     .files = &file,
                                     .n_files = 1};
    struct tokenizer_options o = good;
    o.type = "subword";
    refused(&o, "choose unigram, bpe, char or word");
    o = good;
    o.vocabulary_size = 4;
    refused(&o, "no room");
    o = good;
    o.vocabulary_size = 20;
    refused(&o, "characters of this text alone need ");
    o = good;
    o.character_coverage = 1.5;
    refused(&o, "[0.98, 1]");
    o = good;
    o.max_sentences = 100;
    refused(&o, "more than 100");
    const char *missing = scratch_path(s, "missing");
    o = good;
    o.files = &missing;
    refused(&o, missing);
    const char *useless[] = {scratch_text(s, "empty", ""), scratch_text(s, "blank", "\n\n"),
                             scratch_text(s, "broken", "\xff\xfe\n")};
    o = good;
    o.files = useless;
    o.n_files = 3;
    refused(&o, "no line that is valid UTF-8 and not blank");
    const char *spaces = scratch_text(s, "spaces", "   \n \t \n");
    o = good;
    o.files = &spaces;
    refused(&o, "");
}

/* The size the message names is one that works, and the next one is not. */
static void test_too_large_a_vocabulary_names_the_largest(void **state)
{
    const char *file = scratch_german(*state, "de");
    static const char *const types[] = {"unigram", "bpe", "word"};
    for (int i = 0; i < 3; i++) {
        struct tokenizer_options options = {.type = types[i],
                                            .vocabulary_size = 30000,
                                            .character_coverage = 1,
                                            .files = &file,
                                            .n_files = 1};
        struct strbuf model = {0};
        struct satz_error err = {0};
        assert_int_equal(tokenizer_train(&model, &options, &err), -1);
        const char *at = strstr(err.message, "the largest possible is ");
        assert_non_null(at);
        options.vocabulary_size = (int)strtol(at + strlen("the largest possible is "), NULL, 10);
        if (tokenizer_train(&model, &options, &err) < 0)
            fail_msg("%s %d: %s", types[i], options.vocabulary_size, err.message);
        options.vocabulary_size++;
        refused(&options, "too large");
        strbuf_release(&model);
    }
}

/* Damaged lines are passed over, a damaged file is an error. */
static void test_damaged_input(void **state)
{
    struct scratch *s = *state;
    const char *clean = scratch_german(s, "de");
    const char *both[] = {clean, scratch_write(s, "dirty", "wei\xdf\n\xc3\nnu\0ll\n", 14)};
    struct strbuf a = {0}, b = {0};
    struct tokenizer_options options = {.type = "bpe",
                                        .vocabulary_size = 100,
                                        .character_coverage = 1,
                                        .files = both,
                                        .n_files = 1};
    assert_int_equal(tokenizer_train(&a, &options, NULL), 0);
    options.n_files = 2;
    assert_int_equal(tokenizer_train(&b, &options, NULL), 0);
    assert_int_equal(a.length, b.length);
    assert_memory_equal(a.data, b.data, a.length);
    strbuf_release(&a);
    strbuf_release(&b);

    const char *packed = scratch_german(s, "cut.gz");
    struct stat info;
    assert_int_equal(stat(packed, &info), 0);
    assert_int_equal(truncate(packed, info.st_size / 2), 0);
    options.files = &packed;
    options.n_files = 1;
    refused(&options, "cut.gz");
}

static void test_what_is_no_model_is_refused(void **state)
{
    (void)state;
    struct satz_error err = {0};
    assert_null(tokenizer_new("", 0, &err));
    assert_null(tokenizer_new("not a model at all", 18, &err));
    assert_non_null(strstr(err.message, "not a SentencePiece model"));
    tokenizer_free(NULL);
}

static void test_unknown_characters_and_broken_bytes(void **state)
{
    struct tokenizer *t = scratch_tokenizer(scratch_german(*state, "de"), "bpe", 100);
    struct token_list ids = {0};
    assert_int_equal(tokenizer_encode(t, "Bär Ж", 6 + 1, &ids, NULL), 0);
    assert_int_equal(ids.ids[ids.n - 1], TOKEN_UNKNOWN);
    size_t n = ids.n;
    assert_int_equal(tokenizer_encode(t, "\xff", 1, &ids, NULL), 0);
    assert_true(ids.n > n);
    assert_int_equal(ids.ids[ids.n - 1], TOKEN_UNKNOWN);
    n = ids.n;
    assert_int_equal(tokenizer_encode(t, "  \t ", 4, &ids, NULL), 0);
    assert_int_equal(ids.n, n);
    assert_int_equal(tokenizer_encode(t, NULL, 0, &ids, NULL), 0);
    assert_int_equal(ids.n, n);
    assert_int_equal(tokenizer_id(t, "no such piece"), TOKEN_UNKNOWN);
    token_list_release(&ids);
    tokenizer_free(t);
}

static void test_decoding_checks_and_skips(void **state)
{
    struct tokenizer *t = scratch_tokenizer(scratch_german(*state, "de"), "bpe", 100);
    struct strbuf text = {0};
    struct satz_error err = {0};
    int bad[] = {5, tokenizer_size(t)};
    assert_int_equal(tokenizer_decode(t, bad, 2, &text, &err), -1);
    assert_non_null(strstr(err.message, "token 100 "));
    bad[1] = -1;
    assert_int_equal(tokenizer_decode(t, bad, 2, &text, &err), -1);
    assert_int_equal(text.length, 0);
    int special[] = {TOKEN_BEGIN, TOKEN_PAD, TOKEN_END};
    assert_int_equal(tokenizer_decode(t, special, 3, &text, &err), 0);
    assert_string_equal(strbuf_text(&text), "");
    int unknown = TOKEN_UNKNOWN;
    assert_int_equal(tokenizer_decode(t, &unknown, 1, &text, &err), 0);
    assert_string_equal(strbuf_text(&text), " ⁇ ");
    strbuf_release(&text);
    tokenizer_free(t);
}

static void test_spans_cover_the_text(void **state)
{
    struct scratch *s = *state;
    const char *file = scratch_german(s, "de");
    static const char *const types[] = {"unigram", "bpe", "char", "word"};
    static const int sizes[] = {60, 100, 500, 30};
    const char *text = "Der Bär Ж grüßt das";
    for (int i = 0; i < 4; i++) {
        struct tokenizer *t = scratch_tokenizer(file, types[i], sizes[i]);
        struct token_spans spans = {0};
        struct token_list ids = {0};
        assert_int_equal(tokenizer_encode(t, text, strlen(text), &ids, NULL), 0);
        assert_int_equal(tokenizer_encode_spans(t, text, strlen(text), &spans, NULL), 0);
        assert_int_equal(tokenizer_encode_spans(t, text, strlen(text), &spans, NULL), 0);
        assert_int_equal(spans.n, ids.n);
        size_t words = 0, at = 0;
        for (size_t k = 0; k < spans.n; k++) {
            assert_int_equal(spans.spans[k].id, ids.ids[k]);
            assert_int_equal(spans.spans[k].begin, at);
            at = spans.spans[k].end;
            words += spans.spans[k].starts_word;
        }
        assert_int_equal(at, strlen(text));
        assert_int_equal(words, 5);
        token_spans_release(&spans);
        token_list_release(&ids);
        tokenizer_free(t);
    }
}

static void test_sampling_follows_its_key(void **state)
{
    struct scratch *s = *state;
    const char *file = scratch_german(s, "de");
    static const struct {
        const char *type;
        int size, n_best;
        double alpha;
        bool varies;
    } cases[] = {{"unigram", 60, -1, 0.2, true},
                 {"unigram", 60, 8, 0.2, true},
                 {"bpe", 100, -1, 0.3, true},
                 {"char", 500, -1, 0.3, false},
                 {"word", 30, -1, 0.3, false}};
    const char *text = "Der Bär grüßt das Gemüse.";
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tokenizer *t = scratch_tokenizer(file, cases[i].type, cases[i].size);
        struct token_list first = {0};
        bool varies = false;
        for (uint64_t key = 0; key < 20; key++) {
            struct token_list a = {0}, b = {0};
            struct satz_error err;
            if (tokenizer_sample(t, text, strlen(text), cases[i].n_best, cases[i].alpha, key, &a,
                                 &err) < 0)
                fail_msg("%s: %s", cases[i].type, err.message);
            assert_int_equal(tokenizer_sample(t, text, strlen(text), cases[i].n_best,
                                              cases[i].alpha, key, &b, NULL),
                             0);
            assert_int_equal(a.n, b.n);
            assert_memory_equal(a.ids, b.ids, a.n * sizeof(int));
            struct strbuf back = {0};
            assert_int_equal(tokenizer_decode(t, a.ids, a.n, &back, NULL), 0);
            assert_string_equal(back.data, text);
            strbuf_release(&back);
            if (key == 0)
                for (size_t k = 0; k < a.n; k++)
                    assert_true(a.ids[k] >= TOKEN_SPECIALS);
            if (key == 0)
                assert_int_equal(tokenizer_sample(t, text, strlen(text), cases[i].n_best,
                                                  cases[i].alpha, key, &first, NULL),
                                 0);
            varies = varies || a.n != first.n || memcmp(a.ids, first.ids, a.n * sizeof(int)) != 0;
            token_list_release(&a);
            token_list_release(&b);
        }
        assert_int_equal(varies, cases[i].varies);
        token_list_release(&first);
        tokenizer_free(t);
    }
}

static int set_up(void **state)
{
    *state = scratch_new();
    return 0;
}

static int tear_down(void **state)
{
    scratch_free(*state);
    return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_every_type_round_trips),
        TEST(test_training_is_repeatable_and_the_model_survives),
        TEST(test_a_sample_of_the_text_is_repeatable),
        TEST(test_training_errors_are_plain),
        TEST(test_too_large_a_vocabulary_names_the_largest),
        TEST(test_damaged_input),
        TEST(test_what_is_no_model_is_refused),
        TEST(test_unknown_characters_and_broken_bytes),
        TEST(test_decoding_checks_and_skips),
        TEST(test_spans_cover_the_text),
        TEST(test_sampling_follows_its_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
