/* The caches of two corpora, one of them with links, edited (forge.h) and their sums made right.
 * What is taken holds ids of the vocabulary and nothing outside the file; all else is made again
 * from the text. */
#include <stddef.h>

#include "base/file.h"
#include "forge.h"
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
        int n[2], n_links = corpus_aligned(c) ? corpus_count_links(c, i) : 0;
        corpus_lengths(c, i, &n[0], &n[1]);
        for (int side = 0; side < 2; side++) {
            int *ids = calloc((size_t)n[side] + 1, sizeof *ids);
            if (!ids)
                abort();
            (side ? corpus_target : corpus_source)(c, i, ids);
            for (int k = 0; k < n[side]; k++)
                if (ids[k] < 0 || ids[k] >= vocabulary)
                    abort();
            if (corpus_aligned(c))
                corpus_words(c, i, side, ids);
            free(ids);
        }
        struct corpus_link *links = calloc((size_t)n_links + 1, sizeof *links);
        if (!links)
            abort();
        if (corpus_aligned(c))
            corpus_links(c, i, links);
        for (int k = 0; k < n_links; k++)
            if (links[k].weight < 1 || links[k].weight > CORPUS_SURE)
                abort();
        free(links);
    }
}

struct base {
    char path[192];
    uint8_t *bytes;
    size_t size;
};

static struct base make_base(const struct corpus_options *o)
{
    struct base b;
    struct corpus *c = corpus_new(o, NULL);
    if (!c)
        abort();
    snprintf(b.path, sizeof b.path, "%s/corpus-%s.bin", o->folder, corpus_digest(c));
    corpus_free(c);
    b.bytes = forge_read(b.path, &b.size);
    return b;
}

/* Opens the corpus of `o` with its cache edited. */
static void open_forged(const struct corpus_options *o, const struct base *base,
                        const uint8_t *data, size_t size)
{
    struct satz_error err;
    size_t n;
    uint8_t *bytes = forge_edit(base->bytes, base->size, data, size, &n);
    repair(bytes, n, strtoull(strrchr(base->path, '-') + 1, NULL, 16));
    scratch_write(base->path, bytes, n);
    free(bytes);
    struct corpus *c = corpus_new(o, &err);
    if (!c && !strstr(err.message, "no sentence pair"))
        abort();
    if (c)
        walk(c, tokenizer_size(o->source_tokenizer));
    corpus_free(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tokenizer *t;
    static struct base bases[2]; /* without links and with them */
    const char *source = scratch_path("source"), *target = scratch_path("target");
    const char *alignments = scratch_path("alignments");
    if (!t) {
        t = small_tokenizer("bpe", 48);
        scratch_write(source, "the cat\na dog ran\n", 18);
        scratch_write(target, "die Katze\nein Hund\n", 19);
        scratch_write(alignments, "0-0 1-1:0.5\n0-0 1-1\n", 20);
    }
    for (int aligned = 0; aligned < 2; aligned++) {
        struct corpus_options o = {.sources = &source,
                                   .targets = &target,
                                   .alignments = aligned ? &alignments : NULL,
                                   .n_files = 1,
                                   .source_tokenizer = t,
                                   .target_tokenizer = t,
                                   .folder = scratch_path("cache"),
                                   .threads = 1};
        if (!bases[aligned].bytes)
            bases[aligned] = make_base(&o);
        open_forged(&o, &bases[aligned], data, size);
    }
    return 0;
}
