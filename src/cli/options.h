/* options.h -- the options of a command: one table gives both the parser and the help.
 *
 *     enum { OPTION_WIDTH, OPTION_LOWERCASE };
 *     static const struct option_row rows[] = {
 *         [OPTION_WIDTH] = {'w', "width", "N", "digits after the point (default 2)"},
 *         [OPTION_LOWERCASE] = {0, "lowercase", NULL, "ignore case"},
 *     };
 *     for (int option; (option = options_next(&usage, argc, argv, &status)) != OPTIONS_END;)
 *         switch (option) {
 *         case OPTION_WIDTH:     ... optarg ...
 *         case OPTIONS_STOP:     return status;
 *
 * Options and operands may be mixed; "--" ends the options. After OPTIONS_END the operands are
 * argv[optind] .. argv[argc - 1]. --help needs no row. The manual page and the completions of
 * shells come from the same table (cli/help.h): what the argument is called tells them what it can
 * be (arguments.c). */
#ifndef SATZ_CLI_OPTIONS_H
#define SATZ_CLI_OPTIONS_H

struct option_row {
    char letter; /* 0: none */
    const char *name;
    const char *argument; /* what the help calls it; NULL: the option has none */
    const char *meaning;
};

struct usage {
    const char *name;     /* "satz bleu" */
    const char *synopsis; /* what follows the name; a line for each form */
    const char *about;    /* for --help: whole lines */
    const struct option_row *rows;
    int n_rows; /* at most 64 */
    const char
        *examples; /* whole lines: command lines, each after a line "# what it does"; or NULL */
    /* For --help: prints further lines after the options, preceded by an empty one. In the manual
     * they stand as they are, so none may begin with "." or have a backslash. May be NULL. */
    void (*print_more)(void);
};

/* The row of --help, which every command has. */
extern const struct option_row options_help_row;

enum { OPTIONS_END = -1, OPTIONS_STOP = -2 };

/* The index of the next option's row, its argument in optarg; OPTIONS_END after the last one;
 * OPTIONS_STOP, with the exit status in *status, when the help was printed or an option is wrong
 * and that was said. */
int options_next(const struct usage *usage, int argc, char **argv, int *status);

/* Says on standard error what is wrong with the command line and points to --help. Returns
 * EXIT_USAGE. */
int usage_error(const struct usage *usage, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Says on standard error why the command failed. Returns EXIT_FAILURE. */
int command_failed(const struct usage *usage, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The number that `text`, the argument of a row, stands for. 0, or EXIT_USAGE when it is not one
 * between `least` and `most`, which was said then. */
int option_integer(const struct usage *usage, int row, const char *text, long least, long most,
                   long *value);
int option_real(const struct usage *usage, int row, const char *text, double least, double most,
                double *value);

#endif
