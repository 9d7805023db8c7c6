/* http.h -- the HTTP side of the server: routes, limits, time limits of connections. */
#ifndef SATZ_SERVE_HTTP_H
#define SATZ_SERVE_HTTP_H

#include <stdbool.h>

#include "serve/batcher.h"
#include "serve/metrics.h"
#include "serve/serve.h"

struct http;

/* Serves the listening socket, which it owns from now on. The others must outlive it. */
struct http *http_new(int socket, const struct serve_options *options, struct batcher *batcher,
                      struct metrics *metrics, struct satz_error *err);

/* Closes the connections that take too long; to be called now and then. */
void http_expire(struct http *h);

/* From now on connections are refused and requests answered with 503; what was accepted goes on. */
void http_drain(struct http *h);

/* Whether no request is being worked at or answered. */
bool http_is_idle(struct http *h);

/* The batcher must have finished all jobs. Accepts NULL. */
void http_free(struct http *h);

#endif
