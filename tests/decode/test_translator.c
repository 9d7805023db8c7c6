/* Translation through the public interface, with a model file of made-up weights. */
#include <math.h>
#include <stdio.h>

#include "tests/decode/german.h"

static const char *const lines[] = {
    "Der Bär hört die Bäume.",
    "",
    "Die Müllerin sucht den schönen Fluss. Das Mädchen zählt große Häuser.",
    "   ",
    "Ein König",
    "Kuchen",
    "Der Händler grüßt zwölf Äpfel und QXQX den süßen Kuchen.",
    "broken \xff bytes",
    "Das Mädchen fürchtet das Gemüse.",
};
enum { LINES = sizeof lines / sizeof *lines };

struct fixture {
    struct scratch *scratch;
    const char *path;
};

static int set_up(void **state)
{
    static struct fixture f;
    f.scratch = scratch_new();
    f.path = german_model(f.scratch, 12);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    scratch_free(f->scratch);
    return 0;
}

static struct satz_model *open_model(void **state)
{
    struct satz_error err;
    struct satz_model *m = satz_model_open(((struct fixture *)*state)->path, NULL, NULL, &err);
    if (!m)
        fail_msg("%s", err.message);
    return m;
}

static struct satz_translator *make_translator(const struct satz_model *m,
                                               const struct satz_translator_options *options)
{
    struct satz_error err;
    struct satz_translator *t = satz_translator_new(m, options, &err);
    if (!t)
        fail_msg("%s", err.message);
    return t;
}

static const struct satz_translation *translate(struct satz_translator *t, const char *const *texts,
                                                size_t n)
{
    struct satz_error err;
    const struct satz_translation *out;
    if (satz_translate(t, texts, NULL, n, &out, &err) < 0)
        fail_msg("%s", err.message);
    return out;
}

static void assert_same(const struct satz_translation *a, const struct satz_translation *b)
{
    assert_int_equal(a->n, b->n);
    for (int k = 0; k < a->n; k++) {
        assert_string_equal(a->hypotheses[k].text, b->hypotheses[k].text);
        assert_true(a->hypotheses[k].score == b->hypotheses[k].score);
    }
}

static void lines_stay_lines(void **state)
{
    struct satz_model *m = open_model(state);
    struct satz_translator *t = make_translator(m, NULL);
    const struct satz_translation *out = translate(t, lines, LINES);
    for (int i = 0; i < LINES; i++) {
        bool empty = i == 1 || i == 3;
        assert_int_equal(out[i].n, 1);
        assert_true(out[i].hypotheses[0].text != NULL);
        assert_int_equal(out[i].hypotheses[0].tokens == 0, empty);
        if (empty)
            assert_string_equal(out[i].hypotheses[0].text, "");
        assert_int_equal(out[i].invalid, i == 7);
        assert_int_equal(out[i].truncated, 0);
        assert_null(strchr(out[i].hypotheses[0].text, '\n'));
    }
    assert_true(strlen(out[0].hypotheses[0].text) > 0);
    translate(t, lines, 0);
    satz_translator_free(t);
    satz_model_close(m);
}

static void threads_and_batches_do_not_matter(void **state)
{
    static const struct {
        int threads, batch, n;
    } cases[] = {{1, 1, LINES}, {2, 1, LINES}, {2, 2, LINES}, {3, 64, LINES}, {1, 64, 1}};
    struct satz_model *m = open_model(state);
    struct satz_translator *reference =
        make_translator(m, &(struct satz_translator_options){.threads = 1, .n_best = 4});
    const struct satz_translation *want = translate(reference, lines, LINES);
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        const struct satz_translator_options options = {
            .threads = cases[c].threads, .batch = cases[c].batch, .n_best = 4};
        struct satz_translator *t = make_translator(m, &options);
        for (int from = 0; from < LINES; from += cases[c].n) {
            const struct satz_translation *got = translate(t, lines + from, (size_t)cases[c].n);
            for (int i = 0; i < cases[c].n; i++)
                assert_same(&got[i], &want[from + i]);
        }
        satz_translator_free(t);
    }
    satz_translator_free(reference);
    satz_model_close(m);
}

static void long_lines_are_cut_and_it_is_said(void **state)
{
    struct satz_model *m = open_model(state);
    struct satz_translator *t =
        make_translator(m, &(struct satz_translator_options){.max_length = 5});
    const struct satz_translation *out = translate(t, lines, LINES);
    assert_int_equal(out[2].truncated, 1);
    assert_int_equal(out[1].truncated, 0);
    assert_true(out[2].hypotheses[0].tokens <= 5 + 4 + 1);
    satz_translator_free(t);
    satz_model_close(m);
}

