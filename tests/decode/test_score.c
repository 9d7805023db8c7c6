#include "decode/score.h"

#include <math.h>
#include <stdio.h>

#include "decode/search.h"
#include "tests/decode/network.h"

enum { WORDS = 150, PAIRS = 9 };

static const char *const recipes[] = {
    "model: {embedding: 24, encoder_hidden: 13, decoder_hidden: 37, readout: 19}\n"
    "attention: {preset: bahdanau, size: 21}\n",
    "model: {embedding: 16, encoder_hidden: 32, decoder_hidden: 64, decoder_layers: 2,\n"
    "        reverse_source: true}\n"
    "attention: {preset: luong}\n",
    "model: {embedding: 16, encoder_hidden: 12, decoder_hidden: 24, encoder_layers: 3,\n"
    "        decoder_layers: 3, bidirectional_layers: first, residual: 3}\n"
    "attention: {place: gnmt, coverage: sum, window: local_m, width: 2}\n",
    "model: {embedding: 16, encoder_hidden: 12, decoder_hidden: 24}\n"
    "attention: {place: after, window: local_p, width: 2, coverage: sum}\n",
    "attention: {window: hard}\n"
    "model: {embedding: 16, encoder_hidden: 12, decoder_hidden: 24}\n",
};
enum { N_RECIPES = sizeof recipes / sizeof *recipes };

/* Scoring what the search found gives the search's own bits; and all that the loss gives. */
static void agrees_with_the_search(void **state)
{
    (void)state;
    const struct search_options o = {
        .beam = 3, .n_best = 1, .length_penalty = 1, .max_length_factor = 1, .max_length_extra = 4};
    for (int which = 0; which < N_RECIPES; which++) {
        struct network n;
        struct search search = {0};
        struct scorer scorer = {0};
        struct batch batch = {0};
        int ids[PAIRS][NETWORK_LONGEST];
        struct batch_sentence sources[PAIRS], targets[PAIRS];
        network_init(&n, recipes[which], WORDS, "auto");
        bool reversed = n.recipe.model.reverse_source;
        for (int i = 0; i < PAIRS; i++)
            sources[i] = network_sentence(i, WORDS, ids[i]);
        assert_int_equal(batch_fill(&batch, sources, NULL, PAIRS, reversed, &n.err), 0);
        assert_int_equal(network_search(&search, &n, &batch, NULL, &o, &n.err), 0);
        for (int i = 0; i < PAIRS; i++) {
            const struct hypothesis *h = &search.results[i].hypotheses[0];
            targets[i] = (struct batch_sentence){h->ids, h->n};
        }
        assert_int_equal(batch_fill(&batch, sources, targets, PAIRS, reversed, &n.err), 0);
        assert_int_equal(scorer_run(&scorer, &n.pass, &n.model, &batch, true, reversed, &n.err), 0);
        double total = 0;
        for (int i = 0; i < PAIRS; i++) {
            total += scorer.results[i].log_probability;
            assert_true(scorer.results[i].log_probability ==
                        search.results[i].hypotheses[0].log_probability);
        }
        struct arena arena;
        struct seq2seq_memory memory;
        struct loss_sums sums = {0};
        arena_measure(&arena);
        seq2seq_plan(&n.model, &batch, false, &arena, &memory);
        assert_int_equal(arena_init(&arena, arena.peak, &n.err), 0);
        seq2seq_plan(&n.model, &batch, false, &arena, &memory);
        seq2seq_loss(&n.pass, &n.model, &batch, &memory, &sums);
        assert_true(fabs(sums.nll + total) < 1e-3);

        /* Each row of attention is the loss's own, with the source in the order of the text. */
        for (int r = 0; r < PAIRS; r++) {
            int row = batch.sentence[r], given = batch.order[row];
            int length = sources[given].n + 1;
            for (int step = 0; step <= targets[given].n; step++) {
                const float *got = scorer.results[given].attention + step * length;
                const real *want =
                    mat_row(memory.rows.attention.weights, batch.target.offset[step] + r);
                double sum = 0;
                for (int j = 0; j < length; j++) {
                    int at = reversed && j < length - 1 ? length - 2 - j : j;
                    assert_true(fabs((double)got[j] - (double)want[at]) < 1e-5);
                    sum += (double)got[j];
                }
                /* what a window takes off is not given back */
                bool shaped = n.model.decoder.attention.window->shape;
                assert_true(sum < 1 + 1e-5 && sum > (shaped ? 0 : 1 - 1e-5));
            }
        }
        arena_release(&arena);
        scorer_release(&scorer);
        search_release(&search);
        batch_release(&batch);
        network_release(&n);
    }
}

