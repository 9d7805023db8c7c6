/* satz bleu -- scores translations by the n-grams of words that they share with references. */
#include <stdio.h>

#include "cli/command.h"
#include "cli/score.h"
#include "eval.h"

enum {
    OPTION_TOKENISE = N_SCORE_OPTIONS,
    OPTION_LOWERCASE,
    OPTION_SMOOTH,
    OPTION_SMOOTH_VALUE,
    OPTION_EFFECTIVE_ORDER,
    OPTION_MAX_ORDER,
    N_OPTIONS
};

static const struct option_row rows[N_OPTIONS] = {
    SCORE_ROWS,
    [OPTION_TOKENISE] = {'t', "tokenize", "TOKENISER", "how text is cut into words (default 13a)"},
    [OPTION_LOWERCASE] = {'l', "lowercase", NULL, "ignore case"},
    [OPTION_SMOOTH] = {'s', "smooth", "SMOOTHING",
                       "what is done about n-grams that never match (default exp)"},
    [OPTION_SMOOTH_VALUE] = {0, "smooth-value", "X",
                             "for --smooth floor (default 0.1) and add-k (default 1)"},
    [OPTION_EFFECTIVE_ORDER] = {'e', "effective-order", NULL,
                                "leave out n-grams longer than the text; --sentence does so too"},
    [OPTION_MAX_ORDER] = {'n', "max-order", "N", "longest n-grams (default 4)"},
};

static const char *const metric_options[N_OPTIONS] = {
    [OPTION_TOKENISE] = "tokenise",
    [OPTION_LOWERCASE] = "lowercase",
    [OPTION_SMOOTH] = "smoothing",
    [OPTION_SMOOTH_VALUE] = "smooth_value",
    [OPTION_EFFECTIVE_ORDER] = "effective_order",
    [OPTION_MAX_ORDER] = "max_order",
};

static const struct usage usage = {
    .name = "satz bleu",
    .synopsis = SCORE_SYNOPSIS,
    .about =
        "Scores the translations in HYPOTHESIS (default: standard input), one a line, against\n"
        "REFERENCE by BLEU, with the figures of sacreBLEU. The text is plain or gzip, not\n"
        "tokenised. Prints the score and its signature, which tells how it was computed; signs\n"
        "that the files are not what they should be go to standard error.\n",
    .rows = rows,
    .n_rows = N_OPTIONS,
    .examples = "# the score, with its interval\n"
                "satz bleu --confidence test.de test.out\n"
                "# translate and score at once\n"
                "satz translate model.safetensors test.en | satz bleu test.de\n",
};

static const struct score_command score = {
    .usage = &usage,
    .metric = "bleu",
    .metric_options = metric_options,
    .sentence_option = "effective_order",
};

static int run(int argc, char **argv)
{
    return score_run(&score, argc, argv);
}

const struct command command_bleu = {
    .name = "bleu",
    .summary = "score translations against references by BLEU",
    .run = run,
};
