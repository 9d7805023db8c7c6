#include "decode/dictionary.h"

#include <stdlib.h>
#include <string.h>

#include "base/lines.h"
#include "base/memory.h"

struct entry {
    char *word; /* translation behind its '\0' */
    size_t number;
};

struct dictionary {
    struct entry *entries; /* sorted by word */
    size_t n, capacity;
};

static int compare(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int order = strcmp(x->word, y->word);
    return order ? order : (x->number > y->number) - (x->number < y->number);
}

static int add_entry(struct dictionary *d, const char *path, const char *line, size_t n,
                     struct satz_error *err)
{
    const char *tab = memchr(line, '\t', n);
    if (!tab || tab == line || memchr(line, '\0', n))
        return error_set(err, "%s:%zu: a line of a dictionary is a word, a tab, its translation",
                         path, d->n + 1);
    if (memory_grow(&d->entries, &d->capacity, d->n + 1, sizeof *d->entries, err) < 0)
        return -1;
    char *word = memory_new(n + 1, 1, err);
    if (!word)
        return -1;
    memcpy(word, line, n);
    word[tab - line] = '\0';
    d->entries[d->n] = (struct entry){word, d->n};
    d->n++;
    return 0;
}

struct dictionary *dictionary_new(const char *path, struct satz_error *err)
{
    const char *line;
    size_t n;
    int status;
    struct dictionary *d = memory_new(1, sizeof *d, err);
    struct lines *lines = d ? lines_open(path, err) : NULL;
    if (!lines)
        goto fail;
    while ((status = lines_next(lines, &line, &n, err)) > 0)
        if (add_entry(d, path, line, n, err) < 0)
            goto fail;
    if (status < 0)
        goto fail;
    lines_close(lines);
    if (d->n > 0)
        qsort(d->entries, d->n, sizeof *d->entries, compare);
    return d;
fail:
    lines_close(lines);
    dictionary_free(d);
    return NULL;
}

void dictionary_free(struct dictionary *d)
{
    if (!d)
        return;
    for (size_t i = 0; i < d->n; i++)
        free(d->entries[i].word);
    free(d->entries);
    free(d);
}

const char *dictionary_find(const struct dictionary *d, const char *word, size_t n)
{
    size_t from = 0, to = d->n;
    while (from < to) {
        size_t middle = (from + to) / 2;
        const char *entry = d->entries[middle].word;
        int order = strncmp(entry, word, n);
        if (order < 0)
            from = middle + 1;
        else
            to = middle;
    }
    if (from == d->n || strncmp(d->entries[from].word, word, n) != 0 ||
        d->entries[from].word[n] != '\0')
        return NULL;
    return d->entries[from].word + n + 1;
}
