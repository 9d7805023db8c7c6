/* unknown.h -- words that the model could not write become words of the source. */
#ifndef SATZ_DECODE_UNKNOWN_H
#define SATZ_DECODE_UNKNOWN_H

#include "base/strbuf.h"
#include "decode/dictionary.h"
#include "decode/search.h"

/* In the text of an aligned hypothesis, each unknown token is replaced by the source word that it
 * looked at most: by what the dictionary (which may be NULL) says of it, else by the word itself
 * (Luong et al. 2015, arXiv:1410.8206, "positional unknown model", with attention as alignment).
 * An unknown token of the source, such as a rare character, stands for itself, not for all of its
 * word. `source` are the n bytes that were translated. */
int unknown_replace(struct strbuf *text, const struct hypothesis *h, const struct tokenizer *t,
                    const char *source, size_t n, const struct dictionary *dictionary,
                    struct satz_error *err);

#endif
