#include "tests/text/scratch.h"
#include "text/corpus_file.h"

struct fixture {
    struct scratch *scratch;
    struct tokenizer *tokenizer;
    const char *source, *target, *folder;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->scratch = scratch_new();
    f->tokenizer = scratch_tokenizer(scratch_german(f->scratch, "de"), "bpe", 100);
    f->folder = scratch_path(f->scratch, "cache");
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    tokenizer_free(f->tokenizer);
    scratch_free(f->scratch);
    free(f);
    return 0;
}

static struct corpus_options options_for(struct fixture *f, const char *source, const char *target)
{
    if (source)
        f->source = scratch_text(f->scratch, "s", source);
    if (target)
        f->target = scratch_text(f->scratch, "t", target);
    return (struct corpus_options){.sources = &f->source,
                                   .targets = &f->target,
                                   .n_files = 1,
                                   .source_tokenizer = f->tokenizer,
                                   .target_tokenizer = f->tokenizer,
                                   .folder = f->folder,
                                   .threads = 2};
}

static struct corpus *opened(const struct corpus_options *o)
{
    struct satz_error err;
    struct corpus *c = corpus_new(o, &err);
    if (!c)
        fail_msg("%s", err.message);
    return c;
}

static void refused(const struct corpus_options *o, const char *part)
{
    struct satz_error err = {0};
    assert_null(corpus_new(o, &err));
    if (!strstr(err.message, part))
        fail_msg("\"%s\" is not in \"%s\"", part, err.message);
}

/* Pair i reads source and target, from the given line. */
static void assert_pair(const struct fixture *f, const struct corpus *c, uint32_t i,
                        const char *source, const char *target, size_t line)
{
    int lengths[2], ids[256];
    corpus_lengths(c, i, &lengths[0], &lengths[1]);
    for (int side = 0; side < 2; side++) {
        struct strbuf text = {0};
        assert_in_range(lengths[side], 1, 256);
        (side ? corpus_target : corpus_source)(c, i, ids);
        assert_int_equal(tokenizer_decode(f->tokenizer, ids, (size_t)lengths[side], &text, NULL),
                         0);
        assert_string_equal(text.data, side ? target : source);
        strbuf_release(&text);
    }
    const char *names[2];
    size_t at;
    corpus_place(c, i, &names[0], &names[1], &at);
    assert_int_equal(at, line);
}

static void test_pairs_come_back_with_their_lines(void **state)
{
    struct fixture *f = *state;
    struct corpus_options o = options_for(f, "Der Bär grüßt.\n\nzwölf Äpfel 🙂\r\n",
                                          "große Häuser\nDer\ndas Gemüse");
    struct corpus *c = opened(&o);
    assert_int_equal(corpus_size(c), 2);
    assert_pair(f, c, 0, "Der Bär grüßt.", "große Häuser", 1);
    assert_pair(f, c, 1, "zwölf Äpfel 🙂", "das Gemüse", 3);
    const struct corpus_statistics *s = corpus_statistics(c);
    assert_int_equal(s->read, 3);
    assert_int_equal(s->kept, 2);
    assert_int_equal(s->empty, 1);
    assert_int_equal(s->source_unknown, 0);
    int a, b, sum = 0;
    for (uint32_t i = 0; i < 2; i++) {
        corpus_lengths(c, i, &a, &b);
        sum += a;
    }
    assert_int_equal(s->source_tokens, sum);
    assert_int_equal(strlen(corpus_digest(c)), 16);
    corpus_free(c);
    corpus_free(NULL);
}

