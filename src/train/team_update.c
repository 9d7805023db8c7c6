/* From the shards' gradients to new parameters.
 *
 * An embedding that is no output weight as well has a gradient in the rows of the batch's words
 * alone: maps tell which, and the rest is neither added up, measured nor read. What an optimiser
 * does without a gradient, such as letting moments fade, it does by a few zeros instead. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/parallel.h"
#include "train/team.h"

enum {
    CHUNK = 1 << 16, /* elements of a block that one task takes */
    RUN = 1 << 12,   /* at most, of one kernel: what is read again is in the first cache */
};

/* A piece of a chunk which is marked or not. */
struct run {
    size_t at, n;
    bool touched;
};

static int chunk_count(const struct team *t)
{
    return (int)((t->network->params.size + CHUNK - 1) / CHUNK);
}

/* The run after `run` in its chunk; {0} is before the first. */
static bool next_run(const struct team *t, int chunk, struct run *run)
{
    const unsigned char *map = t->touched[0];
    size_t from = (size_t)chunk * CHUNK, to = from + CHUNK;
    if (to > t->network->params.size)
        to = t->network->params.size;
    size_t at = run->n ? run->at + run->n : from, end = at;
    if (at >= to)
        return false;
    size_t most = at + RUN < to ? at + RUN : to;
    while (end < most && map[end / PARAMS_UNIT] == map[at / PARAMS_UNIT])
        end += PARAMS_UNIT;
    *run = (struct run){at, (end < to ? end : to) - at, map[at / PARAMS_UNIT]};
    return true;
}

/* The map of `chunk` in `map`; its size in *n. */
static unsigned char *chunk_map(const struct team *t, unsigned char *map, int chunk, size_t *n)
{
    size_t at = (size_t)chunk * CHUNK / PARAMS_UNIT, end = params_map_size(&t->network->params);
    *n = end - at < CHUNK / PARAMS_UNIT ? end - at : CHUNK / PARAMS_UNIT;
    return map + at;
}

static bool is_weight(const struct seq2seq *network, int param)
{
    for (int i = 0; i < network->weights.count; i++)
        if (network->weights.list[i].param == param)
            return true;
    return false;
}

static void map_dense(const struct seq2seq *network, unsigned char *map)
{
    for (int i = 0; i < network->params.count; i++)
        if ((i != network->source_embedding && i != network->target_embedding) ||
            is_weight(network, i))
            params_mark(&network->params, map, i, 0, network->params.entries[i].rows);
}

int team_blocks_init(struct team *t, struct satz_error *err)
{
    const struct params *p = &t->network->params;
    size_t map_size = params_map_size(p);
    t->gradients = memory_new((size_t)t->n_shards, sizeof *t->gradients, err);
    t->touched = memory_new((size_t)t->n_shards, sizeof *t->touched, err);
    t->dense = memory_new(map_size, 1, err);
    t->squares = memory_new((size_t)chunk_count(t), sizeof *t->squares, err);
    if (!t->gradients || !t->touched || !t->dense || !t->squares)
        return -1;
    map_dense(t->network, t->dense);
    for (int i = 0; i < t->n_shards; i++) {
        t->gradients[i] = params_new_block(p, err);
        t->touched[i] = memory_new(map_size, 1, err);
        if (!t->gradients[i] || !t->touched[i])
            return -1;
        memcpy(t->touched[i], t->dense, map_size);
    }
    for (int i = 0; i < t->optimizer->moments; i++) {
        t->moments[i] = params_new_block(p, err);
        if (!t->moments[i])
            return -1;
    }
    return 0;
}

void team_blocks_release(struct team *t)
{
    for (int i = 0; t->gradients && i < t->n_shards; i++)
        free(t->gradients[i]);
    for (int i = 0; t->touched && i < t->n_shards; i++)
        free(t->touched[i]);
    for (int i = 0; i < OPTIMIZER_MAX_MOMENTS; i++)
        free(t->moments[i]);
    free(t->gradients);
    free(t->touched);
    free(t->dense);
    free(t->squares);
    free(t->average);
}

struct reduction {
    struct team *team;
    const struct kernels *kernels;
    real factor, limit;
};

/* touched[0] |= the others, which become as between updates. */
static void join_maps(struct team *t, int chunk)
{
    size_t n;
    unsigned char *all = chunk_map(t, t->touched[0], chunk, &n);
    const unsigned char *dense = chunk_map(t, t->dense, chunk, &n);
    for (int s = 1; s < t->n_shards; s++) {
        unsigned char *part = chunk_map(t, t->touched[s], chunk, &n);
        for (size_t i = 0; i < n; i++)
            all[i] |= part[i];
        memcpy(part, dense, n);
    }
}

/* gradients[0] += the others, which become zero; squares of the result. */
static void reduce_task(void *user, int chunk, int worker)
{
    const struct reduction *r = user;
    struct team *t = r->team;
    const struct kernels *k = r->kernels;
    double squares = 0;
    (void)worker;
    join_maps(t, chunk);
    for (struct run run = {0}; next_run(t, chunk, &run);) {
        if (!run.touched)
            continue;
        struct mat sum = mat_make(t->gradients[0] + run.at, 1, (int)run.n);
        for (int s = 1; s < t->n_shards; s++) {
            struct mat part = mat_make(t->gradients[s] + run.at, 1, (int)run.n);
            k->add_rows(sum, part);
            mat_zero(part);
        }
        squares += k->scale(run.n, sum.data, r->factor, r->limit);
    }
    t->squares[chunk] = squares;
}

double team_reduce(struct team *t, double factor, double limit)
{
    struct reduction r = {t, kernels_best(), (real)factor, (real)limit};
    parallel_for(t->n_threads, chunk_count(t), reduce_task, &r);
    double squares = 0;
    for (int c = 0; c < chunk_count(t); c++)
        squares += t->squares[c];
    return sqrt(squares);
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
    bool rests = t->optimizer->rests && u->step->l2 == 0;
    real zeros[RUN] = {0};
    size_t n;
    (void)worker;
    for (struct run run = {0}; next_run(t, chunk, &run);) {
        real *values = t->network->params.values + run.at, *moments[OPTIMIZER_MAX_MOMENTS] = {0};
        for (int i = 0; i < t->optimizer->moments; i++)
            moments[i] = t->moments[i] + run.at;
        if (run.touched || !rests)
            t->optimizer->update(u->step, run.n, values,
                                 run.touched ? t->gradients[0] + run.at : zeros, moments);
        if (t->average)
            average(t, u->step->step, run.n, values, t->average + run.at);
    }
    unsigned char *map = chunk_map(t, t->touched[0], chunk, &n);
    memcpy(map, chunk_map(t, t->dense, chunk, &n), n);
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
    memcpy(t->touched[0], t->dense, params_map_size(&t->network->params));
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
