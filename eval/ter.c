/* ter.c -- TER: translation edit rate (Snover et al., AMTA 2006).
 *
 *     TER = edits to the reference that needs fewest / mean length of the references
 *
 * with Tercom's tokeniser, as sacreBLEU has it. A row is the edits and the length. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eval.h"
#include "internal.h"
#include "metric.h"
#include "segment.h"
#include "shifts.h"
#include "tokenise.h"

struct ter_options {
    bool normalised, no_punct, asian, case_sensitive;
};

struct ter {
    struct ter_options options;
    int n_references; /* see references_seen */
    struct segment hypothesis, reference;
    struct interner interner;
    struct shifts shifts;
};

static const struct metric_option options[] = {
    {.name = "normalised", OPTION_FLAG(struct ter_options, normalised)},
    {.name = "no_punct", OPTION_FLAG(struct ter_options, no_punct)},
    {.name = "asian", OPTION_FLAG(struct ter_options, asian)},
    {.name = "case_sensitive", OPTION_FLAG(struct ter_options, case_sensitive)},
    {0},
};

static void *create(const void *chosen, struct satz_error *err)
{
    struct ter *t = calloc(1, sizeof *t);
    if (!t)
        eval_error(err, "Out of memory.");
    else
        t->options = *(const struct ter_options *)chosen;
    return t;
}

static void destroy(void *self)
{
    struct ter *t = self;
    segment_release(&t->hypothesis);
    segment_release(&t->reference);
    interner_release(&t->interner);
    shifts_release(&t->shifts);
    free(t);
}

static int n_statistics(const void *self)
{
    (void)self;
    return 2;
}

static int text_set(const struct ter *t, struct segment *s, const char *text,
                    struct satz_error *err)
{
    if (segment_set(s, text, !t->options.case_sensitive, err))
        return -1;
    segment_strip(s);
    tokenise_tercom(s, t->options.normalised, t->options.no_punct, t->options.asian);
    return 0;
}

static int count_reference(struct ter *t, const char *text, int64_t *edits, struct satz_error *err)
{
    struct segment *h = &t->hypothesis, *r = &t->reference;
    if (text_set(t, r, text, err) || interner_start(&t->interner, h->n_tokens + r->n_tokens, err) ||
        interner_number(&t->interner, h, err) || interner_number(&t->interner, r, err))
        return -1;
    return shifts_count(&t->shifts, h->symbols, h->n_tokens, r->symbols, r->n_tokens, edits, err);
}

static int count(void *self, const char *hypothesis, const char *const *references,
                 int n_references, double *row, struct satz_error *err)
{
    struct ter *t = self;
    int64_t fewest = INT64_MAX, edits;
    size_t length = 0;
    int n = 0;
    if (n_references < 1)
        return eval_error(err, "TER needs at least one reference.");
    if (text_set(t, &t->hypothesis, hypothesis, err))
        return -1;
    for (int i = 0; i < n_references || n == 0; i++) {
        bool last_resort = i == n_references; /* all are missing: one empty reference */
        if (!last_resort && reference_missing(references[i]))
            continue;
        n++;
        if (count_reference(t, last_resort ? "" : references[i], &edits, err))
            return -1;
        length += t->reference.n_tokens;
        if (edits < fewest)
            fewest = edits;
    }
    t->n_references = references_seen(t->n_references, n);
    row[0] = (double)fewest;
    row[1] = (double)length / n;
    return 0;
}

static double score(const void *self, const double *row)
{
    (void)self;
    return 100 * (row[1] > 0 ? row[0] / row[1] : row[0] > 0 ? 1.0 : 0.0);
}

static int label(const void *self, char *out, size_t size)
{
    (void)self;
    return snprintf(out, size, "TER");
}

static int signature(const void *self, char *out, size_t size)
{
    const struct ter *t = self;
    char n_references[16];
    return snprintf(out, size, "nrefs:%s|case:%s|tok:tercom|norm:%s|punct:%s|asian:%s|version:%s",
                    references_text(t->n_references, n_references),
                    t->options.case_sensitive ? "mixed" : "lc",
                    t->options.normalised ? "yes" : "no", t->options.no_punct ? "no" : "yes",
                    t->options.asian ? "yes" : "no", EVAL_VERSION);
}

const struct metric_kind metric_ter = {
    .name = "ter",
    .options = options,
    .defaults = &(const struct ter_options){0},
    .options_size = sizeof(struct ter_options),
    .lower_is_better = true,
    .create = create,
    .destroy = destroy,
    .n_statistics = n_statistics,
    .count = count,
    .score = score,
    .label = label,
    .signature = signature,
};
