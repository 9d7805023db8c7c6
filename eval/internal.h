/* internal.h -- what the files of eval/ share: errors, memory, reading lines. */
#ifndef SATZ_EVAL_INTERNAL_H
#define SATZ_EVAL_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "satz.h"

/* Formats the message into *err (ignored when NULL). Always returns -1. */
int eval_error(struct satz_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Makes room for `need` elements of `size` bytes in the array *data of capacity *capacity, growing
 * geometrically. On failure *data and *capacity stay valid. */
int eval_grow(void *data, size_t *capacity, size_t need, size_t size, struct satz_error *err);

/* "a, b or c" of the names that name(0), name(1) ... gives until NULL. */
void eval_list_names(char *out, size_t size, const char *(*name)(int index));

/* Reads a text file, plain or gzip, line by line. Only "\n" ends a line; a last line without it
 * counts. White space at the end of a line is not part of it, as in sacreBLEU's program. */
struct eval_reader;

/* "-" is standard input. Free with eval_reader_close, which accepts NULL. */
struct eval_reader *eval_reader_open(const char *path, struct satz_error *err);
void eval_reader_close(struct eval_reader *r);

/* 1 with the next line, owned by the reader until the next call; 0 at the end; -1 on error. */
int eval_reader_next(struct eval_reader *r, const char **line, struct satz_error *err);

/* Lines read so far, and the name for messages. */
size_t eval_reader_lines(const struct eval_reader *r);
const char *eval_reader_name(const struct eval_reader *r);

/* Reads files of equally many lines, one line of each at a time. */
struct eval_files;

/* "-" is standard input, once. Free with eval_files_close, which accepts NULL. */
struct eval_files *eval_files_open(const char *const *paths, int n, struct satz_error *err);
void eval_files_close(struct eval_files *f);

/* 1 with the next line of each file in lines[0 .. n), owned by *f until the next call; 0 if all
 * end; -1 on error, also if only some end. */
int eval_files_next(struct eval_files *f, const char *const **lines, struct satz_error *err);

/* The references of a segment may be fewer than those of others: missing ones are NULL or "". */
static inline bool reference_missing(const char *reference)
{
    return !reference || !reference[0];
}

/* How many references all segments so far have (0: no segment yet, -1: it differs) after one more
 * segment with n; and its text in signatures. */
int references_seen(int seen, int n);
const char *references_text(int seen, char buffer[16]);

/* Appends to the text of `length` in out[0 .. size), as snprintf would; returns the new length,
 * which may be beyond `size`. */
size_t eval_append(char *out, size_t size, size_t length, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
