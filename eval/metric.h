/* metric.h -- what a metric is. To add one: write NAME.c with its metric_kind and a line here. */
#ifndef SATZ_EVAL_METRIC_H
#define SATZ_EVAL_METRIC_H

#include <stdbool.h>
#include <stddef.h>

#include "satz.h"

#define METRIC_LIST(X)                                                                             \
    X(bleu)                                                                                        \
    X(chrf)                                                                                        \
    X(ter)

enum option_type {
    OPTION_END,
    OPTION_TYPE_FLAG,
    OPTION_TYPE_INTEGER,
    OPTION_TYPE_NUMBER,
    OPTION_TYPE_CHOICE
};

/* An option in the text of metric_new and the field of the options structure that it sets. */
struct metric_option {
    const char *name;
    enum option_type type;
    size_t offset;     /* of a bool, int, double or const char * */
    size_t has_offset; /* of a bool that says that the field was set; 0: there is none */
    double low, high;  /* the range of numbers, ends included */
    const char *(*choice)(int index);
};

#define OPTION_FLAG(s, field)   .type = OPTION_TYPE_FLAG, .offset = offsetof(s, field)
#define OPTION_CHOICE(s, field) .type = OPTION_TYPE_CHOICE, .offset = offsetof(s, field)
#define OPTION_INTEGER(s, field, least, most)                                                      \
    .type = OPTION_TYPE_INTEGER, .offset = offsetof(s, field), .low = (least), .high = (most)
#define OPTION_NUMBER(s, field, least, most)                                                       \
    .type = OPTION_TYPE_NUMBER, .offset = offsetof(s, field), .low = (least), .high = (most)

/* The functions do what those of eval.h do that have these names. */
struct metric_kind {
    const char *name;
    const struct metric_option *options; /* up to one of OPTION_END */
    const void *defaults;                /* an options structure */
    size_t options_size;
    bool lower_is_better;
    void *(*create)(const void *options, struct satz_error *err);
    void (*destroy)(void *self);
    int (*n_statistics)(const void *self);
    int (*count)(void *self, const char *hypothesis, const char *const *references,
                 int n_references, double *row, struct satz_error *err);
    double (*score)(const void *self, const double *row);
    int (*label)(const void *self, char *out, size_t size);
    int (*format)(const void *self, const double *row, int width, char *out,
                  size_t size); /* NULL: label = score */
    int (*signature)(const void *self, char *out, size_t size);
};

#define METRIC_DECLARE(id) extern const struct metric_kind metric_##id;
METRIC_LIST(METRIC_DECLARE)
#undef METRIC_DECLARE

#endif
