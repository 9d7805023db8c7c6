#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eval.h"
#include "internal.h"
#include "segment.h"
#include "tokenise.h"
#include "words.h"

enum { LENGTH_BUCKETS = 7, FREQUENCY_BUCKETS = 6, UNKNOWN_BUCKETS = 5, METRICS_LIMIT = 16 };

/* The first value of each bucket; the last has no end. */
static const int64_t length_starts[LENGTH_BUCKETS] = {0, 1, 11, 21, 31, 41, 61};
static const int64_t frequency_starts[FREQUENCY_BUCKETS] = {0, 1, 2, 10, 100, 1000};
static const int64_t unknown_starts[UNKNOWN_BUCKETS] = {0, 1, 2, 3, 5};

/* A word of a segment: equal words have equal symbols. */
struct counted_word {
    uint32_t symbol;
    int bucket; /* of its frequency */
};

/* How a system's words of a frequency meet those of the reference. */
struct word_matches {
    int64_t hypothesis, reference, matches;
};

/* What is gathered about the segments before anything is computed. */
struct gathering {
    struct comparison *c;
    struct metric *metrics[METRICS_LIMIT];
    struct statistics *tables;                     /* [n_systems, n_metrics] */
    struct guards **guards;                        /* [n_systems] */
    struct word_matches *words;                    /* [n_systems, FREQUENCY_BUCKETS] */
    unsigned char *length_bucket, *unknown_bucket; /* [n_segments] */
    size_t length_capacity, unknown_capacity;
    struct words frequencies;
    bool has_training;
    struct segment reference, hypothesis;
    struct interner interner;
    struct counted_word *sides[2];
    size_t side_capacity[2];
};

static int bucket_of(const int64_t *starts, int n, int64_t value)
{
    int bucket = 0;
    while (bucket + 1 < n && value >= starts[bucket + 1])
        bucket++;
    return bucket;
}

static int compare_words(const void *a, const void *b)
{
    uint32_t x = ((const struct counted_word *)a)->symbol;
    uint32_t y = ((const struct counted_word *)b)->symbol;
    return (x > y) - (x < y);
}

/* Sorts the segment's words by symbol into g->sides[side]. */
static int sort_words(struct gathering *g, int side, struct segment *s, struct satz_error *err)
{
    if (interner_number(&g->interner, s, err) ||
        eval_grow(&g->sides[side], &g->side_capacity[side], s->n_tokens, sizeof *g->sides[side],
                  err))
        return -1;
    for (size_t i = 0; i < s->n_tokens; i++)
        g->sides[side][i] =
            (struct counted_word){.symbol = s->symbols[i],
                                  .bucket = bucket_of(frequency_starts, FREQUENCY_BUCKETS,
                                                      words_count(&g->frequencies, &s->tokens[i]))};
    if (s->n_tokens > 0)
        qsort(g->sides[side], s->n_tokens, sizeof *g->sides[side], compare_words);
    return 0;
}

static int split(struct segment *s, const char *text, struct satz_error *err)
{
    if (segment_set(s, text, false, err))
        return -1;
    segment_strip(s);
    tokenise_13a.split(s);
    return 0;
}

/* Counts the words of a system's hypothesis that are in the reference too. */
static int match_words(struct gathering *g, const char *hypothesis, struct word_matches *words,
                       struct satz_error *err)
{
    struct segment *r = &g->reference, *h = &g->hypothesis;
    if (split(h, hypothesis, err) || interner_start(&g->interner, r->n_tokens + h->n_tokens, err) ||
        sort_words(g, 0, r, err) || sort_words(g, 1, h, err))
        return -1;
    const struct counted_word *a = g->sides[0], *b = g->sides[1];
    for (size_t i = 0; i < r->n_tokens; i++)
        words[a[i].bucket].reference++;
    for (size_t k = 0; k < h->n_tokens; k++)
        words[b[k].bucket].hypothesis++;
    for (size_t i = 0, k = 0; i < r->n_tokens && k < h->n_tokens;) {
        if (a[i].symbol == b[k].symbol) {
            words[a[i].bucket].matches++;
            i++;
            k++;
        } else if (a[i].symbol < b[k].symbol) {
            i++;
        } else {
            k++;
        }
    }
    return 0;
}

