#include "decode/search.h"

#include <math.h>
#include <stdio.h>

#include "base/lists.h"
#include "decode/top.h"
#include "model/inputs.h"
#include "nn/embed.h"
#include "tests/decode/network.h"

static const char *const recipes[] = {
    "model: {embedding: 24, encoder_hidden: 13, decoder_hidden: 37, readout: 19}\n"
    "attention: {preset: bahdanau, size: 21}\n",
    "model: {embedding: 16, encoder_hidden: 32, decoder_hidden: 64, encoder_layers: 2,\n"
    "        decoder_layers: 2}\n"
    "attention: {preset: luong}\n",
    "model: {embedding: 9, encoder_hidden: 16, decoder_hidden: 16, bidirectional: false,\n"
    "        reverse_source: true}\n"
    "attention: {place: none}\n",
    "model: {embedding: 16, encoder_hidden: 12, decoder_hidden: 24, encoder_layers: 3,\n"
    "        decoder_layers: 3, bidirectional_layers: first, residual: 3}\n"
    "attention: {place: gnmt, coverage: sum, size: 20}\n",
    "model: {embedding: 16, encoder_hidden: 12, decoder_hidden: 24}\n"
    "attention: {preset: luong, window: local_m, width: 1, coverage: sum}\n",
    "model: {embedding: 16, encoder_hidden: 12, decoder_hidden: 24, encoder_layers: 2,\n"
    "        decoder_layers: 2, residual: 2}\n"
    "attention: {place: after, window: local_p, width: 2, coverage: fertility}\n",
    "model: {embedding: 16, encoder_hidden: 12, decoder_hidden: 24}\n"
    "attention: {window: hard}\n",
};
enum { N_RECIPES = sizeof recipes / sizeof *recipes, WORDS = 150 };

static const struct search_options usual = {
    .beam = 4,
    .n_best = 3,
    .length_penalty = 1,
    .max_length_factor = 1.5,
    .max_length_extra = 3,
};

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

/* log P(target | source) by the loss, the sentence alone in its batch. */
static double teacher_forced(struct network *n, struct batch_sentence source,
                             struct batch_sentence target)
{
    struct batch batch = {0};
    struct arena arena;
    struct seq2seq_memory memory;
    struct loss_sums sums = {0};
    assert_int_equal(
        batch_fill(&batch, &source, &target, 1, n->recipe.model.reverse_source, &n->err), 0);
    arena_measure(&arena);
    seq2seq_plan(&n->model, &batch, false, &arena, &memory);
    assert_int_equal(arena_init(&arena, arena.peak, &n->err), 0);
    seq2seq_plan(&n->model, &batch, false, &arena, &memory);
    seq2seq_loss(&n->pass, &n->model, &batch, &memory, &sums);
    arena_release(&arena);
    batch_release(&batch);
    return -sums.nll;
}

static void takes_the_largest_in_order(void **state)
{
    (void)state;
    enum { N = 1000, K = 70 };
    const struct top_kernels *top = SIMD_BEST(top_kernels);
    real z[N], copy[N], maxima[N], values[K];
    int words[K];
    for (int n = 1; n < N; n = n * 2 + 1) {
        double total = 0;
        for (int v = 0; v < n; v++) {
            z[v] = copy[v] = (real)rng_below(3, (uint64_t)v, 40) / 4;
            total += exp((double)z[v]);
        }
        assert_true(fabs((double)top->scan(n, z, maxima) - log(total)) < 1e-5);
        if (n > 1) {
            top->exclude(n, z, maxima, n / 2);
            copy[n / 2] = -(real)INFINITY;
        }
        int left = n > 1 ? n - 1 : n, count = top->take(n, z, maxima, K, words, values);
        assert_int_equal(count, left < K ? left : K);
        for (int i = 0; i < count; i++) {
            int best = 0;
            for (int v = 1; v < n; v++)
                best = copy[v] > copy[best] ? v : best;
            assert_int_equal(words[i], best);
            assert_true(values[i] == copy[best]);
            copy[best] = -(real)INFINITY;
        }
    }
}

