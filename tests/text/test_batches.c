#include "tests/text/scratch.h"
#include "text/batches.h"

struct fixture {
    struct scratch *scratch;
    struct corpus *corpus;
};

/* 1000 pairs of varied lengths. */
static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->scratch = scratch_new();
    struct tokenizer *t = scratch_tokenizer(scratch_german(f->scratch, "de"), "bpe", 100);
    struct strbuf text[2] = {0};
    for (int i = 0; i < 1000; i++)
        for (int side = 0; side < 2; side++) {
            for (int k = 0; k < i * (side ? 7 : 3) % 19 + 1; k++)
                strbuf_add_text(&text[side], "Der ");
            strbuf_add_char(&text[side], '\n');
        }
    const char *files[] = {scratch_text(f->scratch, "s", text[0].data),
                           scratch_text(f->scratch, "t", text[1].data)};
    struct corpus_options o = {.sources = &files[0],
                               .targets = &files[1],
                               .n_files = 1,
                               .source_tokenizer = t,
                               .target_tokenizer = t,
                               .folder = f->scratch->folder,
                               .threads = 1};
    f->corpus = corpus_new(&o, NULL);
    strbuf_release(&text[0]);
    strbuf_release(&text[1]);
    tokenizer_free(t);
    *state = f;
    return f->corpus ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    corpus_free(f->corpus);
    scratch_free(f->scratch);
    free(f);
    return 0;
}

static struct batches *started(const struct fixture *f, struct batches_options o, uint64_t epoch)
{
    struct batches *b = batches_new(f->corpus, &o, NULL);
    assert_non_null(b);
    assert_int_equal(batches_count(b), 0);
    assert_int_equal(batches_start_epoch(b, epoch, NULL), 0);
    return b;
}

static int target_length(const struct fixture *f, uint32_t i)
{
    int source, target;
    corpus_lengths(f->corpus, i, &source, &target);
    return target;
}

/* Every pair stands in exactly one batch. */
static void assert_complete(const struct fixture *f, const struct batches *b)
{
    char seen[1000] = {0};
    for (uint32_t k = 0; k < batches_count(b); k++) {
        int n;
        const uint32_t *pairs = batches_get(b, k, &n);
        assert_true(n > 0);
        for (int i = 0; i < n; i++) {
            assert_in_range(pairs[i], 0, corpus_size(f->corpus) - 1);
            seen[pairs[i]]++;
        }
    }
    for (int i = 0; i < 1000; i++)
        assert_int_equal(seen[i], 1);
}

static void test_sentences(void **state)
{
    const struct fixture *f = *state;
    struct batches *b = started(f, (struct batches_options){BATCH_SENTENCES, 64, 1, 0}, 0);
    assert_int_equal(batches_count(b), 16);
    assert_complete(f, b);
    int short_ones = 0, spread = 0;
    for (uint32_t k = 0; k < 16; k++) {
        int n;
        const uint32_t *pairs = batches_get(b, k, &n);
        short_ones += n != 64;
        spread += target_length(f, pairs[n - 1]) - target_length(f, pairs[0]);
    }
    assert_int_equal(short_ones, 1);
    assert_in_range(spread, 0, 18 + 16); /* sorted: the batches share the whole range */
    batches_free(b);
    batches_free(NULL);
}

static void test_tokens(void **state)
{
    const struct fixture *f = *state;
    struct batches *b = started(f, (struct batches_options){BATCH_TOKENS, 200, 1, 0}, 0);
    assert_complete(f, b);
    int full = 0;
    for (uint32_t k = 0; k < batches_count(b); k++) {
        int n, tokens = 0;
        const uint32_t *pairs = batches_get(b, k, &n);
        for (int i = 0; i < n; i++)
            tokens += target_length(f, pairs[i]) + 1;
        assert_in_range(tokens, 1, 200);
        full += tokens > 200 - 21; /* no further pair would fit */
    }
    assert_true(full >= (int)batches_count(b) - 1);
    batches_free(b);

    b = started(f, (struct batches_options){BATCH_TOKENS, 1, 1, 0}, 0);
    assert_int_equal(batches_count(b), 1000); /* each is too long, and stands alone */
    assert_complete(f, b);
    batches_free(b);
}

/* The batches of two plans: how many are the same. */
static uint32_t same(const struct batches *a, const struct batches *b)
{
    uint32_t equal = 0;
    for (uint32_t k = 0; k < batches_count(a) && k < batches_count(b); k++) {
        int n, m;
        const uint32_t *x = batches_get(a, k, &n), *y = batches_get(b, k, &m);
        equal += n == m && memcmp(x, y, (size_t)n * sizeof *x) == 0;
    }
    return equal;
}

static void test_seed_and_epoch_decide(void **state)
{
    const struct fixture *f = *state;
    struct batches_options o = {BATCH_TOKENS, 150, 1, 0}, other = o;
    other.seed = 2;
    struct batches *a = started(f, o, 3), *b = started(f, o, 0), *c = started(f, other, 3);
    uint32_t count = batches_count(a);
    assert_true(count > 50);
    assert_true(same(a, b) < count / 4);
    assert_true(same(a, c) < count / 4);
    assert_int_equal(batches_start_epoch(b, 3, NULL), 0); /* whatever was before */
    assert_int_equal(batches_count(b), count);
    assert_int_equal(same(a, b), count);
    batches_free(a);
    batches_free(b);
    batches_free(c);
}

/* The batches of an epoch do not come in order of length. */
static void test_batches_are_shuffled(void **state)
{
    const struct fixture *f = *state;
    struct batches *b = started(f, (struct batches_options){BATCH_SENTENCES, 10, 1, 0}, 0);
    int falls = 0;
    for (uint32_t k = 0; k + 1 < batches_count(b); k++) {
        int n;
        int here = target_length(f, batches_get(b, k, &n)[0]);
        falls += target_length(f, batches_get(b, k + 1, &n)[0]) < here;
    }
    assert_in_range(falls, 30, 70);
    batches_free(b);
}

static void test_pools_bound_the_sorting(void **state)
{
    const struct fixture *f = *state;
    struct batches *b = started(f, (struct batches_options){BATCH_SENTENCES, 64, 1, 300}, 0);
    assert_int_equal(batches_count(b), 5 + 5 + 5 + 2); /* 300 + 300 + 300 + 100 pairs */
    assert_complete(f, b);
    batches_free(b);
}

static void test_a_size_of_nothing_is_refused(void **state)
{
    const struct fixture *f = *state;
    struct satz_error err;
    struct batches_options o = {BATCH_TOKENS, 0, 1, 0};
    assert_null(batches_new(f->corpus, &o, &err));
    assert_non_null(strstr(err.message, "at least 1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sentences),
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_seed_and_epoch_decide),
        cmocka_unit_test(test_batches_are_shuffled),
        cmocka_unit_test(test_pools_bound_the_sorting),
        cmocka_unit_test(test_a_size_of_nothing_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