static int gather_reference(struct gathering *g, const char *reference, struct satz_error *err)
{
    struct segment *r = &g->reference;
    size_t line = g->c->n_segments;
    int64_t n_unknown = 0;
    if (split(r, reference, err) ||
        eval_grow(&g->length_bucket, &g->length_capacity, line + 1, 1, err) ||
        eval_grow(&g->unknown_bucket, &g->unknown_capacity, line + 1, 1, err))
        return -1;
    for (size_t i = 0; g->has_training && i < r->n_tokens; i++)
        n_unknown += words_count(&g->frequencies, &r->tokens[i]) == 0;
    g->length_bucket[line] =
        (unsigned char)bucket_of(length_starts, LENGTH_BUCKETS, (int64_t)r->n_tokens);
    g->unknown_bucket[line] = (unsigned char)bucket_of(unknown_starts, UNKNOWN_BUCKETS, n_unknown);
    return 0;
}

static int gather_line(struct gathering *g, const char *const *lines, struct satz_error *err)
{
    struct comparison *c = g->c;
    double row[METRIC_STATISTICS_LIMIT];
    if (gather_reference(g, lines[0], err))
        return -1;
    for (int s = 0; s < c->n_systems; s++) {
        const char *hypothesis = lines[1 + s];
        if (guards_add(g->guards[s], hypothesis, lines, 1, err) ||
            match_words(g, hypothesis, g->words + (ptrdiff_t)s * FREQUENCY_BUCKETS, err))
            return -1;
        for (int m = 0; m < c->n_metrics; m++)
            if (metric_count(g->metrics[m], hypothesis, lines, 1, row, err) ||
                statistics_add(&g->tables[s * c->n_metrics + m], row,
                               metric_n_statistics(g->metrics[m]), err))
                return -1;
    }
    c->n_segments++;
    return 0;
}

/* The paths of the reference and the hypotheses, in this order. */
static int gather_files(struct gathering *g, const char *const *paths, struct satz_error *err)
{
    int got;
    const char *const *lines;
    struct eval_files *files = eval_files_open(paths, g->c->n_systems + 1, err);
    if (!files)
        return -1;
    while ((got = eval_files_next(files, &lines, err)) > 0)
        if (gather_line(g, lines, err)) {
            got = -1;
            break;
        }
    eval_files_close(files);
    return got;
}

static int make_scores(struct gathering *g, const struct compare_options *o, struct satz_error *err)
{
    struct comparison *c = g->c;
    bool is_bootstrap = !strcmp(c->test, significance_test_name(0));
    struct resampling for_interval = {.n_samples = is_bootstrap ? o->resampling.n_samples : 0,
                                      .seed = o->resampling.seed};
    c->resampling = o->resampling;
    if (!c->resampling.n_samples)
        c->resampling.n_samples = is_bootstrap ? BOOTSTRAP_SAMPLES : RANDOMISATION_TRIALS;
    for (int m = 0; m < c->n_metrics; m++) {
        struct compare_metric *out = &c->metrics[m];
        const struct statistics *baseline = &g->tables[m];
        metric_label(g->metrics[m], out->label, sizeof out->label);
        metric_signature(g->metrics[m], out->signature, sizeof out->signature);
        out->lower_is_better = metric_lower_is_better(g->metrics[m]);
        for (int s = 0; s < c->n_systems; s++) {
            const struct statistics *table = &g->tables[s * c->n_metrics + m];
            struct compare_score *score = &out->systems[s];
            score->score = metric_score(g->metrics[m], table->sum);
            if (s == 0 ? significance_interval(g->metrics[m], table, &for_interval,
                                               &score->interval, err)
                       : significance_compare(g->metrics[m], baseline, table, c->test,
                                              &o->resampling, &score->difference, err))
                return -1;
            if (s > 0)
                score->interval = score->difference.system;
        }
    }
    return 0;
}

/* The first metric's score of a system's segments in one bucket, or of all if `buckets` is NULL. */
static double bucket_score(const struct gathering *g, int system, const unsigned char *buckets,
                           int bucket, int64_t *n)
{
    const struct statistics *table = &g->tables[system * g->c->n_metrics];
    double sum[METRIC_STATISTICS_LIMIT] = {0};
    *n = 0;
    for (size_t i = 0; i < table->n_segments; i++) {
        if (buckets[i] != bucket)
            continue;
        ++*n;
        for (int k = 0; k < table->width; k++)
            sum[k] += table->rows[i * (size_t)table->width + (size_t)k];
    }
    return metric_score(g->metrics[0], sum);
}

