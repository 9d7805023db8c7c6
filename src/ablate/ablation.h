/* ablation.h -- a ladder being climbed, as its parts see it: plan.c (what there is to do), record.c
 * (what a run's folder says), run.c (one run), tables.c (what came of it), climb.c (all of it).
 *
 * In the folder: ablation.md, ablation.html, lock, cache/ for the tokenised text of all runs, and
 * for each run rungs/NAME/seed-N/ with what satz_train puts there, translation.txt, and run.json:
 *     recipe         what it was begun by, without places, decode.* and what else changes nothing
 *     text           sum of the training and held-out text
 *     trained        true at the end of training
 *     failure        why it ended otherwise
 *     perplexity, tokens_per_second, seconds, parameters    of the training
 *     translation    sum of the test text's source and decode.* that translation.txt is of */
#ifndef SATZ_ABLATE_ABLATION_H
#define SATZ_ABLATE_ABLATION_H

#include <jansson.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "config/ladder.h"
#include "config/satz_recipe.h"

enum run_state {
    RUN_NEW,     /* there is nothing of it */
    RUN_CHANGED, /* it was begun by another recipe or with another text */
    RUN_BEGUN,   /* it was interrupted */
    RUN_FAILED,
    RUN_TRAINED
};

struct run {
    int rung, seed;
    bool wanted;               /* not left out by the user */
    struct satz_recipe recipe; /* borrows from the rung's; its places are the run's */
    char *folder;
    char *text;               /* as in run.json */
    size_t parameters, bytes; /* with a vocabulary as large as asked for; besides the steps' */
    enum run_state state;
    char *change;  /* RUN_CHANGED: what is different; NULL: the text */
    json_t *facts; /* run.json; NULL: there is none */
};

struct satz_ablation {
    struct ladder ladder;
    struct satz_ablation_options options;
    const char *test_source, *test_target, *folder;
    char *cache, *test_key;
    struct recipe *recipes; /* [n_rungs] */
    int n_recipes;
    struct run *runs; /* by rung, then by seed */
    size_t n_runs;
    int seeds;
};

/* Sets state, change and facts from the folder. */
int run_look(struct run *run, struct satz_error *err);

/* Trains it as far as is needed and translates the test text. 0; 1 when it was stopped; -1 when
 * it failed, which its facts tell then. */
int run_go(struct run *run, const struct satz_ablation *a, const struct satz_train_options *options,
           struct satz_error *err);

/* The sum of the contents of files, chained from `key`. */
int sum_files(const char *const *paths, size_t n, uint64_t *key, struct satz_error *err);

/* Which test text and which keys of decode a translation is of; the caller frees it. */
char *run_translation_key(const struct run *run, const struct satz_ablation *a,
                          struct satz_error *err);

/* The recipe as run.json has it. */
char *record_recipe(const struct recipe *r, struct satz_error *err);

/* Reads run.json (NULL facts: there is none); writes it. */
int record_read(const char *folder, json_t **facts, struct satz_error *err);
int record_write(const struct run *run, struct satz_error *err);

/* Deletes what a run that is to begin anew has left. */
int record_forget(struct run *run, struct satz_error *err);

/* Figures; NAN, and NULL, when they are not there. */
double record_number(const struct run *run, const char *name);
const char *record_text(const struct run *run, const char *name);
int record_set(struct run *run, const char *name, json_t *value, struct satz_error *err);

/* The tables as Markdown and as a page; what is not known yet is left open. */
int tables_write(const struct satz_ablation *a, struct strbuf *markdown, struct strbuf *html,
                 struct satz_error *err);

#endif
