/* A team: batches in a row are one large batch, elements are cut, the moving average is one. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "train/team.h"

enum { WORDS = 301, SHARDS = 2, LONGEST = 9 };

static const char yaml[] = "model: {embedding: 6, encoder_hidden: 5, decoder_hidden: 7}\n";

struct fixture {
    struct recipe recipe;
    struct seq2seq network;
    struct team team;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    const struct compute_backend *backend = compute_find("openblas", COMPUTE_F32, NULL);
    assert_int_equal(recipe_parse(&f->recipe, yaml, strlen(yaml), "test", NULL), 0);
    assert_int_equal(seq2seq_init(&f->network, &f->recipe, WORDS, WORDS, NULL), 0);
    assert_int_equal(params_allocate(&f->network.params, NULL), 0);
    assert_int_equal(params_initialise(&f->network.params, 5, NULL), 0);
    assert_int_equal(team_init(&f->team, &f->network, backend, COMPUTE_F32, optimizer_find("sgd"),
                               SHARDS, 1, NULL),
                     0);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    team_release(&f->team);
    seq2seq_release(&f->network);
    recipe_release(&f->recipe);
    free(f);
    return 0;
}

/* Pairs [from, from + n) of a made-up text, as the only shard. */
static void fill(struct feed_load *load, int from, int n)
{
    static int ids[32][2][LONGEST];
    struct batch_sentence sentences[2][32];
    for (int i = 0; i < n; i++)
        for (int side = 0; side < 2; side++) {
            uint64_t key = (uint64_t)(2 * (from + i) + side);
            for (uint64_t k = 0; k < LONGEST; k++)
                ids[i][side][k] = TOKEN_SPECIALS + (int)rng_below(key, k, WORDS - TOKEN_SPECIALS);
            sentences[side][i] =
                (struct batch_sentence){ids[i][side], 1 + (int)rng_below(key, 99, LONGEST)};
        }
    *load = (struct feed_load){.shards = calloc(SHARDS, sizeof *load->shards)};
    assert_int_equal(batch_fill(&load->shards[0].batch, sentences[0], sentences[1], n, false, NULL),
                     0);
}

static void release(struct feed_load *load)
{
    batch_release(&load->shards[0].batch);
    free(load->shards);
}

static double gradient(struct fixture *f, int from, int n, int batches, double limit)
{
    struct loss_sums sums = {0};
    for (int i = 0; i < batches; i++) {
        struct feed_load load;
        fill(&load, from + i * n / batches, n / batches);
        assert_int_equal(
            team_gradient(&f->team, &load, NULL, (struct chance){.truth = 1}, &sums, NULL), 0);
        release(&load);
    }
    return team_reduce(&f->team, 1 / (double)sums.tokens, limit);
}

static void test_accumulation_is_a_large_batch(void **state)
{
    struct fixture *f = *state;
    size_t n = f->network.params.size;
    double norm = gradient(f, 0, 24, 1, 0);
    real *once = malloc(n * sizeof *once);
    memcpy(once, f->team.gradients[0], n * sizeof *once);
    memset(f->team.gradients[0], 0, n * sizeof *once);
    assert_true(fabs(gradient(f, 0, 24, 4, 0) - norm) < 1e-5 * norm);
    double difference = 0;
    for (size_t i = 0; i < n; i++)
        difference += pow((double)(once[i] - f->team.gradients[0][i]), 2);
    assert_true(norm > 0.1);
    assert_true(sqrt(difference) < 1e-6 * norm);
    free(once);
}

static void test_elements_are_cut(void **state)
{
    struct fixture *f = *state;
    size_t n = f->network.params.size, cut = 0;
    const real limit = (real)1e-3;
    gradient(f, 0, 8, 1, 0);
    real *whole = malloc(n * sizeof *whole);
    memcpy(whole, f->team.gradients[0], n * sizeof *whole);
    memset(f->team.gradients[0], 0, n * sizeof *whole);
    double norm = gradient(f, 0, 8, 1, 1e-3), squares = 0;
    for (size_t i = 0; i < n; i++) {
        real expected = fmaxf(fminf(whole[i], limit), -limit);
        assert_true(f->team.gradients[0][i] == expected);
        squares += (double)expected * (double)expected;
        if (expected != whole[i])
            cut++;
    }
    assert_true(cut > 100 && cut < n);
    assert_true(fabs(norm - sqrt(squares)) < 1e-6 * norm);
    /* what is not finite is not hidden */
    f->team.gradients[1][3] = INFINITY;
    assert_true(isinf(team_reduce(&f->team, 1, 1e-3)) != 0);
    free(whole);
}

