/* satz compare -- how much better is one system than another, and where? */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/metrics.h"
#include "cli/options.h"
#include "cli/visible.h"
#include "eval.h"
#include "satz.h"

enum {
    OPTION_METRIC,
    OPTION_TEST,
    OPTION_SAMPLES,
    OPTION_TRIALS,
    OPTION_SEED,
    OPTION_TRAIN,
    OPTION_SENTENCES,
    OPTION_JSON,
    OPTION_MARKDOWN,
    N_OPTIONS
};

static const struct option_row rows[N_OPTIONS] = {
    [OPTION_METRIC] = {'m', "metric", "METRIC",
                       "what to score by; can be repeated (default bleu and chrf)"},
    [OPTION_TEST] = {'t', "test", "TEST", "bootstrap or randomisation (default bootstrap)"},
    [OPTION_SAMPLES] = {'n', "samples", "N", "resamples of the bootstrap (default 1000)"},
    [OPTION_TRIALS] = {0, "trials", "N",
                       "trials of --test randomisation, which it implies (default 10000)"},
    [OPTION_SEED] = {0, "seed", "N", "seed of the test (default 0)"},
    [OPTION_TRAIN] = {0, "train", "FILE",
                      "training text: tells how frequent words are and which ones are unknown"},
    [OPTION_SENTENCES] = {0, "sentences", "N",
                          "how many lines to show that move the score most (default 10)"},
    [OPTION_JSON] = {'j', "json", NULL, "print JSON, with all digits"},
    [OPTION_MARKDOWN] = {0, "markdown", NULL, "print Markdown"},
};

static const struct usage usage = {
    .name = "satz compare",
    .synopsis = "[OPTION]... REFERENCE BASELINE SYSTEM...",
    .about =
        "Compares translations of one text by several systems with the first of them. Prints for\n"
        "each metric the scores, the difference to the baseline with its 95% interval and the\n"
        "probability p that systems equally good differ as much; then, by the first metric,\n"
        "scores by the length of lines, by the frequency of words and by unknown words, and the\n"
        "lines that move the score most. Files are plain or gzip.\n",
    .rows = rows,
    .n_rows = N_OPTIONS,
    .print_more = metrics_print,
    .examples = "# is the second system better than the first?\n"
                "satz compare test.de first.out second.out\n"
                "# the same as JSON, by randomisation\n"
                "satz compare --json --test randomisation test.de first.out second.out\n",
};

struct job {
    struct compare_options options;
    const char **metrics;
    const char *format;       /* one of comparison_format_name() */
    int samples_row;          /* --samples or --trials if it was given, or -1 */
    const char *samples_test; /* the test that it is for */
};

/* --samples or --trials: the number of samples of that test. 0 or EXIT_USAGE. */
static int take_samples(struct job *j, int row, int test)
{
    long number = 0;
    if (j->samples_row >= 0 && j->samples_row != row)
        return usage_error(&usage, "--samples and --trials are for different tests: give one");
    int status = option_integer(&usage, row, optarg, 1, 10000000, &number);
    j->samples_row = row;
    j->samples_test = significance_test_name(test);
    j->options.resampling.n_samples = (int)number;
    return status;
}

static int take_test(struct job *j)
{
    for (int i = 0; significance_test_name(i); i++)
        if (strcmp(optarg, significance_test_name(i)) == 0) {
            j->options.test = significance_test_name(i);
            return 0;
        }
    return usage_error(&usage, "--test %s: take %s or %s", optarg, significance_test_name(0),
                       significance_test_name(1));
}

/* Takes one option in. 0 or EXIT_USAGE. */
static int take_option(struct job *j, int row)
{
    long number = 0;
    int status = 0;
    switch (row) {
    case OPTION_METRIC:
        j->metrics[j->options.n_metrics++] = optarg;
        return metrics_check(&usage, row, optarg);
    case OPTION_TEST:
        return take_test(j);
    case OPTION_SAMPLES:
        return take_samples(j, row, 0);
    case OPTION_TRIALS:
        return take_samples(j, row, 1);
    case OPTION_SEED:
        status = option_integer(&usage, row, optarg, 0, LONG_MAX, &number);
        j->options.resampling.seed = (uint64_t)number;
        break;
    case OPTION_TRAIN:
        j->options.training = optarg;
        break;
    case OPTION_SENTENCES:
        status = option_integer(&usage, row, optarg, 1, 1000, &number);
        j->options.n_sentences = (int)number;
        break;
    case OPTION_JSON:
        j->format = "json";
        break;
    case OPTION_MARKDOWN:
        j->format = "markdown";
        break;
    }
    return status;
}

/* What the options say together. 0 or EXIT_USAGE. */
static int check_options(struct job *j)
{
    if (!j->options.test)
        j->options.test = j->samples_test;
    if (j->samples_test && strcmp(j->options.test, j->samples_test) != 0)
        return usage_error(&usage, "--%s is for --test %s", rows[j->samples_row].name,
                           j->samples_test);
    if (j->options.n_metrics > 0)
        j->options.metrics = j->metrics;
    return 0;
}

static int compare(const struct job *j, const char *reference, const char *const *hypotheses, int n)
{
    struct satz_error err;
    char *text = NULL;
    struct comparison *c = comparison_new(reference, hypotheses, n, &j->options, &err);
    if (c)
        text = comparison_write(c, j->format, &err);
    int status = text ? EXIT_SUCCESS : command_failed(&usage, "%s", err.message);
    /* The text of a terminal says them itself. */
    for (size_t i = 0; text && strcmp(j->format, "text") != 0 && i < c->n_warnings; i++)
        visible_line(stderr, "%s: warning: %s", usage.name, c->warnings[i]);
    if (text)
        fputs(text, stdout);
    free(text);
    comparison_free(c);
    return status;
}

static int run(int argc, char **argv)
{
    int status = EXIT_SUCCESS;
    struct job job = {.format = "text", .samples_row = -1};
    job.metrics = calloc((size_t)argc, sizeof *job.metrics);
    if (!job.metrics)
        return command_failed(&usage, "%s", strerror(ENOMEM));
    for (int row; (row = options_next(&usage, argc, argv, &status)) != OPTIONS_END;)
        if (row == OPTIONS_STOP || (status = take_option(&job, row)) != 0)
            goto done;
    if (argc - optind < 3)
        status = usage_error(&usage, "name the reference, the baseline and at least one system");
    else
        status = check_options(&job);
    if (status == 0)
        status =
            compare(&job, argv[optind], (const char *const *)argv + optind + 1, argc - optind - 1);
done:
    free(job.metrics);
    return status;
}

const struct command command_compare = {
    .name = "compare",
    .summary = "compare systems: differences, significance, where they lie",
    .run = run,
};
