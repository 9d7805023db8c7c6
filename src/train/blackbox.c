#include "train/blackbox.h"

#include <dirent.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/simd.h"

void blackbox_remember(struct blackbox_history *h, int64_t update, double loss, double norm,
                       double rate)
{
    h->steps[h->n++ % BLACKBOX_HISTORY] = (struct blackbox_step){update, loss, norm, rate};
}

double blackbox_norm(const struct team *t, int i)
{
    struct mat m = params_view(&t->network->params, t->gradients[0], i);
    return sqrt(kernels_best()->sum_of_squares((size_t)m.rows * (size_t)m.cols, m.data));
}

/* Whether the folder has room for the box called `name`. */
static int has_room(const char *folder, const char *name, struct satz_error *err)
{
    static const char ending[] = ".safetensors";
    DIR *dir = opendir(folder);
    int others = 0;
    if (!dir)
        return error_set_errno(err, "%s: cannot read the folder", folder);
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        size_t length = strlen(e->d_name);
        others += strncmp(e->d_name, "blackbox-", 9) == 0 && length > sizeof ending &&
                  strcmp(e->d_name + length - (sizeof ending - 1), ending) == 0 &&
                  strcmp(e->d_name, name) != 0;
    }
    closedir(dir);
    return others < BLACKBOX_MOST;
}

/* --- the JSON: jansson answers NULL or -1 where memory is short, which adds up in *status */

static void put(int *status, json_t *object, const char *key, json_t *value)
{
    *status |= json_object_set_new(object, key, value);
}

static void put_real(int *status, json_t *object, const char *key, double value)
{
    char text[40];
    snprintf(text, sizeof text, "%a", value);
    put(status, object, key, json_string(text));
}

static void put_text(int *status, json_t *object, const char *key, const struct tokenizer *t,
                     const int *ids, int n)
{
    struct strbuf text = {0};
    if (tokenizer_decode(t, ids, (size_t)n, &text, NULL) == 0 && !text.failed)
        put(status, object, key, json_stringn(strbuf_text(&text), text.length));
    strbuf_release(&text);
}

/* A file name may be any bytes. */
static json_t *name_of(const char *path)
{
    json_t *name = json_string(path);
    return name ? name : json_string("(not UTF-8)");
}

static json_t *pairs(int *status, const struct blackbox *b, const int32_t *ids)
{
    json_t *list = json_array();
    for (int i = 0; i < b->n; i++) {
        int n_source, n_target;
        const char *source, *target;
        size_t line;
        json_t *pair = json_object();
        corpus_lengths(b->corpus, b->indices[i], &n_source, &n_target);
        corpus_place(b->corpus, b->indices[i], &source, &target, &line);
        put(status, pair, "source_file", name_of(source));
        put(status, pair, "target_file", name_of(target));
        put(status, pair, "line", json_integer((json_int_t)line));
        put_text(status, pair, "source", b->model->source_tokenizer, ids, n_source);
        put_text(status, pair, "target", b->model->target_tokenizer, ids + n_source, n_target);
        ids += n_source + n_target;
        *status |= json_array_append_new(list, pair);
    }
    return list;
}

static json_t *norms(int *status, const struct team *t)
{
    json_t *object = json_object();
    const struct params *p = &t->network->params;
    for (int i = 0; i < p->count; i++)
        put_real(status, object, p->entries[i].name, blackbox_norm(t, i));
    return object;
}

static json_t *history(int *status, const struct blackbox_history *h)
{
    json_t *list = json_array();
    for (size_t k = h->n > BLACKBOX_HISTORY ? h->n - BLACKBOX_HISTORY : 0; k < h->n; k++) {
        const struct blackbox_step *s = &h->steps[k % BLACKBOX_HISTORY];
        json_t *step = json_object();
        put(status, step, "update", json_integer(s->update));
        put(status, step, "loss", json_real(s->loss));
        put(status, step, "norm", json_real(s->norm));
        put(status, step, "rate", json_real(s->rate));
        *status |= json_array_append_new(list, step);
    }
    return list;
}

