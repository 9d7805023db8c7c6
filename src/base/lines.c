#include "base/lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/memory.h"
#include "base/strbuf.h"

struct lines {
    gzFile file;
    char *path;
    struct strbuf line;
    size_t number;
    char buffer[65536];
    size_t at, end;
};

struct lines *lines_open(const char *path, struct satz_error *err)
{
    struct lines *l = memory_new(1, sizeof *l, err);
    if (!l)
        return NULL;
    bool standard = strcmp(path, "-") == 0;
    l->path = memory_copy_string(standard ? "standard input" : path, err);
    if (!l->path)
        goto fail;
    errno = 0;
    l->file = standard ? gzdopen(dup(STDIN_FILENO), "rb") : gzopen(path, "rbe");
    if (!l->file) {
        error_set_errno(err, "%s: cannot open", l->path);
        goto fail;
    }
    gzbuffer(l->file, 1 << 17);
    return l;
fail:
    lines_close(l);
    return NULL;
}

static int refill(struct lines *l, struct satz_error *err)
{
    int n = gzread(l->file, l->buffer, sizeof l->buffer);
    int code = Z_OK;
    const char *why = gzerror(l->file, &code);
    if (n < 0 || (code != Z_OK && code != Z_STREAM_END)) {
        if (code == Z_ERRNO)
            return error_set_errno(err, "%s: cannot read after line %zu", l->path, l->number);
        return error_set(err, "%s: damaged gzip data after line %zu (%s)", l->path, l->number, why);
    }
    l->at = 0;
    l->end = (size_t)n;
    return n;
}

int lines_next(struct lines *l, const char **text, size_t *length, struct satz_error *err)
{
    strbuf_clear(&l->line);
    for (;;) {
        if (l->at == l->end) {
            int n = refill(l, err);
            if (n < 0)
                return -1;
            if (n == 0) {
                if (l->line.length == 0)
                    return 0;
                break;
            }
        }
        char *start = l->buffer + l->at;
        char *newline = memchr(start, '\n', l->end - l->at);
        size_t n = newline ? (size_t)(newline - start) : l->end - l->at;
        strbuf_add(&l->line, start, n);
        l->at += n + (newline != NULL);
        if (strbuf_check(&l->line, err) < 0)
            return -1;
        if (newline)
            break;
    }
    l->number++;
    size_t n = l->line.length;
    if (n && l->line.data[n - 1] == '\r')
        n--;
    *text = strbuf_text(&l->line);
    *length = n;
    return 1;
}

size_t lines_number(const struct lines *l)
{
    return l->number;
}

void lines_close(struct lines *l)
{
    if (!l)
        return;
    if (l->file)
        gzclose(l->file);
    strbuf_release(&l->line);
    free(l->path);
    free(l);
}
