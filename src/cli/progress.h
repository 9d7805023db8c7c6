/* progress.h -- how far a long piece of work is, on standard error.
 *
 * On a terminal one line that is redrawn in place, as wide as the terminal; elsewhere a line of
 * text now and then. Whatever else is printed meanwhile goes after progress_clear, so that nothing
 * half-drawn stays behind. */
#ifndef SATZ_CLI_PROGRESS_H
#define SATZ_CLI_PROGRESS_H

#include <stdbool.h>

struct progress {
    bool terminal, drawn;
    double last; /* when it was last shown, in seconds of the monotonic clock */
};

void progress_init(struct progress *p);

/* Whether it is time to show again: ask before making the text of progress_show. */
bool progress_is_due(const struct progress *p);

/* Shows `done`, 0 .. 1, as a bar and in percent, nothing of it when it is not known (negative);
 * then `figures` (ASCII), cut to the terminal. */
void progress_show(struct progress *p, double done, const char *figures);

/* Takes the line off the terminal. */
void progress_clear(struct progress *p);

/* "1:02:03" or "2:03" of a number of seconds, "?" when it is not known (negative or no number). */
enum { DURATION_SIZE = 24 };
const char *format_duration(double seconds, char out[DURATION_SIZE]);

#endif
