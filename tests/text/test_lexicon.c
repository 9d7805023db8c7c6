/* Which words are translated by which, and the file of shortlists. */
#include <math.h>

#include "base/rng.h"
#include "scratch.h"
#include "text/shortlist.h"

enum { WORDS = 30, PAIRS = 400, LONGEST = 6 };

/* Source word s is translated by s + 1 (the last one by the first), in another order. */
static int translation(int s)
{
    return TOKEN_SPECIALS + (s + 1 - TOKEN_SPECIALS) % (WORDS - TOKEN_SPECIALS);
}

static struct corpus *made_up_corpus(void)
{
    static int32_t ids[PAIRS * 2 * LONGEST], lengths[2 * PAIRS];
    const int sizes[2] = {WORDS, WORDS};
    struct satz_error err;
    size_t total = 0;
    for (int p = 0; p < PAIRS; p++) {
        int n = 1 + (int)rng_below(1, (uint64_t)p, LONGEST);
        for (int i = 0; i < n; i++) {
            uint64_t place = (uint64_t)(p * LONGEST + i);
            int word = TOKEN_SPECIALS + (int)rng_below(2, place, WORDS - TOKEN_SPECIALS);
            ids[total + (size_t)i] = word;
            ids[total + (size_t)(2 * n - 1 - i)] = translation(word);
        }
        lengths[2 * p] = lengths[2 * p + 1] = n;
        total += 2 * (size_t)n;
    }
    struct corpus *c = corpus_from_ids(ids, total, lengths, PAIRS, sizes, NULL, &err);
    if (!c)
        fail_msg("%s", err.message);
    return c;
}

static double probability(const struct lexicon *l, int s, int t)
{
    for (int64_t i = l->offsets[s]; i < l->offsets[s + 1]; i++)
        if (l->words[i] == t)
            return (double)l->probabilities[i];
    return 0;
}

static void a_dictionary_is_recovered(void **state)
{
    (void)state;
    struct satz_error err;
    struct lexicon l;
    struct corpus *c = made_up_corpus();
    assert_int_equal(lexicon_train(&l, c, WORDS, WORDS, 5, &err), 0);
    for (int s = TOKEN_SPECIALS; s < WORDS; s++) {
        assert_true(probability(&l, s, translation(s)) > 0.8);
    }
    for (int s = 0; s <= WORDS; s++) {
        double sum = 0;
        for (int64_t i = l.offsets[s]; i < l.offsets[s + 1]; i++) {
            assert_true(i == l.offsets[s] || l.words[i] > l.words[i - 1]);
            sum += (double)l.probabilities[i];
        }
        assert_true(l.offsets[s] == l.offsets[s + 1] || fabs(sum - 1) < 1e-5);
    }
    lexicon_release(&l);
    corpus_free(c);
}

/* Two pairs, a b / x y and a / x: the equations by hand. In the first step all is equally likely:
 * c(x|a) = 1/3 + 1/2, c(y|a) = 1/3, c(x|b) = c(y|b) = 1/3. */
static void one_step_is_as_the_equations_have_it(void **state)
{
    (void)state;
    enum { A = 4, B, X = 4, Y, SIZE };
    static const int32_t ids[] = {A, B, X, Y, A, X}, lengths[] = {2, 2, 1, 1};
    const int sizes[2] = {SIZE, SIZE};
    struct satz_error err;
    struct lexicon l;
    struct corpus *c = corpus_from_ids(ids, 6, lengths, 2, sizes, NULL, &err);
    assert_non_null(c);
    assert_int_equal(lexicon_train(&l, c, SIZE, SIZE, 1, &err), 0);
    assert_true(fabs(probability(&l, A, X) - 5.0 / 7) < 1e-6);
    assert_true(fabs(probability(&l, A, Y) - 2.0 / 7) < 1e-6);
    assert_true(fabs(probability(&l, B, X) - 0.5) < 1e-6);
    assert_true(fabs(probability(&l, SIZE, X) - 5.0 / 7) < 1e-6); /* from no word */
    assert_int_equal(l.target_count[X], 2);
    lexicon_release(&l);
    corpus_free(c);
}

struct file {
    struct scratch *scratch;
    struct tokenizer *tokenizer;
    const char *path;
    struct shortlist list;
    struct satz_error err;
};

static int setup(void **state)
{
    struct file *f = calloc(1, sizeof *f);
    struct lexicon l;
    assert_non_null(f);
    f->scratch = scratch_new();
    const char *text = scratch_text(f->scratch, "text", "ab cd ef gh ij kl\nmn op qr st uv wx y\n");
    f->tokenizer = scratch_tokenizer(text, "char", WORDS);
    f->path = scratch_path(f->scratch, "list");
    int size = tokenizer_size(f->tokenizer);
    assert_in_range(size, 20, WORDS);
    struct corpus *c = made_up_corpus();
    assert_int_equal(lexicon_train(&l, c, WORDS, WORDS, 5, &f->err), 0);
    if (size < WORDS) { /* as many words as the tokenizer has */
        l.sources = size;
        l.targets = size;
        for (int64_t i = 0; i < l.offsets[size]; i++)
            l.words[i] %= size;
    }
    if (shortlist_write(f->path, &l, f->tokenizer, f->tokenizer, &f->err) < 0)
        fail_msg("%s", f->err.message);
    lexicon_release(&l);
    corpus_free(c);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct file *f = *state;
    tokenizer_free(f->tokenizer);
    scratch_free(f->scratch);
    free(f);
    return 0;
}

