/* metrics.h -- what the server counts, for GET /metrics. Threads may share it. */
#ifndef SATZ_SERVE_METRICS_H
#define SATZ_SERVE_METRICS_H

#include <stddef.h>

struct metrics;

/* What stands at the moment, beside what was counted. */
struct metrics_now {
    size_t waiting; /* sentences in the queue */
    size_t running; /* sentences being translated */
    int connections;
};

/* NULL when memory is short. */
struct metrics *metrics_new(void);
void metrics_free(struct metrics *m); /* accepts NULL */

/* A request was answered with this status. */
void metrics_count_request(struct metrics *m, int status);

/* A request for translations was answered so long after it was there as a whole. */
void metrics_count_latency(struct metrics *m, double seconds);

/* So many sentences were translated together. */
void metrics_count_batch(struct metrics *m, size_t sentences);

/* All of it in Prometheus' text format, version 0.0.4. free() it; NULL when memory is short. */
char *metrics_text(struct metrics *m, const struct metrics_now *now);

#endif
