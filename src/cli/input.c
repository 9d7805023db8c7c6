#include "cli/input.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int input_open(struct input *in, const char *path, const struct usage *usage)
{
    int standard = strcmp(path, "-") == 0;
    *in = (struct input){.usage = usage, .name = standard ? "standard input" : path};
    in->file = standard ? stdin : fopen(path, "r");
    return in->file ? 0 : command_failed(usage, "%s: cannot open: %s", path, strerror(errno));
}

int input_next(struct input *in)
{
    errno = 0;
    ssize_t n = getline(&in->line, &in->capacity, in->file);
    if (n < 0) {
        if (feof(in->file) && !ferror(in->file))
            return 0;
        command_failed(in->usage, "%s: cannot read: %s", in->name, strerror(errno));
        return -1;
    }
    if (in->line[n - 1] == '\n')
        in->line[--n] = '\0';
    in->length = (size_t)n;
    in->number++;
    return 1;
}

void input_close(struct input *in)
{
    if (in->file && in->file != stdin)
        fclose(in->file);
    free(in->line);
    *in = (struct input){0};
}
