#include "serve/metrics.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "satz.h"

static const int statuses[] = {200, 400, 404, 405, 408, 413, 415, 500, 503};
static const double seconds[] = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};
static const double sizes[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512};
enum {
    N_STATUSES = sizeof statuses / sizeof *statuses,
    MOST_BUCKETS = 16,
};

struct histogram {
    const char *name, *help;
    const double *bounds; /* [n_bounds], upwards */
    size_t n_bounds;
    uint64_t counts[MOST_BUCKETS]; /* [n_bounds + 1], each its own values only */
    uint64_t count;
    double sum;
};

struct metrics {
    pthread_mutex_t lock;
    uint64_t requests[N_STATUSES];
    struct histogram latency, batches;
};

struct metrics *metrics_new(void)
{
    struct metrics *m = calloc(1, sizeof *m);
    if (!m)
        return NULL;
    pthread_mutex_init(&m->lock, NULL);
    m->latency = (struct histogram){
        .name = "satz_translate_seconds",
        .help = "Time from a whole request to its answer.",
        .bounds = seconds,
        .n_bounds = sizeof seconds / sizeof *seconds,
    };
    m->batches = (struct histogram){
        .name = "satz_batch_sentences",
        .help = "Sentences that were translated together.",
        .bounds = sizes,
        .n_bounds = sizeof sizes / sizeof *sizes,
    };
    return m;
}

void metrics_free(struct metrics *m)
{
    if (m)
        pthread_mutex_destroy(&m->lock);
    free(m);
}

static void count_value(struct metrics *m, struct histogram *h, double value)
{
    pthread_mutex_lock(&m->lock);
    size_t i = 0;
    while (i < h->n_bounds && value > h->bounds[i])
        i++;
    h->counts[i]++;
    h->count++;
    h->sum += value;
    pthread_mutex_unlock(&m->lock);
}

void metrics_count_request(struct metrics *m, int status)
{
    pthread_mutex_lock(&m->lock);
    for (int i = 0; i < N_STATUSES; i++)
        m->requests[i] += statuses[i] == status;
    pthread_mutex_unlock(&m->lock);
}

void metrics_count_latency(struct metrics *m, double value)
{
    count_value(m, &m->latency, value);
}

void metrics_count_batch(struct metrics *m, size_t sentences)
{
    count_value(m, &m->batches, (double)sentences);
}

static void write_head(FILE *out, const char *name, const char *type, const char *help)
{
    fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void write_value(FILE *out, const char *name, const char *type, const char *help, double v)
{
    write_head(out, name, type, help);
    fprintf(out, "%s %.0f\n", name, v);
}

static void write_histogram(FILE *out, const struct histogram *h)
{
    uint64_t below = 0;
    write_head(out, h->name, "histogram", h->help);
    for (size_t i = 0; i < h->n_bounds; i++) {
        below += h->counts[i];
        fprintf(out, "%s_bucket{le=\"%g\"} %llu\n", h->name, h->bounds[i],
                (unsigned long long)below);
    }
    fprintf(out, "%s_bucket{le=\"+Inf\"} %llu\n%s_sum %.6f\n%s_count %llu\n", h->name,
            (unsigned long long)h->count, h->name, h->sum, h->name, (unsigned long long)h->count);
}

/* In bytes; 0 where there is no /proc. */
static double resident_memory(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    char line[128];
    if (file && fgets(line, sizeof line, file)) {
        const char *second = strchr(line, ' ');
        pages = second ? strtoul(second, NULL, 10) : 0;
    }
    if (file)
        fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

char *metrics_text(struct metrics *m, const struct metrics_now *now)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    write_head(out, "satz_info", "gauge", "The version.");
    fprintf(out, "satz_info{version=\"" SATZ_VERSION "\"} 1\n");
    pthread_mutex_lock(&m->lock);
    write_head(out, "satz_requests_total", "counter", "Answers by HTTP status.");
    for (int i = 0; i < N_STATUSES; i++)
        fprintf(out, "satz_requests_total{code=\"%d\"} %llu\n", statuses[i],
                (unsigned long long)m->requests[i]);
    write_value(out, "satz_sentences_total", "counter", "Sentences translated.", m->batches.sum);
    write_histogram(out, &m->latency);
    write_histogram(out, &m->batches);
    pthread_mutex_unlock(&m->lock);
    write_value(out, "satz_queue_sentences", "gauge", "Sentences waiting.", (double)now->waiting);
    write_value(out, "satz_running_sentences", "gauge", "Sentences being translated.",
                (double)now->running);
    write_value(out, "satz_connections", "gauge", "Open connections.", (double)now->connections);
    write_value(out, "process_resident_memory_bytes", "gauge", "Resident memory.",
                resident_memory());
    int failed = ferror(out);
    if (fclose(out) == 0 && !failed)
        return text;
    free(text);
    return NULL;
}
