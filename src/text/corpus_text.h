/* corpus_text.h -- the text of a corpus' pairs as it was, for drawing its tokens anew.
 *
 * The lines are copied once into a file "text-DIGEST.bin" beside the corpus' cache file, plain and
 * in the order of the pairs, and mapped: gzip and memory do not matter. A file that is not exactly
 * what was written is made again. */
#ifndef SATZ_TEXT_CORPUS_TEXT_H
#define SATZ_TEXT_CORPUS_TEXT_H

#include "text/corpus.h"

struct corpus_text;

/* The corpus must have been opened from the text as it is now, and outlive the call only. */
struct corpus_text *corpus_text_new(const struct corpus *corpus, const char *folder,
                                    struct satz_error *err);
void corpus_text_free(struct corpus_text *t);

/* The *n bytes of pair i's source (side 0) or target (side 1), owned by the text. */
const char *corpus_text_get(const struct corpus_text *t, uint32_t i, int side, size_t *n);

#endif
