#include "text/shortlist.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static const char version[] = "1";

enum { DIGEST = 17 };

static void digest(const struct tokenizer *t, char text[DIGEST])
{
    size_t n;
    const char *model = tokenizer_model(t, &n);
    snprintf(text, DIGEST, "%016llx", (unsigned long long)checksum(model, n, 0));
}

/* --- writing --- */

struct ranked {
    double rank;
    int32_t word;
};

/* The higher rank first, of equal ones the lower word. */
static int by_rank(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->rank != y->rank)
        return x->rank > y->rank ? -1 : 1;
    return (x->word > y->word) - (x->word < y->word);
}

/* What is to be in the file. */
struct content {
    int64_t *offsets;
    int32_t *words, *commonest;
    size_t n;
};

static void content_release(struct content *c)
{
    free(c->offsets);
    free(c->words);
    free(c->commonest);
}

static int fill(struct content *c, const struct lexicon *l, struct satz_error *err)
{
    struct ranked *ranked = memory_new((size_t)l->targets, sizeof *ranked, err);
    c->offsets = memory_new((size_t)l->sources + 1, sizeof *c->offsets, err);
    c->words = memory_new((size_t)l->offsets[l->sources], sizeof *c->words, err);
    c->commonest = memory_new((size_t)l->targets, sizeof *c->commonest, err);
    if (!ranked || !c->offsets || !c->words || !c->commonest) {
        free(ranked);
        return -1;
    }
    for (int s = 0; s < l->sources; s++) {
        size_t n = 0;
        for (int64_t i = l->offsets[s]; i < l->offsets[s + 1]; i++)
            ranked[n++] = (struct ranked){(double)l->probabilities[i], l->words[i]};
        qsort(ranked, n, sizeof *ranked, by_rank);
        for (size_t i = 0; i < n && i < SHORTLIST_MOST; i++)
            c->words[c->n++] = ranked[i].word;
        c->offsets[s + 1] = (int64_t)c->n;
    }
    for (int t = 0; t < l->targets; t++)
        ranked[t] = (struct ranked){(double)l->target_count[t], t};
    qsort(ranked, (size_t)l->targets, sizeof *ranked, by_rank);
    for (int t = 0; t < l->targets; t++)
        c->commonest[t] = ranked[t].word;
    free(ranked);
    return 0;
}

int shortlist_write(const char *path, const struct lexicon *l, const struct tokenizer *source,
                    const struct tokenizer *target, struct satz_error *err)
{
    char source_digest[DIGEST], target_digest[DIGEST];
    struct content c = {0};
    int status = fill(&c, l, err);
    digest(source, source_digest);
    digest(target, target_digest);
    const struct tensor items[] = {
        {"offsets", TENSOR_I64, 1, {(size_t)l->sources + 1}, c.offsets},
        {"words", TENSOR_I32, 1, {c.n}, c.words},
        {"commonest", TENSOR_I32, 1, {(size_t)l->targets}, c.commonest},
    };
    const struct tensors_entry metadata[] = {
        {"satz.shortlist", version},
        {"satz.source", source_digest},
        {"satz.target", target_digest},
    };
    if (status == 0)
        status = tensors_write(path, items, sizeof items / sizeof *items, metadata,
                               sizeof metadata / sizeof *metadata, err);
    content_release(&c);
    return status;
}

/* --- reading --- */

/* The array of that name and length (-1: any), or NULL. */
static const void *find(const struct tensors *file, const char *name, enum tensor_type type,
                        int64_t *length)
{
    const struct tensor *t = tensors_find(file, name);
    if (!t || t->type != type || t->rank != 1 || (*length >= 0 && t->shape[0] != (size_t)*length) ||
        (uintptr_t)t->data % (type == TENSOR_I64 ? sizeof(int64_t) : sizeof(int32_t)) != 0)
        return NULL;
    *length = (int64_t)t->shape[0];
    return t->data;
}

static bool are_words(const int32_t *words, int64_t n, int size)
{
    for (int64_t i = 0; i < n; i++)
        if (words[i] < 0 || words[i] >= size)
            return false;
    return true;
}

/* Whether the file holds what it should, each number in its bounds; s->sources and ->targets are
 * given. */
static bool read_arrays(struct shortlist *s)
{
    int64_t n = -1, sources = (int64_t)s->sources + 1, targets = s->targets;
    s->offsets = find(&s->file, "offsets", TENSOR_I64, &sources);
    s->words = find(&s->file, "words", TENSOR_I32, &n);
    s->commonest = find(&s->file, "commonest", TENSOR_I32, &targets);
    if (!s->offsets || !s->words || !s->commonest || s->offsets[0] != 0 ||
        s->offsets[s->sources] != n)
        return false;
    for (int i = 0; i < s->sources; i++)
        if (s->offsets[i] > s->offsets[i + 1] || s->offsets[i + 1] - s->offsets[i] > SHORTLIST_MOST)
            return false;
    return are_words(s->words, n, s->targets) && are_words(s->commonest, targets, s->targets);
}

static bool is_of(const struct tensors *file, const char *key, const struct tokenizer *t)
{
    char text[DIGEST];
    const char *value = tensors_metadata(file, key);
    digest(t, text);
    return value && strcmp(value, text) == 0;
}

static int check(struct shortlist *s, const char *path, const struct tokenizer *source,
                 const struct tokenizer *target, struct satz_error *err)
{
    const char *is = tensors_metadata(&s->file, "satz.shortlist");
    if (!is || !s->file.checked)
        return error_set(err, "%s: is not a shortlist; `satz shortlist` makes them", path);
    if (strcmp(is, version) != 0)
        return error_set(err,
                         "%s: is a shortlist of version %.20s, this Satz reads version %s; make it "
                         "anew with `satz shortlist`",
                         path, is, version);
    if (!is_of(&s->file, "satz.source", source) || !is_of(&s->file, "satz.target", target))
        return error_set(err,
                         "%s: was made for another vocabulary; make one for this model with `satz "
                         "shortlist`",
                         path);
    if (!read_arrays(s))
        return error_set(err, "%s: its numbers do not fit together; make it anew", path);
    return 0;
}

int shortlist_open(struct shortlist *s, const char *path, const struct tokenizer *source,
                   const struct tokenizer *target, struct satz_error *err)
{
    *s = (struct shortlist){.sources = tokenizer_size(source), .targets = tokenizer_size(target)};
    if (tensors_open(&s->file, path, err) < 0)
        return -1;
    if (check(s, path, source, target, err) < 0) {
        shortlist_release(s);
        return -1;
    }
    return 0;
}

void shortlist_release(struct shortlist *s)
{
    tensors_release(&s->file);
    *s = (struct shortlist){0};
}

/* --- using --- */

void shortlist_add_commonest(const struct shortlist *s, int n, uint64_t *set)
{
    for (int t = 0; t < TOKEN_SPECIALS; t++)
        word_set_add(set, t);
    for (int i = 0; i < n && i < s->targets; i++)
        word_set_add(set, s->commonest[i]);
}

void shortlist_add_word(const struct shortlist *s, int word, int n, uint64_t *set)
{
    int64_t from = s->offsets[word], to = s->offsets[word + 1];
    for (int64_t k = from; k < to && k < from + n; k++)
        word_set_add(set, s->words[k]);
}

int word_set_list(const uint64_t *set, int words, int *list)
{
    int n = 0;
    for (int i = 0; i < word_set_size(words); i++)
        for (uint64_t left = set[i]; left; left &= left - 1)
            list[n++] = 64 * i + __builtin_ctzll(left);
    return n;
}
