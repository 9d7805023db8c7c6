#include "tokenise.h"

#include <string.h>

#include "eval.h"

#define TOKENISER_ADDRESS(id, text) &tokenise_##id,
static const struct tokeniser *const tokenisers[] = {TOKENISER_LIST(TOKENISER_ADDRESS)};

enum { N_TOKENISERS = sizeof tokenisers / sizeof tokenisers[0] };

const char *bleu_tokeniser_name(int index)
{
    return index >= 0 && index < N_TOKENISERS ? tokenisers[index]->name : NULL;
}

const struct tokeniser *tokeniser_find(const char *name)
{
    for (int i = 0; i < N_TOKENISERS; i++)
        if (!strcmp(tokenisers[i]->name, name))
            return tokenisers[i];
    return NULL;
}

void tokenise_spaces(struct segment *s)
{
    const char *end = s->text + s->length, *start = s->text;
    for (const char *p = s->text; p < end;) {
        size_t space = space_length(p, end);
        if (space)
            segment_push(s, start, p);
        p += space ? space : 1;
        if (space)
            start = p;
    }
    segment_push(s, start, end);
}

void tokenise_replace(struct segment *s, const char *from, const char *to)
{
    size_t from_length = strlen(from), to_length = strlen(to);
    char *found = strstr(s->text, from), *out = found;
    if (!found)
        return;
    for (const char *in = found; *in;) {
        if (!strncmp(in, from, from_length)) {
            memcpy(out, to, to_length);
            out += to_length;
            in += from_length;
        } else {
            *out++ = *in++;
        }
    }
    *out = '\0';
    s->length = (size_t)(out - s->text);
}

void tokenise_unescape(struct segment *s)
{
    if (!memchr(s->text, '&', s->length))
        return;
    tokenise_replace(s, "&quot;", "\"");
    tokenise_replace(s, "&amp;", "&");
    tokenise_replace(s, "&lt;", "<");
    tokenise_replace(s, "&gt;", ">");
}
