/* search.h -- translations of a batch of sources: beam search, diverse beam search, sampling.
 *
 * A hypothesis is a row: all live hypotheses of all sentences take a step together, and a sentence
 * that is done leaves no rows behind. The score of an ended hypothesis y of n words is
 *
 *     score = log P(y1 .. yn END | source) / length(n + 1) + coverage_penalty * coverage
 *
 * with length() a row of normalisations[] (decode/normalise.h) and coverage the sum over the
 * source's tokens of log min(attention received, 1) <= 0 (Wu et al. 2016, eq. 14).
 *
 * beam: at each step a sentence's candidates are ranked by log probability, equal ones by
 * hypothesis and then by word. Those that end within the first `beam` ranks are ended hypotheses;
 * the `beam` best others live on. The sentence is done when `beam` hypotheses have ended or none
 * lives (STOP_BEAM); also, when n_best have ended and nothing that lives can get a score above the
 * last of them (STOP_EXACT); or when n_best have ended (STOP_FIRST). The exact rule changes no
 * result: log probabilities only fall, lengths are normalised by what never falls and coverage is
 * never above 0, so a live hypothesis' score stays at or below log P / length(limit + 1). With a
 * beam as wide as there are prefixes, the search is exhaustive and finds the best translation
 * within the limit. With beam 1 it is greedy.
 *
 * The greedy hypothesis is always seen to its end, or until it cannot become the best: where it
 * falls out of the beam it goes on as one more row, which offers the beam nothing. So the best
 * translation never scores below the greedy one (without required phrases, and coverage_penalty and
 * all being the same), and what a beam finds by itself is not changed.
 *
 * diverse (Vijayakumar et al. 2016, arXiv:1610.02424): the beam is cut into groups, each a beam of
 * its own, which take each step in turn; a group ranks a word lower by diversity * the number of
 * hypotheses in groups before it that took the same word at this step (Hamming). The result is the
 * best of all groups. A group is done when as many hypotheses as it is wide have ended.
 *
 * sample: n_best hypotheses are drawn word by word from softmax(z / temperature), cut to the top_k
 * likeliest words and to the fewest that have the share top_p (Holtzman et al. 2020). The random
 * numbers are functions of (seed, source tokens, hypothesis, step): what is drawn depends on the
 * sentence, not on its place in the file or the batch; equal sentences get equal samples. Equal
 * samples of a sentence are one result.
 *
 * PAD and BEGIN are never candidates, but their probability counts. A hypothesis that has reached
 *
 *     max_length_factor * (words of the source) + max_length_extra     words
 *
 * (but room for prefix and required phrases) can only end; below min_length_factor * (words of the
 * source) it cannot, unless nothing else may follow.
 *
 * Models of an ensemble vote by the mean of their probabilities.
 *
 * Every number of a hypothesis is computed from its own row, so translations have the same bits
 * whatever shares the batch, and however many threads search at once. */
#ifndef SATZ_DECODE_SEARCH_H
#define SATZ_DECODE_SEARCH_H

#include "model/seq2seq.h"
#include "text/shortlist.h"
#include "text/tokenizer.h"

enum search_stop { STOP_EXACT, STOP_BEAM, STOP_FIRST };

struct search_options {
    const struct strategy *strategy; /* NULL: beam; see strategy_find */
    int beam, n_best;                /* 1 <= n_best, which is <= beam unless sampled */
    enum search_stop stop;
    const struct normalisation *normalisation; /* NULL: power; see normalisation_find */
    double length_penalty, coverage_penalty;
    double max_length_factor, min_length_factor; /* >= 0 */
    int max_length_extra;                        /* >= 0 */
    int no_repeat;                               /* length of what must not repeat; 0: nothing */
    int groups;                                  /* diverse; more than `beam` are `beam` */
    double diversity;
    double temperature, top_p; /* sample; > 0 */
    int top_k;                 /* 0: all */
    uint64_t seed;
    /* NULL: all words are candidates. Else those of the sentence's shortlist, what is required of
     * it and how it is to begin; a softmax is over the list. */
    const struct shortlist *shortlist;
    int shortlist_best;                /* translations of each word of the source */
    int shortlist_commonest;           /* of the target's words */
    bool align;                        /* hypothesis.sources is wanted */
    const struct tokenizer *tokenizer; /* the target's; for tasks with phrases or a prefix only */
};

/* The strategy of that name, one of STRATEGY_LIST; NULL if there is none. */
const struct strategy *strategy_find(const char *name);

struct phrase {
    const int *ids;
    int n; /* > 0 */
};

enum { MOST_PHRASES = 64 };

/* What is asked of one sentence; all zero is nothing. */
struct search_task {
    struct phrase prefix; /* how the translation begins; n may be 0 */
    bool prefix_closed;   /* its last word is whole */
    /* Phrases that must occur, as whole words; beam only (decode/require.h). */
    const struct phrase *required;
    int n_required; /* at most MOST_PHRASES */
    /* Texts that must not occur as whole words, without spaces at the ends (decode/forbid.h). */
    const char *const *forbidden;
    int n_forbidden;
};

struct hypothesis {
    const int *ids;     /* without BEGIN and END */
    const int *sources; /* [n] the source token that each looked at most; NULL unless aligned */
    int n;
    double log_probability; /* natural; END's included */
    double coverage;        /* 0 without a coverage penalty */
    double score;
};

/* Best first, no two with the same words; at least one, at most n_best. */
struct search_result {
    const struct hypothesis *hypotheses;
    int n;
};

struct listed;
struct inputs;

/* One thread's; all zero is an empty one. The models of a run must not change before the next. */
struct search {
    struct search_result *results; /* of the last run, by the order given to batch_fill */
    struct arena arena;            /* owns them; memory is kept for the next run */
    struct listed *lists;          /* [n_lists]: of the sentences, with a shortlist; as well */
    int n_lists;
    struct inputs **inputs; /* [n_inputs]: of the models */
    int n_inputs;
    size_t inputs_capacity;
};

/* One network of an ensemble; all have the same vocabularies. */
struct search_model {
    struct pass pass;
    const struct seq2seq *network;
    const int *source_ids; /* of the batch, as this network reads them */
    bool reversed;         /* whether that is from the last word to the first */
};

/* `sources` is a batch without targets; tasks[i] is asked of the sentence that was given i-th to
 * batch_fill, NULL: nothing is. Fails when memory is short, the network's output is not a number,
 * or attention is needed and no model has it; the results are gone then. */
int search_run(struct search *s, const struct search_model *models, int n_models,
               const struct batch *sources, const struct search_task *tasks,
               const struct search_options *options, struct satz_error *err);

void search_release(struct search *s);

#endif
