/* satz shortlist -- which words a sentence's translation may be made of, learned from text. */
#include <getopt.h>
#include <stdlib.h>

#include "cli/command.h"
#include "cli/options.h"
#include "satz.h"

enum { OPTION_OUTPUT, OPTION_THREADS, N_OPTIONS };

static const struct option_row rows[N_OPTIONS] = {
    [OPTION_OUTPUT] = {'o', "output", "FILE", "the shortlist to write"},
    [OPTION_THREADS] = {'t', "threads", "N",
                        "threads that cut the text into tokens (default: all processors)"},
};

static const struct usage usage = {
    .name = "satz shortlist",
    .synopsis = "[OPTION]... -o FILE MODEL [SOURCE TARGET]...",
    .about =
        "Learns which words are translated by which (IBM Model 1) from text in SOURCE, line by\n"
        "line translated in TARGET, plain or gzip; by default the text that MODEL was trained\n"
        "on. `satz translate --shortlist FILE` then computes the likely words only, which is\n"
        "faster. FILE is for all models with the tokenizers of this one.\n",
    .rows = rows,
    .n_rows = N_OPTIONS,
    .examples = "# of the text that the model was trained on\n"
                "satz shortlist --output en-de.shortlist model.safetensors\n"
                "# of other text\n"
                "satz shortlist --output en-de.shortlist model.safetensors train.en train.de\n",
};

/* The files after the model, sources and targets in turn, are parted in two lists. */
static int make(const char *output, struct satz_shortlist_options *o, char **files, size_t n)
{
    struct satz_error err;
    const char **parted = calloc(n ? n : 1, sizeof *parted);
    if (!parted)
        return command_failed(&usage, "out of memory");
    o->n_files = n / 2;
    for (size_t i = 0; i < n; i++)
        parted[i % 2 * o->n_files + i / 2] = files[i];
    o->sources = parted;
    o->targets = parted + o->n_files;
    int status = satz_shortlist_make(output, o, &err) < 0
                     ? command_failed(&usage, "%s", err.message)
                     : EXIT_SUCCESS;
    free(parted);
    return status;
}

static int run(int argc, char **argv)
{
    struct satz_shortlist_options o = {0};
    const char *output = NULL;
    long threads = 0;
    int status = EXIT_SUCCESS;
    for (int option; (option = options_next(&usage, argc, argv, &status)) != OPTIONS_END;) {
        if (option == OPTIONS_STOP)
            return status;
        if (option == OPTION_OUTPUT)
            output = optarg;
        else if (option_integer(&usage, option, optarg, 1, 1024, &threads) != EXIT_SUCCESS)
            return EXIT_USAGE;
    }
    o.threads = (int)threads;
    if (!output)
        return usage_error(&usage, "name the file to write with --output FILE");
    if (optind == argc)
        return usage_error(&usage, "name the model file");
    if ((argc - optind) % 2 == 0)
        return usage_error(&usage, "each SOURCE needs its TARGET");
    o.model = argv[optind];
    return make(output, &o, argv + optind + 1, (size_t)(argc - optind - 1));
}

const struct command command_shortlist = {
    .name = "shortlist",
    .summary = "learn which words a translation can be made of, for speed",
    .run = run,
};
