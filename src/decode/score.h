/* score.h -- how likely given translations are, and where the decoder looked while it was forced to
 * write them. The steps are the search's own: a hypothesis gets the bits it had there. */
#ifndef SATZ_DECODE_SCORE_H
#define SATZ_DECODE_SCORE_H

#include "model/seq2seq.h"

struct score_result {
    double log_probability; /* natural, of the target and its END */
    /* [words of the target + 1]: its parts; added up in this order they are its bits */
    const double *token_log_probabilities;
    int tokens; /* words of the target + 1 */
    /* [words of the target + 1, words of the source + 1], END last on both sides, the source in the
     * order of the text; NULL unless asked for */
    const float *attention;
    /* With a window (nn/attention.h): each target word's centre, in words of the source, 0 to its
     * length, and where the window ends, the words [from, to); NULL for attention without one */
    const struct satz_window *windows;
};

/* One thread's; all zero is an empty one. */
struct scorer {
    struct score_result *results; /* of the last run, by the order given to batch_fill */
    struct arena arena;           /* owns them; memory is kept for the next run */
};

/* Scores a batch of pairs. `reversed` tells how its source was laid out. Fails when memory is
 * short, the network's output is not a number, or attention is asked of a model that has none. */
int scorer_run(struct scorer *s, const struct pass *pass, const struct seq2seq *model,
               const struct batch *pairs, bool attention, bool reversed, struct satz_error *err);

void scorer_release(struct scorer *s);

#endif
