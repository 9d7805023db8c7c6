#include "train/lint.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unicase.h>
#include <unictype.h>

#include "base/file.h"
#include "base/lines.h"
#include "base/memory.h"
#include "base/rng.h"
#include "base/utf8.h"

enum {
    MOST_HASHES = 1 << 22,
    LEAST_UNBALANCED = 40, /* bytes of the longer side */
    MOST_RATIO = 4,
    TOKENIZER_LINE = 4192, /* bytes; tokenizers do not learn from longer ones */
};

struct line {
    const char *text, *file;
    size_t n;
};

/* --- hashes */

static int set_resize(struct hash_set *s, size_t size, struct satz_error *err)
{
    struct hash_set larger = {.slots = memory_new(size, sizeof *s->slots, err), .size = size};
    if (!larger.slots)
        return -1;
    for (size_t i = 0; i < s->size; i++) {
        size_t at = s->slots[i] & (size - 1);
        while (s->slots[i] && larger.slots[at])
            at = (at + 1) & (size - 1);
        if (s->slots[i])
            larger.slots[at] = s->slots[i];
    }
    larger.n = s->n;
    free(s->slots);
    *s = larger;
    return 0;
}

static bool set_holds(const struct hash_set *s, uint64_t hash)
{
    if (!s->size)
        return false;
    for (size_t at = hash & (s->size - 1); s->slots[at]; at = (at + 1) & (s->size - 1))
        if (s->slots[at] == hash)
            return true;
    return false;
}

/* 1 when it is new, 0 when it was there. */
static int set_add(struct hash_set *s, uint64_t hash, struct satz_error *err)
{
    if (set_holds(s, hash))
        return 0;
    if (2 * s->n >= s->size && set_resize(s, s->size ? 2 * s->size : 1024, err) < 0)
        return -1;
    size_t at = hash & (s->size - 1);
    while (s->slots[at])
        at = (at + 1) & (s->size - 1);
    s->slots[at] = hash;
    s->n++;
    return 1;
}

static uint64_t hash_pair(const struct line sides[2])
{
    uint64_t hash = checksum(sides[0].text, sides[0].n, 1);
    hash = rng_mix(checksum(sides[1].text, sides[1].n, hash));
    return hash ? hash : 1;
}

/* Of letters and digits alone, whatever their case; 0: there are none. */
static uint64_t hash_words(const struct line *l)
{
    uint64_t hash = 0;
    uint32_t code;
    for (size_t i = 0, n; i < l->n; i += n ? n : 1) {
        n = utf8_decode(l->text + i, l->n - i, &code);
        if (uc_is_alnum(code))
            hash = rng_mix(hash + uc_tolower(code));
    }
    return hash;
}

/* --- one pair */

static void count(struct lint_count *c, const struct line *where, size_t line)
{
    if (c->n++ == 0) {
        c->file = where->file;
        c->line = line;
    }
}

static bool is_blank(const struct line *l)
{
    for (size_t i = 0; i < l->n; i++)
        if (!strchr(" \t\r\v\f", l->text[i]))
            return false;
    return true;
}

static bool has_control(const struct line *l)
{
    for (size_t i = 0; i < l->n; i++)
        if (((unsigned char)l->text[i] < 0x20 && l->text[i] != '\t') || l->text[i] == 0x7F)
            return true;
    return false;
}

static void add_side(struct lint_side *s, const struct line *l)
{
    uint64_t words = 0;
    for (size_t i = 0; i < l->n; i++)
        words += l->text[i] != ' ' && (i == 0 || l->text[i - 1] == ' ');
    s->words += words;
    s->bytes += l->n;
    s->lengths[words < LINT_LONGEST ? words : LINT_LONGEST]++;
    language_add(&s->profile, l->text, l->n);
}

static char *copy(const struct line *l, struct satz_error *err)
{
    char *text = memory_new(l->n + 1, 1, err);
    if (text)
        memcpy(text, l->text, l->n);
    return text;
}

