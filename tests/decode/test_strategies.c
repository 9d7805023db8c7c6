/* What each kind of search promises, on small networks of made-up weights. */
#include <math.h>
#include <stdio.h>

#include "decode/normalise.h"
#include "tests/decode/variants.h"

static const char recipe[] =
    "model: {embedding: 24, encoder_hidden: 13, decoder_hidden: 37, readout: 19}\n"
    "attention: {preset: bahdanau, size: 21}\n";

static void search(struct search *s, const struct network *n, const struct batch_sentence *sources,
                   int count, const struct search_options *o)
{
    struct batch batch = {0};
    struct satz_error err;
    assert_int_equal(batch_fill(&batch, sources, NULL, count, n->recipe.model.reverse_source, &err),
                     0);
    if (network_search(s, n, &batch, NULL, o, &err) < 0)
        fail_msg("%s", err.message);
    batch_release(&batch);
}

static bool same(const struct hypothesis *a, const struct hypothesis *b)
{
    return a->n == b->n && memcmp(a->ids, b->ids, (size_t)a->n * sizeof(int)) == 0;
}

static void assert_same_results(const struct search *a, const struct search *b)
{
    for (int i = 0; i < SENTENCES; i++) {
        assert_int_equal(a->results[i].n, b->results[i].n);
        for (int k = 0; k < a->results[i].n; k++) {
            const struct hypothesis *x = &a->results[i].hypotheses[k];
            const struct hypothesis *y = &b->results[i].hypotheses[k];
            assert_true(same(x, y) && x->score == y->score && x->coverage == y->coverage);
        }
    }
}

static void n_best_lists_are_sorted_and_unique(void **state)
{
    (void)state;
    struct network n;
    struct sources sources;
    struct search s = {0};
    network_init(&n, recipe, WORDS, "openblas");
    make_sources(&sources);
    for (int which = 0; which < VARIANTS; which++) {
        struct search_options o = variant(which);
        search(&s, &n, sources.list, SENTENCES, &o);
        for (int i = 0; i < SENTENCES; i++) {
            const struct search_result *r = &s.results[i];
            assert_in_range(r->n, 1, o.n_best);
            for (int k = 1; k < r->n; k++) {
                assert_true(r->hypotheses[k].score <= r->hypotheses[k - 1].score);
                for (int j = 0; j < k; j++)
                    assert_false(same(&r->hypotheses[k], &r->hypotheses[j]));
            }
        }
    }
    search_release(&s);
    network_release(&n);
}

/* Alone, in batches of 3, and all together: the same bits, random numbers and all. */
static void batches_do_not_matter(void **state)
{
    (void)state;
    struct network n;
    struct sources sources;
    struct search all = {0}, part = {0};
    network_init(&n, recipe, WORDS, "openblas");
    make_sources(&sources);
    for (int which = 0; which < VARIANTS; which++) {
        struct search_options o = variant(which);
        search(&all, &n, sources.list, SENTENCES, &o);
        for (int size = 1; size <= 3; size += 2)
            for (int from = 0; from + size <= SENTENCES; from += size) {
                search(&part, &n, sources.list + from, size, &o);
                for (int i = 0; i < size; i++) {
                    const struct search_result *x = &part.results[i], *y = &all.results[from + i];
                    assert_int_equal(x->n, y->n);
                    for (int k = 0; k < x->n; k++)
                        assert_true(same(&x->hypotheses[k], &y->hypotheses[k]) &&
                                    x->hypotheses[k].score == y->hypotheses[k].score);
                }
            }
    }
    search_release(&all);
    search_release(&part);
    network_release(&n);
}

