/* The text of a corpus' pairs: those kept, in their order, whatever the files are. */
#include "tests/text/scratch.h"
#include "text/corpus_text.h"

static const char *const sources[] = {"eins", "", "zwei drei", "viel zu lang viel zu lang", "vier"};
static const char *const targets[] = {"one", "two", "two three", "much too long", "four"};
static const int kept[] = {0, 2, 4};

static const char *join(const char *const *lines)
{
    static char text[512];
    text[0] = '\0';
    for (int i = 0; i < 5; i++)
        strcat(strcat(text, lines[i]), "\n");
    return text;
}

static void assert_text(const struct corpus *c, const char *folder)
{
    struct satz_error err;
    struct corpus_text *t = corpus_text_new(c, folder, &err);
    if (!t)
        fail_msg("%s", err.message);
    assert_int_equal(corpus_size(c), 6);
    for (uint32_t i = 0; i < 6; i++)
        for (int side = 0; side < 2; side++) {
            size_t n;
            const char *text = corpus_text_get(t, i, side, &n);
            const char *expected = (side ? targets : sources)[kept[i % 3]];
            assert_int_equal(n, strlen(expected));
            assert_memory_equal(text, expected, n);
        }
    corpus_text_free(t);
}

static void test_lines_of_the_pairs(void **state)
{
    (void)state;
    struct scratch *s = scratch_new();
    struct tokenizer *tokenizer = scratch_tokenizer(scratch_german(s, "de"), "char", 100);
    const char *files[2][2]; /* the same text twice, the second time packed */
    for (int side = 0; side < 2; side++) {
        const char *text = join(side ? targets : sources);
        files[side][0] = scratch_text(s, side ? "t" : "s", text);
        files[side][1] = scratch_path(s, side ? "t.gz" : "s.gz");
        gzFile z = gzopen(files[side][1], "wb");
        assert_int_equal(gzwrite(z, text, (unsigned)strlen(text)), strlen(text));
        gzclose(z);
    }
    const char *folder = scratch_path(s, "cache");
    struct corpus_options o = {.sources = files[0],
                               .targets = files[1],
                               .n_files = 2,
                               .source_tokenizer = tokenizer,
                               .target_tokenizer = tokenizer,
                               .policy = {.max_length = 18},
                               .folder = folder,
                               .threads = 1};
    struct corpus *c = corpus_new(&o, NULL);
    assert_non_null(c);
    assert_text(c, folder);
    assert_text(c, folder); /* from the cache */

    /* each damaged byte is noticed, and the file made again */
    char name[64];
    snprintf(name, sizeof name, "cache/text-%s.bin", corpus_digest(c));
    const char *path = scratch_path(s, name);
    struct strbuf good = {0}, now = {0};
    assert_int_equal(file_read(path, 1 << 20, &good, NULL), 0);
    for (size_t i = 0; i < good.length; i += 3) {
        good.data[i] ^= 1;
        assert_int_equal(file_replace(path, good.data, good.length, NULL), 0);
        good.data[i] ^= 1;
        assert_text(c, folder);
    }
    assert_int_equal(file_read(path, 1 << 20, &now, NULL), 0);
    assert_int_equal(now.length, good.length);
    assert_memory_equal(now.data, good.data, good.length);
    strbuf_release(&good);
    strbuf_release(&now);
    corpus_free(c);
    tokenizer_free(tokenizer);
    scratch_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lines_of_the_pairs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
