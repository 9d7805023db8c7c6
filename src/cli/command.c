#include "cli/command.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/help.h"
#include "cli/visible.h"
#include "satz.h"

enum { MOST_COMMANDS = 32 };

static int unknown_command(const struct command_group *group, const char *word)
{
    const char *names[MOST_COMMANDS];
    size_t n = 0;
    for (; n < group->n_commands && n < MOST_COMMANDS; n++)
        names[n] = group->commands[n]->name;
    const char *near = satz_nearest_name(word, names, n);
    if (near)
        visible_line(stderr, "%s: there is no command \"%s\"; did you mean \"%s\"?", group->name,
                     word, near);
    else
        visible_line(stderr, "%s: there is no command \"%s\"; `%s --help` lists them", group->name,
                     word, group->name);
    return EXIT_USAGE;
}

int command_dispatch(const struct command_group *group, int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "Usage: %s COMMAND [OPTION]...\n`%s --help` lists the commands\n",
                group->name, group->name);
        return EXIT_USAGE;
    }
    const struct help_format *format = help_asked(argv[argc == 3 ? 2 : 1]);
    if (argc == 2 && format) {
        format->group(group);
        return EXIT_SUCCESS;
    }
    for (size_t i = 0; i < group->n_commands; i++) {
        if (strcmp(argv[1], group->commands[i]->name) == 0) {
            optind = 0; /* getopt starts anew */
            if (format && format->begin)
                format->begin(group, group->commands[i]);
            return group->commands[i]->run(argc - 1, argv + 1);
        }
    }
    return unknown_command(group, argv[1]);
}
