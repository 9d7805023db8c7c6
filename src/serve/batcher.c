#include "serve/batcher.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "serve/answer.h"

/* Only the best translation lets a search end early, so most sentences get a translator for that.
 */
enum kind { BEST, N_BEST, N_KINDS };

struct part {
    struct job *job;
    size_t index; /* of the sentence */
};

struct worker {
    struct batcher *batcher;
    struct satz_translator *translators[N_KINDS];
    struct part *parts; /* [batch]: what it works at */
    size_t n_parts;
    const char **lines;                 /* [batch] */
    size_t *lengths;                    /* [batch] */
    struct satz_pair *pairs;            /* [batch]: those of which the attention is wanted, */
    size_t *aligned;                    /* [batch]: the parts they are, */
    struct satz_attention **attentions; /* [batch]: and what came of them */
    pthread_t thread;
};

struct batcher {
    struct metrics *metrics;
    struct worker *workers; /* [n_workers] */
    int n_workers, n_started;
    size_t batch, most_waiting;
    double deadline;
    bool has_attention;

    pthread_mutex_t lock; /* of all below, and of the jobs' counts */
    pthread_cond_t work;  /* something waits, or the end is near */
    struct job *first, **last;
    size_t waiting, running;
    int idle; /* threads without work */
    bool closing;
};

double monotonic_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static enum kind job_kind(const struct job *job)
{
    return job->request.n_best > 1 ? N_BEST : BEST;
}

/* Appends to the queue; the lock is held. */
static void push_job(struct batcher *b, struct job *job)
{
    job->next = NULL;
    *b->last = job;
    b->last = &job->next;
}

/* Takes *at out of the queue; the lock is held. */
static struct job *unlink_job(struct batcher *b, struct job **at)
{
    struct job *job = *at;
    *at = job->next;
    if (!*at)
        b->last = at;
    return job;
}

/* One sentence of each job in turn, all of the kind that has waited longest; the lock is held. */
static void take_parts(struct batcher *b, struct worker *w)
{
    size_t share = (b->waiting + (size_t)b->idle - 1) / (size_t)b->idle;
    size_t most = share < b->batch ? share : b->batch;
    enum kind kind = job_kind(b->first);
    w->n_parts = 0;
    for (struct job **at = &b->first; *at && w->n_parts < most;) {
        if (job_kind(*at) != kind) {
            at = &(*at)->next;
            continue;
        }
        struct job *job = unlink_job(b, at);
        w->parts[w->n_parts++] = (struct part){job, job->taken++};
        if (job->taken < job->request.n)
            push_job(b, job);
    }
    b->waiting -= w->n_parts;
    b->running += w->n_parts;
}

/* Waits for sentences; false when there will be none any more. */
static bool wait_for_parts(struct worker *w)
{
    struct batcher *b = w->batcher;
    pthread_mutex_lock(&b->lock);
    b->idle++;
    while (!b->first && !b->closing)
        pthread_cond_wait(&b->work, &b->lock);
    bool found = b->first != NULL;
    if (found)
        take_parts(b, w);
    b->idle--;
    pthread_mutex_unlock(&b->lock);
    return found;
}

/* The parts that want attention by these units get it; those without words did not get a search. */
static int add_alignments(struct worker *w, const struct satz_translation *translations,
                          struct satz_translator *translator, enum satz_units units,
                          struct satz_error *err)
{
    size_t n = 0;
    for (size_t i = 0; i < w->n_parts; i++) {
        const struct request *r = &w->parts[i].job->request;
        const struct satz_hypothesis *best = &translations[i].hypotheses[0];
        if (r->alignment == ALIGNMENT_NONE || r->units != units)
            continue;
        w->aligned[n] = i;
        w->attentions[n] = NULL;
        w->pairs[n++] = (struct satz_pair){
            .source = r->texts[w->parts[i].index],
            .source_length = r->lengths[w->parts[i].index],
            .target = best->text,
            .target_length = strlen(best->text),
            .target_ids = best->ids,
            .n_target_ids = best->tokens - 1,
        };
    }
    if (n == 0)
        return 0;
    if (satz_attend_pairs(translator, w->pairs, n, units, w->attentions, err) < 0)
        return -1;
    int status = 0;
    for (size_t k = 0; k < n; k++) {
        const struct part *part = &w->parts[w->aligned[k]];
        if (status == 0 && answer_add_alignment(part->job->sentences[part->index],
                                                &part->job->request, w->attentions[k]) < 0) {
            snprintf(err->message, sizeof err->message, "out of memory");
            status = -1;
        }
        satz_attention_free(w->attentions[k]);
    }
    return status;
}

