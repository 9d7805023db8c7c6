/* satz config -- the reference of all keys, or a recipe with every key spelled out. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/options.h"
#include "satz.h"

enum { OPTION_SET, OPTION_DEFAULTS, OPTION_MAN, N_OPTIONS };

static const struct option_row rows[N_OPTIONS] = {
    [OPTION_SET] = {'s', "set", "KEY=VALUE",
                    "change a key, such as train.epochs=5; can be repeated"},
    [OPTION_DEFAULTS] = {'d', "defaults", NULL, "start from the defaults instead of a RECIPE"},
    [OPTION_MAN] = {0, "man", NULL, "print the reference as the manual page satz-recipe(5)"},
};

static const struct usage usage = {
    .name = "satz config",
    .synopsis = "[--man]\n[--set KEY=VALUE]... RECIPE\n[--set KEY=VALUE]... --defaults",
    .about = "Without arguments, prints the reference of all keys of a recipe as Markdown.\n"
             "With a RECIPE, checks it and prints it as YAML with every key spelled out.\n",
    .rows = rows,
    .n_rows = N_OPTIONS,
    .examples = "# check a recipe, and see what it says in full\n"
                "satz config my.yaml --set model.encoder_cell=gru\n",
};

/* Prints a text of the library and frees it. */
static int print_text(char *text, const struct satz_error *err)
{
    if (!text)
        return command_failed(&usage, "%s", err->message);
    fputs(text, stdout);
    free(text);
    return EXIT_SUCCESS;
}

static int print_recipe(const char *path, const char *const *settings, size_t n_settings)
{
    struct satz_error err;
    struct satz_recipe *recipe = satz_recipe_new(path, settings, n_settings, &err);
    if (!recipe)
        return command_failed(&usage, "%s", err.message);
    int status = print_text(satz_recipe_yaml(recipe, &err), &err);
    satz_recipe_free(recipe);
    return status;
}

static int run(int argc, char **argv)
{
    struct satz_error err;
    size_t n_settings = 0;
    int status, defaults = 0, man = 0;
    const char **settings = calloc((size_t)argc, sizeof *settings);
    if (!settings)
        return command_failed(&usage, "%s", strerror(ENOMEM));
    for (int option; (option = options_next(&usage, argc, argv, &status)) != OPTIONS_END;) {
        switch (option) {
        case OPTION_SET:
            settings[n_settings++] = optarg;
            break;
        case OPTION_DEFAULTS:
            defaults = 1;
            break;
        case OPTION_MAN:
            man = 1;
            break;
        default:
            goto done;
        }
    }
    int n_operands = argc - optind;
    if (n_operands > 1 || (n_operands == 1 && defaults))
        status = usage_error(&usage, "give one recipe, or --defaults");
    else if (man && (n_operands > 0 || defaults || n_settings > 0))
        status = usage_error(&usage, "--man is of all keys: give nothing else");
    else if (n_operands == 1 || defaults)
        status = print_recipe(defaults ? NULL : argv[optind], settings, n_settings);
    else if (n_settings > 0)
        status = usage_error(&usage, "--set changes a recipe: name one, or give --defaults");
    else
        status = print_text(man ? satz_recipe_manual(&err) : satz_recipe_reference(&err), &err);
done:
    free(settings);
    return status;
}

const struct command command_config = {
    .name = "config",
    .summary = "list all keys of a recipe, or check a recipe and print it in full",
    .run = run,
};
