/* tokenise_zh.c -- Chinese: characters stand alone, the text between them is split as by 13a.
 *
 * The ranges are those of sacreBLEU, which compares the two ranges beyond U+FFFF as if they were
 * "U+2000 and a digit", so that they become U+2001-2A6D and U+2F81-2FA1. Figures are compared with
 * sacreBLEU's, so they stand here as it has them. Unlike in 13a the text has no spaces around it.
 */
#include <stdbool.h>

#include "tokenise.h"

static const struct {
    uint32_t first, last;
} ranges[] = {
    {0x2001, 0x2A6D}, {0x2E80, 0x2EFF}, {0x2F00, 0x2FDF}, {0x2FF0, 0x2FFF}, {0x3000, 0x303F},
    {0x3100, 0x312F}, {0x31A0, 0x31BF}, {0x31C0, 0x31EF}, {0x3200, 0x33FF}, {0x3400, 0x4DB5},
    {0x4E00, 0x9FBB}, {0xF900, 0xFA2D}, {0xFA30, 0xFA6A}, {0xFA70, 0xFAD9}, {0xFE10, 0xFE1F},
    {0xFE30, 0xFE4F}, {0xFF00, 0xFFEF},
};

static bool is_chinese(uint32_t code)
{
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0] && code >= ranges[i].first; i++)
        if (code <= ranges[i].last)
            return true;
    return false;
}

static void split(struct segment *s)
{
    const char *end = s->text + s->length, *start = s->text;
    for (size_t space; start < end && (space = space_length(start, end)) > 0;)
        start += space;
    bool spaced = false; /* a Chinese character's space is in front of start */
    for (const char *p = start; p < end;) {
        uint32_t code = 0;
        size_t width = (unsigned char)*p < 0xE2 ? 1 : character_decode(p, end, &code);
        if (is_chinese(code)) {
            tokenise_western(s, start, p, spaced, true);
            if (!space_length(p, end))
                segment_push(s, p, p + width);
            start = p + width;
            spaced = true;
        }
        p += width;
    }
    tokenise_western(s, start, end, spaced, false);
}

const struct tokeniser tokenise_zh = {.name = "zh", .split = split};
