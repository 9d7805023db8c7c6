#include "train/team.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "text/batches.h"

enum { CHUNK = 1 << 16 }; /* elements of the parameter block that one task takes */

static int chunk_count(const struct team *t)
{
    return (int)((t->network->params.size + CHUNK - 1) / CHUNK);
}

static size_t chunk_size(const struct team *t, int chunk)
{
    size_t left = t->network->params.size - (size_t)chunk * CHUNK;
    return left < CHUNK ? left : CHUNK;
}

int team_init(struct team *t, struct seq2seq *network, const struct compute_backend *backend,
              enum compute_precision precision, const struct optimizer *optimizer, int n_shards,
              int n_threads, struct satz_error *err)
{
    *t = (struct team){
        .backend = backend,
        .precision = precision,
        .network = network,
        .n_threads = n_threads,
        .n_shards = n_shards,
        .optimizer = optimizer,
    };
    t->workers = memory_new((size_t)n_threads, sizeof *t->workers, err);
    t->gradients = memory_new((size_t)n_shards, sizeof *t->gradients, err);
    t->chunk_squares = memory_new((size_t)chunk_count(t), sizeof *t->chunk_squares, err);
    if (!t->workers || !t->gradients || !t->chunk_squares)
        goto fail;
    for (int i = 0; i < n_threads; i++) {
        t->workers[i].compute = backend->new (precision, err);
        if (!t->workers[i].compute)
            goto fail;
    }
    for (int i = 0; i < n_shards; i++) {
        t->gradients[i] = params_new_block(&network->params, err);
        if (!t->gradients[i])
            goto fail;
    }
    for (int i = 0; i < optimizer->moments; i++) {
        t->moments[i] = params_new_block(&network->params, err);
        if (!t->moments[i])
            goto fail;
    }
    if (weights_allocate(&network->weights, backend, t->workers[0].compute, true, err) < 0)
        goto fail;
    team_pack(t);
    return 0;
fail:
    team_release(t);
    return -1;
}

void team_release(struct team *t)
{
    for (int i = 0; t->workers && i < t->n_threads; i++) {
        if (t->workers[i].compute)
            t->backend->free(t->workers[i].compute);
        arena_release(&t->workers[i].arena);
        batch_release(&t->workers[i].batch);
    }
    for (int i = 0; t->gradients && i < t->n_shards; i++)
        free(t->gradients[i]);
    for (int i = 0; i < OPTIMIZER_MAX_MOMENTS; i++)
        free(t->moments[i]);
    free(t->average);
    free(t->workers);
    free(t->gradients);
    free(t->chunk_squares);
    *t = (struct team){0};
}

static void pack_task(void *user, int index, int worker)
{
    struct team *t = user;
    weights_pack(&t->network->weights, index, &t->network->params, t->workers[worker].compute);
}

void team_pack(struct team *t)
{
    parallel_for(t->n_threads, t->network->weights.count, pack_task, t);
}

static struct pass worker_pass(const struct team *t, int worker)
{
    return (struct pass){
        .backend = t->backend,
        .compute = t->workers[worker].compute,
        .params = &t->network->params,
        .weights = &t->network->weights,
        .kernels = kernels_best(),
    };
}

int team_keep_average(struct team *t, double decay, struct satz_error *err)
{
    t->decay = decay;
    t->average = params_new_block(&t->network->params, err);
    if (!t->average)
        return -1;
    memcpy(t->average, t->network->params.values, t->network->params.size * sizeof(real));
    return 0;
}

void team_swap_average(struct team *t)
{
    if (!t->average)
        return;
    real *values = t->network->params.values;
    t->network->params.values = t->average;
    t->average = values;
    team_pack(t);
}

/* Makes the worker's arena large enough and lays the batch out on it. */
static int plan(struct team *t, struct team_worker *w, const struct batch *batch, bool training,
                struct seq2seq_memory *memory, struct satz_error *err)
{
    struct arena measure;
    arena_measure(&measure);
    seq2seq_plan(t->network, batch, training, &measure, memory);
    if (measure.peak > w->arena.size) {
        arena_release(&w->arena);
        if (arena_init(&w->arena, measure.peak, err) < 0)
            return -1;
    }
    arena_rewind(&w->arena, 0);
    seq2seq_plan(t->network, batch, training, &w->arena, memory);
    return 0;
}

/* One call of team_gradient or team_evaluate, as its tasks see it. */
struct job {
    struct team *team;
    const struct feed_load *load;
    struct feed *feed; /* what is to be laid out meanwhile */
    struct chance chance;
    const struct corpus *corpus; /* of an evaluation */
    struct batches *batches;
    bool reverse_source;
    bool only_loss;
    struct loss_sums *sums; /* [tasks] */
    int *status;            /* [tasks] */
    struct satz_error *errors;
};

static int job_init(struct job *j, int tasks, struct satz_error *err)
{
    j->sums = memory_new((size_t)tasks, sizeof *j->sums, err);
    j->status = memory_new((size_t)tasks, sizeof *j->status, err);
    j->errors = memory_new((size_t)tasks, sizeof *j->errors, err);
    return j->sums && j->status && j->errors ? 0 : -1;
}

