/* One run: trained as far as is needed, its test text translated. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ablate/ablation.h"
#include "base/file.h"
#include "base/lines.h"
#include "base/memory.h"
#include "base/tensors.h"
#include "config/schema.h"

enum { CHUNK = 256 };

static bool stopped(const struct satz_train_options *options)
{
    return options->stop && *options->stop;
}

static int set_begun(struct run *run, struct satz_error *err)
{
    char *recipe = record_recipe(&run->recipe.recipe, err);
    int status = recipe && record_set(run, "recipe", json_string(recipe), err) == 0 &&
                         record_set(run, "text", json_string(run->text), err) == 0
                     ? record_write(run, err)
                     : -1;
    free(recipe);
    return status;
}

/* --- what a training was like */

/* Target tokens a second and seconds, from the log's lines, which are of equally many updates. */
static int read_log(struct run *run, struct satz_error *err)
{
    double slowness = 0, seconds = NAN;
    const char *line;
    size_t n, n_lines = 0;
    char *path = file_join(run->folder, "log.jsonl", err);
    struct lines *lines = path ? lines_open(path, err) : NULL;
    int status = lines ? 0 : -1;
    while (lines && (status = lines_next(lines, &line, &n, err)) > 0) {
        json_t *json = json_loadb(line, n, 0, NULL);
        double speed = json_number_value(json_object_get(json, "tokens_per_second"));
        double spent = json_number_value(json_object_get(json, "seconds"));
        if (speed > 0) {
            slowness += 1 / speed;
            n_lines++;
        }
        seconds = spent > 0 ? spent : seconds;
        json_decref(json);
    }
    lines_close(lines);
    free(path);
    if (status == 0 && n_lines)
        status = record_set(run, "tokens_per_second", json_real((double)n_lines / slowness), err);
    if (status == 0 && isfinite(seconds))
        status = record_set(run, "seconds", json_real(seconds), err);
    return status;
}

static size_t count_values(const struct tensors *file)
{
    size_t total = 0;
    for (size_t i = 0; i < file->n; i++) {
        const struct tensor *t = &file->items[i];
        size_t n = 1;
        for (int k = 0; k < t->rank; k++)
            n *= t->shape[k];
        total += strncmp(t->name, "tokenizer.", strlen("tokenizer.")) != 0 ? n : 0;
    }
    return total;
}

static int read_model(struct run *run, struct satz_error *err)
{
    struct tensors file = {0};
    char *path = file_join(run->folder, "model.safetensors", err);
    int status = path ? tensors_open(&file, path, err) : -1;
    if (status == 0) {
        const char *training = tensors_metadata(&file, "satz.training");
        json_t *json = training ? json_loads(training, 0, NULL) : NULL;
        double perplexity = json_number_value(json_object_get(json, "valid_perplexity"));
        json_int_t parameters = (json_int_t)count_values(&file);
        json_decref(json);
        status = record_set(run, "parameters", json_integer(parameters), err);
        if (status == 0 && perplexity > 0 && isfinite(perplexity))
            status = record_set(run, "perplexity", json_real(perplexity), err);
        tensors_release(&file);
    }
    free(path);
    return status;
}

static int train(struct run *run, const struct satz_train_options *given, struct satz_error *err)
{
    struct satz_train_options options = *given;
    if ((run->state == RUN_NEW || run->state == RUN_CHANGED) && record_forget(run, err) < 0)
        return -1;
    json_object_del(run->facts, "failure");
    if (file_make_folder(run->folder, err) < 0 || set_begun(run, err) < 0)
        return -1;
    run->state = RUN_BEGUN;
    options.resume = 1;
    int ended = satz_train(&run->recipe, &options, err);
    if (ended != 0)
        return ended;
    if (read_log(run, err) < 0 || read_model(run, err) < 0 ||
        record_set(run, "trained", json_true(), err) < 0 || record_write(run, err) < 0)
        return -1;
    run->state = RUN_TRAINED;
    return 0;
}

/* --- its translation */

/* The keys of decode, as settings [n]. */
static int decode_settings(const struct recipe *r, char **settings, size_t *n,
                           struct satz_error *err)
{
    for (const struct recipe_key *key = schema_keys; key < schema_keys + N_KEYS; key++) {
        struct strbuf s = {0};
        if (strcmp(key->section, "decode") != 0)
            continue;
        strbuf_addf(&s, "decode.%s=", key->name);
        key_write_value(r, key, &s);
        settings[*n] = strbuf_detach(&s, err);
        if (!settings[*n])
            return -1;
        ++*n;
    }
    return 0;
}

