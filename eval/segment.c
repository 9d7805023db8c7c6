#include "segment.h"

#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <unictype.h>
#include <unistr.h>

#include "internal.h"

enum { SEGMENT_LIMIT = 1 << 24 }; /* bytes: keeps all numbers of a segment within 32 bits */

void segment_release(struct segment *s)
{
    free(s->text);
    free(s->tokens);
    free(s->symbols);
    *s = (struct segment){0};
}

size_t space_length_beyond_ascii(const char *text, const char *end)
{
    const unsigned char *p = (const unsigned char *)text;
    if (p[0] == 0xC2 && end - text >= 2) /* U+0085, U+00A0 */
        return p[1] == 0x85 || p[1] == 0xA0 ? 2 : 0;
    if (p[0] < 0xE1 || p[0] > 0xE3 || end - text < 3)
        return 0;
    bool space = false;
    if (p[0] == 0xE1) /* U+1680 */
        space = p[1] == 0x9A && p[2] == 0x80;
    else if (p[0] == 0xE3) /* U+3000 */
        space = p[1] == 0x80 && p[2] == 0x80;
    else if (p[1] == 0x80) /* U+2000-200A, U+2028, U+2029, U+202F */
        space = (p[2] >= 0x80 && p[2] <= 0x8A) || p[2] == 0xA8 || p[2] == 0xA9 || p[2] == 0xAF;
    else /* U+205F */
        space = p[1] == 0x81 && p[2] == 0x9F;
    return space ? 3 : 0;
}

size_t stripped_length(const char *text, size_t n)
{
    while (n > 0) {
        size_t width = 1;
        while (width < 3 && width < n && (text[n - width] & 0xC0) == 0x80)
            width++;
        if (space_length(text + n - width, text + n) != width)
            break;
        n -= width;
    }
    return n;
}

void segment_strip(struct segment *s)
{
    s->length = stripped_length(s->text, s->length);
    s->text[s->length] = '\0';
}

size_t character_decode(const char *text, const char *end, uint32_t *code)
{
    ucs4_t decoded;
    int width = u8_mbtoucr(&decoded, (const uint8_t *)text, (size_t)(end - text));
    *code = width > 0 ? decoded : 0xDC00u + (unsigned char)*text;
    return width > 0 ? (size_t)width : 1;
}

/* The condition Final_Sigma of Unicode's SpecialCasing.txt for the sigma at text[at .. at+2). */
static bool sigma_is_final(const uint8_t *text, size_t n, size_t at)
{
    ucs4_t code;
    bool cased_before = false;
    for (const uint8_t *p = text + at; (p = u8_prev(&code, p, text)) != NULL;)
        if (!uc_is_property_case_ignorable(code)) {
            cased_before = uc_is_property_cased(code);
            break;
        }
    if (!cased_before)
        return false;
    for (size_t i = at + 2; i < n;) {
        i += (size_t)u8_mbtouc(&code, text + i, n - i);
        if (!uc_is_property_case_ignorable(code))
            return !uc_is_property_cased(code);
    }
    return true;
}

/* Writes the lower case of text to out, which has room for 2n bytes; returns its length. */
static size_t lower(uint8_t *out, const uint8_t *text, size_t n)
{
    size_t length = 0;
    for (size_t i = 0; i < n;) {
        if (text[i] < 0x80) {
            uint8_t c = text[i++];
            out[length++] = c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
            continue;
        }
        ucs4_t code;
        int width = u8_mbtoucr(&code, text + i, n - i);
        if (width < 0) { /* not UTF-8: the byte stays */
            out[length++] = text[i++];
            continue;
        }
        ucs4_t lowered = code == 0x3A3   ? (sigma_is_final(text, n, i) ? 0x3C2 : 0x3C3)
                         : code == 0x130 ? 'i'
                                         : uc_tolower(code);
        length += (size_t)u8_uctomb(out + length, lowered, 4);
        if (code == 0x130) /* the one letter whose lower case is two: i and a dot above */
            length += (size_t)u8_uctomb(out + length, 0x307, 4);
        i += (size_t)width;
    }
    return length;
}

int segment_set(struct segment *s, const char *text, bool lowercase, struct satz_error *err)
{
    size_t n = strlen(text);
    if (n > SEGMENT_LIMIT)
        return eval_error(err, "A segment of %zu bytes is longer than the limit of %d.", n,
                          SEGMENT_LIMIT);
    size_t need = lowercase ? 2 * n + 8 : n + 1;
    if (eval_grow(&s->text, &s->text_capacity, need, 1, err) ||
        eval_grow(&s->tokens, &s->token_capacity, need, sizeof *s->tokens, err))
        return -1;
    if (lowercase)
        n = lower((uint8_t *)s->text, (const uint8_t *)text, n);
    else
        memcpy(s->text, text, n);
    s->length = n;
    s->text[n] = '\0';
    s->n_tokens = 0;
    return 0;
}

struct interned {
    const char *text;
    uint32_t length, hash;
    uint64_t generation; /* the slot is free unless this is the interner's */
};

void interner_release(struct interner *in)
{
    free(in->slots);
    *in = (struct interner){0};
}

int interner_start(struct interner *in, size_t n_tokens, struct satz_error *err)
{
    size_t need = 16;
    while (need < 2 * n_tokens)
        need *= 2;
    if (need > UINT32_MAX)
        return eval_error(err, "A segment of %zu tokens is too long.", n_tokens);
    if (need > in->capacity) {
        struct interned *slots = calloc(need, sizeof *slots);
        if (!slots)
            return eval_error(err, "Out of memory for a segment of %zu tokens.", n_tokens);
        free(in->slots);
        in->slots = slots;
        in->capacity = need;
    }
    in->mask = need - 1; /* short segments stay in a corner of the table that is in the cache */
    in->generation++;
    return 0;
}

uint32_t token_hash(const struct token *token)
{
    const char *text = token->text;
    size_t n = token->length;
    uint64_t h = n, word;
    for (; n >= 8; n -= 8, text += 8) {
        memcpy(&word, text, 8);
        h = (h ^ word) * 0x9E3779B97F4A7C15u;
        h ^= h >> 32;
    }
    word = 0;
    memcpy(&word, text, n);
    h = (h ^ word) * 0x9E3779B97F4A7C15u;
    return (uint32_t)(h >> 32);
}

static uint32_t intern(struct interner *in, const struct token *token)
{
    uint32_t hash = token_hash(token);
    size_t i = hash & in->mask;
    for (; in->slots[i].generation == in->generation; i = (i + 1) & in->mask) {
        const struct interned *slot = &in->slots[i];
        if (slot->hash == hash && slot->length == token->length &&
            !memcmp(slot->text, token->text, token->length))
            return (uint32_t)i;
    }
    in->slots[i] = (struct interned){
        .text = token->text, .length = token->length, .hash = hash, .generation = in->generation};
    return (uint32_t)i;
}

int interner_number(struct interner *in, struct segment *s, struct satz_error *err)
{
    if (eval_grow(&s->symbols, &s->symbol_capacity, s->n_tokens, sizeof *s->symbols, err))
        return -1;
    for (size_t i = 0; i < s->n_tokens; i++)
        s->symbols[i] = intern(in, &s->tokens[i]);
    return 0;
}
