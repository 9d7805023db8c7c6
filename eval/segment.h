/* segment.h -- one text of a segment on its way from bytes to tokens to symbols.
 *
 *     bytes  --segment_set-->  text (lower-cased)
 *            --tokeniser-->    tokens (pieces of text)
 *            --interner-->     symbols (equal tokens, equal numbers)
 *
 * All of sacreBLEU's tokenisers only drop bytes and put spaces in, so a token is a piece of `text`.
 */
#ifndef SATZ_EVAL_SEGMENT_H
#define SATZ_EVAL_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "satz.h"

struct token {
    const char *text;
    uint32_t length; /* bytes, at least 1 */
};

struct segment {
    char *text; /* text[length] is '\0' */
    size_t length, text_capacity;
    struct token *tokens; /* room for `length` tokens, so that tokenisers cannot fail */
    size_t n_tokens, token_capacity;
    uint32_t *symbols; /* as many as tokens, once interned */
    size_t symbol_capacity;
};

void segment_release(struct segment *s);

/* Copies the text, lower-cased as Python's str.lower() does if asked for. There are no tokens yet.
 */
int segment_set(struct segment *s, const char *text, bool lowercase, struct satz_error *err);

/* The length of the text[0 .. n) without white space at its end, as Python's str.rstrip(). */
size_t stripped_length(const char *text, size_t n);

/* Takes white space off the end of the text. */
void segment_strip(struct segment *s);

static inline void segment_push(struct segment *s, const char *start, const char *end)
{
    if (end > start)
        s->tokens[s->n_tokens++] = (struct token){.text = start, .length = (uint32_t)(end - start)};
}

/* space_length for a character that is not ASCII. */
size_t space_length_beyond_ascii(const char *text, const char *end);

/* Bytes of the white space character (as Python's str.isspace() has it) at text < end, or 0. */
static inline size_t space_length(const char *text, const char *end)
{
    unsigned char c = (unsigned char)*text;
    if (c < 0x80)
        return c == ' ' || (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x1F);
    return c == 0xC2 || (c >= 0xE1 && c <= 0xE3) ? space_length_beyond_ascii(text, end) : 0;
}

/* Bytes of the character at text < end, and its code point. A byte that is not UTF-8 is one
 * character: a lone surrogate, so that it equals itself only, as in Python's surrogateescape. */
size_t character_decode(const char *text, const char *end, uint32_t *code);

uint32_t token_hash(const struct token *token);

/* Numbers for tokens, valid until the next interner_start. Zero-initialise. */
struct interner {
    struct interned *slots;
    size_t capacity, mask;
    uint64_t generation;
};

void interner_release(struct interner *in);

/* Forgets all tokens and makes room for n_tokens. Their texts must stay while they are compared. */
int interner_start(struct interner *in, size_t n_tokens, struct satz_error *err);

/* Fills s->symbols from s->tokens. */
int interner_number(struct interner *in, struct segment *s, struct satz_error *err);

#endif
