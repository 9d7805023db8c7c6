/* Scores and attention of given pairs, with a model file of made-up weights. */
#include "tests/decode/german.h"

static const char *const sources[] = {
    "Der Bär hört die Bäume.",
    "",
    "Die Müllerin sucht den schönen Fluss. Das Mädchen zählt große Häuser.",
    " \t ",
    "Ein König",
    "der Händler grüßt zwölf Äpfel und QXQX den süßen Kuchen.",
    "broken \xff bytes",
    "Das Mädchen fürchtet das Gemüse.",
};
enum { PAIRS = sizeof sources / sizeof *sources };

struct fixture {
    struct scratch *scratch;
    struct satz_model *model;
};

static int set_up(void **state)
{
    static struct fixture f;
    f.scratch = scratch_new();
    struct satz_error err;
    f.model = satz_model_open(german_model(f.scratch, 20), NULL, NULL, &err);
    assert_non_null(f.model);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    satz_model_close(f->model);
    scratch_free(f->scratch);
    return 0;
}

static struct satz_translator *make_translator(void **state, int threads, int batch)
{
    const struct satz_translator_options options = {
        .beam = 4, .n_best = 3, .threads = threads, .batch = batch, .max_length = 80};
    struct satz_error err;
    struct satz_translator *t =
        satz_translator_new(((struct fixture *)*state)->model, &options, &err);
    if (!t)
        fail_msg("%s", err.message);
    return t;
}

static struct satz_pair pair_of(const char *source, const char *target)
{
    return (struct satz_pair){.source = source,
                              .target = target,
                              .source_length = strlen(source),
                              .target_length = strlen(target)};
}

/* Every hypothesis of every n-best list has the bits of the search, whatever the batches. */
static void a_score_is_the_search_s(void **state)
{
    static const int ways[][2] = {{1, 1}, {2, 3}, {3, 64}};
    struct satz_error err;
    for (size_t way = 0; way < 3; way++) {
        struct satz_translator *t = make_translator(state, ways[way][0], ways[way][1]);
        const struct satz_translation *translations;
        assert_int_equal(satz_translate(t, sources, NULL, PAIRS, &translations, &err), 0);
        struct satz_pair pairs[3 * PAIRS];
        const struct satz_hypothesis *hypotheses[3 * PAIRS];
        size_t n = 0;
        for (int i = 0; i < PAIRS; i++)
            for (int k = 0; k < translations[i].n; k++) {
                hypotheses[n] = &translations[i].hypotheses[k];
                pairs[n] = pair_of(sources[i], "");
                pairs[n].target_ids = hypotheses[n]->ids;
                pairs[n].n_target_ids = hypotheses[n]->tokens - 1;
                n++;
            }
        assert_true(n > 2 * PAIRS);
        struct satz_score *scores = satz_score_pairs(t, pairs, n, &err);
        assert_non_null(scores);
        for (size_t i = 0; i < n; i++) {
            double sum = 0;
            for (int k = 0; k < scores[i].tokens; k++)
                sum += scores[i].token_log_probabilities[k];
            assert_true(scores[i].log_probability == hypotheses[i]->log_probability);
            assert_true(scores[i].log_probability == sum);
            assert_int_equal(scores[i].tokens, hypotheses[i]->tokens);
            assert_false(scores[i].truncated);
            if (scores[i].tokens > 0)
                assert_string_equal(scores[i].pieces[scores[i].tokens - 1], "</s>");
        }
        satz_scores_free(scores, n);
        satz_translator_free(t);
    }
}

static void what_was_cut_or_broken_is_said(void **state)
{
    struct satz_error err;
    char *longest = malloc(60001);
    for (int i = 0; i < 60000; i++)
        longest[i] = "Mut "[i % 4];
    longest[60000] = '\0';
    const struct satz_pair pairs[] = {pair_of("Ein König", longest), pair_of(longest, "König"),
                                      pair_of("Ein", "K\xff"),       pair_of("\xff", "König"),
                                      pair_of("\xff", "K\xff"),      pair_of("Ein", "König")};
    static const int invalid[] = {0, 0, 2, 1, 3, 0};
    struct satz_translator *t = make_translator(state, 2, 64);
    struct satz_score *scores = satz_score_pairs(t, pairs, 6, &err);
    assert_non_null(scores);
    assert_int_equal(scores[0].tokens, 85); /* 1 * 80 + 4, and the end */
    for (int i = 0; i < 6; i++) {
        assert_int_equal(scores[i].truncated, i < 2);
        assert_int_equal(scores[i].invalid, invalid[i]);
    }
    satz_scores_free(scores, 6);
    const int wrong[] = {5, 60};
    struct satz_pair pair = pair_of("Ein", "");
    pair.target_ids = wrong;
    pair.n_target_ids = 2;
    assert_null(satz_score_pairs(t, &pair, 1, &err));
    assert_non_null(strstr(err.message, "token 60 is not in the vocabulary of 60"));
    satz_translator_free(t);
    free(longest);
}

