/* satz ter -- scores translations by the edits that turn them into references. */
#include "cli/command.h"
#include "cli/score.h"

enum {
    OPTION_NORMALISED = N_SCORE_OPTIONS,
    OPTION_NO_PUNCT,
    OPTION_ASIAN,
    OPTION_CASE_SENSITIVE,
    N_OPTIONS
};

static const struct option_row rows[N_OPTIONS] = {
    SCORE_ROWS,
    [OPTION_NORMALISED] = {'n', "normalized", NULL, "cut punctuation off words"},
    [OPTION_NO_PUNCT] = {'p', "no-punct", NULL, "take punctuation out"},
    [OPTION_ASIAN] = {'a', "asian-support", NULL,
                      "with --normalized and --no-punct: treat Chinese and Japanese too"},
    [OPTION_CASE_SENSITIVE] = {'s', "case-sensitive", NULL, "do not ignore case"},
};

static const char *const metric_options[N_OPTIONS] = {
    [OPTION_NORMALISED] = "normalised",
    [OPTION_NO_PUNCT] = "no_punct",
    [OPTION_ASIAN] = "asian",
    [OPTION_CASE_SENSITIVE] = "case_sensitive",
};

static const struct usage usage = {
    .name = "satz ter",
    .synopsis = SCORE_SYNOPSIS,
    .about =
        "Scores the translations in HYPOTHESIS (default: standard input), one a line, against\n"
        "REFERENCE by TER, the translation edit rate, with the figures of sacreBLEU: lower is\n"
        "better. The text is plain or gzip. Prints the score and its signature, which tells how\n"
        "it was computed; signs that the files are not what they should be go to standard error.\n",
    .rows = rows,
    .n_rows = N_OPTIONS,
    .examples = "# the edits in a hundred words of the reference\n"
                "satz ter test.de test.out\n",
};

static const struct score_command score = {
    .usage = &usage,
    .metric = "ter",
    .metric_options = metric_options,
};

static int run(int argc, char **argv)
{
    return score_run(&score, argc, argv);
}

const struct command command_ter = {
    .name = "ter",
    .summary = "score translations against references by TER",
    .run = run,
};
