/* tokenise_char.c -- every character is a token; white space is none. */
#include "tokenise.h"

static void split(struct segment *s)
{
    const char *end = s->text + s->length;
    for (const char *p = s->text; p < end;) {
        size_t space = space_length(p, end);
        uint32_t code;
        size_t width = space ? space : character_decode(p, end, &code);
        if (!space)
            segment_push(s, p, p + width);
        p += width;
    }
}

const struct tokeniser tokenise_char = {.name = "char", .split = split};
