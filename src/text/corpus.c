#include "text/corpus_file.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/memory.h"

struct corpus {
    struct file_map map;
    unsigned char *own; /* in place of a mapping */
    const struct corpus_entry *entries;
    struct corpus_trailer trailer;
    bool aligned;
    char digest[17];
    char **names; /* sources, then targets */
    int n_files;
};

static int check_options(const struct corpus_options *o, struct satz_error *err)
{
    const struct corpus_policy *p = &o->policy;
    if (o->n_files < 1)
        return error_set(err, "a corpus needs at least one pair of text files");
    if (o->threads < 1)
        return error_set(err, "a corpus cannot be encoded on %d threads", o->threads);
    if (p->max_length < 0)
        return error_set(err, "a longest sentence of %d tokens is impossible", p->max_length);
    if (p->on_empty != CORPUS_SKIP && p->on_empty != CORPUS_ERROR)
        return error_set(err, "empty sentences can only be skipped or be an error");
    if (p->on_long == CORPUS_REPLACE)
        return error_set(err, "long sentences can only be skipped, truncated or be an error");
    if (p->on_invalid == CORPUS_TRUNCATE)
        return error_set(err, "invalid text can only be skipped, replaced or be an error");
    return 0;
}

/* Chains a file's bytes and size into *key. */
static int add_file(uint64_t *key, const char *path, struct satz_error *err)
{
    struct stat info;
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode))
        return error_set(err, "%s: must be a plain file: a corpus is read twice", path);
    FILE *f = fopen(path, "rbe");
    if (!f)
        return error_set_errno(err, "%s: cannot open", path);
    char chunk[CORPUS_CHUNK];
    uint64_t size = 0;
    int status = -1;
    for (size_t n; (n = fread(chunk, 1, sizeof chunk, f)) > 0; size += n)
        *key = checksum(chunk, n, *key);
    if (ferror(f)) {
        error_set_errno(err, "%s: cannot read", path);
        goto fail;
    }
    *key = checksum(&size, sizeof size, *key);
    status = 0;
fail:
    fclose(f);
    return status;
}

static void add_tokenizer(uint64_t *key, const struct tokenizer *t)
{
    size_t n;
    const char *model = tokenizer_model(t, &n);
    *key = checksum(model, n, *key);
}

static int make_key(const struct corpus_options *o, uint64_t *key, struct satz_error *err)
{
    const struct corpus_policy *p = &o->policy;
    uint64_t parts[] = {CORPUS_MAGIC,          CORPUS_VERSION,       (uint64_t)p->max_length,
                        (uint64_t)p->on_empty, (uint64_t)p->on_long, (uint64_t)p->on_invalid,
                        (uint64_t)o->n_files};
    *key = checksum(parts, sizeof parts, 0);
    add_tokenizer(key, o->source_tokenizer);
    add_tokenizer(key, o->target_tokenizer);
    for (int i = 0; i < o->n_files; i++)
        if (add_file(key, o->sources[i], err) < 0 || add_file(key, o->targets[i], err) < 0)
            return -1;
    for (int i = 0; i < o->n_files && o->alignments; i++)
        if (add_file(key, o->alignments[i], err) < 0)
            return -1;
    return 0;
}

static uint64_t body_sum(const unsigned char *bytes, size_t n)
{
    uint64_t sum = 0;
    for (size_t at = 0; at < n; at += CORPUS_CHUNK)
        sum = checksum(bytes + at, n - at < CORPUS_CHUNK ? n - at : CORPUS_CHUNK, sum);
    return sum;
}

static uint32_t id_at(const struct corpus *c, uint64_t i)
{
    return c->trailer.id_bytes == 2 ? ((const uint16_t *)(const void *)c->map.data)[i]
                                    : ((const uint32_t *)(const void *)c->map.data)[i];
}

static bool ids_below(const struct corpus *c, uint64_t from, uint32_t n, int limit)
{
    for (uint64_t i = from; i < from + n; i++)
        if (id_at(c, i) >= (uint32_t)limit)
            return false;
    return true;
}

