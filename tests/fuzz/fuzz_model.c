/* A small model of `satz train`, edited, its checksum made right, which is what a forger would
 * write: it is opened, described and translated with, or refused. An input is a row of edits: 3
 * bytes where, 1 byte how many bytes go, 1 byte how many of the following ones come in their place;
 * `where` counts from the end of the file if its highest bit is set. */
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "satz.h"
#include "scratch.h"

static const char opening[] = "{\"__metadata__\":{\"satz.checksum\":\"";

enum { DIGITS_AT = 8 + sizeof opening - 1, N_DIGITS = 16 };

/* The file as it is, but the checksum's digits those of its bytes, if it has the place for them. */
static void write_checked(const char *path, const uint8_t *data, size_t size)
{
    char *copy = malloc(size + 1), digits[N_DIGITS + 1];
    if (!copy)
        abort();
    memcpy(copy, data, size);
    if (size >= DIGITS_AT + N_DIGITS && memcmp(copy + 8, opening, sizeof opening - 1) == 0) {
        memset(copy + DIGITS_AT, '0', N_DIGITS);
        snprintf(digits, sizeof digits, "%016llx", (unsigned long long)XXH3_64bits(copy, size));
        memcpy(copy + DIGITS_AT, digits, N_DIGITS);
    }
    scratch_write(path, copy, size);
    free(copy);
}

/* The model as bytes, in memory that is kept. */
static uint8_t *base_model(size_t *size)
{
    static const char *const settings[] = {
        "tokenizer.type=char",    "tokenizer.vocabulary=24", "model.embedding=2",
        "model.encoder_hidden=2", "model.decoder_hidden=2",  "model.readout=2",
        "attention.size=2",       "train.updates=1",         "train.batch=2"};
    enum { N = sizeof settings / sizeof settings[0] };
    char source[160], folder[160];
    const char *all[N + 3];
    struct satz_error err;
    scratch_write(scratch_path("text"), "a b c\na cab\n", 12);
    snprintf(source, sizeof source, "data.train_source=%s", scratch_path("text"));
    snprintf(folder, sizeof folder, "train.folder=%s", scratch_path("model"));
    memcpy(all, settings, sizeof settings);
    char target[160];
    snprintf(target, sizeof target, "data.train_target=%s", scratch_path("text"));
    all[N] = source;
    all[N + 1] = target;
    all[N + 2] = folder;
    struct satz_recipe *recipe = satz_recipe_new(NULL, all, N + 3, &err);
    if (!recipe || satz_train(recipe, NULL, &err) < 0) {
        fprintf(stderr, "%s\n", err.message);
        abort();
    }
    satz_recipe_free(recipe);
    FILE *f = fopen(scratch_path("model/model.safetensors"), "r");
    uint8_t *bytes = malloc(1 << 20);
    if (!f || !bytes)
        abort();
    *size = fread(bytes, 1, 1 << 20, f);
    fclose(f);
    return bytes;
}

/* The base with the input's edits, as new memory. */
static uint8_t *edited(const uint8_t *data, size_t size, size_t *n)
{
    static uint8_t *base;
    static size_t base_size;
    if (!base)
        base = base_model(&base_size);
    uint8_t *bytes = malloc(base_size + size);
    if (!bytes)
        abort();
    memcpy(bytes, base, base_size);
    *n = base_size;
    for (size_t i = 0; i + 5 <= size && *n > 0;) {
        size_t where = (data[i] & 127u) << 16 | (unsigned)data[i + 1] << 8 | data[i + 2];
        where = (data[i] & 128 ? *n - 1 - where % *n : where % *n);
        size_t goes = data[i + 3] < *n - where ? data[i + 3] : *n - where;
        size_t comes = data[i + 4] < size - i - 5 ? data[i + 4] : size - i - 5;
        memmove(bytes + where + comes, bytes + where + goes, *n - where - goes);
        memcpy(bytes + where, data + i + 5, comes);
        *n = *n - goes + comes;
        i += 5 + comes;
    }
    return bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct satz_error err;
    size_t n;
    uint8_t *bytes = edited(data, size, &n);
    const char *path = scratch_path("model.safetensors");
    write_checked(path, bytes, n);
    free(bytes);
    free(satz_model_describe(path, &err));
    free(satz_model_recipe(path, &err));
    struct satz_model *model = satz_model_open(path, NULL, NULL, &err);
    struct satz_translator_options options = {.beam = 2, .threads = 1, .batch = 1};
    struct satz_translator *t = model ? satz_translator_new(model, &options, &err) : NULL;
    const char *line = "a b c";
    const struct satz_translation *translation;
    if (t)
        satz_translate(t, &line, NULL, 1, &translation, &err);
    satz_translator_free(t);
    satz_model_close(model);
    return 0;
}
