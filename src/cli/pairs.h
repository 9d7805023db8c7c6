/* pairs.h -- two files read side by side, a chunk of pairs at a time; what goes wrong is said on
 * standard error. */
#ifndef SATZ_CLI_PAIRS_H
#define SATZ_CLI_PAIRS_H

#include "cli/input.h"
#include "satz.h"

enum { PAIRS_CHUNK = 1024 };

/* All zero is a closed one. */
struct pairs {
    struct input source, target;
    struct satz_pair chunk[PAIRS_CHUNK]; /* [n], each text kept in `lines` */
    size_t n, first;                     /* the number of the line of chunk[0], from 1 */
    char *lines[PAIRS_CHUNK][2];
    size_t capacities[PAIRS_CHUNK][2];
};

/* "-" is standard input, once. 0, or the exit status. */
int pairs_open(struct pairs *p, const char *source, const char *target, const struct usage *usage);

/* 1 with the next lines in chunk[0 .. n), without "\r"; 0 at the end of both files; -1 on an error,
 * which may be that one of them has fewer lines. */
int pairs_next(struct pairs *p);

void pairs_close(struct pairs *p);

#endif