/* Frees the job; adds up the tasks' sums, or takes the first error. */
static int job_finish(struct job *j, int tasks, int status, struct loss_sums *sums,
                      struct satz_error *err)
{
    struct loss_sums total = {0};
    const struct team *t = j->team;
    for (int i = 0; status == 0 && i < t->n_threads; i++)
        status = compute_check(t->backend, t->workers[i].compute, err);
    for (int i = 0; status == 0 && i < tasks; i++) {
        if (j->status[i] < 0)
            status = error_set(err, "%s", j->errors[i].message);
        total.nll += j->sums[i].nll;
        total.loss += j->sums[i].loss;
        total.guided += j->sums[i].guided;
        total.tokens += j->sums[i].tokens;
    }
    free(j->sums);
    free(j->status);
    free(j->errors);
    if (status == 0)
        *sums = total;
    return status;
}

static struct pass shard_pass(const struct job *j, int shard, int worker)
{
    struct pass pass = worker_pass(j->team, worker);
    pass.dropout = true;
    pass.own_words = 1 - j->chance.truth;
    pass.guided = j->chance.guided;
    pass.key = rng_mix(j->chance.key ^ rng_mix((uint64_t)shard));
    return pass;
}

/* The shards of the batch at hand, then those of the next one. */
static void gradient_task(void *user, int index, int worker)
{
    struct job *j = user;
    struct team *t = j->team;
    struct team_worker *w = &t->workers[worker];
    struct seq2seq_memory memory;
    if (index >= t->n_shards) {
        feed_prepare(j->feed, index - t->n_shards);
        return;
    }
    const struct batch *batch = &j->load->shards[index].batch;
    if (batch->n == 0)
        return;
    j->status[index] = plan(t, w, batch, true, &memory, &j->errors[index]);
    if (j->status[index] < 0)
        return;
    struct pass pass = shard_pass(j, index, worker);
    if (j->only_loss) {
        seq2seq_loss(&pass, t->network, batch, &memory, &j->sums[index]);
        return;
    }
    pass.gradients = t->gradients[index];
    seq2seq_gradient(&pass, t->network, batch, 1, &memory, &j->sums[index]);
}

/* Runs the job over the shards of its batch. */
static int run_shards(struct job *j, struct loss_sums *sums, struct satz_error *err)
{
    struct team *t = j->team;
    struct loss_sums found;
    int status = job_init(j, t->n_shards, err);
    if (status == 0)
        parallel_for(t->n_threads, t->n_shards * (j->feed ? 2 : 1), gradient_task, j);
    if (job_finish(j, t->n_shards, status, &found, err) < 0)
        return -1;
    sums->nll += found.nll;
    sums->loss += found.loss;
    sums->guided += found.guided;
    sums->tokens += found.tokens;
    return 0;
}

int team_gradient(struct team *t, const struct feed_load *load, struct feed *feed,
                  struct chance chance, struct loss_sums *sums, struct satz_error *err)
{
    struct job j = {.team = t, .load = load, .feed = feed, .chance = chance};
    return run_shards(&j, sums, err);
}

int team_loss(struct team *t, const struct feed_load *load, struct chance chance,
              struct loss_sums *sums, struct satz_error *err)
{
    struct job j = {.team = t, .load = load, .chance = chance, .only_loss = true};
    return run_shards(&j, sums, err);
}

struct reduction {
    struct team *team;
    real factor, limit;
};

/* x <- factor x, then cut to +-limit; infinities stay, to be noticed. */
static void scale(size_t n, real *x, real factor, real limit)
{
    const real most = sizeof(real) == sizeof(float) ? (real)FLT_MAX : (real)DBL_MAX;
    if (limit <= 0)
        limit = most;
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        real y = x[i] * factor;
        real cut = y > limit ? limit : y < -limit ? -limit : y;
        x[i] = y > most || y < -most ? y : cut;
    }
}

/* gradients[0] += the others, which become zero; squares of the result. */
static void reduce_task(void *user, int chunk, int worker)
{
    const struct reduction *r = user;
    struct team *t = r->team;
    (void)worker;
    size_t n = chunk_size(t, chunk), at = (size_t)chunk * CHUNK;
    const struct kernels *k = kernels_best();
    struct mat sum = mat_make(t->gradients[0] + at, 1, (int)n);
    for (int s = 1; s < t->n_shards; s++) {
        struct mat part = mat_make(t->gradients[s] + at, 1, (int)n);
        k->add_rows(sum, part);
        mat_zero(part);
    }
    scale(n, sum.data, r->factor, r->limit);
    t->chunk_squares[chunk] = k->sum_of_squares(n, sum.data);
}

double team_reduce(struct team *t, double factor, double limit)
{
    struct reduction r = {t, (real)factor, (real)limit};
    parallel_for(t->n_threads, chunk_count(t), reduce_task, &r);
    double squares = 0;
    for (int c = 0; c < chunk_count(t); c++)
        squares += t->chunk_squares[c];
    return sqrt(squares);
}

