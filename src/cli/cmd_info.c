/* satz info -- what is in a model file. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/visible.h"
#include "satz.h"

enum { OPTION_RECIPE, N_OPTIONS };

static const struct option_row rows[N_OPTIONS] = {
    [OPTION_RECIPE] = {'r', "recipe", NULL, "print the recipe it was trained by, as YAML, instead"},
};

static const struct usage usage = {
    .name = "satz info",
    .synopsis = "[--recipe] MODEL",
    .about =
        "Prints what is in MODEL, a model file or a checkpoint: version, vocabulary, how it was\n"
        "trained, and the name and shape of every parameter.\n",
    .rows = rows,
    .n_rows = N_OPTIONS,
    .examples = "# what is in a model, and the recipe it was trained by\n"
                "satz info model.safetensors\n"
                "satz info --recipe model.safetensors > my.yaml\n",
};

static int run(int argc, char **argv)
{
    struct satz_error err;
    int status;
    char *(*tell)(const char *, struct satz_error *) = satz_model_describe;
    for (int option; (option = options_next(&usage, argc, argv, &status)) != OPTIONS_END;) {
        if (option == OPTIONS_STOP)
            return status;
        tell = satz_model_recipe;
    }
    if (argc - optind != 1)
        return usage_error(&usage, "name one model");
    char *text = tell(argv[optind], &err);
    if (!text)
        return command_failed(&usage, "%s", err.message);
    visible_text(stdout, text);
    free(text);
    return EXIT_SUCCESS;
}

const struct command command_info = {
    .name = "info",
    .summary = "tell what is in a model file",
    .run = run,
};
