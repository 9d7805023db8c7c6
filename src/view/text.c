#include "view/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

/* Control, format and non-characters; the joiners U+200C and U+200D stay, words need them. */
static bool is_hidden(uint32_t c)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {
        {0x0000, 0x001F},     {0x007F, 0x009F},   {0x00AD, 0x00AD},   {0x061C, 0x061C},
        {0x180E, 0x180E},     {0x200B, 0x200B},   {0x200E, 0x200F},   {0x2028, 0x202E},
        {0x2060, 0x206F},     {0xFDD0, 0xFDEF},   {0xFEFF, 0xFEFF},   {0xFFF0, 0xFFFB},
        {0xFFFE, 0xFFFF},     {0xE0000, 0xE0FFF}, {0x1FFFE, 0x1FFFF}, {0xF0000, 0xFFFFF},
        {0x100000, 0x10FFFF},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        if (c >= ranges[i].first && c <= ranges[i].last)
            return true;
    }
    return false;
}

/* One unit of the visible text, never cut: a character, or a hidden one spelled out. Returns its
 * length in characters and sets the bytes consumed. */
static size_t next_unit(const char *text, size_t n, struct strbuf *unit, size_t *used)
{
    uint32_t code;
    *used = utf8_decode(text, n, &code);
    strbuf_clear(unit);
    if (*used && is_hidden(code)) {
        strbuf_addf(unit, "<U+%04X>", (unsigned)code);
        return unit->length;
    }
    char bytes[4];
    strbuf_add(unit, bytes, utf8_encode(code, bytes));
    if (!*used)
        *used = 1;
    return 1;
}

void text_add_visible(struct strbuf *out, const char *text, size_t limit)
{
    if (!text)
        return;
    static const char ellipsis[] = "\xE2\x80\xA6";
    size_t left = strlen(text), room = limit;
    /* Where to cut so that the ellipsis still fits, should the text prove too long. */
    size_t cut = out->length;
    struct strbuf unit = {0};
    while (left > 0) {
        size_t used, length = next_unit(text, left, &unit, &used);
        if (unit.failed) {
            out->failed = true;
            break;
        }
        if (length > room) {
            if (cut < out->length) {
                out->length = cut;
                out->data[cut] = '\0';
            }
            strbuf_add_text(out, ellipsis);
            break;
        }
        strbuf_add(out, unit.data, unit.length);
        room -= length;
        if (room >= 1)
            cut = out->length;
        text += used;
        left -= used;
    }
    strbuf_release(&unit);
}

void text_add_html(struct strbuf *out, const char *text, size_t limit)
{
    struct strbuf visible = {0};
    text_add_visible(&visible, text, limit);
    for (size_t i = 0; i < visible.length; i++) {
        char c = visible.data[i];
        switch (c) {
        case '&':
            strbuf_add_text(out, "&amp;");
            break;
        case '<':
            strbuf_add_text(out, "&lt;");
            break;
        case '>':
            strbuf_add_text(out, "&gt;");
            break;
        case '"':
            strbuf_add_text(out, "&quot;");
            break;
        case '\'':
            strbuf_add_text(out, "&#39;");
            break;
        default:
            strbuf_add_char(out, c);
        }
    }
    out->failed = out->failed || visible.failed;
    strbuf_release(&visible);
}
