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

/* What the step read: its batches' pairs and their tokens, in the order of the box. */
struct step {
    uint32_t *indices;                    /* [n] of the corpus */
    int32_t *ids, *lengths, *counts;      /* [total], [n, 2], [batches] */
    int32_t *words, *links, *link_counts; /* [total], [n_links, 3], [n]: of an aligned corpus */
    size_t n, total, n_links;
    size_t indices_capacity, ids_capacity, lengths_capacity;
    size_t words_capacity, links_capacity, link_counts_capacity;
};

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

static json_t *pairs(int *status, const struct blackbox *b, const struct step *step)
{
    json_t *list = json_array();
    const int32_t *ids = step->ids, *lengths = step->lengths;
    for (size_t i = 0; i < step->n; i++, lengths += 2) {
        const char *source, *target;
        size_t line;
        json_t *pair = json_object();
        corpus_place(b->corpus, step->indices[i], &source, &target, &line);
        put(status, pair, "source_file", name_of(source));
        put(status, pair, "target_file", name_of(target));
        put(status, pair, "line", json_integer((json_int_t)line));
        put_text(status, pair, "source", b->model->source_tokenizer, ids, lengths[0]);
        put_text(status, pair, "target", b->model->target_tokenizer, ids + lengths[0], lengths[1]);
        ids += lengths[0] + lengths[1];
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

static char *describe(const struct blackbox *b, int64_t update, const struct step *step,
                      struct satz_error *err)
{
    int status = 0;
    char text[64];
    json_t *box = json_object();
    put(&status, box, "update", json_integer(update));
    put(&status, box, "epoch", json_integer(b->state->epoch + 1));
    put(&status, box, "batch", json_integer(b->state->batch));
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
    put(&status, box, "pairs", pairs(&status, b, step));
    char *json = status == 0 ? json_dumps(box, JSON_INDENT(1) | JSON_PRESERVE_ORDER) : NULL;
    json_decref(box);
    if (!json)
        error_set(err, "out of memory while describing the step");
    return json;
}

/* The alignment of the last pair of *s, pair i of a batch. */
static int add_alignment(const struct blackbox *b, const struct feed_load *load, int i,
                         struct step *s, struct satz_error *err)
{
    const struct batch_alignment *a = feed_alignment(b->feed, load, i);
    size_t links = s->n_links + (size_t)a->n_links, word = s->total;
    const int32_t *lengths = s->lengths + 2 * s->n;
    if (memory_grow(&s->words, &s->words_capacity, s->total, sizeof *s->words, err) < 0 ||
        memory_grow(&s->links, &s->links_capacity, 3 * links + 1, sizeof *s->links, err) < 0 ||
        memory_grow(&s->link_counts, &s->link_counts_capacity, s->n + 1, sizeof *s->link_counts,
                    err) < 0)
        return -1;
    for (int side = 2; side-- > 0;)
        for (int k = lengths[side]; k-- > 0;)
            s->words[--word] = a->words[side][k];
    for (int k = 0; k < a->n_links; k++) {
        int32_t *link = s->links + 3 * s->n_links++;
        link[0] = a->links[k].source;
        link[1] = a->links[k].target;
        link[2] = a->links[k].weight;
    }
    s->link_counts[s->n] = a->n_links;
    return 0;
}

/* The pairs of a batch, after those that are there. */
static int add_batch(const struct blackbox *b, const struct feed_load *load, struct step *s,
                     struct satz_error *err)
{
    size_t n = s->n + (size_t)load->n;
    if (memory_grow(&s->indices, &s->indices_capacity, n, sizeof *s->indices, err) < 0 ||
        memory_grow(&s->lengths, &s->lengths_capacity, 2 * n, sizeof *s->lengths, err) < 0)
        return -1;
    for (int i = 0; i < load->n; i++) {
        s->indices[s->n] = load->pairs[i];
        for (int side = 0; side < 2; side++) {
            struct batch_sentence x = feed_sentence(b->feed, load, i, side);
            if (memory_grow(&s->ids, &s->ids_capacity, s->total + (size_t)x.n, sizeof *s->ids,
                            err) < 0)
                return -1;
            s->lengths[2 * s->n + (size_t)side] = x.n;
            for (int k = 0; k < x.n; k++)
                s->ids[s->total++] = x.ids[k];
        }
        if (corpus_aligned(b->corpus) && add_alignment(b, load, i, s, err) < 0)
            return -1;
        s->n++;
    }
    return 0;
}

static int copy_step(const struct blackbox *b, struct step *s, struct satz_error *err)
{
    s->counts = memory_new((size_t)b->n_batches, sizeof *s->counts, err);
    for (int i = 0; s->counts && i < b->n_batches; i++) {
        const struct feed_load *load =
            feed_take(b->feed, b->state->epoch, b->state->batch + i, true, b->team->n_threads, err);
        if (!load || add_batch(b, load, s, err) < 0)
            return -1;
        s->counts[i] = load->n;
    }
    return s->counts ? 0 : -1;
}

int blackbox_save(const struct blackbox *b, const char *folder, int64_t update, char **path,
                  struct satz_error *err)
{
    char name[64];
    struct step step = {0};
    char *json = NULL;
    int status = -1;
    *path = NULL;
    snprintf(name, sizeof name, "blackbox-%08" PRId64 ".safetensors", update);
    int room = has_room(folder, name, err);
    if (room <= 0)
        return room;
    if (copy_step(b, &step, err) < 0 || !(json = describe(b, update, &step, err)) ||
        !(*path = file_join(folder, name, err)))
        goto done;
    struct tensor tensors[] = {
        {.name = "batch.ids",
         .type = TENSOR_I32,
         .rank = 1,
         .shape = {step.total},
         .data = step.ids},
        {.name = "batch.lengths",
         .type = TENSOR_I32,
         .rank = 2,
         .shape = {step.n, 2},
         .data = step.lengths},
        {.name = "batch.counts",
         .type = TENSOR_I32,
         .rank = 1,
         .shape = {(size_t)b->n_batches},
         .data = step.counts},
        {.name = "batch.words",
         .type = TENSOR_I32,
         .rank = 1,
         .shape = {step.total},
         .data = step.words},
        {.name = "batch.links",
         .type = TENSOR_I32,
         .rank = 2,
         .shape = {step.n_links, 3},
         .data = step.links},
        {.name = "batch.link_counts",
         .type = TENSOR_I32,
         .rank = 1,
         .shape = {step.n},
         .data = step.link_counts},
    };
    size_t n_tensors = corpus_aligned(b->corpus) ? 6 : 3;
    struct tensors_entry entry = {"satz.blackbox", json};
    struct model_extra extra = {tensors, n_tensors, &entry, 1};
    status = checkpoint_save(*path, b->model, b->team, b->state, &extra, err);
done:
    if (status < 0) {
        free(*path);
        *path = NULL;
    }
    free(json);
    free(step.indices);
    free(step.ids);
    free(step.lengths);
    free(step.counts);
    free(step.words);
    free(step.links);
    free(step.link_counts);
    return status;
}
