#include "text/corpus_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/lines.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "base/utf8.h"
#include "text/pharaoh.h"
#include "text/token_words.h"

enum {
    SIDES = 2,
    LINKS = SIDES, /* after the sides' lines comes that of the alignment */
    LINES,
    BLOCK_PAIRS = 4096,     /* read, then encoded in parallel, then written in order */
    BLOCK_BYTES = 16 << 20, /* or as soon as the block's text is this long */
    TASK_PAIRS = 64,
};

/* One line of each side, and of the alignment. */
struct pair {
    size_t text[LINES], length[LINES]; /* within the block's text */
    struct token_list ids[SIDES], words[SIDES];
    struct pharaoh links;
    size_t line;
    bool invalid[SIDES];
    bool encoded;
};

struct writer {
    const struct corpus_options *options;
    const struct tokenizer *tokenizers[SIDES];
    struct file_writer *out;
    FILE *index; /* of entries, until the ids are complete */
    struct corpus_trailer trailer;
    char chunk[CORPUS_CHUNK];
    size_t chunk_used;
    struct pair *pairs; /* [BLOCK_PAIRS] */
    int n_pairs;
    struct strbuf text;
    int file;    /* being read */
    int n_lines; /* of a pair: SIDES, or LINES of an aligned corpus */
};

uint64_t corpus_id_bytes(const struct corpus_options *o)
{
    return tokenizer_size(o->source_tokenizer) <= 65536 &&
                   tokenizer_size(o->target_tokenizer) <= 65536
               ? sizeof(uint16_t)
               : sizeof(uint32_t);
}

static const char *file_name(const struct writer *w, int side)
{
    const struct corpus_options *o = w->options;
    return (side == LINKS ? o->alignments : side == 0 ? o->sources : o->targets)[w->file];
}

static int flush_chunk(struct writer *w, struct satz_error *err)
{
    if (w->chunk_used == 0)
        return 0;
    w->trailer.body_sum = checksum(w->chunk, w->chunk_used, w->trailer.body_sum);
    int status = file_writer_write(w->out, w->chunk, w->chunk_used, err);
    w->chunk_used = 0;
    return status;
}

/* Writes to the body, in the chunks that its checksum is made of. */
static int put(struct writer *w, const void *bytes, size_t n, struct satz_error *err)
{
    for (const char *from = bytes; n > 0;) {
        size_t part = sizeof w->chunk - w->chunk_used;
        part = n < part ? n : part;
        memcpy(w->chunk + w->chunk_used, from, part);
        w->chunk_used += part;
        from += part;
        n -= part;
        if (w->chunk_used == sizeof w->chunk && flush_chunk(w, err) < 0)
            return -1;
    }
    return 0;
}

/* A side's tokens, with the word of each. */
static int encode_words(const struct writer *w, struct pair *p, int side, const char *line,
                        struct satz_error *err)
{
    struct token_list *ids = &p->ids[side], *words = &p->words[side];
    struct token_spans spans = {0};
    int status = tokenizer_encode_spans(w->tokenizers[side], line, p->length[side], &spans, err);
    if (status == 0)
        status = memory_grow(&ids->ids, &ids->capacity, spans.n, sizeof(int), err);
    if (status == 0)
        status = memory_grow(&words->ids, &words->capacity, spans.n, sizeof(int), err);
    ids->n = words->n = status == 0 ? spans.n : 0;
    for (size_t i = 0; i < ids->n; i++)
        ids->ids[i] = spans.spans[i].id;
    token_words_find(line, p->length[side], spans.spans, (int)words->n, words->ids);
    token_spans_release(&spans);
    return status;
}

static int encode_links(const struct writer *w, struct pair *p, struct satz_error *err)
{
    const char *text = strbuf_text(&w->text);
    int n[SIDES];
    for (int side = 0; side < SIDES; side++)
        n[side] = token_words_count(text + p->text[side], p->length[side]);
    if (pharaoh_parse(&p->links, text + p->text[LINKS], p->length[LINKS], 0, n[0], n[1], err) < 0)
        return error_prefix(err,
                            "%s:%zu: does not align that line of %s and %s, whose words are "
                            "counted from 0, as spaces separate them",
                            file_name(w, LINKS), p->line, file_name(w, 0), file_name(w, 1));
    return 0;
}

