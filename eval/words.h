/* words.h -- how often each word occurs in a text. */
#ifndef SATZ_EVAL_WORDS_H
#define SATZ_EVAL_WORDS_H

#include "segment.h"

/* Zero-initialise. */
struct words {
    struct word *slots;
    size_t n_words, capacity; /* the capacity is a power of two */
};

void words_release(struct words *w);

/* Counts one more occurrence. The word is copied. */
int words_add(struct words *w, const struct token *token, struct satz_error *err);

/* Counts all words (13a's tokens) of a file. */
int words_add_file(struct words *w, const char *path, struct satz_error *err);

int64_t words_count(const struct words *w, const struct token *token);

#endif
