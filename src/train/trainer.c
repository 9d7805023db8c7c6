/* The training run: satz_train (satz.h).
 *
 *   for each epoch, for each batch:   gradient of the shards -> clip -> optimiser -> pack
 *   now and then:                     validate -> schedule -> keep the best -> checkpoint
 *
 * All that decides what comes next is in struct train_state, which a checkpoint holds. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "config/satz_recipe.h"
#include "train/average.h"
#include "train/trainer.h"
#include "train/validate.h"

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

void trainer_emit(const struct trainer *t, struct satz_train_event *event)
{
    if (t->options->on_event)
        t->options->on_event(t->options->user, event);
}

void trainer_note(const struct trainer *t, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    trainer_emit(t, &(struct satz_train_event){
                        .stage = SATZ_TRAIN_NOTE, .text = text, .bleu = -1, .guided = -1});
}

/* --- the log: JSON lines, flushed one by one so that a killed run leaves whole lines */

int trainer_log(struct trainer *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vfprintf(t->log, format, args);
    va_end(args);
    return fflush(t->log);
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

static bool rolls_back(const struct trainer *t)
{
    return recipe_is(t->recipe->train.on_nonfinite, "rollback");
}

int trainer_save(struct trainer *t, struct satz_error *err)
{
    char *path = checkpoint_path(t->recipe->train.folder, t->state.update, err);
    int status = path ? checkpoint_save(path, &t->model, &t->team, &t->state, NULL, err) : -1;
    free(path);
    if (status < 0)
        return -1;
    if (rolls_back(t))
        t->failures = 0; /* what comes next has another place to go back to */
    return remove_old_checkpoints(t, err);
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
    strbuf_addf(&s, ", \"compute\": \"%s %s %s\"}", t->team.backend->name,
                compute_precision_name(t->team.precision), simd_level_name(simd_level()));
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
        .guided = -1,
    };
}

/* Whether the metric is better than `than` by more than `margin`. */
static bool is_better(const struct trainer *t, const struct validation *v, double than,
                      double margin)
{
    double value = validation_metric(t->recipe, v);
    bool higher = recipe_is(t->recipe->validation.metric, "bleu");
    return !t->state.has_best || (higher ? value - than : than - value) > margin;
}

/* The best model is kept however little better it is; patience asks for validation.min_delta, since
 * the last time that there was so much. */
