/* The file:  the lines, source 0, target 0, source 1 ...; zeros up to a multiple of 8 bytes;
 * uint64_t ends [2 pairs] of the lines; struct trailer. Numbers are in the machine's byte order. */
#include "text/corpus_text.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/lines.h"
#include "base/memory.h"

#define MAGIC UINT64_C(0x3130545854435353) /* "SSCTXT01" */

struct trailer {
    uint64_t magic, pairs, bytes;
    char digest[24]; /* of the corpus */
    uint64_t body_sum, sum;
};

struct corpus_text {
    struct file_map map;
    const uint64_t *ends;
};

struct writer {
    struct file_writer *out;
    struct lines *lines[2];
    const char *names[2]; /* the files that are open */
    uint64_t *ends;       /* [2 pairs] */
    uint64_t sum, written;
};

static int put(struct writer *w, const void *bytes, size_t n, struct satz_error *err)
{
    w->sum = checksum(bytes, n, w->sum);
    w->written += n;
    return file_writer_write(w->out, bytes, n, err);
}

/* Writes line `line` of the file of that name; lines are asked for in ascending order. */
static int put_line(struct writer *w, int side, const char *name, size_t line,
                    struct satz_error *err)
{
    const char *text;
    size_t n;
    if (w->names[side] != name) {
        lines_close(w->lines[side]);
        w->lines[side] = lines_open(name, err);
        w->names[side] = name;
        if (!w->lines[side])
            return -1;
    }
    do {
        int got = lines_next(w->lines[side], &text, &n, err);
        if (got <= 0)
            return got < 0 ? -1 : error_set(err, "%s: has changed while it was read", name);
    } while (lines_number(w->lines[side]) < line);
    return put(w, text, n, err);
}

static int put_pairs(struct writer *w, const struct corpus *corpus, struct satz_error *err)
{
    for (uint32_t i = 0; i < corpus_size(corpus); i++) {
        const char *names[2];
        size_t line;
        corpus_place(corpus, i, &names[0], &names[1], &line);
        for (int side = 0; side < 2; side++) {
            if (put_line(w, side, names[side], line, err) < 0)
                return -1;
            w->ends[2 * (size_t)i + (size_t)side] = w->written;
        }
    }
    return 0;
}

static int put_end(struct writer *w, const struct corpus *corpus, struct satz_error *err)
{
    static const char zeros[8] = {0};
    struct trailer t = {.magic = MAGIC, .pairs = corpus_size(corpus), .bytes = w->written};
    strcpy(t.digest, corpus_digest(corpus));
    if (put(w, zeros, (size_t)(8 - w->written % 8) % 8, err) < 0 ||
        put(w, w->ends, 2 * (size_t)t.pairs * sizeof *w->ends, err) < 0)
        return -1;
    t.body_sum = w->sum;
    t.sum = checksum(&t, offsetof(struct trailer, sum), 0);
    return file_writer_write(w->out, &t, sizeof t, err);
}

static int write_text(const struct corpus *corpus, const char *path, struct satz_error *err)
{
    struct writer w = {.ends = memory_new(2 * (size_t)corpus_size(corpus), sizeof *w.ends, err)};
    int status = -1;
    w.out = w.ends ? file_writer_open(path, err) : NULL;
    if (w.out && put_pairs(&w, corpus, err) == 0 && put_end(&w, corpus, err) == 0) {
        status = file_writer_commit(w.out, err);
        w.out = NULL;
    }
    file_writer_abort(w.out);
    lines_close(w.lines[0]);
    lines_close(w.lines[1]);
    free(w.ends);
    return status;
}

/* The sum of the body in the pieces it was written in. */
static uint64_t body_sum(const struct corpus_text *t, const struct trailer *trailer, size_t body)
{
    const unsigned char *bytes = t->map.data;
    size_t at = 0, pairs = (size_t)trailer->pairs, lines_end = (size_t)trailer->bytes;
    uint64_t sum = 0;
    for (size_t i = 0; i < 2 * pairs; at = (size_t)t->ends[i++])
        sum = checksum(bytes + at, (size_t)t->ends[i] - at, sum);
    size_t index = body - 2 * pairs * sizeof *t->ends;
    sum = checksum(bytes + lines_end, index - lines_end, sum);
    return checksum(bytes + index, body - index, sum);
}

/* Takes the mapped file apart; false if it is not the whole text of this corpus. */
static bool verify(struct corpus_text *t, const struct corpus *corpus)
{
    struct trailer trailer;
    if (t->map.size < sizeof trailer)
        return false;
    size_t body = t->map.size - sizeof trailer;
    memcpy(&trailer, t->map.data + body, sizeof trailer);
    size_t index = 2 * (size_t)corpus_size(corpus) * sizeof *t->ends;
    if (trailer.sum != checksum(&trailer, offsetof(struct trailer, sum), 0) ||
        trailer.magic != MAGIC || trailer.pairs != corpus_size(corpus) ||
        strcmp(trailer.digest, corpus_digest(corpus)) != 0 || trailer.bytes > body ||
        (trailer.bytes + 7) / 8 * 8 + index != body)
        return false;
    t->ends = (const uint64_t *)(const void *)(t->map.data + body - index);
    uint64_t at = 0;
    for (size_t i = 0; i < 2 * (size_t)trailer.pairs; at = t->ends[i++])
        if (t->ends[i] < at || t->ends[i] > trailer.bytes)
            return false;
    return at == trailer.bytes && body_sum(t, &trailer, body) == trailer.body_sum;
}

static int open_text(struct corpus_text *t, const struct corpus *corpus, const char *path,
                     struct satz_error *err)
{
    if (file_exists(path) && file_map_open(&t->map, path, NULL) == 0) {
        if (verify(t, corpus))
            return 0;
        file_map_release(&t->map);
    }
    if (write_text(corpus, path, err) < 0 || file_map_open(&t->map, path, err) < 0)
        return -1;
    if (!verify(t, corpus))
        return error_set(err, "%s: was damaged as it was written; is the disk sound?", path);
    return 0;
}

struct corpus_text *corpus_text_new(const struct corpus *corpus, const char *folder,
                                    struct satz_error *err)
{
    char name[64];
    snprintf(name, sizeof name, "text-%s.bin", corpus_digest(corpus));
    struct corpus_text *t = memory_new(1, sizeof *t, err);
    char *path = t ? file_join(folder, name, err) : NULL;
    if (!path || open_text(t, corpus, path, err) < 0) {
        corpus_text_free(t);
        t = NULL;
    }
    free(path);
    return t;
}

void corpus_text_free(struct corpus_text *t)
{
    if (t)
        file_map_release(&t->map);
    free(t);
}

const char *corpus_text_get(const struct corpus_text *t, uint32_t i, int side, size_t *n)
{
    size_t line = 2 * (size_t)i + (size_t)side;
    uint64_t from = line ? t->ends[line - 1] : 0;
    *n = (size_t)(t->ends[line] - from);
    return (const char *)t->map.data + from;
}
