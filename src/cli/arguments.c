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

static const char *tokenizer_type(int index)
{
    return satz_recipe_choice("tokenizer.type", index);
}

/* An argument that no row names here can be anything, such as N or TEXT. */
static const struct argument arguments[] = {
    {"FILE", NULL, ARGUMENT_FILE, NULL, false},
    {"FILE.html", NULL, ARGUMENT_FILE, NULL, false},
    {"MODEL", NULL, ARGUMENT_FILE, NULL, false},
    {"FOLDER", NULL, ARGUMENT_FOLDER, NULL, false},
    {"KEY=VALUE", NULL, ARGUMENT_SETTING, NULL, false},
    {"METRIC", NULL, ARGUMENT_NAME, metric_name, false},
    {"BACKEND", "backend", ARGUMENT_NAME, backend_name, true},
    {"PRECISION", "precision", ARGUMENT_NAME, satz_precision_name, true},
    {"TYPE", NULL, ARGUMENT_NAME, tokenizer_type, true},
    {"TOKENISER", "tokenize", ARGUMENT_NAME, bleu_tokeniser_name, true},
    {"SMOOTHING", "smooth", ARGUMENT_NAME, bleu_smoothing_name, true},
    {"TEST", NULL, ARGUMENT_NAME, significance_test_name, true},
};
enum { N_ARGUMENTS = sizeof arguments / sizeof *arguments };

const struct argument *argument_of(const struct option_row *row)
{
    if (!row->argument)
        return NULL;
    for (int i = 0; i < N_ARGUMENTS; i++)
        if (strcmp(arguments[i].name, row->argument) == 0)
            return &arguments[i];
    for (int i = 0; i < N_ARGUMENTS; i++)
        if (arguments[i].option && strcmp(arguments[i].option, row->name) == 0)
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
