/* A shortlist's arrays and metadata made of the input, with a right checksum: what is opened names
 * words of the vocabulary only, all else is refused. The first four bytes choose lengths and what
 * is left out; the others are the numbers. */
#include "text/shortlist.h"
#include "tokenizers.h"

enum { WORDS = 48, MOST = 600 };

/* The next number: of a byte, or of eight. */
static int64_t next(const uint8_t **data, size_t *size)
{
    int64_t value = *size ? (int8_t) * *data : 0;
    size_t used = *size ? 1 : 0;
    if (value == 127 && *size >= 9) {
        memcpy(&value, *data + 1, sizeof value);
        used = 9;
    }
    *data += used;
    *size -= used;
    return value;
}

static void use(const struct shortlist *list)
{
    for (int word = 0; word < list->sources; word++) {
        uint64_t set[WORDS / 64 + 1] = {0};
        int words[WORDS];
        shortlist_add_commonest(list, word, set);
        shortlist_add_word(list, word, SHORTLIST_MOST, set);
        int n = word_set_list(set, list->targets, words);
        if (n < TOKEN_SPECIALS || n > list->targets || words[TOKEN_END] != TOKEN_END)
            abort();
    }
}

/* The digest of the tokenizer, as a file that is right has it. */
static void right_digest(const char *path, struct tokenizer *t, char digest[17])
{
    struct lexicon l = {.sources = WORDS, .targets = WORDS};
    int64_t offsets[WORDS + 2] = {0}, counts[WORDS] = {0};
    struct tensors file;
    struct satz_error err;
    l.offsets = offsets;
    l.target_count = counts;
    if (shortlist_write(path, &l, t, t, &err) < 0 || tensors_open(&file, path, &err) < 0)
        abort();
    memcpy(digest, tensors_metadata(&file, "satz.source"), 17);
    tensors_release(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tokenizer *t;
    static char digest[17];
    static int64_t offsets[MOST];
    static int32_t words[MOST], commonest[MOST];
    const char *path = scratch_path("list");
    struct satz_error err;
    struct shortlist list;
    if (!t) {
        t = small_tokenizer("bpe", WORDS);
        right_digest(path, t, digest);
    }
    if (size < 4)
        return 0;
    size_t n_offsets = data[0] < 250 ? WORDS + 1 : data[0] - 240u, n = data[1] * 2u;
    size_t n_commonest = data[2] < 250 ? WORDS : data[2] - 200u, items = data[3] & 3;
    bool other = data[3] & 4, newer = data[3] & 8;
    data += 4;
    size -= 4;
    for (size_t i = 0; i < n_offsets; i++)
        offsets[i] = (int64_t)((uint64_t)(i ? offsets[i - 1] : 0) + (uint64_t)next(&data, &size));
    if (n_offsets > 1 && offsets[n_offsets - 1] >= 0 && offsets[n_offsets - 1] < MOST)
        n = (size_t)offsets[n_offsets - 1];
    for (size_t i = 0; i < n; i++)
        words[i] = (int32_t)next(&data, &size);
    for (size_t i = 0; i < n_commonest; i++)
        commonest[i] = (int32_t)next(&data, &size);
    const struct tensor arrays[] = {
        {"offsets", TENSOR_I64, 1, {n_offsets}, offsets},
        {"words", TENSOR_I32, 1, {n}, words},
        {"commonest", TENSOR_I32, 1, {n_commonest}, commonest},
    };
    const struct tensors_entry metadata[] = {
        {"satz.shortlist", newer ? "2" : "1"},
        {"satz.source", other ? "0" : digest},
        {"satz.target", digest},
    };
    if (tensors_write(path, arrays, items ? items : 3, metadata, 3, &err) < 0)
        abort();
    if (shortlist_open(&list, path, t, t, &err) == 0) {
        use(&list);
        shortlist_release(&list);
    }
    return 0;
}
