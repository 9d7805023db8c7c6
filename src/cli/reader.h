/* reader.h -- a model that given text is put through, for the commands that do nothing but that:
 * its options, which are the same in each, and its translator. */
#ifndef SATZ_CLI_READER_H
#define SATZ_CLI_READER_H

#include "cli/options.h"
#include "satz.h"

/* All zero is a closed one with default options. */
struct reader {
    struct satz_translator_options options;
    const char *backend;
    struct satz_model *model;
    struct satz_translator *translator;
};

/* Their rows, for a table whose indices have these names. */
#define READER_ROWS                                                                                \
    [OPTION_MAX_LENGTH] = {'m', "max-length", "N",                                                 \
                           "cut sources after N tokens (default 4 times data.max_length)"},        \
    [OPTION_BATCH] = {0, "batch", "N", "sentences taken together; the result is the same"},        \
    [OPTION_THREADS] = {0, "threads", "N", "threads (default: all processors)"},                   \
    [OPTION_BACKEND] = {0, "backend", "BACKEND", "library for matrix products (default auto)"}

/* Takes the argument of one of these rows. 0, or EXIT_USAGE when that was said. */
int reader_take_option(struct reader *r, const struct usage *usage, int row);

/* 0, or EXIT_FAILURE when that was said. */
int reader_open(struct reader *r, const char *path, const struct usage *usage);

void reader_close(struct reader *r);

#endif