static int open_list(struct file *f)
{
    return shortlist_open(&f->list, f->path, f->tokenizer, f->tokenizer, &f->err);
}

static void a_list_holds_the_best_and_the_commonest(void **state)
{
    struct file *f = *state;
    uint64_t set[1] = {0};
    int words[64];
    assert_int_equal(open_list(f), 0);
    shortlist_add_commonest(&f->list, 1, set);
    shortlist_add_word(&f->list, 7, 1, set);
    shortlist_add_word(&f->list, 9, 1, set);
    int n = word_set_list(set, f->list.targets, words);
    assert_in_range(n, TOKEN_SPECIALS + 2, TOKEN_SPECIALS + 3);
    for (int i = 0; i < TOKEN_SPECIALS; i++)
        assert_int_equal(words[i], i);
    bool common = false, best[2] = {false, false};
    for (int i = TOKEN_SPECIALS; i < n; i++) {
        assert_true(words[i] > words[i - 1]);
        common = common || words[i] == f->list.commonest[0];
        best[0] = best[0] || words[i] == translation(7);
        best[1] = best[1] || words[i] == translation(9);
    }
    assert_true(common && best[0] && best[1]);
    shortlist_release(&f->list);
}

static void every_damaged_byte_is_found(void **state)
{
    struct file *f = *state;
    struct strbuf bytes = {0};
    assert_int_equal(file_read(f->path, 1 << 20, &bytes, &f->err), 0);
    for (size_t i = 0; i < bytes.length; i += 1 + i / 64) {
        bytes.data[i] ^= 4;
        assert_int_equal(file_replace(f->path, bytes.data, bytes.length, &f->err), 0);
        assert_int_equal(open_list(f), -1);
        assert_non_null(strstr(f->err.message, f->path));
        bytes.data[i] ^= 4;
    }
    assert_int_equal(file_replace(f->path, bytes.data, bytes.length / 2, &f->err), 0);
    assert_int_equal(open_list(f), -1);
    assert_int_equal(file_replace(f->path, bytes.data, bytes.length, &f->err), 0);
    assert_int_equal(open_list(f), 0);
    shortlist_release(&f->list);
    strbuf_release(&bytes);
}

static void another_vocabulary_is_refused(void **state)
{
    struct file *f = *state;
    const char *text =
        scratch_text(f->scratch, "other", "zb cd ef gh ij kl\nmn op qr st uv wx y\n");
    struct tokenizer *other = scratch_tokenizer(text, "char", WORDS);
    assert_int_equal(shortlist_open(&f->list, f->path, other, f->tokenizer, &f->err), -1);
    assert_non_null(strstr(f->err.message, "was made for another vocabulary; make one for"));
    assert_int_equal(shortlist_open(&f->list, f->path, f->tokenizer, other, &f->err), -1);
    tokenizer_free(other);
}

/* Files with a right checksum that say something else. */
static void what_is_no_shortlist_is_refused(void **state)
{
    struct file *f = *state;
    struct tensors old;
    assert_int_equal(tensors_open(&old, f->path, &f->err), 0);
    struct tensors_entry metadata[] = {
        {"satz.shortlist", "1"},
        {"satz.source", tensors_metadata(&old, "satz.source")},
        {"satz.target", tensors_metadata(&old, "satz.target")},
    };
    size_t n = (size_t)tokenizer_size(f->tokenizer);
    int64_t offsets[WORDS + 1] = {0};
    int32_t words[2] = {3, 5}, commonest[WORDS];
    for (int i = 0; i < WORDS; i++)
        commonest[i] = i % (int)n;
    for (size_t i = 1; i <= n; i++)
        offsets[i] = 2;
    const struct tensor items[] = {
        {"offsets", TENSOR_I64, 1, {n + 1}, offsets},
        {"words", TENSOR_I32, 1, {2}, words},
        {"commonest", TENSOR_I32, 1, {n}, commonest},
    };
    const char *path = scratch_path(f->scratch, "forged"), *kept = f->path;
    f->path = path;
#define WRITE(n_items, n_metadata)                                                                 \
    assert_int_equal(tensors_write(path, items, n_items, metadata, n_metadata, &f->err), 0)
    WRITE(3, 3);
    assert_int_equal(open_list(f), 0);
    shortlist_release(&f->list);
    WRITE(2, 3);
    assert_int_equal(open_list(f), -1);
    words[1] = (int32_t)n;
    WRITE(3, 3);
    assert_int_equal(open_list(f), -1);
    words[1] = -1;
    WRITE(3, 3);
    assert_int_equal(open_list(f), -1);
    words[1] = 5;
    offsets[1] = 3;
    WRITE(3, 3);
    assert_int_equal(open_list(f), -1);
    assert_non_null(strstr(f->err.message, "do not fit together"));
    metadata[0].value = "2";
    WRITE(3, 3);
    assert_int_equal(open_list(f), -1);
    assert_non_null(strstr(f->err.message, "version 2, this Satz reads version 1"));
    WRITE(3, 0);
    assert_int_equal(open_list(f), -1);
    assert_non_null(strstr(f->err.message, "is not a shortlist; `satz shortlist` makes them"));
#undef WRITE
    f->path = kept;
    tensors_release(&old);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dictionary_is_recovered),
        cmocka_unit_test(one_step_is_as_the_equations_have_it),
        cmocka_unit_test_setup_teardown(a_list_holds_the_best_and_the_commonest, setup, teardown),
        cmocka_unit_test_setup_teardown(every_damaged_byte_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(another_vocabulary_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_shortlist_is_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
