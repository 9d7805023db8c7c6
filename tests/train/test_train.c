/* Whole training runs on a made-up language, whose translation is its words in reverse. */
#include <dirent.h>
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

static void write_text(const char *name, int first, int n, bool reversed)
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

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/satz-train-XXXXXX");
    assert_non_null(mkdtemp(folder));
    write_text("train.en", 0, 1200, false);
    write_text("train.de", 0, 1200, true);
    write_text("dev.en", 1200, 60, false);
    write_text("dev.de", 1200, 60, true);
    return 0;
}

static int remove_folder(void **state)
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

static void watch(void *user, const struct satz_train_event *e)
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

/* Trains in folder/name; `more` are further settings, NULL at the end. */
static int train(const char *name, struct run *r, int resume, struct satz_error *err,
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

static struct strbuf model_bytes(const char *name)
{
    char path[160];
    struct strbuf bytes = {0};
    snprintf(path, sizeof path, "%s/%s/model.safetensors", folder, name);
    assert_int_equal(file_read(path, (size_t)1 << 30, &bytes, NULL), 0);
    return bytes;
}

static void assert_same_model(const char *a, const char *b)
{
    struct strbuf x = model_bytes(a), y = model_bytes(b);
    assert_int_equal(x.length, y.length);
    assert_memory_equal(x.data, y.data, x.length);
    strbuf_release(&x);
    strbuf_release(&y);
}

static void test_learns(void **state)
{
    (void)state;
    struct run r = {0};
    struct satz_error err;
    static const char *const more[] = {"train.epochs=14", "validation.bleu_every=1", NULL};
    if (train("learns", &r, 0, &err, more) != 0)
        fail_msg("%s", err.message);
    assert_true(r.perplexity < 1.5);
    assert_true(r.bleu > 60);
}

static void test_threads_do_not_matter(void **state)
{
    (void)state;
    struct satz_error err;
    static const char *const names[] = {"threads-1", "threads-2", "threads-5"};
    for (int i = 0; i < 3; i++) {
        struct run r = {0};
        char threads[32];
        snprintf(threads, sizeof threads, "train.threads=%s", names[i] + 8);
        const char *const more[] = {threads, NULL};
        if (train(names[i], &r, 0, &err, more) != 0)
            fail_msg("%s", err.message);
        assert_same_model(names[0], names[i]);
    }
}

/* Nor with what is drawn and what is fitted besides the loss: the words of hard attention and its
 * baseline; nor do they end a run's resumption in other bits. */
static void test_draws_do_not_depend_on_threads(void **state)
{
    (void)state;
    struct satz_error err;
    static const char *const one[] = {"attention.window=hard", "train.epochs=1", "train.threads=1",
                                      NULL};
    static const char *const two[] = {"attention.window=hard", "train.epochs=1", "train.threads=2",
                                      NULL};
    struct run whole = {0}, first = {.stop_at = 17}, second = {0};
    assert_int_equal(train("drawn", &whole, 0, &err, one), 0);
    assert_int_equal(train("drawn-parts", &first, 0, &err, two), 1);
    assert_int_equal(train("drawn-parts", &second, 1, &err, two), 0);
    assert_int_equal(first.updates, 17);
    assert_same_model("drawn", "drawn-parts");
}

/* Stopped in the middle of an epoch, twice, and gone on with: the bits of an uninterrupted run. */
static void test_resume_continues(void **state)
{
    (void)state;
    struct satz_error err;
    struct run whole = {0};
    assert_int_equal(train("whole", &whole, 0, &err, NULL), 0);
    struct run first = {.stop_at = 13}, second = {.stop_at = 58}, third = {0};
    assert_int_equal(train("parts", &first, 0, &err, NULL), 1);
    assert_int_equal(first.updates, 13);
    assert_int_equal(train("parts", &second, 1, &err, NULL), 1);
    assert_int_equal(second.updates, 58 - 13);
    assert_int_equal(train("parts", &third, 1, &err, NULL), 0);
    assert_int_equal(first.updates + second.updates + third.updates, whole.updates);
    assert_same_model("whole", "parts");
    /* and once it is finished there is nothing to do */
    struct run again = {0};
    assert_int_equal(train("parts", &again, 1, &err, NULL), 0);
    assert_int_equal(again.updates, 0);
    assert_same_model("whole", "parts");
}

static void test_refuses(void **state)
{
    (void)state;
    struct satz_error err;
    struct run r = {0};
    static const char *const few[] = {"train.updates=2", NULL};
    assert_int_equal(train("refuses", &r, 0, &err, few), 0);
    assert_int_equal(train("refuses", &r, 0, &err, few), -1);
    assert_non_null(strstr(err.message, "--resume"));
    /* another shape of network than the checkpoint's */
    static const char *const wider[] = {"model.decoder_hidden=64", NULL};
    assert_int_equal(train("refuses", &r, 1, &err, wider), -1);
    assert_non_null(strstr(err.message, "checkpoint-00000002"));
    assert_non_null(strstr(err.message, "decoder"));
    static const char *const missing[] = {"data.train_source=/nowhere", NULL};
    assert_int_equal(train("missing", &r, 0, &err, missing), -1);
    assert_non_null(strstr(err.message, "/nowhere"));
}

static void test_keeps_the_last(void **state)
{
    (void)state;
    struct satz_error err;
    struct run r = {0};
    static const char *const more[] = {"train.keep_last=3", "train.average=3", NULL};
    assert_int_equal(train("keeps", &r, 0, &err, more), 0);
    char path[96];
    snprintf(path, sizeof path, "%s/keeps", folder);
    DIR *dir = opendir(path);
    assert_non_null(dir);
    int checkpoints = 0, temporary = 0;
    for (struct dirent *e; (e = readdir(dir));) {
        checkpoints += strncmp(e->d_name, "checkpoint-", 11) == 0;
        temporary += strstr(e->d_name, ".tmp") != NULL;
    }
    closedir(dir);
    assert_int_equal(checkpoints, 3);
    assert_int_equal(temporary, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_learns),
        cmocka_unit_test(test_threads_do_not_matter),
        cmocka_unit_test(test_draws_do_not_depend_on_threads),
        cmocka_unit_test(test_resume_continues),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_keeps_the_last),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
