/* Checkpoints and black boxes, which `satz train --resume` and `satz replay` read: a box of a small
 * run, which is a checkpoint too, changed by the input and with the sums a forger would give it.
 * Its first byte says what the rest is: 's' the state, 'f' what is said of the step (both JSON),
 * 't' the step's tokens, 'a' their alignment, anything else edits of the file (forge.h). */
#include "base/tensors.h"
#include "forge.h"
#include "satz.h"

static struct satz_recipe *recipe;
static uint8_t *base;
static size_t base_size;

/* What a box says of its step, and the step: two pairs in one batch. */
static const char facts[] =
    "{\"update\": 2, \"epoch\": 1, \"batch\": 1, \"loss\": \"0x1p+3\", \"tokens\": 4, "
    "\"norm\": \"nan\", \"rate\": \"0x1p-10\", \"backend\": \"openblas\", \"norms\": "
    "{\"output.bias\": \"inf\"}, \"history\": [{\"update\": 1, \"loss\": 1.5, \"norm\": 2.0, "
    "\"rate\": 0.001}], \"pairs\": [{\"source_file\": \"a\", \"target_file\": \"b\", \"line\": 1, "
    "\"source\": \"a b\", \"target\": \"b\"}, {\"line\": 2}]}";
static const int32_t lengths[] = {2, 1, 1, 3}, counts[] = {2}, ids[] = {4, 5, 5, 4, 5, 4, 5};

static void run_training(void)
{
    static const char *const settings[] = {
        "tokenizer.type=char",    "tokenizer.vocabulary=24", "model.embedding=2",
        "model.encoder_hidden=2", "model.decoder_hidden=2",  "model.readout=2",
        "attention.size=2",       "train.updates=1",         "train.batch=2",
        "train.threads=1",        "train.ema=0.5",           "validation.every=1",
        "train.keep_last=1",      "data.may_change=true"};
    enum { N = sizeof settings / sizeof settings[0], PATHS = 4 };
    static char paths[PATHS][160];
    static const char *const keys[PATHS][2] = {{"data.train_source", "text"},
                                               {"data.train_target", "text"},
                                               {"train.folder", "run"},
                                               {"data.cache", "cache"}};
    const char *all[N + PATHS];
    struct satz_error err;
    scratch_write(scratch_path("text"), "a b c\na cab\nba\n", 15);
    memcpy(all, settings, sizeof settings);
    for (int i = 0; i < PATHS; i++) {
        snprintf(paths[i], sizeof paths[i], "%s=%s", keys[i][0], scratch_path(keys[i][1]));
        all[N + i] = paths[i];
    }
    struct satz_recipe *first = satz_recipe_new(NULL, all, N + PATHS, &err);
    all[N - 7] = "train.updates=2";
    recipe = satz_recipe_new(NULL, all, N + PATHS, &err);
    if (!first || !recipe || satz_train(first, NULL, &err) < 0) {
        fprintf(stderr, "%s\n", err.message);
        abort();
    }
    satz_recipe_free(first);
}

static const char *const keys[] = {"satz.version", "satz.recipe", "satz.training", "satz.state",
                                   "satz.blackbox"};
enum { STATE = 3, FACTS, N_KEYS };

/* Writes `path` as the file `from`, but with tensors and one of the metadata of its own. */
static int write_changed(const char *path, const char *from, const struct tensor *own, size_t n_own,
                         int key, const char *text)
{
    struct tensors file;
    struct tensors_entry entries[N_KEYS];
    struct tensor items[256];
    size_t n = 0, n_entries = 0;
    if (tensors_open(&file, from, NULL) < 0 || file.n + n_own > 256)
        abort();
    for (size_t i = 0; i < file.n; i++) {
        bool stays = true;
        for (size_t k = 0; k < n_own; k++)
            stays = stays && strcmp(file.items[i].name, own[k].name) != 0;
        if (stays)
            items[n++] = file.items[i];
    }
    for (size_t k = 0; k < n_own; k++)
        items[n++] = own[k];
    for (int i = 0; i < N_KEYS; i++) {
        const char *value = i == key ? text : tensors_metadata(&file, keys[i]);
        if (value)
            entries[n_entries++] = (struct tensors_entry){keys[i], value};
    }
    int status = tensors_write(path, items, n, entries, n_entries, NULL);
    tensors_release(&file);
    return status;
}