static int encode(const struct writer *w, struct pair *p, struct satz_error *err)
{
    const char *text = strbuf_text(&w->text);
    bool aligned = w->n_lines == LINES;
    for (int side = 0; side < SIDES; side++) {
        const char *line = text + p->text[side];
        size_t n = p->length[side];
        p->ids[side].n = 0;
        p->invalid[side] = memchr(line, '\0', n) || utf8_valid_prefix(line, n) < n;
        if ((aligned ? encode_words(w, p, side, line, err)
                     : tokenizer_encode(w->tokenizers[side], line, n, &p->ids[side], err)) < 0)
            return error_prefix(err, "%s:%zu", file_name(w, side), p->line);
    }
    return aligned ? encode_links(w, p, err) : 0;
}

static void encode_task(void *user, int index, int worker)
{
    (void)worker;
    struct writer *w = user;
    int end = (index + 1) * TASK_PAIRS;
    for (int i = index * TASK_PAIRS; i < end && i < w->n_pairs; i++)
        w->pairs[i].encoded = encode(w, &w->pairs[i], NULL) == 0;
}

/* Whether a pair with a flaw stays: 1 yes, 0 no (counted), -1 error. */
static int judge(const struct writer *w, const struct pair *p, int side, enum corpus_action action,
                 const char *flaw, uint64_t *dropped, struct satz_error *err)
{
    if (action == CORPUS_ERROR)
        return error_set(err, "%s:%zu: %s", file_name(w, side), p->line, flaw);
    *dropped += action == CORPUS_SKIP;
    return action != CORPUS_SKIP;
}

static int judge_invalid(struct writer *w, const struct pair *p, struct satz_error *err)
{
    struct corpus_statistics *s = &w->trailer.statistics;
    if (!p->invalid[0] && !p->invalid[1])
        return 1;
    int side = !p->invalid[0];
    if (s->first_invalid_line == 0) {
        s->first_invalid_file = (uint64_t)w->file;
        s->first_invalid_line = p->line;
        s->first_invalid_side = (uint64_t)side;
    }
    return judge(
        w, p, side, w->options->policy.on_invalid,
        "not valid UTF-8 text; convert the file, or let data.on_invalid be skip or replace",
        &s->invalid, err);
}

static int judge_empty(struct writer *w, const struct pair *p, struct satz_error *err)
{
    if (p->ids[0].n > 0 && p->ids[1].n > 0)
        return 1;
    struct corpus_statistics *s = &w->trailer.statistics;
    return judge(w, p, p->ids[0].n > 0, w->options->policy.on_empty,
                 "an empty sentence; remove the pair, or let data.on_empty be skip", &s->empty,
                 err);
}

static int judge_long(struct writer *w, struct pair *p, struct satz_error *err)
{
    const struct corpus_policy *policy = &w->options->policy;
    size_t most = policy->max_length ? (size_t)policy->max_length : INT_MAX;
    if (p->ids[0].n <= most && p->ids[1].n <= most)
        return 1;
    struct corpus_statistics *s = &w->trailer.statistics;
    char flaw[256];
    int side = p->ids[0].n <= most;
    snprintf(
        flaw, sizeof flaw,
        "%zu tokens are more than the %zu allowed; raise data.max_length, or let data.on_long be "
        "skip or truncate",
        p->ids[side].n, most);
    int stays = judge(w, p, side, policy->on_long, flaw, &s->too_long, err);
    s->truncated += stays > 0;
    for (int i = 0; i < SIDES && stays > 0; i++)
        p->ids[i].n = p->ids[i].n < most ? p->ids[i].n : most;
    return stays;
}

static int put_number(struct writer *w, int number, struct satz_error *err)
{
    uint32_t wide = (uint32_t)number;
    uint16_t narrow = (uint16_t)wide;
    bool fits = w->trailer.id_bytes == sizeof narrow;
    w->trailer.n_ids++;
    return put(w, fits ? (void *)&narrow : (void *)&wide, fits ? sizeof narrow : sizeof wide, err);
}

static int put_ids(struct writer *w, const struct token_list *list, uint64_t *tokens,
                   uint64_t *unknown, struct satz_error *err)
{
    for (size_t i = 0; i < list->n; i++) {
        *unknown += list->ids[i] == TOKEN_UNKNOWN;
        if (put_number(w, list->ids[i], err) < 0)
            return -1;
    }
    *tokens += list->n;
    return 0;
}

/* Whether one of the first n tokens is of the word. */
static bool has_word(const struct token_list *words, size_t n, int word)
{
    for (size_t i = 0; i < n; i++)
        if (words->ids[i] == word)
            return true;
    return false;
}

/* Links of words without a token, those of no weight and the second of two that are equal say
 * nothing. */
