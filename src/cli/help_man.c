/* The help as manual pages in mdoc: satz(1), satz-COMMAND(1). */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cli/help.h"
#include "satz.h"

enum { LINE_BREAK = 55 }; /* the page's own lines end at the next space */

static void print_char(char c)
{
    if (c == '\\')
        printf("\\e");
    else if (c == '-')
        printf("\\-"); /* a minus, to be copied, not a hyphen */
    else
        putchar(c);
}

/* Whether a sentence ends before `text`, which is a space. */
static bool sentence_ends(const char *begin, const char *text)
{
    return text - begin >= 2 && strchr(".?!", text[-1]) && text[1] &&
           (isupper((unsigned char)text[1]) || text[1] == '`');
}

/* Prints running text: each sentence on a line of its own or on several, a blank line as .Pp,
 * `this` in bold. */
static void print_text(const char *text)
{
    bool bold = false, at_start = true;
    int column = 0;
    for (const char *begin = text; *text; text++, column++) {
        if (at_start && *text == '\n') {
            printf(".Pp\n");
            continue;
        }
        if (at_start && (*text == '.' || *text == '\''))
            printf("\\&");
        at_start =
            *text == '\n' || (*text == ' ' && (column > LINE_BREAK || sentence_ends(begin, text)));
        if (at_start) {
            putchar('\n');
            column = 0;
        } else if (*text == '`')
            printf((bold = !bold) ? "\\fB" : "\\fP");
        else
            print_char(*text);
    }
    if (!at_start)
        putchar('\n');
}

/* Prints lines as they are. */
static void print_literal(const char *text)
{
    printf(".Bd -literal -offset indent\n");
    for (bool at_start = true; *text; text++) {
        if (at_start && (*text == '.' || *text == '\''))
            printf("\\&");
        at_start = *text == '\n';
        print_char(*text);
    }
    printf(".Ed\n");
}

/* Prints "satz tokenizer train", with dashes for the spaces if it is to be a page's name. */
static void print_page(const char *name)
{
    for (; *name; name++)
        putchar(*name == ' ' ? '-' : *name);
}

static void print_head(const char *name, const char *summary)
{
    printf(".Dd %s\n.Dt ", SATZ_DATE);
    for (const char *c = name; *c; c++)
        putchar(*c == ' ' ? '-' : toupper((unsigned char)*c));
    printf(" 1\n.Os\n.Sh NAME\n.Nm ");
    print_page(name);
    printf("\n.Nd %s\n", summary);
}

static void begin(const struct command_group *group, const struct command *command)
{
    char name[128];
    snprintf(name, sizeof name, "%s %s", group->name, command->name);
    print_head(name, command->summary);
}

/* Prints a synopsis with what stands for something else, which is in capitals, as such. */
static void print_synopsis(const char *name, const char *synopsis)
{
    printf(".Sh SYNOPSIS\n");
    for (;; synopsis++) {
        printf(".Nm \"%s\"\n", name);
        for (bool inside = false; *synopsis && *synopsis != '\n'; synopsis++) {
            bool word = isupper((unsigned char)*synopsis);
            if (word != inside)
                printf(word ? "\\fI" : "\\fP");
            inside = word;
            print_char(*synopsis);
            if (inside && (!synopsis[1] || synopsis[1] == '\n'))
                printf("\\fP");
        }
        if (synopsis[-1] != '\n')
            putchar('\n');
        if (!*synopsis)
            break;
    }
}

static void print_row(const struct option_row *row)
{
    printf(".It ");
    if (row->letter)
        printf("Fl %c , ", row->letter);
    printf("Fl Fl %s", row->name);
    printf(row->argument ? " Ar %s\n" : "\n", row->argument);
    print_text(row->meaning);
    const struct argument *a = argument_of(row);
    if (a && a->listed) {
        printf(".br\nOne of: ");
        argument_print_names(a, ", ");
        putchar('\n');
    }
}

static void print_statuses(void)
{
    const char *meaning;
    printf(".Sh EXIT STATUS\n.Bl -tag -width Ds\n");
    for (int i = 0; help_status(i, &meaning); i++)
        printf(".It %s\n%s\n", help_status(i, &meaning), meaning);
    printf(".El\n");
}

static void print_usage(const struct usage *usage)
{
    print_synopsis(usage->name, usage->synopsis);
    printf(".Sh DESCRIPTION\n");
    print_text(usage->about);
    printf(".Pp\nThe options are:\n.Bl -tag -width Ds\n");
    for (int i = 0; i < usage->n_rows; i++)
        print_row(&usage->rows[i]);
    print_row(&options_help_row);
    printf(".El\n");
    if (usage->print_more) {
        printf(".Bd -literal -offset indent");
        usage->print_more();
        printf(".Ed\n");
    }
    print_statuses();
    if (usage->examples) {
        printf(".Sh EXAMPLES\n");
        print_literal(usage->examples);
    }
    printf(".Sh SEE ALSO\n.Xr satz 1 ,\n.Xr satz-recipe 5\n");
}

static void print_group(const struct command_group *group)
{
    if (group->summary)
        print_head(group->name, group->summary);
    print_synopsis(group->name, "COMMAND [OPTION]...");
    printf(".Sh DESCRIPTION\n");
    print_text(group->about);
    printf(".Pp\nThe commands are:\n.Bl -tag -width Ds\n");
    for (size_t i = 0; i < group->n_commands; i++) {
        printf(".It Cm %s\n", group->commands[i]->name);
        print_text(group->commands[i]->summary);
        printf("(see\n.Xr ");
        print_page(group->name);
        printf("-%s 1 )\n", group->commands[i]->name);
    }
    printf(".El\n");
    print_statuses();
    printf(".Sh SEE ALSO\n%s.Xr satz-recipe 5\n", group->summary ? "" : ".Xr satz 1 ,\n");
}

const struct help_format help_man = {
    .begin = begin,
    .usage = print_usage,
    .group = print_group,
    .option = "--help=man",
};
