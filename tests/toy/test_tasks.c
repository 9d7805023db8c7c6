/* What each part is for: tasks that a model with it learns, in seconds, and one without it does
 * not. Right means that greedy search gives the whole of an unseen example. */
#include "tests/toy/learner.h"

enum { SYMBOLS = 10, LONGEST = 30, ADDENDS = 40, DIGITS = 4 };

static int symbol(uint64_t index, int at, int range)
{
    return TOKEN_SPECIALS + (int)rng_below(index, (uint64_t)at, (uint64_t)range);
}

static void draw_copy(uint64_t index, int *source, int *n_source, int *target, int *n_target)
{
    *n_source = *n_target = 1 + (int)rng_below(index, LEARNER_LONGEST, LONGEST);
    for (int k = 0; k < *n_source; k++)
        target[k] = source[k] = symbol(index, k, SYMBOLS);
}

static void draw_short_copy(uint64_t index, int *source, int *n_source, int *target, int *n_target)
{
    draw_copy(index, source, n_source, target, n_target);
    *n_source = *n_target = 1 + *n_source % 8;
}

static void draw_reverse(uint64_t index, int *source, int *n_source, int *target, int *n_target)
{
    draw_copy(index, source, n_source, target, n_target);
    for (int k = 0; k < *n_target; k++)
        target[k] = source[*n_source - 1 - k];
}

/* The adding problem (Hochreiter and Schmidhuber 1997, 5.4) as translation: of a long row of digits
 * two are marked, one in each half; the target is one word, their sum. */
static void draw_sum(uint64_t index, int *source, int *n_source, int *target, int *n_target)
{
    int half = ADDENDS / 2, sum = 0;
    int marked[2] = {(int)rng_below(index, 1000, (uint64_t)half),
                     half + (int)rng_below(index, 1001, (uint64_t)half)};
    *n_source = ADDENDS;
    *n_target = 1;
    for (int k = 0; k < ADDENDS; k++)
        source[k] = symbol(index, k, DIGITS);
    for (int k = 0; k < 2; k++) {
        sum += source[marked[k]] - TOKEN_SPECIALS;
        source[marked[k]] += DIGITS;
    }
    target[0] = TOKEN_SPECIALS + 2 * DIGITS + sum;
}

static int same_place(int n, int k)
{
    (void)n;
    return k;
}

static const struct task task_copy = {TOKEN_SPECIALS + SYMBOLS, draw_copy, NULL};
static const struct task task_short_copy = {TOKEN_SPECIALS + SYMBOLS, draw_short_copy, same_place};
static const struct task task_reverse = {TOKEN_SPECIALS + SYMBOLS, draw_reverse, NULL};
static const struct task task_sum = {TOKEN_SPECIALS + 4 * DIGITS, draw_sum, NULL};

/* The score of one model; all but attention, task and budget are the same. */
static double attend(const struct task *task, const char *attention, int updates)
{
    char yaml[512];
    snprintf(yaml, sizeof yaml,
             "attention: {%s}\nmodel: {embedding: 16, encoder_hidden: 24, decoder_hidden: 32}\n"
             "train: {label_smoothing: 0}\n"
             "optimizer: {rate: 0.006}\n",
             attention);
    return learn(task, yaml, updates);
}

/* A row of up to 30 random symbols does not fit into the decoder's first state. */
static void copy_needs_attention(void **state)
{
    (void)state;
    assert_true(attend(&task_copy, "preset: bahdanau", 1500) > 0.95);
    assert_true(attend(&task_copy, "place: none", 1500) < 0.5);
}

static void reverse_needs_attention(void **state)
{
    (void)state;
    assert_true(attend(&task_reverse, "preset: bahdanau", 1500) > 0.95);
    assert_true(attend(&task_reverse, "place: none", 1500) < 0.5);
}