static bool counts(const struct pair *p, size_t k)
{
    const struct satz_link *link = &p->links.links[k];
    for (size_t i = 0; i < k; i++)
        if (p->links.links[i].source == link->source && p->links.links[i].target == link->target &&
            p->links.links[i].weight > 0)
            return false;
    return link->weight > 0 && has_word(&p->words[0], p->ids[0].n, link->source) &&
           has_word(&p->words[1], p->ids[1].n, link->target);
}

static int put_alignment(struct writer *w, const struct pair *p, struct satz_error *err)
{
    for (int side = 0; side < SIDES; side++)
        for (size_t i = 0; i < p->ids[side].n; i++) {
            int word = p->words[side].ids[i];
            if (word > UINT16_MAX)
                return error_set(err,
                                 "%s:%zu: only the first %d words of a sentence can be aligned; "
                                 "split it, or leave it out",
                                 file_name(w, side), p->line, UINT16_MAX + 1);
            if (put_number(w, word, err) < 0)
                return -1;
        }
    for (size_t k = 0; k < p->links.n; k++) {
        const struct satz_link *link = &p->links.links[k];
        int weight = (int)(link->weight * (float)CORPUS_SURE + 0.5F);
        if (counts(p, k) &&
            (put_number(w, link->source, err) < 0 || put_number(w, link->target, err) < 0 ||
             put_number(w, weight > 0 ? weight : 1, err) < 0))
            return -1;
    }
    return 0;
}

static int put_pair(struct writer *w, struct pair *p, struct satz_error *err)
{
    struct corpus_statistics *s = &w->trailer.statistics;
    s->read++;
    if (!p->encoded && encode(w, p, err) < 0) /* again, to learn why it failed */
        return -1;
    int stays = judge_invalid(w, p, err);
    if (stays > 0)
        stays = judge_empty(w, p, err);
    if (stays > 0)
        stays = judge_long(w, p, err);
    if (stays <= 0)
        return stays;
    s->replaced += p->invalid[0] || p->invalid[1];
    if (p->line > UINT32_MAX || s->kept == UINT32_MAX)
        return error_set(err, "%s:%zu: a corpus can have no more than %u pairs", file_name(w, 0),
                         p->line, UINT32_MAX);
    struct corpus_entry entry = {.offset = w->trailer.n_ids,
                                 .source_length = (uint32_t)p->ids[0].n,
                                 .target_length = (uint32_t)p->ids[1].n,
                                 .file = (uint32_t)w->file,
                                 .line = (uint32_t)p->line};
    if (fwrite(&entry, sizeof entry, 1, w->index) != 1)
        return error_set_errno(err, "%s: cannot write the index (is the disk full?)",
                               w->options->folder);
    s->kept++;
    if (put_ids(w, &p->ids[0], &s->source_tokens, &s->source_unknown, err) < 0 ||
        put_ids(w, &p->ids[1], &s->target_tokens, &s->target_unknown, err) < 0)
        return -1;
    return w->n_lines == LINES ? put_alignment(w, p, err) : 0;
}

static int put_block(struct writer *w, struct satz_error *err)
{
    int n_tasks = (w->n_pairs + TASK_PAIRS - 1) / TASK_PAIRS;
    parallel_for(w->options->threads, n_tasks, encode_task, w);
    for (int i = 0; i < w->n_pairs; i++)
        if (put_pair(w, &w->pairs[i], err) < 0)
            return -1;
    w->n_pairs = 0;
    strbuf_clear(&w->text);
    return 0;
}

/* Reads on to the end of all files: how many lines they have. */
static int counts_differ(const struct writer *w, struct lines *readers[LINES],
                         struct satz_error *err)
{
    for (int side = 0; side < w->n_lines; side++) {
        const char *text;
        size_t n;
        int got;
        while ((got = lines_next(readers[side], &text, &n, err)) > 0)
            continue;
        if (got < 0)
            return -1;
    }
    bool same = lines_number(readers[0]) == lines_number(readers[1]);
    int other = same ? LINKS : 1;
    return error_set(err, "%s has %zu lines but %s has %zu: line by line they must be %s",
                     file_name(w, 0), lines_number(readers[0]), file_name(w, other),
                     lines_number(readers[other]),
                     same ? "a sentence and the links of its words" : "translations of each other");
}

