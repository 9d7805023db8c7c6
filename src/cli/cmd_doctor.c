/* satz doctor -- what would go wrong in training by a recipe, before it does. */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/visible.h"
#include "satz.h"

enum { OPTION_SET, OPTION_TEST_SOURCE, OPTION_TEST_TARGET, OPTION_JSON, N_OPTIONS };

static const struct option_row rows[N_OPTIONS] = {
    [OPTION_SET] = {'s', "set", "KEY=VALUE",
                    "change a key of the recipe, such as train.batch=32; can be repeated"},
    [OPTION_TEST_SOURCE] = {'S', "test-source", "FILE",
                            "source of the test set, which should not be in the training text"},
    [OPTION_TEST_TARGET] = {'T', "test-target", "FILE", "and its translation"},
    [OPTION_JSON] = {'j', "json", NULL, "print JSON"},
};

static const struct usage usage = {
    .name = "satz doctor",
    .synopsis = "[OPTION]... RECIPE",
    .about =
        "Checks RECIPE and its text before hours are spent on them: lengths, ratios, repetitions,\n"
        "encoding, sides that are swapped or the same, pairs of the held-out text and of a test\n"
        "set in the training text, unknown subwords. Then runs 20 steps on a sample and tells how\n"
        "much memory and time training takes, and the fastest shards and threads on this machine.\n"
        "Nothing is written to train.folder.\n"
        "\n"
        "Exit status: 0 when training can begin, 1 when something will break it.\n",
    .rows = rows,
    .n_rows = N_OPTIONS,
};

static int examine(const char *path, const char *const *settings, size_t n_settings,
                   const char *const test[2], bool json)
{
    struct satz_error err;
    char *report;
    struct satz_recipe *recipe = satz_recipe_new(path, settings, n_settings, &err);
    if (!recipe)
        return command_failed(&usage, "%s", err.message);
    int found = satz_doctor(recipe, test[0], test[1], json, &report, &err);
    satz_recipe_free(recipe);
    if (found < 0)
        return command_failed(&usage, "%s", err.message);
    visible_text(stdout, report);
    free(report);
    return found ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int run(int argc, char **argv)
{
    size_t n_settings = 0;
    int status;
    bool json = false;
    const char *test[2] = {NULL, NULL};
    const char **settings = calloc((size_t)argc, sizeof *settings);
    if (!settings)
        return command_failed(&usage, "%s", strerror(ENOMEM));
    for (int option; (option = options_next(&usage, argc, argv, &status)) != OPTIONS_END;) {
        if (option == OPTIONS_STOP)
            goto done;
        if (option == OPTION_SET)
            settings[n_settings++] = optarg;
        else if (option == OPTION_JSON)
            json = true;
        else
            test[option == OPTION_TEST_TARGET] = optarg;
    }
    if (!test[0] != !test[1])
        status = usage_error(&usage, "name both files of the test set, --test-source and "
                                     "--test-target");
    else if (argc - optind != 1)
        status = usage_error(&usage, argc == optind ? "name the recipe" : "name one recipe");
    else
        status = examine(argv[optind], settings, n_settings, test, json);
done:
    free(settings);
    return status;
}

const struct command command_doctor = {
    .name = "doctor",
    .summary = "look for what would go wrong in training by a recipe",
    .run = run,
};