/* No beam finds less than the greedy search, whose hypothesis it may have lost on the way. */
static void no_beam_is_worse_than_greedy(void **state)
{
    (void)state;
    int better = 0;
    for (int normalised = 0; normalised < 3; normalised++) {
        struct network n;
        struct sources sources;
        struct search greedy = {0}, s = {0};
        struct search_options o = usual;
        network_init(&n, recipe, WORDS, "openblas");
        make_sources(&sources);
        o.length_penalty = normalised * 0.8;
        o.normalisation = normalisation_find(normalised == 2 ? "gnmt" : "power");
        o.no_repeat = normalised;
        o.beam = o.n_best = 1;
        search(&greedy, &n, sources.list, SENTENCES, &o);
        for (int beam = 2; beam < 9; beam++)
            for (int stop = STOP_EXACT; stop <= STOP_FIRST; stop++)
                for (int diverse = 0; diverse < 2; diverse++) {
                    o.beam = beam;
                    o.stop = (enum search_stop)stop;
                    o.strategy = strategy_find(diverse ? "diverse" : "beam");
                    search(&s, &n, sources.list, SENTENCES, &o);
                    for (int i = 0; i < SENTENCES; i++) {
                        double first = greedy.results[i].hypotheses[0].score;
                        assert_true(s.results[i].hypotheses[0].score >= first);
                        better += s.results[i].hypotheses[0].score > first;
                    }
                }
        search_release(&greedy);
        search_release(&s);
        network_release(&n);
    }
    assert_true(better > 100);
}

/* Stopping as soon as nothing better can come finds what waiting for the whole beam does. */
static void the_exact_stop_is_exact(void **state)
{
    (void)state;
    struct network n;
    struct sources sources;
    struct search early = {0}, late = {0};
    network_init(&n, recipe, WORDS, "openblas");
    make_sources(&sources);
    for (int which = 0; which < 24; which++) {
        struct search_options o = usual;
        o.beam = 2 + which % 5;
        o.n_best = 1 + which % 2;
        o.length_penalty = which % 4 * 0.5;
        o.normalisation = normalisation_find(which & 4 ? "gnmt" : "power");
        o.coverage_penalty = which & 8 ? 0.3 : 0;
        search(&early, &n, sources.list, SENTENCES, &o);
        o.stop = STOP_BEAM;
        search(&late, &n, sources.list, SENTENCES, &o);
        assert_same_results(&early, &late);
    }
    search_release(&early);
    search_release(&late);
    network_release(&n);
}

static void nothing_repeats_and_nothing_is_too_short(void **state)
{
    (void)state;
    struct network n;
    struct sources sources;
    struct search s = {0};
    int repeats[2] = {0};
    network_init(&n, recipe, WORDS, "openblas");
    make_sources(&sources);
    for (int blocked = 0; blocked < 2; blocked++) {
        struct search_options o = usual;
        o.no_repeat = blocked ? 2 : 0;
        o.min_length_factor = 1.2;
        search(&s, &n, sources.list, SENTENCES, &o);
        for (int i = 0; i < SENTENCES; i++)
            for (int k = 0; k < s.results[i].n; k++) {
                const struct hypothesis *h = &s.results[i].hypotheses[k];
                assert_true(h->n >= 1.2 * sources.list[i].n);
                for (int a = 0; a + 1 < h->n; a++)
                    for (int b = a + 1; b + 1 < h->n; b++)
                        repeats[blocked] +=
                            h->ids[a] == h->ids[b] && h->ids[a + 1] == h->ids[b + 1];
            }
    }
    assert_true(repeats[0] > 0);
    assert_int_equal(repeats[1], 0);
    search_release(&s);
    network_release(&n);
}

/* One group is a beam; with a high price groups share no first word. */
static void groups_differ(void **state)
{
    (void)state;
    struct network n;
    struct sources sources;
    struct search beam = {0}, diverse = {0};
    network_init(&n, recipe, WORDS, "openblas");
    make_sources(&sources);
    struct search_options o = usual;
    search(&beam, &n, sources.list, SENTENCES, &o);
    o.strategy = strategy_find("diverse");
    o.groups = 1;
    search(&diverse, &n, sources.list, SENTENCES, &o);
    assert_same_results(&beam, &diverse);
    o.groups = o.beam;
    o.diversity = 100;
    o.max_length_factor = 0;
    o.max_length_extra = 1;
    o.min_length_factor = 1;
    search(&diverse, &n, sources.list, SENTENCES, &o);
    for (int i = 0; i < SENTENCES; i++) {
        if (sources.list[i].n == 0)
            continue;
        assert_int_equal(diverse.results[i].n, o.beam);
        for (int k = 0; k < o.beam; k++)
            for (int j = 0; j < k; j++)
                assert_true(diverse.results[i].hypotheses[k].ids[0] !=
                            diverse.results[i].hypotheses[j].ids[0]);
    }
    search_release(&beam);
    search_release(&diverse);
    network_release(&n);
}

