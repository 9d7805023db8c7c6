/* help.h -- what the tables of commands and options are printed as: --help and --help=FORMAT.
 *
 * A format is a file help_NAME.c that exports `const struct help_format help_NAME`, and a line in
 * HELP_LIST. Whatever has tables has every format: a new command needs nothing for it. */
#ifndef SATZ_CLI_HELP_H
#define SATZ_CLI_HELP_H

#include <stdbool.h>

#include "cli/command.h"
#include "cli/options.h"

/* clang-format off */
#define HELP_LIST(X)                                                       \
    X(text, "what --help prints")                                          \
    X(man, "the manual page")                                              \
    X(bash, "completion for bash")                                         \
    X(zsh, "completion for zsh")                                           \
    X(commands, "the name of each command, with those inside of others")
/* clang-format on */

struct help_format {
    /* Before a command is asked for its usage; may be NULL. */
    void (*begin)(const struct command_group *group, const struct command *command);
    void (*usage)(const struct usage *usage);
    void (*group)(const struct command_group *group);
    const char *option; /* the command line that asks a command for this format */
};

#define HELP_DECLARE(name, meaning) extern const struct help_format help_##name;
HELP_LIST(HELP_DECLARE)
#undef HELP_DECLARE

/* The format of that name, or NULL. The index-th name and what it is, or NULL past the end. */
const struct help_format *help_find(const char *name);
const char *help_name(int index);
const char *help_meaning(int index);

/* The format that a word of the command line asks for ("--help", "-h", "--help=man"), or NULL. */
const struct help_format *help_asked(const char *word);

/* Has a command print itself in a format. */
void help_run(const struct help_format *format, const struct command *command);

/* Exit statuses, from 0, or NULL past the end: "0", "success". */
const char *help_status(int index, const char **meaning);

/* What the argument of an option is: of those whose help calls it `name`, and of those called
 * `option` (NULL: none). */
struct argument {
    const char *name, *option;
    enum { ARGUMENT_NAME, ARGUMENT_FILE, ARGUMENT_FOLDER, ARGUMENT_SETTING } kind;
    const char *(*choice)(int index); /* of a name: each of them; NULL past the end */
    bool listed;                      /* the help names them */
};

/* That of a row, or NULL: the row has none or it can be anything. */
const struct argument *argument_of(const struct option_row *row);

/* Prints all names an argument can have, `between` between them: of a setting "model.tie=" and, as
 * it is a choice, "model.tie=all". Nothing for files and folders. */
void argument_print_names(const struct argument *argument, const char *between);

#endif
