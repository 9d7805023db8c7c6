/* What the arguments of options are. */
#include <stdio.h>
#include <string.h>

#include "cli/help.h"
#include "eval.h"
#include "satz.h"

static const char *backend_name(int index)
{
    return satz_recipe_choice("compute.backend", index);
}

static const char *precision(int index)
{
    return satz_recipe_choice("compute.precision", index);
}

static const char *tokenizer_type(int index)
{
    return satz_recipe_choice("tokenizer.type", index);
}

/* An argument that no row names here can be anything, such as N or TEXT. */
static const struct argument arguments[] = {
    {"FILE", ARGUMENT_FILE, NULL, false},
    {"FILE.html", ARGUMENT_FILE, NULL, false},
    {"MODEL", ARGUMENT_FILE, NULL, false},
    {"FOLDER", ARGUMENT_FOLDER, NULL, false},
    {"KEY=VALUE", ARGUMENT_SETTING, NULL, false},
    {"METRIC", ARGUMENT_NAME, metric_name, false},
    {"BACKEND", ARGUMENT_NAME, backend_name, true},
    {"PRECISION", ARGUMENT_NAME, precision, true},
    {"TYPE", ARGUMENT_NAME, tokenizer_type, true},
    {"TOKENISER", ARGUMENT_NAME, bleu_tokeniser_name, true},
    {"SMOOTHING", ARGUMENT_NAME, bleu_smoothing_name, true},
    {"TEST", ARGUMENT_NAME, significance_test_name, true},
    {"FORMAT", ARGUMENT_NAME, help_name, false},
};
enum { N_ARGUMENTS = sizeof arguments / sizeof *arguments };

const struct argument *argument_of(const struct option_row *row)
{
    for (int i = 0; row->argument && i < N_ARGUMENTS; i++)
        if (strcmp(arguments[i].name, row->argument) == 0)
            return &arguments[i];
    return NULL;
}

static void print_settings(const char *between)
{
    const char *key, *choice;
    for (int k = 0; (key = satz_recipe_key(k)); k++) {
        printf("%s%s=", k ? between : "", key);
        for (int i = 0; (choice = satz_recipe_choice(key, i)); i++)
            printf("%s%s=%s", between, key, choice);
    }
}

void argument_print_names(const struct argument *argument, const char *between)
{
    if (argument->kind == ARGUMENT_SETTING)
        print_settings(between);
    for (int i = 0; argument->choice && argument->choice(i); i++)
        printf("%s%s", i ? between : "", argument->choice(i));
}

bool argument_is_first(const struct usage *usage, int i)
{
    for (int k = 0; k < i; k++)
        if (argument_of(&usage->rows[k]) == argument_of(&usage->rows[i]))
            return false;
    return true;
}
