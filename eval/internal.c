#include "internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

int eval_error(struct satz_error *err, const char *format, ...)
{
    if (err) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(err->message, sizeof err->message, format, arguments);
        va_end(arguments);
    }
    return -1;
}

int eval_grow(void *data, size_t *capacity, size_t need, size_t size, struct satz_error *err)
{
    if (need <= *capacity)
        return 0;
    size_t grown = *capacity + *capacity / 2;
    if (grown < need)
        grown = need;
    if (grown > SIZE_MAX / size)
        return eval_error(err, "A text is too large for the memory of this machine.");
    void *moved;
    memcpy(&moved, data, sizeof moved);
    moved = realloc(moved, grown * size);
    if (!moved)
        return eval_error(err, "Out of memory: %zu bytes could not be had.", grown * size);
    memcpy(data, &moved, sizeof moved);
    *capacity = grown;
    return 0;
}

struct eval_reader {
    FILE *file;
    const char *name;
    char *line;
    size_t capacity, lines;
};

struct eval_reader *eval_reader_open(const char *path, struct satz_error *err)
{
    bool standard = !strcmp(path, "-");
    const char *name = standard ? "standard input" : path;
    FILE *file = standard ? stdin : fopen(path, "r");
    if (!file) {
        eval_error(err, "%s: could not be opened: %s.", name, strerror(errno));
        return NULL;
    }
    struct eval_reader *r = calloc(1, sizeof *r + strlen(name) + 1);
    if (!r) {
        if (!standard)
            fclose(file);
        eval_error(err, "%s: out of memory.", name);
        return NULL;
    }
    r->file = file;
    r->name = strcpy((char *)(r + 1), name);
    return r;
}

void eval_reader_close(struct eval_reader *r)
{
    if (!r)
        return;
    if (r->file != stdin)
        fclose(r->file);
    free(r->line);
    free(r);
}

int eval_reader_next(struct eval_reader *r, const char **line, struct satz_error *err)
{
    errno = 0;
    ssize_t n = getline(&r->line, &r->capacity, r->file);
    if (n < 0) {
        if (feof(r->file) && !ferror(r->file))
            return 0;
        return eval_error(err, "%s:%zu: could not be read: %s.", r->name, r->lines + 1,
                          strerror(errno));
    }
    r->lines++;
    if (r->line[n - 1] == '\n')
        r->line[--n] = '\0';
    if (strlen(r->line) != (size_t)n)
        return eval_error(err, "%s:%zu: the line holds a NUL byte; is this a text file?", r->name,
                          r->lines);
    *line = r->line;
    return 1;
}

size_t eval_reader_lines(const struct eval_reader *r)
{
    return r->lines;
}

const char *eval_reader_name(const struct eval_reader *r)
{
    return r->name;
}