struct search {
    struct job job;
    struct fault *fault;
    int shard;
    bool found;
};

static void fault_task(void *user, int index, int worker)
{
    struct search *s = user;
    struct team *t = s->job.team;
    const struct batch *batch = &s->job.load->shards[s->shard].batch;
    struct seq2seq_memory memory;
    (void)index;
    if (batch->n == 0)
        return;
    s->job.status[0] = plan(t, &t->workers[worker], batch, true, &memory, &s->job.errors[0]);
    if (s->job.status[0] < 0)
        return;
    struct pass pass = shard_pass(&s->job, s->shard, worker);
    s->found = fault_find(&pass, t->network, batch, &memory, s->fault);
    if (s->found)
        s->fault->sentence = s->shard + s->fault->sentence / (batch->twins ? 2 : 1) * t->n_shards;
}

int team_find_fault(struct team *t, const struct feed_load *load, struct chance chance,
                    struct fault *fault, struct satz_error *err)
{
    struct search s = {.job = {.team = t, .load = load, .chance = chance}, .fault = fault};
    struct loss_sums none;
    int bptt = t->network->bptt;
    t->network->bptt = 0; /* the same values, all of them in memory */
    int status = job_init(&s.job, 1, err);
    for (; status == 0 && !s.found && s.shard < t->n_shards; s.shard++) {
        parallel_for(1, 1, fault_task, &s);
        if (s.job.status[0] < 0)
            break;
    }
    t->network->bptt = bptt;
    return job_finish(&s.job, 1, status, &none, err) < 0 ? -1 : s.found;
}

struct update {
    struct team *team;
    const struct optimizer_step *step;
};

static void average(const struct team *t, uint64_t step, size_t n, const real *restrict values,
                    real *restrict mean)
{
    double young = (1 + (double)step) / (10 + (double)step);
    real rest = (real)(1 - (young < t->decay ? young : t->decay));
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        mean[i] += rest * (values[i] - mean[i]);
}

static void update_task(void *user, int chunk, int worker)
{
    const struct update *u = user;
    const struct team *t = u->team;
    (void)worker;
    size_t at = (size_t)chunk * CHUNK;
    real *moments[OPTIMIZER_MAX_MOMENTS] = {0};
    for (int i = 0; i < t->optimizer->moments; i++)
        moments[i] = t->moments[i] + at;
    real *values = t->network->params.values + at;
    t->optimizer->update(u->step, chunk_size(t, chunk), values, t->gradients[0] + at, moments);
    if (t->average)
        average(t, u->step->step, chunk_size(t, chunk), values, t->average + at);
}

void team_update(struct team *t, const struct optimizer_step *step)
{
    struct update u = {t, step};
    parallel_for(t->n_threads, chunk_count(t), update_task, &u);
    team_pack(t);
}

void team_discard(struct team *t)
{
    memset(t->gradients[0], 0, t->network->params.size * sizeof(real));
}

void team_measure(const struct team *t, const struct feed_load *load, size_t *bytes)
{
    for (int s = 0; s < t->n_shards; s++) {
        struct seq2seq_memory memory;
        struct arena measure;
        if (load->shards[s].batch.n == 0)
            continue;
        arena_measure(&measure);
        seq2seq_plan(t->network, &load->shards[s].batch, true, &measure, &memory);
        *bytes = measure.peak > *bytes ? measure.peak : *bytes;
    }
}

static void evaluate_task(void *user, int index, int worker)
{
    struct job *j = user;
    struct team *t = j->team;
    struct team_worker *w = &t->workers[worker];
    struct satz_error *err = &j->errors[index];
    struct seq2seq_memory memory;
    int n;
    const uint32_t *indices = batches_get(j->batches, (uint32_t)index, &n);
    j->status[index] = batch_fill_corpus(&w->batch, j->corpus, indices, n, j->reverse_source, err);
    if (j->status[index] == 0)
        j->status[index] = plan(t, w, &w->batch, false, &memory, err);
    if (j->status[index] < 0)
        return;
    struct pass pass = worker_pass(t, worker);
    seq2seq_loss(&pass, t->network, &w->batch, &memory, &j->sums[index]);
}

int team_evaluate(struct team *t, const struct corpus *corpus, int size, bool reverse_source,
                  struct loss_sums *sums, struct satz_error *err)
{
    struct job j = {.team = t, .corpus = corpus, .reverse_source = reverse_source};
    struct batches_options options = {.unit = BATCH_SENTENCES, .size = size};
    j.batches = batches_new(corpus, &options, err);
    if (!j.batches)
        return -1;
    int status = batches_start_epoch(j.batches, 0, err), count = 0;
    if (status == 0) {
        count = (int)batches_count(j.batches);
        status = job_init(&j, count, err);
    }
    if (status == 0)
        parallel_for(t->n_threads, count, evaluate_task, &j);
    status = job_finish(&j, count, status, sums, err);
    batches_free(j.batches);
    return status;
}
