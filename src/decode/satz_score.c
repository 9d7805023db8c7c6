/* The part of satz.h that scores. */
#include <stdlib.h>

#include "base/memory.h"
#include "decode/force.h"

struct scoring {
    const struct model *model;
    const struct forced_pair *pairs;
    struct satz_score *scores;
};

static int keep_score(void *user, size_t index, const struct score_result *result,
                      struct satz_error *err)
{
    const struct scoring *s = user;
    struct satz_score *to = &s->scores[index];
    const int *ids = s->pairs[index].target.ids.ids;
    size_t n = (size_t)result->tokens;
    double *parts = memory_new(n, sizeof *parts, err);
    to->token_log_probabilities = parts;
    const char **pieces = parts ? memory_new(n, sizeof *pieces, err) : NULL;
    to->pieces = pieces;
    if (!pieces)
        return -1;
    for (size_t i = 0; i < n; i++) {
        parts[i] = result->token_log_probabilities[i];
        pieces[i] = tokenizer_piece(s->model->target_tokenizer, i + 1 < n ? ids[i] : TOKEN_END);
    }
    to->log_probability = result->log_probability;
    to->tokens = result->tokens;
    return 0;
}

struct satz_score *translator_score(struct translator *t, const struct satz_pair *pairs, size_t n,
                                    struct satz_error *err)
{
    struct scoring s = {.model = t->model};
    struct forced_pair *tokens = force_tokenise(t, pairs, n, err);
    s.pairs = tokens;
    s.scores = tokens ? memory_new(n, sizeof *s.scores, err) : NULL;
    if (!s.scores || force_run(t, tokens, n, false, keep_score, &s, err) < 0) {
        satz_scores_free(s.scores, n);
        s.scores = NULL;
    }
    for (size_t i = 0; s.scores && i < n; i++) {
        s.scores[i].truncated = tokens[i].source.truncated || tokens[i].target.truncated;
        s.scores[i].invalid = tokens[i].source.invalid | 2 * tokens[i].target.invalid;
    }
    force_release(tokens, n);
    return s.scores;
}

void satz_scores_free(struct satz_score *scores, size_t n)
{
    for (size_t i = 0; scores && i < n; i++) {
        free((double *)scores[i].token_log_probabilities);
        free((const char **)scores[i].pieces);
    }
    free(scores);
}
