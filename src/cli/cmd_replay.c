/* satz replay -- repeats a training step that went wrong, from its black box.
 *
 * In double precision it is the same command of another build of the program, which stands beside
 * this one as satz-double. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/visible.h"
#include "satz.h"

enum { OPTION_DOUBLE, OPTION_JSON, OPTION_THREADS, N_OPTIONS };

static const struct option_row rows[N_OPTIONS] = {
    [OPTION_DOUBLE] = {'d', "double", NULL,
                       "repeat it in double precision, and check the gradient by differences"},
    [OPTION_JSON] = {'j', "json", NULL,
                     "print what the box says of the step, its batch and the steps before"},
    [OPTION_THREADS] = {'t', "threads", "N", "threads to use (default: all processors)"},
};

static const struct usage usage = {
    .name = "satz replay",
    .synopsis = "[OPTION]... BOX",
    .about =
        "Repeats the training step that the black box BOX holds. `satz train` writes one to\n"
        "train.folder (blackbox-UPDATE.safetensors) when a loss or a gradient is not finite.\n"
        "Prints its loss and the norm of each parameter's gradient beside those of then, where\n"
        "the first value stands that is not finite, and the steps before.\n"
        "\n"
        "Exit status: 0 when it is the same step to the bit (with --double: the gradient is\n"
        "right), 1 when not.\n",
    .rows = rows,
    .n_rows = N_OPTIONS,
};

/* Becomes satz-double, which stands beside this program. */
static int replay_in_double(const char *box, const char *threads)
{
    char path[PATH_MAX + sizeof "satz-double"];
    ssize_t n = readlink("/proc/self/exe", path, PATH_MAX);
    if (n < 0)
        return command_failed(&usage, "cannot find this program's folder: %s", strerror(errno));
    path[n] = '\0';
    char *slash = strrchr(path, '/');
    strcpy(slash ? slash + 1 : path, "satz-double");
    execl(path, "satz", "replay", "--threads", threads, "--", box, (char *)NULL);
    return command_failed(&usage, "%s: %s; `make build` makes it beside satz", path,
                          strerror(errno));
}

static int run(int argc, char **argv)
{
    struct satz_error err;
    int status;
    long threads = 0;
    const char *threads_text = "0";
    bool in_double = false, json = false;
    for (int option; (option = options_next(&usage, argc, argv, &status)) != OPTIONS_END;) {
        switch (option) {
        case OPTION_DOUBLE:
            in_double = true;
            break;
        case OPTION_JSON:
            json = true;
            break;
        case OPTION_THREADS:
            threads_text = optarg;
            if (option_integer(&usage, OPTION_THREADS, optarg, 0, 1024, &threads) != 0)
                return EXIT_USAGE;
            break;
        default:
            return status;
        }
    }
    if (argc - optind != 1)
        return usage_error(&usage, "name one black box");
    if (json && in_double)
        return usage_error(&usage, "--json tells of the step as it was, not of --double");
    if (in_double)
        return replay_in_double(argv[optind], threads_text);
    char *text = NULL;
    int differs = 0;
    if (json)
        text = satz_replay_facts(argv[optind], &err);
    else
        differs = satz_replay(argv[optind], (int)threads, &text, &err);
    if (!text)
        return command_failed(&usage, "%s", err.message);
    visible_text(stdout, text);
    if (json)
        putchar('\n');
    free(text);
    return differs ? EXIT_FAILURE : EXIT_SUCCESS;
}

const struct command command_replay = {
    .name = "replay",
    .summary = "repeat a training step that went wrong, from its black box",
    .run = run,
};
