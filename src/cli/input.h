/* input.h -- reads text line by line for a command; what goes wrong is said on standard error. */
#ifndef SATZ_CLI_INPUT_H
#define SATZ_CLI_INPUT_H

#include <stddef.h>
#include <stdio.h>

#include "cli/options.h"

/* All zero is a closed one. */
struct input {
    const struct usage *usage; /* of the command, for messages */
    const char *name;
    FILE *file;
    char *line; /* the last one read, without its "\n"; may hold '\0' */
    size_t length, capacity;
    size_t number; /* of that line, from 1 */
};

/* "-" is standard input. 0, or EXIT_FAILURE. `path` must outlive *in. */
int input_open(struct input *in, const char *path, const struct usage *usage);

/* 1 with the next line; 0 at the end; -1 on an error. A last line without "\n" counts. */
int input_next(struct input *in);

void input_close(struct input *in);

#endif
