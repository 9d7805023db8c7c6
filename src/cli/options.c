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
#include "satz.h"

enum {
    MOST_ROWS = 64,
    FIRST_ROW = 256, /* getopt's value of row 0: not a letter */
    HELP_COLUMN = 28,
    HELP_WIDTH = 90,
};

static const struct option_row help_row = {'h', "help", NULL, "print this and end"};

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
        const struct option_row *row = i < usage->n_rows ? &usage->rows[i] : &help_row;
        p->longs[i] = (struct option){.name = row->name,
                                      .has_arg = row->argument ? required_argument : no_argument,
                                      .val = FIRST_ROW + i};
        if (row->letter)
            *s++ = row->letter;
        if (row->letter && row->argument)
            *s++ = ':';
    }
}

/* Prints `text` from HELP_COLUMN on, in lines of at most HELP_WIDTH; `at` is the current column. */
static void print_wrapped(const char *text, int at)
{
    if (at >= HELP_COLUMN)
        at = HELP_WIDTH;
    while (*text) {
        int n = (int)strcspn(text, " ");
        if (at + 1 + n > HELP_WIDTH) {
            printf("\n%*s", HELP_COLUMN, "");
            at = HELP_COLUMN;
        } else if (at < HELP_COLUMN) {
            printf("%*s", HELP_COLUMN - at, "");
            at = HELP_COLUMN;
        } else {
            at += printf(" ");
        }
        at += printf("%.*s", n, text);
        text += n;
        text += strspn(text, " ");
    }
    putchar('\n');
}

static void print_row(const struct option_row *row)
{
    int at = row->letter ? printf("  -%c, --%s", row->letter, row->name)
                         : printf("      --%s", row->name);
    if (row->argument)
        at += printf(" %s", row->argument);
    print_wrapped(row->meaning, at);
}

static void print_usage(const struct usage *usage)
{
    const char *line = usage->synopsis, *lead = "Usage: ";
    for (;;) {
        int n = (int)strcspn(line, "\n");
        printf("%s%s%s%.*s\n", lead, usage->name, n ? " " : "", n, line);
        if (!line[n])
            break;
        line += n + 1;
        lead = "       ";
    }
    printf("\n%s\nOptions:\n", usage->about);
    for (int i = 0; i < usage->n_rows; i++)
        print_row(&usage->rows[i]);
    print_row(&help_row);
    if (usage->print_more)
        usage->print_more();
}

int usage_error(const struct usage *usage, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "%s: ", usage->name);
    vfprintf(stderr, format, args);
    fprintf(stderr, "\n`%s --help` tells more\n", usage->name);
    va_end(args);
    return EXIT_USAGE;
}

int command_failed(const struct usage *usage, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "%s: ", usage->name);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
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
        names[n] = i < usage->n_rows ? usage->rows[i].name : help_row.name;
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
    return value == help_row.letter ? usage->n_rows : -1;
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
                           : row == usage->n_rows ? help_row.name
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
    print_usage(usage);
    *status = EXIT_SUCCESS;
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