static void scan_tells_of_nan(void **state)
{
    (void)state;
    const struct top_kernels *top = SIMD_BEST(top_kernels);
    for (int at = 0; at < 130; at += 43) {
        real z[130] = {0}, maxima[3];
        z[at] = (real)NAN;
        assert_true(!isfinite((double)top->scan(130, z, maxima)));
        z[at] = (real)INFINITY;
        assert_true(!isfinite((double)top->scan(130, z, maxima)));
    }
}

/* A beam of 1 does what a loop over the likeliest word does. */
static void beam_of_one_is_greedy(void **state)
{
    (void)state;
    struct search_options o = usual;
    o.beam = o.n_best = 1;
    for (int which = 0; which < N_RECIPES; which++) {
        struct network n;
        network_init(&n, recipes[which], WORDS, "openblas");
        for (int i = 0; i < 5; i++) {
            int ids[NETWORK_LONGEST], greedy[64], count = 0;
            struct batch_sentence source = network_sentence(i, WORDS, ids);
            int limit = (int)(1.5 * source.n) + 3;
            struct batch batch = {0};
            struct arena arena;
            struct seq2seq_source memory;
            struct decoder_rows rows;
            struct mat logits = {0};
            int sentence = 0, word = TOKEN_BEGIN;
            assert_int_equal(
                batch_fill(&batch, &source, NULL, 1, n.recipe.model.reverse_source, &n.err), 0);
            assert_int_equal(arena_init(&arena, 1 << 20, &n.err), 0);
            seq2seq_source_plan(&n.model, &batch.source, false, &arena, &memory);
            decoder_rows_plan(&n.model.decoder, 1, &sentence, batch.source.steps, false, &arena,
                              &rows);
            logits = pass_mat(&arena, 1, WORDS);
            seq2seq_encode(&n.pass, &n.model, &batch.source, batch.source_ids, &memory);
            mat_copy(rows.previous, memory.bridge.state);
            while (count < limit) {
                seq2seq_step(&n.pass, &n.model, &memory, &word, &rows, logits);
                word = TOKEN_UNKNOWN;
                for (int v = TOKEN_END; v < WORDS; v++)
                    word = logits.data[v] > logits.data[word] ? v : word;
                if (word == TOKEN_END)
                    break;
                greedy[count++] = word;
                mat_copy(rows.previous, rows.next);
            }
            struct search s = {0};
            search(&s, &n, &source, 1, &o);
            assert_int_equal(s.results[0].n, 1);
            assert_int_equal(s.results[0].hypotheses[0].n, count);
            assert_memory_equal(s.results[0].hypotheses[0].ids, greedy,
                                (size_t)count * sizeof(int));
            search_release(&s);
            arena_release(&arena);
            batch_release(&batch);
        }
        network_release(&n);
    }
}

/* Readouts [steps, width] of a sentence's words. */
static struct mat read_words(struct network *n, const struct batch *batch, bool values,
                             struct arena *arena)
{
    enum { STEPS = 3 };
    struct seq2seq_source source;
    struct decoder_rows rows;
    static const int words[STEPS] = {TOKEN_BEGIN, 7, 9};
    int sentence = 0;
    seq2seq_source_plan(&n->model, &batch->source, false, arena, &source);
    if (values)
        seq2seq_values_plan(&n->model, &batch->source, arena, &source);
    bool has = n->model.decoder.place != PLACE_NONE && !n->model.decoder.attention.window->samples;
    assert_int_equal(source.attention.values != NULL, values && has);
    decoder_rows_plan(&n->model.decoder, 1, &sentence, batch->source.steps, false, arena, &rows);
    struct mat readouts = pass_mat(arena, STEPS, rows.readout.cols);
    seq2seq_encode(&n->pass, &n->model, &batch->source, batch->source_ids, &source);
    assert_int_equal(seq2seq_values(&n->pass, &n->model, &source, &n->err), 0);
    mat_copy(rows.previous, source.bridge.state);
    for (int step = 0; step < STEPS; step++) {
        seq2seq_advance(&n->pass, &n->model, &source, NULL, &words[step], &rows);
        mat_copy(mat_rows(readouts, step, 1), rows.readout);
        mat_copy(rows.previous, rows.next);
    }
    seq2seq_values_free(&n->model, &source);
    return readouts;
}

