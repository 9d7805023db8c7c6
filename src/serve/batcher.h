/* batcher.h -- translates what waits, whoever asked for it, some sentences at a time.
 *
 * Each thread has translators of its own and, whenever it is free, takes up to `batch` of the
 * waiting sentences -- fewer when other threads are free too -- one of each job in turn, so that a
 * job of one sentence does not wait for one of a thousand. Nobody waits for a batch to be full. A
 * translation does not depend on its neighbours (satz.h), so neither does an answer. */
#ifndef SATZ_SERVE_BATCHER_H
#define SATZ_SERVE_BATCHER_H

#include <jansson.h>

#include "satz.h"
#include "serve/metrics.h"
#include "serve/problem.h"
#include "serve/request.h"

struct batcher_options {
    struct satz_translator_options translator; /* batch at least 1; n_best and threads are ours */
    int threads;                               /* at least 1 */
    size_t queue;                              /* sentences that may wait */
    double deadline;                           /* seconds from submission to an answer */
};

/* A request being served. The caller sets `request`, `finished` and `user`; the rest is ours. */
struct job {
    struct request request;
    void (*finished)(struct job *job); /* called once, from any thread */
    void *user;
    /* Then one of these is set: what to answer, to be free()d, or why not. */
    char *answer;
    struct problem problem;

    json_t **sentences; /* [request.n], answered ones */
    size_t taken, done; /* sentences that a thread has taken; that are through */
    double deadline;    /* of the monotonic clock */
    struct job *next;
};

struct batcher;

/* Starts the threads. The model and `metrics` must outlive it. */
struct batcher *batcher_new(const struct satz_model *model, const struct batcher_options *options,
                            struct metrics *metrics, struct satz_error *err);

/* Whether the model has attention; how many best translations there can be. */
bool batcher_has_attention(const struct batcher *b);
int batcher_beam(const struct batcher *b);

/* Puts the job into the queue; `finished` may be called before this returns. 0; or -1 with status
 * 503 in job->problem when the queue is full, `finished` not called. */
int batcher_submit(struct batcher *b, struct job *job);

/* Ends the jobs whose time is up, with status 503; to be called now and then. One of which a
 * sentence is being translated ends when that is done. */
void batcher_expire(struct batcher *b);

/* Fills in the figures of the queue. */
void batcher_now(struct batcher *b, struct metrics_now *now);

/* Translates what is left, then ends the threads. Accepts NULL. */
void batcher_free(struct batcher *b);

/* Releases what the job owns. */
void job_release(struct job *job);

/* Seconds of the monotonic clock. */
double monotonic_seconds(void);

#endif
