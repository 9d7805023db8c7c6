/* Searching among the words of a list, on small networks of made-up weights. */
#include "tests/decode/variants.h"

#include "text/shortlist.h"

static const char recipe[] =
    "model: {embedding: 24, encoder_hidden: 13, decoder_hidden: 37, readout: 19}\n"
    "attention: {preset: bahdanau, size: 21}\n";
enum { BEST = 3 };

/* Word s is translated by BEST words that follow from it. */
struct made_up {
    int64_t offsets[WORDS + 1];
    int32_t words[WORDS * BEST], commonest[WORDS];
    struct shortlist list;
};

static void make_list(struct made_up *m)
{
    for (int s = 0; s < WORDS; s++) {
        m->offsets[s + 1] = (s + 1) * BEST;
        m->commonest[s] = (s + 50) % WORDS;
        for (int k = 0; k < BEST; k++)
            m->words[s * BEST + k] = TOKEN_SPECIALS + (7 * s + 13 * k) % (WORDS - TOKEN_SPECIALS);
    }
    m->list = (struct shortlist){.sources = WORDS,
                                 .targets = WORDS,
                                 .offsets = m->offsets,
                                 .words = m->words,
                                 .commonest = m->commonest};
}

struct fixture {
    struct network network, other;
    struct made_up list;
    struct sources sources;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    network_init(&f->network, recipe, WORDS, "openblas");
    network_init(&f->other,
                 "model: {embedding: 9, encoder_hidden: 11, decoder_hidden: 17, tie: target, "
                 "reverse_source: true}\nattention: {preset: luong}\n",
                 WORDS, "openblas");
    make_list(&f->list);
    make_sources(&f->sources);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    network_release(&f->network);
    network_release(&f->other);
    free(f);
    return 0;
}

/* With `together`, both networks vote. */
static void search(struct search *s, const struct fixture *f, bool together, int from, int count,
                   const struct search_task *tasks, const struct search_options *o)
{
    struct batch batch = {0}, reversed = {0};
    struct satz_error err;
    const struct batch_sentence *list = f->sources.list + from;
    assert_int_equal(batch_fill(&batch, list, NULL, count, false, &err), 0);
    assert_int_equal(batch_fill(&reversed, list, NULL, count, true, &err), 0);
    const struct search_model models[] = {
        {.pass = f->network.pass, .network = &f->network.model, .source_ids = batch.source_ids},
        {.pass = f->other.pass,
         .network = &f->other.model,
         .source_ids = reversed.source_ids,
         .reversed = true}};
    if (search_run(s, models, together ? 2 : 1, &batch, tasks, o, &err) < 0)
        fail_msg("%s", err.message);
    batch_release(&batch);
    batch_release(&reversed);
}

static void assert_same(const struct search_result *a, const struct search_result *b)
{
    assert_int_equal(a->n, b->n);
    for (int k = 0; k < a->n; k++) {
        const struct hypothesis *x = &a->hypotheses[k], *y = &b->hypotheses[k];
        assert_int_equal(x->n, y->n);
        assert_true(x->n == 0 || memcmp(x->ids, y->ids, (size_t)x->n * sizeof(int)) == 0);
        assert_true(x->score == y->score && x->log_probability == y->log_probability);
    }
}

static void a_list_of_all_words_changes_no_bit(void **state)
{
    const struct fixture *f = *state;
    for (int which = 0; which < 2 * VARIANTS; which++) {
        struct search without = {0}, with = {0};
        struct search_options o = variant(which / 2);
        search(&without, f, which % 2, 0, SENTENCES, NULL, &o);
        o.shortlist = &f->list.list;
        o.shortlist_best = 1;
        o.shortlist_commonest = WORDS;
        search(&with, f, which % 2, 0, SENTENCES, NULL, &o);
        for (int i = 0; i < SENTENCES; i++)
            assert_same(&with.results[i], &without.results[i]);
        search_release(&without);
        search_release(&with);
    }
}

static bool is_listed(const struct fixture *f, int sentence, const struct search_options *o, int w)
{
    uint64_t set[WORDS / 64 + 1] = {0};
    shortlist_add_commonest(&f->list.list, o->shortlist_commonest, set);
    for (int k = 0; k < f->sources.list[sentence].n; k++)
        shortlist_add_word(&f->list.list, f->sources.ids[sentence][k], o->shortlist_best, set);
    return set[w / 64] >> w % 64 & 1;
}

/* Only listed words come, other ones than without a list, and neighbours change no bit of a
 * translation: their words are no candidates. */
static void lists_are_of_sentences(void **state)
{
    const struct fixture *f = *state;
    for (int which = 0; which < 2 * VARIANTS; which++) {
        struct search free_search = {0}, all = {0}, alone = {0};
        struct search_options o = variant(which / 2);
        int others = 0;
        search(&free_search, f, which % 2, 0, SENTENCES, NULL, &o);
        o.shortlist = &f->list.list;
        o.shortlist_best = 2;
        o.shortlist_commonest = 5;
        search(&all, f, which % 2, 0, SENTENCES, NULL, &o);
        for (int i = 0; i < SENTENCES; i++) {
            const struct hypothesis *best = &all.results[i].hypotheses[0];
            for (int k = 0; k < best->n; k++)
                assert_true(is_listed(f, i, &o, best->ids[k]));
            best = &free_search.results[i].hypotheses[0];
            for (int k = 0; k < best->n; k++)
                others += !is_listed(f, i, &o, best->ids[k]);
            search(&alone, f, which % 2, i, 1, NULL, &o);
            assert_same(&alone.results[0], &all.results[i]);
        }
        assert_true(others > 0);
        search_release(&free_search);
        search_release(&all);
        search_release(&alone);
    }
}

static void a_prefix_comes_from_outside_the_list(void **state)
{
    const struct fixture *f = *state;
    struct search_options o = usual;
    struct search s = {0};
    o.shortlist = &f->list.list;
    o.shortlist_best = o.shortlist_commonest = 1;
    const int prefix[] = {149, 146};
    struct search_task tasks[SENTENCES];
    int outside = 0;
    for (int i = 0; i < SENTENCES; i++) {
        tasks[i] = (struct search_task){.prefix = {prefix, i % 2 ? 2 : 0}};
        outside += i % 2 && !is_listed(f, i, &o, 149) && !is_listed(f, i, &o, 146);
    }
    assert_true(outside > 0);
    search(&s, f, false, 0, SENTENCES, tasks, &o);
    for (int i = 1; i < SENTENCES; i += 2) {
        const struct hypothesis *h = &s.results[i].hypotheses[0];
        assert_true(h->n >= 2 && memcmp(h->ids, prefix, sizeof prefix) == 0);
    }
    search_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_of_all_words_changes_no_bit),
        cmocka_unit_test(lists_are_of_sentences),
        cmocka_unit_test(a_prefix_comes_from_outside_the_list),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
