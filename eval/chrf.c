/* chrf.c -- chrF: character n-gram F-score (Popovic, WMT 2015), and chrF++, which counts words too
 * (Popovic, WMT 2017).
 *
 *     chrF = (1 + b^2) P R / (b^2 P + R)
 *
 * P, R: precision and recall of n-grams, averaged over the orders that both sides have. Of several
 * references the one with the best score of the segment counts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eval.h"
#include "internal.h"
#include "metric.h"
#include "ngrams.h"
#include "segment.h"

enum { CHAR_ORDER_LIMIT = 12, WORD_ORDER_LIMIT = 8 };

struct chrf_options {
    int char_order, word_order, beta;
    bool lowercase, whitespace, eps_smoothing;
};

/* A text as characters and as words. */
struct chrf_text {
    struct segment segment; /* its symbols number the words */
    uint32_t *characters;
    size_t n_characters, capacity;
};

struct chrf {
    struct chrf_options options;
    int n_references; /* see references_seen */
    struct chrf_text hypothesis, reference;
    struct interner interner;
    struct ngrams ngrams;
};

static const struct metric_option options[] = {
    {.name = "char_order", OPTION_INTEGER(struct chrf_options, char_order, 1, CHAR_ORDER_LIMIT)},
    {.name = "word_order", OPTION_INTEGER(struct chrf_options, word_order, 0, WORD_ORDER_LIMIT)},
    {.name = "beta", OPTION_INTEGER(struct chrf_options, beta, 1, 100)},
    {.name = "lowercase", OPTION_FLAG(struct chrf_options, lowercase)},
    {.name = "whitespace", OPTION_FLAG(struct chrf_options, whitespace)},
    {.name = "eps_smoothing", OPTION_FLAG(struct chrf_options, eps_smoothing)},
    {0},
};

static void *create(const void *chosen, struct satz_error *err)
{
    struct chrf *c = calloc(1, sizeof *c);
    if (!c)
        eval_error(err, "Out of memory.");
    else
        c->options = *(const struct chrf_options *)chosen;
    return c;
}

static void text_release(struct chrf_text *t)
{
    segment_release(&t->segment);
    free(t->characters);
}

static void destroy(void *self)
{
    struct chrf *c = self;
    text_release(&c->hypothesis);
    text_release(&c->reference);
    interner_release(&c->interner);
    ngrams_release(&c->ngrams);
    free(c);
}

static int n_statistics(const void *self)
{
    const struct chrf *c = self;
    return 3 * (c->options.char_order + c->options.word_order);
}

/* One of Python's string.punctuation. */
static bool is_mark(char c)
{
    return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') ||
           (c >= '{' && c <= '~');
}

/* The word without a mark at its end, or else at its start; the mark is a word of its own. */
static void push_word(struct segment *s, const char *start, const char *end)
{
    uint32_t code;
    bool one_character = start == end || start + character_decode(start, end, &code) == end;
    const char *cut = one_character      ? end
                      : is_mark(end[-1]) ? end - 1
                      : is_mark(*start)  ? start + 1
                                         : end;
    segment_push(s, start, cut);
    segment_push(s, cut, end);
}

static int text_set(struct chrf *c, struct chrf_text *t, const char *text, struct satz_error *err)
{
    struct segment *s = &t->segment;
    if (segment_set(s, text, c->options.lowercase, err) ||
        eval_grow(&t->characters, &t->capacity, s->length, sizeof *t->characters, err))
        return -1;
    const char *end = s->text + s->length, *start = s->text;
    size_t n = 0;
    for (const char *p = s->text; p < end;) {
        size_t space = space_length(p, end), width;
        if (space && c->options.word_order)
            push_word(s, start, p);
        if ((unsigned char)*p < 0x80) {
            t->characters[n] = (unsigned char)*p;
            width = 1;
        } else {
            width = character_decode(p, end, &t->characters[n]);
        }
        p += width;
        n += !space || c->options.whitespace;
        if (space)
            start = p;
    }
    if (c->options.word_order)
        push_word(s, start, end);
    t->n_characters = n;
    return 0;
}

/* Fills the statistics of all orders of one kind of symbol. */
static int count_grams(struct chrf *c, const uint32_t *hypothesis, size_t n_hypothesis,
                       const uint32_t *reference, size_t n_reference, int max_order, double *row,
                       struct satz_error *err)
{
    int64_t matches[CHAR_ORDER_LIMIT] = {0};
    if (ngrams_start(&c->ngrams, n_reference, max_order, err))
        return -1;
    ngrams_add(&c->ngrams, reference, n_reference, max_order);
    ngrams_match(&c->ngrams, hypothesis, n_hypothesis, max_order, matches);
    for (size_t n = 0; n < (size_t)max_order; n++, row += 3) {
        size_t in_reference = n_reference > n ? n_reference - n : 0;
        row[0] = in_reference && n_hypothesis > n ? (double)(n_hypothesis - n) : 0;
        row[1] = (double)in_reference;
        row[2] = (double)matches[n];
    }
    return 0;
}

