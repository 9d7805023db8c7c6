/* satz train -- trains a model, shows how it goes, and ends in good order when interrupted. */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/training.h"
#include "satz.h"

enum { OPTION_SET, OPTION_RESUME, OPTION_QUIET, N_OPTIONS };

static const struct option_row rows[N_OPTIONS] = {
    [OPTION_SET] = {'s', "set", "KEY=VALUE",
                    "change a key of the recipe, such as train.epochs=5; can be repeated"},
    [OPTION_RESUME] = {'r', "resume", NULL,
                       "go on from the newest checkpoint in train.folder, if there is one"},
    [OPTION_QUIET] = {'q', "quiet", NULL, "print nothing but errors"},
};

static const struct usage usage = {
    .name = "satz train",
    .synopsis = "[OPTION]... RECIPE",
    .about =
        "Trains the model that RECIPE describes (`satz config` lists all keys). The folder\n"
        "train.folder receives model.safetensors, the best model so far, the last checkpoints,\n"
        "and log.jsonl.\n"
        "\n"
        "Ctrl-C (SIGINT) or SIGTERM ends after the running update with a checkpoint saved, and\n"
        "with the exit status 128 + the signal's number; a second one, or one before the first\n"
        "update, ends at once.\n",
    .rows = rows,
    .n_rows = N_OPTIONS,
    .examples = "# train, then go on after an interruption\n"
                "satz train my.yaml\n"
                "satz train my.yaml --resume\n"
                "# another rate, in another folder\n"
                "satz train my.yaml --set optimizer.rate=0.0005 --set train.folder=models/slow\n",
};

static void print_how_to_go_on(const char *recipe, const char *const *settings, size_t n_settings)
{
    printf("To go on:\n  satz train");
    training_print_argument(recipe);
    for (size_t i = 0; i < n_settings; i++) {
        printf(" --set");
        training_print_argument(settings[i]);
    }
    printf(" --resume\n");
}

static int train(const char *path, const char *const *settings, size_t n_settings, bool resume,
                 bool quiet)
{
    struct satz_error err;
    struct satz_recipe *recipe = satz_recipe_new(path, settings, n_settings, &err);
    if (!recipe)
        return command_failed(&usage, "%s", err.message);
    struct training_report report;
    training_report_init(&report, quiet);
    training_catch_signals();
    const struct satz_train_options options = {
        .resume = resume, .on_event = training_on_event, .user = &report, .stop = &training_stop};
    int ended = satz_train(recipe, &options, &err);
    progress_clear(&report.progress);
    int status = EXIT_SUCCESS;
    if (ended < 0)
        status = command_failed(&usage, "%s", err.message);
    else if (ended > 0)
        status = EXIT_SIGNAL + training_stop;
    if (ended > 0 && !quiet)
        print_how_to_go_on(path, settings, n_settings);
    if (ended == 0 && !quiet)
        printf("The model is %s/model.safetensors\n", satz_recipe_folder(recipe));
    satz_recipe_free(recipe);
    return status;
}

static int run(int argc, char **argv)
{
    bool resume = false, quiet = false;
    size_t n_settings = 0;
    int status;
    const char **settings = calloc((size_t)argc, sizeof *settings);
    if (!settings)
        return command_failed(&usage, "%s", strerror(ENOMEM));
    for (int option; (option = options_next(&usage, argc, argv, &status)) != OPTIONS_END;) {
        switch (option) {
        case OPTION_SET:
            settings[n_settings++] = optarg;
            break;
        case OPTION_RESUME:
            resume = true;
            break;
        case OPTION_QUIET:
            quiet = true;
            break;
        default:
            goto done;
        }
    }
    if (argc - optind != 1)
        status = usage_error(&usage, argc == optind ? "name the recipe" : "name one recipe");
    else
        status = train(argv[optind], settings, n_settings, resume, quiet);
done:
    free(settings);
    return status;
}

const struct command command_train = {
    .name = "train",
    .summary = "train a model as a recipe says",
    .run = run,
};
