/* translator.h -- from lines of text to lines of text, on several threads.
 *
 * Lines are tokenised, sorted by length so that a batch's sentences end together, searched for a
 * batch at a time by whichever thread is free, and put back in order. A line's translation has the
 * same bits whatever the batch size, the number of threads and the other lines. */
#ifndef SATZ_DECODE_TRANSLATOR_H
#define SATZ_DECODE_TRANSLATOR_H

#include "decode/search.h"
#include "model/model.h"

struct translator_options {
    struct search_options search;
    int batch, threads; /* at least 1 */
    int max_length;     /* longest source in tokens, at least 1 */
};

/* What the recipe says, on all processors: the best translation only. */
struct translator_options translator_defaults(const struct recipe *recipe);

struct translator;

/* The model's weights must be packed; they may be packed anew between two runs. The model must
 * outlive the translator. */
struct translator *translator_new(const struct model *model, enum compute_precision precision,
                                  const struct translator_options *options, struct satz_error *err);
void translator_free(struct translator *t);

int translator_beam(const struct translator *t);

/* As satz_translate (satz.h). */
int translator_run(struct translator *t, const char *const *lines, const size_t *lengths, size_t n,
                   const struct satz_translation **translations, struct satz_error *err);

/* As satz_attend (satz.h). */
struct satz_attention *translator_attend(struct translator *t, const char *source,
                                         const char *target, enum satz_units units,
                                         struct satz_error *err);

#endif
