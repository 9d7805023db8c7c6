/* spelling.h -- "did you mean": the nearest of some right spellings. */
#ifndef SATZ_CONFIG_SPELLING_H
#define SATZ_CONFIG_SPELLING_H

#include <stddef.h>

/* Least number of insertions, deletions, replacements and swaps of neighbours between two words
 * (the optimal string alignment form of Damerau-Levenshtein); SIZE_MAX if either exceeds 63 bytes.
 */
size_t spelling_distance(const char *a, const char *b);

/* Whether `distance` is small enough for a word of its length to be offered as a correction. */
int spelling_is_near(const char *word, size_t distance);

#endif
