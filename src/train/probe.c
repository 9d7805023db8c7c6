#include "train/probe.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "model/model.h"
#include "text/batches.h"
#include "train/data.h"
#include "train/schedule.h"
#include "train/team.h"

/* No further step of a trial after this: of the recipe as it is, of another. */
static const double most_seconds = 60, trial_seconds = 4;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The sample's sides as files, and the recipe that trains on them. */
struct sample {
    char *paths[4];       /* train source, target; held-out source, target */
    struct recipe recipe; /* borrows from the given one */
};

static int write_sample(const struct lint_text *t, int side, const char *path,
                        struct satz_error *err)
{
    struct file_writer *w = file_writer_open(path, err);
    int status = w ? 0 : -1;
    for (uint32_t i = 0; status == 0 && i < t->n_sample; i++) {
        const char *line = t->sample[side][i];
        status = file_writer_write(w, line, strlen(line), err) < 0 ||
                         file_writer_write(w, "\n", 1, err) < 0
                     ? -1
                     : 0;
    }
    if (status < 0) {
        file_writer_abort(w);
        return -1;
    }
    return file_writer_commit(w, err);
}

static int sample_init(struct sample *s, const struct recipe *recipe, const struct lint *l,
                       const char *folder, struct satz_error *err)
{
    static const char *const names[] = {"train.source", "train.target", "valid.source",
                                        "valid.target"};
    *s = (struct sample){.recipe = *recipe};
    for (int i = 0; i < 4; i++) {
        const struct lint_text *t = i < 2 ? &l->train : &l->unseen[LINT_VALID].text;
        s->paths[i] = file_join(folder, names[i], err);
        if (!s->paths[i] || write_sample(t, i % 2, s->paths[i], err) < 0)
            return -1;
    }
    s->recipe.data.train_source = (struct recipe_texts){(const char *const *)&s->paths[0], 1};
    s->recipe.data.train_target = (struct recipe_texts){(const char *const *)&s->paths[1], 1};
    bool valid = l->unseen[LINT_VALID].text.n_sample > 0;
    s->recipe.data.valid_source = valid ? s->paths[2] : "";
    s->recipe.data.valid_target = valid ? s->paths[3] : "";
    s->recipe.data.alignments = (struct recipe_texts){0};
    s->recipe.data.cache = folder;
    s->recipe.train.folder = folder;
    return 0;
}

static void sample_release(struct sample *s)
{
    for (int i = 0; i < 4; i++)
        free(s->paths[i]);
}

/* A sample may have fewer pieces than the recipe asks of the whole text. */
static int open_tokenizers(struct probe *p, struct sample *s, bool whole, struct tokenizer **source,
                           struct tokenizer **target, struct satz_error *err)
{
    while (data_tokenizers(&s->recipe, source, target, err) < 0) {
        bool too_many = strstr(err->message, "is too large for this text") != NULL;
        if (whole || !too_many || s->recipe.tokenizer.vocabulary < 32)
            return -1;
        s->recipe.tokenizer.vocabulary -= s->recipe.tokenizer.vocabulary / 4;
        p->fewer = true;
    }
    p->pieces[0] = tokenizer_size(*source);
    p->pieces[1] = tokenizer_size(*target);
    return 0;
}

struct run {
    const struct recipe *recipe;
    struct model *model;
    const struct compute_backend *backend;
    const struct optimizer *optimizer;
    const struct data *data;
    struct batches *batches;
};

static int open_feed(const struct run *r, struct feed *feed, int shards, struct satz_error *err)
{
    return data_feed(feed, r->data, r->recipe, r->batches, r->model->source_tokenizer,
                     r->model->target_tokenizer, shards, err);
}

/* Step k (from 0) as training does it, of one batch. */
static int step(const struct run *r, struct team *team, struct feed *feed, int k,
                struct loss_sums *sums, double *norm, struct satz_error *err)
{
    const struct recipe *recipe = r->recipe;
    uint64_t number = (uint64_t)k + 1;
    const struct feed_load *load =
        feed_take(feed, 0, k % (int64_t)batches_count(r->batches), true, team->n_threads, err);
    *sums = (struct loss_sums){0};
    if (!load ||
        team_gradient(team, load, feed, schedule_chance(recipe, 0, number, 0), sums, err) < 0)
        return -1;
    *norm = team_reduce(team, 1 / (double)sums->tokens, recipe->train.clip_value);
    if (!isfinite(*norm) || !isfinite(sums->loss)) {
        team_discard(team);
        return 0;
    }
    struct schedule_state state = {.factor = 1};
    struct schedule_time time = {.step = number};
    struct optimizer_step s = {
        .rate = schedule_find(recipe->schedule.name)->rate(recipe, &state, time),
        .beta1 = recipe->optimizer.beta1,
        .beta2 = recipe->optimizer.beta2,
        .epsilon = recipe->optimizer.epsilon,
        .momentum = recipe->optimizer.momentum,
        .rho = recipe->optimizer.rho,
        .weight_decay = recipe->optimizer.weight_decay,
        .l2 = recipe->optimizer.l2,
        .scale =
            recipe->train.clip > 0 && *norm > recipe->train.clip ? recipe->train.clip / *norm : 1,
        .step = number,
    };
    team_update(team, &s);
    return 0;
}

