/* tokenise.h -- the tokenisers of BLEU. To add one: write tokenise_NAME.c and a line here. */
#ifndef SATZ_EVAL_TOKENISE_H
#define SATZ_EVAL_TOKENISE_H

#include "segment.h"

/* X(identifier, "name in options and signatures"); the first is the default. */
#define TOKENISER_LIST(X)                                                                          \
    X(13a, "13a")                                                                                  \
    X(none, "none")                                                                                \
    X(intl, "intl")                                                                                \
    X(char, "char")                                                                                \
    X(zh, "zh")

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

/* The piece [start, end) of s->text through the regular expressions of mteval-v13a, with a space in
 * front of it and behind it if so asked; nothing is unescaped (13a, zh, TER). */
void tokenise_western(struct segment *s, const char *start, const char *end, bool space_before,
                      bool space_behind);

/* Python's text.replace(from, to) on s->text, where `to` is the shorter. */
void tokenise_replace(struct segment *s, const char *from, const char *to);

/* &quot; &amp; &lt; &gt; as mteval-v13a and Tercom replace them, in this order. */
void tokenise_unescape(struct segment *s);

/* A mark that tokenise_western makes a token wherever it stands. */
bool tokenise_is_western_mark(char c);

/* The tokens of TER under its options; text is taken out of s->text. */
void tokenise_tercom(struct segment *s, bool normalised, bool no_punct, bool asian);

#endif
