#include "decode/pieces.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"

enum { LONGEST_TOKEN = 64 /* bytes; what no token of text needs more of */ };

enum rank { INSIDE_WORD, WORD, CLAUSE, SENTENCE };

void pieces_release(struct pieces *p)
{
    token_list_release(&p->tokens);
    free(p->list);
    *p = (struct pieces){0};
}

static int add_piece(struct pieces *p, struct piece piece, struct satz_error *err)
{
    if (memory_grow(&p->list, &p->capacity, p->n + 1, sizeof *p->list, err) < 0)
        return -1;
    p->list[p->n++] = piece;
    return 0;
}

/* The longest beginning of `text` of at most `most` bytes that cuts no character in two. */
static size_t whole_characters(const char *text, size_t length, size_t most)
{
    if (length <= most)
        return length;
    for (size_t n = most; most - n < 4 && n > 0; n--)
        if (((unsigned char)text[n] & 0xC0) != 0x80)
            return n;
    return most;
}

static bool ends_with_one_of(const char *text, size_t n, const char *const *marks)
{
    for (; *marks; marks++) {
        size_t length = strlen(*marks);
        if (n >= length && memcmp(text + n - length, *marks, length) == 0)
            return true;
    }
    return false;
}

/* How good a place token i of the n in text is to begin a new piece at. */
static enum rank rank_of(const char *text, const struct token_spans *spans, size_t i)
{
    static const char *const sentence[] = {".", "!", "?", "…", "。", "！", "？", NULL};
    static const char *const clause[] = {",", ";", ":", "–", "—", ")", "，", "；", "：", NULL};
    static const char *const closing[] = {"\"", "'", "”", "“", "’", "»", "«", ")", NULL};
    size_t end = spans->spans[i - 1].end;
    if (!spans->spans[i].starts_word)
        return INSIDE_WORD;
    if (ends_with_one_of(text, end, clause))
        return CLAUSE;
    for (int k = 0; k < 2 && ends_with_one_of(text, end, closing); k++)
        while (end > 0 && ((unsigned char)text[--end] & 0xC0) == 0x80)
            ;
    return ends_with_one_of(text, end, sentence) ? SENTENCE : WORD;
}

/* How many of the first n tokens make the piece. */
static size_t choose_cut(const char *text, const struct token_spans *spans, size_t n)
{
    size_t best = n;
    enum rank best_rank = INSIDE_WORD;
    for (size_t i = n; i > n / 2 && best_rank < SENTENCE; i--) {
        enum rank rank = i < spans->n ? rank_of(text, spans, i) : INSIDE_WORD;
        if (rank > best_rank) {
            best_rank = rank;
            best = i;
        }
    }
    return best;
}

/* The next piece of a line, from byte `from` on. Returns where the one after it begins, 0 after a
 * failure. */
static size_t split_piece(struct pieces *p, const struct tokenizer *t, const char *text,
                          size_t length, size_t from, size_t most, struct satz_error *err)
{
    struct token_spans spans = {0};
    size_t bytes = whole_characters(text + from, length - from, most * LONGEST_TOKEN), to = 0;
    if (tokenizer_encode_spans(t, text + from, bytes, &spans, err) < 0)
        goto done;
    bool all = spans.n <= most && from + bytes == length;
    size_t n = all ? spans.n : choose_cut(text + from, &spans, spans.n < most ? spans.n : most);
    if (memory_grow(&p->tokens.ids, &p->tokens.capacity, p->tokens.n + n, sizeof(int), err) < 0)
        goto done;
    size_t end = from + (all || n == 0 ? bytes : spans.spans[n - 1].end);
    if (n > 0 && add_piece(p, (struct piece){from, end, p->tokens.n, (int)n}, err) < 0)
        goto done;
    for (size_t i = 0; i < n; i++)
        p->tokens.ids[p->tokens.n++] = spans.spans[i].id;
    to = end > from ? end : from + bytes;
done:
    token_spans_release(&spans);
    return to;
}

int pieces_make(struct pieces *p, const struct tokenizer *t, const char *text, size_t length,
                int most, bool split, struct satz_error *err)
{
    /* More than this is cut off anyway, and tokenising a word of a megabyte takes a minute. */
    size_t bytes = whole_characters(text, length, (size_t)most * LONGEST_TOKEN);
    p->n = 0;
    p->tokens.n = 0;
    p->cut = false;
    if ((bytes == length || !split) && tokenizer_encode(t, text, bytes, &p->tokens, err) < 0)
        return -1;
    if (split && (bytes < length || p->tokens.n > (size_t)most)) {
        p->tokens.n = 0;
        for (size_t from = 0; from < length;) {
            from = split_piece(p, t, text, length, from, (size_t)most, err);
            if (from == 0)
                return -1;
        }
        return 0;
    }
    p->cut = bytes < length || p->tokens.n > (size_t)most;
    int n = p->tokens.n > (size_t)most ? most : (int)p->tokens.n;
    return n > 0 ? add_piece(p, (struct piece){0, bytes, 0, n}, err) : 0;
}
