#include "cli/nbest.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/translate_format.h"

static const char bar[] = " ||| ";
enum { BAR = sizeof bar - 1 };

int nbest_open(struct nbest *p, const char *source, const char *list, const struct usage *usage)
{
    if (strcmp(source, "-") == 0 && strcmp(list, "-") == 0)
        return usage_error(usage, "standard input can only be one of the files");
    int status = input_open(&p->source, source, usage);
    return status ? status : input_open(&p->list, list, usage);
}

static int wrong_line(const struct nbest *p, const char *what)
{
    command_failed(p->list.usage, "%s:%zu: %s", p->list.name, p->list.number, what);
    return -1;
}

/* The end of the field that starts at `from`, or NULL where it is the line's last. */
static char *field_end(const char *from, const char *end)
{
    return memmem(from, (size_t)(end - from), bar, BAR);
}

/* Reads on to the source of that number, from 0. */
static int find_source(struct nbest *p, size_t number)
{
    if (number + 1 < p->source.number)
        return wrong_line(p, "the numbers of lines must not fall: sort the list by them");
    while (p->source.number < number + 1) {
        int more = input_next(&p->source);
        if (more < 0)
            return -1;
        if (more == 0) {
            command_failed(p->list.usage, "%s:%zu: line %zu, from 0, is not in %s, which has %zu",
                           p->list.name, p->list.number, number, p->source.name, p->source.number);
            return -1;
        }
    }
    return 0;
}

/* Takes the source's first n bytes, and the translation, escaped, for pair i. */
static int copy_texts(struct nbest *p, size_t i, size_t n, const char *translation, size_t escaped)
{
    free(p->texts[i]);
    p->texts[i] = malloc(n + escaped + 1);
    if (!p->texts[i])
        return wrong_line(p, strerror(ENOMEM));
    char *to = memcpy(p->texts[i], p->source.line, n);
    to += n;
    p->chunk[i] = (struct satz_pair){.source = p->texts[i], .source_length = n, .target = to};
    const char *from = translation, *end = from + escaped;
    const size_t length = strlen(MOSES_BAR);
    for (const char *found; (found = memmem(from, (size_t)(end - from), MOSES_BAR, length));
         from = found + length) {
        to = mempcpy(to, from, (size_t)(found - from));
        *to++ = '|';
    }
    to = mempcpy(to, from, (size_t)(end - from));
    p->chunk[i].target_length = (size_t)(to - p->chunk[i].target);
    return 0;
}

/* Takes the line just read apart. */
static int take_line(struct nbest *p)
{
    size_t i = p->n;
    size_t n = input_take_line(&p->list, &p->lines[i], &p->capacities[i]);
    char *line = p->lines[i], *end = line + n, *after;
    line[n] = '\0';
    p->lengths[i] = n;
    char *text = field_end(line, end), *features, *score;
    if (text)
        text += BAR - 1; /* an empty field has one space */
    features = text ? field_end(text, end) : NULL;
    if (!features)
        return wrong_line(p, "this is no \"line ||| translation ||| features ||| score\"");
    errno = 0;
    unsigned long long number = strtoull(line, &after, 10);
    if (*line < '0' || *line > '9' || errno || strncmp(after, bar, BAR) != 0 ||
        number > SIZE_MAX / 2)
        return wrong_line(p,
                          "this does not begin with the number of a line, from 0, and \" ||| \"");
    score = field_end(features + BAR - 1, end);
    p->has_features[i] = score != NULL;
    p->features[i] = (size_t)((score ? score : features + BAR) - line);
    if (find_source(p, (size_t)number) < 0)
        return -1;
    size_t length = p->source.length;
    if (length > 0 && p->source.line[length - 1] == '\r')
        length--;
    p->numbers[i] = p->source.number;
    return copy_texts(p, i, length, text, (size_t)(features - text));
}

int nbest_next(struct nbest *p)
{
    p->first = p->list.number + 1;
    for (p->n = 0; p->n < PAIRS_CHUNK; p->n++) {
        int more = input_next(&p->list);
        if (more < 0 || (more > 0 && take_line(p) < 0))
            return -1;
        if (!more)
            break;
    }
    return p->n > 0;
}

void nbest_print(const struct nbest *p, size_t i, const char *name, double value)
{
    const char *line = p->lines[i], *rest = line + p->features[i];
    fwrite(line, 1, p->features[i], stdout);
    if (p->has_features[i])
        putchar(' ');
    printf("%s= %.6f", name, value);
    if (!p->has_features[i])
        fputs(bar, stdout);
    fwrite(rest, 1, p->lengths[i] - p->features[i], stdout);
    putchar('\n');
}

void nbest_close(struct nbest *p)
{
    input_close(&p->source);
    input_close(&p->list);
    for (size_t i = 0; i < PAIRS_CHUNK; i++) {
        free(p->lines[i]);
        free(p->texts[i]);
    }
}