static int count_reference(struct chrf *c, const char *text, double *row, struct satz_error *err)
{
    struct chrf_text *h = &c->hypothesis, *r = &c->reference;
    if (text_set(c, r, text, err) || count_grams(c, h->characters, h->n_characters, r->characters,
                                                 r->n_characters, c->options.char_order, row, err))
        return -1;
    if (!c->options.word_order)
        return 0;
    if (interner_start(&c->interner, h->segment.n_tokens + r->segment.n_tokens, err) ||
        interner_number(&c->interner, &h->segment, err) ||
        interner_number(&c->interner, &r->segment, err))
        return -1;
    return count_grams(c, h->segment.symbols, h->segment.n_tokens, r->segment.symbols,
                       r->segment.n_tokens, c->options.word_order,
                       row + (ptrdiff_t)3 * c->options.char_order, err);
}

/* The steps are sacreBLEU's, so that the last digit is too. */
static double score(const void *self, const double *row)
{
    const struct chrf *c = self;
    const double eps = 1e-16;
    double factor = (double)(c->options.beta * c->options.beta);
    double sum = 0, precision = 0, recall = 0;
    int n_orders = c->options.char_order + c->options.word_order, effective = 0;
    for (int n = 0; n < n_orders; n++) {
        double hypothesis = row[3 * n], reference = row[3 * n + 1], matches = row[3 * n + 2];
        double p = hypothesis > 0 ? matches / hypothesis : eps;
        double r = reference > 0 ? matches / reference : eps;
        double denominator = factor * p + r;
        sum += denominator > 0 ? (1 + factor) * p * r / denominator : eps;
        if (hypothesis > 0 && reference > 0) {
            precision += p;
            recall += r;
            effective++;
        }
    }
    if (c->options.eps_smoothing)
        return 100 * sum / n_orders;
    if (precision + recall == 0)
        return 0;
    precision /= effective;
    recall /= effective;
    return 100 * ((1 + factor) * precision * recall / (factor * precision + recall));
}

static int count(void *self, const char *hypothesis, const char *const *references,
                 int n_references, double *row, struct satz_error *err)
{
    struct chrf *c = self;
    double best[METRIC_STATISTICS_LIMIT], best_score = -1, candidate[METRIC_STATISTICS_LIMIT] = {0};
    int n = 0;
    if (n_references < 1)
        return eval_error(err, "chrF needs at least one reference.");
    if (text_set(c, &c->hypothesis, hypothesis, err))
        return -1;
    for (int i = 0; i < n_references || n == 0; i++) {
        bool last_resort = i == n_references; /* all are missing: one empty reference */
        if (!last_resort && reference_missing(references[i]))
            continue;
        n++;
        if (count_reference(c, last_resort ? "" : references[i], candidate, err))
            return -1;
        double candidate_score = score(c, candidate);
        if (candidate_score > best_score) {
            best_score = candidate_score;
            memcpy(best, candidate, sizeof best);
        }
    }
    c->n_references = references_seen(c->n_references, n);
    memcpy(row, best, (size_t)n_statistics(c) * sizeof *row);
    return 0;
}

static int label(const void *self, char *out, size_t size)
{
    const struct chrf *c = self;
    return snprintf(out, size, "chrF%d%.*s", c->options.beta, c->options.word_order, "++++++++");
}

static int signature(const void *self, char *out, size_t size)
{
    const struct chrf *c = self;
    const struct chrf_options *o = &c->options;
    char n_references[16];
    return snprintf(out, size, "nrefs:%s|case:%s|eff:%s|nc:%d|nw:%d|space:%s|version:%s",
                    references_text(c->n_references, n_references), o->lowercase ? "lc" : "mixed",
                    o->eps_smoothing ? "no" : "yes", o->char_order, o->word_order,
                    o->whitespace ? "yes" : "no", EVAL_VERSION);
}

const struct metric_kind metric_chrf = {
    .name = "chrf",
    .options = options,
    .defaults = &(const struct chrf_options){.char_order = 6, .beta = 2},
    .options_size = sizeof(struct chrf_options),
    .create = create,
    .destroy = destroy,
    .n_statistics = n_statistics,
    .count = count,
    .score = score,
    .label = label,
    .signature = signature,
};
