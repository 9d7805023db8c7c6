#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "eval.h"
#include "internal.h"
#include "segment.h"
#include "tokenise.h"

enum { REPEATED_LIMIT = 4, COPIED_LEAST = 3 };

struct counts {
    int64_t source_words, words, reference_words, repeated, copied, unknown;
};

struct estimates {
    struct counts *segments;
    size_t n_segments, capacity;
    struct counts sum;
    struct segment source, hypothesis, reference;
    struct interner interner;
};

struct estimates *estimates_new(struct satz_error *err)
{
    struct estimates *e = calloc(1, sizeof *e);
    if (!e)
        eval_error(err, "Out of memory.");
    return e;
}

void estimates_free(struct estimates *e)
{
    if (!e)
        return;
    free(e->segments);
    segment_release(&e->source);
    segment_release(&e->hypothesis);
    segment_release(&e->reference);
    interner_release(&e->interner);
    free(e);
}

static int split(struct segment *s, const char *text, struct satz_error *err)
{
    if (segment_set(s, text ? text : "", false, err))
        return -1;
    tokenise_spaces(s);
    return 0;
}

/* Words that belong to a repetition of the n <= 4 words right before them. */
static int64_t count_repeated(const struct segment *s)
{
    int64_t count = 0;
    size_t counted_to = 0; /* words before it are counted */
    for (size_t i = 1; i < s->n_tokens; i++)
        for (size_t n = REPEATED_LIMIT; n > 0; n--) {
            if (i < n || i + n > s->n_tokens ||
                memcmp(s->symbols + i - n, s->symbols + i, n * sizeof *s->symbols) != 0)
                continue;
            size_t from = i > counted_to ? i : counted_to;
            if (i + n > from) {
                count += (int64_t)(i + n - from);
                counted_to = i + n;
            }
            break;
        }
    return count;
}

/* Words in runs that stand in the source too; looks for the longest run from each word on. */
static int64_t count_copied(const struct segment *h, const struct segment *source)
{
    enum { WORDS_LIMIT = 2000 }; /* beyond, the work of comparing all pairs is not worth it */
    int64_t count = 0;
    if (h->n_tokens > WORDS_LIMIT || source->n_tokens > WORDS_LIMIT)
        return 0;
    for (size_t i = 0; i < h->n_tokens;) {
        size_t longest = 0;
        for (size_t k = 0; k < source->n_tokens; k++) {
            size_t n = 0;
            while (i + n < h->n_tokens && k + n < source->n_tokens &&
                   h->symbols[i + n] == source->symbols[k + n])
                n++;
            longest = n > longest ? n : longest;
        }
        count += longest >= COPIED_LEAST ? (int64_t)longest : 0;
        i += longest >= COPIED_LEAST ? longest : 1;
    }
    return count;
}

static bool is_unknown(const struct token *t)
{
    return (t->length == 5 && !memcmp(t->text, "<unk>", 5)) ||
           (t->length >= 3 &&
            (memmem(t->text, t->length, "\u2047", 3) || memmem(t->text, t->length, "\uFFFD", 3)));
}

int estimates_add(struct estimates *e, const char *source, const char *hypothesis,
                  const char *reference, struct satz_error *err)
{
    struct segment *s = &e->source, *h = &e->hypothesis, *r = &e->reference;
    if (split(s, source, err) || split(h, hypothesis, err) || split(r, reference, err) ||
        interner_start(&e->interner, s->n_tokens + h->n_tokens, err) ||
        interner_number(&e->interner, s, err) || interner_number(&e->interner, h, err) ||
        eval_grow(&e->segments, &e->capacity, e->n_segments + 1, sizeof *e->segments, err))
        return -1;
    struct counts c = {
        .source_words = (int64_t)s->n_tokens,
        .words = (int64_t)h->n_tokens,
        .reference_words = (int64_t)r->n_tokens,
        .repeated = count_repeated(h),
        .copied = count_copied(h, s),
    };
    for (size_t i = 0; i < h->n_tokens; i++)
        c.unknown += is_unknown(&h->tokens[i]);
    e->segments[e->n_segments++] = c;
    e->sum.source_words += c.source_words;
    e->sum.words += c.words;
    e->sum.reference_words += c.reference_words;
    e->sum.repeated += c.repeated;
    e->sum.copied += c.copied;
    e->sum.unknown += c.unknown;
    return 0;
}

size_t estimates_n_segments(const struct estimates *e)
{
    return e->n_segments;
}

static double ratio(double a, double b)
{
    return b > 0 ? a / b : 0;
}

/* Words that a source word lets expect. */
static double expected_ratio(const struct estimates *e)
{
    int64_t words = e->sum.reference_words ? e->sum.reference_words : e->sum.words;
    return ratio((double)words, (double)e->sum.source_words);
}

static double missing_words(const struct counts *c, double expected)
{
    double missing = 2.0 / 3 * expected * (double)c->source_words - (double)c->words;
    return missing > 0 ? missing : 0;
}

static struct quality quality_of(const struct counts *c, double missing, double expected)
{
    return (struct quality){
        .source_words = c->source_words,
        .words = c->words,
        .reference_words = c->reference_words,
        .repetition = ratio((double)c->repeated, (double)c->words),
        .copied = ratio((double)c->copied, (double)c->words),
        .unknown = ratio((double)c->unknown, (double)c->words),
        .length_ratio = ratio((double)c->words, (double)c->source_words),
        .reference_ratio = ratio((double)c->words, (double)c->reference_words),
        .coverage_drop = ratio(missing, expected * (double)c->source_words),
    };
}

void estimates_text(const struct estimates *e, struct quality *quality)
{
    double missing = 0, expected = expected_ratio(e);
    for (size_t i = 0; i < e->n_segments; i++)
        missing += missing_words(&e->segments[i], expected);
    *quality = quality_of(&e->sum, missing, expected);
}

void estimates_segment(const struct estimates *e, size_t index, struct quality *quality)
{
    const struct counts *c = &e->segments[index];
    double expected = expected_ratio(e);
    *quality = quality_of(c, missing_words(c, expected), expected);
}