static void make_base(void)
{
    static const struct tensor step[] = {
        {"batch.ids", TENSOR_I32, 1, {sizeof ids / sizeof *ids}, ids},
        {"batch.lengths", TENSOR_I32, 2, {2, 2}, lengths},
        {"batch.counts", TENSOR_I32, 1, {1}, counts}};
    run_training();
    if (write_changed(scratch_path("base"), scratch_path("run/checkpoint-00000001.safetensors"),
                      step, 3, FACTS, facts) < 0)
        abort();
    base = forge_read(scratch_path("base"), &base_size);
}

/* Two bytes: pairs and batches; then lengths, counts and ids. */
static int write_step(const char *path, const uint8_t *data, size_t size)
{
    size_t pairs = size < 2 ? 0 : data[0], batches = size < 2 ? 0 : data[1];
    size_t n = size < 2 ? 0 : (size - 2) / sizeof(int32_t);
    if (2 * pairs + batches > n)
        return -1;
    int32_t *values = malloc(size);
    if (!values)
        return -1;
    memcpy(values, data + 2, n * sizeof *values);
    int32_t *rest = values + 2 * pairs + batches;
    const struct tensor own[] = {{"batch.lengths", TENSOR_I32, 2, {pairs, 2}, values},
                                 {"batch.counts", TENSOR_I32, 1, {batches}, values + 2 * pairs},
                                 {"batch.ids", TENSOR_I32, 1, {n - 2 * pairs - batches}, rest}};
    int status = write_changed(path, scratch_path("base"), own, 3, -1, NULL);
    free(values);
    return status;
}

/* Three bytes: the links of both pairs, and how many numbers less the words are; then the words and
 * the links of the step that the base has. */
static int write_alignment(const char *path, const uint8_t *data, size_t size)
{
    enum { TOKENS = sizeof ids / sizeof *ids };
    int32_t values[64];
    if (size < 3)
        return -1;
    size_t n = (size - 3) / sizeof *values < 64 ? (size - 3) / sizeof *values : 64;
    size_t n_words = TOKENS - (data[2] < TOKENS ? data[2] : 0);
    if (n < n_words)
        return -1;
    memcpy(values, data + 3, n * sizeof *values);
    const int32_t link_counts[] = {(int8_t)data[0], (int8_t)data[1]};
    const struct tensor own[] = {
        {"batch.words", TENSOR_I32, 1, {n_words}, values},
        {"batch.links", TENSOR_I32, 2, {(n - n_words) / 3, 3}, values + n_words},
        {"batch.link_counts", TENSOR_I32, 1, {2}, link_counts}};
    return write_changed(path, scratch_path("base"), own, 3, -1, NULL);
}

static int write_text(const char *path, int key, const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (!text)
        return -1;
    memcpy(text, data, size);
    text[size] = '\0';
    int status = write_changed(path, scratch_path("base"), NULL, 0, key, text);
    free(text);
    return status;
}

static int write_edited(const char *path, const uint8_t *data, size_t size)
{
    size_t n;
    uint8_t *bytes = forge_edit(base, base_size, data, size, &n);
    forge_write(path, bytes, n);
    free(bytes);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct satz_error err;
    if (!base)
        make_base();
    if (size < 1)
        return 0;
    scratch_empty(scratch_path("run"));
    if (mkdir(scratch_path("run"), 0700) < 0)
        abort();
    const char *path = scratch_path("run/checkpoint-00000001.safetensors");
    int status = data[0] == 's'   ? write_text(path, STATE, data + 1, size - 1)
                 : data[0] == 'f' ? write_text(path, FACTS, data + 1, size - 1)
                 : data[0] == 't' ? write_step(path, data + 1, size - 1)
                 : data[0] == 'a' ? write_alignment(path, data + 1, size - 1)
                                  : write_edited(path, data + 1, size - 1);
    if (status < 0)
        return 0;
    char *report = NULL;
    if (data[0] != 's' && satz_replay(path, 1, &report, &err) >= 0)
        free(report);
    struct satz_train_options options = {.resume = 1};
    if (data[0] == 's' || data[0] == 'e')
        satz_train(recipe, &options, &err);
    return 0;
}
