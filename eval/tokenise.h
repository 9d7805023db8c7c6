/* tokenise.h -- the tokenisers of BLEU. To add one: write tokenise_NAME.c and a line here. */
#ifndef SATZ_EVAL_TOKENISE_H
#define SATZ_EVAL_TOKENISE_H

#include "segment.h"

/* X(identifier, "name in options and signatures"); the first is the default. */
#define TOKENISER_LIST(X)                                                                          \
    X(13a, "13a")                                                                                  \
    X(none, "none")

struct tokeniser {
    const char *name;
    /* Fills s->tokens from s->text, which it may change. */
    void (*split)(struct segment *s);
};

#define TOKENISER_DECLARE(id, text) extern const struct tokeniser tokenise_##id;
TOKENISER_LIST(TOKENISER_DECLARE)
#undef TOKENISER_DECLARE

/* NULL if there is none of that name. */
const struct tokeniser *tokeniser_find(const char *name);

/* The tokens of s->text between white space: what every tokeniser ends with. */
void tokenise_spaces(struct segment *s);

/* s->text through the regular expressions of mteval-v13a, without unescaping (13a and zh). */
void tokenise_western(struct segment *s);

#endif