/* What annotations add to gates and readout, made beforehand, is what the context adds. */
static void values_stand_for_the_context(void **state)
{
    (void)state;
    for (int which = 0; which < N_RECIPES; which++) {
        struct network n;
        struct arena arena;
        struct batch batch = {0};
        int ids[NETWORK_LONGEST];
        struct batch_sentence source = network_sentence(1, WORDS, ids);
        network_init(&n, recipes[which], WORDS, "openblas");
        assert_int_equal(
            batch_fill(&batch, &source, NULL, 1, n.recipe.model.reverse_source, &n.err), 0);
        assert_int_equal(arena_init(&arena, 1 << 20, &n.err), 0);
        struct mat with = read_words(&n, &batch, true, &arena);
        struct mat without = read_words(&n, &batch, false, &arena);
        for (int i = 0; i < with.rows * with.cols; i++)
            assert_true(fabs((double)(with.data[i] - without.data[i])) < 1e-5);
        arena_release(&arena);
        batch_release(&batch);
        network_release(&n);
    }
}

/* Words that are remembered, or come for the first time, or for which there is no more room, get
 * the same bits as without. */
static void inputs_are_what_they_stand_for(void **state)
{
    (void)state;
    enum { ROUNDS = 12, ROWS = 40 };
    for (int which = 0; which < N_RECIPES; which++) {
        struct network n;
        struct arena arena;
        struct decoder_rows with, without;
        int words[ROWS], sentence[ROWS] = {0};
        network_init(&n, recipes[which], WORDS, "openblas");
        size_t row =
            (size_t)rnn_gate_width(&n.model.decoder.rnn[0]) + (size_t)n.model.decoder.readout;
        struct inputs *inputs = inputs_new(&n.model, 100 * row * sizeof(real), &n.err);
        assert_non_null(inputs);
        assert_int_equal(arena_init(&arena, 1 << 21, &n.err), 0);
        decoder_rows_plan(&n.model.decoder, ROWS, sentence, 1, false, &arena, &with);
        decoder_rows_plan(&n.model.decoder, ROWS, sentence, 1, false, &arena, &without);
        for (int round = 0; round < ROUNDS; round++) {
            for (int r = 0; r < ROWS; r++)
                words[r] = (int)rng_below(3, (uint64_t)(round * ROWS + r), WORDS);
            memset(with.activation.data, 0, ROWS * (size_t)with.activation.cols * sizeof(real));
            memset(without.activation.data, 0, ROWS * (size_t)with.activation.cols * sizeof(real));
            inputs_project(&n.pass, &n.model, inputs, words, &with);
            embed_forward(&n.pass, n.model.target_embedding, words, without.embedded);
            decoder_project(&n.pass, &n.model.decoder, &without);
            assert_memory_equal(with.embedded.data, without.embedded.data,
                                ROWS * (size_t)with.embedded.cols * sizeof(real));
            assert_memory_equal(with.gates[0].data, without.gates[0].data,
                                ROWS * (size_t)with.gates[0].cols * sizeof(real));
            if (n.model.decoder.place == PLACE_BEFORE)
                assert_memory_equal(with.activation.data, without.activation.data,
                                    ROWS * (size_t)with.activation.cols * sizeof(real));
        }
        inputs_free(inputs);
        arena_release(&arena);
        network_release(&n);
    }
}

struct sequence_score {
    int ids[8], n;
    double score;
};

static int by_score(const void *a, const void *b)
{
    double x = ((const struct sequence_score *)a)->score;
    double y = ((const struct sequence_score *)b)->score;
    return (x < y) - (x > y);
}