char *run_translation_key(const struct run *run, const struct satz_ablation *a,
                          struct satz_error *err)
{
    char *settings[N_KEYS];
    struct strbuf key = {0};
    uint64_t sum = 0;
    size_t n = 0;
    int status = decode_settings(&run->recipe.recipe, settings, &n, err);
    for (size_t i = 0; i < n; i++) {
        sum = checksum(settings[i], strlen(settings[i]), sum);
        free(settings[i]);
    }
    strbuf_addf(&key, "%s-%016" PRIx64, a->test_key, sum);
    if (status < 0)
        strbuf_release(&key);
    return status < 0 ? NULL : strbuf_detach(&key, err);
}

static struct satz_translator *open_translator(const struct run *run, struct satz_model *model,
                                               struct satz_error *err)
{
    char *settings[N_KEYS];
    size_t n = 0;
    struct satz_translator *t = NULL;
    if (decode_settings(&run->recipe.recipe, settings, &n, err) == 0) {
        const struct satz_translator_options options = {
            .threads = run->recipe.recipe.train.threads,
            .settings = (const char *const *)settings,
            .n_settings = n,
        };
        t = satz_translator_new(model, &options, err);
    }
    for (size_t i = 0; i < n; i++)
        free(settings[i]);
    return t;
}

/* n lines, freed here. */
static int translate_chunk(struct satz_translator *t, char **chunk, size_t n,
                           struct file_writer *out, struct satz_error *err)
{
    const struct satz_translation *translations;
    int status = satz_translate(t, (const char *const *)chunk, NULL, n, &translations, err);
    for (size_t i = 0; status == 0 && i < n; i++) {
        const char *text = translations[i].hypotheses[0].text;
        if (file_writer_write(out, text, strlen(text), err) < 0 ||
            file_writer_write(out, "\n", 1, err) < 0)
            status = -1;
    }
    for (size_t i = 0; i < n; i++)
        free(chunk[i]);
    return status;
}

/* 0; 1 when it was stopped. */
static int translate_lines(struct satz_translator *t, struct lines *in, struct file_writer *out,
                           const struct satz_train_options *options, struct satz_error *err)
{
    char *chunk[CHUNK];
    const char *line;
    size_t length;
    for (int more = 1; more > 0;) {
        size_t n = 0;
        while (n < CHUNK && (more = lines_next(in, &line, &length, err)) > 0) {
            chunk[n] = memory_copy_string(line, err);
            if (!chunk[n])
                more = -1;
            n += chunk[n] != NULL;
            if (more < 0)
                break;
        }
        int status = translate_chunk(t, chunk, n, out, err);
        if (status < 0 || more < 0)
            return -1;
        if (stopped(options))
            return 1;
    }
    return 0;
}

static int translate_to(const struct run *run, const struct satz_ablation *a, const char *path,
                        const struct satz_train_options *options, struct satz_error *err)
{
    struct satz_translator *translator = NULL;
    struct lines *in = NULL;
    struct file_writer *out = NULL;
    char *file = file_join(run->folder, "model.safetensors", err);
    const char *backend = run->recipe.recipe.compute.backend;
    struct satz_model *model = file ? satz_model_open(file, backend, NULL, err) : NULL;
    int status = -1;
    if (model)
        translator = open_translator(run, model, err);
    if (translator)
        in = lines_open(a->test_source, err);
    if (in)
        out = file_writer_open(path, err);
    if (out)
        status = translate_lines(translator, in, out, options, err);
    if (out && status == 0)
        status = file_writer_commit(out, err);
    else if (out)
        file_writer_abort(out);
    lines_close(in);
    satz_translator_free(translator);
    satz_model_close(model);
    free(file);
    return status;
}

static int translate(struct run *run, const struct satz_ablation *a,
                     const struct satz_train_options *options, struct satz_error *err)
{
    int status = -1;
    char *key = run_translation_key(run, a, err);
    char *path = key ? file_join(run->folder, "translation.txt", err) : NULL;
    const char *done = record_text(run, "translation");
    if (path && done && strcmp(done, key) == 0 && file_exists(path)) {
        status = 0;
    } else if (path) {
        status = translate_to(run, a, path, options, err);
        if (status == 0 && (record_set(run, "translation", json_string(key), err) < 0 ||
                            record_write(run, err) < 0))
            status = -1;
    }
    free(path);
    free(key);
    return status;
}

int run_go(struct run *run, const struct satz_ablation *a, const struct satz_train_options *options,
           struct satz_error *err)
{
    int status = run->state == RUN_TRAINED ? 0 : train(run, options, err);
    if (status == 0) /* what a killed sitting has left */
        status = file_remove_halves(run->folder, ".txt", err) < 0
                     ? -1
                     : file_remove_halves(run->folder, ".json", err);
    if (status == 0)
        status = translate(run, a, options, err);
    if (status < 0) {
        run->state = RUN_FAILED;
        if (record_set(run, "failure", json_string(err->message), NULL) == 0)
            record_write(run, NULL); /* the disk may be what failed */
    } else if (status == 0 && json_object_del(run->facts, "failure") == 0) {
        status = record_write(run, err);
    }
    return status;
}
