/* probe.h -- a few real steps of a recipe on a sample of its text: what they need and how fast they
 * are, by shards and threads. */
#ifndef SATZ_TRAIN_PROBE_H
#define SATZ_TRAIN_PROBE_H

#include "config/recipe.h"
#include "text/corpus.h"
#include "train/lint.h"

enum { PROBE_STEPS = 20, PROBE_MOST_TRIALS = 16 };

struct probe_trial {
    int shards, threads, steps;
    double tokens_per_second; /* target tokens; 0: could not be measured */
};

struct probe {
    int pieces[2]; /* of each side's vocabulary */
    bool fewer;    /* than the recipe asks for: the sample has no more */
    struct corpus_statistics train, valid;
    size_t parameters;
    double memory; /* bytes: parameters, packed weights, gradients, moments, the largest step */
    double first_loss, last_loss; /* per token, of PROBE_STEPS steps of the recipe as it is */
    int bad_step;                 /* the first that is not finite, from 1; 0: none */
    struct probe_trial as_is;     /* the recipe as it is */
    struct probe_trial trials[PROBE_MOST_TRIALS];
    int n_trials;
    const struct probe_trial *best;
};

/* Works in `folder`, which it may fill with files. The samples of the text stand in for the whole.
 * An error is what training would end with as well. */
int probe_run(struct probe *p, const struct recipe *recipe, const struct lint *l,
              const char *folder, struct satz_error *err);

#endif
