/* satz ablate -- trains a ladder of recipes, and tells what each step is worth. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/training.h"
#include "satz.h"

enum {
    OPTION_OUTPUT,
    OPTION_TRAIN_SOURCE,
    OPTION_TRAIN_TARGET,
    OPTION_VALID_SOURCE,
    OPTION_VALID_TARGET,
    OPTION_TEST_SOURCE,
    OPTION_TEST_TARGET,
    OPTION_SET,
    OPTION_ONLY,
    OPTION_SKIP,
    OPTION_SEEDS,
    OPTION_BEAM,
    OPTION_DRY_RUN,
    OPTION_QUIET,
    N_OPTIONS
};

static const struct option_row rows[N_OPTIONS] = {
    [OPTION_OUTPUT] = {'o', "output", "FOLDER",
                       "where the tables and a folder for each run go (default ablation)"},
    [OPTION_TRAIN_SOURCE] = {0, "train-source", "FILE",
                             "source side of the training text, instead of the recipe's"},
    [OPTION_TRAIN_TARGET] = {0, "train-target", "FILE", "its target side"},
    [OPTION_VALID_SOURCE] = {0, "valid-source", "FILE",
                             "source side of the held-out text, instead of the recipe's"},
    [OPTION_VALID_TARGET] = {0, "valid-target", "FILE", "its target side"},
    [OPTION_TEST_SOURCE] = {0, "test-source", "FILE",
                            "source side of the test text, instead of the ladder's"},
    [OPTION_TEST_TARGET] = {0, "test-target", "FILE", "its target side"},
    [OPTION_SET] = {'s', "set", "KEY=VALUE",
                    "change a key of the recipe for all rungs, such as train.epochs=5; can be "
                    "repeated"},
    [OPTION_ONLY] = {0, "only", "RUNG", "train this rung only; can be repeated"},
    [OPTION_SKIP] = {0, "skip", "RUNG", "leave this rung out; can be repeated"},
    [OPTION_SEEDS] = {0, "seeds", "N",
                      "train each rung N times, from train.seed on: mean and spread (default 1)"},
    [OPTION_BEAM] = {'b', "beam", "N", "beam of the translations (default: decode.beam)"},
    [OPTION_DRY_RUN] = {'n', "dry-run", NULL, "tell what would be done, and stop"},
    [OPTION_QUIET] = {'q', "quiet", NULL, "print nothing but errors"},
};

static const struct usage usage = {
    .name = "satz ablate",
    .synopsis = "[OPTION]... LADDER",
    .about =
        "Trains each rung of a ladder, a recipe with a few more keys changed than the one below,\n"
        "translates the test text with it, and writes what it is worth: FOLDER/ablation.md and\n"
        "FOLDER/ablation.html have BLEU with interval and significance, perplexity, speed, size\n"
        "and time, beside the figures of the paper, and are written anew after each run. LADDER\n"
        "is a file, or a folder with ladder.yaml in it, such as configs/luong2015.\n"
        "\n"
        "The same command again goes on where it was stopped: runs that are done stay, unless\n"
        "their recipe or text has changed. Ctrl-C (SIGINT) or SIGTERM saves and ends, with the\n"
        "exit status 128 + the signal's number. A run that fails is told of in the tables; the\n"
        "others go on, and the exit status is 1.\n",
    .rows = rows,
    .n_rows = N_OPTIONS,
    .examples = "# what would be done, then all of it\n"
                "satz ablate configs/luong2015 --output ablation --dry-run\n"
                "satz ablate configs/luong2015 --output ablation\n"
                "# two rungs, three times each, for a short time\n"
                "satz ablate configs/luong2015 --only base --only dot --seeds 3 --set "
                "train.epochs=3\n",
};

struct job {
    struct satz_ablation_options options;
    const char **settings, **only, **skip; /* [argc] */
    bool dry_run, quiet;
    int argc;
    char **argv;
};

