#include "cli/score.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/input.h"
#include "cli/visible.h"
#include "eval.h"
#include "satz.h"

/* The sum of the lines that have one label. */
struct bucket {
    char *label;
    struct statistics lines;
};

struct scoring {
    const struct score_command *command;
    const struct usage *usage;
    char specification[512]; /* of the metric */
    const char **paths;      /* hypothesis, then references */
    int n_references;
    const char *labels;
    struct resampling resampling;
    int width;
    bool sentence, confidence, has_resampling, score_only, json;
    struct metric *metric;
    struct guards *guards;
    struct statistics lines;
    struct interval interval; /* if `confidence` */
    struct bucket *buckets;
    size_t n_buckets;
};

static const double *row_of(const struct scoring *s, size_t line)
{
    return s->lines.rows + line * (size_t)s->lines.width;
}

/* Adds one line to its label's bucket, which is made when there is none. 0 or EXIT_FAILURE. */
static int add_to_bucket(struct scoring *s, const char *label, size_t line)
{
    struct satz_error err;
    size_t i = 0;
    while (i < s->n_buckets && strcmp(s->buckets[i].label, label) != 0)
        i++;
    if (i == s->n_buckets) {
        struct bucket *grown = realloc(s->buckets, (i + 1) * sizeof *grown);
        if (grown)
            s->buckets = grown;
        char *copy = grown ? strdup(label) : NULL;
        if (!copy)
            return command_failed(s->usage, "%s", strerror(ENOMEM));
        s->buckets[s->n_buckets++] = (struct bucket){.label = copy};
    }
    if (statistics_add(&s->buckets[i].lines, row_of(s, line), s->lines.width, &err))
        return command_failed(s->usage, "%s", err.message);
    return 0;
}

/* Sorts the lines into buckets. 0 or EXIT_FAILURE. */
static int read_labels(struct scoring *s)
{
    struct input in;
    int more = 0, status = input_open(&in, s->labels, s->usage);
    if (status != 0)
        return status;
    while (status == 0 && (more = input_next(&in)) > 0 && in.number <= s->lines.n_segments)
        status = add_to_bucket(s, in.line, in.number - 1);
    if (status == 0 && more < 0)
        status = EXIT_FAILURE;
    else if (status == 0 && in.number != s->lines.n_segments)
        status = command_failed(s->usage,
                                "%s has %s lines than the %zu of the hypothesis; it must "
                                "have a label for each",
                                in.name, more ? "more" : "fewer", s->lines.n_segments);
    input_close(&in);
    return status;
}

static void print_score(const struct scoring *s, const double *statistics)
{
    char line[512];
    if (s->score_only) {
        printf("%.*f\n", s->width, metric_score(s->metric, statistics));
        return;
    }
    metric_format(s->metric, statistics, s->width, line, sizeof line);
    puts(line);
}

static void print_interval(const struct scoring *s)
{
    const struct interval *i = &s->interval;
    if (s->score_only)
        printf("%.*f %.*f\n", s->width, i->low, s->width, i->high);
    else
        printf("95%% interval %.*f to %.*f, mean %.*f (%d resamples, seed %llu)\n", s->width,
               i->low, s->width, i->high, s->width, i->mean, s->resampling.n_samples,
               (unsigned long long)s->resampling.seed);
}

static void print_text(const struct scoring *s)
{
    char signature[256];
    if (s->sentence)
        for (size_t i = 0; i < s->lines.n_segments; i++)
            print_score(s, row_of(s, i));
    else
        print_score(s, s->lines.sum);
    if (s->confidence)
        print_interval(s);
    for (size_t i = 0; i < s->n_buckets; i++) {
        printf("%s\t%zu\t", s->buckets[i].label, s->buckets[i].lines.n_segments);
        print_score(s, s->buckets[i].lines.sum);
    }
    metric_signature(s->metric, signature, sizeof signature);
    if (!s->score_only)
        puts(signature);
}

static json_t *json_sentences(const struct scoring *s)
{
    json_t *scores = json_array();
    for (size_t i = 0; i < s->lines.n_segments; i++)
        json_array_append_new(scores, json_real(metric_score(s->metric, row_of(s, i))));
    return scores;
}

