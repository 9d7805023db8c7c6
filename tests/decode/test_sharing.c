/* One model, one tokenizer and one recipe, used by several threads at the same time. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "satz.h"

enum { N_LINES = 216, N_THREADS = 4, N_ROUNDS = 3 };

static const char *const words[][2] = {{"one", "eins"},  {"two", "zwei"},   {"three", "drei"},
                                       {"four", "vier"}, {"five", "fuenf"}, {"six", "sechs"}};

static char lines[2][N_LINES][32];
static char folder[] = "/tmp/satz-sharing-XXXXXX";

struct shared {
    struct satz_recipe *recipe;
    struct satz_model *model;
    struct satz_tokenizer *tokenizer;
    char *yaml;
    char *texts[N_LINES]; /* what one thread made of the lines */
    double scores[N_LINES];
    int *ids[N_LINES];
    size_t n_ids[N_LINES];
};

struct user {
    const struct shared *shared;
    int threads; /* of its translator */
    int differs;
    struct satz_error err;
};

static void write_text(int side, const char *path)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    for (int i = 0; i < N_LINES; i++) {
        snprintf(lines[side][i], sizeof lines[side][i], "%s %s %s", words[i % 6][side],
                 words[i / 6 % 6][side], words[i / 36][side]);
        fprintf(f, "%s\n", lines[side][i]);
    }
    assert_int_equal(fclose(f), 0);
}

static void line_pointers(const char **sources)
{
    for (int i = 0; i < N_LINES; i++)
        sources[i] = lines[0][i];
}

static void make_model(struct shared *s)
{
    static const char *const settings[] = {
        "data.train_source=source", "data.train_target=target", "data.valid_source=source",
        "data.valid_target=target", "tokenizer.vocabulary=30",  "model.embedding=8",
        "model.encoder_hidden=8",   "model.decoder_hidden=16",  "train.folder=model",
        "train.epochs=2",           "optimizer.rate=0.02",      "train.batch=16",
    };
    struct satz_error err;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    write_text(0, "source");
    write_text(1, "target");
    s->recipe = satz_recipe_new(NULL, settings, sizeof settings / sizeof *settings, &err);
    assert_non_null(s->recipe);
    if (satz_train(s->recipe, NULL, &err) != 0)
        fail_msg("%s", err.message);
    s->model = satz_model_open("model/model.safetensors", NULL, NULL, &err);
    s->tokenizer = satz_tokenizer_new("model/model.safetensors", SATZ_SOURCE, &err);
    assert_non_null(s->model);
    assert_non_null(s->tokenizer);
}

/* What one thread alone makes of everything. */
static int setup(void **state)
{
    struct shared *s = calloc(1, sizeof *s);
    struct satz_error err;
    const char *sources[N_LINES];
    const struct satz_translation *t;
    const struct satz_translator_options options = {.threads = 1};
    assert_non_null(s);
    make_model(s);
    s->yaml = satz_recipe_yaml(s->recipe, &err);
    line_pointers(sources);
    struct satz_translator *translator = satz_translator_new(s->model, &options, &err);
    assert_non_null(translator);
    assert_int_equal(satz_translate(translator, sources, NULL, N_LINES, &t, &err), 0);
    for (int i = 0; i < N_LINES; i++) {
        s->texts[i] = strdup(t[i].hypotheses[0].text);
        s->scores[i] = t[i].hypotheses[0].score;
        assert_int_equal(satz_tokenizer_encode(s->tokenizer, sources[i], strlen(sources[i]),
                                               &s->ids[i], &s->n_ids[i], &err),
                         0);
    }
    satz_translator_free(translator);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct shared *s = *state;
    for (int i = 0; i < N_LINES; i++) {
        free(s->texts[i]);
        free(s->ids[i]);
    }
    free(s->yaml);
    satz_tokenizer_free(s->tokenizer);
    satz_model_close(s->model);
    satz_recipe_free(s->recipe);
    free(s);
    assert_int_equal(chdir("/"), 0);
    char command[64];
    snprintf(command, sizeof command, "rm -r -- %s", folder);
    return system(command);
}

static int use_translator(struct user *u, struct satz_translator *translator)
{
    const struct shared *s = u->shared;
    const char *sources[N_LINES];
    const struct satz_translation *t;
    line_pointers(sources);
    if (satz_translate(translator, sources, NULL, N_LINES, &t, &u->err) < 0)
        return -1;
    for (int i = 0; i < N_LINES; i++)
        u->differs += strcmp(t[i].hypotheses[0].text, s->texts[i]) != 0 ||
                      memcmp(&t[i].hypotheses[0].score, &s->scores[i], sizeof s->scores[i]) != 0;
    struct satz_attention *a = satz_attend(translator, sources[7], NULL, SATZ_WORDS, &u->err);
    if (!a)
        return -1;
    satz_attention_free(a);
    return 0;
}

static int use_tokenizer(struct user *u)
{
    const struct shared *s = u->shared;
    for (int i = 0; i < N_LINES; i++) {
        int *ids;
        size_t n;
        if (satz_tokenizer_encode(s->tokenizer, lines[0][i], strlen(lines[0][i]), &ids, &n,
                                  &u->err) < 0)
            return -1;
        u->differs += n != s->n_ids[i] || memcmp(ids, s->ids[i], n * sizeof *ids) != 0;
        char *text = satz_tokenizer_decode(s->tokenizer, ids, n, &u->err);
        free(ids);
        if (!text)
            return -1;
        u->differs += strcmp(text, lines[0][i]) != 0;
        free(text);
    }
    return 0;
}

static int use_recipe(struct user *u)
{
    char *yaml = satz_recipe_yaml(u->shared->recipe, &u->err);
    if (!yaml)
        return -1;
    u->differs += strcmp(yaml, u->shared->yaml) != 0;
    free(yaml);
    return 0;
}

/* Makes a translator of its own in every round, so that they also begin and end side by side. */
static void *use_all(void *argument)
{
    struct user *u = argument;
    const struct satz_translator_options options = {.threads = u->threads};
    int status = 0;
    for (int round = 0; status == 0 && round < N_ROUNDS; round++) {
        struct satz_translator *t = satz_translator_new(u->shared->model, &options, &u->err);
        status = t ? use_translator(u, t) : -1;
        satz_translator_free(t);
        if (status == 0)
            status = use_tokenizer(u);
        if (status == 0)
            status = use_recipe(u);
    }
    return status == 0 ? NULL : u;
}

static void test_threads_share_a_model(void **state)
{
    pthread_t threads[N_THREADS];
    struct user users[N_THREADS];
    for (int i = 0; i < N_THREADS; i++) {
        users[i] = (struct user){.shared = *state, .threads = 1 + i % 2};
        assert_int_equal(pthread_create(&threads[i], NULL, use_all, &users[i]), 0);
    }
    for (int i = 0; i < N_THREADS; i++) {
        void *failed;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        if (failed)
            fail_msg("thread %d: %s", i, users[i].err.message);
        assert_int_equal(users[i].differs, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_share_a_model),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