static void wrong_options_are_refused(void **state)
{
    static const struct satz_translator_options wrong[] = {
        {.beam = -1},
        {.n_best = 5},
        {.threads = 5000},
        {.has_length_penalty = 1, .length_penalty = NAN},
    };
    struct satz_model *m = open_model(state);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct satz_error err = {0};
        assert_null(satz_translator_new(m, &wrong[i], &err));
        assert_true(strlen(err.message) > 0);
    }
    satz_model_close(m);
    struct satz_error err = {0};
    assert_null(satz_model_open("/nowhere/model", NULL, NULL, &err));
    assert_non_null(strstr(err.message, "/nowhere/model"));
    satz_translator_free(NULL);
    satz_model_close(NULL);
    satz_attention_free(NULL);
}

static void assert_rows_sum_to_one(const struct satz_attention *a)
{
    for (int i = 0; i < a->n_targets; i++) {
        double sum = 0;
        for (int j = 0; j < a->n_sources; j++)
            sum += (double)a->weights[i * a->n_sources + j];
        assert_true(fabs(sum - 1) < 1e-4);
    }
}

static void attention_is_merged_to_words(void **state)
{
    struct satz_model *m = open_model(state);
    struct satz_translator *t = make_translator(m, NULL);
    struct satz_error err;
    const char *source = "Der Bär QX zählt.", *target = "Das Mädchen grüßt";
    static const char *const source_words[] = {"Der", "Bär", "QX", "zählt.", "</s>"};
    static const char *const target_words[] = {"Das", "Mädchen", "grüßt", "</s>"};
    struct satz_attention *words = satz_attend(t, source, target, SATZ_WORDS, &err);
    struct satz_attention *pieces = satz_attend(t, source, target, SATZ_SUBWORDS, &err);
    assert_non_null(words);
    assert_non_null(pieces);
    assert_int_equal(words->n_sources, 5);
    assert_int_equal(words->n_targets, 4);
    for (int i = 0; i < 5; i++)
        assert_string_equal(words->sources[i], source_words[i]);
    for (int i = 0; i < 4; i++)
        assert_string_equal(words->targets[i], target_words[i]);
    assert_rows_sum_to_one(words);
    assert_rows_sum_to_one(pieces);
    assert_true(pieces->n_sources > words->n_sources && pieces->n_targets > words->n_targets);
    /* The ends are units of their own on both sides. */
    assert_true(words->weights[5 * 4 - 1] ==
                pieces->weights[pieces->n_sources * pieces->n_targets - 1]);
    satz_attention_free(pieces);

    struct satz_attention *own = satz_attend(t, source, NULL, SATZ_WORDS, &err);
    assert_non_null(own);
    assert_rows_sum_to_one(own);
    struct fixture *f = *state;
    const struct satz_attention *both[] = {words, own};
    const char *page = scratch_path(f->scratch, "page.html");
    const char *picture = scratch_path(f->scratch, "picture.svg");
    assert_int_equal(satz_draw_attention(page, "title", both, 2, &err), 0);
    assert_int_equal(satz_draw_attention(picture, NULL, both, 1, &err), 0);
    assert_int_equal(satz_draw_attention(picture, NULL, both, 2, &err), -1);
    assert_true(file_exists(page) && file_exists(picture));
    assert_null(satz_attend(t, "  ", NULL, SATZ_WORDS, &err));
    satz_attention_free(own);
    satz_attention_free(words);
    satz_translator_free(t);
    satz_model_close(m);
}

static const struct satz_translation *ask(struct satz_translator *t,
                                          const struct satz_request *requests, size_t n)
{
    struct satz_error err;
    const struct satz_translation *out;
    if (satz_translate_requests(t, requests, n, &out, &err) < 0)
        fail_msg("%s", err.message);
    return out;
}

/* Whether `phrase` stands in `text` between spaces or the ends. */
static bool has_words(const char *text, const char *phrase)
{
    size_t n = strlen(phrase);
    for (const char *at = text; (at = strstr(at, phrase)) != NULL; at++)
        if ((at == text || at[-1] == ' ') && (at[n] == '\0' || at[n] == ' '))
            return true;
    return false;
}

