#include "internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "segment.h"

enum { READ_LIMIT = 1 << 30 };

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
    gzFile file; /* reads plain files as they are */
    const char *name;
    char *buffer; /* what was read and not yet handed out is buffer[start .. end) */
    size_t capacity, start, end, lines;
    bool ended;
};

struct eval_reader *eval_reader_open(const char *path, struct satz_error *err)
{
    bool standard = !strcmp(path, "-");
    const char *name = standard ? "standard input" : path;
    struct eval_reader *r = calloc(1, sizeof *r + strlen(name) + 1);
    if (!r) {
        eval_error(err, "%s: out of memory.", name);
        return NULL;
    }
    r->name = strcpy((char *)(r + 1), name);
    errno = 0;
    r->file = standard ? gzdopen(dup(STDIN_FILENO), "rb") : gzopen(path, "rbe");
    if (!r->file) {
        eval_error(err, "%s: could not be opened: %s.", name, strerror(errno ? errno : ENOMEM));
        goto fail;
    }
    if (eval_grow(&r->buffer, &r->capacity, 1 << 16, 1, err))
        goto fail;
    return r;
fail:
    eval_reader_close(r);
    return NULL;
}

void eval_reader_close(struct eval_reader *r)
{
    if (!r)
        return;
    if (r->file)
        gzclose(r->file);
    free(r->buffer);
    free(r);
}

/* Reads on behind what is in the buffer. */
static int fill(struct eval_reader *r, struct satz_error *err)
{
    int code = Z_OK;
    r->end -= r->start;
    memmove(r->buffer, r->buffer + r->start, r->end);
    r->start = 0;
    if (r->end + 1 >= r->capacity && eval_grow(&r->buffer, &r->capacity, r->capacity + 1, 1, err))
        return -1;
    size_t room = r->capacity - r->end - 1; /* one byte for a '\0' */
    errno = 0;
    int n = gzread(r->file, r->buffer + r->end, room < READ_LIMIT ? (unsigned)room : READ_LIMIT);
    const char *why = gzerror(r->file, &code);
    if (n < 0 || (code != Z_OK && code != Z_STREAM_END))
        return eval_error(err, "%s: could not be read after line %zu: %s.", r->name, r->lines,
                          code == Z_ERRNO ? strerror(errno) : why);
    r->end += (size_t)n;
    r->ended = n == 0;
    return 0;
}

int eval_reader_next(struct eval_reader *r, const char **line, struct satz_error *err)
{
    char *stop;
    for (size_t seen = 0;;) {
        stop = memchr(r->buffer + r->start + seen, '\n', r->end - r->start - seen);
        if (stop || r->ended)
            break;
        seen = r->end - r->start;
        if (fill(r, err))
            return -1;
    }
    if (!stop && r->start == r->end)
        return 0;
    char *start = r->buffer + r->start;
    size_t n = stop ? (size_t)(stop - start) : r->end - r->start;
    r->start += n + (stop != NULL);
    r->lines++;
    if (memchr(start, '\0', n))
        return eval_error(err, "%s:%zu: the line holds a NUL byte; is this a text file?", r->name,
                          r->lines);
    start[stripped_length(start, n)] = '\0';
    *line = start;
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
