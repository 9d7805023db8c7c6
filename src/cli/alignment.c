#include "cli/alignment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int alignment_set_kind(struct alignment_options *o, const struct usage *usage, const char *name,
                       const char *text)
{
    o->soft = strcmp(text, "soft") == 0;
    if (!o->soft && strcmp(text, "hard") != 0)
        return usage_error(usage, "%s is \"%s\", but must be hard or soft", name, text);
    return EXIT_SUCCESS;
}

int alignment_set_units(enum satz_units *units, const struct usage *usage, const char *name,
                        const char *text)
{
    *units = strcmp(text, "subwords") == 0 ? SATZ_SUBWORDS : SATZ_WORDS;
    if (*units == SATZ_WORDS && strcmp(text, "words") != 0)
        return usage_error(usage, "%s is \"%s\", but must be words or subwords", name, text);
    return EXIT_SUCCESS;
}

int alignment_links(const struct alignment_options *o, const struct satz_attention *a,
                    struct satz_link **links, size_t *n, struct satz_error *err)
{
    double threshold = !o->soft ? 0 : o->threshold > 0 ? o->threshold : 0.1;
    *links = NULL;
    *n = 0;
    return a ? satz_attention_links(a, threshold, links, n, err) : 0;
}

void alignment_print(FILE *out, const struct satz_link *links, size_t n, bool weights)
{
    for (size_t i = 0; i < n; i++) {
        fprintf(out, "%s%d-%d", i ? " " : "", links[i].source, links[i].target);
        if (weights)
            fprintf(out, ":%.4f", (double)links[i].weight);
    }
    fputc('\n', out);
}

int gold_open(struct gold *g, const char *path, const struct usage *usage)
{
    return input_open(&g->in, path, usage);
}

static int wrong(const struct gold *g, const char *what)
{
    command_failed(g->in.usage, "%s:%zu: %s", g->in.name, g->in.number, what);
    return -1;
}

static int next_pharaoh(struct gold *g, int n_sources, int n_targets, struct satz_link **links,
                        size_t *n)
{
    struct satz_error err;
    int more = input_next(&g->in);
    if (more < 0)
        return -1;
    if (more == 0) {
        command_failed(g->in.usage,
                       "%s:%zu: there is no such line: a gold alignment has one for each sentence",
                       g->in.name, g->in.number + 1);
        return -1;
    }
    return satz_links_parse(g->in.line, g->in.length, g->base, n_sources, n_targets, links, n,
                            &err) < 0
               ? wrong(g, err.message)
               : 0;
}

/* A number from 1 and the spaces around it; 0 where there is none. */
static long read_number(char **at)
{
    char *end;
    *at += strspn(*at, " \t");
    if (**at < '0' || **at > '9')
        return 0;
    long value = strtol(*at, &end, 10);
    if (!*end || strchr(" \t\r", *end))
        *at = end + strspn(end, " \t\r");
    return value > 0 && value <= 1000000000 ? value : 0;
}

/* "SENTENCE SOURCE TARGET", all from 1, then "S", "P" or nothing, and perhaps a probability.
 * Returns the sentence, or 0. */
static long read_naacl(char *line, struct satz_link *link)
{
    long sentence = read_number(&line), source = read_number(&line), target = read_number(&line);
    if (!sentence || !source || !target || (*line && *line != 'S' && *line != 'P'))
        return 0;
    *link = (struct satz_link){(int)source - 1, (int)target - 1, 1, *line == 'P'};
    return *line && !strchr(" \t\r", line[1]) && line[1] ? 0 : sentence;
}

static int add_link(struct satz_link **links, size_t *n, struct satz_link link)
{
    /* Grown at powers of two. */
    if ((*n & (*n - 1)) == 0) {
        struct satz_link *more = realloc(*links, (*n ? 2 * *n : 1) * sizeof **links);
        if (!more)
            return -1;
        *links = more;
    }
    (*links)[(*n)++] = link;
    return 0;
}

static int next_naacl(struct gold *g, int n_sources, int n_targets, struct satz_link **links,
                      size_t *n)
{
    for (;;) {
        int more = g->has_line ? 1 : input_next(&g->in);
        if (more <= 0)
            return more;
        g->has_line = true;
        struct satz_link link;
        long sentence = read_naacl(g->in.line, &link);
        if (!sentence)
            return wrong(g, "this is no \"SENTENCE SOURCE TARGET [S|P]\", all numbers from 1");
        if ((size_t)sentence < g->sentence)
            return wrong(g, "the numbers of sentences must not fall: sort the file by them");
        if ((size_t)sentence > g->sentence)
            return 0;
        if ((n_sources >= 0 && link.source >= n_sources) ||
            (n_targets >= 0 && link.target >= n_targets))
            return wrong(g, "the sentence has no such word");
        if (add_link(links, n, link) < 0)
            return wrong(g, "out of memory");
        g->has_line = false;
    }
}

int gold_next(struct gold *g, int n_sources, int n_targets, struct satz_link **links, size_t *n)
{
    *links = NULL;
    *n = 0;
    g->sentence++;
    int status = (g->naacl ? next_naacl : next_pharaoh)(g, n_sources, n_targets, links, n);
    if (status < 0) {
        free(*links);
        *links = NULL;
    }
    return status;
}

int gold_end(struct gold *g)
{
    int more = g->has_line ? 1 : input_next(&g->in);
    return more > 0 ? wrong(g, "there are fewer sentences than the gold alignment has") : more;
}

void gold_close(struct gold *g)
{
    input_close(&g->in);
}
