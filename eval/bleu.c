/* bleu.c -- BLEU: a bilingual evaluation understudy (Papineni et al., ACL 2002).
 *
 *     BLEU = BP exp( 1/N sum_n log p_n ),  BP = min(1, exp(1 - r/c))
 *
 * p_n: n-grams of the hypotheses that are in a reference, clipped per segment, over all n-grams;
 * c, r: tokens of the hypotheses and of the references closest in length. The smoothing methods are
 * those of Chen and Cherry (WMT 2014). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eval.h"
#include "internal.h"
#include "metric.h"
#include "ngrams.h"
#include "segment.h"
#include "tokenise.h"

/* The parameter of a smoothing method and what it puts in the place of a precision of zero. */
struct smoothing {
    const char *name;
    bool has_value;
    double default_value;
    bool adds; /* the value is added to counts and totals of the orders above 1 */
    /* Percent for an order without matches; n_zero orders had none, this one included. */
    double (*zero_precision)(double total, double value, int n_zero);
};

static double zero_exp(double total, double value, int n_zero)
{
    (void)value;
    return 100.0 / (ldexp(1.0, n_zero) * total);
}

static double zero_floor(double total, double value, int n_zero)
{
    (void)n_zero;
    return 100.0 * value / total;
}

static const struct smoothing smoothings[] = {
    {.name = "exp", .zero_precision = zero_exp},
    {.name = "floor", .has_value = true, .default_value = 0.1, .zero_precision = zero_floor},
    {.name = "add-k", .has_value = true, .default_value = 1.0, .adds = true},
    {.name = "none"},
};

enum { N_SMOOTHINGS = sizeof smoothings / sizeof smoothings[0] };

struct bleu {
    const struct tokeniser *tokeniser;
    const struct smoothing *smoothing;
    double smooth_value;
    bool lowercase, effective_order;
    int max_order;
    int n_references; /* see references_seen */
    struct bleu_statistics sum;
    struct segment *texts; /* the hypothesis and its references */
    size_t n_texts, text_capacity;
    struct interner interner;
    struct ngrams ngrams;
};

const char *bleu_smoothing_name(int index)
{
    return index >= 0 && index < N_SMOOTHINGS ? smoothings[index].name : NULL;
}

static const struct smoothing *smoothing_find(const char *name)
{
    for (int i = 0; i < N_SMOOTHINGS; i++)
        if (!strcmp(smoothings[i].name, name))
            return &smoothings[i];
    return NULL;
}

struct bleu *bleu_new(const struct bleu_options *options, struct satz_error *err)
{
    struct bleu_options o = options ? *options : (struct bleu_options){0};
    if (!o.tokenise)
        o.tokenise = bleu_tokeniser_name(0);
    if (!o.smoothing)
        o.smoothing = bleu_smoothing_name(0);
    if (!o.max_order)
        o.max_order = 4;
    const struct tokeniser *tokeniser = tokeniser_find(o.tokenise);
    const struct smoothing *smoothing = smoothing_find(o.smoothing);
    char names[256];
    if (!tokeniser) {
        eval_list_names(names, sizeof names, bleu_tokeniser_name);
        eval_error(err, "BLEU has no tokeniser \"%s\"; take %s.", o.tokenise, names);
        return NULL;
    }
    if (!smoothing) {
        eval_list_names(names, sizeof names, bleu_smoothing_name);
        eval_error(err, "BLEU has no smoothing \"%s\"; take %s.", o.smoothing, names);
        return NULL;
    }
    if (o.has_smooth_value && !(o.smooth_value >= 0 && isfinite(o.smooth_value))) {
        eval_error(err, "The smoothing value of BLEU is %g; it must not be negative.",
                   o.smooth_value);
        return NULL;
    }
    if (o.has_smooth_value && !smoothing->has_value) {
        eval_error(err, "BLEU's smoothing \"%s\" takes no value; only floor and add-k do.",
                   smoothing->name);
        return NULL;
    }
    if (o.max_order < 1 || o.max_order > BLEU_ORDER_LIMIT) {
        eval_error(err, "The highest order of BLEU is %d; it must be from 1 to %d.", o.max_order,
                   BLEU_ORDER_LIMIT);
        return NULL;
    }
    struct bleu *b = calloc(1, sizeof *b);
    if (!b) {
        eval_error(err, "Out of memory.");
        return NULL;
    }
    b->tokeniser = tokeniser;
    b->smoothing = smoothing;
    b->smooth_value = o.has_smooth_value ? o.smooth_value : smoothing->default_value;
    b->lowercase = o.lowercase;
    b->effective_order = o.effective_order;
    b->max_order = o.max_order;
    return b;
}

