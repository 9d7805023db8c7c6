/* The help as completion for zsh: a function for each command. */
#include <stdio.h>
#include <string.h>

#include "cli/help.h"

/* Prints text inside of quotes and of _arguments' brackets. */
static void print_quoted(const char *text)
{
    for (; *text; text++) {
        if (*text == '\'')
            printf("'\\''");
        else if (strchr("[]:\\", *text))
            printf("\\%c", *text);
        else
            putchar(*text);
    }
}

/* "satz tokenizer train" as the name of a function. */
static void print_function(const char *name)
{
    for (putchar('_'); *name; name++)
        putchar(*name == ' ' ? '-' : *name);
}

static void print_option(const struct option_row *row, const char *dashes, const char *name,
                         const char *mark)
{
    const struct argument *a = argument_of(row);
    printf(" \\\n        '*%s%s%s[", dashes, name, row->argument ? mark : "");
    print_quoted(row->meaning);
    printf("]");
    if (row->argument)
        printf(":%s:", row->argument);
    if (a && a->kind == ARGUMENT_FILE)
        printf("_files");
    else if (a && a->kind == ARGUMENT_FOLDER)
        printf("_files -/");
    else if (a && a->kind == ARGUMENT_SETTING)
        printf("_satz_setting");
    else if (a) {
        printf("(");
        argument_print_names(a, " ");
        printf(")");
    }
    printf("'");
}

static void print_usage(const struct usage *usage)
{
    print_function(usage->name);
    printf("() {\n    _arguments -s");
    for (int i = 0; i < usage->n_rows; i++) {
        const struct option_row *row = &usage->rows[i];
        const char letter[] = {row->letter, '\0'};
        if (row->letter)
            print_option(row, "-", letter, "+");
        print_option(row, "--", row->name, "=");
    }
    print_option(&options_help_row, "--", options_help_row.name, "");
    printf(" \\\n        '*:file:_files'\n}\n\n");
}

static void print_group(const struct command_group *group)
{
    static const struct argument setting = {.kind = ARGUMENT_SETTING};
    if (group->summary) {
        printf("#compdef satz\n# Completion of satz for zsh; made by `satz --help=zsh`.\n\n"
               "_satz_setting() {\n    local -a settings=(\n        ");
        argument_print_names(&setting, "\n        ");
        printf("\n    )\n    compadd -S '' -a settings\n}\n\n");
    }
    for (size_t i = 0; i < group->n_commands; i++)
        help_run(&help_zsh, group->commands[i]);
    print_function(group->name);
    printf("() {\n    local -a commands=(");
    for (size_t i = 0; i < group->n_commands; i++) {
        printf("\n        '%s:", group->commands[i]->name);
        print_quoted(group->commands[i]->summary);
        printf("'");
    }
    printf("\n    )\n    if ((CURRENT == 2)); then\n        _describe command commands\n"
           "    elif (($+functions[");
    print_function(group->name);
    printf("-$words[2]])); then\n        local name=$words[2]\n        shift words\n"
           "        ((CURRENT--))\n        ");
    print_function(group->name);
    printf("-$name\n    fi\n}\n\n");
    if (group->summary)
        printf("_satz \"$@\"\n");
}

const struct help_format help_zsh = {
    .usage = print_usage,
    .group = print_group,
    .option = "--help=zsh",
};
