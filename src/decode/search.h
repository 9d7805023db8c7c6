/* search.h -- beam search over a batch of sources.
 *
 * A hypothesis is a row: all live hypotheses of all sentences take a step together, and a sentence
 * that is done leaves no rows behind. Scores are
 *
 *     score = log P(y1 .. yn END | source) / (n + 1)^length_penalty       (Wu et al. 2016, eq. 14,
 *                                                                          simplified)
 *
 * At each step a sentence's candidates are ranked by log probability, equal ones by hypothesis and
 * then by word. Those that end within the first `beam` ranks are ended hypotheses; the `beam` best
 * others live on. PAD and BEGIN are never candidates, but their probability counts. A hypothesis
 * that has reached the limit,
 *
 *     max_length_factor * (words of the source) + max_length_extra     words,
 *
 * can only end. A sentence is done when `beam` hypotheses have ended, when none lives, or when
 * n_best have ended and nothing that lives can get a score above the last of them. That last rule
 * changes no result: log probabilities only fall, so a live hypothesis' score stays at or below
 * log P / (limit + 1)^length_penalty. With a beam as wide as there are prefixes, the search is
 * exhaustive and finds the best translation within the limit. With beam 1 it is greedy.
 *
 * Every number of a hypothesis is computed from its own row, so translations have the same bits
 * whatever shares the batch, and however many threads search at once. */
#ifndef SATZ_DECODE_SEARCH_H
#define SATZ_DECODE_SEARCH_H

#include "model/seq2seq.h"

struct search_options {
    int beam, n_best;                         /* 1 <= n_best <= beam */
    double length_penalty, max_length_factor; /* >= 0 */
    int max_length_extra;                     /* >= 0 */
};

struct hypothesis {
    const int *ids; /* without BEGIN and END */
    int n;
    double log_probability; /* natural; END's included */
    double score;
};

/* Best first; at least one, at most n_best. */
struct search_result {
    const struct hypothesis *hypotheses;
    int n;
};

/* One thread's; all zero is an empty one. */
struct search {
    struct search_result *results; /* of the last run, by the order given to batch_fill */
    struct arena arena;            /* owns them; memory is kept for the next run */
};

/* `sources` is a batch without targets. Fails when memory is short or the network's output is not a
 * number; the results are gone then. */
int search_run(struct search *s, const struct pass *pass, const struct seq2seq *model,
               const struct batch *sources, const struct search_options *options,
               struct satz_error *err);

void search_release(struct search *s);

#endif
