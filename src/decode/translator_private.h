/* translator_private.h -- what translator.c and force.c share. */
#ifndef SATZ_DECODE_TRANSLATOR_PRIVATE_H
#define SATZ_DECODE_TRANSLATOR_PRIVATE_H

#include "decode/score.h"
#include "decode/translator.h"

/* What one thread works with. */
struct worker {
    struct compute *compute;
    struct batch batch;
    struct batch_sentence *sentences; /* [options.batch] */
    struct search search;
    struct scorer scorer;
    int status; /* -1 after a failure, told in err */
    struct satz_error err;
};

/* A line being translated. */
struct line {
    const char *text;
    size_t length;
    struct token_list tokens;
    int n; /* of those, how many are used */
    bool truncated, invalid;
};

struct translator {
    const struct model *model;
    struct translator_options options;
    struct worker *workers; /* [options.threads] */
    size_t n_lines, capacity, lines_capacity, order_capacity;
    struct line *lines;                    /* [n_lines] */
    struct satz_translation *translations; /* [n_lines]; own their hypotheses and texts */
    uint32_t *order;                       /* [n_ordered]: lines with tokens, longest first */
    size_t n_ordered;
    int batch; /* of this run */
};

/* What the worker passes to the network; no gradients, no dropout. */
struct pass translator_pass(const struct translator *t, const struct worker *w);

#endif
