/* tokenise_tercom.c -- Tercom's normaliser and tokeniser, as sacreBLEU has it.
 *
 * sacreBLEU's expressions for hiragana and katakana match only at the start of the text, where its
 * normaliser has put a space; so they never do, and are not here. */
#include <string.h>

#include "tokenise.h"

static bool is_asian_mark(uint32_t code)
{
    return code == 0x3001 || code == 0x3002 || (code >= 0x3008 && code <= 0x3011) ||
           (code >= 0x3014 && code <= 0x301F) || (code >= 0xFF61 && code <= 0xFF65) ||
           code == 0x30FB || code == 0xFF0E || code == 0xFF0C || code == 0xFF1F || code == 0xFF1A ||
           code == 0xFF1B || code == 0xFF01 || code == 0xFF02 || code == 0xFF08 || code == 0xFF09;
}

/* Characters that Tercom makes words of their own. 3F22 is sacreBLEU's misprint of 32FF. */
static bool is_asian_word(uint32_t code)
{
    return (code >= 0x4E00 && code <= 0x9FFF) || (code >= 0x3400 && code <= 0x4DBF) ||
           (code >= 0x31C0 && code <= 0x31EF) || (code >= 0x2E80 && code <= 0x2EFF) ||
           (code >= 0x3300 && code <= 0x33FF) || (code >= 0xF900 && code <= 0xFAFF) ||
           (code >= 0xFE30 && code <= 0xFE4F) || (code >= 0x3200 && code <= 0x3F22);
}

/* "'s" at the end of a longer word, before a space: one in the text, or one that a mark or the end
 * brings with it. */
static bool is_possessive(const struct segment *s, const struct token *t)
{
    const char *end = t->text + t->length;
    return t->length > 2 && end[-2] == '\'' && end[-1] == 's' &&
           (end == s->text + s->length || *end == ' ' || tokenise_is_western_mark(*end));
}

/* Cuts "'s" off words; from the last token on, so that there is room for the new ones. */
static void part_possessives(struct segment *s)
{
    size_t n_more = 0;
    for (size_t i = 0; i < s->n_tokens; i++)
        n_more += is_possessive(s, &s->tokens[i]);
    size_t out = s->n_tokens + n_more;
    for (size_t i = s->n_tokens; n_more > 0; i--) {
        struct token t = s->tokens[i - 1];
        if (is_possessive(s, &t)) {
            t.length -= 2;
            s->tokens[--out] = (struct token){.text = t.text + t.length, .length = 2};
            s->n_tokens++;
            n_more--;
        }
        s->tokens[--out] = t;
    }
}

/* Takes marks out of the tokens, which may vanish. */
static void remove_marks(struct segment *s, bool asian)
{
    size_t n_kept = 0;
    for (size_t i = 0; i < s->n_tokens; i++) {
        char *start = s->text + (s->tokens[i].text - s->text), *out = start;
        const char *end = start + s->tokens[i].length;
        for (const char *p = start; p < end;) {
            uint32_t code;
            size_t width = character_decode(p, end, &code);
            if (!(code < 0x80 && strchr(".,?:;!\"()", (int)code)) &&
                !(asian && is_asian_mark(code))) {
                memmove(out, p, width);
                out += width;
            }
            p += width;
        }
        if (out > start)
            s->tokens[n_kept++] = (struct token){.text = start, .length = (uint32_t)(out - start)};
    }
    s->n_tokens = n_kept;
}

void tokenise_tercom(struct segment *s, bool normalised, bool no_punct, bool asian)
{
    if (!normalised) {
        tokenise_spaces(s);
    } else {
        tokenise_replace(s, "\n-", "");
        tokenise_replace(s, "\n", " ");
        tokenise_unescape(s);
        const char *end = s->text + s->length, *start = s->text;
        for (const char *p = s->text; asian && p < end;) {
            uint32_t code;
            size_t width = character_decode(p, end, &code);
            if (is_asian_word(code) || is_asian_mark(code)) {
                tokenise_western(s, start, p, true, true);
                segment_push(s, p, p + width);
                start = p + width;
            }
            p += width;
        }
        tokenise_western(s, start, end, true, true);
        part_possessives(s);
    }
    if (no_punct)
        remove_marks(s, asian);
}