static void required_words_are_there_and_forbidden_ones_are_not(void **state)
{
    static const char *const words[] = {"Bär", "Häuser", "Das Mädchen", "König sucht", "Kuchen"};
    struct satz_model *m = open_model(state);
    int had[LINES] = {0};
    for (int beam = 1; beam <= 7; beam += 3) {
        const struct satz_translator_options options = {.beam = beam, .n_best = beam > 1 ? 3 : 1};
        struct satz_translator *t = make_translator(m, &options);
        struct satz_request r[LINES];
        for (int i = 0; i < LINES; i++)
            r[i] = (struct satz_request){.text = lines[i],
                                         .length = strlen(lines[i]),
                                         .required = words + i % 3,
                                         .n_required = 1 + (size_t)i % 3};
        const struct satz_translation *out = ask(t, r, LINES);
        for (int i = 0; i < LINES; i++)
            for (int k = 0; k < out[i].n && out[i].source_tokens > 0; k++)
                for (size_t w = 0; w < r[i].n_required; w++)
                    if (!has_words(out[i].hypotheses[k].text, r[i].required[w]))
                        fail_msg("%s: no %s", out[i].hypotheses[k].text, r[i].required[w]);
        satz_translator_free(t);
    }
    /* Each word that a translation begins with is forbidden in turn. */
    struct satz_translator *t = make_translator(m, NULL);
    char texts[LINES][64];
    const char *forbidden[LINES];
    struct satz_request r[LINES];
    const struct satz_translation *out = translate(t, lines, LINES);
    for (int i = 0; i < LINES; i++) {
        snprintf(texts[i], sizeof texts[i], "%.*s", (int)strcspn(out[i].hypotheses[0].text, " .,"),
                 out[i].hypotheses[0].text);
        forbidden[i] = texts[i];
        had[i] = texts[i][0] != '\0';
        r[i] = (struct satz_request){.text = lines[i],
                                     .length = strlen(lines[i]),
                                     .forbidden = &forbidden[i],
                                     .n_forbidden = (size_t)had[i]};
    }
    out = ask(t, r, LINES);
    for (int i = 0; i < LINES; i++)
        if (had[i])
            for (int k = 0; k < out[i].n; k++)
                assert_false(has_words(out[i].hypotheses[k].text, texts[i]));
    satz_translator_free(t);
    satz_model_close(m);
}

static void translations_begin_as_asked(void **state)
{
    static const char *const prefixes[] = {"Das Mädchen ", "Ein", "", "Der König sucht den"};
    static const char *const settings[] = {NULL, "decode.strategy=sample",
                                           "decode.strategy=diverse"};
    struct satz_model *m = open_model(state);
    for (int which = 0; which < 3; which++) {
        const struct satz_translator_options options = {
            .n_best = 3, .settings = settings + which, .n_settings = which > 0};
        struct satz_translator *t = make_translator(m, &options);
        struct satz_request r[4];
        for (int i = 0; i < 4; i++)
            r[i] = (struct satz_request){
                .text = lines[2 * i], .length = strlen(lines[2 * i]), .prefix = prefixes[i]};
        const struct satz_translation *out = ask(t, r, 4);
        for (int i = 0; i < 4; i++)
            for (int k = 0; k < out[i].n; k++) {
                const char *text = out[i].hypotheses[k].text;
                size_t n = strlen(prefixes[i]);
                bool closed = n > 0 && prefixes[i][n - 1] == ' ';
                assert_memory_equal(text, prefixes[i], closed ? n - 1 : n);
                assert_true(!closed || strchr(" .,", text[n - 1]));
            }
        satz_translator_free(t);
    }
    satz_model_close(m);
}

