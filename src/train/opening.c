#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file.h"
#include "base/lines.h"
#include "train/trainer.h"

static int take_lock(struct trainer *t, struct satz_error *err)
{
    const char *folder = t->recipe->train.folder;
    char *path = file_join(folder, "lock", err);
    if (!path)
        return -1;
    int status = 0;
    t->lock = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0666);
    if (t->lock < 0)
        status = error_set_errno(err, "%s: cannot write", path);
    else if (flock(t->lock, LOCK_EX | LOCK_NB) < 0)
        status = errno == EWOULDBLOCK
                     ? error_set(err,
                                 "%s: another run is training in this folder; choose another "
                                 "train.folder or wait for it",
                                 folder)
                     : error_set_errno(err, "%s: cannot lock", path);
    free(path);
    return status;
}

/* Whether a line of the log is whole, and not of what comes after `update`. */
static bool stays(const char *line, size_t n, int64_t update)
{
    json_t *json = json_loadb(line, n, 0, NULL);
    bool past = json && json_integer_value(json_object_get(json, "update")) <= update;
    json_decref(json);
    return past;
}

/* A killed run has logged more than its last checkpoint knows of: that is taken back, because it
 * will be done, and logged, again. */
static int cut_log(const char *path, int64_t update, struct satz_error *err)
{
    struct strbuf kept = {0};
    const char *line;
    size_t n, dropped = 0;
    int status;
    struct lines *lines = file_exists(path) ? lines_open(path, err) : NULL;
    if (!lines)
        return file_exists(path) ? -1 : 0;
    while ((status = lines_next(lines, &line, &n, err)) > 0) {
        if (!stays(line, n, update)) {
            dropped++;
            continue;
        }
        strbuf_add(&kept, line, n);
        strbuf_add_char(&kept, '\n');
    }
    lines_close(lines);
    if (status == 0)
        status = strbuf_check(&kept, err);
    if (status == 0 && dropped)
        status = file_replace(path, strbuf_text(&kept), kept.length, err);
    strbuf_release(&kept);
    return status;
}

static int open_log(struct trainer *t, struct satz_error *err)
{
    char *path = file_join(t->recipe->train.folder, "log.jsonl", err);
    if (!path)
        return -1;
    bool resume = t->options->resume;
    int status = resume ? cut_log(path, t->state.update, err) : 0;
    if (status == 0) {
        t->log = fopen(path, resume ? "ae" : "we");
        status = t->log ? 0 : error_set_errno(err, "%s: cannot write", path);
    }
    free(path);
    return status;
}

/* The newest checkpoint's path, or NULL without one (*err untouched) or on error (-1). */
static int newest_checkpoint(const struct trainer *t, char **path, struct satz_error *err)
{
    const char *folder = t->recipe->train.folder;
    int64_t *updates = NULL;
    size_t n = 0;
    *path = NULL;
    if (checkpoint_list(folder, &updates, &n, err) < 0)
        return -1;
    int status = 0;
    if (n > 0) {
        *path = checkpoint_path(folder, updates[n - 1], err);
        status = *path ? 0 : -1;
    }
    free(updates);
    if (status == 0 && *path && !t->options->resume) {
        status = error_set(err,
                           "%s: the folder already holds a run; go on with it by --resume, or "
                           "choose another train.folder, or delete its checkpoints",
                           folder);
        free(*path);
        *path = NULL;
    }
    return status;
}

/* Tokenizers come from the file at `path`, a checkpoint or the recipe's train.start, so that a
 * changed text cannot change their ids; without one (NULL) they are the recipe's. */
static int open_tokenizers(struct trainer *t, const struct tensors *file, const char *path,
                           struct satz_error *err)
{
    struct tokenizer *source = NULL, *target = NULL;
    if (path) {
        if (model_read_tokenizers(file, path, &source, &target, err) < 0)
            return -1;
    } else {
        if (!t->recipe->tokenizer.source_model[0])
            trainer_note(t, "tokenizer: %s, %d pieces, from the training text",
                         t->recipe->tokenizer.type, t->recipe->tokenizer.vocabulary);
        if (data_tokenizers(t->recipe, &source, &target, err) < 0)
            return -1;
    }
    return model_init(&t->model, t->recipe, source, target, err);
}

