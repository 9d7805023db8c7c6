#include "cli/tally.h"

#include <stdio.h>

/* Lines that are named one by one. */
enum { MOST_NAMED = 20 };

void tally_add(struct tally *t, int happened, size_t line)
{
    if (happened && t->n++ == 0)
        t->first = line;
}

void tally_add_invalid(struct tally *t, const struct usage *usage, const char *file, size_t line)
{
    char number[32] = "";
    tally_add(t, 1, line);
    if (t->n > MOST_NAMED)
        return;
    if (line > 0)
        snprintf(number, sizeof number, ":%zu", line);
    fprintf(stderr, "%s: %s%s: not valid UTF-8; what could not be read became U+FFFD\n",
            usage->name, file, number);
}

void tally_add_invalid_pair(struct tally *t, const struct usage *usage, const char *source,
                            const char *target, size_t line, int invalid)
{
    if (invalid & 1)
        tally_add_invalid(t, usage, source, line);
    if (invalid & 2)
        tally_add_invalid(t, usage, target, line);
}

void tally_report_invalid(const struct tally *t, const struct usage *usage)
{
    if (t->n > MOST_NAMED)
        fprintf(stderr,
                "%s: lines that are not valid UTF-8: %zu, of which the first %d are named above; "
                "`LC_ALL=C.UTF-8 grep -naxv '.*' FILE` shows all\n",
                usage->name, t->n, MOST_NAMED);
}

void tally_report(const struct usage *usage, const struct tally *truncated,
                  const struct tally *invalid)
{
    if (truncated->n)
        fprintf(stderr, "%s: pairs that were too long and were cut: %zu, the first in line %zu\n",
                usage->name, truncated->n, truncated->first);
    tally_report_invalid(invalid, usage);
}
