/* The cache of a corpus: any bytes, their sums made right. What is taken holds ids of the
 * vocabulary and nothing outside the file; all else is made again from the text. */
#include <stddef.h>

#include "base/file.h"
#include "text/corpus_file.h"
#include "tokenizers.h"

/* As corpus_write chains the sum of the body. */
static uint64_t chained_sum(const uint8_t *bytes, size_t n)
{
    uint64_t sum = 0;
    for (size_t at = 0; at < n; at += CORPUS_CHUNK)
        sum = checksum(bytes + at, n - at < CORPUS_CHUNK ? n - at : CORPUS_CHUNK, sum);
    return sum;
}

static void repair(uint8_t *bytes, size_t size, uint64_t key)
{
    struct corpus_trailer t;
    if (size < sizeof t)
        return;
    size_t body = size - sizeof t;
    memcpy(&t, bytes + body, sizeof t);
    t.magic = CORPUS_MAGIC;
    t.version = CORPUS_VERSION;
    t.key = key;
    t.body_sum = chained_sum(bytes, body);
    t.sum = checksum(&t, offsetof(struct corpus_trailer, sum), 0);
    memcpy(bytes + body, &t, sizeof t);
}

static void walk(const struct corpus *c, int vocabulary)
{

    for (uint32_t i = 0; i < corpus_size(c); i++) {
        int n[2];
        corpus_lengths(c, i, &n[0], &n[1]);
        for (int side = 0; side < 2; side++) {
            int *ids = calloc((size_t)n[side] + 1, sizeof *ids);
            if (!ids)
                abort();
            (side ? corpus_target : corpus_source)(c, i, ids);
            for (int k = 0; k < n[side]; k++)
                if (ids[k] < 0 || ids[k] >= vocabulary)
                    abort();
            free(ids);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tokenizer *t;
    static char path[192];
    struct satz_error err;
    const char *source = scratch_path("source"), *target = scratch_path("target");
    struct corpus_options o = {.sources = &source,
                               .targets = &target,
                               .n_files = 1,
                               .source_tokenizer = t,
                               .target_tokenizer = t,
                               .folder = scratch_path("cache"),
                               .threads = 1};
    if (!t) {
        o.source_tokenizer = o.target_tokenizer = t = small_tokenizer("bpe", 48);
        scratch_write(source, "the cat\na dog ran\n", 18);
        scratch_write(target, "die Katze\nein Hund\n", 19);
        struct corpus *c = corpus_new(&o, &err);
        if (!c)
            abort();
        snprintf(path, sizeof path, "%s/corpus-%s.bin", o.folder, corpus_digest(c));
        corpus_free(c);
    }
    uint8_t *copy = malloc(size + 1);
    if (!copy)
        return 0;
    memcpy(copy, data, size);
    repair(copy, size, strtoull(strrchr(path, '-') + 1, NULL, 16));
    scratch_write(path, copy, size);
    free(copy);
    struct corpus *c = corpus_new(&o, &err);
    if (!c && !strstr(err.message, "no sentence pair"))
        abort();
    if (c)
        walk(c, tokenizer_size(t));
    corpus_free(c);
    return 0;
}