/* "0", "11-20", "61+" */
static void bucket_label(char *out, size_t size, const int64_t *starts, int n, int bucket)
{
    long long first = starts[bucket], last = bucket + 1 < n ? starts[bucket + 1] - 1 : -1;
    if (last < 0)
        snprintf(out, size, "%lld+", first);
    else if (last == first)
        snprintf(out, size, "%lld", first);
    else
        snprintf(out, size, "%lld-%lld", first, last);
}

/* A table with labels and room for values. */
static struct compare_table *add_table(struct comparison *c, const char *title, const char *measure,
                                       const char *unit, const int64_t *starts, int n,
                                       struct satz_error *err)
{
    struct compare_table *t = &c->tables[c->n_tables++];
    *t = (struct compare_table){.title = title, .measure = measure, .unit = unit, .n_buckets = n};
    for (int b = 0; b < n; b++) {
        bucket_label(t->buckets[b].label, sizeof t->buckets[b].label, starts, n, b);
        t->buckets[b].values = calloc((size_t)c->n_systems, sizeof(double));
        if (!t->buckets[b].values) {
            eval_error(err, "Out of memory.");
            return NULL;
        }
    }
    return t;
}

/* A table of the first metric's scores in buckets of segments. */
static int make_segment_table(struct gathering *g, const char *title, const int64_t *starts, int n,
                              const unsigned char *buckets, struct satz_error *err)
{
    struct comparison *c = g->c;
    struct compare_table *t = add_table(c, title, c->metrics[0].label, "lines", starts, n, err);
    if (!t)
        return -1;
    for (int b = 0; b < n; b++)
        for (int s = 0; s < c->n_systems; s++)
            t->buckets[b].values[s] = bucket_score(g, s, buckets, b, &t->buckets[b].n);
    return 0;
}

static int make_tables(struct gathering *g, struct satz_error *err)
{
    struct comparison *c = g->c;
    if (make_segment_table(g, "Reference length in words", length_starts, LENGTH_BUCKETS,
                           g->length_bucket, err))
        return -1;
    struct compare_table *t =
        add_table(c,
                  g->has_training ? "Frequency of a word in the training text"
                                  : "Frequency of a word in the reference",
                  "F1 of words", "words", frequency_starts, FREQUENCY_BUCKETS, err);
    if (!t)
        return -1;
    for (int b = 0; b < FREQUENCY_BUCKETS; b++)
        for (int s = 0; s < c->n_systems; s++) {
            const struct word_matches *w = &g->words[s * FREQUENCY_BUCKETS + b];
            int64_t both = w->hypothesis + w->reference;
            t->buckets[b].n = w->reference;
            t->buckets[b].values[s] = both ? 200.0 * (double)w->matches / (double)both : 0;
        }
    if (g->has_training &&
        make_segment_table(g, "Words of the reference that the training text lacks", unknown_starts,
                           UNKNOWN_BUCKETS, g->unknown_bucket, err))
        return -1;
    return 0;
}

static int compare_changes(const void *a, const void *b)
{
    const struct compare_sentence *x = a, *y = b;
    double p = fabs(x->change), q = fabs(y->change);
    return p != q ? (p < q ? 1 : -1) : (x->line > y->line) - (x->line < y->line);
}