/* Every pair is in the sample with the same chance (Vitter 1985, algorithm R). */
static int add_to_sample(struct lint_text *t, const struct line sides[2], struct satz_error *err)
{
    uint64_t at = t->seen < LINT_SAMPLE ? t->seen : rng_below(7, t->seen, t->seen + 1);
    t->seen++;
    if (at >= LINT_SAMPLE)
        return 0;
    for (int side = 0; side < 2; side++) {
        if (!t->sample[side])
            t->sample[side] = memory_new(LINT_SAMPLE, sizeof *t->sample[side], err);
        char *text = t->sample[side] ? copy(&sides[side], err) : NULL;
        if (!text)
            return -1;
        free(t->sample[side][at]);
        t->sample[side][at] = text;
    }
    t->n_sample = t->seen < LINT_SAMPLE ? (uint32_t)t->seen : LINT_SAMPLE;
    return 0;
}

static int add_pair(struct lint_text *t, const struct line sides[2], size_t line,
                    struct satz_error *err)
{
    t->pairs++;
    for (int side = 0; side < 2; side++) {
        const struct line *l = &sides[side];
        if (utf8_valid_prefix(l->text, l->n) < l->n || memchr(l->text, '\0', l->n)) {
            count(&t->invalid, l, line);
            return 0;
        }
    }
    for (int side = 0; side < 2; side++)
        if (is_blank(&sides[side])) {
            count(&t->empty, &sides[side], line);
            return 0;
        }
    size_t longer = sides[0].n > sides[1].n ? sides[0].n : sides[1].n;
    size_t shorter = sides[0].n + sides[1].n - longer;
    if (longer >= LEAST_UNBALANCED && longer > MOST_RATIO * shorter)
        count(&t->unbalanced, &sides[0], line);
    if (longer > TOKENIZER_LINE)
        count(&t->overlong, &sides[sides[1].n == longer], line);
    if (sides[0].n == sides[1].n && memcmp(sides[0].text, sides[1].text, sides[0].n) == 0)
        count(&t->identical, &sides[0], line);
    for (int side = 0; side < 2; side++) {
        if (has_control(&sides[side]))
            count(&t->control, &sides[side], line);
        add_side(&t->sides[side], &sides[side]);
    }
    return add_to_sample(t, sides, err);
}

/* Remembers a pair that is not for training. */
static int keep_unseen(struct lint_unseen *u, const struct line sides[2], struct satz_error *err)
{
    uint64_t source = hash_words(&sides[0]);
    if (set_add(&u->pairs, hash_pair(sides), err) < 0)
        return -1;
    return source && set_add(&u->sources, source, err) < 0 ? -1 : 0;
}

/* Counts what of `known` the training text has, each once, where it has it first. */
static int look_up(const struct hash_set *known, uint64_t hash, struct hash_set *found,
                   struct lint_count *c, const struct line *where, size_t line,
                   struct satz_error *err)
{
    if (!set_holds(known, hash))
        return 0;
    int added = set_add(found, hash, err);
    if (added > 0)
        count(c, where, line);
    return added < 0 ? -1 : 0;
}

static int look_for_repetition(struct lint *l, const struct line sides[2], size_t line,
                               struct satz_error *err)
{
    uint64_t hash = hash_pair(sides), source = hash_words(&sides[0]);
    for (int i = 0; i < N_LINT_UNSEEN; i++) {
        struct lint_unseen *u = &l->unseen[i];
        if (look_up(&u->pairs, hash, &u->found_pairs, &u->known_pairs, &sides[0], line, err) < 0 ||
            look_up(&u->sources, source, &u->found_sources, &u->known_sources, &sides[0], line,
                    err) < 0)
            return -1;
    }
    if (hash & l->mask)
        return 0;
    l->train.repeated_of++;
    int added = set_add(&l->pairs, hash, err);
    if (added == 0)
        count(&l->train.repeated, &sides[0], line);
    return added < 0 ? -1 : 0;
}

/* --- files */

