#include "decode/unknown.h"

#include <string.h>

#include "base/utf8.h"

static const char mark[] = "⁇"; /* what tokenizer_decode writes for an unknown token */

struct word {
    const char *text;
    size_t n;
};

/* The source's word around token `at`, or that token alone if it is unknown. */
static struct word source_word(const struct token_spans *spans, const char *source, int at)
{
    size_t first = (size_t)at, last = first;
    if (first >= spans->n)
        return (struct word){mark, sizeof mark - 1};
    bool alone = spans->spans[first].id == TOKEN_UNKNOWN;
    while (!alone && first > 0 && !spans->spans[first].starts_word)
        first--;
    while (!alone && last + 1 < spans->n && !spans->spans[last + 1].starts_word)
        last++;
    size_t begin = spans->spans[first].begin, end = spans->spans[last].end;
    while (begin < end && source[begin] == ' ')
        begin++;
    return (struct word){source + begin, end - begin};
}

static int count_marks(const char *text)
{
    int n = 0;
    for (const char *at = text; (at = strstr(at, mark)) != NULL; at += sizeof mark - 1)
        n++;
    return n;
}

static void add_word(struct strbuf *out, struct word word, const struct dictionary *d)
{
    const char *known = d ? dictionary_find(d, word.text, word.n) : NULL;
    if (known) {
        strbuf_add_text(out, known);
        return;
    }
    /* Broken bytes and zeros of the source become U+FFFD. */
    for (size_t i = 0; i < word.n;) {
        uint32_t code;
        char bytes[4];
        size_t n = utf8_decode(word.text + i, word.n - i, &code);
        strbuf_add(out, bytes, utf8_encode(code ? code : 0xFFFD, bytes));
        i += n > 0 ? n : 1;
    }
}

/* `text` with its marks replaced in turn, and one space where there are several. */
static void write_text(struct strbuf *out, const char *text, const struct hypothesis *h,
                       const struct token_spans *spans, const char *source,
                       const struct dictionary *d)
{
    int token = 0;
    while (*text) {
        if (strncmp(text, mark, sizeof mark - 1) == 0) {
            while (h->ids[token] != TOKEN_UNKNOWN)
                token++;
            add_word(out, source_word(spans, source, h->sources[token++]), d);
            text += sizeof mark - 1;
            continue;
        }
        bool space = *text == ' ' && (out->length == 0 || out->data[out->length - 1] == ' ');
        if (!space)
            strbuf_add_char(out, *text);
        text++;
    }
    while (out->length > 0 && out->data[out->length - 1] == ' ')
        out->data[--out->length] = '\0';
}

int unknown_replace(struct strbuf *text, const struct hypothesis *h, const struct tokenizer *t,
                    const char *source, size_t n, const struct dictionary *dictionary,
                    struct satz_error *err)
{
    int unknown = 0;
    for (int i = 0; i < h->n; i++)
        unknown += h->ids[i] == TOKEN_UNKNOWN;
    if (unknown == 0 || count_marks(strbuf_text(text)) != unknown)
        return 0;
    struct token_spans spans = {0};
    struct strbuf out = {0};
    int status = tokenizer_encode_spans(t, source, n, &spans, err);
    if (status == 0) {
        write_text(&out, strbuf_text(text), h, &spans, source, dictionary);
        status = strbuf_check(&out, err);
    }
    if (status == 0) {
        strbuf_clear(text);
        strbuf_add(text, strbuf_text(&out), out.length);
        status = strbuf_check(text, err);
    }
    strbuf_release(&out);
    token_spans_release(&spans);
    return status;
}