/* Adds the sentences that change a system's difference most: it with all lines less without one. */
static int make_sentences(struct gathering *g, int system, size_t n_wanted, struct satz_error *err)
{
    struct comparison *c = g->c;
    const struct statistics *a = &g->tables[0], *b = &g->tables[system * c->n_metrics];
    double delta = metric_score(g->metrics[0], b->sum) - metric_score(g->metrics[0], a->sum);
    double without_a[METRIC_STATISTICS_LIMIT], without_b[METRIC_STATISTICS_LIMIT];
    struct compare_sentence *all = calloc(c->n_segments, sizeof *all);
    if (!all)
        return eval_error(err, "Out of memory for %zu lines.", c->n_segments);
    for (size_t i = 0; i < c->n_segments; i++) {
        const double *row_a = a->rows + i * (size_t)a->width;
        const double *row_b = b->rows + i * (size_t)b->width;
        for (int k = 0; k < a->width; k++) {
            without_a[k] = a->sum[k] - row_a[k];
            without_b[k] = b->sum[k] - row_b[k];
        }
        double change = delta - (metric_score(g->metrics[0], without_b) -
                                 metric_score(g->metrics[0], without_a));
        all[i] =
            (struct compare_sentence){.system = system,
                                      .line = i + 1,
                                      .change = c->metrics[0].lower_is_better ? -change : change};
    }
    qsort(all, c->n_segments, sizeof *all, compare_changes);
    for (size_t i = 0; i < n_wanted && i < c->n_segments && all[i].change != 0; i++)
        c->sentences[c->n_sentences++] = all[i];
    free(all);
    return 0;
}

/* Fills in the texts of the sentences: a second pass over the files. */
static int read_sentences(struct comparison *c, const char *const *paths, struct satz_error *err)
{
    const char *const *lines;
    int got;
    struct eval_files *files = eval_files_open(paths, c->n_systems + 1, err);
    if (!files)
        return -1;
    for (size_t line = 1; (got = eval_files_next(files, &lines, err)) > 0; line++)
        for (size_t i = 0; i < c->n_sentences; i++) {
            struct compare_sentence *s = &c->sentences[i];
            if (s->line != line)
                continue;
            s->reference = strdup(lines[0]);
            s->baseline = strdup(lines[1]);
            s->hypothesis = strdup(lines[1 + s->system]);
        }
    eval_files_close(files);
    for (size_t i = 0; i < c->n_sentences && got == 0; i++) {
        const struct compare_sentence *s = &c->sentences[i];
        if (!s->reference || !s->baseline || !s->hypothesis)
            got = eval_error(err, "Out of memory, or the files changed while they were read.");
    }
    return got;
}

static int make_warnings(struct gathering *g, struct satz_error *err)
{
    struct comparison *c = g->c;
    size_t capacity = 0;
    char text[512];
    for (int s = 0; s < c->n_systems; s++)
        for (int i = 0; guards_warning(g->guards[s], i, text, sizeof text) > 0; i++) {
            char *warning = NULL;
            if (eval_grow(&c->warnings, &capacity, c->n_warnings + 1, sizeof *c->warnings, err))
                return -1;
            if (asprintf(&warning, "%s: %s", c->names[s], text) < 0)
                return eval_error(err, "Out of memory.");
            c->warnings[c->n_warnings++] = warning;
        }
    return 0;
}

static void gathering_release(struct gathering *g, int n_systems, int n_metrics)
{
    for (int m = 0; m < n_metrics; m++)
        metric_free(g->metrics[m]);
    for (int i = 0; g->tables && i < n_systems * n_metrics; i++)
        statistics_release(&g->tables[i]);
    for (int s = 0; g->guards && s < n_systems; s++)
        guards_free(g->guards[s]);
    free(g->tables);
    free(g->guards);
    free(g->words);
    free(g->length_bucket);
    free(g->unknown_bucket);
    words_release(&g->frequencies);
    segment_release(&g->reference);
    segment_release(&g->hypothesis);
    interner_release(&g->interner);
    free(g->sides[0]);
    free(g->sides[1]);
}

