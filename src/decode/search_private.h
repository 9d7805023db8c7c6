/* search_private.h -- what the loop (search.c), the strategies and the constraints share. */
#ifndef SATZ_DECODE_SEARCH_PRIVATE_H
#define SATZ_DECODE_SEARCH_PRIVATE_H

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "decode/listed.h"
#include "decode/normalise.h"
#include "decode/search.h"
#include "decode/top.h"
#include "model/inputs.h"

/* One word of a hypothesis; `parent` is the node of the word before, -1 for none. */
struct node {
    int parent, word;
    int source; /* what it looked at most, when that is asked */
};

/* How much of a task's required phrases a hypothesis has. */
struct progress {
    uint64_t done;  /* bit i: phrase i is there */
    int phrase, at; /* the one that is begun, and how many of its words are there; at 0: none is */
    int missing;    /* words of phrases that are not there yet */
    bool closed;    /* the last word must not go on */
};

/* A live hypothesis: one row of the step. */
struct live {
    int node, row; /* its last word; the row it came from */
    int number;    /* of those a sentence starts with */
    double sum;    /* log P of its words */
    struct progress progress;
};

struct candidate {
    int word;
    double sum, rank; /* log P; what it is ranked by within its beam */
};

struct ended {
    int node, n;
    double sum, coverage, score;
};

struct sentence {
    const struct search_task *task;
    const struct phrase *prefix;
    int limit, least; /* words */
    int length;       /* of the source, with END */
    bool watched;     /* whether each word must be asked of word_allowed */
    uint64_t key;     /* random numbers */
    int kept;
    struct ended *ended;       /* the best [n_best], best first; `kept` are there */
    const struct listed *list; /* the words that there are for it; NULL: all */
};

/* Hypotheses that compete with each other: a sentence's, or those of one of its groups. */
struct beam {
    int sentence, group, width;
    int first, live; /* its rows */
    int greedy;      /* the greedy hypothesis' row among them, -1 when it is given up */
    bool extra;      /* it is one more row after those, outside the beam */
    int n_ended;
};

/* What a model of the ensemble works in. */
struct member {
    const struct search_model *model;
    struct seq2seq_source source;
    struct decoder_rows decoder;
    struct mat logits; /* a chunk of rows */
    bool attends;
};

struct work {
    const struct batch *batch;
    const struct search_options *options;
    const struct strategy *strategy;
    const struct top_kernels *top;
    struct member *members;
    struct inputs **inputs; /* [n_members], the search's */
    int n_members, vocabulary;
    int groups, width; /* beams, and most rows, of a sentence */
    int rows;          /* most rows of a step */
    int branches;      /* most candidates of a row */
    int most_words;    /* of a hypothesis */
    int most_missing;  /* words of a sentence's required phrases */
    int most_text;     /* bytes */
    size_t n_words;    /* of all sentences' longest hypotheses */
    struct mat mixed; /* a chunk of rows: the members' mean probabilities, when there are several */
    uint64_t *set;    /* words of a sentence's list */
    int *sentence, *words; /* [rows] */
    struct sentence *sentences;
    struct ended *ended; /* [sentences, n_best] */
    struct beam *beams;  /* [sentences, groups] */
    struct live *now, *next;
    struct candidate *candidates;        /* [rows, branches], best first */
    int *n_candidates;                   /* [rows] */
    int *source;                         /* [rows], when options->align */
    struct mat attended, covered, cover; /* [rows, longest]: this step's attention; its sums, when
                                            coverage counts, and those of the next rows */
    int *head;                           /* [width] */
    int *top_words;
    real *top_values, *maxima;
    real *drawn;      /* [vocabulary], when the strategy draws */
    double *divisors; /* [most_words + 2]: of a hypothesis of so many tokens */
    struct node *nodes;
    int n_nodes;
    struct candidate *pool; /* [width, branches]: of a sentence with required phrases */
    int *pool_row;
    int *pool_bank, *quota;
    int *history; /* [most_words] */
    char *text;   /* [most_text] */
    int *ids, *sources;
    struct hypothesis *hypotheses;
};

