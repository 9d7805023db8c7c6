#include "tests/text/scratch.h"
#include "text/batch.h"

static void test_a_sequence_is_shaped_by_its_lengths(void **state)
{
    (void)state;
    struct sequence q = {0};
    const int lengths[] = {3, 2, 2, 1};
    assert_int_equal(sequence_plan(&q, lengths, 4, NULL), 0);
    assert_int_equal(q.steps, 3);
    assert_int_equal(q.rows, 4);
    assert_int_equal(q.total, 8);
    const int offset[] = {0, 4, 7, 8};
    assert_memory_equal(q.offset, offset, sizeof offset);
    assert_memory_equal(q.length, lengths, sizeof lengths);
    assert_int_equal(sequence_active(&q, 0), 4);
    assert_int_equal(sequence_active(&q, 1), 3);
    assert_int_equal(sequence_active(&q, 2), 1);
    assert_int_equal(sequence_plan(&q, lengths + 3, 1, NULL), 0); /* smaller, in place */
    assert_int_equal(q.total, 1);
    assert_int_equal(sequence_plan(&q, NULL, 0, NULL), 0);
    assert_int_equal(q.total, 0);
    assert_int_equal(q.offset[0], 0);
    sequence_release(&q);
}

/* The layout, written out by hand. */
static void test_layout_of_a_small_batch(void **state)
{
    (void)state;
    const int x0[] = {10}, x1[] = {20, 21}, x2[] = {30, 31};
    const int y0[] = {40, 41}, y1[] = {50}, y2[] = {60, 61, 62};
    const struct batch_sentence sources[] = {{x0, 1}, {x1, 2}, {x2, 2}};
    const struct batch_sentence targets[] = {{y0, 2}, {y1, 1}, {y2, 3}};
    struct batch b = {0};
    assert_int_equal(batch_fill(&b, sources, targets, 3, false, NULL), 0);
    assert_int_equal(b.n, 3);
    const int order[] = {1, 2, 0};
    assert_memory_equal(b.order, order, sizeof order);
    const int source[] = {20, 30, 10, 21, 31, TOKEN_END, TOKEN_END, TOKEN_END};
    assert_int_equal(b.source.total, 8);
    assert_memory_equal(b.source_ids, source, sizeof source);
    const int sentence[] = {1, 2, 0}; /* target rows: pairs 2, 0, 1 */
    assert_memory_equal(b.sentence, sentence, sizeof sentence);
    const int in[] = {TOKEN_BEGIN, TOKEN_BEGIN, TOKEN_BEGIN, 60, 40, 50, 61, 41, 62};
    const int out[] = {60, 40, 50, 61, 41, TOKEN_END, 62, TOKEN_END, TOKEN_END};
    assert_int_equal(b.target.total, 9);
    assert_memory_equal(b.target_in, in, sizeof in);
    assert_memory_equal(b.target_out, out, sizeof out);

    assert_int_equal(batch_fill(&b, sources, NULL, 3, true, NULL), 0);
    const int reversed[] = {21, 31, 10, 20, 30, TOKEN_END, TOKEN_END, TOKEN_END};
    assert_memory_equal(b.source_ids, reversed, sizeof reversed);
    assert_int_equal(b.target.rows, 0);
    assert_int_equal(b.target.total, 0);
    batch_release(&b);
}

static void assert_guide(const struct batch *b, int row, int n, const int *steps,
                         const float *shares)
{
    assert_int_equal(b->guide.start[row + 1] - b->guide.start[row], n);
    for (int i = 0; i < n; i++) {
        assert_int_equal(b->guide.step[b->guide.start[row] + i], steps[i]);
        assert_true(b->guide.share[b->guide.start[row] + i] == shares[i]);
    }
}

/* Words of several tokens: every token of a target word looks at every token of its source words.
 * Pair 0: x "a bb c", y "dd e f"; a-dd, bb-e (half sure), c-e; f has no link. */
static void test_a_guide_tells_of_tokens(void **state)
{
    (void)state;
    const int x0[] = {10, 11, 12, 13}, x1[] = {20}, y0[] = {40, 41, 42, 43}, y1[] = {50, 51};
    const struct batch_sentence sources[] = {{x0, 4}, {x1, 1}}, targets[] = {{y0, 4}, {y1, 2}};
    const int x_words[] = {0, 1, 1, 2}, y_words[] = {0, 0, 1, 2};
    const struct corpus_link links[] = {{0, 0, 100}, {1, 1, 50}, {2, 1, 100}};
    const struct batch_alignment alignments[] = {{{x_words, y_words}, links, 3},
                                                 {{x_words, y_words}, NULL, 0}};
    struct batch b = {0};
    for (int reverse = 0; reverse < 2; reverse++) {
        const float one[] = {1}, shares[] = {0.25F, 0.25F, 0.5F};
        const int first = reverse ? 3 : 0, last[] = {4}, end[] = {1};
        const int e[] = {reverse ? 2 : 1, reverse ? 1 : 2, reverse ? 0 : 3};
        assert_int_equal(batch_fill(&b, sources, targets, 2, reverse, NULL), 0);
        assert_null(b.guide.start);
        assert_int_equal(batch_align(&b, alignments, reverse, NULL), 0);
        /* rows: step 0 of both, step 1 of both, step 2 of both, then pair 0 alone */
        assert_guide(&b, 0, 1, &first, one);
        assert_guide(&b, 1, 0, NULL, NULL);
        assert_guide(&b, 2, 1, &first, one);
        assert_guide(&b, 3, 0, NULL, NULL);
        assert_guide(&b, 4, 3, e, shares);
        assert_guide(&b, 5, 1, end, one); /* END at END */
        assert_guide(&b, 6, 0, NULL, NULL);
        assert_guide(&b, 7, 1, last, one);
        assert_int_equal(b.target.total, 8);
    }
    batch_release(&b);
}

