#include "internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "segment.h"

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

void eval_list_names(char *out, size_t size, const char *(*name)(int index))
{
    size_t length = 0;
    for (int i = 0; name(i); i++)
        length = eval_append(out, size, length, "%s%s",
                             i == 0        ? ""
                             : name(i + 1) ? ", "
                                           : " or ",
                             name(i));
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
    r->line[stripped_length(r->line, (size_t)n)] = '\0';
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

struct eval_files {
    int n;
    const char **lines;
    struct eval_reader *readers[];
};

struct eval_files *eval_files_open(const char *const *paths, int n, struct satz_error *err)
{
    struct eval_files *f = calloc(1, sizeof *f + (size_t)n * sizeof f->readers[0]);
    if (!f) {
        eval_error(err, "Out of memory.");
        return NULL;
    }
    f->lines = calloc((size_t)n, sizeof *f->lines);
    if (!f->lines) {
        eval_error(err, "Out of memory.");
        goto fail;
    }
    for (int i = 0, n_standard = 0; i < n; i++) {
        n_standard += !strcmp(paths[i], "-");
        if (n_standard > 1) {
            eval_error(err, "Standard input (\"-\") can stand for one file only.");
            goto fail;
        }
        f->readers[i] = eval_reader_open(paths[i], err);
        if (!f->readers[i])
            goto fail;
        f->n++;
    }
    return f;
fail:
    eval_files_close(f);
    return NULL;
}

void eval_files_close(struct eval_files *f)
{
    if (!f)
        return;
    for (int i = 0; i < f->n; i++)
        eval_reader_close(f->readers[i]);
    free(f->lines);
    free(f);
}

int eval_files_next(struct eval_files *f, const char *const **lines, struct satz_error *err)
{
    int n_ended = 0, ended = 0, open = 0;
    for (int i = 0; i < f->n; i++) {
        int got = eval_reader_next(f->readers[i], &f->lines[i], err);
        if (got < 0)
            return -1;
        n_ended += !got;
        *(got ? &open : &ended) = i;
    }
    if (n_ended == f->n)
        return 0;
    if (n_ended)
        return eval_error(err,
                          "%s has only %zu lines, %s has more; line i of one must be line i of the "
                          "other.",
                          eval_reader_name(f->readers[ended]), eval_reader_lines(f->readers[ended]),
                          eval_reader_name(f->readers[open]));
    *lines = f->lines;
    return 1;
}

int references_seen(int seen, int n)
{
    return seen == 0 || seen == n ? n : -1;
}

const char *references_text(int seen, char buffer[16])
{
    if (seen < 0)
        return "var";
    snprintf(buffer, 16, "%d", seen);
    return buffer;
}

size_t eval_append(char *out, size_t size, size_t length, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    bool room = length < size;
    int n = vsnprintf(room ? out + length : NULL, room ? size - length : 0, format, arguments);
    va_end(arguments);
    return length + (n > 0 ? (size_t)n : 0);
}