static bool judge(struct trainer *t, const struct validation *v)
{
    struct train_state *s = &t->state;
    bool best = is_better(t, v, s->best, 0);
    bool counts = is_better(t, v, s->mark, t->recipe->validation.min_delta);
    s->stale = counts ? 0 : s->stale + 1;
    if (best)
        s->best = validation_metric(t->recipe, v);
    if (counts)
        s->mark = s->best;
    s->has_best = true;
    t->schedule->validated(t->recipe, &s->schedule, counts);
    return best;
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
        best = judge(t, &v);
        struct satz_train_event e = event_now(t, SATZ_TRAIN_VALIDATION);
        e.valid_perplexity = v.perplexity;
        e.bleu = v.bleu;
        e.best = best;
        e.loss = t->epoch_sums.tokens ? t->epoch_sums.loss / (double)t->epoch_sums.tokens : 0;
        e.perplexity = perplexity(&t->epoch_sums);
        trainer_emit(t, &e);
        if (v.warning[0])
            trainer_note(t, "warning about that BLEU: %s", v.warning);
        char bleu[32] = "null";
        if (v.bleu >= 0)
            snprintf(bleu, sizeof bleu, "%.4f", v.bleu);
        trainer_log(t,
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
    left /= t->recipe->train.accumulate;
    if (t->recipe->train.updates > 0)
        left = fmin(left, (double)(t->recipe->train.updates - t->state.update));
    e.loss = t->window.sums.loss / tokens;
    e.perplexity = perplexity(&t->window.sums);
    if (corpus_aligned(t->data.train))
        e.guided = t->window.sums.guided / tokens;
    e.tokens_per_second = tokens / fmax(span, 1e-9);
    e.rate = rate;
    e.gradient_norm = norm;
    e.seconds_left = left * (time - t->started) / fmax(done, 1);
    trainer_emit(t, &e);
    if (t->state.update % t->recipe->train.log_every != 0)
        return;
    char guided[40] = "";
    if (e.guided >= 0)
        snprintf(guided, sizeof guided, "\"guided\": %.6f, ", e.guided);
    trainer_log(t,
                "{\"event\": \"update\", \"update\": %ld, \"epoch\": %d, \"loss\": %.6f, %s"
                "\"perplexity\": %.4f, \"rate\": %.6g, \"gradient_norm\": %.4f, "
                "\"tokens_per_second\": %.1f, \"seconds\": %.3f}\n",
                e.update, e.epoch, e.loss, guided, e.perplexity, rate, norm, e.tokens_per_second,
                e.seconds);
    t->window = (struct window){.start = time};
}

static void add_sums(struct loss_sums *to, const struct loss_sums *sums)
{
    to->nll += sums->nll;
    to->loss += sums->loss;
    to->guided += sums->guided;
    to->tokens += sums->tokens;
}

/* Gradient of the mean loss per target word over the next train.accumulate batches, or those that
 * the epoch still has; *n: how many. */
static int gradient(struct trainer *t, int *n, struct loss_sums *sums, double *norm,
                    struct satz_error *err)
{
    const struct recipe *r = t->recipe;
    const struct train_state *s = &t->state;
    uint64_t step = (uint64_t)s->update + 1;
    int64_t left = (int64_t)batches_count(t->batches) - s->batch;
    *n = left < r->train.accumulate ? (int)left : r->train.accumulate;
    *sums = (struct loss_sums){0};
    for (int i = 0; i < *n; i++) {
        const struct feed_load *load =
            feed_take(&t->feed, s->epoch, s->batch + i, true, t->threads, err);
        bool more = load && feed_expect(&t->feed, s->epoch, s->batch + i + 1);
        struct chance chance = schedule_chance(r, s->epoch, step, i);
        if (!load || team_gradient(&t->team, load, more ? &t->feed : NULL, chance, sums, err) < 0)
            return -1;
    }
    *norm = team_reduce(&t->team, 1 / (double)sums->tokens, r->train.clip_value);
    return 0;
}

/* 0; 1 when t->state went back to a checkpoint instead. */
static int update(struct trainer *t, struct satz_error *err)
{
    const struct recipe *r = t->recipe;
    struct loss_sums sums;
    double norm;
    int n;
    struct schedule_time time = {
        .step = (uint64_t)t->state.update + 1,
        .epochs =
            (double)t->state.epoch + (double)t->state.batch / (double)batches_count(t->batches),
    };
    double rate = t->schedule->rate(r, &t->state.schedule, time) * t->state.backoff;
    double start = now();
    if (gradient(t, &n, &sums, &norm, err) < 0)
        return -1;
    if (!isfinite(norm) || !isfinite(sums.loss)) {
        struct blackbox box = {&t->model, &t->team, &t->state, t->data.train, &t->feed,
                               n,         sums,     norm,      rate,          &t->history};
        return trainer_not_finite(t, &box, err) < 0 ? -1 : rolls_back(t);
    }
    struct optimizer_step s = {
        .rate = rate,
        .beta1 = r->optimizer.beta1,
        .beta2 = r->optimizer.beta2,
        .epsilon = r->optimizer.epsilon,
        .momentum = r->optimizer.momentum,
        .rho = r->optimizer.rho,
        .weight_decay = r->optimizer.weight_decay,
        .l2 = r->optimizer.l2,
        .scale = r->train.clip > 0 && norm > r->train.clip ? r->train.clip / norm : 1,
        .step = time.step,
    };
    team_update(&t->team, &s);
    t->state.update++;
    t->state.batch += n;
    t->state.seconds += now() - start;
    if (!rolls_back(t))
        t->failures = 0;
    blackbox_remember(&t->history, t->state.update, sums.loss / (double)sums.tokens, norm, rate);
    add_sums(&t->window.sums, &sums);
    add_sums(&t->epoch_sums, &sums);
    report_progress(t, rate, norm);
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
    if (due || last) { /* with the averaged weights, where there are such */
        team_swap_average(&t->team);
        int status = validate(t, err);
        team_swap_average(&t->team);
        if (status < 0)
            return -1;
    }
    if (epoch_done) {
        t->state.epoch++;
        t->state.batch = 0;
        t->epoch_sums = (struct loss_sums){0};
    }
    t->interrupted = stopped(t);
    look_for_end(t);
    if ((due || last || t->interrupted) && trainer_save(t, err) < 0)
        return -1;
    t->window.start += now() - start; /* tokens/s are those of training alone */
    return 0;
}

static int train_epoch(struct trainer *t, struct satz_error *err)
{
    int64_t epoch = t->state.epoch;
    if (batches_start_epoch(t->batches, (uint64_t)epoch, err) < 0)
        return -1;
    while (t->state.epoch == epoch && !t->ending && !t->interrupted) {
        int back = update(t, err);
        if (back < 0 || (back == 0 && after_update(t, err) < 0))
            return -1;
    }
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
    bool better = is_better(t, &v, t->state.best, 0);
    trainer_note(t, "the mean of the last %d checkpoints: perplexity %.3f, %s", n, v.perplexity,
                 better ? "better than the best: it becomes the model"
                        : "not better than the best");
    return better ? save_model(t, &v, err) : 0;
}

static int run(struct trainer *t, struct satz_error *err)
{
    look_for_end(t);
    t->started = t->window.start = now();
    t->first_update = t->state.update;
    if (rolls_back(t) && t->state.update == 0 && trainer_save(t, err) < 0)
        return -1;
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
    trainer_emit(t, &e);
    return t->ending ? 0 : 1;
}

/* What a run that failed leaves to go on with, added to the reason. */
static void tell_what_is_left(const struct trainer *t, struct satz_error *err)
{
    int64_t *updates = NULL;
    size_t n = 0;
    if (!err || strstr(err->message, "--resume") ||
        checkpoint_list(t->recipe->train.folder, &updates, &n, NULL) < 0)
        return;
    size_t length = strlen(err->message);
    if (n > 0)
        snprintf(err->message + length, sizeof err->message - length,
                 "; update %" PRId64 " is saved: once that is mended, go on from it with --resume",
                 updates[n - 1]);
    free(updates);
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
        .state = {.backoff = 1, .schedule = {.factor = 1}},
        .lock = -1,
        .threads = r->train.threads > 0 ? r->train.threads : processors,
    };
    int status = trainer_open(&t, err);
    if (status == 0) {
        status = run(&t, err);
        if (status < 0)
            tell_what_is_left(&t, err);
    }
    trainer_close(&t);
    return status;
}
