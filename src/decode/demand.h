/* demand.h -- what a request asks of a translation, in tokens, for the search. */
#ifndef SATZ_DECODE_DEMAND_H
#define SATZ_DECODE_DEMAND_H

#include "decode/search.h"

/* All zero asks for nothing. */
struct demand {
    struct search_task task; /* points into the rest */
    struct token_list ids;
    struct phrase *required;
    char **forbidden;
};

/* Fills an empty *d. `name` is what errors call the line. */
int demand_make(struct demand *d, const struct tokenizer *target,
                const struct satz_request *request, size_t name, struct satz_error *err);
void demand_release(struct demand *d);

#endif