void bleu_free(struct bleu *b)
{
    if (!b)
        return;
    for (size_t i = 0; i < b->n_texts; i++)
        segment_release(&b->texts[i]);
    free(b->texts);
    interner_release(&b->interner);
    ngrams_release(&b->ngrams);
    free(b);
}

void bleu_clear(struct bleu *b)
{
    b->sum = (struct bleu_statistics){0};
    b->n_references = 0;
}

static int texts_reserve(struct bleu *b, size_t n, struct satz_error *err)
{
    if (eval_grow(&b->texts, &b->text_capacity, n, sizeof *b->texts, err))
        return -1;
    while (b->n_texts < n)
        b->texts[b->n_texts++] = (struct segment){0};
    return 0;
}

/* Puts the tokens of text into b->texts[index]. */
static int text_split(struct bleu *b, size_t index, const char *text, struct satz_error *err)
{
    if (segment_set(&b->texts[index], text, b->lowercase, err))
        return -1;
    segment_strip(&b->texts[index]);
    b->tokeniser->split(&b->texts[index]);
    return 0;
}

/* The length closest to the hypothesis's; of two equally close, the shorter. */
static int64_t closest_length(const struct segment *hypothesis, const struct segment *references,
                              size_t n)
{
    int64_t length = (int64_t)hypothesis->n_tokens, closest = (int64_t)references[0].n_tokens;
    for (size_t i = 1; i < n; i++) {
        int64_t other = (int64_t)references[i].n_tokens;
        int64_t nearer = llabs(closest - length) - llabs(other - length);
        if (nearer > 0 || (nearer == 0 && other < closest))
            closest = other;
    }
    return closest;
}

/* The counts of b->texts[0] against the n_references texts after it. */
static int count(struct bleu *b, size_t n_references, struct bleu_statistics *out,
                 struct satz_error *err)
{
    struct segment *hypothesis = &b->texts[0], *references = &b->texts[1];
    size_t n_tokens = 0;
    for (size_t i = 0; i < n_references; i++)
        n_tokens += references[i].n_tokens;
    if (interner_start(&b->interner, n_tokens + hypothesis->n_tokens, err) ||
        ngrams_start(&b->ngrams, n_tokens, b->max_order, err))
        return -1;
    for (size_t i = 0; i < n_references; i++) {
        if (interner_number(&b->interner, &references[i], err))
            return -1;
        ngrams_add(&b->ngrams, references[i].symbols, references[i].n_tokens, b->max_order);
    }
    if (interner_number(&b->interner, hypothesis, err))
        return -1;
    *out = (struct bleu_statistics){
        .hypothesis_length = (int64_t)hypothesis->n_tokens,
        .reference_length = closest_length(hypothesis, references, n_references),
    };
    ngrams_match(&b->ngrams, hypothesis->symbols, hypothesis->n_tokens, b->max_order, out->correct);
    for (int n = 0; n < b->max_order; n++)
        out->total[n] = out->hypothesis_length > n ? out->hypothesis_length - n : 0;
    return 0;
}

int bleu_add(struct bleu *b, const char *hypothesis, const char *const *references,
             int n_references, struct bleu_statistics *segment, struct satz_error *err)
{
    if (n_references < 1)
        return eval_error(err, "BLEU needs at least one reference.");
    if (texts_reserve(b, (size_t)n_references + 1, err) || text_split(b, 0, hypothesis, err))
        return -1;
    int n = 0;
    for (int i = 0; i < n_references; i++)
        if (!reference_missing(references[i]) && text_split(b, (size_t)++n, references[i], err))
            return -1;
    if (n == 0 && text_split(b, (size_t)++n, "", err))
        return -1;
    struct bleu_statistics counts;
    if (count(b, (size_t)n, &counts, err))
        return -1;
    bleu_statistics_add(&b->sum, &counts);
    b->n_references = references_seen(b->n_references, n);
    if (segment)
        *segment = counts;
    return 0;
}

