#include "text/token_words.h"

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool token_words_next(const char *text, size_t length, size_t *at, size_t *begin)
{
    while (*at < length && is_space(text[*at]))
        ++*at;
    *begin = *at;
    while (*at < length && !is_space(text[*at]))
        ++*at;
    return *at > *begin;
}

int token_words_count(const char *text, size_t length)
{
    size_t at = 0, begin;
    int n = 0;
    while (token_words_next(text, length, &at, &begin))
        n++;
    return n;
}

void token_words_find(const char *text, size_t length, const struct token_span *spans, int n,
                      int *word)
{
    size_t at = 0, begin, next;
    int here = 0;
    token_words_next(text, length, &at, &begin);
    for (int i = 0; i < n; word[i++] = here)
        while (spans[i].begin >= at && (next = at, token_words_next(text, length, &next, &begin))) {
            at = next;
            here++;
        }
}