static int open_start(struct trainer *t, struct satz_error *err)
{
    const char *path = t->recipe->train.start;
    struct tensors file = {0};
    if (!path[0])
        return open_tokenizers(t, NULL, NULL, err);
    if (tensors_open(&file, path, err) < 0)
        return error_prefix(err, "train.start");
    int status = open_tokenizers(t, &file, path, err);
    if (status == 0) {
        real *block = t->model.network.params.values;
        status = model_read_block(&t->model, &file, path, "", block, err);
    }
    tensors_release(&file);
    if (status < 0)
        return error_prefix(err, "cannot begin with the model that train.start names (give this "
                                 "recipe its model.*, attention.* and tokenizer.joint)");
    trainer_note(t, "begins with %s: its parameters and its tokenizers", path);
    return 0;
}

static void describe_corpus(const struct trainer *t, const char *name, const struct corpus *c)
{
    const struct corpus_statistics *s = corpus_statistics(c);
    trainer_note(t,
                 "%s: %" PRIu64 " of %" PRIu64 " pairs, %" PRIu64 " source and %" PRIu64
                 " target tokens; left out: %" PRIu64 " empty, %" PRIu64 " too long, %" PRIu64
                 " not UTF-8; unknown: %" PRIu64 " and %" PRIu64,
                 name, s->kept, s->read, s->source_tokens, s->target_tokens, s->empty, s->too_long,
                 s->invalid, s->source_unknown, s->target_unknown);
}

static int open_data(struct trainer *t, struct satz_error *err)
{
    const struct recipe *r = t->recipe;
    if (data_open(&t->data, r, t->model.source_tokenizer, t->model.target_tokenizer, t->threads,
                  err) < 0)
        return -1;
    describe_corpus(t, "training text", t->data.train);
    if (t->data.valid)
        describe_corpus(t, "held-out text", t->data.valid);
    strcpy(t->state.text, corpus_digest(t->data.train));
    struct batches_options options = {
        .unit = recipe_is(r->train.batch_unit, "tokens") ? BATCH_TOKENS : BATCH_SENTENCES,
        .size = r->train.batch,
        .seed = (uint64_t)r->train.seed,
    };
    t->batches = batches_new(t->data.train, &options, err);
    if (!t->batches)
        return -1;
    return data_feed(&t->feed, &t->data, r, t->batches, t->model.source_tokenizer,
                     t->model.target_tokenizer, r->train.shards, err);
}

/* Step memory of the present epoch's largest shard, and what it would be without truncation. */
static int measure(struct trainer *t, size_t *bytes, size_t *whole, struct satz_error *err)
{
    int *bptt = &t->model.network.bptt, kept = *bptt;
    *bytes = *whole = 0;
    for (uint32_t k = 0; k < batches_count(t->batches); k++) {
        const struct feed_load *load =
            feed_take(&t->feed, t->state.epoch, k, false, t->threads, err);
        if (!load)
            return -1;
        team_measure(&t->team, load, bytes);
        *bptt = 0;
        team_measure(&t->team, load, whole);
        *bptt = kept;
    }
    return 0;
}

static int open_team(struct trainer *t, struct satz_error *err)
{
    const struct recipe *r = t->recipe;
    enum compute_precision precision;
    const struct compute_backend *backend = NULL;
    if (compute_precision_find(r->compute.precision, &precision, err) == 0)
        backend = compute_find(r->compute.backend, precision, err);
    if (!backend)
        return -1;
    if (team_init(&t->team, &t->model.network, backend, precision, t->optimizer, r->train.shards,
                  t->threads, err) < 0)
        return -1;
    if (r->train.ema > 0 && team_keep_average(&t->team, r->train.ema, err) < 0)
        return -1;
    trainer_note(t, "model: %zu parameters; compute: %s, %s, %s; %d shards on %d threads",
                 params_count_values(&t->model.network.params), backend->name,
                 compute_precision_name(precision), simd_level_name(simd_level()), r->train.shards,
                 t->threads);
    return 0;
}

static int open_memory(struct trainer *t, struct satz_error *err)
{
    size_t step, whole, block = t->model.network.params.size * sizeof(real);
    if (batches_start_epoch(t->batches, (uint64_t)t->state.epoch, err) < 0 ||
        measure(t, &step, &whole, err) < 0)
        return -1;
    if (t->state.batch >= (int64_t)batches_count(t->batches)) {
        trainer_note(t, "train.batch has changed: epoch %" PRId64 " begins anew",
                     t->state.epoch + 1);
        t->state.batch = 0;
    }
    int active = t->threads < t->team.n_shards ? t->threads : t->team.n_shards;
    char saved[80] = "";
    if (t->recipe->train.bptt > 0)
        snprintf(saved, sizeof saved, " (%.0f MB without train.bptt)",
                 1e-6 * (double)whole * active);
    trainer_note(t,
                 "memory: %.0f MB parameters and packed weights, %.0f MB gradients and moments, "
                 "%.0f MB for the largest step%s",
                 3e-6 * (double)block,
                 1e-6 * (double)block *
                     (t->team.n_shards + t->optimizer->moments + (t->team.average ? 1 : 0)),
                 1e-6 * (double)step * active, saved);
    return 0;
}

