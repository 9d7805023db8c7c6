#include "cli/pairs.h"

#include <stdlib.h>
#include <string.h>

int pairs_open(struct pairs *p, const char *source, const char *target, const struct usage *usage)
{
    if (strcmp(source, "-") == 0 && strcmp(target, "-") == 0)
        return usage_error(usage, "standard input can only be one of the files");
    int status = input_open(&p->source, source, usage);
    return status ? status : input_open(&p->target, target, usage);
}

static int ends_early(const struct pairs *p, const struct input *ended, const struct input *longer)
{
    command_failed(p->source.usage,
                   "%s:%zu: there is no such line, but %s goes on: line k of one belongs to line k "
                   "of the other",
                   ended->name, ended->number + 1, longer->name);
    return -1;
}

int pairs_next(struct pairs *p)
{
    p->first = p->source.number + 1;
    for (p->n = 0; p->n < PAIRS_CHUNK; p->n++) {
        int source = input_next(&p->source), target = source < 0 ? -1 : input_next(&p->target);
        if (source < 0 || target < 0)
            return -1;
        if (source != target)
            return source ? ends_early(p, &p->target, &p->source)
                          : ends_early(p, &p->source, &p->target);
        if (!source)
            break;
        char **lines = p->lines[p->n];
        size_t *capacities = p->capacities[p->n];
        struct satz_pair *pair = &p->chunk[p->n];
        *pair = (struct satz_pair){0};
        pair->source_length = input_take_line(&p->source, &lines[0], &capacities[0]);
        pair->target_length = input_take_line(&p->target, &lines[1], &capacities[1]);
        pair->source = lines[0];
        pair->target = lines[1];
    }
    return p->n > 0;
}

void pairs_close(struct pairs *p)
{
    input_close(&p->source);
    input_close(&p->target);
    for (size_t i = 0; i < PAIRS_CHUNK; i++) {
        free(p->lines[i][0]);
        free(p->lines[i][1]);
    }
}
