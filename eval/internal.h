/* internal.h -- what the files of eval/ share: errors, memory, reading lines. */
#ifndef SATZ_EVAL_INTERNAL_H
#define SATZ_EVAL_INTERNAL_H

#include <stddef.h>

#include "satz.h"

/* Formats the message into *err (ignored when NULL). Always returns -1. */
int eval_error(struct satz_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Makes room for `need` elements of `size` bytes in the array *data of capacity *capacity, growing
 * geometrically. On failure *data and *capacity stay valid. */
int eval_grow(void *data, size_t *capacity, size_t need, size_t size, struct satz_error *err);

/* Reads a text file line by line. Only "\n" ends a line; a last line without it counts. */
struct eval_reader;

/* "-" is standard input. Free with eval_reader_close, which accepts NULL. */
struct eval_reader *eval_reader_open(const char *path, struct satz_error *err);
void eval_reader_close(struct eval_reader *r);

/* 1 with the next line, owned by the reader until the next call; 0 at the end; -1 on error. */
int eval_reader_next(struct eval_reader *r, const char **line, struct satz_error *err);

/* Lines read so far, and the name for messages. */
size_t eval_reader_lines(const struct eval_reader *r);
const char *eval_reader_name(const struct eval_reader *r);

#endif
