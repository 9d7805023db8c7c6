#include "cli/options.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/help.h"
#include "cli/visible.h"
#include "satz.h"

enum {
    MOST_ROWS = 64,
    FIRST_ROW = 256, /* getopt's value of row 0: not a letter */
};

const struct option_row options_help_row = {'h', "help", NULL, "print this and end"};

/* getopt's view of the table, with --help; zero ends both lists. */
struct parser {
    struct option longs[MOST_ROWS + 2];
    char shorts[2 * MOST_ROWS + 4];
};

/* Fills *p, which is all zero. */
static void parser_fill(struct parser *p, const struct usage *usage)
{
    assert(usage->n_rows <= MOST_ROWS);
    char *s = p->shorts;
    *s++ = ':'; /* a missing argument is told from an unknown option */
    for (int i = 0; i <= usage->n_rows; i++) {
        const struct option_row *row = i < usage->n_rows ? &usage->rows[i] : &options_help_row;
        p->longs[i] = (struct option){.name = row->name,
                                      .has_arg = i == usage->n_rows ? optional_argument
                                                 : row->argument    ? required_argument
                                                                    : no_argument,
                                      .val = FIRST_ROW + i};
        if (row->letter)
            *s++ = row->letter;
        if (row->letter && row->argument)
            *s++ = ':';
    }
}

int usage_error(const struct usage *usage, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "%s: ", usage->name);
    visible_vline(stderr, format, args);
    fprintf(stderr, "`%s --help` tells more\n", usage->name);
    va_end(args);
    return EXIT_USAGE;
}

int command_failed(const struct usage *usage, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "%s: ", usage->name);
    visible_vline(stderr, format, args);
    va_end(args);
    return EXIT_FAILURE;
}

/* What is wrong with `word`, which getopt did not know. */
static int unknown_option(const struct usage *usage, const char *word)
{
    if (optopt)
        return usage_error(usage, "there is no option -%c", optopt);
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 2, "="), word + 2);
    const char *names[MOST_ROWS + 1];
    int n = 0, n_begun = 0;
    for (int i = 0; i <= usage->n_rows; i++) {
        names[n] = i < usage->n_rows ? usage->rows[i].name : options_help_row.name;
        n_begun += strncmp(names[n++], name, strlen(name)) == 0;
    }
    if (n_begun > 1)
        return usage_error(usage, "--%s is short for more than one option", name);
    const char *near = satz_nearest_name(name, names, (size_t)n);
    if (near)
        return usage_error(usage, "there is no option --%s; did you mean --%s?", name, near);
    return usage_error(usage, "there is no option --%s", name);
}

/* The row that getopt's value stands for, n_rows for --help, -1 for none. */
static int find_row(const struct usage *usage, int value)
{
    if (value >= FIRST_ROW)
        return value - FIRST_ROW;
    for (int i = 0; i < usage->n_rows; i++)
        if (usage->rows[i].letter == value)
            return i;
    return value == options_help_row.letter ? usage->n_rows : -1;
}

int options_next(const struct usage *usage, int argc, char **argv, int *status)
{
    struct parser parser = {0};
    parser_fill(&parser, usage);
    opterr = 0;
    int value = getopt_long(argc, argv, parser.shorts, parser.longs, NULL);
    if (value == -1)
        return OPTIONS_END;
    if (value == '?' || value == ':') {
        int row = optopt ? find_row(usage, optopt) : -1;
        const char *name = row < 0                ? NULL
                           : row == usage->n_rows ? options_help_row.name
                                                  : usage->rows[row].name;
        if (!name)
            *status = unknown_option(usage, argv[optind - 1]);
        else if (value == ':')
            *status = usage_error(usage, "--%s needs an argument: --%s %s", name, name,
                                  usage->rows[row].argument);
        else
            *status = usage_error(usage, "--%s takes no argument", name);
        return OPTIONS_STOP;
    }
    int row = find_row(usage, value);
    if (row < usage->n_rows)
        return row;
    const struct help_format *format = optarg ? help_find(optarg) : &help_text;
    if (format)
        format->usage(usage);
    *status = format ? EXIT_SUCCESS
                     : usage_error(usage,
                                   "--help=%s: there is no such format; `satz --help` lists "
                                   "them",
                                   optarg);
    return OPTIONS_STOP;
}

int option_integer(const struct usage *usage, int row, const char *text, long least, long most,
                   long *value)
{
    char *end;
    errno = 0;
    long number = strtol(text, &end, 10);
    if (end == text || *end || errno || number < least || number > most)
        return usage_error(usage, "--%s %s: give a whole number from %ld to %ld",
                           usage->rows[row].name, text, least, most);
    *value = number;
    return 0;
}

int option_real(const struct usage *usage, int row, const char *text, double least, double most,
                double *value)
{
    char *end;
    double number = strtod(text, &end);
    if (end == text || *end || !isfinite(number) || number < least || number > most)
        return usage_error(usage, "--%s %s: give a number from %g to %g", usage->rows[row].name,
                           text, least, most);
    *value = number;
    return 0;
}
