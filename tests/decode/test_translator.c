/* Translation through the public interface, with a model file of made-up weights. */
#include <math.h>

#include "base/rng.h"
#include "model/model.h"
#include "tests/text/scratch.h"

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
    f.path = scratch_path(f.scratch, "model.safetensors");
    struct tokenizer *t = scratch_tokenizer(scratch_german(f.scratch, "de"), "unigram", 60);
    static const char yaml[] = "model: {embedding: 24, encoder_hidden: 16, decoder_hidden: 32}\n"
                               "attention: {preset: bahdanau}\ndata: {max_length: 12}\n"
                               "decode: {beam: 4, max_length_factor: 1, max_length_extra: 4}\n";
    struct recipe recipe;
    struct model m;
    struct satz_error err;
    if (recipe_parse(&recipe, yaml, strlen(yaml), "test", &err) < 0 ||
        model_init(&m, &recipe, t, t, &err) < 0)
        fail_msg("%s", err.message);
    for (size_t i = 0; i < m.network.params.size; i++)
        m.network.params.values[i] = (real)(1.6 * rng_uniform(4, i) - 0.8);
    if (model_save(&m, f.path, NULL, NULL, &err) < 0)
        fail_msg("%s", err.message);
    model_release(&m);
    recipe_release(&recipe);
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
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