/* Two updates by `name`, with embeddings' gradients in all rows or those of the batch's words. */
static real *train(struct fixture *f, const char *name, bool everywhere)
{
    struct seq2seq *network = &f->network;
    struct team team;
    size_t n = network->params.size, units = params_map_size(&network->params);
    const struct compute_backend *backend = compute_find("openblas", COMPUTE_F32, NULL);
    weights_clear(&network->weights);
    assert_int_equal(params_initialise(&network->params, 5, NULL), 0);
    assert_int_equal(
        team_init(&team, network, backend, COMPUTE_F32, optimizer_find(name), SHARDS, 1, NULL), 0);
    assert_non_null(memchr(team.dense, 0, units));
    for (int i = 0; i < SHARDS && everywhere; i++)
        memset(team.touched[i], 1, units);
    for (uint64_t t = 1; t <= 2; t++) {
        struct feed_load load;
        struct loss_sums sums = {0};
        fill(&load, 3 * (int)t, 2);
        load.shards[1] = load.shards[0];
        assert_int_equal(
            team_gradient(&team, &load, NULL, (struct chance){.truth = 1}, &sums, NULL), 0);
        load.shards[1] = (struct feed_shard){0};
        release(&load);
        if (everywhere)
            memset(team.touched[0], 1, units);
        else
            assert_non_null(memchr(team.touched[0], 0, units));
        assert_true(team_reduce(&team, 1 / (double)sums.tokens, 0) > 0.1);
        team_update(&team, &(struct optimizer_step){.rate = 0.1,
                                                    .beta1 = 0.9,
                                                    .beta2 = 0.99,
                                                    .rho = 0.9,
                                                    .momentum = 0.9,
                                                    .epsilon = 1e-6,
                                                    .weight_decay = 0.01,
                                                    .scale = 1,
                                                    .step = t});
        for (int i = 0; i < SHARDS; i++) {
            assert_memory_equal(team.touched[i], team.dense, units);
            for (size_t k = 0; k < n; k++)
                assert_true(team.gradients[i][k] == 0);
        }
    }
    real *values = malloc(n * sizeof *values);
    memcpy(values, network->params.values, n * sizeof *values);
    team_release(&team);
    weights_clear(&network->weights);
    return values;
}

/* Leaving out the rows of words that the batch does not have is faster, and the same. */
static void test_rows_without_gradient(void **state)
{
    struct fixture *f = *state;
    static const char *const names[] = {"sgd", "momentum", "adadelta", "adam", "adamw"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        real *all = train(f, names[i], true), *some = train(f, names[i], false);
        assert_memory_equal(all, some, f->network.params.size * sizeof *all);
        free(all);
        free(some);
    }
}

static void test_moving_average(void **state)
{
    struct fixture *f = *state;
    size_t n = f->network.params.size;
    assert_int_equal(team_keep_average(&f->team, 0.5, NULL), 0);
    double *expected = malloc(n * sizeof *expected);
    for (size_t i = 0; i < n; i++)
        expected[i] = (double)f->network.params.values[i];
    for (uint64_t t = 1; t <= 12; t++) {
        gradient(f, 8 * (int)t, 8, 1, 0);
        team_update(&f->team, &(struct optimizer_step){.rate = 1, .scale = 1, .step = t});
        double decay = t < 8 ? (1 + (double)t) / (10 + (double)t) : 0.5;
        for (size_t i = 0; i < n; i++)
            expected[i] = decay * expected[i] + (1 - decay) * (double)f->network.params.values[i];
    }
    for (size_t i = 0; i < n; i++)
        assert_true(fabs(expected[i] - (double)f->team.average[i]) < 1e-6);
    real *values = f->network.params.values, *average = f->team.average;
    team_swap_average(&f->team);
    assert_ptr_equal(f->network.params.values, average);
    team_swap_average(&f->team);
    assert_ptr_equal(f->network.params.values, values);
    free(expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_accumulation_is_a_large_batch, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_elements_are_cut, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_rows_without_gradient, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_moving_average, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