/* A link of no weight would leave its words without a share of anything. */
static bool is_weight(int64_t number)
{
    return number >= 1 && number <= CORPUS_SURE;
}

/* Whether the numbers from `from` to `end` are whole links, each with a weight. */
static bool links_agree(const struct corpus *c, uint64_t from, uint64_t end)
{
    if ((end - from) % CORPUS_LINK != 0)
        return false;
    for (uint64_t i = from; i < end; i += CORPUS_LINK)
        if (!is_weight(id_at(c, i + 2)))
            return false;
    return true;
}

/* Where pair i's numbers end. */
static uint64_t end_of(const struct corpus *c, uint64_t i)
{
    return i + 1 < c->trailer.statistics.kept ? c->entries[i + 1].offset : c->trailer.n_ids;
}

/* Every entry follows on the one before and names a file; every id is in its vocabulary. What is
 * between the ids of two pairs is words, one for each, and links. */
static bool entries_agree(const struct corpus *c, const struct corpus_options *o)
{
    const struct corpus_trailer *t = &c->trailer;
    int source_size = tokenizer_size(o->source_tokenizer);
    int target_size = tokenizer_size(o->target_tokenizer);
    uint64_t at = 0;
    for (uint64_t i = 0; i < t->statistics.kept; i++) {
        const struct corpus_entry *e = &c->entries[i];
        uint64_t length = (uint64_t)e->source_length + e->target_length, end = end_of(c, i);
        uint64_t least = c->aligned ? 2 * length : length;
        if (e->offset != at || end < at || end > t->n_ids || end - at < least ||
            !(c->aligned ? links_agree(c, at + least, end) : end - at == least) ||
            e->file >= (uint32_t)o->n_files || !ids_below(c, at, e->source_length, source_size) ||
            !ids_below(c, at + e->source_length, e->target_length, target_size))
            return false;
        at = end;
    }
    return at == t->n_ids;
}

/* Takes the mapped file apart; false if it is not a whole cache file of this key. */
static bool verify(struct corpus *c, const struct corpus_options *o, uint64_t key)
{
    struct corpus_trailer *t = &c->trailer;
    if (c->map.size < sizeof *t)
        return false;
    size_t body = c->map.size - sizeof *t;
    memcpy(t, c->map.data + body, sizeof *t);
    uint64_t pairs = t->statistics.kept;
    if (t->sum != checksum(t, offsetof(struct corpus_trailer, sum), 0) ||
        t->magic != CORPUS_MAGIC || t->version != CORPUS_VERSION || t->key != key ||
        t->id_bytes != corpus_id_bytes(o) || pairs > UINT32_MAX ||
        pairs > body / sizeof(struct corpus_entry) || t->n_ids > body / t->id_bytes)
        return false;
    uint64_t id_area = (t->n_ids * t->id_bytes + 7) / 8 * 8;
    if (body != id_area + pairs * sizeof(struct corpus_entry) ||
        t->body_sum != body_sum(c->map.data, body))
        return false;
    c->entries = (const struct corpus_entry *)(const void *)(c->map.data + id_area);
    return entries_agree(c, o);
}

static int open_cache(struct corpus *c, const struct corpus_options *o, uint64_t key,
                      const char *path, struct satz_error *err)
{
    if (file_exists(path) && file_map_open(&c->map, path, NULL) == 0) {
        if (verify(c, o, key))
            return 0;
        file_map_release(&c->map);
    }
    if (corpus_write(o, key, path, err) < 0 || file_map_open(&c->map, path, err) < 0)
        return -1;
    if (!verify(c, o, key))
        return error_set(err, "%s: was damaged as it was written; is the disk sound?", path);
    return 0;
}

static int copy_names(struct corpus *c, const struct corpus_options *o, struct satz_error *err)
{
    c->names = memory_new(2 * (size_t)o->n_files, sizeof *c->names, err);
    if (!c->names)
        return -1;
    c->n_files = o->n_files;
    for (int i = 0; i < 2 * o->n_files; i++) {
        const char *name = i < o->n_files ? o->sources[i] : o->targets[i - o->n_files];
        c->names[i] = memory_copy_string(name, err);
        if (!c->names[i])
            return -1;
    }
    return 0;
}