/* Everything that has to be there before the first line is read. */
static int prepare(struct gathering *g, const char *const *paths, const struct compare_options *o,
                   struct satz_error *err)
{
    static const char *const defaults[] = {"bleu", "chrf"};
    struct comparison *c = g->c;
    size_t n = (size_t)c->n_systems, n_tables = n * (size_t)c->n_metrics;
    size_t n_wanted = o->n_sentences ? (size_t)o->n_sentences : 10;
    g->tables = calloc(n_tables, sizeof *g->tables);
    g->guards = calloc(n, sizeof(struct guards *));
    g->words = calloc(n * FREQUENCY_BUCKETS, sizeof *g->words);
    c->names = calloc(n, sizeof *c->names);
    c->metrics = calloc((size_t)c->n_metrics, sizeof *c->metrics);
    c->sentences = calloc(n * n_wanted, sizeof *c->sentences);
    c->test = strdup(o->test ? o->test : significance_test_name(0));
    if (!g->tables || !g->guards || !g->words || !c->names || !c->metrics || !c->sentences ||
        !c->test)
        return eval_error(err, "Out of memory.");
    for (size_t i = 0; i < n_tables; i++)
        g->tables[i].keep = true;
    for (size_t s = 0; s < n; s++) {
        g->guards[s] = guards_new(err);
        c->names[s] = strdup(paths[1 + s]);
        if (!g->guards[s] || !c->names[s])
            return eval_error(err, "Out of memory.");
    }
    for (int m = 0; m < c->n_metrics; m++) {
        g->metrics[m] = metric_new(o->metrics ? o->metrics[m] : defaults[m], err);
        if (!g->metrics[m])
            return -1;
        c->metrics[m].systems = calloc(n, sizeof *c->metrics[m].systems);
        if (!c->metrics[m].systems)
            return eval_error(err, "Out of memory.");
    }
    g->has_training = o->training != NULL;
    return words_add_file(&g->frequencies, o->training ? o->training : paths[0], err);
}

static int check_options(const char *const *paths, int n_systems, const struct compare_options *o,
                         struct satz_error *err)
{
    if (n_systems < 2)
        return eval_error(err,
                          "A comparison needs at least two systems; the first is the baseline.");
    if (o->metrics && (o->n_metrics < 1 || o->n_metrics > METRICS_LIMIT))
        return eval_error(err, "A comparison takes from 1 to %d metrics.", METRICS_LIMIT);
    if (o->n_sentences < 0 || o->n_sentences > 1000)
        return eval_error(err, "A comparison shows from 1 to 1000 sentences of a system.");
    for (int i = 0; i <= n_systems; i++)
        if (!strcmp(paths[i], "-"))
            return eval_error(err, "A comparison reads its files twice: standard input (\"-\") can "
                                   "be none of them.");
    return 0;
}

struct comparison *comparison_new(const char *reference, const char *const *hypotheses,
                                  int n_systems, const struct compare_options *options,
                                  struct satz_error *err)
{
    struct compare_options o = options ? *options : (struct compare_options){0};
    struct comparison *c = calloc(1, sizeof *c);
    struct gathering g = {.c = c};
    const char **paths = calloc((size_t)(n_systems > 0 ? n_systems : 0) + 1, sizeof *paths);
    int failed = -1;
    if (!c || !paths) {
        eval_error(err, "Out of memory.");
        goto done;
    }
    paths[0] = reference;
    for (int s = 0; s < n_systems; s++)
        paths[1 + s] = hypotheses[s];
    if (check_options(paths, n_systems, &o, err))
        goto done;
    c->n_systems = n_systems;
    c->n_metrics = o.metrics ? o.n_metrics : 2;
    if (prepare(&g, paths, &o, err) || gather_files(&g, paths, err) || make_warnings(&g, err) ||
        make_scores(&g, &o, err) || make_tables(&g, err))
        goto done;
    for (int s = 1; s < n_systems; s++)
        if (make_sentences(&g, s, o.n_sentences ? (size_t)o.n_sentences : 10, err))
            goto done;
    failed = read_sentences(c, paths, err);
done:
    if (c)
        gathering_release(&g, c->n_systems, c->n_metrics);
    free(paths);
    if (failed) {
        comparison_free(c);
        return NULL;
    }
    return c;
}

void comparison_free(struct comparison *c)
{
    if (!c)
        return;
    for (int m = 0; c->metrics && m < c->n_metrics; m++)
        free(c->metrics[m].systems);
    for (int s = 0; c->names && s < c->n_systems; s++)
        free(c->names[s]);
    for (size_t i = 0; i < c->n_sentences; i++) {
        free(c->sentences[i].reference);
        free(c->sentences[i].baseline);
        free(c->sentences[i].hypothesis);
    }
    for (int t = 0; t < c->n_tables; t++)
        for (int b = 0; b < c->tables[t].n_buckets; b++)
            free(c->tables[t].buckets[b].values);
    for (size_t i = 0; i < c->n_warnings; i++)
        free(c->warnings[i]);
    free(c->warnings);
    free(c->metrics);
    free(c->names);
    free(c->sentences);
    free(c->test);
    free(c);
}
