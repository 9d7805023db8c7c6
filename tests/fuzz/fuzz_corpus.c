/* Training text of any bytes: both sides (before and after the first byte 255), each way of
 * treating what is empty, long or not UTF-8. */
#include "text/corpus.h"
#include "tokenizers.h"

static const struct corpus_policy policies[] = {
    {4, CORPUS_SKIP, CORPUS_SKIP, CORPUS_SKIP},
    {4, CORPUS_SKIP, CORPUS_TRUNCATE, CORPUS_REPLACE},
    {0, CORPUS_ERROR, CORPUS_ERROR, CORPUS_ERROR},
};

static void walk(const struct corpus *c, int vocabulary)
{
    int ids[4096];
    for (uint32_t i = 0; i < corpus_size(c); i++) {
        int n[2];
        const char *source, *target;
        size_t line;
        corpus_lengths(c, i, &n[0], &n[1]);
        corpus_place(c, i, &source, &target, &line);
        for (int side = 0; side < 2 && n[side] <= 4096; side++) {
            (side ? corpus_target : corpus_source)(c, i, ids);
            for (int k = 0; k < n[side]; k++)
                if (ids[k] < 0 || ids[k] >= vocabulary)
                    abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tokenizer *t;
    if (!t)
        t = small_tokenizer("bpe", 48);
    const char *source = scratch_path("source"), *target = scratch_path("target");
    const uint8_t *end = memchr(data, 255, size);
    size_t n = end ? (size_t)(end - data) : size;
    scratch_write(source, data, n);
    scratch_write(target, data + n + (end != NULL), size - n - (end != NULL));
    for (size_t i = 0; i < sizeof policies / sizeof policies[0]; i++) {
        struct satz_error err;
        const char *folder = scratch_path("cache");
        struct corpus_options o = {.sources = &source,
                                   .targets = &target,
                                   .n_files = 1,
                                   .source_tokenizer = t,
                                   .target_tokenizer = t,
                                   .policy = policies[i],
                                   .folder = folder,
                                   .threads = 1};
        struct corpus *c = corpus_new(&o, &err);
        if (c)
            walk(c, tokenizer_size(t));
        corpus_free(c);
    }
    scratch_empty(scratch_path("cache"));
    return 0;
}
