/* tokenise_intl.c -- the international tokeniser of NIST's mteval-v14.pl, as sacreBLEU has it.
 *
 * sacreBLEU runs three regular expressions, one after the other:
 *     (\P{N})(\p{P})  ->  "\1 \2 "   punctuation parts from a non-number before it
 *     (\p{P})(\P{N})  ->  " \1 \2"   and from a non-number after it
 *     (\p{S})         ->  " \1 "     symbols stand alone
 * They only put spaces in, so one scan decides at each character whether it stands alone. The first
 * expression matches pairs that do not overlap: punctuation that ended a pair cannot begin the
 * next. Unlike in 13a the text has no spaces around it, so its first character ends no pair and
 * punctuation after a number at the end stays with the number. */
#include <stdbool.h>
#include <unictype.h>

#include "tokenise.h"

enum kind { OTHER, SPACE, NUMBER, PUNCTUATION, SYMBOL, END };

static const unsigned char ascii_kinds[128] = {
    [0x09 ... 0x0D] = SPACE,
    [0x1C ... ' '] = SPACE,
    ['!' ... '#'] = PUNCTUATION,
    ['$'] = SYMBOL,
    ['%' ... '*'] = PUNCTUATION,
    ['+'] = SYMBOL,
    [',' ... '/'] = PUNCTUATION,
    ['0' ... '9'] = NUMBER,
    [':' ... ';'] = PUNCTUATION,
    ['<' ... '>'] = SYMBOL,
    ['?' ... '@'] = PUNCTUATION,
    ['[' ... ']'] = PUNCTUATION,
    ['^'] = SYMBOL,
    ['_'] = PUNCTUATION,
    ['`'] = SYMBOL,
    ['{'] = PUNCTUATION,
    ['|'] = SYMBOL,
    ['}'] = PUNCTUATION,
    ['~'] = SYMBOL,
};

/* Numbers, punctuation and symbols of Unicode 15 to 17 (UnicodeData.txt): libunistring 1.0 knows
 * Unicode 14. A newer libunistring never asks this table. */
static const struct {
    ucs4_t first, last;
    enum kind kind;
} newer[] = {
    {0x1B4E, 0x1B4F, PUNCTUATION},   {0x1B7F, 0x1B7F, PUNCTUATION},
    {0x20C1, 0x20C1, SYMBOL},        {0x2427, 0x2429, SYMBOL},
    {0x2B96, 0x2B96, SYMBOL},        {0x2FFC, 0x2FFF, SYMBOL},
    {0x31E4, 0x31E5, SYMBOL},        {0x31EF, 0x31EF, SYMBOL},
    {0xFBC3, 0xFBD2, SYMBOL},        {0xFD90, 0xFD91, SYMBOL},
    {0xFDC8, 0xFDCE, SYMBOL},        {0x10D40, 0x10D49, NUMBER},
    {0x10D6E, 0x10D6E, PUNCTUATION}, {0x10D8E, 0x10D8F, SYMBOL},
    {0x10ED0, 0x10ED0, PUNCTUATION}, {0x10ED1, 0x10ED8, SYMBOL},
    {0x113D4, 0x113D5, PUNCTUATION}, {0x113D7, 0x113D8, PUNCTUATION},
    {0x116D0, 0x116E3, NUMBER},      {0x11B00, 0x11B09, PUNCTUATION},
    {0x11BE1, 0x11BE1, PUNCTUATION}, {0x11BF0, 0x11BF9, NUMBER},
    {0x11DE0, 0x11DE9, NUMBER},      {0x11F43, 0x11F4F, PUNCTUATION},
    {0x11F50, 0x11F59, NUMBER},      {0x16130, 0x16139, NUMBER},
    {0x16D6D, 0x16D6F, PUNCTUATION}, {0x16D70, 0x16D79, NUMBER},
    {0x16FF4, 0x16FF6, NUMBER},      {0x1CC00, 0x1CCEF, SYMBOL},
    {0x1CCF0, 0x1CCF9, NUMBER},      {0x1CCFA, 0x1CCFC, SYMBOL},
    {0x1CD00, 0x1CEB3, SYMBOL},      {0x1CEBA, 0x1CED0, SYMBOL},
    {0x1CEE0, 0x1CEF0, SYMBOL},      {0x1D2C0, 0x1D2D3, NUMBER},
    {0x1E4F0, 0x1E4F9, NUMBER},      {0x1E5F1, 0x1E5FA, NUMBER},
    {0x1E5FF, 0x1E5FF, PUNCTUATION}, {0x1F6D8, 0x1F6D8, SYMBOL},
    {0x1F6DC, 0x1F6DC, SYMBOL},      {0x1F774, 0x1F77F, SYMBOL},
    {0x1F7D9, 0x1F7D9, SYMBOL},      {0x1F8B2, 0x1F8BB, SYMBOL},
    {0x1F8C0, 0x1F8C1, SYMBOL},      {0x1F8D0, 0x1F8D8, SYMBOL},
    {0x1FA54, 0x1FA57, SYMBOL},      {0x1FA75, 0x1FA77, SYMBOL},
    {0x1FA87, 0x1FA8A, SYMBOL},      {0x1FA8E, 0x1FA8F, SYMBOL},
    {0x1FAAD, 0x1FAAF, SYMBOL},      {0x1FABB, 0x1FABF, SYMBOL},
    {0x1FAC6, 0x1FAC6, SYMBOL},      {0x1FAC8, 0x1FAC8, SYMBOL},
    {0x1FACD, 0x1FACF, SYMBOL},      {0x1FADA, 0x1FADC, SYMBOL},
    {0x1FADF, 0x1FADF, SYMBOL},      {0x1FAE8, 0x1FAEA, SYMBOL},
    {0x1FAEF, 0x1FAEF, SYMBOL},      {0x1FAF7, 0x1FAF8, SYMBOL},
    {0x1FBCB, 0x1FBEF, SYMBOL},      {0x1FBFA, 0x1FBFA, SYMBOL},
};

