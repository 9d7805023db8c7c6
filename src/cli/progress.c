#include "cli/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { LONGEST_LINE = 512, LEAST_BAR = 8, MOST_BAR = 40 };

static const double SECONDS_BETWEEN_DRAWINGS = 0.1;
static const double SECONDS_BETWEEN_LINES = 30.0;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Asked anew each time: the window may have been resized. */
static int terminal_width(void)
{
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
        return 80;
    return size.ws_col < LONGEST_LINE ? size.ws_col : LONGEST_LINE;
}

void progress_init(struct progress *p)
{
    const char *term = getenv("TERM");
    bool can_erase = term && *term && strcmp(term, "dumb") != 0;
    *p = (struct progress){.terminal = can_erase && isatty(STDERR_FILENO)};
    p->last = p->terminal ? 0 : now();
}

bool progress_is_due(const struct progress *p)
{
    return now() - p->last >= (p->terminal ? SECONDS_BETWEEN_DRAWINGS : SECONDS_BETWEEN_LINES);
}

void progress_show(struct progress *p, double done, const char *figures)
{
    double share = done > 0 ? (done < 1 ? done : 1) : 0;
    char percent[16] = "";
    p->last = now();
    if (done >= 0)
        snprintf(percent, sizeof percent, "%3d%%  ", (int)(share * 100));
    if (!p->terminal) {
        fprintf(stderr, "%s%s\n", percent, figures);
        return;
    }
    /* The last column stays free: writing there would scroll some terminals. */
    int room = terminal_width() - 1 - (int)strlen(" 42% []  ") - (int)strlen(figures);
    int width = done < 0 || room < LEAST_BAR ? 0 : room < MOST_BAR ? room : MOST_BAR;
    char line[LONGEST_LINE + 1], bar[MOST_BAR + 3] = "";
    if (width) {
        int filled = (int)(share * width);
        bar[0] = '[';
        memset(bar + 1, '#', (size_t)filled);
        memset(bar + 1 + filled, '.', (size_t)(width - filled));
        memcpy(bar + 1 + width, "]", 2);
    }
    snprintf(line, sizeof line, "%.5s%s%s%s", percent, bar, width ? "  " : "", figures);
    /* One write, which erases only what is right of the new text: no flicker. */
    fprintf(stderr, "\r%.*s\033[K", terminal_width() - 1, line);
    fflush(stderr);
    p->drawn = true;
}

void progress_clear(struct progress *p)
{
    if (p->drawn)
        fputs("\r\033[K", stderr);
    p->drawn = false;
}

const char *format_duration(double seconds, char out[DURATION_SIZE])
{
    if (!(seconds >= 0 && seconds < 1e9)) {
        snprintf(out, DURATION_SIZE, "?");
        return out;
    }
    long s = (long)(seconds + 0.5);
    if (s >= 3600)
        snprintf(out, DURATION_SIZE, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
    else
        snprintf(out, DURATION_SIZE, "%ld:%02ld", s / 60, s % 60);
    return out;
}
