/* translator_private.h -- what translator.c, force.c and the parts of a line share. */
#ifndef SATZ_DECODE_TRANSLATOR_PRIVATE_H
#define SATZ_DECODE_TRANSLATOR_PRIVATE_H

#include "decode/demand.h"
#include "decode/pieces.h"
#include "decode/score.h"
#include "decode/translator.h"

/* What one thread works with. */
struct worker {
    struct compute *compute;
    struct batch batch, other;        /* in the model's reading direction; in the other one */
    struct batch_sentence *sentences; /* [options.batch] */
    struct search_task *tasks;        /* [options.batch] */
    struct search_model *models;      /* [1 + options.n_ensemble] */
    struct search search;
    struct scorer scorer;
    int status; /* -1 after a failure, told in err */
    struct satz_error err;
};

/* A line being translated. */
struct line {
    const struct satz_request *request;
    struct pieces pieces;
    struct demand demand;
    bool truncated, invalid;
};

/* What is searched for as one sentence: a piece of a line. */
struct unit {
    uint32_t line, piece;
    struct satz_translation result; /* owns its hypotheses and texts */
};

struct translator {
    const struct model *model;
    struct translator_options options;
    struct worker *workers;      /* [options.threads] */
    const struct model **models; /* [1 + options.n_ensemble] */
    size_t n_lines, capacity, lines_capacity, requests_capacity;
    struct satz_request *requests;         /* made for lines that come without */
    struct line *lines;                    /* [n_lines] */
    struct satz_translation *translations; /* [n_lines]; own their hypotheses and texts */
    size_t n_units, units_capacity, order_capacity;
    struct unit *units; /* [n_units] */
    uint32_t *order;    /* [n_units]: longest first */
    int batch;          /* of this run */
};

/* What the worker passes to the network of `model`; no gradients, no dropout. */
struct pass translator_pass(const struct translator *t, const struct worker *w);

/* Searches n <= options.batch sentences as the translator's options say; `tasks` may be NULL. The
 * results are in w->search. */
int translator_search(struct translator *t, struct worker *w,
                      const struct batch_sentence *sentences, const struct search_task *tasks,
                      int n, struct satz_error *err);

#endif
