#include "train/team.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "text/batches.h"

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
    if (!t->workers || team_blocks_init(t, err) < 0)
        goto fail;
    for (int i = 0; i < n_threads; i++) {
        t->workers[i].compute = backend->new (precision, err);
        if (!t->workers[i].compute)
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
    team_blocks_release(t);
    free(t->workers);
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
    pass.touched = t->touched[index];
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