/* Words come up as often as the model says; cut to the likeliest word, a sample is greedy. */
static void samples_follow_the_model(void **state)
{
    (void)state;
    enum { VOCABULARY = 9, DRAWS = 4000 };
    struct network n;
    int ids[NETWORK_LONGEST], seen[VOCABULARY] = {0};
    double expected[VOCABULARY] = {0};
    network_init(&n, recipe, VOCABULARY, "openblas");
    struct batch_sentence source = network_sentence(1, VOCABULARY, ids);
    struct search s = {0};
    struct search_options o = usual;
    o.strategy = strategy_find("sample");
    o.n_best = 1;
    o.max_length_factor = 0;
    o.max_length_extra = 1;
    for (int i = 0; i < DRAWS; i++) {
        o.seed = (uint64_t)i;
        search(&s, &n, &source, 1, &o);
        const struct hypothesis *h = &s.results[0].hypotheses[0];
        int word = h->n ? h->ids[0] : TOKEN_END;
        assert_true(word != TOKEN_PAD && word != TOKEN_BEGIN);
        seen[word]++;
    }
    /* What the network says of the first word. */
    struct batch batch = {0};
    struct arena arena;
    struct seq2seq_source memory;
    struct decoder_rows rows;
    int sentence = 0, begin = TOKEN_BEGIN;
    double total = 0;
    assert_int_equal(batch_fill(&batch, &source, NULL, 1, false, &n.err), 0);
    assert_int_equal(arena_init(&arena, 1 << 20, &n.err), 0);
    seq2seq_source_plan(&n.model, &batch.source, false, &arena, &memory);
    decoder_rows_plan(&n.model.decoder, 1, &sentence, batch.source.steps, false, &arena, &rows);
    struct mat logits = pass_mat(&arena, 1, VOCABULARY);
    seq2seq_encode(&n.pass, &n.model, &batch.source, batch.source_ids, &memory);
    mat_copy(rows.previous, memory.bridge.state);
    seq2seq_step(&n.pass, &n.model, &memory, &begin, &rows, logits);
    for (int v = 0; v < VOCABULARY; v++) {
        bool possible = v != TOKEN_PAD && v != TOKEN_BEGIN;
        total += expected[v] = possible ? exp((double)logits.data[v]) : 0;
    }
    for (int v = 0; v < VOCABULARY; v++) {
        double p = expected[v] / total;
        assert_true(fabs(seen[v] - p * DRAWS) < 5 * sqrt(p * (1 - p) * DRAWS) + 1);
    }
    arena_release(&arena);
    batch_release(&batch);

    struct search greedy = {0};
    struct search_options one = usual;
    one.beam = one.n_best = 1;
    search(&greedy, &n, &source, 1, &one);
    for (int cut = 0; cut < 3; cut++) {
        o = usual;
        o.strategy = strategy_find("sample");
        o.top_k = cut == 0 ? 1 : 0;
        o.top_p = cut == 1 ? 0.001 : 1;
        o.temperature = cut == 2 ? 0.01 : 1;
        search(&s, &n, &source, 1, &o);
        assert_int_equal(s.results[0].n, 1);
        assert_true(same(&s.results[0].hypotheses[0], &greedy.results[0].hypotheses[0]));
        assert_true(fabs(s.results[0].hypotheses[0].score - greedy.results[0].hypotheses[0].score) <
                    1e-6);
    }
    search_release(&greedy);
    search_release(&s);
    network_release(&n);
}