static int translate_parts(struct worker *w, struct satz_error *err)
{
    const struct satz_translation *translations;
    enum kind kind = job_kind(w->parts[0].job);
    for (size_t i = 0; i < w->n_parts; i++) {
        const struct part *part = &w->parts[i];
        w->lines[i] = part->job->request.texts[part->index];
        w->lengths[i] = part->job->request.lengths[part->index];
    }
    if (satz_translate(w->translators[kind], w->lines, w->lengths, w->n_parts, &translations, err) <
        0)
        return -1;
    for (size_t i = 0; i < w->n_parts; i++) {
        struct part *part = &w->parts[i];
        json_t *sentence = answer_sentence(&part->job->request, &translations[i]);
        part->job->sentences[part->index] = sentence;
        if (!sentence) {
            snprintf(err->message, sizeof err->message, "out of memory");
            return -1;
        }
    }
    struct satz_translator *t = w->translators[kind];
    if (add_alignments(w, translations, t, SATZ_WORDS, err) < 0)
        return -1;
    return add_alignments(w, translations, t, SATZ_SUBWORDS, err);
}

/* Nobody else has the job any more. */
static void finish_job(struct job *job)
{
    if (!job->problem.status) {
        job->answer = answer_text(&job->request, job->sentences);
        if (!job->answer)
            problem_set(&job->problem, 500, "out of memory");
    }
    job->finished(job);
}

/* Removes a failed job's other sentences from the queue; the lock is held. */
static void drop_rest(struct batcher *b, struct job *job)
{
    for (struct job **at = &b->first; *at; at = &(*at)->next)
        if (*at == job) {
            b->waiting -= job->request.n - job->taken;
            job->done += job->request.n - job->taken;
            job->taken = job->request.n;
            unlink_job(b, at);
            return;
        }
}

/* Counts the sentences as done, and finishes the jobs that are through. */
static void give_back(struct worker *w, int status, const struct satz_error *err)
{
    struct batcher *b = w->batcher;
    size_t n_finished = 0;
    pthread_mutex_lock(&b->lock);
    b->running -= w->n_parts;
    for (size_t i = 0; i < w->n_parts; i++) {
        struct job *job = w->parts[i].job;
        job->done++;
        if (status < 0 && !job->problem.status) {
            problem_set(&job->problem, 500, "%s", err->message);
            drop_rest(b, job);
        }
        if (job->done == job->request.n)
            w->parts[n_finished++].job = job;
    }
    pthread_mutex_unlock(&b->lock);
    for (size_t i = 0; i < n_finished; i++)
        finish_job(w->parts[i].job);
}

static void *work(void *user)
{
    struct worker *w = user;
    struct satz_error err;
    while (wait_for_parts(w)) {
        metrics_count_batch(w->batcher->metrics, w->n_parts);
        int status = translate_parts(w, &err);
        give_back(w, status, &err);
    }
    return NULL;
}

int batcher_submit(struct batcher *b, struct job *job)
{
    size_t n = job->request.n;
    job->sentences = calloc(n, sizeof *job->sentences);
    if (!job->sentences)
        return problem_set(&job->problem, 503, "out of memory; try again later");
    job->deadline = monotonic_seconds() + b->deadline;
    pthread_mutex_lock(&b->lock);
    if (b->waiting + n > b->most_waiting) {
        size_t waiting = b->waiting;
        pthread_mutex_unlock(&b->lock);
        return problem_set(&job->problem, 503, "%zu sentences wait already; try again later",
                           waiting);
    }
    push_job(b, job);
    b->waiting += n;
    pthread_cond_broadcast(&b->work);
    pthread_mutex_unlock(&b->lock);
    return 0;
}

void batcher_expire(struct batcher *b)
{
    double now = monotonic_seconds();
    struct job *expired = NULL;
    pthread_mutex_lock(&b->lock);
    for (struct job **at = &b->first; *at;) {
        struct job *job = *at;
        if (job->deadline > now) {
            at = &job->next;
            continue;
        }
        problem_set(&job->problem, 503, "there was no time for it within %g s; try again later",
                    b->deadline);
        drop_rest(b, job);
        if (job->done == job->request.n) {
            job->next = expired;
            expired = job;
        }
    }
    pthread_mutex_unlock(&b->lock);
    while (expired) {
        struct job *job = expired;
        expired = job->next;
        finish_job(job);
    }
}