static json_t *json_buckets(const struct scoring *s)
{
    json_t *buckets = json_array();
    for (size_t i = 0; i < s->n_buckets; i++) {
        const struct bucket *b = &s->buckets[i];
        json_t *bucket = json_pack("{s:s, s:I, s:f}", "label", b->label, "lines",
                                   (json_int_t)b->lines.n_segments, "score",
                                   metric_score(s->metric, b->lines.sum));
        if (json_array_append_new(buckets, bucket)) {
            json_decref(buckets);
            return NULL;
        }
    }
    return buckets;
}

static json_t *json_warnings(const struct scoring *s)
{
    char warning[512];
    json_t *warnings = json_array();
    for (int i = 0; guards_warning(s->guards, i, warning, sizeof warning) > 0; i++)
        json_array_append_new(warnings, json_string(warning));
    return warnings;
}

/* 0 or EXIT_FAILURE. */
static int print_json(const struct scoring *s)
{
    char label[64], text[512], signature[256];
    int failed = 0;
    metric_label(s->metric, label, sizeof label);
    metric_format(s->metric, s->lines.sum, s->width, text, sizeof text);
    metric_signature(s->metric, signature, sizeof signature);
    json_t *root =
        json_pack("{s:s, s:f, s:s, s:s, s:I, s:o}", "name", label, "score",
                  metric_score(s->metric, s->lines.sum), "text", text, "signature", signature,
                  "lines", (json_int_t)s->lines.n_segments, "warnings", json_warnings(s));
    if (s->confidence)
        failed |= json_object_set_new(
            root, "interval",
            json_pack("{s:f, s:f, s:f, s:i, s:I}", "mean", s->interval.mean, "low", s->interval.low,
                      "high", s->interval.high, "samples", s->resampling.n_samples, "seed",
                      (json_int_t)s->resampling.seed));
    if (s->sentence)
        failed |= json_object_set_new(root, "sentences", json_sentences(s));
    if (s->labels)
        failed |= json_object_set_new(root, "labels", json_buckets(s));
    if (!root || failed)
        failed = command_failed(s->usage, "no JSON: a label is not UTF-8, or out of memory");
    else if (json_dumpf(root, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(17)) == 0)
        putchar('\n');
    json_decref(root);
    return failed;
}

static void print_warnings(const struct scoring *s)
{
    char warning[512];
    for (int i = 0; guards_warning(s->guards, i, warning, sizeof warning) > 0; i++)
        visible_line(stderr, "%s: warning: %s", s->usage->name, warning);
}

/* Scores the files and prints the warnings, then the figures. 0 or EXIT_FAILURE. */
static int score_files(struct scoring *s)
{
    struct satz_error err;
    s->lines.keep = s->sentence || s->labels || s->confidence;
    if (metrics_add_files(&s->metric, 1, s->paths[0], s->paths + 1, s->n_references, &s->lines,
                          s->guards, &err))
        return command_failed(s->usage, "%s", err.message);
    if (s->confidence &&
        significance_interval(s->metric, &s->lines, &s->resampling, &s->interval, &err))
        return command_failed(s->usage, "%s", err.message);
    if (s->labels && read_labels(s) != 0)
        return EXIT_FAILURE;
    print_warnings(s);
    if (s->json)
        return print_json(s);
    print_text(s);
    return 0;
}

static int check_options(const struct scoring *s)
{
    int n_standard = s->labels && strcmp(s->labels, "-") == 0;
    for (int i = 0; i <= s->n_references; i++)
        n_standard += strcmp(s->paths[i], "-") == 0; /* NOLINT: none is NULL up to the last */
    if (n_standard > 1)
        return usage_error(s->usage, "standard input (\"-\") can stand for one file only");
    if (s->json && s->score_only)
        return usage_error(s->usage, "--json and --score-only exclude each other");
    if (s->has_resampling && !s->confidence)
        return usage_error(s->usage, "--samples and --seed are for --confidence: give that too");
    return 0;
}