static void what_cannot_be_asked_is_refused(void **state)
{
    static const char *const required[] = {"Das Mädchen", " "}, *const forbidden[] = {"Mädchen"};
    static const char *const unknown[] = {"日本"};
    const struct satz_request wrong[] = {
        {.required = required, .n_required = 1, .forbidden = forbidden, .n_forbidden = 1},
        {.required = required + 1, .n_required = 1},
        {.required = unknown, .n_required = 1},
        {.required = required, .n_required = 65},
        {.prefix = "\xff"},
        {.forbidden = required + 1, .n_forbidden = 1},
    };
    struct satz_model *m = open_model(state);
    struct satz_translator *t = make_translator(m, NULL);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct satz_request r[2] = {{.text = "Der", .length = 3}, wrong[i]};
        const struct satz_translation *out = NULL;
        struct satz_error err = {0};
        r[1].text = "Der Bär";
        r[1].length = strlen(r[1].text);
        assert_int_equal(satz_translate_requests(t, r, 2, &out, &err), -1);
        assert_null(out);
        if (strncmp(err.message, "line 2: ", 8) != 0)
            fail_msg("%s", err.message);
        r[1].number = 77;
        assert_int_equal(satz_translate_requests(t, r, 2, &out, &err), -1);
        assert_non_null(strstr(err.message, "line 77: "));
    }
    satz_translator_free(t);
    static const char *const sample[] = {"decode.strategy=sample"};
    t = make_translator(m, &(struct satz_translator_options){.settings = sample, .n_settings = 1});
    struct satz_request r = {.text = "Der", .length = 3, .required = required, .n_required = 1};
    const struct satz_translation *out;
    struct satz_error err = {0};
    assert_int_equal(satz_translate_requests(t, &r, 1, &out, &err), -1);
    assert_non_null(strstr(err.message, "strategy beam"));
    satz_translator_free(t);
    satz_model_close(m);
}

/* The pieces of a long line are translated as lines of their own would be. */
static void long_lines_are_split(void **state)
{
    static const char line[] =
        "Die Müllerin sucht den schönen Fluss. Das Mädchen zählt große Häuser. "
        "Der Bär hört die Bäume. Ein König";
    static const char *const parts[] = {"Die Müllerin sucht den schönen Fluss.",
                                        "Das Mädchen zählt große Häuser.",
                                        "Der Bär hört die Bäume. Ein König"};
    struct satz_model *m = open_model(state);
    struct satz_tokenizer *tokenizer =
        satz_tokenizer_new(((struct fixture *)*state)->path, SATZ_SOURCE, NULL);
    int longest = 0, total = 0;
    for (int i = 0; i < 3; i++) {
        int *ids;
        size_t n;
        assert_int_equal(
            satz_tokenizer_encode(tokenizer, parts[i], strlen(parts[i]), &ids, &n, NULL), 0);
        longest = (int)n > longest ? (int)n : longest;
        total += (int)n;
        free(ids);
    }
    satz_tokenizer_free(tokenizer);
    const struct satz_translator_options options = {
        .max_length = longest, .split_long = 1, .n_best = 2};
    struct satz_translator *t = make_translator(m, &options);
    const char *one = line;
    const struct satz_translation *out = translate(t, &one, 1);
    assert_int_equal(out->truncated, 0);
    assert_int_equal(out->pieces, 3);
    assert_true(out->source_tokens >= total - 3 && out->source_tokens <= total + 3);
    assert_true(out->n == 1 || out->hypotheses[0].score >= out->hypotheses[1].score);
    char *text = strdup(out->hypotheses[0].text);
    double log_probability = out->hypotheses[0].log_probability;
    struct strbuf joined = {0};
    double sum = 0;
    for (int i = 0; i < 3; i++) {
        out = translate(t, &parts[i], 1);
        assert_int_equal(out->pieces, 1);
        sum += out->hypotheses[0].log_probability;
        strbuf_addf(&joined, "%s%s", i && out->hypotheses[0].text[0] ? " " : "",
                    out->hypotheses[0].text);
    }
    assert_string_equal(text, strbuf_text(&joined));
    assert_true(fabs(sum - log_probability) < 1e-9);
    strbuf_release(&joined);
    free(text);
    /* A word without end is cut somewhere, and none of it is lost. */
    char word[20001];
    memset(word, 'z', sizeof word - 1);
    word[sizeof word - 1] = '\0';
    one = word;
    out = translate(t, &one, 1);
    assert_true(out->pieces >= 1 && !out->truncated);
    satz_translator_free(t);
    satz_model_close(m);
}

