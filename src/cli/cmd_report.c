/* satz report -- one HTML page about one translation. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/metrics.h"
#include "cli/options.h"
#include "cli/output.h"
#include "eval.h"
#include "satz.h"

enum {
    OPTION_OUTPUT,
    OPTION_SOURCE,
    OPTION_ATTENTION,
    OPTION_TITLE,
    OPTION_METRIC,
    OPTION_RANK,
    OPTION_SENTENCES,
    OPTION_SAMPLES,
    OPTION_SEED,
    N_OPTIONS
};

static const struct option_row rows[N_OPTIONS] = {
    [OPTION_OUTPUT] = {'o', "output", "FILE.html", "the page (default: standard output)"},
    [OPTION_SOURCE] = {'s', "source", "FILE", "the source text"},
    [OPTION_ATTENTION] =
        {'a', "attention", "FILE",
         "attention, as `satz translate --attention FILE.jsonl` writes it: for each "
         "line a JSON matrix, a row for each word of the hypothesis and a "
         "column for each of the source"},
    [OPTION_TITLE] = {0, "title", "TEXT", "title of the page (default: the hypothesis's name)"},
    [OPTION_METRIC] = {'m', "metric", "METRIC",
                       "what to score by; can be repeated (default bleu, chrf and ter)"},
    [OPTION_RANK] = {0, "rank", "METRIC", "what finds the worst sentences (default chrf)"},
    [OPTION_SENTENCES] = {0, "sentences", "N", "how many of the worst to show (default 20)"},
    [OPTION_SAMPLES] = {'n', "samples", "N", "resamples for intervals (default 1000)"},
    [OPTION_SEED] = {0, "seed", "N", "seed for intervals (default 0)"},
};

static const struct usage usage = {
    .name = "satz report",
    .synopsis = "[OPTION]... REFERENCE HYPOTHESIS\n[OPTION]... HYPOTHESIS",
    .about =
        "Writes an HTML page about the translations in HYPOTHESIS: scores with 95% intervals,\n"
        "signs of bad translations (repetition, copied source, unknown words, lengths, missing\n"
        "parts), distributions, the worst sentences, warnings. Without a reference there are no\n"
        "scores. Files are plain or gzip.\n",
    .rows = rows,
    .n_rows = N_OPTIONS,
    .print_more = metrics_print,
    .examples = "# a page about a translation\n"
                "satz report --source test.en --output report.html test.de test.out\n",
};

struct job {
    struct report_options options;
    const char **metrics;
    const char *output, *source; /* NULL: standard output; none */
};

/* Takes one option in. 0 or EXIT_USAGE. */
static int take_option(struct job *j, int row)
{
    long number = 0;
    int status = 0;
    switch (row) {
    case OPTION_OUTPUT:
        j->output = optarg;
        break;
    case OPTION_SOURCE:
        j->source = optarg;
        break;
    case OPTION_ATTENTION:
        j->options.attention = optarg;
        break;
    case OPTION_TITLE:
        j->options.title = optarg;
        break;
    case OPTION_METRIC:
        j->metrics[j->options.n_metrics++] = optarg;
        return metrics_check(&usage, row, optarg);
    case OPTION_RANK:
        j->options.segment_metric = optarg;
        return metrics_check(&usage, row, optarg);
    case OPTION_SENTENCES:
        status = option_integer(&usage, row, optarg, 1, 1000, &number);
        j->options.n_sentences = (int)number;
        break;
    case OPTION_SAMPLES:
        status = option_integer(&usage, row, optarg, 1, 10000000, &number);
        j->options.resampling.n_samples = (int)number;
        break;
    case OPTION_SEED:
        status = option_integer(&usage, row, optarg, 0, LONG_MAX, &number);
        j->options.resampling.seed = (uint64_t)number;
        break;
    }
    return status;
}

static int write_page(const char *path, const char *page)
{
    struct output o;
    int status = output_open(&o, path, &usage);
    return status == EXIT_SUCCESS ? output_close(&o, output_write(&o, page, strlen(page))) : status;
}

static int report(const struct job *j, const char *hypothesis, const char *reference)
{
    struct satz_error err;
    char *page = report_write(j->source, hypothesis, reference, &j->options, &err);
    int status = page ? write_page(j->output, page) : command_failed(&usage, "%s", err.message);
    free(page);
    return status;
}

static int run(int argc, char **argv)
{
    int status = EXIT_SUCCESS;
    struct job job = {0};
    job.metrics = calloc((size_t)argc, sizeof *job.metrics);
    if (!job.metrics)
        return command_failed(&usage, "%s", strerror(ENOMEM));
    for (int row; (row = options_next(&usage, argc, argv, &status)) != OPTIONS_END;)
        if (row == OPTIONS_STOP || (status = take_option(&job, row)) != 0)
            goto done;
    int n_operands = argc - optind;
    if (job.options.n_metrics > 0)
        job.options.metrics = job.metrics;
    if (n_operands < 1 || n_operands > 2)
        status = usage_error(&usage, "name the hypothesis, and before it perhaps the reference");
    else
        status = report(&job, argv[argc - 1], n_operands == 2 ? argv[optind] : NULL);
done:
    free(job.metrics);
    return status;
}

const struct command command_report = {
    .name = "report",
    .summary = "write a page about a translation: scores, estimates, worst sentences",
    .run = run,
};