static char *describe(const struct blackbox *b, int64_t update, const int32_t *ids,
                      struct satz_error *err)
{
    int status = 0;
    char text[64];
    json_t *box = json_object();
    put(&status, box, "update", json_integer(update));
    put(&status, box, "epoch", json_integer(b->state->epoch + 1));
    put(&status, box, "batch", json_integer(b->state->batch));
    snprintf(text, sizeof text, "%016" PRIx64, b->key);
    put(&status, box, "key", json_string(text));
    put_real(&status, box, "loss", b->sums.loss);
    put(&status, box, "tokens", json_integer(b->sums.tokens));
    put_real(&status, box, "norm", b->norm);
    put_real(&status, box, "rate", b->rate);
    put(&status, box, "backend", json_string(b->team->backend->name));
    snprintf(text, sizeof text, "%s f32 %s", b->team->backend->name, simd_level_name(simd_level()));
    put(&status, box, "compute", json_string(text));
    put(&status, box, "train_digest", json_string(corpus_digest(b->corpus)));
    put(&status, box, "norms", norms(&status, b->team));
    put(&status, box, "history", history(&status, b->history));
    put(&status, box, "pairs", pairs(&status, b, ids));
    char *json = status == 0 ? json_dumps(box, JSON_INDENT(1) | JSON_PRESERVE_ORDER) : NULL;
    json_decref(box);
    if (!json)
        error_set(err, "out of memory while describing the step");
    return json;
}

/* The batch's tokens, [total], and lengths, [n, 2]. */
static int copy_batch(const struct blackbox *b, int32_t **ids, int32_t **lengths, size_t *total,
                      struct satz_error *err)
{
    *total = 0;
    *lengths = memory_new(2 * (size_t)b->n, sizeof **lengths, err);
    if (!*lengths)
        return -1;
    for (int i = 0; i < b->n; i++) {
        int32_t *at = *lengths + 2 * i;
        corpus_lengths(b->corpus, b->indices[i], &at[0], &at[1]);
        *total += (size_t)at[0] + (size_t)at[1];
    }
    *ids = memory_new(*total, sizeof **ids, err);
    if (!*ids)
        return -1;
    int32_t *to = *ids;
    for (int i = 0; i < b->n; i++) {
        corpus_source(b->corpus, b->indices[i], to);
        to += (*lengths)[2 * i];
        corpus_target(b->corpus, b->indices[i], to);
        to += (*lengths)[2 * i + 1];
    }
    return 0;
}

int blackbox_save(const struct blackbox *b, const char *folder, int64_t update, char **path,
                  struct satz_error *err)
{
    char name[64];
    int32_t *ids = NULL, *lengths = NULL;
    char *json = NULL;
    size_t total;
    int status = -1;
    *path = NULL;
    snprintf(name, sizeof name, "blackbox-%08" PRId64 ".safetensors", update);
    int room = has_room(folder, name, err);
    if (room <= 0)
        return room;
    if (copy_batch(b, &ids, &lengths, &total, err) < 0 || !(json = describe(b, update, ids, err)) ||
        !(*path = file_join(folder, name, err)))
        goto done;
    struct tensor tensors[] = {
        {.name = "batch.ids", .type = TENSOR_I32, .rank = 1, .shape = {total}, .data = ids},
        {.name = "batch.lengths",
         .type = TENSOR_I32,
         .rank = 2,
         .shape = {(size_t)b->n, 2},
         .data = lengths},
    };
    struct tensors_entry entry = {"satz.blackbox", json};
    struct model_extra extra = {tensors, sizeof tensors / sizeof *tensors, &entry, 1};
    status = checkpoint_save(*path, b->model, b->team, b->state, &extra, err);
done:
    if (status < 0) {
        free(*path);
        *path = NULL;
    }
    free(json);
    free(ids);
    free(lengths);
    return status;
}
