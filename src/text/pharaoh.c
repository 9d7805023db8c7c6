#include "text/pharaoh.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum {
    MOST_WORDS = 1000000, /* no sentence has more */
    LINK_BYTES = 64       /* no link is longer */
};

void pharaoh_release(struct pharaoh *p)
{
    free(p->links);
    *p = (struct pharaoh){0};
}

/* A number at *at of nothing but digits, at most MOST_WORDS. */
static bool read_index(const char **at, int *index)
{
    const char *start = *at;
    long value = 0;
    for (; **at >= '0' && **at <= '9' && value <= MOST_WORDS; ++*at)
        value = 10 * value + (**at - '0');
    *index = (int)value;
    return *at > start && value <= MOST_WORDS;
}

/* ":0.93", or nothing: 1. Not strtod's, whose decimal point is the locale's. */
static bool read_weight(const char **at, double *weight)
{
    *weight = 1;
    if (**at != ':')
        return true;
    double unit = 0;
    int digits = 0;
    *weight = 0;
    for (++*at; (**at >= '0' && **at <= '9') || (**at == '.' && unit == 0); ++*at)
        if (**at == '.') {
            unit = 1;
        } else {
            digits++;
            unit /= 10;
            *weight = unit > 0 ? *weight + unit * (**at - '0') : 10 * *weight + (**at - '0');
        }
    return digits > 0 && *weight <= 1;
}

static bool read_link(const char *text, int base, struct satz_link *link)
{
    double weight = 1;
    *link = (struct satz_link){0};
    bool fine = read_index(&text, &link->source) && (*text == '-' || *text == 'p');
    link->possible = fine && *text++ == 'p';
    fine = fine && read_index(&text, &link->target) && read_weight(&text, &weight) && !*text;
    link->weight = (float)weight;
    link->source -= base;
    link->target -= base;
    return fine;
}

static int check_word(int word, int n_words, int base, const char *side, struct satz_error *err)
{
    if (word < 0)
        return error_set(err, "there is no word 0 when words are counted from 1");
    if (n_words >= 0 && word >= n_words)
        return error_set(err, "there is no %s word %d: the sentence has %d, counted from %d", side,
                         word + base, n_words, base);
    return 0;
}

int pharaoh_parse(struct pharaoh *p, const char *line, size_t length, int base, int n_sources,
                  int n_targets, struct satz_error *err)
{
    p->n = 0;
    for (size_t from = 0, to; from < length; from = to) {
        for (; from < length && (line[from] == ' ' || line[from] == '\t' || line[from] == '\r');)
            from++;
        for (to = from; to < length && line[to] != ' ' && line[to] != '\t' && line[to] != '\r';)
            to++;
        if (to == from)
            break;
        char text[LINK_BYTES];
        size_t bytes = to - from < sizeof text ? to - from : sizeof text - 1;
        memcpy(text, line + from, bytes);
        text[bytes] = '\0';
        struct satz_link link;
        if (strlen(text) < to - from || !read_link(text, base, &link))
            return error_set(err,
                             "column %zu: \"%s\" is not a link such as 0-2, 0p2 (possible) or "
                             "0-2:0.93 (weighted)",
                             from + 1, text);
        if (check_word(link.source, n_sources, base, "source", err) < 0 ||
            check_word(link.target, n_targets, base, "target", err) < 0)
            return error_prefix(err, "column %zu: \"%s\"", from + 1, text);
        if (memory_grow(&p->links, &p->capacity, p->n + 1, sizeof *p->links, err) < 0)
            return -1;
        p->links[p->n++] = link;
    }
    return 0;
}
