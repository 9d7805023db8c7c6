/* lines.h -- reads text line by line, plain or gzip, from a file or standard input ("-"). */
#ifndef SATZ_BASE_LINES_H
#define SATZ_BASE_LINES_H

#include <stddef.h>

#include "base/error.h"

struct lines;

/* NULL with *err set when the file cannot be opened. */
struct lines *lines_open(const char *path, struct satz_error *err);

/* 1 with the next line (without its "\n" or "\r\n"; may hold '\0') in *text and *length, owned by
 * the reader and valid until the next call; 0 at the end; -1 on error. A last line without a
 * newline counts. */
int lines_next(struct lines *l, const char **text, size_t *length, struct satz_error *err);

/* 1-based number of the line last returned. */
size_t lines_number(const struct lines *l);

void lines_close(struct lines *l);

#endif
