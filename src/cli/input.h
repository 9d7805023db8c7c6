/* input.h -- reads text line by line for a command; what goes wrong is said on standard error. */
#ifndef SATZ_CLI_INPUT_H
#define SATZ_CLI_INPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/options.h"

/* All zero is a closed one. */
struct input {
    const struct usage *usage; /* of the command, for messages */
    const char *name;          /* NULL: closed */
    int file;
    char *line; /* the last one read, without its "\n", then '\0'; may hold '\0' */
    size_t length, capacity;
    size_t number; /* of that line, from 1 */

    char *ahead; /* [begin, end) was read but is no line yet; the first `searched` have no "\n" */
    size_t begin, end, room, searched;
    bool ended;
};

/* "-" is standard input. 0, or EXIT_FAILURE. `path` must outlive *in. */
int input_open(struct input *in, const char *path, const struct usage *usage);

/* 1 with the next line; 0 at the end; -1 on an error. A last line without "\n" counts; the mark
 * that some editors put at the beginning of UTF-8 does not. */
int input_next(struct input *in);

/* Whether input_next would have to wait for whoever writes the other end of a pipe, even after
 * `milliseconds`. */
bool input_waits(struct input *in, int milliseconds);

/* Exchanges the line just read for the buffer *line of *capacity bytes, which may be NULL and 0.
 * Returns its length without a "\r" at its end. */
size_t input_take_line(struct input *in, char **line, size_t *capacity);

void input_close(struct input *in);

#endif