static void test_empty_sentences_are_just_their_end(void **state)
{
    (void)state;
    const int x[] = {10};
    const struct batch_sentence sources[] = {{NULL, 0}, {x, 1}, {NULL, 0}};
    const struct batch_sentence targets[] = {{NULL, 0}, {x, 1}, {x, 1}};
    struct batch b = {0};
    assert_int_equal(batch_fill(&b, sources, targets, 3, false, NULL), 0);
    const int source[] = {10, TOKEN_END, TOKEN_END, TOKEN_END};
    const int out[] = {10, 10, TOKEN_END, TOKEN_END, TOKEN_END};
    const int sentence[] = {0, 2, 1};
    assert_memory_equal(b.source_ids, source, sizeof source);
    assert_memory_equal(b.target_out, out, sizeof out);
    assert_memory_equal(b.sentence, sentence, sizeof sentence);
    batch_release(&b);
}

/* Row r of a packed side, read back step by step. */
static int unpacked(const struct sequence *q, const int *ids, int r, int *out)
{
    int n = 0;
    for (int s = 0; s < q->steps && r < sequence_active(q, s); s++)
        out[n++] = ids[q->offset[s] + r];
    assert_int_equal(n, q->length[r]);
    return n;
}

/* Every pair of a batch from a corpus comes back, in one batch used over and over. */
static void test_a_corpus_comes_back_from_batches(void **state)
{
    (void)state;
    struct scratch *s = scratch_new();
    const char *file = scratch_german(s, "de");
    struct tokenizer *t = scratch_tokenizer(file, "bpe", 100);
    struct corpus_options o = {.sources = &file,
                               .targets = &file,
                               .n_files = 1,
                               .source_tokenizer = t,
                               .target_tokenizer = t,
                               .folder = s->folder,
                               .threads = 1};
    struct corpus *c = corpus_new(&o, NULL);
    assert_non_null(c);
    struct batch b = {0};
    static const int sizes[] = {1, 7, 60, 3};
    uint32_t start = 0;
    for (int k = 0; k < 4; k++) {
        uint32_t indices[60];
        for (int i = 0; i < sizes[k]; i++)
            indices[i] = start + (uint32_t)i * 2;
        start += 3;
        bool reverse = k % 2;
        assert_int_equal(batch_fill_corpus(&b, c, indices, sizes[k], reverse, NULL), 0);
        assert_int_equal(b.n, sizes[k]);
        uint32_t seen = 0, expected = 0;
        for (int r = 0; r < b.n; r++) {
            int got[128], ids[128], m, other;
            uint32_t pair = indices[b.order[r]];
            corpus_lengths(c, pair, &m, &other);
            corpus_source(c, pair, ids);
            assert_int_equal(unpacked(&b.source, b.source_ids, r, got), m + 1);
            for (int i = 0; i < m; i++)
                assert_int_equal(got[i], ids[reverse ? m - 1 - i : i]);
            assert_int_equal(got[m], TOKEN_END);
            seen += pair;
            expected += indices[r];

            pair = indices[b.order[b.sentence[r]]];
            corpus_lengths(c, pair, &other, &m);
            corpus_target(c, pair, ids);
            assert_int_equal(unpacked(&b.target, b.target_out, r, got), m + 1);
            assert_memory_equal(got, ids, (size_t)m * sizeof(int));
            assert_int_equal(got[m], TOKEN_END);
            assert_int_equal(unpacked(&b.target, b.target_in, r, got), m + 1);
            assert_int_equal(got[0], TOKEN_BEGIN);
            assert_memory_equal(got + 1, ids, (size_t)m * sizeof(int));
        }
        assert_int_equal(seen, expected);
    }
    batch_release(&b);
    corpus_free(c);
    tokenizer_free(t);
    scratch_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_sequence_is_shaped_by_its_lengths),
        cmocka_unit_test(test_layout_of_a_small_batch),
        cmocka_unit_test(test_a_guide_tells_of_tokens),
        cmocka_unit_test(test_empty_sentences_are_just_their_end),
        cmocka_unit_test(test_a_corpus_comes_back_from_batches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