static void test_several_files_and_gzip(void **state)
{
    struct fixture *f = *state;
    const char *sources[] = {scratch_text(f->scratch, "s1", "Der Bär\n"),
                             scratch_text(f->scratch, "s2.gz", "Der König\nDer Händler\n")};
    const char *targets[] = {scratch_text(f->scratch, "t1.gz", "Die Müllerin\n"),
                             scratch_text(f->scratch, "t2", "Das Mädchen\nDer Händler\n")};
    struct corpus_options o = options_for(f, "", "");
    o.sources = sources;
    o.targets = targets;
    o.n_files = 2;
    struct corpus *c = opened(&o);
    assert_int_equal(corpus_size(c), 3);
    assert_pair(f, c, 0, "Der Bär", "Die Müllerin", 1);
    assert_pair(f, c, 2, "Der Händler", "Der Händler", 2);
    const char *source, *target;
    size_t line;
    corpus_place(c, 2, &source, &target, &line);
    assert_string_equal(source, sources[1]);
    assert_string_equal(target, targets[1]);
    corpus_free(c);
}

static void test_counts_that_differ_name_both(void **state)
{
    struct fixture *f = *state;
    struct corpus_options o = options_for(f, "Der\nBär\nDer\n", "Der\n");
    char expected[512];
    snprintf(expected, sizeof expected, "%s has 3 lines but %s has 1:", f->source, f->target);
    refused(&o, expected);
    o = options_for(f, "Der\n", "Der\nBär");
    snprintf(expected, sizeof expected, "%s has 1 lines but %s has 2:", f->source, f->target);
    refused(&o, expected);
}

static void test_policy_for_invalid_text(void **state)
{
    struct fixture *f = *state;
    struct corpus_options o = options_for(f, "Der\nBär\nDer\n", NULL);
    f->target = scratch_write(f->scratch, "t", "Der\nB\xe4r\nB\0r\n", 12);
    struct corpus *c = opened(&o);
    const struct corpus_statistics *s = corpus_statistics(c);
    assert_int_equal(s->kept, 1);
    assert_int_equal(s->invalid, 2);
    assert_int_equal(s->first_invalid_line, 2);
    assert_int_equal(s->first_invalid_side, 1);
    corpus_free(c);

    o.policy.on_invalid = CORPUS_REPLACE;
    c = opened(&o);
    s = corpus_statistics(c);
    assert_int_equal(s->kept, 3);
    assert_int_equal(s->replaced, 2);
    assert_int_equal(s->invalid, 0);
    assert_true(s->target_unknown >= 1);
    corpus_free(c);

    o.policy.on_invalid = CORPUS_ERROR;
    char expected[512];
    snprintf(expected, sizeof expected, "%s:2: not valid UTF-8", f->target);
    refused(&o, expected);
}

static void test_policy_for_empty_and_long(void **state)
{
    struct fixture *f = *state;
    struct corpus_options o = options_for(f, "Der\n \nDer Bär Der Bär\n", "Der\nBär\nDer\n");
    o.policy.max_length = 3;
    struct corpus *c = opened(&o);
    assert_int_equal(corpus_statistics(c)->empty, 1);
    assert_int_equal(corpus_statistics(c)->too_long, 1);
    assert_int_equal(corpus_size(c), 1);
    corpus_free(c);

    o.policy.on_long = CORPUS_TRUNCATE;
    c = opened(&o);
    assert_int_equal(corpus_statistics(c)->truncated, 1);
    assert_int_equal(corpus_size(c), 2);
    assert_pair(f, c, 1, "Der Bär Der", "Der", 3);
    corpus_free(c);

    char expected[512];
    o.policy.on_long = CORPUS_ERROR;
    snprintf(expected, sizeof expected, "%s:3: 4 tokens are more than the 3 allowed", f->source);
    refused(&o, expected);
    o.policy.on_empty = CORPUS_ERROR;
    snprintf(expected, sizeof expected, "%s:2: an empty sentence", f->source);
    refused(&o, expected);
}

