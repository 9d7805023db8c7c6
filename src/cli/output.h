/* output.h -- where a command's lines go: standard output, or a file that is there only when it is
 * whole. What goes wrong is said on standard error.
 *
 * Lines are written whole, many at once; where the other end is a file that fills the disk, the
 * part of a line that still fitted is taken off again. */
#ifndef SATZ_CLI_OUTPUT_H
#define SATZ_CLI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/options.h"

struct output {
    const struct usage *usage; /* of the command, for messages */
    const char *name;          /* what messages call it */
    int file;
    char *temporary, *target; /* of a file to be put in its place */
};

/* `path` NULL: standard output. A device or a pipe is written to directly. Until output_close, a
 * signal that ends the program takes the unfinished file away. 0, or EXIT_FAILURE. */
int output_open(struct output *o, const char *path, const struct usage *usage);

/* n bytes of whole lines. 0, or EXIT_FAILURE. */
int output_write(struct output *o, const char *lines, size_t n);

/* What was printed to standard output so far. 0, or EXIT_FAILURE. */
int output_flush_standard(const struct usage *usage);

/* With status 0 the file takes its place, else nothing of it stays. Returns status, or EXIT_FAILURE
 * when that went wrong. */
int output_close(struct output *o, int status);

#endif
