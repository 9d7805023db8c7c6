/* The help as a list of commands by their full names, one a line, for scripts. */
#include <stdio.h>
#include <string.h>

#include "cli/help.h"

/* What follows the program's name. */
static void print_name(const char *name)
{
    const char *space = strchr(name, ' ');
    if (space)
        puts(space + 1);
}

static void print_usage(const struct usage *usage)
{
    print_name(usage->name);
}

static void print_group(const struct command_group *group)
{
    print_name(group->name);
    for (size_t i = 0; i < group->n_commands; i++)
        help_run(&help_commands, group->commands[i]);
}

const struct help_format help_commands = {
    .usage = print_usage,
    .group = print_group,
    .option = "--help=commands",
};