static void test_impossible_options(void **state)
{
    struct fixture *f = *state;
    struct corpus_options good = options_for(f, "Der\n", "Der\n"), o = good;
    o.policy.on_empty = CORPUS_REPLACE;
    refused(&o, "empty sentences can only be");
    o = good;
    o.policy.on_long = CORPUS_REPLACE;
    refused(&o, "long sentences can only be");
    o = good;
    o.policy.on_invalid = CORPUS_TRUNCATE;
    refused(&o, "invalid text can only be");
    o = good;
    o.policy.max_length = -1;
    refused(&o, "impossible");
    o = good;
    o.threads = 0;
    refused(&o, "0 threads");
    o = good;
    o.n_files = 0;
    refused(&o, "at least one pair");
    o = options_for(f, "\n", "Der\n");
    refused(&o, "no sentence pair is left to use: of 1 read, 1 are empty");
    f->source = "/tmp";
    refused(&good, "must be a plain file");
    f->source = scratch_path(f->scratch, "missing");
    refused(&good, f->source);
}

/* The digest follows the text, the policy and nothing else; threads change no byte. */
static void test_the_key_is_the_content(void **state)
{
    struct fixture *f = *state;
    struct corpus_options o = options_for(f, "Der\nBär\n", "Der\nBär\n");
    struct corpus *a = opened(&o);
    o.threads = 1;
    f->source = scratch_text(f->scratch, "other name", "Der\nBär\n");
    struct corpus *b = opened(&o);
    assert_string_equal(corpus_digest(a), corpus_digest(b));
    corpus_free(b);
    f->source = scratch_text(f->scratch, "s", "Der\nBäx\n");
    b = opened(&o);
    assert_string_not_equal(corpus_digest(a), corpus_digest(b));
    corpus_free(b);
    f->source = scratch_text(f->scratch, "s", "Der\nBär\n");
    o.policy.max_length = 7;
    b = opened(&o);
    assert_string_not_equal(corpus_digest(a), corpus_digest(b));
    corpus_free(b);
    corpus_free(a);
}

static void cache_path(const struct fixture *f, const struct corpus *c, char *path, size_t size)
{
    snprintf(path, size, "%s/corpus-%s.bin", f->folder, corpus_digest(c));
}

