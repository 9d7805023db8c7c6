/* satz train -- trains a model, shows how it goes, and ends in good order when interrupted. */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/visible.h"
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

/* A signal handler can reach nothing but globals. */
static volatile int stop_signal;
static volatile int training; /* there is something to save */

static void on_signal(int number)
{
    if (stop_signal || !training)
        _exit(EXIT_SIGNAL + number);
    stop_signal = number;
}

static void catch_signals(void)
{
    static const int signals[] = {SIGINT, SIGTERM};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        struct sigaction old, new = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
        /* What the parent had ignored (nohup, a script's background job) stays ignored. */
        if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            sigaction(signals[i], &new, NULL);
    }
    /* Hours of training do not end because nobody reads what they print. */
    signal(SIGPIPE, SIG_IGN);
}

struct report {
    struct progress progress;
    bool quiet;
    bool stop_told;
};

static void show_progress(struct report *r, const struct satz_train_event *e)
{
    if (stop_signal && !r->stop_told) {
        r->stop_told = true;
        progress_clear(&r->progress);
        fprintf(stderr, "ending, with a checkpoint saved; once more to end at once\n");
    }
    if (!progress_is_due(&r->progress))
        return;
    double of_epoch = e->batches > 0 ? (double)e->batch / (double)e->batches : 0;
    double done = e->epochs > 0 ? (e->epoch - 1 + of_epoch) / e->epochs : 0;
    char figures[160], left[DURATION_SIZE];
    snprintf(figures, sizeof figures,
             "epoch %d/%d  loss %.3f  perplexity %.2f  %.0f tokens/s  %s left", e->epoch, e->epochs,
             e->loss, e->perplexity, e->tokens_per_second, format_duration(e->seconds_left, left));
    progress_show(&r->progress, done, figures);
}

static void print_validation(const struct satz_train_event *e)
{
    char bleu[32] = "", spent[DURATION_SIZE];
    if (e->bleu >= 0)
        snprintf(bleu, sizeof bleu, "  BLEU %.2f", e->bleu);
    printf("epoch %d  update %ld  loss %.3f  valid perplexity %.3f%s  %s%s\n", e->epoch, e->update,
           e->loss, e->valid_perplexity, bleu, format_duration(e->seconds, spent),
           e->best ? "  best" : "");
}

static void on_event(void *user, const struct satz_train_event *e)
{
    struct report *r = user;
    training = training || e->stage == SATZ_TRAIN_PROGRESS;
    if (r->quiet)
        return;
    if (e->stage == SATZ_TRAIN_PROGRESS) {
        show_progress(r, e);
        return;
    }
    progress_clear(&r->progress);
    if (e->stage == SATZ_TRAIN_VALIDATION)
        print_validation(e);
    else if (e->text)
        visible_line(stdout, "%s", e->text);
    fflush(stdout); /* a file or pipe shows it as it happens */
}

/* Prints an argument so that a shell reads it as it was. */
static void print_argument(const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-+=./,:@%";
    if (*text && !text[strspn(text, plain)]) {
        printf(" %s", text);
        return;
    }
    printf(" '");
    for (; *text; text++)
        printf(*text == '\'' ? "'\\'%c" : "%c", *text);
    putchar('\'');
}

static void print_how_to_go_on(const char *recipe, const char *const *settings, size_t n_settings)
{
    printf("To go on:\n  satz train");
    print_argument(recipe);
    for (size_t i = 0; i < n_settings; i++) {
        printf(" --set");
        print_argument(settings[i]);
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
    struct report report = {.quiet = quiet};
    progress_init(&report.progress);
    catch_signals();
    const struct satz_train_options options = {
        .resume = resume, .on_event = on_event, .user = &report, .stop = &stop_signal};
    int ended = satz_train(recipe, &options, &err);
    progress_clear(&report.progress);
    int status = EXIT_SUCCESS;
    if (ended < 0)
        status = command_failed(&usage, "%s", err.message);
    else if (ended > 0)
        status = EXIT_SIGNAL + stop_signal;
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