static int check_kept(const struct corpus *c, struct satz_error *err)
{
    const struct corpus_statistics *s = &c->trailer.statistics;
    if (s->kept > 0)
        return 0;
    return error_set(err,
                     "%s: no sentence pair is left to use: of %llu read, %llu are empty, %llu too "
                     "long, %llu not valid UTF-8",
                     c->names[0], (unsigned long long)s->read, (unsigned long long)s->empty,
                     (unsigned long long)s->too_long, (unsigned long long)s->invalid);
}

struct corpus *corpus_new(const struct corpus_options *o, struct satz_error *err)
{
    uint64_t key;
    char *path = NULL;
    struct corpus *c = memory_new(1, sizeof *c, err);
    if (!c)
        return NULL;
    c->aligned = o->alignments != NULL;
    if (check_options(o, err) < 0 || copy_names(c, o, err) < 0 || make_key(o, &key, err) < 0 ||
        file_make_folder(o->folder, err) < 0)
        goto fail;
    snprintf(c->digest, sizeof c->digest, "%016llx", (unsigned long long)key);
    char name[sizeof "corpus-.bin" + sizeof c->digest];
    snprintf(name, sizeof name, "corpus-%s.bin", c->digest);
    path = file_join(o->folder, name, err);
    if (!path || open_cache(c, o, key, path, err) < 0 || check_kept(c, err) < 0)
        goto fail;
    free(path);
    return c;
fail:
    free(path);
    corpus_free(c);
    return NULL;
}

/* What is copied from, and where to. */
struct ids_source {
    const int32_t *ids, *lengths;
    size_t total;
    const int *sizes;
    const struct corpus_alignment *alignment; /* or NULL */
};

/* The words of `n` tokens from `at` on, and `count` links from `link` on. */
static bool copy_alignment(const struct corpus_alignment *a, size_t at, size_t n, size_t link,
                           int32_t count, int32_t *to)
{
    if (count < 0 || (size_t)count > a->n_links - link)
        return false;
    for (size_t i = link; i < link + (size_t)count; i++)
        if (!is_weight(a->links[i * CORPUS_LINK + 2]))
            return false;
    memcpy(to, a->words + at, n * sizeof *to);
    memcpy(to + n, a->links + link * CORPUS_LINK, (size_t)count * CORPUS_LINK * sizeof *to);
    return true;
}

/* Entries and numbers; false where lengths or ids are impossible. */
static bool fill_entries(const struct ids_source *s, struct corpus_entry *entries, uint32_t n,
                         int32_t *numbers)
{
    size_t at = 0, out = 0, link = 0;
    for (uint32_t i = 0; i < n; i++) {
        size_t first = at;
        entries[i].offset = out;
        for (uint32_t side = 0; side < 2; side++) {
            int32_t length = s->lengths[2 * i + side];
            if (length < 0 || (size_t)length > s->total - at)
                return false;
            for (int32_t k = 0; k < length; k++) {
                if (s->ids[at] < 0 || s->ids[at] >= s->sizes[side])
                    return false;
                numbers[out++] = s->ids[at++];
            }
        }
        entries[i].source_length = (uint32_t)s->lengths[2 * i];
        entries[i].target_length = (uint32_t)s->lengths[2 * i + 1];
        if (!s->alignment)
            continue;
        int32_t count = s->alignment->counts[i];
        if (!copy_alignment(s->alignment, first, at - first, link, count, numbers + out))
            return false;
        link += (size_t)count;
        out += at - first + (size_t)count * CORPUS_LINK;
    }
    return at == s->total && (!s->alignment || link == s->alignment->n_links);
}

