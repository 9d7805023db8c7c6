/* translator.h -- from lines of text to lines of text, on several threads.
 *
 * Lines are tokenised, sorted by length so that a batch's sentences end together, searched for a
 * batch at a time by whichever thread is free, and put back in order. A line's translation has the
 * same bits whatever the batch size, the number of threads and the other lines. */
#ifndef SATZ_DECODE_TRANSLATOR_H
#define SATZ_DECODE_TRANSLATOR_H

#include "decode/dictionary.h"
#include "decode/search.h"
#include "model/model.h"

struct translator_options {
    struct search_options search;
    int batch, threads; /* at least 1 */
    int max_length;     /* longest source in tokens, at least 1 */
    bool split;         /* longer ones are translated in pieces (decode/pieces.h), not cut off */
    bool replace_unknown;
    const struct dictionary *dictionary; /* for that; may be NULL */
    /* Further models, with the same tokenizers; they must outlive the translator. */
    const struct model *const *ensemble;
    int n_ensemble;
};

/* The search that the recipe describes, for the best translation only. */
struct search_options translator_search_options(const struct recipe *recipe);

/* What the recipe says, on all processors: the best translation only. */
struct translator_options translator_defaults(const struct recipe *recipe);

struct translator;

/* The model's weights must be packed; they may be packed anew between two runs. The model must
 * outlive the translator. */
struct translator *translator_new(const struct model *model, enum compute_precision precision,
                                  const struct translator_options *options, struct satz_error *err);
void translator_free(struct translator *t);

/* As satz_translate_requests (satz.h). */
int translator_requests(struct translator *t, const struct satz_request *requests, size_t n,
                        const struct satz_translation **translations, struct satz_error *err);
int translator_beam(const struct translator *t);

/* As satz_translate (satz.h). */
int translator_run(struct translator *t, const char *const *lines, const size_t *lengths, size_t n,
                   const struct satz_translation **translations, struct satz_error *err);

/* As satz_attend_pairs and satz_score (satz.h). */
int translator_attend(struct translator *t, const struct satz_pair *pairs, size_t n,
                      enum satz_units units, struct satz_attention **attentions,
                      struct satz_error *err);
struct satz_score *translator_score(struct translator *t, const struct satz_pair *pairs, size_t n,
                                    struct satz_error *err);

#endif
