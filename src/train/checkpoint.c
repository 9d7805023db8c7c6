#include "train/checkpoint.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/memory.h"

char *checkpoint_path(const char *folder, int64_t update, struct satz_error *err)
{
    char name[64];
    snprintf(name, sizeof name, "checkpoint-%08" PRId64 ".safetensors", update);
    return file_join(folder, name, err);
}

static int compare_updates(const void *a, const void *b)
{
    int64_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

/* The next entry; NULL at the end and, with -1 in *status, on an error. */
static struct dirent *next_entry(DIR *dir, const char *folder, int *status, struct satz_error *err)
{
    errno = 0;
    struct dirent *entry = readdir(dir);
    if (!entry && errno)
        *status = error_set_errno(err, "%s: cannot read the folder", folder);
    return entry;
}

int checkpoint_list(const char *folder, int64_t **updates, size_t *n, struct satz_error *err)
{
    DIR *dir = opendir(folder);
    int64_t *list = NULL;
    size_t count = 0, capacity = 0;
    int status = 0;
    if (!dir)
        return error_set_errno(err, "%s: cannot read the folder", folder);
    for (struct dirent *entry;
         status == 0 && (entry = next_entry(dir, folder, &status, err)) != NULL;) {
        int64_t update;
        int end = 0;
        if (sscanf(entry->d_name, "checkpoint-%" SCNd64 ".safetensors%n", &update, &end) != 1 ||
            end == 0 || entry->d_name[end] != '\0')
            continue;
        status = memory_grow(&list, &capacity, count + 1, sizeof *list, err);
        if (status == 0)
            list[count++] = update;
    }
    closedir(dir);
    if (status < 0) {
        free(list);
        return -1;
    }
    if (count)
        qsort(list, count, sizeof *list, compare_updates);
    *updates = list;
    *n = count;
    return 0;
}

/* One row per number of the state. */
#define STATE_LIST(INTEGER, REAL)                                                                  \
    INTEGER(update)                                                                                \
    INTEGER(epoch)                                                                                 \
    INTEGER(batch)                                                                                 \
    INTEGER(validations)                                                                           \
    INTEGER(stale)                                                                                 \
    INTEGER(has_best)                                                                              \
    INTEGER(schedule.stale)                                                                        \
    REAL(best)                                                                                     \
    REAL(mark)                                                                                     \
    REAL(seconds)                                                                                  \
    REAL(backoff)                                                                                  \
    REAL(schedule.factor)

static void write_state(const struct train_state *s, struct strbuf *out)
{
    const char *separator = "{";
#define INTEGER(field)                                                                             \
    strbuf_addf(out, "%s\"" #field "\": %" PRId64, separator, (int64_t)s->field);                  \
    separator = ", ";
#define REAL(field) strbuf_addf(out, "%s\"" #field "\": %.17e", separator, s->field);
    STATE_LIST(INTEGER, REAL)
#undef INTEGER
#undef REAL
    strbuf_addf(out, ", \"text\": \"%s\"}", s->text);
}

/* All integers of the state count something, and nothing counts further than this. */
static bool is_count(const json_t *value)
{
    return json_is_integer(value) && json_integer_value(value) >= 0 &&
           json_integer_value(value) < INT32_MAX;
}

static int read_state(const char *text, const char *path, struct train_state *s,
                      struct satz_error *err)
{
    json_error_t problem;
    json_t *json = text ? json_parse(text, strlen(text), 0, &problem) : NULL;
    int status = json_is_object(json) ? 0 : -1;
#define INTEGER(field)                                                                             \
    if (status == 0 && is_count(json_object_get(json, #field)))                                    \
        s->field = (__typeof__(s->field))json_integer_value(json_object_get(json, #field));        \
    else                                                                                           \
        status = -1;
#define REAL(field)                                                                                \
    if (status == 0 && json_is_number(json_object_get(json, #field)))                              \
        s->field = json_number_value(json_object_get(json, #field));                               \
    else                                                                                           \
        status = -1;
    STATE_LIST(INTEGER, REAL)
#undef INTEGER
#undef REAL
    const char *digest = json_string_value(json_object_get(json, "text"));
    if (status == 0 && digest && strlen(digest) < sizeof s->text)
        strcpy(s->text, digest);
    else
        status = -1;
    json_decref(json);
    return status < 0
               ? error_set(err, "%s: is not a checkpoint (its state is missing or wrong)", path)
               : 0;
}

/* A block of the parameters' layout beside the parameters, as tensors "NAME:PARAMETER". */
struct block {
    const char *name;
    real *values;
};

enum { MAX_BLOCKS = OPTIMIZER_MAX_MOMENTS + 1, NAME = 160 };

/* The optimiser's moments, then the averaged weights if there are such; returns how many. */
static int blocks_of(const struct team *t, struct block *blocks)
{
    int n = 0;
    for (; n < t->optimizer->moments; n++)
        blocks[n] = (struct block){t->optimizer->moment_names[n], t->moments[n]};
    if (t->average)
        blocks[n++] = (struct block){"average", t->average};
    return n;
}

static void prefix_of(const struct block *block, char *prefix, size_t size)
{
    snprintf(prefix, size, "%s:", block->name);
}

int checkpoint_save(const char *path, const struct model *m, const struct team *t,
                    const struct train_state *state, const struct model_extra *more,
                    struct satz_error *err)
{
    static const struct model_extra none = {0};
    const struct params *p = &m->network.params;
    struct block blocks[MAX_BLOCKS];
    int n_blocks = blocks_of(t, blocks);
    more = more ? more : &none;
    size_t n = (size_t)n_blocks * (size_t)p->count, at = 0;
    struct tensor *tensors = memory_new(n + more->n_tensors, sizeof *tensors, err);
    struct tensors_entry *metadata = memory_new(1 + more->n_metadata, sizeof *metadata, err);
    char *names = memory_new(n, NAME, err);
    struct strbuf json = {0};
    write_state(state, &json);
    int status = tensors && metadata && names ? strbuf_check(&json, err) : -1;
    if (status < 0)
        goto done;
    for (int k = 0; k < n_blocks; k++) {
        char prefix[32];
        prefix_of(&blocks[k], prefix, sizeof prefix);
        for (int i = 0; i < p->count; i++, at++) {
            const struct param *e = &p->entries[i];
            snprintf(names + at * NAME, NAME, "%s%s", prefix, e->name);
            tensors[at] = (struct tensor){
                .name = names + at * NAME,
                .type = sizeof(real) == 4 ? TENSOR_F32 : TENSOR_F64,
                .rank = 2,
                .shape = {(size_t)e->rows, (size_t)e->cols},
                .data = blocks[k].values + e->offset,
            };
        }
    }
    for (size_t i = 0; i < more->n_tensors; i++)
        tensors[n + i] = more->tensors[i];
    metadata[0] = (struct tensors_entry){"satz.state", strbuf_text(&json)};
    for (size_t i = 0; i < more->n_metadata; i++)
        metadata[1 + i] = more->metadata[i];
    struct model_extra extra = {tensors, n + more->n_tensors, metadata, 1 + more->n_metadata};
    status = model_save(m, path, NULL, &extra, err);
done:
    strbuf_release(&json);
    free(tensors);
    free(metadata);
    free(names);
    return status;
}

/* Whether the file has averaged weights of this network. */
static bool has_average(const struct tensors *file, const struct model *m)
{
    char name[NAME];
    snprintf(name, sizeof name, "average:%s", m->network.params.entries[0].name);
    return tensors_find(file, name) != NULL;
}

int checkpoint_read(const struct tensors *file, const char *path, struct model *m, struct team *t,
                    struct train_state *state, struct satz_error *err)
{
    if (read_state(tensors_metadata(file, "satz.state"), path, state, err) < 0 ||
        model_read_block(m, file, path, "", m->network.params.values, err) < 0)
        return -1;
    struct block blocks[MAX_BLOCKS];
    int n = blocks_of(t, blocks);
    if (t->average && !has_average(file, m)) {
        memcpy(t->average, m->network.params.values, m->network.params.size * sizeof(real));
        n--;
    }
    for (int k = 0; k < n; k++) {
        char prefix[32];
        prefix_of(&blocks[k], prefix, sizeof prefix);
        if (model_read_block(m, file, path, prefix, blocks[k].values, err) < 0)
            return -1;
    }
    return 0;
}