static enum kind newer_kind(ucs4_t code)
{
    size_t low = 0, high = sizeof newer / sizeof newer[0];
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (code > newer[middle].last)
            low = middle + 1;
        else
            high = middle;
    }
    return low < sizeof newer / sizeof newer[0] && code >= newer[low].first ? newer[low].kind
                                                                            : OTHER;
}

static enum kind kind_beyond_ascii(ucs4_t code)
{
    enum {
        NONE = UC_CATEGORY_MASK_Cn,
        NUMBERS = UC_CATEGORY_MASK_N,
        PUNCTUATIONS = UC_CATEGORY_MASK_P,
        SYMBOLS = UC_CATEGORY_MASK_S
    };
    if (!uc_is_general_category_withtable(code, NONE | NUMBERS | PUNCTUATIONS | SYMBOLS))
        return OTHER;
    return uc_is_general_category_withtable(code, PUNCTUATIONS) ? PUNCTUATION
           : uc_is_general_category_withtable(code, SYMBOLS)    ? SYMBOL
           : uc_is_general_category_withtable(code, NUMBERS)    ? NUMBER
                                                                : newer_kind(code);
}

/* What the character at p is, and how many bytes it has; END and 0 at the end. */
static enum kind kind_at(const char *p, const char *end, size_t *width)
{
    if (p >= end) {
        *width = 0;
        return END;
    }
    if ((unsigned char)*p < 0x80) {
        *width = 1;
        return ascii_kinds[(unsigned char)*p];
    }
    *width = space_length(p, end);
    if (*width)
        return SPACE;
    ucs4_t code;
    *width = character_decode(p, end, &code);
    return kind_beyond_ascii(code);
}

static void split(struct segment *s)
{
    const char *end = s->text + s->length, *start = s->text;
    bool begins_pair = false; /* the character before p may be the first of a pair */
    size_t width, next_width;
    enum kind kind = kind_at(s->text, end, &width), next;
    for (const char *p = s->text; kind != END; p += width, width = next_width, kind = next) {
        next = kind_at(p + width, end, &next_width);
        bool ends_pair = kind == PUNCTUATION && begins_pair;
        bool alone =
            kind == SYMBOL || ends_pair || (kind == PUNCTUATION && next != NUMBER && next != END);
        if (alone || kind == SPACE)
            segment_push(s, start, p);
        if (alone)
            segment_push(s, p, p + width);
        if (alone || kind == SPACE)
            start = p + width;
        begins_pair = kind != NUMBER && !ends_pair;
    }
    segment_push(s, start, end);
}

const struct tokeniser tokenise_intl = {.name = "intl", .split = split};
