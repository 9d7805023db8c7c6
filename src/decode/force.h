/* force.h -- pairs of lines through the network, the translation forced: batches on all of a
 * translator's threads. What a pair gives has the same bits whatever shares its batch. */
#ifndef SATZ_DECODE_FORCE_H
#define SATZ_DECODE_FORCE_H

#include "decode/translator_private.h"

/* One side of a pair, as tokens. */
struct forced_side {
    struct token_spans spans; /* where the tokens stand in the text; none when ids were given */
    struct token_list ids;
    int n; /* of those, how many are used: ids.n or the longest allowed */
    bool truncated, invalid;
};

struct forced_pair {
    struct forced_side source, target;
};

/* The tokens of n pairs, as a new array. force_release frees it. */
struct forced_pair *force_tokenise(struct translator *t, const struct satz_pair *pairs, size_t n,
                                   struct satz_error *err);
void force_release(struct forced_pair *pairs, size_t n);

/* Calls keep(user, index, result, err) for each pair whose source has tokens, on any thread; the
 * result is gone when it returns. With `attention` the results hold it. */
int force_run(struct translator *t, const struct forced_pair *pairs, size_t n, bool attention,
              int (*keep)(void *user, size_t index, const struct score_result *result,
                          struct satz_error *err),
              void *user, struct satz_error *err);

#endif
