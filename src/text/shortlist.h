/* shortlist.h -- the words that a translation of a sentence may be made of: the likeliest
 * translations of each of its words, and the commonest words of all (Jean et al. 2015,
 * arXiv:1412.2007, 3.3; L'Hostis et al. 2016, arXiv:1610.00072). What is computed for the words of
 * the vocabulary is then computed for a few hundred of them.
 *
 * The file is safetensors (base/tensors.h), so it has a checksum, and is used where it is mapped:
 *
 *     offsets   I64 [source words + 1]
 *     words     I32 [n]                  those of s: words[offsets[s] .. offsets[s + 1]), best
 * first commonest I32 [target words]       all of the target, by how often they occur
 *
 * with the format's version ("satz.shortlist") and the digests of the two tokenizers
 * ("satz.source", "satz.target") as metadata. */
#ifndef SATZ_TEXT_SHORTLIST_H
#define SATZ_TEXT_SHORTLIST_H

#include "base/tensors.h"
#include "text/lexicon.h"

/* What a file holds of each source word, at most. */
enum { SHORTLIST_MOST = 100 };

struct shortlist {
    struct tensors file;
    int sources, targets; /* sizes of the vocabularies */
    const int64_t *offsets;
    const int32_t *words, *commonest;
};

/* Writes what a lexicon says of the words of two tokenizers. */
int shortlist_write(const char *path, const struct lexicon *l, const struct tokenizer *source,
                    const struct tokenizer *target, struct satz_error *err);

/* Opens and checks a file; one that was made for other tokenizers is refused. */
int shortlist_open(struct shortlist *s, const char *path, const struct tokenizer *source,
                   const struct tokenizer *target, struct satz_error *err);
void shortlist_release(struct shortlist *s);

/* A set of words: bit w % 64 of element w / 64. */
static inline int word_set_size(int words)
{
    return (words + 63) / 64;
}

static inline void word_set_add(uint64_t *set, int word)
{
    set[word / 64] |= UINT64_C(1) << (word % 64);
}

/* Adds what every list has: the tokens that stand for no text, and the n commonest words. */
void shortlist_add_commonest(const struct shortlist *s, int n, uint64_t *set);
/* Adds the n likeliest translations of a word of the source. */
void shortlist_add_word(const struct shortlist *s, int word, int n, uint64_t *set);

/* The set's words [their number, which is returned], ascending. */
int word_set_list(const uint64_t *set, int words, int *list);

#endif