/* Where the alignment is monotone, knowing so is worth a lot of examples. */
static void local_m_learns_a_monotone_task_soonest(void **state)
{
    (void)state;
    double monotone = attend(&task_copy, "place: after, window: local_m, width: 2", 300);
    assert_true(monotone > 0.85);
    assert_true(attend(&task_copy, "place: after, window: local_p, width: 2", 300) <
                monotone - 0.2);
    assert_true(attend(&task_copy, "place: after", 300) < monotone - 0.2);
}

/* Where it is not, only a position that is predicted can follow. */
static void local_p_goes_backwards(void **state)
{
    (void)state;
    assert_true(attend(&task_reverse, "preset: luong, window: local_p, width: 4", 1500) > 0.9);
    assert_true(attend(&task_reverse, "preset: luong, window: local_m, width: 4", 1500) < 0.5);
}

/* With the sum of its past weights attention knows how far it is. */
static void coverage_copies_sooner(void **state)
{
    (void)state;
    double covered = attend(&task_copy, "coverage: sum, coverage_loss: 0.1", 350);
    assert_true(covered > 0.85);
    assert_true(attend(&task_copy, "coverage: none", 350) < covered - 0.1);
}

/* One word at a time, learned from what the draws cost. */
static void hard_attention_learns(void **state)
{
    (void)state;
    assert_true(attend(&task_short_copy, "place: after, window: hard", 1500) > 0.9);
}

static double add(const char *cell, int updates)
{
    char yaml[512];
    snprintf(yaml, sizeof yaml,
             "model: {encoder_cell: %s, decoder_cell: %s, embedding: 8, encoder_hidden: 32,\n"
             "        decoder_hidden: 32, bidirectional: false, bridge: copy}\n"
             "attention: {place: none}\n"
             "train: {label_smoothing: 0}\n"
             "optimizer: {rate: 0.005}\n",
             cell, cell);
    return learn(&task_sum, yaml, updates);
}

/* 40 digits read in one direction: gates keep two of them, a simple recurrence does not. */
static void sums_need_gates(void **state)
{
    (void)state;
    assert_true(add("lstm", 2000) > 0.95);
    assert_true(add("gru", 2000) > 0.95);
    assert_true(add("rnn_tanh", 2000) < 0.6);
}

/* How often attention looks at the word that is copied. */
static double find_origins(const char *attention, const char *guide)
{
    char yaml[512];
    double aligned;
    snprintf(yaml, sizeof yaml,
             "attention: {%s}\nmodel: {embedding: 16, encoder_hidden: 24, decoder_hidden: 32}\n"
             "%soptimizer: {rate: 0.006}\n",
             attention, guide);
    learn_aligned(&task_short_copy, yaml, 120, &aligned);
    print_message("  guided: %s; %.3f aligned\n", guide[0] ? "yes" : "no", aligned);
    return aligned;
}

/* In the end both find the word that is copied, which is in these rows the only way. */
static void guided_attention_is_aligned_much_sooner(void **state)
{
    (void)state;
    static const char *const guides[] = {
        "data: {train_source: s, train_target: t, alignments: a}\ntrain: {guided_weight: 1}\n",
        "data: {train_source: s, train_target: t, alignments: a}\n"
        "train: {guided_weight: 4, guided_cost: mse}\n"};
    static const char *const attentions[] = {"preset: bahdanau", "preset: luong"};
    for (int i = 0; i < 2; i++) {
        double without = find_origins(attentions[i], "");
        assert_true(without < 0.75);
        for (int k = 0; k < 2; k++)
            assert_true(find_origins(attentions[i], guides[k]) > 0.98);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copy_needs_attention),
        cmocka_unit_test(reverse_needs_attention),
        cmocka_unit_test(local_m_learns_a_monotone_task_soonest),
        cmocka_unit_test(local_p_goes_backwards),
        cmocka_unit_test(coverage_copies_sooner),
        cmocka_unit_test(hard_attention_learns),
        cmocka_unit_test(sums_need_gates),
        cmocka_unit_test(guided_attention_is_aligned_much_sooner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
