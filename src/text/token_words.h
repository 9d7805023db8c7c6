/* token_words.h -- the words of a text, as spaces separate them, and which of them a token is part
 * of.
 *
 * Alignments number the words of the text as it was given (0, 1, ...), so that they are the same
 * for every tool and every way to cut words into tokens. */
#ifndef SATZ_TEXT_TOKEN_WORDS_H
#define SATZ_TEXT_TOKEN_WORDS_H

#include <stdbool.h>

#include "text/tokenizer.h"

/* The first word that begins at *at or after: [*begin, *at) on return; false when there is none. */
bool token_words_next(const char *text, size_t length, size_t *at, size_t *begin);

int token_words_count(const char *text, size_t length);

/* word[i] of each of n tokens, in their order: the first word that ends after the token's start,
 * or the last one. 0 where the text has no words. */
void token_words_find(const char *text, size_t length, const struct token_span *spans, int n,
                      int *word);

#endif