int bleu_add_files(struct bleu *b, const char *hypothesis_path, const char *const *reference_paths,
                   int n_references, struct satz_error *err)
{
    int got = -1;
    struct eval_files *files = NULL;
    const char *const *lines, **paths = calloc((size_t)n_references + 1, sizeof *paths);
    if (!paths)
        return eval_error(err, "Out of memory.");
    paths[0] = hypothesis_path;
    memcpy(paths + 1, reference_paths, (size_t)n_references * sizeof *paths);
    files = eval_files_open(paths, n_references + 1, err);
    if (!files)
        goto done;
    while ((got = eval_files_next(files, &lines, err)) > 0)
        if (bleu_add(b, lines[0], lines + 1, n_references, NULL, err)) {
            got = -1;
            break;
        }
done:
    eval_files_close(files);
    free(paths);
    return got;
}

const struct bleu_statistics *bleu_sum(const struct bleu *b)
{
    return &b->sum;
}

void bleu_statistics_add(struct bleu_statistics *into, const struct bleu_statistics *part)
{
    into->hypothesis_length += part->hypothesis_length;
    into->reference_length += part->reference_length;
    for (int n = 0; n < BLEU_ORDER_LIMIT; n++) {
        into->correct[n] += part->correct[n];
        into->total[n] += part->total[n];
    }
}

void bleu_score(const struct bleu *b, struct bleu_result *result)
{
    bleu_score_statistics(b, &b->sum, result);
}

/* Fills the (smoothed) counts and precisions; returns how many orders the score is made of. */
static int score_precisions(const struct bleu *b, struct bleu_result *r)
{
    int order = b->max_order, n_zero = 0;
    for (int n = 0; n < b->max_order; n++) {
        if (b->smoothing->adds && n > 0) {
            r->correct[n] += b->smooth_value;
            r->total[n] += b->smooth_value;
        }
        if (r->total[n] == 0)
            break;
        if (b->effective_order)
            order = n + 1;
        if (r->correct[n] > 0)
            r->precisions[n] = 100.0 * r->correct[n] / r->total[n];
        else if (b->smoothing->zero_precision)
            r->precisions[n] = b->smoothing->zero_precision(r->total[n], b->smooth_value, ++n_zero);
    }
    return order;
}

void bleu_score_statistics(const struct bleu *b, const struct bleu_statistics *statistics,
                           struct bleu_result *result)
{
    double c = (double)statistics->hypothesis_length, r = (double)statistics->reference_length;
    struct bleu_result out = {
        .brevity_penalty = c >= r  ? 1.0
                           : c > 0 ? exp(1.0 - r / c)
                                   : 0.0,
        .ratio = r > 0 ? c / r : 0.0,
        .hypothesis_length = statistics->hypothesis_length,
        .reference_length = statistics->reference_length,
        .max_order = b->max_order,
    };
    bool any = false;
    for (int n = 0; n < b->max_order; n++) {
        out.correct[n] = (double)statistics->correct[n];
        out.total[n] = (double)statistics->total[n];
        any = any || statistics->correct[n] > 0;
    }
    if (any) {
        int order = score_precisions(b, &out);
        double sum = 0.0;
        for (int n = 0; n < order; n++)
            sum += out.precisions[n] > 0 ? log(out.precisions[n]) : -9999999999.0;
        out.score = out.brevity_penalty * exp(sum / order);
    }
    *result = out;
}