/* Takes one option in. 0 or EXIT_USAGE. */
static int take_option(struct job *j, int row)
{
    struct satz_ablation_options *o = &j->options;
    long number = 0;
    int status = 0;
    switch (row) {
    case OPTION_OUTPUT:
        o->folder = optarg;
        return *optarg ? 0 : usage_error(&usage, "--output: name a folder");
    case OPTION_TRAIN_SOURCE:
        o->train_source = optarg;
        break;
    case OPTION_TRAIN_TARGET:
        o->train_target = optarg;
        break;
    case OPTION_VALID_SOURCE:
        o->valid_source = optarg;
        break;
    case OPTION_VALID_TARGET:
        o->valid_target = optarg;
        break;
    case OPTION_TEST_SOURCE:
        o->test_source = optarg;
        break;
    case OPTION_TEST_TARGET:
        o->test_target = optarg;
        break;
    case OPTION_SET:
        j->settings[o->n_settings++] = optarg;
        break;
    case OPTION_ONLY:
        j->only[o->n_only++] = optarg;
        break;
    case OPTION_SKIP:
        j->skip[o->n_skip++] = optarg;
        break;
    case OPTION_SEEDS:
        status = option_integer(&usage, row, optarg, 1, 1000, &number);
        o->seeds = (int)number;
        break;
    case OPTION_BEAM:
        status = option_integer(&usage, row, optarg, 1, 1000, &number);
        o->beam = (int)number;
        break;
    case OPTION_DRY_RUN:
        j->dry_run = true;
        break;
    case OPTION_QUIET:
        j->quiet = true;
        break;
    }
    return status;
}

/* One side of a text without the other would be read beside a file it does not belong to. */
static int check_options(const struct satz_ablation_options *o)
{
    const struct {
        const char *name, *source, *target;
    } texts[] = {{"train", o->train_source, o->train_target},
                 {"valid", o->valid_source, o->valid_target},
                 {"test", o->test_source, o->test_target}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (!texts[i].source != !texts[i].target)
            return usage_error(&usage, "--%s-source and --%s-target go together: give both",
                               texts[i].name, texts[i].name);
    return 0;
}

static int print_text(char *text, const struct satz_error *err)
{
    if (!text)
        return command_failed(&usage, "%s", err->message);
    fputs(text, stdout);
    fflush(stdout);
    free(text);
    return EXIT_SUCCESS;
}

static void print_how_to_go_on(const struct job *j)
{
    printf("What there is so far is in %s/ablation.md. To go on:\n  satz", j->options.folder);
    for (int i = 0; i < j->argc; i++)
        training_print_argument(j->argv[i]);
    putchar('\n');
}

static int climb(const struct job *j, struct satz_ablation *ablation)
{
    struct satz_error err;
    struct training_report report;
    training_report_init(&report, j->quiet);
    training_catch_signals();
    const struct satz_train_options options = {
        .on_event = training_on_event, .user = &report, .stop = &training_stop};
    int ended = satz_ablation_run(ablation, &options, &err);
    progress_clear(&report.progress);
    if (ended < 0)
        return command_failed(&usage, "%s", err.message);
    if (ended > 0) {
        if (!j->quiet)
            print_how_to_go_on(j);
        return EXIT_SIGNAL + training_stop;
    }
    int status = j->quiet ? 0 : print_text(satz_ablation_tables(ablation, &err), &err);
    if (status == 0 && !j->quiet)
        printf("\nThe tables are %s/ablation.md and %s/ablation.html\n", j->options.folder,
               j->options.folder);
    int n_failed = satz_ablation_failures(ablation);
    return n_failed ? command_failed(&usage, "%d of the runs failed; %s/ablation.md says why",
                                     n_failed, j->options.folder)
                    : status;
}

static int ablate(struct job *j, const char *ladder)
{
    struct satz_error err;
    int status = EXIT_SUCCESS;
    struct satz_ablation *ablation = satz_ablation_new(ladder, &j->options, &err);
    if (!ablation)
        return command_failed(&usage, "%s", err.message);
    if (!j->quiet || j->dry_run)
        status = print_text(satz_ablation_plan(ablation, &err), &err);
    if (status == 0 && !j->dry_run)
        status = climb(j, ablation);
    satz_ablation_free(ablation);
    return status;
}

static int run(int argc, char **argv)
{
    int status = EXIT_SUCCESS;
    struct job job = {.options = {.folder = "ablation"}, .argc = argc, .argv = argv};
    const char **words = calloc((size_t)argc * 3, sizeof *words);
    if (!words)
        return command_failed(&usage, "%s", strerror(ENOMEM));
    job.options.settings = job.settings = words;
    job.options.only = job.only = words + argc;
    job.options.skip = job.skip = words + 2 * argc;
    for (int row; (row = options_next(&usage, argc, argv, &status)) != OPTIONS_END;)
        if (row == OPTIONS_STOP || (status = take_option(&job, row)) != 0)
            goto done;
    if (argc - optind != 1)
        status = usage_error(&usage, argc == optind ? "name the ladder" : "name one ladder");
    else
        status = check_options(&job.options);
    if (status == 0)
        status = ablate(&job, argv[optind]);
done:
    free(words);
    return status;
}

const struct command command_ablate = {
    .name = "ablate",
    .summary = "train a ladder of recipes and tell what each step is worth",
    .run = run,
};
