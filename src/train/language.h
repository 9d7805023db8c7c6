/* language.h -- which language a text is in, roughly: by its commonest words, and by how its
 * letters follow each other in comparison with another text. */
#ifndef SATZ_TRAIN_LANGUAGE_H
#define SATZ_TRAIN_LANGUAGE_H

#include <stdbool.h>
#include <stddef.h>

enum { LANGUAGE_MOST = 10, LANGUAGE_BUCKETS = 4096 };

/* What is known of a text. All zero is of none. */
struct language_profile {
    double hits[LANGUAGE_MOST]; /* words among a language's commonest, shared ones less */
    double words;
    double trigrams[LANGUAGE_BUCKETS]; /* of bytes, hashed */
    double total;
};

/* Adds a line of UTF-8. */
void language_add(struct language_profile *p, const char *text, size_t n);

/* Index of the likeliest language, or -1 when too few words tell. *share gets how much of the words
 * that tell it from the next likeliest are its own, 0.5 .. 1. */
int language_guess(const struct language_profile *p, double *share);

/* ISO code and English name of a language; the index of a code of `n` bytes, or -1. */
const char *language_code(int language);
const char *language_name(int language);
int language_find(const char *code, size_t n);

/* Mean logarithm of a line's trigrams under a profile; comparable between profiles for one line. */
double language_fit(const struct language_profile *p, const char *text, size_t n);

/* Cosine of two texts' trigrams, 0 .. 1. */
double language_likeness(const struct language_profile *a, const struct language_profile *b);

#endif