/* Runs up to `steps` steps; the first is not timed. `p` (may be NULL) gets losses and memory. */
static int try_out(const struct run *r, struct probe_trial *t, int steps, struct probe *p,
                   struct satz_error *err)
{
    struct team team;
    struct feed feed;
    double start = 0, tokens = 0, norm;
    if (open_feed(r, &feed, t->shards, err) < 0)
        return -1;
    if (params_initialise(&r->model->network.params, (uint64_t)r->recipe->train.seed, err) < 0 ||
        team_init(&team, &r->model->network, r->backend, COMPUTE_F32, r->optimizer, t->shards,
                  t->threads, err) < 0) {
        feed_release(&feed);
        return -1;
    }
    int status = 0;
    for (int k = 0; k < steps && status == 0; k++) {
        struct loss_sums sums;
        if (k == 1)
            start = now();
        if (k > 2 && now() - start > (p ? most_seconds : trial_seconds))
            break;
        status = step(r, &team, &feed, k, &sums, &norm, err);
        if (status < 0)
            break;
        t->steps = k + 1;
        tokens += k > 0 ? (double)sums.tokens : 0;
        bool bad = !isfinite(norm) || !isfinite(sums.loss);
        if (p && bad && !p->bad_step)
            p->bad_step = k + 1;
        if (p && k == 0)
            p->first_loss = sums.loss / (double)sums.tokens;
        if (p)
            p->last_loss = sums.loss / (double)sums.tokens;
    }
    if (status == 0)
        t->tokens_per_second = tokens / fmax(now() - start, 1e-9);
    team_release(&team);
    feed_release(&feed);
    weights_clear(&r->model->network.weights);
    return status;
}

/* As training tells it (train/opening.c). */
static int measure(const struct run *r, struct probe *p, int shards, int threads,
                   struct satz_error *err)
{
    struct team team;
    struct feed feed;
    size_t largest = 0, block = r->model->network.params.size * sizeof(real);
    if (open_feed(r, &feed, shards, err) < 0)
        return -1;
    if (team_init(&team, &r->model->network, r->backend, COMPUTE_F32, r->optimizer, shards, threads,
                  err) < 0) {
        feed_release(&feed);
        return -1;
    }
    int status = 0;
    for (uint32_t k = 0; k < batches_count(r->batches) && status == 0; k++) {
        const struct feed_load *load = feed_take(&feed, 0, k, false, threads, err);
        if (load)
            team_measure(&team, load, &largest);
        status = load ? 0 : -1;
    }
    team_release(&team);
    feed_release(&feed);
    weights_clear(&r->model->network.weights);
    int active = threads < shards ? threads : shards;
    p->parameters = params_count_values(&r->model->network.params);
    p->memory = (double)block * (3 + shards + r->optimizer->moments) + (double)largest * active;
    return status;
}

/* Shards: the recipe's, as many as threads, and twice that; threads: 1, 2, 4 .. all. */
static int try_all(const struct run *r, struct probe *p, struct satz_error *err)
{
    enum { STEPS = 6 };
    int all = parallel_processors();
    for (int threads = 1; threads <= all && p->n_trials + 3 <= PROBE_MOST_TRIALS;
         threads = threads < all && 2 * threads > all ? all : 2 * threads) {
        const int shards[] = {threads, 2 * threads, r->recipe->train.shards};
        for (int i = 0; i < 3; i++) {
            struct probe_trial trial = {.shards = shards[i], .threads = threads};
            bool tried = shards[i] > 64 || shards[i] < threads;
            for (int k = 0; k < p->n_trials; k++)
                tried |= p->trials[k].shards == trial.shards && p->trials[k].threads == threads;
            if (tried)
                continue;
            if (try_out(r, &trial, STEPS, NULL, err) < 0)
                return -1;
            p->trials[p->n_trials++] = trial;
        }
    }
    for (int k = 0; k < p->n_trials; k++)
        if (!p->best || p->trials[k].tokens_per_second > p->best->tokens_per_second)
            p->best = &p->trials[k];
    return 0;
}

static int run_steps(struct probe *p, struct run *r, struct satz_error *err)
{
    const struct recipe *recipe = r->recipe;
    struct batches_options options = {
        .unit = recipe_is(recipe->train.batch_unit, "tokens") ? BATCH_TOKENS : BATCH_SENTENCES,
        .size = recipe->train.batch,
        .seed = (uint64_t)recipe->train.seed,
    };
    int threads = recipe->train.threads > 0 ? recipe->train.threads : parallel_processors();
    r->batches = batches_new(r->data->train, &options, err);
    p->as_is = (struct probe_trial){.shards = recipe->train.shards, .threads = threads};
    int status = -1;
    if (r->batches && batches_start_epoch(r->batches, 0, err) == 0 &&
        measure(r, p, recipe->train.shards, threads, err) == 0 &&
        try_out(r, &p->as_is, PROBE_STEPS, p, err) == 0 && try_all(r, p, err) == 0)
        status = 0;
    batches_free(r->batches);
    return status;
}

int probe_run(struct probe *p, const struct recipe *recipe, const struct lint *l,
              const char *folder, struct satz_error *err)
{
    struct sample s;
    struct tokenizer *source = NULL, *target = NULL;
    struct model model = {0};
    struct data data = {0};
    int status = -1;
    *p = (struct probe){0};
    if (sample_init(&s, recipe, l, folder, err) < 0 ||
        open_tokenizers(p, &s, l->train.seen <= LINT_SAMPLE, &source, &target, err) < 0 ||
        model_init(&model, &s.recipe, source, target, err) < 0 ||
        data_open(&data, &s.recipe, source, target, parallel_processors(), err) < 0)
        goto done;
    p->train = *corpus_statistics(data.train);
    if (data.valid)
        p->valid = *corpus_statistics(data.valid);
    struct run r = {.recipe = &s.recipe, .model = &model, .data = &data};
    r.optimizer = optimizer_find(recipe->optimizer.name);
    r.backend = compute_find(recipe->compute.backend, COMPUTE_F32, err);
    if (r.backend)
        status = run_steps(p, &r, err);
done:
    data_release(&data);
    model_release(&model);
    sample_release(&s);
    return status;
}
