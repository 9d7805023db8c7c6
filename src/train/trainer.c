/* The training run: satz_train (satz.h).
 *
 *   for each epoch, for each batch:   gradient of the shards -> clip -> optimiser -> pack
 *   now and then:                     validate -> schedule -> keep the best -> checkpoint
 *
 * All that decides what comes next is in struct train_state, which a checkpoint holds. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "config/satz_recipe.h"
#include "text/batches.h"
#include "train/average.h"
#include "train/checkpoint.h"
#include "train/data.h"
#include "train/validate.h"

/* Sums since the last line of the log. */
struct window {
    struct loss_sums sums;
    double start;
};

struct trainer {
    const struct recipe *recipe;
    const struct satz_train_options *options;
    const struct optimizer *optimizer;
    const struct schedule *schedule;
    struct model model;
    struct team team;
    struct data data;
    struct batches *batches;
    struct train_state state;
    struct window window;
    struct loss_sums epoch_sums;
    FILE *log;
    int lock;
    int threads;
    double started; /* of this sitting */
    int64_t first_update;
    bool interrupted;
    const char *ending;
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bool stopped(const struct trainer *t)
{
    return t->options->stop && *t->options->stop;
}

static void emit(const struct trainer *t, struct satz_train_event *event)
{
    if (t->options->on_event)
        t->options->on_event(t->options->user, event);
}

static void note(const struct trainer *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void note(const struct trainer *t, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    emit(t, &(struct satz_train_event){.stage = SATZ_TRAIN_NOTE, .text = text, .bleu = -1});
}

/* --- the log: JSON lines, flushed one by one so that a killed run leaves whole lines */

static int log_line(struct trainer *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static int log_line(struct trainer *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vfprintf(t->log, format, args);
    va_end(args);
    return fflush(t->log);
}

/* --- opening */

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
        status = error_set(err,
                           "%s: another run is training in this folder; choose another "
                           "train.folder or wait for it",
                           folder);
    free(path);
    return status;
}

static int open_log(struct trainer *t, struct satz_error *err)
{
    char *path = file_join(t->recipe->train.folder, "log.jsonl", err);
    if (!path)
        return -1;
    t->log = fopen(path, t->options->resume ? "ae" : "we");
    int status = t->log ? 0 : error_set_errno(err, "%s: cannot write", path);
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

/* Tokenizers come from the checkpoint, so that a changed text cannot change their ids. */
static int open_tokenizers(struct trainer *t, const struct tensors *checkpoint, const char *path,
                           struct satz_error *err)
{
    struct tokenizer *source = NULL, *target = NULL;
    if (checkpoint->n > 0) {
        if (model_read_tokenizers(checkpoint, path, &source, &target, err) < 0)
            return -1;
    } else {
        if (!t->recipe->tokenizer.source_model[0])
            note(t, "tokenizer: %s, %d pieces, learning from the training text",
                 t->recipe->tokenizer.type, t->recipe->tokenizer.vocabulary);
        if (data_tokenizers(t->recipe, &source, &target, err) < 0)
            return -1;
    }
    return model_init(&t->model, t->recipe, source, target, err);
}

static void note_corpus(const struct trainer *t, const char *name, const struct corpus *c)
{
    const struct corpus_statistics *s = corpus_statistics(c);
    note(t,
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
    note_corpus(t, "training text", t->data.train);
    if (t->data.valid)
        note_corpus(t, "held-out text", t->data.valid);
    struct batches_options options = {
        .unit = recipe_is(r->train.batch_unit, "tokens") ? BATCH_TOKENS : BATCH_SENTENCES,
        .size = r->train.batch,
        .seed = (uint64_t)r->train.seed,
    };
    t->batches = batches_new(t->data.train, &options, err);
    return t->batches ? 0 : -1;
}

/* Step memory of the present epoch's largest shard. */
static int measure(struct trainer *t, size_t *bytes, struct satz_error *err)
{
    *bytes = 0;
    for (uint32_t k = 0; k < batches_count(t->batches); k++) {
        int n;
        const uint32_t *indices = batches_get(t->batches, k, &n);
        if (team_measure(&t->team, t->data.train, indices, n, t->recipe->model.reverse_source,
                         bytes, err) < 0)
            return -1;
    }
    return 0;
}

static int open_team(struct trainer *t, struct satz_error *err)
{
    const struct recipe *r = t->recipe;
    const struct compute_backend *backend = compute_find(r->compute.backend, COMPUTE_F32, err);
    if (!backend)
        return -1;
    if (team_init(&t->team, &t->model.network, backend, COMPUTE_F32, t->optimizer, r->train.shards,
                  t->threads, err) < 0)
        return -1;
    note(t, "model: %zu parameters; compute: %s, f32, %s; %d shards on %d threads",
         params_count_values(&t->model.network.params), backend->name,
         simd_level_name(simd_level()), r->train.shards, t->threads);
    return 0;
}

static int open_memory(struct trainer *t, struct satz_error *err)
{
    size_t step, block = t->model.network.params.size * sizeof(real);
    if (batches_start_epoch(t->batches, (uint64_t)t->state.epoch, err) < 0 ||
        measure(t, &step, err) < 0)
        return -1;
    if (t->state.batch >= (int64_t)batches_count(t->batches)) {
        note(t, "the text or train.batch has changed: epoch %" PRId64 " begins anew",
             t->state.epoch + 1);
        t->state.batch = 0;
    }
    int active = t->threads < t->team.n_shards ? t->threads : t->team.n_shards;
    note(t,
         "memory: %.0f MB parameters and packed weights, %.0f MB gradients and moments, "
         "%.0f MB for the largest step",
         3e-6 * (double)block, 1e-6 * (double)block * (t->team.n_shards + t->optimizer->moments),
         1e-6 * (double)step * active);
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
        note(t, "validation.metric was %s: the best model is sought anew", old->validation.metric);
        t->state.has_best = false;
        t->state.stale = 0;
    }
    if (old->tokenizer.vocabulary != new->tokenizer.vocabulary ||
        !recipe_is(old->tokenizer.type, new->tokenizer.type))
        note(t, "the tokenizers are the checkpoint's: %s, %d pieces; tokenizer.* has no effect",
             old->tokenizer.type, old->tokenizer.vocabulary);
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
    if (!text || recipe_parse(&old, text, strlen(text), path, err) < 0)
        return text ? -1 : 0;
    int status = compare_recipes(t, &old, path, err);
    recipe_release(&old);
    return status;
}

static int open_run(struct trainer *t, struct satz_error *err)
{
    char *path = NULL;
    struct tensors checkpoint = {0};
    int status = -1;
    if (file_make_folder(t->recipe->train.folder, err) < 0 || take_lock(t, err) < 0 ||
        checkpoint_remove_halves(t->recipe->train.folder, err) < 0 ||
        newest_checkpoint(t, &path, err) < 0 || (path && tensors_open(&checkpoint, path, err) < 0))
        goto done;
    if (open_tokenizers(t, &checkpoint, path, err) < 0 || open_data(t, err) < 0 ||
        open_team(t, err) < 0)
        goto done;
    if (path) {
        if (go_on(t, &checkpoint, path, err) < 0)
            goto done;
        team_pack(&t->team);
        note(t, "resumed from %s: update %" PRId64 ", epoch %" PRId64, path, t->state.update,
             t->state.epoch + 1);
    }
    if (open_memory(t, err) < 0 || open_log(t, err) < 0)
        goto done;
    status = 0;
done:
    tensors_release(&checkpoint);
    free(path);
    return status;
}

static void close_run(struct trainer *t)
{
    if (t->log)
        fclose(t->log);
    if (t->lock >= 0)
        close(t->lock);
    batches_free(t->batches);
    team_release(&t->team);
    data_release(&t->data);
    model_release(&t->model);
}

/* --- saving */

static int remove_old_checkpoints(const struct trainer *t, struct satz_error *err)
{
    const char *folder = t->recipe->train.folder;
    int64_t *updates = NULL;
    size_t n = 0;
    if (checkpoint_list(folder, &updates, &n, err) < 0)
        return -1;
    int status = 0;
    for (size_t i = 0; i + (size_t)t->recipe->train.keep_last < n && status == 0; i++) {
        char *path = checkpoint_path(folder, updates[i], err);
        if (!path || (unlink(path) < 0 && errno != ENOENT))
            status = path ? error_set_errno(err, "%s: cannot delete", path) : -1;
        free(path);
    }
    free(updates);
    return status;
}

static int save_checkpoint(struct trainer *t, struct satz_error *err)
{
    char *path = checkpoint_path(t->recipe->train.folder, t->state.update, err);
    int status = path ? checkpoint_save(path, &t->model, &t->team, &t->state, err) : -1;
    free(path);
    return status < 0 ? -1 : remove_old_checkpoints(t, err);
}

/* What the model file says of its making: nothing that differs from run to run. */
static int describe_training(struct trainer *t, const struct validation *v, struct satz_error *err)
{
    struct strbuf s = {0};
    strbuf_addf(&s, "{\"update\": %" PRId64 ", \"epoch\": %" PRId64, t->state.update,
                t->state.epoch + 1);
    if (v)
        strbuf_addf(&s, ", \"valid_perplexity\": %.6f", v->perplexity);
    if (v && v->bleu >= 0)
        strbuf_addf(&s, ", \"valid_bleu\": %.4f", v->bleu);
    strbuf_addf(&s, ", \"train_digest\": \"%s\"", corpus_digest(t->data.train));
    if (t->data.valid)
        strbuf_addf(&s, ", \"valid_digest\": \"%s\"", corpus_digest(t->data.valid));
    strbuf_addf(&s, ", \"compute\": \"%s f32 %s\"}", t->team.backend->name,
                simd_level_name(simd_level()));
    free(t->model.training);
    t->model.training = strbuf_detach(&s, err);
    return t->model.training ? 0 : -1;
}

static int save_model(struct trainer *t, const struct validation *v, struct satz_error *err)
{
    char *path = file_join(t->recipe->train.folder, "model.safetensors", err);
    int status = path && describe_training(t, v, err) == 0
                     ? model_save(&t->model, path, NULL, NULL, err)
                     : -1;
    free(path);
    return status;
}

/* --- validating */

static struct satz_train_event event_now(const struct trainer *t, enum satz_train_stage stage)
{
    return (struct satz_train_event){
        .stage = stage,
        .epoch = (int)t->state.epoch + 1,
        .epochs = t->recipe->train.epochs,
        .batch = (long)t->state.batch,
        .batches = (long)batches_count(t->batches),
        .update = (long)t->state.update,
        .seconds = t->state.seconds,
        .bleu = -1,
    };
}

static bool is_better(const struct trainer *t, const struct validation *v)
{
    double value = validation_metric(t->recipe, v);
    bool higher = recipe_is(t->recipe->validation.metric, "bleu");
    return !t->state.has_best || (higher ? value > t->state.best : value < t->state.best);
}

/* Without held-out text the newest model is the best. */
static int validate(struct trainer *t, struct satz_error *err)
{
    struct validation v = {.bleu = -1};
    bool best = true;
    if (t->data.valid) {
        int64_t k = ++t->state.validations;
        bool translate = validation_translates(t->recipe, k);
        if (validate_model(&t->team, &t->model, t->data.valid, translate, &v, err) < 0)
            return -1;
        best = is_better(t, &v);
        t->state.stale = best ? 0 : t->state.stale + 1;
        if (best)
            t->state.best = validation_metric(t->recipe, &v);
        t->state.has_best = true;
        t->schedule->validated(t->recipe, &t->state.schedule, best);
        struct satz_train_event e = event_now(t, SATZ_TRAIN_VALIDATION);
        e.valid_perplexity = v.perplexity;
        e.bleu = v.bleu;
        e.best = best;
        e.loss = t->epoch_sums.tokens ? t->epoch_sums.loss / (double)t->epoch_sums.tokens : 0;
        e.perplexity = perplexity(&t->epoch_sums);
        emit(t, &e);
        char bleu[32] = "null";
        if (v.bleu >= 0)
            snprintf(bleu, sizeof bleu, "%.4f", v.bleu);
        log_line(t,
                 "{\"event\": \"validation\", \"update\": %ld, \"epoch\": %d, "
                 "\"perplexity\": %.6f, \"bleu\": %s, \"best\": %s, \"seconds\": %.3f}\n",
                 e.update, e.epoch, v.perplexity, bleu, best ? "true" : "false", e.seconds);
    }
    if (best && save_model(t, t->data.valid ? &v : NULL, err) < 0)
        return -1;
    return 0;
}

/* --- one update */

static void report_progress(struct trainer *t, double rate, double norm)
{
    struct satz_train_event e = event_now(t, SATZ_TRAIN_PROGRESS);
    double time = now(), span = time - t->window.start;
    double tokens = (double)t->window.sums.tokens;
    double done = (double)(t->state.update - t->first_update);
    double left = (double)(e.epochs - e.epoch) * (double)e.batches + (double)(e.batches - e.batch);
    if (t->recipe->train.updates > 0)
        left = fmin(left, (double)(t->recipe->train.updates - t->state.update));
    e.loss = t->window.sums.loss / tokens;
    e.perplexity = perplexity(&t->window.sums);
    e.tokens_per_second = tokens / fmax(span, 1e-9);
    e.rate = rate;
    e.gradient_norm = norm;
    e.seconds_left = left * (time - t->started) / fmax(done, 1);
    emit(t, &e);
    if (t->state.update % t->recipe->train.log_every != 0)
        return;
    log_line(t,
             "{\"event\": \"update\", \"update\": %ld, \"epoch\": %d, \"loss\": %.6f, "
             "\"perplexity\": %.4f, \"rate\": %.6g, \"gradient_norm\": %.4f, "
             "\"tokens_per_second\": %.1f, \"seconds\": %.3f}\n",
             e.update, e.epoch, e.loss, e.perplexity, rate, norm, e.tokens_per_second, e.seconds);
    t->window = (struct window){.start = time};
}

static void add_sums(struct loss_sums *to, const struct loss_sums *sums)
{
    to->nll += sums->nll;
    to->loss += sums->loss;
    to->tokens += sums->tokens;
}

static int update(struct trainer *t, struct satz_error *err)
{
    const struct recipe *r = t->recipe;
    struct loss_sums sums;
    double norm;
    int n;
    const uint32_t *indices = batches_get(t->batches, (uint32_t)t->state.batch, &n);
    uint64_t step = (uint64_t)t->state.update + 1;
    double start = now();
    if (team_gradient(&t->team, t->data.train, indices, n, r->model.reverse_source,
                      rng_key((uint64_t)r->train.seed, step, 1), &sums, &norm, err) < 0)
        return -1;
    if (!isfinite(norm) || !isfinite(sums.loss))
        return error_set(err,
                         "update %" PRIu64 ": the loss or its gradient is not finite; lower "
                         "optimizer.rate or set train.clip, and go on from the last checkpoint "
                         "with --resume",
                         step);
    struct optimizer_step s = {
        .rate = t->schedule->rate(r, &t->state.schedule, step),
        .beta1 = r->optimizer.beta1,
        .beta2 = r->optimizer.beta2,
        .epsilon = r->optimizer.epsilon,
        .momentum = r->optimizer.momentum,
        .rho = r->optimizer.rho,
        .weight_decay = r->optimizer.weight_decay,
        .scale = r->train.clip > 0 && norm > r->train.clip ? r->train.clip / norm : 1,
        .step = step,
    };
    team_update(&t->team, &s);
    t->state.update++;
    t->state.batch++;
    t->state.seconds += now() - start;
    add_sums(&t->window.sums, &sums);
    add_sums(&t->epoch_sums, &sums);
    report_progress(t, s.rate, norm);
    return 0;
}

/* --- the run */

/* Sets t->ending when there is a reason to. */
static void look_for_end(struct trainer *t)
{
    const struct recipe *r = t->recipe;
    if (r->train.updates > 0 && t->state.update >= r->train.updates)
        t->ending = "the limit of updates is reached";
    else if (r->validation.patience > 0 && t->state.stale >= r->validation.patience)
        t->ending = "validation has stopped improving";
    else if (t->state.epoch >= r->train.epochs)
        t->ending = "the last epoch is done";
}

/* After an update: validation where it is due, which also checks whether to go on. */
static int after_update(struct trainer *t, struct satz_error *err)
{
    const struct recipe *r = t->recipe;
    bool epoch_done = t->state.batch == (int64_t)batches_count(t->batches);
    bool last = (r->train.updates > 0 && t->state.update >= r->train.updates) ||
                (epoch_done && t->state.epoch + 1 >= r->train.epochs);
    bool due = r->validation.every > 0 ? t->state.update % r->validation.every == 0 : epoch_done;
    double start = now();
    if ((due || last) && validate(t, err) < 0)
        return -1;
    if (epoch_done) {
        t->state.epoch++;
        t->state.batch = 0;
        t->epoch_sums = (struct loss_sums){0};
    }
    t->interrupted = stopped(t);
    look_for_end(t);
    if ((due || last || t->interrupted) && save_checkpoint(t, err) < 0)
        return -1;
    t->window.start += now() - start; /* tokens/s are those of training alone */
    return 0;
}

static int train_epoch(struct trainer *t, struct satz_error *err)
{
    int64_t epoch = t->state.epoch;
    if (batches_start_epoch(t->batches, (uint64_t)epoch, err) < 0)
        return -1;
    while (t->state.epoch == epoch && !t->ending && !t->interrupted)
        if (update(t, err) < 0 || after_update(t, err) < 0)
            return -1;
    return 0;
}

/* The mean of the last checkpoints replaces the best model if it is better. */
static int finish(struct trainer *t, struct satz_error *err)
{
    if (t->recipe->train.average < 2 || !t->data.valid)
        return 0;
    struct validation v = {.bleu = -1};
    int n = average_checkpoints(&t->model, t->recipe->train.folder, t->recipe->train.average, err);
    if (n < 0)
        return -1;
    team_pack(&t->team);
    bool translate = recipe_is(t->recipe->validation.metric, "bleu");
    if (validate_model(&t->team, &t->model, t->data.valid, translate, &v, err) < 0)
        return -1;
    bool better = is_better(t, &v);
    note(t, "the mean of the last %d checkpoints: perplexity %.3f, %s", n, v.perplexity,
         better ? "better than the best: it becomes the model" : "not better than the best");
    return better ? save_model(t, &v, err) : 0;
}

static int run(struct trainer *t, struct satz_error *err)
{
    look_for_end(t);
    t->started = t->window.start = now();
    t->first_update = t->state.update;
    while (!t->ending && !t->interrupted)
        if (train_epoch(t, err) < 0)
            return -1;
    if (ferror(t->log))
        return error_set(err, "%s/log.jsonl: cannot write (is the disk full?)",
                         t->recipe->train.folder);
    if (t->ending && finish(t, err) < 0)
        return -1;
    struct satz_train_event e = event_now(t, SATZ_TRAIN_DONE);
    e.text = t->ending ? t->ending : "interrupted; a checkpoint is saved";
    emit(t, &e);
    return t->ending ? 0 : 1;
}

int satz_train(const struct satz_recipe *recipe, const struct satz_train_options *options,
               struct satz_error *err)
{
    static const struct satz_train_options defaults = {0};
    const struct recipe *r = &recipe->recipe;
    int processors = parallel_processors();
    struct trainer t = {
        .recipe = r,
        .options = options ? options : &defaults,
        .optimizer = optimizer_find(r->optimizer.name),
        .schedule = schedule_find(r->schedule.name),
        .state = {.schedule = {.factor = 1}},
        .lock = -1,
        .threads = r->train.threads > 0 ? r->train.threads : processors,
    };
    int status = open_run(&t, err);
    if (status == 0)
        status = run(&t, err);
    close_run(&t);
    return status;
}