int bleu_format(const struct bleu_result *result, int width, char *out, size_t size)
{
    char precisions[BLEU_ORDER_LIMIT * 8];
    size_t length = 0;
    for (int n = 0; n < result->max_order; n++)
        length += (size_t)snprintf(precisions + length, sizeof precisions - length, "%s%.1f",
                                   n ? "/" : "", result->precisions[n]);
    return snprintf(out, size,
                    "BLEU = %.*f %s (BP = %.3f ratio = %.3f hyp_len = %lld ref_len = %lld)", width,
                    result->score, precisions, result->brevity_penalty, result->ratio,
                    (long long)result->hypothesis_length, (long long)result->reference_length);
}

int bleu_signature(const struct bleu *b, char *out, size_t size)
{
    char n_references[16], value[64] = "";
    if (b->smoothing->has_value)
        snprintf(value, sizeof value, "[%.2f]", b->smooth_value);
    return snprintf(out, size, "nrefs:%s|case:%s|eff:%s|tok:%s|smooth:%s%s|version:%s",
                    references_text(b->n_references, n_references), b->lowercase ? "lc" : "mixed",
                    b->effective_order ? "yes" : "no", b->tokeniser->name, b->smoothing->name,
                    value, EVAL_VERSION);
}

/* ---- BLEU as one of the metrics: a row is c, r, the correct and then the total n-grams ---- */

static const struct metric_option options[] = {
    {.name = "tokenise",
     .choice = bleu_tokeniser_name,
     OPTION_CHOICE(struct bleu_options, tokenise)},
    {.name = "smoothing",
     .choice = bleu_smoothing_name,
     OPTION_CHOICE(struct bleu_options, smoothing)},
    {.name = "smooth_value",
     .has_offset = offsetof(struct bleu_options, has_smooth_value),
     OPTION_NUMBER(struct bleu_options, smooth_value, 0, 1e9)},
    {.name = "lowercase", OPTION_FLAG(struct bleu_options, lowercase)},
    {.name = "effective_order", OPTION_FLAG(struct bleu_options, effective_order)},
    {.name = "max_order", OPTION_INTEGER(struct bleu_options, max_order, 1, BLEU_ORDER_LIMIT)},
    {0},
};

static void *create(const void *chosen, struct satz_error *err)
{
    return bleu_new(chosen, err);
}

static void destroy(void *self)
{
    bleu_free(self);
}

static int n_statistics(const void *self)
{
    const struct bleu *b = self;
    return 2 + 2 * b->max_order;
}

static int count_row(void *self, const char *hypothesis, const char *const *references,
                     int n_references, double *row, struct satz_error *err)
{
    struct bleu *b = self;
    struct bleu_statistics s = {0};
    if (bleu_add(b, hypothesis, references, n_references, &s, err))
        return -1;
    row[0] = (double)s.hypothesis_length;
    row[1] = (double)s.reference_length;
    for (int n = 0; n < b->max_order; n++) {
        row[2 + n] = (double)s.correct[n];
        row[2 + b->max_order + n] = (double)s.total[n];
    }
    return 0;
}

static struct bleu_result row_result(const struct bleu *b, const double *row)
{
    struct bleu_result result;
    struct bleu_statistics s = {.hypothesis_length = (int64_t)row[0],
                                .reference_length = (int64_t)row[1]};
    for (int n = 0; n < b->max_order; n++) {
        s.correct[n] = (int64_t)row[2 + n];
        s.total[n] = (int64_t)row[2 + b->max_order + n];
    }
    bleu_score_statistics(b, &s, &result);
    return result;
}

static double row_score(const void *self, const double *row)
{
    return row_result(self, row).score;
}

static int row_format(const void *self, const double *row, int width, char *out, size_t size)
{
    struct bleu_result result = row_result(self, row);
    return bleu_format(&result, width, out, size);
}

static int label(const void *self, char *out, size_t size)
{
    (void)self;
    return snprintf(out, size, "BLEU");
}

static int signature(const void *self, char *out, size_t size)
{
    return bleu_signature(self, out, size);
}

const struct metric_kind metric_bleu = {
    .name = "bleu",
    .options = options,
    .defaults = &(const struct bleu_options){0},
    .options_size = sizeof(struct bleu_options),
    .create = create,
    .destroy = destroy,
    .n_statistics = n_statistics,
    .count = count_row,
    .score = row_score,
    .label = label,
    .format = row_format,
    .signature = signature,
};
