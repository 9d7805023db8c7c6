/* The help as text: lines of at most HELP_WIDTH. */
#include <stdio.h>
#include <string.h>

#include "cli/help.h"

enum { HELP_COLUMN = 28, HELP_WIDTH = 90 };

/* Prints `text` from `column` on, in lines of at most HELP_WIDTH; `at` is the current column. */
static void print_wrapped(const char *text, int column, int at)
{
    if (at >= column)
        at = HELP_WIDTH;
    while (*text) {
        int n = (int)strcspn(text, " ");
        if (at + 1 + n > HELP_WIDTH) {
            printf("\n%*s", column, "");
            at = column;
        } else if (at < column) {
            printf("%*s", column - at, "");
            at = column;
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
    print_wrapped(row->meaning, HELP_COLUMN, at);
}

/* The names that the rows' arguments can have, a line for each row. */
static void print_names(const struct usage *usage)
{
    const char *lead = "\n";
    for (int i = 0; i < usage->n_rows; i++) {
        const struct argument *a = argument_of(&usage->rows[i]);
        if (!a || !a->listed)
            continue;
        printf("%s--%s is one of: ", lead, usage->rows[i].name);
        argument_print_names(a, " ");
        putchar('\n');
        lead = "";
    }
}

static void print_examples(const char *line)
{
    printf("\nExamples:\n");
    for (; *line; line += strcspn(line, "\n") + 1)
        printf("  %.*s\n", (int)strcspn(line, "\n"), line);
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
    print_row(&options_help_row);
    print_names(usage);
    if (usage->print_more)
        usage->print_more();
    if (usage->examples)
        print_examples(usage->examples);
}

static void print_group(const struct command_group *group)
{
    const char *meaning;
    printf("Usage: %s COMMAND [OPTION]...\n\n%s\nCommands:\n", group->name, group->about);
    for (size_t i = 0; i < group->n_commands; i++)
        printf("  %-12s %s\n", group->commands[i]->name, group->commands[i]->summary);
    printf("\n`%s COMMAND --help` tells more of each.\n", group->name);
    if (!group->summary)
        return;
    printf("\nExit status:\n");
    for (int i = 0; help_status(i, &meaning); i++)
        printf("  %-12s %s\n", help_status(i, &meaning), meaning);
    printf("\n--help=FORMAT prints the same as something else:\n");
    for (int i = 0; help_name(i); i++)
        printf("  %-12s %s\n", help_name(i), help_meaning(i));
}

const struct help_format help_text = {
    .usage = print_usage,
    .group = print_group,
    .option = "--help",
};
