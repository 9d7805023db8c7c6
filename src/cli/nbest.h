/* nbest.h -- an n-best list read beside its sources, a chunk of translations at a time:
 *
 *     LINE ||| TRANSLATION ||| FEATURES ||| SCORE
 *
 * LINE numbers the sources from 0 and never falls. "&#124;" in TRANSLATION is "|". Further fields
 * may follow, and a list without FEATURES has three. What goes wrong is said on standard error. */
#ifndef SATZ_CLI_NBEST_H
#define SATZ_CLI_NBEST_H

#include "cli/pairs.h"

/* All zero is a closed one. */
struct nbest {
    struct input source, list;
    struct satz_pair chunk[PAIRS_CHUNK]; /* [n] */
    size_t n, first;                     /* the list's line of chunk[0], from 1 */
    char *lines[PAIRS_CHUNK];            /* of the list */
    size_t lengths[PAIRS_CHUNK], capacities[PAIRS_CHUNK];
    size_t features[PAIRS_CHUNK]; /* where in the line a further one goes */
    int has_features[PAIRS_CHUNK];
    char *texts[PAIRS_CHUNK];    /* copies of the source, then of the translation */
    size_t numbers[PAIRS_CHUNK]; /* their lines, from 1 */
};

/* As pairs_open, pairs_next and pairs_close. */
int nbest_open(struct nbest *p, const char *source, const char *list, const struct usage *usage);
int nbest_next(struct nbest *p);
void nbest_close(struct nbest *p);

/* Prints line i of the chunk with the feature "NAME= value" put in. */
void nbest_print(const struct nbest *p, size_t i, const char *name, double value);

#endif
