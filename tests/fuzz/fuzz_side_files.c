/* Files that stand beside a text: a dictionary, an n-best list, prefixes and constraints of
 * `satz translate`. Parts stand between bytes 255: source, prefixes, constraints, then the n-best
 * list and the dictionary. */
#include <string.h>

#include "cli/nbest.h"
#include "cli/translate_job.h"
#include "decode/dictionary.h"
#include "satz.h"
#include "scratch.h"
#include "silence.h"

enum { SOURCE, PREFIX, CONSTRAINTS, LIST, DICTIONARY, N_PARTS };

static const char *const names[N_PARTS] = {"source", "prefix", "constraints", "list", "dictionary"};
static const struct usage usage = {.name = "fuzz"};

static struct satz_model *small_model(void)
{
    static const char *const settings[] = {
        "tokenizer.type=char",    "tokenizer.vocabulary=24", "model.embedding=2",
        "model.encoder_hidden=2", "model.decoder_hidden=2",  "model.readout=2",
        "attention.size=2",       "train.updates=1",         "train.batch=2"};
    enum { N = sizeof settings / sizeof settings[0] };
    char source[160], target[160], folder[160];
    const char *all[N + 3];
    struct satz_error err;
    scratch_write(scratch_path("text"), "a b c\na cab\n", 12);
    snprintf(source, sizeof source, "data.train_source=%s", scratch_path("text"));
    snprintf(target, sizeof target, "data.train_target=%s", scratch_path("text"));
    snprintf(folder, sizeof folder, "train.folder=%s", scratch_path("model"));
    memcpy(all, settings, sizeof settings);
    all[N] = source;
    all[N + 1] = target;
    all[N + 2] = folder;
    struct satz_recipe *recipe = satz_recipe_new(NULL, all, N + 3, &err);
    if (!recipe || satz_train(recipe, NULL, &err) < 0)
        abort();
    satz_recipe_free(recipe);
    struct satz_model *model =
        satz_model_open(scratch_path("model/model.safetensors"), NULL, NULL, &err);
    if (!model)
        abort();
    return model;
}

/* Every word that the file has is found in it, and its translation is one of the file's. */
static void read_dictionary(const char *path, const char *text, size_t n)
{
    struct satz_error err;
    if (n >= 2 && memcmp(text, "\x1f\x8b", 2) == 0)
        n = 0; /* gzip, which is read too */
    struct dictionary *d = dictionary_new(path, &err);
    for (const char *line = text, *end; d && line < text + n; line = end + 1) {
        end = memchr(line, '\n', (size_t)(text + n - line));
        end = end ? end : text + n;
        const char *tab = memchr(line, '\t', (size_t)(end - line));
        if (!tab)
            abort();
        const char *found = dictionary_find(d, line, (size_t)(tab - line));
        if (!found || !memmem(text, n, found, strlen(found)))
            abort();
        dictionary_find(d, line, (size_t)(tab - line) / 2);
    }
    dictionary_free(d);
}

static void read_list(const char *source, const char *list)
{
    static struct nbest p;
    p = (struct nbest){0};
    if (nbest_open(&p, source, list, &usage) != 0)
        abort();
    while (nbest_next(&p) > 0)
        for (size_t i = 0; i < p.n; i++) {
            const struct satz_pair *pair = &p.chunk[i];
            if (pair->target != pair->source + pair->source_length ||
                pair->target_length > p.lengths[i] || p.features[i] > p.lengths[i])
                abort();
        }
    nbest_close(&p);
}

static void translate(const char *const *paths)
{
    static struct satz_translator *t;
    static const struct satz_translator_options options = {
        .beam = 2, .threads = 1, .batch = 4, .max_length = 20};
    struct satz_error err;
    if (!t)
        t = satz_translator_new(small_model(), &options, &err);
    if (!t)
        abort();
    const struct translate_job job = {.usage = &usage,
                                      .translator = t,
                                      .format = translate_format_find("text"),
                                      .files = &paths[SOURCE],
                                      .n_files = 1,
                                      .output = "/dev/null",
                                      .quiet = true,
                                      .prefix = paths[PREFIX],
                                      .constraints = paths[CONSTRAINTS]};
    translate_job_run(&job);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char paths[N_PARTS][128];
    const char *files[N_PARTS];
    size_t n = 0;
    silence();
    for (int i = 0; i < N_PARTS; i++, data += n, size -= n) {
        if (i > 0 && size > 0) {
            data++;
            size--;
        }
        const uint8_t *end = memchr(data, 255, size);
        n = end ? (size_t)(end - data) : size;
        if (!paths[i][0])
            strcpy(paths[i], scratch_path(names[i]));
        files[i] = paths[i];
        scratch_write(files[i], data, n);
        if (i == DICTIONARY)
            read_dictionary(files[i], (const char *)data, n);
    }
    read_list(files[SOURCE], files[LIST]);
    translate(files);
    return 0;
}
