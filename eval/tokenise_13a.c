/* tokenise_13a.c -- the tokeniser of NIST's mteval-v13a.pl, as sacreBLEU has it.
 *
 * sacreBLEU runs four regular expressions over " TEXT ", one after the other:
 *     ([{-~[-` -&(-+:-@/])  ->  " \1 "     marks stand alone
 *     ([^0-9])([.,])        ->  "\1 \2 "   . and , part from a non-digit before them
 *     ([.,])([^0-9])        ->  " \1 \2"   and from a non-digit after them
 *     ([0-9])(-)            ->  "\1 \2 "   a hyphen parts from a digit before it
 * They only put spaces in, so one scan decides at each byte whether it stands alone. The second
 * expression matches pairs that do not overlap: a . or , that ended a pair cannot begin the next,
 * so "a..5" is "a . .5". Bytes above 127 are non-digits and no marks, whichever letters they make.
 */
#include <stdbool.h>
#include <string.h>

#include "tokenise.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* What a byte may be besides a part of a word; the bytes that begin white space are SPACE. */
enum kind { WORD, SPACE, MARK, STOP, HYPHEN };

static const unsigned char kinds[256] = {
    [0x09 ... 0x0D] = SPACE, [0x1C ... ' '] = SPACE, [0xC2] = SPACE, [0xE1 ... 0xE3] = SPACE,
    ['!' ... '&'] = MARK,    ['(' ... '+'] = MARK,   ['/'] = MARK,   [':' ... '@'] = MARK,
    ['[' ... '`'] = MARK,    ['{' ... '~'] = MARK,   ['.'] = STOP,   [','] = STOP,
    ['-'] = HYPHEN,
};

bool tokenise_is_western_mark(char c)
{
    return kinds[(unsigned char)c] == MARK;
}

void tokenise_western(struct segment *s, const char *start, const char *end, bool space_before,
                      bool space_behind)
{
    const char *first = start;
    const char *pair_end = NULL; /* behind the last pair that matched the second expression */
    for (const char *p = start; p < end;) {
        bool alone = false;
        switch (kinds[(unsigned char)*p]) {
        case WORD:
            p++;
            continue;
        case SPACE: {
            size_t space = space_length(p, end);
            if (space)
                segment_push(s, start, p);
            p += space ? space : 1;
            if (space)
                start = p;
            continue;
        }
        case MARK:
            alone = true;
            break;
        case STOP: {
            bool ends_pair = p != pair_end && (p == first ? space_before : !is_digit(p[-1]));
            alone = ends_pair || (p + 1 == end ? space_behind : !is_digit(p[1]));
            if (ends_pair)
                pair_end = p + 1;
            break;
        }
        case HYPHEN:
            alone = p > first && is_digit(p[-1]);
            break;
        }
        if (alone) {
            segment_push(s, start, p);
            segment_push(s, p, p + 1);
            start = p + 1;
        }
        p++;
    }
    segment_push(s, start, end);
}

static void split(struct segment *s)
{
    if (memchr(s->text, '<', s->length))
        tokenise_replace(s, "<skipped>", "");
    if (memchr(s->text, '\n', s->length)) {
        tokenise_replace(s, "-\n", "");
        tokenise_replace(s, "\n", " ");
    }
    tokenise_unescape(s);
    tokenise_western(s, s->text, s->text + s->length, true, true);
}

const struct tokeniser tokenise_13a = {.name = "13a", .split = split};