/* What the recipe may not have changed since the checkpoint was made, and what it may. */
static int compare_recipes(struct trainer *t, const struct recipe *old, const char *path,
                           struct satz_error *err)
{
    const struct recipe *new = t->recipe;
    if (!recipe_is(old->optimizer.name, new->optimizer.name))
        return error_set(err,
                         "%s: its optimizer.name is %s; go on with that, or choose another "
                         "train.folder",
                         path, old->optimizer.name);
    if (!recipe_is(old->validation.metric, new->validation.metric)) {
        trainer_note(t, "validation.metric was %s: the best model is sought anew",
                     old->validation.metric);
        t->state.has_best = false;
        t->state.stale = 0;
    }
    if (old->tokenizer.vocabulary != new->tokenizer.vocabulary ||
        !recipe_is(old->tokenizer.type, new->tokenizer.type))
        trainer_note(
            t, "the tokenizers are the checkpoint's: %s, %d pieces; tokenizer.* has no effect",
            old->tokenizer.type, old->tokenizer.vocabulary);
    return 0;
}

/* Another text means other batches, in which the same epoch is another one. */
static int compare_texts(struct trainer *t, const char *path, struct satz_error *err)
{
    const char *digest = corpus_digest(t->data.train);
    if (strcmp(t->state.text, digest) == 0)
        return 0;
    if (!t->recipe->data.may_change)
        return error_set(err,
                         "%s: the run began with another training text, or other "
                         "data.alignments, data.max_length or data.on_...: make them what they "
                         "were (their digest "
                         "was %s and is %s), or allow the change by data.may_change: true",
                         path, t->state.text, digest);
    trainer_note(t, "the training text has changed: epoch %" PRId64 " begins anew",
                 t->state.epoch + 1);
    strcpy(t->state.text, digest);
    t->state.batch = 0;
    return 0;
}

static int go_on(struct trainer *t, const struct tensors *checkpoint, const char *path,
                 struct satz_error *err)
{
    const char *text = tensors_metadata(checkpoint, "satz.recipe");
    struct recipe old;
    if (checkpoint_read(checkpoint, path, &t->model, &t->team, &t->state, err) < 0)
        return error_prefix(err, "cannot go on with this recipe (keep model.*, attention.* and "
                                 "optimizer.name, or choose another train.folder)");
    if (compare_texts(t, path, err) < 0)
        return -1;
    if (!text || recipe_parse_resolved(&old, text, strlen(text), path, err) < 0)
        return text ? -1 : 0;
    int status = compare_recipes(t, &old, path, err);
    recipe_release(&old);
    return status;
}

int trainer_open(struct trainer *t, struct satz_error *err)
{
    char *path = NULL;
    struct tensors checkpoint = {0};
    int status = -1;
    if (file_make_folder(t->recipe->train.folder, err) < 0 || take_lock(t, err) < 0 ||
        file_remove_halves(t->recipe->train.folder, ".safetensors", err) < 0 ||
        newest_checkpoint(t, &path, err) < 0 || (path && tensors_open(&checkpoint, path, err) < 0))
        goto done;
    if ((path ? open_tokenizers(t, &checkpoint, path, err) : open_start(t, err)) < 0 ||
        open_data(t, err) < 0 || open_team(t, err) < 0)
        goto done;
    if (path) {
        if (go_on(t, &checkpoint, path, err) < 0)
            goto done;
        team_pack(&t->team);
        trainer_note(t, "resumed from %s: update %" PRId64 ", epoch %" PRId64, path,
                     t->state.update, t->state.epoch + 1);
    }
    if (open_memory(t, err) < 0 || open_log(t, err) < 0)
        goto done;
    status = 0;
done:
    tensors_release(&checkpoint);
    free(path);
    return status;
}

void trainer_close(struct trainer *t)
{
    if (t->log)
        fclose(t->log);
    if (t->lock >= 0)
        close(t->lock);
    feed_release(&t->feed);
    batches_free(t->batches);
    team_release(&t->team);
    data_release(&t->data);
    model_release(&t->model);
}