static int files_in(const char *folder)
{
    DIR *d = opendir(folder);
    int n = 0;
    for (struct dirent *e; (e = readdir(d));)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

static void test_the_cache_is_used_and_left_alone(void **state)
{
    struct fixture *f = *state;
    struct corpus_options o = options_for(f, "Der\nBär\n", "Der\nBär\n");
    struct corpus *c = opened(&o);
    char path[512];
    cache_path(f, c, path, sizeof path);
    struct stat before, after;
    assert_int_equal(stat(path, &before), 0);
    struct corpus *again = opened(&o);
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    assert_int_equal(files_in(f->folder), 1);
    corpus_free(again);
    corpus_free(c);
    o = options_for(f, "Der\n", "Der\nBär\n");
    refused(&o, "has 1 lines"); /* and leaves nothing behind */
    assert_int_equal(files_in(f->folder), 1);
}

/* Every flipped byte and every shorter length is noticed; the file is made again as it was. */
static void test_a_damaged_cache_is_made_again(void **state)
{
    struct fixture *f = *state;
    struct corpus_options o = options_for(f, "Der\nBär 🙂\n", "Der Bär\nBär\n");
    struct corpus *c = opened(&o);
    char path[512];
    cache_path(f, c, path, sizeof path);
    corpus_free(c);
    struct strbuf good = {0}, now = {0};
    assert_int_equal(file_read(path, 1 << 20, &good, NULL), 0);
    for (size_t i = 0; i < 2 * good.length; i++) {
        bool flip = i < good.length;
        FILE *file = fopen(path, "wb");
        size_t length = flip ? good.length : i - good.length;
        if (flip)
            good.data[i] ^= 0x10;
        assert_int_equal(fwrite(good.data, 1, length, file), length);
        fclose(file);
        if (flip)
            good.data[i] ^= 0x10;
        c = opened(&o);
        assert_pair(f, c, 1, "Bär 🙂", "Bär", 2);
        corpus_free(c);
        strbuf_clear(&now);
        assert_int_equal(file_read(path, 1 << 20, &now, NULL), 0);
        assert_int_equal(now.length, good.length);
        assert_memory_equal(now.data, good.data, good.length);
    }
    strbuf_release(&good);
    strbuf_release(&now);
}

static void assert_link(const struct corpus_link *link, int source, int target, int weight)
{
    assert_int_equal(link->source, source);
    assert_int_equal(link->target, target);
    assert_int_equal(link->weight, weight);
}

/* Writes the cache `good` to `path` with one byte changed, and the sums a forger would give it. */
static void forge(const char *path, const struct strbuf *good, size_t place, char change)
{
    struct corpus_trailer trailer;
    struct strbuf forged = {0};
    size_t body = good->length - sizeof trailer;
    strbuf_add(&forged, good->data, good->length);
    forged.data[place] ^= change;
    memcpy(&trailer, forged.data + body, sizeof trailer);
    trailer.body_sum = checksum(forged.data, body, 0);
    trailer.sum = checksum(&trailer, offsetof(struct corpus_trailer, sum), 0);
    memcpy(forged.data + body, &trailer, sizeof trailer);
    assert_int_equal(file_replace(path, forged.data, forged.length, NULL), 0);
    strbuf_release(&forged);
}

/* Even with sums that fit, ids and offsets must be in bounds. */
static void test_a_forged_cache_is_made_again(void **state)
{
    struct fixture *f = *state;
    struct corpus_options o = options_for(f, "Der\n", "Der Bär\n");
    struct corpus *c = opened(&o);
    char path[512];
    cache_path(f, c, path, sizeof path);
    corpus_free(c);
    struct strbuf good = {0};
    assert_int_equal(file_read(path, 1 << 20, &good, NULL), 0);
    size_t entry = good.length - sizeof(struct corpus_trailer) - sizeof(struct corpus_entry);
    const size_t places[] = {1, 5, entry, entry + 7, entry + 8, entry + 15, entry + 16};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        forge(path, &good, places[i], 0x7f);
        c = opened(&o);
        assert_pair(f, c, 0, "Der", "Der Bär", 1);
        const char *source, *target;
        size_t line;
        corpus_place(c, 0, &source, &target, &line);
        assert_string_equal(source, f->source);
        corpus_free(c);
    }
    strbuf_release(&good);
}

/* A link of no weight would leave a word without a share of anything. */
static void test_a_forged_link_is_made_again(void **state)
{
    struct fixture *f = *state;
    struct corpus_options o = options_for(f, "Der\n", "Der Bär\n");
    const char *alignment = scratch_text(f->scratch, "a", "0-1:0.00001\n");
    o.alignments = &alignment;
    struct corpus *c = opened(&o);
    char path[512];
    cache_path(f, c, path, sizeof path);
    corpus_free(c);
    struct strbuf good = {0};
    struct corpus_trailer trailer;
    assert_int_equal(file_read(path, 1 << 20, &good, NULL), 0);
    memcpy(&trailer, good.data + good.length - sizeof trailer, sizeof trailer);
    forge(path, &good, (trailer.n_ids - 1) * trailer.id_bytes, 1);
    c = opened(&o);
    struct corpus_link link;
    assert_int_equal(corpus_count_links(c, 0), 1);
    corpus_links(c, 0, &link);
    assert_link(&link, 0, 1, 1);
    corpus_free(c);
    strbuf_release(&good);
}

