/* satz average -- the mean of several checkpoints' weights, which often translates better than
 * each. */
#include <getopt.h>
#include <stdlib.h>

#include "cli/command.h"
#include "cli/options.h"
#include "satz.h"

static const struct usage usage = {
    .name = "satz average",
    .synopsis = "OUT MODEL...",
    .about =
        "Writes to OUT a model whose weights are the mean of those of the MODELs: model files or\n"
        "checkpoints of one training run, or of runs with the same recipe and tokenizer. Its\n"
        "recipe is that of the last.\n",
};

static int run(int argc, char **argv)
{
    struct satz_error err;
    int status = EXIT_SUCCESS;
    if (options_next(&usage, argc, argv, &status) == OPTIONS_STOP)
        return status;
    if (argc - optind < 2)
        return usage_error(&usage, "name the file to write, and the models");
    if (satz_model_average(argv[optind], (const char *const *)(argv + optind + 1),
                           (size_t)(argc - optind - 1), &err) < 0)
        return command_failed(&usage, "%s", err.message);
    return EXIT_SUCCESS;
}

const struct command command_average = {
    .name = "average",
    .summary = "average the weights of models or checkpoints",
    .run = run,
};