/* Into `u`, or where it is NULL as training text. */
static int read_files(struct lint *l, struct lint_unseen *u, const char *const paths[2],
                      uint64_t n_lines[2], struct satz_error *err)
{
    struct lines *files[2] = {lines_open(paths[0], err), NULL};
    int status = files[0] && (files[1] = lines_open(paths[1], err)) ? 0 : -1;
    bool more[2] = {true, true};
    n_lines[0] = n_lines[1] = 0;
    while (status == 0 && (more[0] || more[1])) {
        struct line sides[2] = {{.file = paths[0]}, {.file = paths[1]}};
        for (int side = 0; side < 2 && status == 0; side++) {
            int got =
                more[side] ? lines_next(files[side], &sides[side].text, &sides[side].n, err) : 0;
            status = got < 0 ? -1 : 0;
            more[side] = got > 0;
            n_lines[side] += got > 0;
        }
        if (status < 0 || !more[0] || !more[1])
            continue;
        size_t line = lines_number(files[0]);
        status = add_pair(u ? &u->text : &l->train, sides, line, err);
        if (status == 0)
            status = u ? keep_unseen(u, sides, err) : look_for_repetition(l, sides, line, err);
    }
    for (int side = 0; side < 2; side++)
        if (files[side])
            lines_close(files[side]);
    return status;
}

int lint_unseen(struct lint *l, int which, const char *source, const char *target,
                uint64_t n_lines[2], struct satz_error *err)
{
    const char *const paths[2] = {source, target};
    return read_files(l, &l->unseen[which], paths, n_lines, err);
}

int lint_training(struct lint *l, const char *source, const char *target, uint64_t n_lines[2],
                  struct satz_error *err)
{
    const char *const paths[2] = {source, target};
    struct stat info;
    enum { LINE = 20 }; /* bytes that a line has at least, as it were; packed ones fewer */
    uint64_t expected = stat(source, &info) == 0 ? (uint64_t)info.st_size / LINE : 0;
    while (l->train.pairs == 0 && expected / (l->mask + 1) > MOST_HASHES)
        l->mask = 2 * l->mask + 1;
    return read_files(l, NULL, paths, n_lines, err);
}

int lint_quantile(const struct lint_side *s, double share)
{
    uint64_t all = 0, sum = 0;
    for (int i = 0; i <= LINT_LONGEST; i++)
        all += s->lengths[i];
    for (int i = 0; i <= LINT_LONGEST; i++) {
        sum += s->lengths[i];
        if ((double)sum >= share * (double)all)
            return i;
    }
    return LINT_LONGEST;
}

uint64_t lint_turned(const struct lint_text *t)
{
    uint64_t n = 0;
    const struct language_profile *source = &t->sides[0].profile, *target = &t->sides[1].profile;
    for (uint32_t i = 0; i < t->n_sample; i++) {
        const char *a = t->sample[0][i], *b = t->sample[1][i];
        enum { LEAST = 15 }; /* bytes: less tells nothing */
        if (strlen(a) < LEAST || strlen(b) < LEAST)
            continue;
        n += language_fit(target, a, strlen(a)) > language_fit(source, a, strlen(a)) + 0.2 &&
             language_fit(source, b, strlen(b)) > language_fit(target, b, strlen(b)) + 0.2;
    }
    return n;
}

static void release_text(struct lint_text *t)
{
    for (int side = 0; side < 2; side++) {
        for (size_t i = 0; t->sample[side] && i < LINT_SAMPLE; i++)
            free(t->sample[side][i]);
        free(t->sample[side]);
    }
}

void lint_release(struct lint *l)
{
    release_text(&l->train);
    for (int i = 0; i < N_LINT_UNSEEN; i++) {
        struct lint_unseen *u = &l->unseen[i];
        release_text(&u->text);
        free(u->pairs.slots);
        free(u->sources.slots);
        free(u->found_pairs.slots);
        free(u->found_sources.slots);
    }
    free(l->pairs.slots);
    *l = (struct lint){0};
}
