/* lexicon.h -- which words of the target the words of a source are translated by: IBM Model 1
 * (Brown et al. 1993, 4.1), learned from a corpus by expectation maximisation.
 *
 * Each word t_j of a target comes from one word of its source, or from none (word 0 here), all
 * equally likely before t_j is seen:
 *
 *     E    c(t|s) = sum over pairs, over their j with t_j = t and i with s_i = s, of
 *                   p(t|s) / sum_i' p(t|s_i')              i' = 0 .. length of the source
 *     M    p(t|s) = c(t|s) / sum_t' c(t'|s)
 *
 * from p(t|s) the same for all t. Its likelihood has one maximum only, so nothing is drawn. Only
 * words that occur together have an entry: 16 bytes for each such two, and 4 for each word of the
 * source, are what it takes. */
#ifndef SATZ_TEXT_LEXICON_H
#define SATZ_TEXT_LEXICON_H

#include "text/corpus.h"

/* The entries of source word s are [offsets[s], offsets[s + 1]), by ascending word; those of no
 * word at all are the ones of s = sources. */
struct lexicon {
    int sources, targets;  /* sizes of the vocabularies */
    int64_t *offsets;      /* [sources + 2] */
    int32_t *words;        /* of the target */
    float *probabilities;  /* p(word | s) */
    int64_t *target_count; /* [targets]: how often each occurs */
};

/* Learns from a corpus of those vocabularies. The same corpus gives the same bits. On failure *l
 * needs no release. */
int lexicon_train(struct lexicon *l, const struct corpus *c, int sources, int targets,
                  int iterations, struct satz_error *err);
void lexicon_release(struct lexicon *l);

#endif
