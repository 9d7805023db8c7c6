/* request.h -- what POST /translate asks for.
 *
 *     {"text": "A sentence."}
 *     {"text": ["One.", "Two."], "n_best": 3, "alignment": "links", "units": "subwords"}
 *
 * Anything else is refused: a field that is not known, by name and with the nearest right spelling;
 * a wrong type; a value out of range; more than the limits allow. */
#ifndef SATZ_SERVE_REQUEST_H
#define SATZ_SERVE_REQUEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "satz.h"
#include "serve/problem.h"

enum alignment {
    ALIGNMENT_NONE,
    ALIGNMENT_LINKS,  /* "0-0 1-2": source-target, the heaviest source unit of each target unit */
    ALIGNMENT_WEIGHTS /* the attention matrix */
};

struct request_limits {
    size_t body;      /* bytes */
    size_t sentences; /* of a request */
    size_t sentence;  /* bytes */
    int beam;         /* n_best is at most that */
    bool attention;   /* whether the model has any */
};

/* All zero is an empty one. */
struct request {
    const char **texts; /* [n], UTF-8; owned by `json` */
    size_t *lengths;    /* [n], in bytes */
    size_t n;
    bool single; /* "text" was a string */
    int n_best;  /* 0: not asked for */
    enum alignment alignment;
    enum satz_units units;
    json_t *json;
};

/* Reads `n` bytes. 0; or -1 with status 400 (what is wrong), 413 (what is too large) or 500 in *p,
 * and *r empty. */
int request_parse(struct request *r, const char *bytes, size_t n,
                  const struct request_limits *limits, struct problem *p);

void request_release(struct request *r);

#endif
