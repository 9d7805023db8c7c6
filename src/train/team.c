#include "train/team.h"

#include <math.h>
#include <stdlib.h>

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
        free(t->workers[i].chosen);
    }
    for (int i = 0; t->gradients && i < t->n_shards; i++)
        free(t->gradients[i]);
    for (int i = 0; i < OPTIMIZER_MAX_MOMENTS; i++)
        free(t->moments[i]);
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

/* Makes the worker's arena large enough and lays the batch out on it. */
static int plan(struct team *t, struct team_worker *w, bool training, struct seq2seq_memory *memory,
                struct satz_error *err)
{
    struct arena measure;
    arena_measure(&measure);
    seq2seq_plan(t->network, &w->batch, training, &measure, memory);
    if (measure.peak > w->arena.size) {
        arena_release(&w->arena);
        if (arena_init(&w->arena, measure.peak, err) < 0)
            return -1;
    }
    arena_rewind(&w->arena, 0);
    seq2seq_plan(t->network, &w->batch, training, &w->arena, memory);
    return 0;
}

/* One call of team_gradient, team_measure or team_evaluate, as its tasks see it. */
struct job {
    struct team *team;
    const struct corpus *corpus;
    const uint32_t *indices;
    int n;
    bool reverse_source;
    uint64_t key;
    real scale;              /* 0: only the loss is asked for */
    struct batches *batches; /* of an evaluation */
    struct loss_sums *sums;  /* [tasks] */
    int *status;             /* [tasks] */
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
        total.tokens += j->sums[i].tokens;
    }
    free(j->sums);
    free(j->status);
    free(j->errors);
    if (status == 0)
        *sums = total;
    return status;
}

/* Shard s has every n_shards-th pair: batches are sorted by length, so shards weigh the same. */
static int fill_shard(const struct job *j, int shard, struct team_worker *w, struct satz_error *err)
{
    int shards = j->team->n_shards, n = 0;
    if (memory_grow(&w->chosen, &w->chosen_capacity, (size_t)(j->n / shards + 1), sizeof *w->chosen,
                    err) < 0)
        return -1;
    for (int i = shard; i < j->n; i += shards)
        w->chosen[n++] = j->indices[i];
    return batch_fill_corpus(&w->batch, j->corpus, w->chosen, n, j->reverse_source, err);
}

static struct pass shard_pass(const struct job *j, int shard, int worker)
{
    struct pass pass = worker_pass(j->team, worker);
    pass.dropout = true;
    pass.key = rng_mix(j->key ^ rng_mix((uint64_t)shard));
    return pass;
}

static void gradient_task(void *user, int shard, int worker)
{
    struct job *j = user;
    struct team *t = j->team;
    struct team_worker *w = &t->workers[worker];
    struct satz_error *err = &j->errors[shard];
    struct seq2seq_memory memory;
    if (shard >= j->n)
        return;
    j->status[shard] = fill_shard(j, shard, w, err);
    if (j->status[shard] == 0)
        j->status[shard] = plan(t, w, true, &memory, err);
    if (j->status[shard] < 0)
        return;
    struct pass pass = shard_pass(j, shard, worker);
    if (j->scale == 0) {
        seq2seq_loss(&pass, t->network, &w->batch, &memory, &j->sums[shard]);
        return;
    }
    pass.gradients = t->gradients[shard];
    seq2seq_gradient(&pass, t->network, &w->batch, j->scale, &memory, &j->sums[shard]);
}

/* gradients[0] += the others, which become zero; squares of the sum. */
static void reduce_task(void *user, int chunk, int worker)
{
    struct team *t = user;
    (void)worker;
    size_t n = chunk_size(t, chunk), at = (size_t)chunk * CHUNK;
    const struct kernels *k = kernels_best();
    struct mat sum = mat_make(t->gradients[0] + at, 1, (int)n);
    for (int s = 1; s < t->n_shards; s++) {
        struct mat part = mat_make(t->gradients[s] + at, 1, (int)n);
        k->add_rows(sum, part);
        mat_zero(part);
    }
    t->chunk_squares[chunk] = k->sum_of_squares(n, sum.data);
}

