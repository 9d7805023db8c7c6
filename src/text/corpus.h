/* corpus.h -- a parallel corpus as token ids, encoded once and mapped.
 *
 * The text is split into tokens only once: the ids go to a cache file in a folder of the caller's
 * choice, named after a key made of everything that decides its content (the bytes of the text
 * files, the tokenizers, the policy, the format). The file is mapped, not loaded, and making it
 * takes memory independent of its size, so a corpus may be larger than memory. A cache file that is
 * not exactly what was written is made again.
 *
 * An aligned corpus also knows which word each token is part of (text/token_words.h) and which
 * words are linked, so that links can be told of any tokens the words are cut into. */
#ifndef SATZ_TEXT_CORPUS_H
#define SATZ_TEXT_CORPUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "text/tokenizer.h"

enum corpus_action {
    CORPUS_SKIP,     /* leave the pair out */
    CORPUS_ERROR,    /* give up, naming file and line */
    CORPUS_TRUNCATE, /* keep the first max_length tokens; for on_long only */
    CORPUS_REPLACE,  /* read broken bytes as U+FFFD; for on_invalid only */
};

struct corpus_policy {
    int max_length; /* tokens of either side, begin and end not counted; 0: any */
    enum corpus_action on_empty, on_long;
    enum corpus_action on_invalid; /* text that is not UTF-8 or holds a zero byte */
};

struct corpus_options {
    const char *const *sources, *const *targets; /* plain files, or gzip; pair i is line by line */
    const char *const *alignments; /* Pharaoh's format, a line for each pair; NULL: none */
    int n_files;                   /* of each */
    const struct tokenizer *source_tokenizer, *target_tokenizer; /* may be the same */
    struct corpus_policy policy;
    const char *folder; /* of the cache, made if missing */
    int threads;        /* for the encoding; at least 1; the result does not depend on it */
};

/* What became of the pairs: read = kept + empty + too_long + invalid. */
struct corpus_statistics {
    uint64_t read, kept;
    uint64_t empty, too_long, invalid;               /* pairs left out, by reason */
    uint64_t truncated, replaced;                    /* pairs kept, but changed */
    uint64_t source_tokens, target_tokens;           /* of the kept pairs */
    uint64_t source_unknown, target_unknown;         /* of those, unknown */
    uint64_t first_invalid_file, first_invalid_line; /* index into the files; line 0: none */
    uint64_t first_invalid_side;                     /* 0 source, 1 target */
};

/* Words of a pair that belong together, from 0. */
struct corpus_link {
    int source, target;
    int weight; /* 1 to CORPUS_SURE */
};
enum { CORPUS_SURE = 65535 };

struct corpus;

/* Opens the cache, encoding the text first when there is none. The tokenizers must outlive the
 * call, not the corpus. No pair kept is an error. */
struct corpus *corpus_new(const struct corpus_options *options, struct satz_error *err);
void corpus_free(struct corpus *c);

/* What corpus_from_ids needs for an aligned corpus. */
struct corpus_alignment {
    const int32_t *words;  /* [total]: the word of each token */
    const int32_t *links;  /* [n_links, 3]: source, target, weight; pair after pair */
    const int32_t *counts; /* [n]: the links of each pair */
    size_t n_links;
};

/* A corpus in memory of n pairs: their ids, each below its side's `sizes` entry, source before
 * target, pair after pair, are `total` in all; lengths [2 n] are of source and target in turn;
 * `alignment` may be NULL. It has neither places nor a digest. Numbers that do not fit together are
 * an error. */
struct corpus *corpus_from_ids(const int32_t *ids, size_t total, const int32_t *lengths, uint32_t n,
                               const int sizes[2], const struct corpus_alignment *alignment,
                               struct satz_error *err);

/* Pairs kept, in the order of the text; 1 to 2^32 - 1. */
uint32_t corpus_size(const struct corpus *c);

/* Tokens of pair i, without begin and end. i must be below corpus_size in all of these. */
void corpus_lengths(const struct corpus *c, uint32_t i, int *source, int *target);

/* Copies those tokens out, as many as corpus_lengths says. */
void corpus_source(const struct corpus *c, uint32_t i, int *ids);
void corpus_target(const struct corpus *c, uint32_t i, int *ids);

bool corpus_aligned(const struct corpus *c);

/* Of an aligned corpus: the word of each token of one side (0 source, 1 target), as many as
 * corpus_lengths says, and the links of the pair. */
void corpus_words(const struct corpus *c, uint32_t i, int side, int *words);
int corpus_count_links(const struct corpus *c, uint32_t i);
void corpus_links(const struct corpus *c, uint32_t i, struct corpus_link *links);

/* Where pair i stood: the names of its files, owned by the corpus, and its 1-based line. */
void corpus_place(const struct corpus *c, uint32_t i, const char **source, const char **target,
                  size_t *line);

const struct corpus_statistics *corpus_statistics(const struct corpus *c);

/* The key, 16 hexadecimal digits: equal digests mean equal corpora. Owned by the corpus. */
const char *corpus_digest(const struct corpus *c);

#endif
