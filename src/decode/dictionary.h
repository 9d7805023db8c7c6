/* dictionary.h -- words and their translations, for words that a model does not know. */
#ifndef SATZ_DECODE_DICTIONARY_H
#define SATZ_DECODE_DICTIONARY_H

#include <stddef.h>

#include "base/error.h"

struct dictionary;

/* Reads lines "word TAB translation"; of a word that is there twice the first counts. Errors name
 * file and line. */
struct dictionary *dictionary_new(const char *path, struct satz_error *err);
void dictionary_free(struct dictionary *d); /* accepts NULL */

/* The translation of a word of n bytes, owned by the dictionary, or NULL. */
const char *dictionary_find(const struct dictionary *d, const char *word, size_t n);

#endif
