/* normalise.h -- what makes scores of long and short translations comparable. */
#ifndef SATZ_DECODE_NORMALISE_H
#define SATZ_DECODE_NORMALISE_H

/* One way: a row in normalise.c and one line in LENGTH_NORMALISATION_LIST (config/choices.h). */
struct normalisation {
    const char *name;
    /* What log P is divided by, for `tokens` > 0 with END; > 0, and it must not fall as tokens
     * grow: the search stops by that (decode/search.h). */
    double (*divisor)(int tokens, double penalty);
};

/* The one of that name; NULL if there is none. */
const struct normalisation *normalisation_find(const char *name);

/* The row that is the default. */
extern const struct normalisation *const normalisation_power;

#endif
