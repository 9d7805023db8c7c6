#include "cli/help.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name, *meaning;
    const struct help_format *format;
} formats[] = {
#define HELP_ROW(name, meaning) {#name, meaning, &help_##name},
    HELP_LIST(HELP_ROW)
#undef HELP_ROW
};
enum { N_FORMATS = sizeof formats / sizeof *formats };

static const struct {
    const char *status, *meaning;
} statuses[] = {
    {"0", "success"},
    {"1", "failure, also when the output could not be written"},
    {"2", "wrong usage"},
    {"128 + n", "stopped early by signal n"},
};
enum { N_STATUSES = sizeof statuses / sizeof *statuses };

const struct help_format *help_find(const char *name)
{
    for (int i = 0; i < N_FORMATS; i++)
        if (strcmp(formats[i].name, name) == 0)
            return formats[i].format;
    return NULL;
}

const char *help_name(int index)
{
    return index < N_FORMATS ? formats[index].name : NULL;
}

const char *help_meaning(int index)
{
    return index < N_FORMATS ? formats[index].meaning : NULL;
}

const struct help_format *help_asked(const char *word)
{
    static const char option[] = "--help=";
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
        return &help_text;
    return strncmp(word, option, sizeof option - 1) == 0 ? help_find(word + sizeof option - 1)
                                                         : NULL;
}

void help_run(const struct help_format *format, const struct command *command)
{
    char name[64], option[64];
    snprintf(name, sizeof name, "%s", command->name);
    snprintf(option, sizeof option, "%s", format->option);
    char *argv[] = {name, option, NULL};
    optind = 0; /* getopt starts anew */
    command->run(2, argv);
}

const char *help_status(int index, const char **meaning)
{
    if (index >= N_STATUSES)
        return NULL;
    *meaning = statuses[index].meaning;
    return statuses[index].status;
}
