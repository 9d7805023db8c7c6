/* command.h -- what a command of the program is.
 *
 * A command is a file cmd_NAME.c that exports `const struct command command_NAME`, and a line in
 * commands.h. Commands print their result to standard output and everything else to standard error;
 * main checks at the end that standard output took it all. */
#ifndef SATZ_CLI_COMMAND_H
#define SATZ_CLI_COMMAND_H

#include <stddef.h>

/* Exit statuses besides EXIT_SUCCESS and EXIT_FAILURE. */
enum {
    EXIT_USAGE = 2,   /* the command line makes no sense */
    EXIT_SIGNAL = 128 /* plus the signal's number: stopped early, as asked */
};

struct command {
    const char *name, *summary;
    /* argv[0] is the command's name; returns the exit status. */
    int (*run)(int argc, char **argv);
};

/* A program, or a command that has commands of its own. */
struct command_group {
    const char *name;    /* "satz", "satz tokenizer" */
    const char *summary; /* of the program; NULL for a command, which has one already */
    const char *about;   /* for --help: whole lines */
    const struct command *const *commands;
    size_t n_commands;
};

/* Runs the command that argv[1] names, or answers --help; a wrong name is a usage error with the
 * nearest right one. Returns the exit status. */
int command_dispatch(const struct command_group *group, int argc, char **argv);

#endif
