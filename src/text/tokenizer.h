/* tokenizer.h -- text to token ids and back, by SentencePiece; the model is plain bytes.
 *
 * A tokenizer is immutable once loaded: threads may share it. Every model has the four special ids
 * below, so that networks and batches need not ask for them. Text is UTF-8; broken bytes are read
 * as U+FFFD, which is an unknown token unless the training text had it. */
#ifndef SATZ_TEXT_TOKENIZER_H
#define SATZ_TEXT_TOKENIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strbuf.h"

enum {
    TOKEN_PAD = 0,
    TOKEN_UNKNOWN = 1,
    TOKEN_BEGIN = 2,
    TOKEN_END = 3,
    TOKEN_SPECIALS = 4, /* the first id that can stand for text */
};

struct tokenizer_options {
    const char *type;          /* "unigram", "bpe", "char" or "word" */
    int vocabulary_size;       /* with the special ids; for "char" an upper bound */
    double character_coverage; /* part of all characters that must not be unknown, [0.98, 1] */
    const char *const *files;  /* text, one sentence a line, plain or gzip */
    int n_files;
    uint64_t max_sentences; /* learn from a random sample of this many (> 100); 0: from all */
    uint32_t seed;          /* of that sample */
};

/* Learns a model and appends its bytes to *model. Lines that are not valid UTF-8 or hold a zero
 * byte are passed over, as are those of more than 4192 bytes. The same text and options give the
 * same bytes. Sets SentencePiece's process-wide seed and silences its log: do not run two at once.
 */
int tokenizer_train(struct strbuf *model, const struct tokenizer_options *options,
                    struct satz_error *err);

/* A tokenizer from a model of `n` bytes, which are copied. The bytes must be what SentencePiece
 * wrote (a file that holds them has its own checksum). */
struct tokenizer *tokenizer_new(const void *model, size_t n, struct satz_error *err);
void tokenizer_free(struct tokenizer *t);

/* The bytes it was made from, owned by the tokenizer. */
const char *tokenizer_model(const struct tokenizer *t, size_t *n);

/* Ids are 0 .. size - 1. */
int tokenizer_size(const struct tokenizer *t);

/* An id's piece, "▁" marking the start of a word; owned by the tokenizer. `id` must be in range. */
const char *tokenizer_piece(const struct tokenizer *t, int id);

/* TOKEN_UNKNOWN when there is no such piece. */
int tokenizer_id(const struct tokenizer *t, const char *piece);

/* A growing list of ids; all zero is an empty one. */
struct token_list {
    int *ids;
    size_t n, capacity;
};
void token_list_release(struct token_list *list);

/* Appends the ids of `n` bytes of text; no begin or end token is added. Text of nothing but spaces
 * has no tokens. */
int tokenizer_encode(const struct tokenizer *t, const char *text, size_t n, struct token_list *ids,
                     struct satz_error *err);

/* Whether a text can be split in more than one way: unigram and bpe. */
bool tokenizer_samples(const struct tokenizer *t);

/* As tokenizer_encode, but draws one of the possible segmentations (unigram: Kudo 2018,
 * arXiv:1804.10959; bpe: merges dropped with probability alpha, Provilkov et al. 2020,
 * arXiv:1910.13267; char and word models have only one). unigram draws from the `n_best` likeliest,
 * or from all when n_best is -1, with probabilities raised to the power alpha. The same key gives
 * the same segmentation, in whatever thread. */
int tokenizer_sample(const struct tokenizer *t, const char *text, size_t n, int n_best,
                     double alpha, uint64_t key, struct token_list *ids, struct satz_error *err);

/* One token of an encoded text, and where it came from. */
struct token_span {
    size_t begin, end; /* bytes of the text as given; spaces belong to the token after them */
    int id;
    bool starts_word;
};
struct token_spans {
    struct token_span *spans;
    size_t n, capacity;
};
void token_spans_release(struct token_spans *spans);

/* As tokenizer_encode, with spans, in place of what *spans held. Neighbouring unknown pieces are
 * one token, whose span tells what they were. */
int tokenizer_encode_spans(const struct tokenizer *t, const char *text, size_t n,
                           struct token_spans *spans, struct satz_error *err);

/* As tokenizer_sample, and the same segmentation, with spans as those. */
int tokenizer_sample_spans(const struct tokenizer *t, const char *text, size_t n, int n_best,
                           double alpha, uint64_t key, struct token_spans *spans,
                           struct satz_error *err);

/* Appends the text of `n` ids; special tokens other than unknown have none, unknown reads " ⁇ ". */
int tokenizer_decode(const struct tokenizer *t, const int *ids, size_t n, struct strbuf *text,
                     struct satz_error *err);

#endif