static int put_lines(struct writer *w, struct lines *readers[LINES], struct satz_error *err)
{
    for (;;) {
        struct pair *p = &w->pairs[w->n_pairs];
        int got[LINES] = {0};
        for (int side = 0; side < w->n_lines; side++) {
            const char *text = NULL;
            size_t n = 0;
            got[side] = lines_next(readers[side], &text, &n, err);
            if (got[side] < 0)
                return -1;
            p->text[side] = w->text.length;
            p->length[side] = n;
            strbuf_add(&w->text, text, n);
        }
        if (strbuf_check(&w->text, err) < 0)
            return -1;
        if (got[0] != got[1] || got[0] != got[w->n_lines - 1])
            return counts_differ(w, readers, err);
        if (!got[0])
            return put_block(w, err);
        p->line = lines_number(readers[0]);
        w->n_pairs++;
        if ((w->n_pairs == BLOCK_PAIRS || w->text.length >= BLOCK_BYTES) && put_block(w, err) < 0)
            return -1;
    }
}

static int put_file(struct writer *w, struct satz_error *err)
{
    struct lines *readers[LINES] = {0};
    int status = -1;
    for (int side = 0; side < w->n_lines; side++) {
        readers[side] = lines_open(file_name(w, side), err);
        if (!readers[side])
            goto fail;
    }
    status = put_lines(w, readers, err);
fail:
    for (int side = 0; side < w->n_lines; side++)
        lines_close(readers[side]);
    return status;
}

/* Padding, index and trailer, after the ids. */
static int put_end(struct writer *w, struct satz_error *err)
{
    struct corpus_trailer *t = &w->trailer;
    static const char zeros[8] = {0};
    size_t used = (size_t)(t->n_ids * t->id_bytes % 8);
    if (put(w, zeros, (8 - used) % 8, err) < 0)
        return -1;
    if (fseek(w->index, 0, SEEK_SET) != 0)
        return error_set_errno(err, "%s: cannot read the index back", w->options->folder);
    for (uint64_t i = 0; i < t->statistics.kept; i++) {
        struct corpus_entry entry;
        if (fread(&entry, sizeof entry, 1, w->index) != 1)
            return error_set(err, "%s: cannot read the index back", w->options->folder);
        if (put(w, &entry, sizeof entry, err) < 0)
            return -1;
    }
    if (flush_chunk(w, err) < 0)
        return -1;
    t->sum = checksum(t, offsetof(struct corpus_trailer, sum), 0);
    return file_writer_write(w->out, t, sizeof *t, err);
}

/* Where the file system has no nameless files: one whose name is taken away at once. */
static int open_named(const char *folder, struct satz_error *err)
{
    char *path = file_join(folder, "index.tmp.XXXXXX", err);
    int fd = path ? mkostemp(path, O_CLOEXEC) : -1;
    if (path && fd < 0)
        error_set_errno(err, "%s: cannot write", path);
    if (fd >= 0)
        unlink(path);
    free(path);
    return fd;
}

/* A nameless file in the cache's folder: /tmp may be small. */
static FILE *open_index(const char *folder, struct satz_error *err)
{
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT))
        fd = open_named(folder, err);
    else if (fd < 0)
        error_set_errno(err, "%s: cannot write", folder);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "w+b");
    if (fd >= 0 && !f) {
        error_set_errno(err, "%s: cannot write", folder);
        close(fd);
    }
    return f;
}

int corpus_write(const struct corpus_options *o, uint64_t key, const char *path,
                 struct satz_error *err)
{
    int status = -1;
    struct writer *w = memory_new(1, sizeof *w, err);
    if (!w)
        return -1;
    w->options = o;
    w->tokenizers[0] = o->source_tokenizer;
    w->tokenizers[1] = o->target_tokenizer;
    w->n_lines = o->alignments ? LINES : SIDES;
    w->trailer = (struct corpus_trailer){.magic = CORPUS_MAGIC,
                                         .version = CORPUS_VERSION,
                                         .key = key,
                                         .id_bytes = corpus_id_bytes(o)};
    w->pairs = memory_new(BLOCK_PAIRS, sizeof *w->pairs, err);
    w->index = w->pairs ? open_index(o->folder, err) : NULL;
    w->out = w->index ? file_writer_open(path, err) : NULL;
    if (!w->out)
        goto fail;
    for (w->file = 0; w->file < o->n_files; w->file++)
        if (put_file(w, err) < 0)
            goto fail;
    if (put_end(w, err) < 0)
        goto fail;
    status = file_writer_commit(w->out, err);
    w->out = NULL;
fail:
    file_writer_abort(w->out);
    if (w->index)
        fclose(w->index);
    for (int i = 0; i < BLOCK_PAIRS && w->pairs; i++) {
        pharaoh_release(&w->pairs[i].links);
        for (int side = 0; side < SIDES; side++) {
            token_list_release(&w->pairs[i].ids[side]);
            token_list_release(&w->pairs[i].words[side]);
        }
    }
    free(w->pairs);
    strbuf_release(&w->text);
    free(w);
    return status;
}
