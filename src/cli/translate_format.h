/* translate_format.h -- how `satz translate` writes translations. */
#ifndef SATZ_CLI_TRANSLATE_FORMAT_H
#define SATZ_CLI_TRANSLATE_FORMAT_H

#include <stdbool.h>
#include <stdio.h>

#include "satz.h"

/* How "|" is written in the text of Moses' n-best lists. */
#define MOSES_BAR "&#124;"

/* One format: a row in translate_format.c. */
struct translate_format {
    const char *name;
    bool takes_n_best;
    /* Line `line`, from 0, of the input; `coverage` tells whether that was asked for. */
    void (*write)(FILE *out, const struct satz_translation *t, size_t line, bool coverage);
};

/* The format of that name; NULL if there is none. */
const struct translate_format *translate_format_find(const char *name);

#endif