/* A beam that holds every prefix finds the best of all translations, whatever the penalty. */
static void wide_beam_is_exhaustive(void **state)
{
    (void)state;
    enum { VOCABULARY = 6, LIMIT = 4, ALL = 1 + 3 + 9 + 27 + 81, N_BEST = 9 };
    static const int usable[] = {TOKEN_UNKNOWN, 4, 5};
    for (int which = 0; which < N_RECIPES; which++) {
        struct network n;
        network_init(&n, recipes[which], VOCABULARY, "openblas");
        int source_ids[NETWORK_LONGEST];
        struct batch_sentence source = network_sentence(which, VOCABULARY, source_ids);
        double log_probability[ALL];
        static struct sequence_score all[ALL];
        int count = 0;
        for (int length = 0, codes = 1; length <= LIMIT; length++, codes *= 3)
            for (int code = 0; code < codes; code++, count++) {
                struct sequence_score *e = &all[count];
                e->n = length;
                for (int k = 0, rest = code; k < length; k++, rest /= 3)
                    e->ids[k] = usable[rest % 3];
                log_probability[count] =
                    teacher_forced(&n, source, (struct batch_sentence){e->ids, e->n});
            }
        assert_int_equal(count, ALL);
        static struct sequence_score sorted[ALL];
        for (int penalty = 0; penalty < 3; penalty++) {
            for (int i = 0; i < ALL; i++) {
                sorted[i] = all[i];
                sorted[i].score = log_probability[i] / pow(all[i].n + 1, penalty * 0.7);
            }
            qsort(sorted, ALL, sizeof *sorted, by_score);
            struct search_options o = {.beam = 200,
                                       .n_best = N_BEST,
                                       .length_penalty = penalty * 0.7,
                                       .max_length_extra = LIMIT};
            struct search s = {0};
            search(&s, &n, &source, 1, &o);
            assert_int_equal(s.results[0].n, N_BEST);
            for (int i = 0; i < N_BEST; i++) {
                const struct hypothesis *h = &s.results[0].hypotheses[i];
                assert_true(fabs(h->score - sorted[i].score) < 1e-5);
                assert_int_equal(h->n, sorted[i].n);
                assert_memory_equal(h->ids, sorted[i].ids, (size_t)h->n * sizeof(int));
            }
            search_release(&s);
        }
        network_release(&n);
    }
}

/* Stopping early by the bound returns what stopping at `beam` ended hypotheses would: n_best of a
 * search for 1 begin the n_best of a search for `beam`, for which the bound comes no sooner. */
static void early_stop_changes_nothing(void **state)
{
    (void)state;
    struct network n;
    network_init(&n, recipes[0], WORDS, "openblas");
    for (int i = 0; i < 12; i++) {
        int ids[NETWORK_LONGEST];
        struct batch_sentence source = network_sentence(i, WORDS, ids);
        struct search_options one = usual, all = usual;
        one.n_best = 1;
        all.n_best = all.beam;
        struct search a = {0}, b = {0};
        search(&a, &n, &source, 1, &one);
        search(&b, &n, &source, 1, &all);
        const struct hypothesis *x = a.results[0].hypotheses, *y = b.results[0].hypotheses;
        assert_int_equal(b.results[0].n, all.n_best);
        assert_true(x->score == y->score && x->n == y->n);
        assert_memory_equal(x->ids, y->ids, (size_t)x->n * sizeof(int));
        for (int k = 0; k < b.results[0].n; k++) {
            assert_true(y[k].n <= (int)(1.5 * source.n) + 3);
            assert_true(k == 0 || y[k].score <= y[k - 1].score);
            assert_true(y[k].score == y[k].log_probability / (y[k].n + 1));
            double forced = teacher_forced(&n, source, (struct batch_sentence){y[k].ids, y[k].n});
            assert_true(fabs(forced - y[k].log_probability) < 1e-4 * (y[k].n + 1));
            for (int w = 0; w < y[k].n; w++)
                assert_true(y[k].ids[w] == TOKEN_UNKNOWN || y[k].ids[w] >= TOKEN_SPECIALS);
        }
        search_release(&a);
        search_release(&b);
    }
    network_release(&n);
}