/* A model and itself translate as it does; the mean of two lies between what each says. */
static void ensembles_average(void **state)
{
    (void)state;
    struct network n, reversed;
    struct sources sources;
    char yaml[512];
    network_init(&n, recipe, WORDS, "openblas");
    snprintf(yaml, sizeof yaml, "%s", recipe);
    strcpy(strstr(yaml, "readout: 19}"),
           "readout: 19, reverse_source: true}\nattention: {place: after}\n");
    network_init(&reversed, yaml, WORDS, "openblas");
    make_sources(&sources);
    struct search alone = {0}, both = {0};
    struct batch batch = {0}, other = {0};
    search(&alone, &n, sources.list, SENTENCES, &usual);
    assert_int_equal(batch_fill(&batch, sources.list, NULL, SENTENCES, false, &n.err), 0);
    assert_int_equal(batch_fill(&other, sources.list, NULL, SENTENCES, true, &n.err), 0);
    struct search_model models[] = {
        {.pass = n.pass, .network = &n.model, .source_ids = batch.source_ids},
        {.pass = n.pass, .network = &n.model, .source_ids = batch.source_ids},
    };
    assert_int_equal(search_run(&both, models, 2, &batch, NULL, &usual, &n.err), 0);
    for (int i = 0; i < SENTENCES; i++) {
        const struct hypothesis *a = alone.results[i].hypotheses, *b = both.results[i].hypotheses;
        assert_true(same(a, b) && fabs(a->score - b->score) < 1e-5);
    }
    /* The order of the models changes nothing, and one that reads backwards attends to the same. */
    models[1] = (struct search_model){.pass = reversed.pass,
                                      .network = &reversed.model,
                                      .source_ids = other.source_ids,
                                      .reversed = true};
    struct search turned = {0};
    struct search_model swapped[] = {models[1], models[0]};
    struct search_options o = usual;
    o.coverage_penalty = 0.2;
    assert_int_equal(search_run(&both, models, 2, &batch, NULL, &o, &n.err), 0);
    assert_int_equal(search_run(&turned, swapped, 2, &batch, NULL, &o, &n.err), 0);
    for (int i = 0; i < SENTENCES; i++) {
        const struct hypothesis *a = both.results[i].hypotheses, *b = turned.results[i].hypotheses;
        assert_true(same(a, b) && fabs(a->score - b->score) < 1e-4 &&
                    fabs(a->coverage - b->coverage) < 1e-4);
        assert_false(same(a, alone.results[i].hypotheses) &&
                     a->log_probability == alone.results[i].hypotheses[0].log_probability);
    }
    search_release(&alone);
    search_release(&both);
    search_release(&turned);
    batch_release(&batch);
    batch_release(&other);
    network_release(&n);
    network_release(&reversed);
}

static void coverage_needs_attention(void **state)
{
    (void)state;
    struct network n;
    struct search s = {0};
    struct batch batch = {0};
    int ids[NETWORK_LONGEST];
    struct search_options o = usual;
    network_init(&n, "attention: {place: none}\nmodel: {encoder_hidden: 8, decoder_hidden: 8}\n",
                 WORDS, "openblas");
    struct batch_sentence source = network_sentence(1, WORDS, ids);
    o.coverage_penalty = 1;
    assert_int_equal(batch_fill(&batch, &source, NULL, 1, false, &n.err), 0);
    assert_int_equal(network_search(&s, &n, &batch, NULL, &o, &n.err), -1);
    assert_non_null(strstr(n.err.message, "attention.place"));
    batch_release(&batch);
    search_release(&s);
    network_release(&n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(n_best_lists_are_sorted_and_unique),
        cmocka_unit_test(batches_do_not_matter),
        cmocka_unit_test(no_beam_is_worse_than_greedy),
        cmocka_unit_test(the_exact_stop_is_exact),
        cmocka_unit_test(nothing_repeats_and_nothing_is_too_short),
        cmocka_unit_test(groups_differ),
        cmocka_unit_test(samples_follow_the_model),
        cmocka_unit_test(ensembles_average),
        cmocka_unit_test(coverage_needs_attention),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
