/* The help as completion for bash: a table by command, and a function that looks things up in it.
 */
#include <stdio.h>
#include <string.h>

#include "cli/help.h"

/* Of the table: sets `commands` of a group, else `options`, and for an option that takes an
 * argument `kind` and `names`. */
static const char head[] = "# Completion of satz for bash; made by `satz --help=bash`.\n"
                           "_satz_table() { # COMMAND [OPTION]\n"
                           "    commands='' options='' kind='' names=''\n"
                           "    case $1 in\n";

/* "=" ends a word for readline, but not for satz; readline wants what follows the last one. */
static const char tail[] =
    "    esac\n"
    "}\n"
    "\n"
    "_satz() {\n"
    "    local words=() word glue='' command=satz commands options kind names option value i=1\n"
    "    for word in \"${COMP_WORDS[@]:0:COMP_CWORD+1}\"; do\n"
    "        if [[ ( $word == = || $glue ) && ${#words[@]} -gt 0 ]]; then\n"
    "            words[-1]+=$word\n"
    "        else\n"
    "            words+=(\"$word\")\n"
    "        fi\n"
    "        if [[ $word == = ]]; then glue=1; else glue=''; fi\n"
    "    done\n"
    "    COMPREPLY=()\n"
    "    _satz_table satz\n"
    "    while ((i < ${#words[@]} - 1)) && [[ \" $commands \" == *\" ${words[i]} \"* ]]; do\n"
    "        command+=\" ${words[i++]}\"\n"
    "        _satz_table \"$command\"\n"
    "    done\n"
    "    value=${words[-1]} option=${words[-2]}\n"
    "    if [[ $commands ]]; then\n"
    "        ((i == ${#words[@]} - 1)) || return 0\n"
    "        names=\"$commands --help\" kind=name\n"
    "    else\n"
    "        if [[ $value == --*=* ]]; then\n"
    "            option=${value%%=*} value=${value#*=}\n"
    "        fi\n"
    "        _satz_table \"$command\" \"$option\"\n"
    "        if [[ ! $kind && $value == -* ]]; then\n"
    "            names=$options kind=name\n"
    "        fi\n"
    "    fi\n"
    "    case $kind in\n"
    "    name) mapfile -t COMPREPLY < <(compgen -W \"$names\" -- \"$value\") ;;\n"
    "    folder) compopt -o dirnames 2>/dev/null ;;\n"
    "    '' | file) compopt -o default 2>/dev/null ;;\n"
    "    esac\n"
    "    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then\n"
    "        compopt -o nospace 2>/dev/null\n"
    "    fi\n"
    "    if [[ $value == *=* && $COMP_WORDBREAKS == *=* ]]; then\n"
    "        COMPREPLY=(\"${COMPREPLY[@]#\"${value%=*}=\"}\")\n"
    "    elif [[ ${words[-1]} == --*=* && $COMP_WORDBREAKS != *=* ]]; then\n"
    "        COMPREPLY=(\"${COMPREPLY[@]/#/$option=}\")\n"
    "    fi\n"
    "    return 0\n"
    "}\n"
    "complete -F _satz satz\n";

static void print_argument(const struct option_row *row)
{
    static const char *const kinds[] = {[ARGUMENT_NAME] = "name",
                                        [ARGUMENT_SETTING] = "name",
                                        [ARGUMENT_FILE] = "file",
                                        [ARGUMENT_FOLDER] = "folder"};
    const struct argument *a = argument_of(row);
    printf("        ");
    if (row->letter)
        printf("-%c | ", row->letter);
    printf("--%s) kind=%s names='", row->name, a ? kinds[a->kind] : "text");
    if (a)
        argument_print_names(a, " ");
    printf("' ;;\n");
}

static void print_usage(const struct usage *usage)
{
    printf("    '%s')\n        options='", usage->name);
    for (int i = 0; i < usage->n_rows; i++)
        printf("--%s ", usage->rows[i].name);
    printf("--%s'\n        case $2 in\n", options_help_row.name);
    for (int i = 0; i < usage->n_rows; i++)
        if (usage->rows[i].argument)
            print_argument(&usage->rows[i]);
    printf("        esac\n        ;;\n");
}

static void print_group(const struct command_group *group)
{
    if (group->summary)
        printf("%s", head);
    printf("    '%s') commands='", group->name);
    for (size_t i = 0; i < group->n_commands; i++)
        printf("%s%s", i ? " " : "", group->commands[i]->name);
    printf("' ;;\n");
    for (size_t i = 0; i < group->n_commands; i++)
        help_run(&help_bash, group->commands[i]);
    if (group->summary)
        printf("%s", tail);
}

const struct help_format help_bash = {
    .usage = print_usage,
    .group = print_group,
    .option = "--help=bash",
};