/* Models of other tokenizers are refused by name; a model beside itself changes nothing much. */
static void ensembles_need_one_tokenizer(void **state)
{
    struct fixture *f = *state;
    const char *path = scratch_path(f->scratch, "other.safetensors");
    struct tokenizer *tokenizer =
        scratch_tokenizer(scratch_german(f->scratch, "de2"), "unigram", 50);
    struct recipe recipe;
    struct model other;
    struct satz_error err = {0};
    static const char yaml[] = "model: {embedding: 8, encoder_hidden: 8, decoder_hidden: 8}\n";
    assert_int_equal(recipe_parse(&recipe, yaml, strlen(yaml), "test", &err), 0);
    assert_int_equal(model_init(&other, &recipe, tokenizer, tokenizer, &err), 0);
    assert_int_equal(model_save(&other, path, NULL, NULL, &err), 0);
    model_release(&other);
    recipe_release(&recipe);
    struct satz_model *m = open_model(state), *stranger = satz_model_open(path, NULL, NULL, &err);
    const struct satz_model *list[] = {stranger, m};
    assert_null(satz_translator_new(
        m, &(struct satz_translator_options){.ensemble = list, .n_ensemble = 1}, &err));
    assert_non_null(strstr(err.message, path));
    assert_non_null(strstr(err.message, f->path));
    struct satz_translator *alone = make_translator(m, NULL);
    struct satz_translator *both = make_translator(
        m, &(struct satz_translator_options){.ensemble = list + 1, .n_ensemble = 1, .threads = 2});
    const struct satz_translation *want = translate(alone, lines, LINES);
    const struct satz_translation *got = translate(both, lines, LINES);
    for (int i = 0; i < LINES; i++)
        assert_string_equal(got[i].hypotheses[0].text, want[i].hypotheses[0].text);
    satz_translator_free(alone);
    satz_translator_free(both);
    satz_model_close(m);
    satz_model_close(stranger);
}

static void settings_are_keys_of_the_recipe(void **state)
{
    static const char *const good[] = {"decode.beam=2", "decode.length_normalisation=gnmt"};
    static const char *const wrong[] = {"decode.bean=2", "train.seed=2", "decode.top_p=3"};
    struct satz_model *m = open_model(state);
    struct satz_error err;
    struct satz_translator_options o = {.settings = good, .n_settings = 2, .n_best = 2};
    assert_int_equal(satz_translator_check(m, &o, &err), 0);
    o.n_best = 3;
    assert_int_equal(satz_translator_check(m, &o, &err), -1);
    assert_non_null(strstr(err.message, "widen the beam"));
    for (size_t i = 0; i < 3; i++) {
        o = (struct satz_translator_options){.settings = wrong + i, .n_settings = 1};
        assert_int_equal(satz_translator_check(m, &o, &err), -1);
        assert_null(satz_translator_new(m, &o, &err));
    }
    assert_int_equal(satz_translator_check(m, NULL, &err), 0);
    satz_model_close(m);
}

/* A file whose arrays lie as the network has them is used in place; any other is copied. */
static void test_values_are_mapped_or_copied(void **state)
{
    struct fixture *f = *state;
    static const char *const yamls[] = {"model: {embedding: 32, readout: 32}\n",
                                        "model: {embedding: 5, readout: 7}\n"};
    for (int i = 0; i < 2; i++) {
        struct recipe recipe;
        struct model m, loaded;
        struct satz_error err;
        struct tokenizer *t =
            scratch_tokenizer(scratch_german(f->scratch, "de"), "unigram", i ? 61 : 48);
        const char *path = scratch_path(f->scratch, i ? "copied" : "mapped");
        if (recipe_parse(&recipe, yamls[i], strlen(yamls[i]), "test", &err) < 0 ||
            model_init(&m, &recipe, t, t, &err) < 0 || model_save(&m, path, NULL, NULL, &err) < 0 ||
            model_load(&loaded, path, &err) < 0)
            fail_msg("%s", err.message);
        assert_int_equal(loaded.network.params.borrowed, i == 0);
        for (int k = 0; k < m.network.params.count; k++) {
            struct mat x = params_mat(&m.network.params, k);
            assert_memory_equal(x.data, params_mat(&loaded.network.params, k).data,
                                (size_t)x.rows * (size_t)x.cols * sizeof(real));
        }
        model_release(&loaded);
        model_release(&m);
        recipe_release(&recipe);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_are_mapped_or_copied),
        cmocka_unit_test(lines_stay_lines),
        cmocka_unit_test(threads_and_batches_do_not_matter),
        cmocka_unit_test(long_lines_are_cut_and_it_is_said),
        cmocka_unit_test(wrong_options_are_refused),
        cmocka_unit_test(attention_is_merged_to_words),
        cmocka_unit_test(required_words_are_there_and_forbidden_ones_are_not),
        cmocka_unit_test(translations_begin_as_asked),
        cmocka_unit_test(what_cannot_be_asked_is_refused),
        cmocka_unit_test(long_lines_are_split),
        cmocka_unit_test(ensembles_need_one_tokenizer),
        cmocka_unit_test(settings_are_keys_of_the_recipe),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