static void assert_same(const struct satz_attention *a, const struct satz_attention *b)
{
    assert_int_equal(a->n_sources, b->n_sources);
    assert_int_equal(a->n_targets, b->n_targets);
    for (int i = 0; i < a->n_sources; i++)
        assert_string_equal(a->sources[i], b->sources[i]);
    for (int i = 0; i < a->n_targets; i++)
        assert_string_equal(a->targets[i], b->targets[i]);
    assert_memory_equal(a->weights, b->weights,
                        (size_t)a->n_sources * (size_t)a->n_targets * sizeof *a->weights);
}

/* All at once is as one by one, for translations as for given texts. */
static void attention_of_many_is_that_of_each(void **state)
{
    struct satz_error err;
    for (int units = SATZ_WORDS; units <= SATZ_SUBWORDS; units++) {
        struct satz_translator *t = make_translator(state, 3, 3),
                               *one = make_translator(state, 1, 64);
        struct satz_attention *attentions[2 * PAIRS];
        struct satz_pair pairs[2 * PAIRS];
        const struct satz_translation *translations;
        assert_int_equal(satz_translate(t, sources, NULL, PAIRS, &translations, &err), 0);
        for (int i = 0; i < PAIRS; i++) {
            const struct satz_hypothesis *h = &translations[i].hypotheses[0];
            pairs[i] = pair_of(sources[i], "");
            pairs[i].target_ids = h->ids;
            pairs[i].n_target_ids = h->tokens - 1;
            pairs[PAIRS + i] = pair_of(sources[i], "Das Gemüse QX.");
        }
        assert_int_equal(satz_attend_pairs(t, pairs, 2 * PAIRS, units, attentions, &err), 0);
        for (int i = 0; i < 2 * PAIRS; i++) {
            const char *target = i < PAIRS ? NULL : "Das Gemüse QX.";
            struct satz_attention *alone =
                satz_attend(one, sources[i % PAIRS], target, units, &err);
            bool is_blank = strspn(sources[i % PAIRS], " \t") == strlen(sources[i % PAIRS]);
            assert_true(is_blank == !attentions[i] && is_blank == !alone);
            if (alone)
                assert_same(attentions[i], alone);
            satz_attention_free(attentions[i]);
            satz_attention_free(alone);
        }
        satz_translator_free(t);
        satz_translator_free(one);
    }
}

/* Alignments number the words of the text, so none may vanish or appear. */
static void words_are_those_of_the_text(void **state)
{
    static const struct {
        const char *text;
        int n;
        const char *words[5];
    } cases[] = {
        {"  Das  QX\tMädchen . ", 4, {"Das", "QX", "Mädchen", "."}},
        {"Das \x01 Mädchen", 3, {"Das", "\x01", "Mädchen"}},
        {"Das \xe2\x80\x8b\xc2\xad König ", 3, {"Das", "\xe2\x80\x8b\xc2\xad", "König"}},
        {"\xe6\x97\xa5 \xe6\x9c\xac Ein\xe2\x80\xa6",
         3,
         {"\xe6\x97\xa5", "\xe6\x9c\xac", "Ein\xe2\x80\xa6"}},
        {"Ein\xe3\x80\x80König\xc2\xa0 so", 2, {"Ein\xe3\x80\x80König\xc2\xa0", "so"}},
    };
    struct satz_error err;
    struct satz_translator *t = make_translator(state, 1, 64);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct satz_attention *a = satz_attend(t, cases[i].text, cases[i].text, SATZ_WORDS, &err);
        assert_non_null(a);
        assert_int_equal(a->n_sources, cases[i].n + 1);
        assert_int_equal(a->n_targets, cases[i].n + 1);
        for (int k = 0; k < cases[i].n; k++) {
            assert_string_equal(a->sources[k], cases[i].words[k]);
            assert_string_equal(a->targets[k], cases[i].words[k]);
        }
        satz_attention_free(a);
    }
    satz_translator_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_score_is_the_search_s),
        cmocka_unit_test(what_was_cut_or_broken_is_said),
        cmocka_unit_test(attention_of_many_is_that_of_each),
        cmocka_unit_test(words_are_those_of_the_text),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
