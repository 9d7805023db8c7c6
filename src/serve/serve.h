/* serve.h -- an HTTP server that translates: `satz serve`.
 *
 *     POST /translate   JSON in (serve/request.h), JSON out (serve/answer.h)
 *     GET /health       what is served, and its limits
 *     GET /metrics      figures for Prometheus
 *     GET /             a page to type into
 *
 * The thread of libmicrohttpd reads requests and writes answers (serve/http.c), the batcher's
 * threads translate (serve/batcher.c), and the caller's thread waits for signals and looks after
 * what takes too long (serve/serve.c). */
#ifndef SATZ_SERVE_SERVE_H
#define SATZ_SERVE_SERVE_H

#include <stddef.h>

#include "satz.h"

struct serve_options {
    const char *model; /* the file */
    const char *backend, *precision;
    const char *host;                              /* name or address to listen at */
    int port;                                      /* 0: a free one */
    const char *source_language, *target_language; /* BCP 47, such as "en"; for the page */

    int beam, max_length, threads; /* as satz_translator_options */
    int batch;                     /* sentences translated together, at least 1 */
    int has_length_penalty;
    double length_penalty;
    const char *shortlist; /* as satz_translator_options */
    int shortlist_best, shortlist_commonest;

    int connections;       /* at most, at a time */
    size_t queue;          /* sentences that may wait, at least `sentences` */
    size_t sentences;      /* of a request */
    size_t sentence_bytes; /* of a sentence */
    double deadline;       /* seconds from a whole request to its answer */
    double read_seconds;   /* for a client to send its request or to read its answer */
    double idle_seconds;   /* of a connection between two requests */
};

/* Serves until SIGINT or SIGTERM, then answers what was accepted. Prints the address to standard
 * output once it listens. 0, or -1. The process must ignore SIGPIPE. */
int serve_run(const struct serve_options *options, struct satz_error *err);

#endif
