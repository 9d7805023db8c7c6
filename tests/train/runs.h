/* runs.h -- whole training runs on a made-up language, whose translation is its words in reverse.
 */
#ifndef SATZ_TESTS_TRAIN_RUNS_H
#define SATZ_TESTS_TRAIN_RUNS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/rng.h"
#include "base/tensors.h"
#include "satz.h"

static char folder[64];

static inline void write_text(const char *name, int first, int n, bool reversed)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    for (int i = first; i < first + n; i++) {
        int length = 2 + (int)rng_below(1, (uint64_t)i, 6);
        for (int k = 0; k < length; k++) {
            int at = reversed ? length - 1 - k : k;
            int word = (int)rng_below(2, (uint64_t)(i * 16 + at), 20);
            fprintf(f, "%s%c%c", k ? " " : "", 'a' + word % 5, 'k' + word / 5);
        }
        fprintf(f, "\n");
    }
    fclose(f);
}

/* The links of train.en with train.de. */
static inline void write_alignments(int n)
{
    char path[128];
    snprintf(path, sizeof path, "%s/train.al", folder);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    for (int i = 0; i < n; i++) {
        int length = 2 + (int)rng_below(1, (uint64_t)i, 6);
        for (int k = 0; k < length; k++)
            fprintf(f, "%s%d-%d", k ? " " : "", length - 1 - k, k);
        fprintf(f, "\n");
    }
    fclose(f);
}

static inline int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/satz-train-XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(setenv("SATZ_TEST_FOLDER", folder, 1), 0);
    write_text("train.en", 0, 1200, false);
    write_text("train.de", 0, 1200, true);
    write_alignments(1200);
    write_text("dev.en", 1200, 60, false);
    write_text("dev.de", 1200, 60, true);
    return 0;
}

static inline int remove_folder(void **state)
{
    (void)state;
    char command[96];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

struct run {
    volatile int stop;
    long stop_at; /* update to stop at; 0: never */
    long updates;
    double perplexity, bleu;
    char ending[200];
};

static inline void watch(void *user, const struct satz_train_event *e)
{
    struct run *r = user;
    if (e->stage == SATZ_TRAIN_PROGRESS) {
        r->updates++;
        r->stop = r->stop_at > 0 && e->update >= r->stop_at;
    } else if (e->stage == SATZ_TRAIN_VALIDATION) {
        r->perplexity = e->valid_perplexity;
        r->bleu = e->bleu;
    } else if (e->stage == SATZ_TRAIN_DONE) {
        snprintf(r->ending, sizeof r->ending, "%s", e->text);
    }
}

/* The setting for training with them. */
#define WITH_ALIGNMENTS "data.alignments=${SATZ_TEST_FOLDER}/train.al"

/* Trains in folder/name; `more` are further settings, NULL at the end. */
static inline int train(const char *name, struct run *r, int resume, struct satz_error *err,
                        const char *const *more)
{
    char texts[8][160];
    const char *settings[32];
    size_t n = 0;
    snprintf(texts[0], sizeof texts[0], "data.train_source=%s/train.en", folder);
    snprintf(texts[1], sizeof texts[1], "data.train_target=%s/train.de", folder);
    snprintf(texts[2], sizeof texts[2], "data.valid_source=%s/dev.en", folder);
    snprintf(texts[3], sizeof texts[3], "data.valid_target=%s/dev.de", folder);
    snprintf(texts[4], sizeof texts[4], "data.cache=%s/cache", folder);
    snprintf(texts[5], sizeof texts[5], "train.folder=%s/%s", folder, name);
    for (; n < 6; n++)
        settings[n] = texts[n];
    static const char *const small[] = {
        "tokenizer.vocabulary=34", "model.embedding=24",  "model.encoder_hidden=24",
        "model.decoder_hidden=48", "model.tie=all",       "dropout.readout=0.1",
        "train.batch=32",          "train.shards=3",      "train.epochs=3",
        "optimizer.rate=0.01",     "validation.every=25", "train.log_every=10"};
    for (size_t i = 0; i < sizeof small / sizeof *small; i++)
        settings[n++] = small[i];
    for (; more && *more; more++)
        settings[n++] = *more;
    struct satz_recipe *recipe = satz_recipe_new(NULL, settings, n, err);
    if (!recipe)
        return -1;
    struct satz_train_options options = {
        .resume = resume, .on_event = watch, .user = r, .stop = &r->stop};
    int status = satz_train(recipe, &options, err);
    satz_recipe_free(recipe);
    return status;
}

static inline struct strbuf model_bytes(const char *name)
{
    char path[160];
    struct strbuf bytes = {0};
    snprintf(path, sizeof path, "%s/%s/model.safetensors", folder, name);
    assert_int_equal(file_read(path, (size_t)1 << 30, &bytes, NULL), 0);
    return bytes;
}

static inline void open_model(const char *name, struct tensors *file)
{
    char path[160];
    struct satz_error err;
    snprintf(path, sizeof path, "%s/%s/model.safetensors", folder, name);
    if (tensors_open(file, path, &err) < 0)
        fail_msg("%s", err.message);
}

static inline void assert_same_model(const char *a, const char *b)
{
    struct strbuf x = model_bytes(a), y = model_bytes(b);
    assert_int_equal(x.length, y.length);
    assert_memory_equal(x.data, y.data, x.length);
    strbuf_release(&x);
    strbuf_release(&y);
}

#endif