/* More pairs than one block, each different; checked against encoding one by one. */
static void test_many_pairs_keep_their_order(void **state)
{
    struct fixture *f = *state;
    struct strbuf s = {0}, t = {0};
    enum { PAIRS = 10000 };
    for (int i = 0; i < PAIRS; i++) {
        for (int k = 0; k < i % 7 + 1; k++)
            strbuf_add_text(&s, i >> k & 1 ? " Der" : " Bär");
        strbuf_addf(&t, "%s\n", i % 3 ? "Das Mädchen" : "Der König");
        strbuf_add_char(&s, '\n');
    }
    struct corpus_options o = options_for(f, s.data, t.data);
    struct corpus *c = opened(&o);
    assert_int_equal(corpus_size(c), PAIRS);
    const char *line = s.data;
    for (uint32_t i = 0; i < PAIRS; i++) {
        const char *end = strchr(line, '\n');
        struct token_list ids = {0};
        int source, target, got[64];
        assert_int_equal(tokenizer_encode(f->tokenizer, line, (size_t)(end - line), &ids, NULL), 0);
        corpus_lengths(c, i, &source, &target);
        corpus_source(c, i, got);
        assert_int_equal(source, ids.n);
        assert_memory_equal(got, ids.ids, ids.n * sizeof(int));
        token_list_release(&ids);
        line = end + 1;
    }
    corpus_free(c);
    strbuf_release(&s);
    strbuf_release(&t);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

/* Pairs that are left out take their links along; a link of no weight, or the second of two that
 * are the same, is none. */
static void test_links_follow_their_pairs(void **state)
{
    struct fixture *f = *state;
    struct corpus_options o =
        options_for(f, "Der Bär\n\nzwölf  Äpfel 🙂\r\nDas Gemüse möchte\n",
                    "große Häuser\nDer\ndas Gemüse\nx y\n");
    struct corpus *plain = opened(&o);
    const char *alignment =
        scratch_text(f->scratch, "a", "0-1 1-0\n\n2-1:0.5 0p0 2-1 1-0:0\r\n2-1\n");
    char digest[17];
    o.alignments = &alignment;
    for (int again = 0; again < 2; again++) { /* the second time from the cache */
        struct corpus_link links[4];
        int words[16], n, m;
        struct corpus *c = opened(&o);
        assert_true(corpus_aligned(c) && !corpus_aligned(plain));
        assert_string_not_equal(corpus_digest(c), corpus_digest(plain));
        strcpy(digest, corpus_digest(c));
        assert_int_equal(corpus_size(c), 3);
        assert_pair(f, c, 1, "zwölf Äpfel 🙂", "das Gemüse", 3);
        assert_int_equal(corpus_count_links(c, 0), 2);
        corpus_links(c, 0, links);
        assert_link(&links[0], 0, 1, CORPUS_SURE);
        assert_link(&links[1], 1, 0, CORPUS_SURE);
        assert_int_equal(corpus_count_links(c, 1), 2);
        corpus_links(c, 1, links);
        assert_link(&links[0], 2, 1, (CORPUS_SURE + 1) / 2);
        assert_link(&links[1], 0, 0, CORPUS_SURE);
        corpus_lengths(c, 1, &n, &m);
        corpus_words(c, 1, 0, words);
        assert_int_equal(words[0], 0);
        assert_int_equal(words[n - 1], 2);
        corpus_words(c, 1, 1, words);
        assert_int_equal(words[m - 1], 1);
        corpus_free(c);
    }
    /* the ids are the same with and without; so are other links another corpus */
    int lengths[2], same[2];
    struct corpus *c = opened(&o);
    for (uint32_t i = 0; i < 3; i++) {
        int ids[64], plain_ids[64];
        corpus_lengths(c, i, &lengths[0], &lengths[1]);
        corpus_lengths(plain, i, &same[0], &same[1]);
        assert_memory_equal(lengths, same, sizeof same);
        corpus_source(c, i, ids);
        corpus_source(plain, i, plain_ids);
        assert_memory_equal(ids, plain_ids, (size_t)lengths[0] * sizeof(int));
    }
    corpus_free(c);
    alignment = scratch_text(f->scratch, "a", "0-1 1-0\n\n2-1:0.5 0p0 2-1 1-0:0\r\n2-0\n");
    c = opened(&o);
    assert_string_not_equal(corpus_digest(c), digest);
    corpus_free(c);
    corpus_free(plain);
}

static void test_links_of_cut_pairs(void **state)
{
    struct fixture *f = *state;
    struct corpus_options o = options_for(f, "Der Bär grüßt.\nDer\n", "Der Bär grüßt.\nDer\n");
    const char *alignment = scratch_text(f->scratch, "a", "0-0 2-0 2-2\n0-0\n");
    o.alignments = &alignment;
    o.policy.max_length = 2;
    o.policy.on_long = CORPUS_TRUNCATE;
    struct corpus *c = opened(&o);
    assert_int_equal(corpus_size(c), 2);
    assert_int_equal(corpus_count_links(c, 0), 1);
    assert_int_equal(corpus_count_links(c, 1), 1);
    corpus_free(c);
}

static void test_alignments_that_do_not_fit(void **state)
{
    struct fixture *f = *state;
    struct corpus_options o = options_for(f, "Der Bär\nDer\n", "Der\nDer Bär\n");
    const char *alignment = scratch_text(f->scratch, "a", "0-0\n1-0\n");
    o.alignments = &alignment;
    refused(&o, "/a:2: does not align that line of ");
    refused(&o, "column 1: \"1-0\": there is no source word 1: the sentence has 1, counted from 0");
    alignment = scratch_text(f->scratch, "a", "0-0\n0-1 0:1\n");
    refused(&o, "/a:2: ");
    refused(&o, "column 5: \"0:1\" is not a link such as 0-2");
    alignment = scratch_text(f->scratch, "a", "0-0\n");
    refused(&o, "/s has 2 lines but ");
    refused(&o, "/a has 1: line by line they must be a sentence and the links of its words");
    alignment = scratch_text(f->scratch, "a", "0-0\n0-0\n\n");
    refused(&o, "/a has 3: ");
    alignment = "/nowhere/a";
    refused(&o, "/nowhere/a: cannot open");
}

/* What a black box holds. */
static void test_an_aligned_corpus_in_memory(void **state)
{
    (void)state;
    const int32_t ids[] = {4, 5, 6, 7, 8}, lengths[] = {2, 1, 1, 1}, words[] = {0, 1, 0, 0, 0};
    const int32_t links[] = {1, 0, 9, 0, 0, 8}, counts[] = {2, 0}, many[] = {2, 1};
    const int sizes[2] = {10, 10};
    struct corpus_alignment a = {words, links, counts, 2};
    struct corpus_link found[2];
    int word[2];
    struct corpus *c = corpus_from_ids(ids, 5, lengths, 2, sizes, &a, NULL);
    assert_non_null(c);
    assert_int_equal(corpus_count_links(c, 0), 2);
    assert_int_equal(corpus_count_links(c, 1), 0);
    corpus_links(c, 0, found);
    assert_link(&found[0], 1, 0, 9);
    assert_link(&found[1], 0, 0, 8);
    corpus_words(c, 0, 0, word);
    assert_int_equal(word[1], 1);
    corpus_source(c, 1, word);
    assert_int_equal(word[0], 7);
    corpus_free(c);
    a.counts = many;
    assert_null(corpus_from_ids(ids, 5, lengths, 2, sizes, &a, NULL));
    a.counts = counts;
    a.n_links = 1;
    assert_null(corpus_from_ids(ids, 5, lengths, 2, sizes, &a, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_pairs_come_back_with_their_lines), TEST(test_several_files_and_gzip),
        TEST(test_counts_that_differ_name_both),     TEST(test_policy_for_invalid_text),
        TEST(test_policy_for_empty_and_long),        TEST(test_impossible_options),
        TEST(test_the_key_is_the_content),           TEST(test_the_cache_is_used_and_left_alone),
        TEST(test_a_damaged_cache_is_made_again),    TEST(test_a_forged_cache_is_made_again),
        TEST(test_a_forged_link_is_made_again),      TEST(test_many_pairs_keep_their_order),
        TEST(test_links_follow_their_pairs),         TEST(test_links_of_cut_pairs),
        TEST(test_alignments_that_do_not_fit),       TEST(test_an_aligned_corpus_in_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
