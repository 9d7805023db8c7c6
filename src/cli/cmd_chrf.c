/* satz chrf -- scores translations by the n-grams of characters that they share with references. */
#include "cli/command.h"
#include "cli/score.h"

enum {
    OPTION_CHAR_ORDER = N_SCORE_OPTIONS,
    OPTION_WORD_ORDER,
    OPTION_BETA,
    OPTION_LOWERCASE,
    OPTION_WHITESPACE,
    OPTION_EPS_SMOOTHING,
    N_OPTIONS
};

static const struct option_row rows[N_OPTIONS] = {
    SCORE_ROWS,
    [OPTION_CHAR_ORDER] = {0, "char-order", "N", "longest n-grams of characters (default 6)"},
    [OPTION_WORD_ORDER] = {'n', "word-order", "N",
                           "longest n-grams of words (default 0; 2 is chrF++)"},
    [OPTION_BETA] = {0, "beta", "N", "how much recall counts against precision (default 2)"},
    [OPTION_LOWERCASE] = {'l', "lowercase", NULL, "ignore case"},
    [OPTION_WHITESPACE] = {0, "whitespace", NULL, "white space counts as characters"},
    [OPTION_EPS_SMOOTHING] = {0, "eps-smoothing", NULL,
                              "average over all orders, those without n-grams too"},
};

static const char *const metric_options[N_OPTIONS] = {
    [OPTION_CHAR_ORDER] = "char_order",
    [OPTION_WORD_ORDER] = "word_order",
    [OPTION_BETA] = "beta",
    [OPTION_LOWERCASE] = "lowercase",
    [OPTION_WHITESPACE] = "whitespace",
    [OPTION_EPS_SMOOTHING] = "eps_smoothing",
};

static const struct usage usage = {
    .name = "satz chrf",
    .synopsis = SCORE_SYNOPSIS,
    .about =
        "Scores the translations in HYPOTHESIS (default: standard input), one a line, against\n"
        "REFERENCE by chrF, or with --word-order 2 by chrF++, with the figures of sacreBLEU. The\n"
        "text is plain or gzip, not tokenised. Prints the score and its signature, which tells\n"
        "how it was computed; signs that the files are not what they should be go to standard\n"
        "error.\n",
    .rows = rows,
    .n_rows = N_OPTIONS,
    .examples = "# chrF, and chrF++\n"
                "satz chrf test.de test.out\n"
                "satz chrf --word-order 2 test.de test.out\n",
};

static const struct score_command score = {
    .usage = &usage,
    .metric = "chrf",
    .metric_options = metric_options,
};

static int run(int argc, char **argv)
{
    return score_run(&score, argc, argv);
}

const struct command command_chrf = {
    .name = "chrf",
    .summary = "score translations against references by chrF or chrF++",
    .run = run,
};