struct corpus *corpus_from_ids(const int32_t *ids, size_t total, const int32_t *lengths, uint32_t n,
                               const int sizes[2], const struct corpus_alignment *alignment,
                               struct satz_error *err)
{
    const struct ids_source source = {ids, lengths, total, sizes, alignment};
    size_t numbers = alignment ? 2 * total + CORPUS_LINK * alignment->n_links : total;
    size_t area = (numbers * sizeof *ids + 7) / 8 * 8;
    size_t bytes = area + n * sizeof(struct corpus_entry);
    struct corpus *c = memory_new(1, sizeof *c, err);
    if (!c)
        return NULL;
    c->own = memory_new(bytes, 1, err);
    if (!c->own)
        goto fail;
    struct corpus_entry *entries = (struct corpus_entry *)(void *)(c->own + area);
    if (n == 0 || !fill_entries(&source, entries, n, (int32_t *)(void *)c->own)) {
        error_set(err, "the sentence pairs' lengths and ids do not fit together");
        goto fail;
    }
    c->aligned = alignment != NULL;
    c->map = (struct file_map){c->own, bytes};
    c->entries = entries;
    c->trailer.id_bytes = sizeof *ids;
    c->trailer.n_ids = numbers;
    c->trailer.statistics.kept = n;
    return c;
fail:
    corpus_free(c);
    return NULL;
}

void corpus_free(struct corpus *c)
{
    if (!c)
        return;
    if (c->own)
        free(c->own);
    else
        file_map_release(&c->map);
    for (int i = 0; i < 2 * c->n_files; i++)
        free(c->names[i]);
    free(c->names);
    free(c);
}

uint32_t corpus_size(const struct corpus *c)
{
    return (uint32_t)c->trailer.statistics.kept;
}

void corpus_lengths(const struct corpus *c, uint32_t i, int *source, int *target)
{
    *source = (int)c->entries[i].source_length;
    *target = (int)c->entries[i].target_length;
}

static void copy_ids(const struct corpus *c, uint64_t from, uint32_t n, int *ids)
{
    for (uint32_t k = 0; k < n; k++)
        ids[k] = (int)id_at(c, from + k);
}

void corpus_source(const struct corpus *c, uint32_t i, int *ids)
{
    const struct corpus_entry *e = &c->entries[i];
    copy_ids(c, e->offset, e->source_length, ids);
}

void corpus_target(const struct corpus *c, uint32_t i, int *ids)
{
    const struct corpus_entry *e = &c->entries[i];
    copy_ids(c, e->offset + e->source_length, e->target_length, ids);
}

bool corpus_aligned(const struct corpus *c)
{
    return c->aligned;
}

void corpus_words(const struct corpus *c, uint32_t i, int side, int *words)
{
    const struct corpus_entry *e = &c->entries[i];
    uint64_t first = e->offset + e->source_length + e->target_length;
    copy_ids(c, side ? first + e->source_length : first, side ? e->target_length : e->source_length,
             words);
}

/* Where pair i's links begin. */
static uint64_t links_of(const struct corpus *c, uint32_t i)
{
    const struct corpus_entry *e = &c->entries[i];
    return e->offset + 2 * ((uint64_t)e->source_length + e->target_length);
}

int corpus_count_links(const struct corpus *c, uint32_t i)
{
    return (int)((end_of(c, i) - links_of(c, i)) / CORPUS_LINK);
}

void corpus_links(const struct corpus *c, uint32_t i, struct corpus_link *links)
{
    uint64_t from = links_of(c, i);
    for (int k = 0, n = corpus_count_links(c, i); k < n; k++, from += CORPUS_LINK)
        links[k] = (struct corpus_link){(int)id_at(c, from), (int)id_at(c, from + 1),
                                        (int)id_at(c, from + 2)};
}

void corpus_place(const struct corpus *c, uint32_t i, const char **source, const char **target,
                  size_t *line)
{
    const struct corpus_entry *e = &c->entries[i];
    *source = c->names[e->file];
    *target = c->names[(uint32_t)c->n_files + e->file];
    *line = e->line;
}

const struct corpus_statistics *corpus_statistics(const struct corpus *c)
{
    return &c->trailer.statistics;
}

const char *corpus_digest(const struct corpus *c)
{
    return c->digest;
}
