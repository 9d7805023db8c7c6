/* tally.h -- lines that something happened to: counted, and told of on standard error. */
#ifndef SATZ_CLI_TALLY_H
#define SATZ_CLI_TALLY_H

#include <stddef.h>

#include "cli/options.h"

struct tally {
    size_t n, first; /* how many lines, the first of them from 1 */
};

/* Counts the line when it `happened`. */
void tally_add(struct tally *t, int happened, size_t line);

/* Counts a line of `file` that is not valid UTF-8, and names it if it is among the first 20; line 0
 * is for a text that is not in a file. */
void tally_add_invalid(struct tally *t, const struct usage *usage, const char *file, size_t line);

/* The same for the lines of a pair, `invalid` being what satz_score says of it. */
void tally_add_invalid_pair(struct tally *t, const struct usage *usage, const char *source,
                            const char *target, size_t line, int invalid);

/* At the end: how many there were, if not all were named. */
void tally_report_invalid(const struct tally *t, const struct usage *usage);

/* What the tallies of a command that reads pairs counted. */
void tally_report(const struct usage *usage, const struct tally *truncated,
                  const struct tally *invalid);

#endif