/* Puts an option of the metric, by its name there, into the specification. 0 or EXIT_USAGE. */
static int specify(struct scoring *s, const char *name, const char *value)
{
    size_t used = strlen(s->specification), room = sizeof s->specification - used;
    int n = snprintf(s->specification + used, room, "%s%s%s%s",
                     strchr(s->specification, ':') ? "," : ":", name, value ? "=" : "",
                     value ? value : "");
    if ((size_t)n >= room || (value && strchr(value, ',')))
        return usage_error(s->usage, "\"%s\" is no value of an option", value ? value : "");
    return 0;
}

/* Takes an option of the metric in, or says which one is wrong. */
static int take_metric_option(struct scoring *s, int row)
{
    struct satz_error err;
    const struct option_row *option = &s->usage->rows[row];
    const char *value = option->argument ? optarg : NULL;
    int status = specify(s, s->command->metric_options[row], value);
    struct metric *metric = status == 0 ? metric_new(s->specification, &err) : NULL;
    if (status == 0 && !metric)
        status = usage_error(s->usage, "--%s%s%s: %s", option->name, value ? " " : "",
                             value ? value : "", err.message);
    metric_free(metric);
    return status;
}

/* Takes one option in. 0 or EXIT_USAGE. */
static int take_option(struct scoring *s, int row)
{
    long number = 0;
    int status = 0;
    switch (row) {
    case SCORE_REFERENCE:
        s->paths[++s->n_references] = optarg;
        break;
    case SCORE_SENTENCE:
        s->sentence = true;
        if (s->command->sentence_option)
            return specify(s, s->command->sentence_option, NULL);
        break;
    case SCORE_BY:
        s->labels = optarg;
        break;
    case SCORE_CONFIDENCE:
        s->confidence = true;
        break;
    case SCORE_SAMPLES:
        s->has_resampling = true;
        status = option_integer(s->usage, row, optarg, 1, 10000000, &number);
        s->resampling.n_samples = (int)number;
        break;
    case SCORE_SEED:
        s->has_resampling = true;
        status = option_integer(s->usage, row, optarg, 0, LONG_MAX, &number);
        s->resampling.seed = (uint64_t)number;
        break;
    case SCORE_WIDTH:
        status = option_integer(s->usage, row, optarg, 0, 15, &number);
        s->width = (int)number;
        break;
    case SCORE_SCORE_ONLY:
        s->score_only = true;
        break;
    case SCORE_JSON:
        s->json = true;
        break;
    default:
        return take_metric_option(s, row);
    }
    return status;
}

/* Takes the command line in. 0, or the exit status in *status and 1. */
static int parse(struct scoring *s, int argc, char **argv, int *status)
{
    for (int row; (row = options_next(s->usage, argc, argv, status)) != OPTIONS_END;)
        if (row == OPTIONS_STOP || (*status = take_option(s, row)) != 0)
            return 1;
    int n_operands = argc - optind;
    if (n_operands < 1 || n_operands > 2) {
        *status = usage_error(s->usage, "name the reference, and at most one hypothesis");
        return 1;
    }
    s->paths[1] = argv[optind];
    s->paths[0] = n_operands == 2 ? argv[optind + 1] : "-";
    *status = check_options(s);
    return *status != 0;
}

static void release(struct scoring *s)
{
    for (size_t i = 0; i < s->n_buckets; i++) {
        free(s->buckets[i].label);
        statistics_release(&s->buckets[i].lines);
    }
    free(s->buckets);
    statistics_release(&s->lines);
    metric_free(s->metric);
    guards_free(s->guards);
    free(s->paths);
}

int score_run(const struct score_command *command, int argc, char **argv)
{
    int status = 0;
    struct satz_error err;
    struct scoring s = {.command = command,
                        .usage = command->usage,
                        .resampling = {.n_samples = BOOTSTRAP_SAMPLES},
                        .n_references = 1,
                        .width = 2};
    snprintf(s.specification, sizeof s.specification, "%s", command->metric);
    s.paths = calloc((size_t)argc + 2, sizeof *s.paths); /* [0] and [1] are the operands */
    if (!s.paths)
        return command_failed(s.usage, "%s", strerror(ENOMEM));
    if (parse(&s, argc, argv, &status) != 0)
        goto done;
    s.metric = metric_new(s.specification, &err);
    s.guards = s.metric ? guards_new(&err) : NULL;
    status = s.guards ? score_files(&s) : command_failed(s.usage, "%s", err.message);
done:
    release(&s);
    return status;
}
