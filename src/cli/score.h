/* score.h -- what `satz bleu`, `satz chrf` and `satz ter` share: a command is a metric and a table
 * of options, SCORE_ROWS first and then one row for each option of the metric. */
#ifndef SATZ_CLI_SCORE_H
#define SATZ_CLI_SCORE_H

#include "cli/options.h"

enum score_option {
    SCORE_REFERENCE,
    SCORE_SENTENCE,
    SCORE_BY,
    SCORE_CONFIDENCE,
    SCORE_SAMPLES,
    SCORE_SEED,
    SCORE_WIDTH,
    SCORE_SCORE_ONLY,
    SCORE_JSON,
    N_SCORE_OPTIONS
};

/* clang-format off */
#define SCORE_ROWS                                                                                 \
    [SCORE_REFERENCE] = {'r', "reference", "FILE",                                                 \
                         "a further reference translation; can be repeated"},                      \
    [SCORE_SENTENCE] = {0, "sentence", NULL, "a score for each line instead"},                     \
    [SCORE_BY] = {0, "by", "FILE",                                                                 \
                  "also a score for each kind of line: FILE has a label for each line"},           \
    [SCORE_CONFIDENCE] = {'c', "confidence", NULL, "also the 95% interval by bootstrap"},          \
    [SCORE_SAMPLES] = {0, "samples", "N", "resamples for --confidence (default 1000)"},            \
    [SCORE_SEED] = {0, "seed", "N", "seed for --confidence (default 0)"},                          \
    [SCORE_WIDTH] = {'w', "width", "N", "digits after the point (default 2)"},                     \
    [SCORE_SCORE_ONLY] = {'b', "score-only", NULL, "print numbers only"},                          \
    [SCORE_JSON] = {'j', "json", NULL, "print JSON, with all digits"}
/* clang-format on */

#define SCORE_SYNOPSIS "[OPTION]... REFERENCE [HYPOTHESIS]"

struct score_command {
    const struct usage *usage;
    const char *metric; /* a name of metric_name() */
    /* By row, from N_SCORE_OPTIONS on: the metric's option that it sets, to yes if the row has no
     * argument. */
    const char *const *metric_options;
    const char *sentence_option; /* what --sentence sets too, or NULL */
};

/* The whole command: reads the command line, scores, prints. Returns the exit status. */
int score_run(const struct score_command *command, int argc, char **argv);

#endif