/* A row's scores: logits of which log_sum is the normaliser, or probabilities. Score i is word i's,
 * or that of the i-th word of a list. TOKEN_PAD to TOKEN_END are always the first. */
struct row_scores {
    real *z; /* [n] */
    int n;
    const struct listed *list; /* NULL: all words */
    double log_sum;
    bool probabilities;
};

static inline int score_word(const struct row_scores *s, int place)
{
    return s->list ? s->list->words[place] : place;
}

/* Where the word's score is; -1: nowhere. */
static inline int score_place(const struct row_scores *s, int word)
{
    return s->list ? listed_place(s->list, word) : word;
}

static inline double score_log(const struct row_scores *s, real z)
{
    return s->probabilities ? log((double)z) : (double)z - s->log_sum;
}

/* A way to choose: a row in strategies[] (search.c) and one line in STRATEGY_LIST. */
struct strategy {
    const char *name;
    bool ranks; /* hypotheses compete, so that `beam` bounds n_best */
    bool draws; /* choose() needs w->drawn, and room for every word at w->top_words */
    /* Groups of a sentence, the rows it can need, those of a group at the start, and the candidates
     * that a row can offer if the vocabulary has as many words. */
    int (*groups)(const struct search_options *o);
    int (*rows)(const struct search_options *o);
    int (*start_rows)(const struct search_options *o);
    int (*branches)(const struct search_options *o);
    /* Row `row` of n words may go on with the words whose s->z is not -inf. What it offers goes to
     * c, best first; returns how many. */
    int (*choose)(struct work *w, int row, int n, struct row_scores *s, struct candidate *c);
    /* Ends or extends the beam's hypotheses of n words by their candidates. */
    void (*advance)(struct work *w, struct beam *b, int n, int *n_next);
};

extern const struct strategy strategy_beam, strategy_diverse, strategy_sample;

static inline struct candidate *row_candidates(const struct work *w, int row)
{
    return w->candidates + (size_t)row * (size_t)w->branches;
}

static inline struct sentence *row_sentence(const struct work *w, int row)
{
    return &w->sentences[w->sentence[row]];
}

/* What a hypothesis of log probability `sum` can still score at most. */
double score_bound(const struct work *w, const struct sentence *s, double sum);

/* Row `row`, of n words, ends with log probability `sum`. Of equal scores the earlier stands
 * first. */
void end_hypothesis(struct work *w, int row, int n, double sum);

/* Row `row` goes on with `word` as hypothesis `at` of the next step. */
void extend_hypothesis(struct work *w, int row, int word, double sum, int at);

/* The up to k likeliest words of row `row` that are allowed, in c. */
int take_allowed(struct work *w, int row, int n, struct row_scores *s, int k, struct candidate *c);

/* The words [n] of the hypothesis whose last one is `node`. */
void read_words(const struct work *w, int node, int n, int *words);

/* lists.c */
/* Makes the lists of all sentences, in s->lists; with a shortlist only. */
int make_lists(struct work *w, struct search *s, const struct search_model *models,
               struct satz_error *err);
/* The logits of member m's rows from `from` on, whose readouts are given: a product for all, or one
 * for each sentence that has a list. */
void output_rows(struct work *w, int m, int from, struct mat readout);

/* forbid.c */
/* Whether row `row` of n words may go on with `word`; only for watched sentences. */
bool word_allowed(struct work *w, int row, int n, int word);
/* Takes the words from the scores that would repeat a sequence. */
void forbid_repeats(struct work *w, int row, int n, struct row_scores *s);
/* Bytes of w->text that the task needs. */
int forbid_text_size(const struct search_task *task, const struct tokenizer *t);

/* require.c */
struct progress require_start(const struct search_task *task);
struct progress require_step(const struct search_task *task, struct progress p, int word);
/* The words that bring the row's phrases forward, in words [n_required]; returns how many. */
int require_next(const struct search_task *task, const struct progress *p, int *words);
/* As strategy_beam's. */
int require_choose(struct work *w, int row, int n, struct row_scores *s, struct candidate *c);
void require_advance(struct work *w, struct beam *b, int n, int *n_next);

#endif
