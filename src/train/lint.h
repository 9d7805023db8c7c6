/* lint.h -- what is wrong with a parallel text, found in one pass over its files.
 *
 * Memory is bounded: a histogram of lengths, a sample of pairs, and the hashes of at most some
 * millions of pairs (of a larger text every 2nd, 4th, ... is looked at for repetitions). */
#ifndef SATZ_TRAIN_LINT_H
#define SATZ_TRAIN_LINT_H

#include <stdint.h>

#include "base/error.h"
#include "train/language.h"

enum {
    LINT_LONGEST = 1000, /* words; longer lines count as this */
    LINT_SAMPLE = 20000, /* pairs */
};

/* How often something was seen, and where first. */
struct lint_count {
    uint64_t n;
    const char *file;
    size_t line;
};

struct lint_side {
    uint64_t words, bytes;
    uint64_t lengths[LINT_LONGEST + 1]; /* lines by words */
    struct language_profile profile;
};

struct lint_text {
    uint64_t pairs;
    struct lint_side sides[2]; /* source, target */
    struct lint_count empty, invalid, control, identical, unbalanced, repeated, overlong;
    uint64_t repeated_of; /* pairs that were looked at for repetitions */
    uint64_t seen;        /* pairs fit for the sample */
    uint32_t n_sample;
    char **sample[2]; /* [n_sample] lines */
};

struct hash_set {
    uint64_t *slots; /* 0: free */
    size_t size, n;
};

/* What training must not see. A source is the same whatever its case, spaces and punctuation. */
struct lint_unseen {
    struct lint_text text;
    struct hash_set pairs, sources, found_pairs, found_sources;
    struct lint_count known_pairs, known_sources; /* that are in the training text, and where */
};

enum { LINT_VALID, LINT_TEST, N_LINT_UNSEEN };

struct lint {
    struct lint_text train;
    struct lint_unseen unseen[N_LINT_UNSEEN];
    struct hash_set pairs;
    uint64_t mask; /* hashes are kept where (hash & mask) is 0 */
};

/* Reads one pair of files, those into `unseen` before the training text. *n_lines gets each side's
 * lines: that they differ is for the caller to tell. */
int lint_unseen(struct lint *l, int which, const char *source, const char *target,
                uint64_t n_lines[2], struct satz_error *err);
int lint_training(struct lint *l, const char *source, const char *target, uint64_t n_lines[2],
                  struct satz_error *err);

/* Words of the line that `share` of all lines do not exceed. */
int lint_quantile(const struct lint_side *s, double share);

/* Of the sample's pairs those whose sides each read more like the other side's text. */
uint64_t lint_turned(const struct lint_text *t);

void lint_release(struct lint *l);

#endif