/* A hypothesis's state is reordered with it, whatever the cell keeps in it. */
static void every_cell_scores_as_forced(void **state)
{
    (void)state;
    static const char *const cells[] = {
#define NAME(name, doc) #name,
        CELL_LIST(NAME)
#undef NAME
    };
    for (size_t c = 0; c < sizeof cells / sizeof *cells; c++) {
        struct network n;
        struct search s = {0};
        struct search_options o = usual;
        char yaml[512];
        int ids[NETWORK_LONGEST];
        snprintf(
            yaml, sizeof yaml,
            "model: {embedding: 16, encoder_hidden: 8, decoder_hidden: 16, encoder_layers: 2,\n"
            "        decoder_layers: 2, encoder_cell: %s, decoder_cell: %s}\n"
            "attention: {preset: luong}\n",
            cells[c], cells[c]);
        network_init(&n, yaml, WORDS, "openblas");
        struct batch_sentence source = network_sentence(1, WORDS, ids);
        o.n_best = o.beam;
        search(&s, &n, &source, 1, &o);
        assert_int_equal(s.results[0].n, o.beam);
        for (int k = 0; k < o.beam; k++) {
            const struct hypothesis *h = &s.results[0].hypotheses[k];
            double forced = teacher_forced(&n, source, (struct batch_sentence){h->ids, h->n});
            if (!(fabs(forced - h->log_probability) < 1e-4 * (h->n + 1)))
                fail_msg("%s: %g by search, %g forced", cells[c], h->log_probability, forced);
        }
        search_release(&s);
        network_release(&n);
    }
}

enum { SENTENCES = 40 };

static void assert_same_result(const struct search_result *a, const struct search_result *b)
{
    assert_int_equal(a->n, b->n);
    for (int i = 0; i < a->n; i++) {
        const struct hypothesis *x = &a->hypotheses[i], *y = &b->hypotheses[i];
        assert_int_equal(x->n, y->n);
        assert_memory_equal(x->ids, y->ids, (size_t)x->n * sizeof(int));
        assert_true(x->log_probability == y->log_probability && x->score == y->score);
    }
}

/* The same bits alone, in batches of 3 and 7, and all together in another order. */
static void batches_do_not_matter(void **state)
{
    (void)state;
    static const int sizes[] = {1, 3, 7};
    for (int b = 0; compute_backends[b]; b++) {
        struct satz_error reason;
        if (compute_backends[b]->supported(COMPUTE_F32, &reason) < 0)
            continue;
        for (int which = 0; which < N_RECIPES; which++) {
            struct network n;
            network_init(&n, recipes[which], WORDS, compute_backends[b]->name);
            int ids[SENTENCES][NETWORK_LONGEST], at[SENTENCES];
            struct batch_sentence sources[SENTENCES];
            for (int i = 0; i < SENTENCES; i++) {
                at[i] = (7 * i + 11) % SENTENCES;
                sources[at[i]] = network_sentence(i, WORDS, ids[i]);
            }
            struct search together = {0}, part = {0};
            search(&together, &n, sources, SENTENCES, &usual);
            for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++)
                for (int i = 0; i + sizes[k] <= SENTENCES; i += sizes[k]) {
                    struct batch_sentence some[7];
                    for (int j = 0; j < sizes[k]; j++)
                        some[j] = sources[at[i + j]];
                    search(&part, &n, some, sizes[k], &usual);
                    for (int j = 0; j < sizes[k]; j++)
                        assert_same_result(&part.results[j], &together.results[at[i + j]]);
                }
            search_release(&together);
            search_release(&part);
            network_release(&n);
        }
    }
}

static void a_broken_network_is_an_error(void **state)
{
    (void)state;
    struct network n;
    struct search s = {0};
    struct batch batch = {0};
    int ids[NETWORK_LONGEST];
    struct batch_sentence source = network_sentence(2, WORDS, ids);
    network_init(&n, recipes[0], WORDS, "openblas");
    params_mat(&n.model.params, n.model.loss.bias).data[77] = (real)NAN;
    assert_int_equal(batch_fill(&batch, &source, NULL, 1, false, &n.err), 0);
    assert_int_equal(network_search(&s, &n, &batch, NULL, &usual, &n.err), -1);
    assert_non_null(strstr(n.err.message, "not a number"));
    batch_release(&batch);
    search_release(&s);
    network_release(&n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_the_largest_in_order),
        cmocka_unit_test(scan_tells_of_nan),
        cmocka_unit_test(beam_of_one_is_greedy),
        cmocka_unit_test(values_stand_for_the_context),
        cmocka_unit_test(inputs_are_what_they_stand_for),
        cmocka_unit_test(wide_beam_is_exhaustive),
        cmocka_unit_test(early_stop_changes_nothing),
        cmocka_unit_test(batches_do_not_matter),
        cmocka_unit_test(a_broken_network_is_an_error),
        cmocka_unit_test(every_cell_scores_as_forced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