static void no_attention_to_show_is_an_error(void **state)
{
    (void)state;
    struct network n;
    struct scorer scorer = {0};
    struct batch batch = {0};
    int ids[NETWORK_LONGEST];
    network_init(&n, "attention: {place: none}\nmodel: {encoder_hidden: 8, decoder_hidden: 8}\n",
                 WORDS, "auto");
    struct batch_sentence pair = network_sentence(1, WORDS, ids);
    assert_int_equal(batch_fill(&batch, &pair, &pair, 1, false, &n.err), 0);
    assert_int_equal(scorer_run(&scorer, &n.pass, &n.model, &batch, true, false, &n.err), -1);
    assert_non_null(strstr(n.err.message, "attention.place"));
    assert_int_equal(scorer_run(&scorer, &n.pass, &n.model, &batch, false, false, &n.err), 0);
    assert_true(scorer.results[0].log_probability < 0);
    assert_null(scorer.results[0].attention);
    scorer_release(&scorer);
    batch_release(&batch);
    network_release(&n);
}

/* Nothing is looked at outside, and something at each end that a local window has. */
static void windows_hold_the_weights(void **state)
{
    (void)state;
    static const char *const names[] = {"global", "local_m", "local_p", "hard"};
    for (int which = 0; which < 4; which++) {
        char yaml[256];
        struct network n;
        struct scorer scorer = {0};
        struct batch batch = {0};
        int ids[PAIRS][NETWORK_LONGEST];
        struct batch_sentence pairs[PAIRS];
        snprintf(
            yaml, sizeof yaml,
            "model: {embedding: 16, encoder_hidden: 16, decoder_hidden: 32, reverse_source: %s}\n"
            "attention: {score: general, place: after, window: %s, width: 2}\n",
            which == 2 ? "true" : "false", names[which]);
        network_init(&n, yaml, WORDS, "auto");
        bool reversed = n.recipe.model.reverse_source;
        for (int i = 0; i < PAIRS; i++)
            pairs[i] = network_sentence(i, WORDS, ids[i]);
        assert_int_equal(batch_fill(&batch, pairs, pairs, PAIRS, reversed, &n.err), 0);
        assert_int_equal(scorer_run(&scorer, &n.pass, &n.model, &batch, true, reversed, &n.err), 0);
        for (int i = 0; i < PAIRS; i++) {
            const struct score_result *r = &scorer.results[i];
            int words = pairs[i].n + 1;
            assert_true((r->windows != NULL) == (which > 0));
            for (int t = 0; which > 0 && t < words; t++) {
                const struct satz_window *w = &r->windows[t];
                const float *weights = r->attention + t * words;
                int from = (int)w->from, to = (int)w->to;
                assert_true(from >= 0 && from < to && to <= words);
                assert_true(to - from <= (which == 3 ? 1 : 5));
                assert_true(w->centre >= 0 && w->centre <= (float)words);
                /* The source's end stays last when words are turned round. */
                for (int s = 0; which < 3 && s < words - reversed; s++)
                    assert_true((weights[s] > 0) == (s >= from && s < to));
                for (int s = 0; which == 3 && s < words; s++)
                    assert_true(weights[s] <= weights[from]);
            }
        }
        scorer_release(&scorer);
        batch_release(&batch);
        network_release(&n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_search),
        cmocka_unit_test(windows_hold_the_weights),
        cmocka_unit_test(no_attention_to_show_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