void batcher_now(struct batcher *b, struct metrics_now *now)
{
    pthread_mutex_lock(&b->lock);
    now->waiting = b->waiting;
    now->running = b->running;
    pthread_mutex_unlock(&b->lock);
}

bool batcher_has_attention(const struct batcher *b)
{
    return b->has_attention;
}

int batcher_beam(const struct batcher *b)
{
    return satz_translator_beam(b->workers[0].translators[BEST]);
}

static int open_worker(struct batcher *b, struct worker *w, const struct satz_model *model,
                       const struct batcher_options *options, struct satz_error *err)
{
    struct satz_translator_options o = options->translator;
    w->batcher = b;
    w->parts = malloc(b->batch * sizeof *w->parts);
    w->lines = malloc(b->batch * sizeof *w->lines);
    w->lengths = malloc(b->batch * sizeof *w->lengths);
    w->pairs = malloc(b->batch * sizeof *w->pairs);
    w->aligned = malloc(b->batch * sizeof *w->aligned);
    w->attentions = malloc(b->batch * sizeof *w->attentions);
    if (!w->parts || !w->lines || !w->lengths || !w->pairs || !w->aligned || !w->attentions) {
        snprintf(err->message, sizeof err->message, "out of memory");
        return -1;
    }
    o.threads = 1;
    for (int kind = 0; kind < N_KINDS; kind++) {
        o.n_best = kind == BEST ? 1 : satz_translator_beam(w->translators[BEST]);
        w->translators[kind] = satz_translator_new(model, &o, err);
        if (!w->translators[kind])
            return -1;
    }
    return 0;
}

static int start_workers(struct batcher *b, struct satz_error *err)
{
    for (; b->n_started < b->n_workers; b->n_started++) {
        struct worker *w = &b->workers[b->n_started];
        int number = pthread_create(&w->thread, NULL, work, w);
        if (number != 0) {
            snprintf(err->message, sizeof err->message, "no thread could be started: %s",
                     strerror(number));
            return -1;
        }
    }
    return 0;
}

struct batcher *batcher_new(const struct satz_model *model, const struct batcher_options *options,
                            struct metrics *metrics, struct satz_error *err)
{
    struct batcher *b = calloc(1, sizeof *b);
    struct worker *workers = calloc((size_t)options->threads, sizeof *workers);
    if (!b || !workers) {
        free(b);
        free(workers);
        snprintf(err->message, sizeof err->message, "out of memory");
        return NULL;
    }
    b->metrics = metrics;
    b->workers = workers;
    b->n_workers = options->threads;
    b->batch = (size_t)options->translator.batch;
    b->most_waiting = options->queue;
    b->deadline = options->deadline;
    b->last = &b->first;
    pthread_mutex_init(&b->lock, NULL);
    pthread_cond_init(&b->work, NULL);
    for (int i = 0; i < b->n_workers; i++)
        if (open_worker(b, &b->workers[i], model, options, err) < 0)
            goto fail;
    struct satz_attention *a =
        satz_attend(workers[0].translators[BEST], "a", NULL, SATZ_WORDS, err);
    b->has_attention = a != NULL;
    satz_attention_free(a);
    if (start_workers(b, err) < 0)
        goto fail;
    return b;
fail:
    batcher_free(b);
    return NULL;
}

void batcher_free(struct batcher *b)
{
    if (!b)
        return;
    pthread_mutex_lock(&b->lock);
    b->closing = true;
    pthread_cond_broadcast(&b->work);
    pthread_mutex_unlock(&b->lock);
    for (int i = 0; i < b->n_started; i++)
        pthread_join(b->workers[i].thread, NULL);
    for (int i = 0; i < b->n_workers; i++) {
        struct worker *w = &b->workers[i];
        for (int kind = 0; kind < N_KINDS; kind++)
            satz_translator_free(w->translators[kind]);
        free(w->parts);
        free(w->lines);
        free(w->lengths);
        free(w->pairs);
        free(w->aligned);
        free(w->attentions);
    }
    pthread_cond_destroy(&b->work);
    pthread_mutex_destroy(&b->lock);
    free(b->workers);
    free(b);
}

void job_release(struct job *job)
{
    for (size_t i = 0; job->sentences && i < job->request.n; i++)
        json_decref(job->sentences[i]);
    free(job->sentences);
    free(job->answer);
    request_release(&job->request);
}
