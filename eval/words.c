#include "words.h"

#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "tokenise.h"

struct word {
    char *text; /* NULL: the slot is free */
    uint32_t length, hash;
    int64_t count;
};

void words_release(struct words *w)
{
    for (size_t i = 0; i < w->capacity; i++)
        free(w->slots[i].text);
    free(w->slots);
    *w = (struct words){0};
}

/* The word's slot, or the free one where it belongs; there must be a free one. */
static struct word *find(const struct words *w, const struct token *token, uint32_t hash)
{
    size_t mask = w->capacity - 1, i = hash & mask;
    for (; w->slots[i].text; i = (i + 1) & mask)
        if (w->slots[i].hash == hash && w->slots[i].length == token->length &&
            !memcmp(w->slots[i].text, token->text, token->length))
            break;
    return &w->slots[i];
}

static int grow(struct words *w, struct satz_error *err)
{
    struct words larger = {.n_words = w->n_words, .capacity = w->capacity ? 2 * w->capacity : 1024};
    larger.slots = calloc(larger.capacity, sizeof *larger.slots);
    if (!larger.slots)
        return eval_error(err, "Out of memory for %zu words.", w->n_words);
    for (size_t i = 0; i < w->capacity; i++) {
        const struct word *word = &w->slots[i];
        if (word->text)
            *find(&larger, &(struct token){.text = word->text, .length = word->length},
                  word->hash) = *word;
    }
    free(w->slots);
    *w = larger;
    return 0;
}

int words_add(struct words *w, const struct token *token, struct satz_error *err)
{
    uint32_t hash = token_hash(token);
    if (2 * w->n_words >= w->capacity && grow(w, err))
        return -1;
    struct word *word = find(w, token, hash);
    if (!word->text) {
        char *text = malloc(token->length);
        if (!text)
            return eval_error(err, "Out of memory for %zu words.", w->n_words);
        memcpy(text, token->text, token->length);
        *word = (struct word){.text = text, .length = token->length, .hash = hash};
        w->n_words++;
    }
    word->count++;
    return 0;
}

int words_add_file(struct words *w, const char *path, struct satz_error *err)
{
    int got;
    const char *line;
    struct segment s = {0};
    struct eval_reader *r = eval_reader_open(path, err);
    if (!r)
        return -1;
    while ((got = eval_reader_next(r, &line, err)) > 0) {
        if (segment_set(&s, line, false, err)) {
            got = -1;
            break;
        }
        tokenise_13a.split(&s);
        for (size_t i = 0; i < s.n_tokens && got > 0; i++)
            if (words_add(w, &s.tokens[i], err))
                got = -1;
        if (got < 0)
            break;
    }
    segment_release(&s);
    eval_reader_close(r);
    return got;
}

int64_t words_count(const struct words *w, const struct token *token)
{
    const struct word *word = w->n_words ? find(w, token, token_hash(token)) : NULL;
    return word && word->text ? word->count : 0;
}
