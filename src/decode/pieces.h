/* pieces.h -- a line's tokens, and where a line that is too long is cut. */
#ifndef SATZ_DECODE_PIECES_H
#define SATZ_DECODE_PIECES_H

#include "text/tokenizer.h"

struct piece {
    size_t begin, end; /* bytes of the line */
    size_t first;      /* its tokens: ids [first, first + n) */
    int n;
};

/* All zero is empty. */
struct pieces {
    struct token_list tokens;
    struct piece *list;
    size_t n, capacity;
    bool cut; /* there is text behind the last piece */
};

/* Cuts `length` bytes of text into pieces of at most `most` tokens: as few as can be with `split`,
 * in whose pieces all text is; otherwise one, the beginning. A piece ends, if that leaves more than
 * half of what it may hold, behind a sentence, else behind a clause, else between words. A text of
 * nothing but spaces has none. */
int pieces_make(struct pieces *p, const struct tokenizer *t, const char *text, size_t length,
                int most, bool split, struct satz_error *err);
void pieces_release(struct pieces *p);

#endif
