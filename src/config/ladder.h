/* ladder.h -- a ladder: a recipe, and rungs that each change a few of its keys.
 *
 *     title: text               of the tables
 *     note: text                below them
 *     base: base.yaml           the recipe, beside the ladder
 *     test: {source: FILE, target: FILE}
 *     tables: {NAME: title}     what is printed; a rung is in the first unless it says otherwise
 *     rungs:
 *       - name: dot             letters, digits, - and _: its folder
 *         label: dot            what tables call it; else its name
 *         from: feeding         the rung it builds on; else the one before; the first has none
 *         set: {attention.score: dot}
 *         paper: {perplexity: 6.1, bleu: 18.6}
 *         tables: [scores]
 *         note: text
 *
 * Only `base` and `rungs`, and of a rung `name`, must be given. Errors as those of recipes. */
#ifndef SATZ_CONFIG_LADDER_H
#define SATZ_CONFIG_LADDER_H

#include "config/recipe.h"

enum { LADDER_TABLES = 8, LADDER_RUNGS = 256 };

/* Texts are the ladder's; those that were not given are NULL. */
struct ladder_rung {
    const char *name, *label, *note;
    const char *paper_bleu, *paper_perplexity;
    int from;        /* index of an earlier rung; -1: the recipe itself */
    unsigned tables; /* bit k: it is in table k */
    char **settings; /* [n_settings] "section.key=value", in the order given */
    size_t n_settings;
    size_t line; /* where it stands */
};

struct ladder {
    char *path, *base; /* the file, the recipe's */
    const char *title, *note;
    const char *test_source, *test_target; /* variables expanded; NULL: not given */
    struct {
        const char *name, *title;
    } tables[LADDER_TABLES]; /* at least one; its texts may be NULL */
    int n_tables;
    struct ladder_rung *rungs;
    int n_rungs;
    struct ladder_memory *memory;
};

/* Reads the file, or FOLDER/ladder.yaml. On failure nothing is left to release. */
int ladder_load(struct ladder *l, const char *path, struct satz_error *err);
void ladder_release(struct ladder *l);

/* Initialises *r as the recipe of a rung: the base, then `settings` [n_settings], then what it and
 * those below it change. A setting of a key that a rung changes is an error. */
int ladder_recipe(const struct ladder *l, int rung, const char *const *settings, size_t n_settings,
                  struct recipe *r, struct satz_error *err);

/* The index of the rung of that name; -1 with *err set, naming the nearest one. */
int ladder_find(const struct ladder *l, const char *name, struct satz_error *err);

#endif
