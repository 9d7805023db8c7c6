/* A small model of `satz train`, edited (forge.h): it is opened, described and translated with, or
 * refused. */
#include "forge.h"
#include "satz.h"

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
    return forge_read(scratch_path("model/model.safetensors"), size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t *base;
    static size_t base_size;
    struct satz_error err;
    size_t n;
    if (!base)
        base = base_model(&base_size);
    uint8_t *bytes = forge_edit(base, base_size, data, size, &n);
    const char *path = scratch_path("model.safetensors");
    forge_write(path, bytes, n);
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