int team_gradient(struct team *t, const struct corpus *corpus, const uint32_t *indices, int n,
                  bool reverse_source, uint64_t key, struct loss_sums *sums, double *norm,
                  struct satz_error *err)
{
    long tokens = 0;
    for (int i = 0; i < n; i++) {
        int source, target;
        corpus_lengths(corpus, indices[i], &source, &target);
        tokens += target + 1;
    }
    struct job j = {
        .team = t,
        .corpus = corpus,
        .indices = indices,
        .n = n,
        .reverse_source = reverse_source,
        .key = key,
        .scale = (real)(1.0 / (double)tokens),
    };
    int status = job_init(&j, t->n_shards, err);
    if (status == 0)
        parallel_for(t->n_threads, t->n_shards, gradient_task, &j);
    if (job_finish(&j, t->n_shards, status, sums, err) < 0)
        return -1;
    parallel_for(t->n_threads, chunk_count(t), reduce_task, t);
    double squares = 0;
    for (int c = 0; c < chunk_count(t); c++)
        squares += t->chunk_squares[c];
    *norm = sqrt(squares);
    return 0;
}

int team_loss(struct team *t, const struct corpus *corpus, const uint32_t *indices, int n,
              bool reverse_source, uint64_t key, struct loss_sums *sums, struct satz_error *err)
{
    struct job j = {.team = t,
                    .corpus = corpus,
                    .indices = indices,
                    .n = n,
                    .reverse_source = reverse_source,
                    .key = key};
    int status = job_init(&j, t->n_shards, err);
    if (status == 0)
        parallel_for(t->n_threads, t->n_shards, gradient_task, &j);
    return job_finish(&j, t->n_shards, status, sums, err);
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
    struct team_worker *w = &t->workers[worker];
    struct seq2seq_memory memory;
    (void)index;
    s->job.status[0] = fill_shard(&s->job, s->shard, w, &s->job.errors[0]);
    if (s->job.status[0] == 0)
        s->job.status[0] = plan(t, w, true, &memory, &s->job.errors[0]);
    if (s->job.status[0] < 0)
        return;
    struct pass pass = shard_pass(&s->job, s->shard, worker);
    s->found = fault_find(&pass, t->network, &w->batch, &memory, s->fault);
    if (s->found)
        s->fault->sentence = s->shard + s->fault->sentence * t->n_shards;
}

int team_find_fault(struct team *t, const struct corpus *corpus, const uint32_t *indices, int n,
                    bool reverse_source, uint64_t key, struct fault *fault, struct satz_error *err)
{
    struct search s = {.job = {.team = t,
                               .corpus = corpus,
                               .indices = indices,
                               .n = n,
                               .reverse_source = reverse_source,
                               .key = key},
                       .fault = fault};
    struct loss_sums none;
    int status = job_init(&s.job, 1, err);
    for (; status == 0 && !s.found && s.shard < t->n_shards && s.shard < n; s.shard++) {
        parallel_for(1, 1, fault_task, &s);
        if (s.job.status[0] < 0)
            break;
    }
    return job_finish(&s.job, 1, status, &none, err) < 0 ? -1 : s.found;
}

struct update {
    struct team *team;
    const struct optimizer_step *step;
};

static void update_task(void *user, int chunk, int worker)
{
    const struct update *u = user;
    const struct team *t = u->team;
    (void)worker;
    size_t at = (size_t)chunk * CHUNK;
    real *moments[OPTIMIZER_MAX_MOMENTS] = {0};
    for (int i = 0; i < t->optimizer->moments; i++)
        moments[i] = t->moments[i] + at;
    t->optimizer->update(u->step, chunk_size(t, chunk), t->network->params.values + at,
                         t->gradients[0] + at, moments);
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

int team_measure(struct team *t, const struct corpus *corpus, const uint32_t *indices, int n,
                 bool reverse_source, size_t *bytes, struct satz_error *err)
{
    struct job j = {
        .team = t, .corpus = corpus, .indices = indices, .n = n, .reverse_source = reverse_source};
    for (int shard = 0; shard < t->n_shards && shard < n; shard++) {
        struct seq2seq_memory memory;
        struct arena measure;
        if (fill_shard(&j, shard, &t->workers[0], err) < 0)
            return -1;
        arena_measure(&measure);
        seq2seq_plan(t->network, &t->workers[0].batch, true, &measure, &memory);
        *bytes = measure.peak > *bytes ? measure.peak : *bytes;
    }
    return 0;
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
        j->status[index] = plan(t, w, false, &memory, err);
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
