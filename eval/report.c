#include "report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* What is gathered line by line. */
struct gathering {
    struct report *r;
    int order[N_SIDES]; /* the column of each side among the open files, -1: absent */
    const char *open_paths[N_SIDES + 1];
    int n_open;
    struct metric *metrics[REPORT_METRICS + 1]; /* the last one ranks segments */
    struct statistics tables[REPORT_METRICS + 1];
    struct guards *guards;
    struct estimates *estimates;
};

static const char *side(const struct gathering *g, const char *const *lines, enum report_side s)
{
    return g->order[s] < 0 ? NULL : lines[g->order[s]];
}

static int gather_line(struct gathering *g, const char *const *lines, struct satz_error *err)
{
    struct report *r = g->r;
    double row[METRIC_STATISTICS_LIMIT];
    const char *hypothesis = side(g, lines, HYPOTHESIS), *reference = side(g, lines, REFERENCE);
    if (estimates_add(g->estimates, side(g, lines, SOURCE), hypothesis, reference, err))
        return -1;
    r->n_segments++;
    if (!reference)
        return 0;
    for (int m = 0; m <= r->n_metrics; m++)
        if (metric_count(g->metrics[m], hypothesis, &reference, 1, row, err) ||
            statistics_add(&g->tables[m], row, metric_n_statistics(g->metrics[m]), err))
            return -1;
    return guards_add(g->guards, hypothesis, &reference, 1, err);
}

static int gather_files(struct gathering *g, struct satz_error *err)
{
    int got;
    const char *const *lines;
    struct eval_files *files = eval_files_open(g->open_paths, g->n_open, err);
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

static void histogram_add(struct histogram *h, double value)
{
    double bin = (value - h->low) / h->step;
    h->bins[bin < 0 ? 0 : bin >= HISTOGRAM_BINS ? HISTOGRAM_BINS - 1 : (int)bin]++;
}

static double segment_score(const struct gathering *g, size_t i)
{
    const struct statistics *table = &g->tables[g->r->n_metrics];
    return metric_score(g->metrics[g->r->n_metrics], table->rows + i * (size_t)table->width);
}

static void make_histograms(struct gathering *g)
{
    struct report *r = g->r;
    struct quality q;
    struct histogram *lengths = &r->histograms[r->n_histograms++], *ratios = NULL, *scores = NULL;
    *lengths = (struct histogram){.title = "Length", .axis = "words of the hypothesis", .step = 5};
    if (r->paths[SOURCE]) {
        ratios = &r->histograms[r->n_histograms++];
        *ratios = (struct histogram){
            .title = "Length ratio", .axis = "words over source words", .step = 0.1};
    }
    if (r->n_metrics) {
        scores = &r->histograms[r->n_histograms++];
        *scores =
            (struct histogram){.title = "Score of a sentence", .axis = r->segment_label, .step = 5};
    }
    for (size_t i = 0; i < r->n_segments; i++) {
        estimates_segment(g->estimates, i, &q);
        histogram_add(lengths, (double)q.words);
        if (ratios)
            histogram_add(ratios, q.length_ratio);
        if (scores)
            histogram_add(scores, segment_score(g, i));
    }
}

static int make_scores(struct gathering *g, const struct report_options *o, struct satz_error *err)
{
    struct report *r = g->r;
    for (int m = 0; m < r->n_metrics; m++) {
        metric_format(g->metrics[m], g->tables[m].sum, 2, r->metrics[m].line,
                      sizeof r->metrics[m].line);
        metric_signature(g->metrics[m], r->metrics[m].signature, sizeof r->metrics[m].signature);
        if (r->n_segments > 0 && significance_interval(g->metrics[m], &g->tables[m], &o->resampling,
                                                       &r->metrics[m].interval, err))
            return -1;
    }
    if (r->n_metrics)
        metric_label(g->metrics[r->n_metrics], r->segment_label, sizeof r->segment_label);
    estimates_text(g->estimates, &r->quality);
    return 0;
}

static int make_warnings(struct gathering *g, struct satz_error *err)
{
    struct report *r = g->r;
    size_t capacity = 0;
    char text[512];
    for (int i = 0; r->n_metrics && guards_warning(g->guards, i, text, sizeof text) > 0; i++) {
        if (eval_grow(&r->warnings, &capacity, r->n_warnings + 1, sizeof *r->warnings, err))
            return -1;
        char *warning = strdup(text);
        if (!warning)
            return eval_error(err, "Out of memory.");
        r->warnings[r->n_warnings++] = warning;
    }
    return 0;
}

/* A sentence and how bad it is. */
struct rank {
    size_t index;
    double badness, score;
};

static int compare_ranks(const void *a, const void *b)
{
    const struct rank *x = a, *y = b;
    return x->badness != y->badness ? (x->badness < y->badness ? 1 : -1)
                                    : (x->index > y->index) - (x->index < y->index);
}

/* The worst sentences: by score, or without a reference by the sum of the estimates. */
static int rank_sentences(struct gathering *g, size_t n_wanted, struct satz_error *err)
{
    struct report *r = g->r;
    struct rank *ranks = calloc(r->n_segments + 1, sizeof *ranks);
    r->sentences = calloc(n_wanted, sizeof *r->sentences);
    if (!ranks || !r->sentences) {
        free(ranks);
        return eval_error(err, "Out of memory.");
    }
    for (size_t i = 0; i < r->n_segments; i++) {
        struct quality q;
        estimates_segment(g->estimates, i, &q);
        double badness = q.repetition + q.copied + q.unknown + q.coverage_drop, score = 0;
        if (r->n_metrics) {
            score = segment_score(g, i);
            badness = metric_lower_is_better(g->metrics[r->n_metrics]) ? score : -score;
        }
        ranks[i] = (struct rank){.index = i, .badness = badness, .score = score};
    }
    qsort(ranks, r->n_segments, sizeof *ranks, compare_ranks);
    for (; r->n_sentences < n_wanted && r->n_sentences < r->n_segments; r->n_sentences++) {
        struct report_sentence *s = &r->sentences[r->n_sentences];
        s->line = ranks[r->n_sentences].index + 1;
        s->score = ranks[r->n_sentences].score;
        estimates_segment(g->estimates, ranks[r->n_sentences].index, &s->quality);
    }
    free(ranks);
    return 0;
}

/* The texts of one sentence, and its attention from the last file if there is one. */
static int read_sentence(const struct gathering *g, struct report_sentence *s,
                         const char *const *lines, const char *attention, struct satz_error *err)
{
    struct satz_error why = {0};
    for (int k = 0; k < N_SIDES; k++) {
        const char *text = side(g, lines, (enum report_side)k);
        s->texts[k] = text ? strdup(text) : NULL;
        if (text && !s->texts[k])
            return eval_error(err, "Out of memory.");
    }
    if (attention && matrix_parse(&s->attention, lines[g->n_open], &why))
        return eval_error(err, "%s:%zu: %s.", attention, s->line, why.message);
    return 0;
}

static int read_sentences(struct gathering *g, const char *attention, struct satz_error *err)
{
    int got;
    const char *const *lines;
    g->open_paths[g->n_open] = attention;
    struct eval_files *files = eval_files_open(g->open_paths, g->n_open + !!attention, err);
    if (!files)
        return -1;
    for (size_t line = 1; (got = eval_files_next(files, &lines, err)) > 0; line++)
        for (size_t i = 0; i < g->r->n_sentences && got > 0; i++)
            if (g->r->sentences[i].line == line &&
                read_sentence(g, &g->r->sentences[i], lines, attention, err)) {
                eval_files_close(files);
                return -1;
            }
    eval_files_close(files);
    return got;
}

static int prepare(struct gathering *g, const struct report_options *o, struct satz_error *err)
{
    static const char *const defaults[] = {"bleu", "chrf", "ter"};
    struct report *r = g->r;
    for (int k = 0; k < N_SIDES; k++) {
        g->order[k] = r->paths[k] ? g->n_open : -1;
        if (r->paths[k])
            g->open_paths[g->n_open++] = r->paths[k];
        if (r->paths[k] && !strcmp(r->paths[k], "-"))
            return eval_error(err, "A report reads its files twice: standard input (\"-\") can be "
                                   "none of them.");
    }
    if (o->metrics && (o->n_metrics < 1 || o->n_metrics > REPORT_METRICS))
        return eval_error(err, "A report takes from 1 to %d metrics.", REPORT_METRICS);
    if (o->n_sentences < 0 || o->n_sentences > 1000)
        return eval_error(err, "A report shows from 1 to 1000 sentences.");
    g->guards = guards_new(err);
    g->estimates = estimates_new(err);
    if (!g->guards || !g->estimates)
        return -1;
    if (!r->paths[REFERENCE])
        return 0;
    int n = o->metrics ? o->n_metrics : 3;
    for (int m = 0; m <= n; m++) {
        const char *specification = m == n       ? (o->segment_metric ? o->segment_metric : "chrf")
                                    : o->metrics ? o->metrics[m]
                                                 : defaults[m];
        g->metrics[m] = metric_new(specification, err);
        if (!g->metrics[m])
            return -1;
        g->tables[m].keep = true;
    }
    r->n_metrics = n;
    return 0;
}

static void release(struct gathering *g)
{
    struct report *r = g->r;
    for (int m = 0; m <= REPORT_METRICS; m++) {
        metric_free(g->metrics[m]);
        statistics_release(&g->tables[m]);
    }
    guards_free(g->guards);
    estimates_free(g->estimates);
    for (size_t i = 0; i < r->n_sentences; i++) {
        for (int k = 0; k < N_SIDES; k++)
            free(r->sentences[i].texts[k]);
        matrix_release(&r->sentences[i].attention);
    }
    for (size_t i = 0; i < r->n_warnings; i++)
        free(r->warnings[i]);
    free(r->sentences);
    free(r->warnings);
}

char *report_write(const char *source, const char *hypothesis, const char *reference,
                   const struct report_options *options, struct satz_error *err)
{
    struct report_options o = options ? *options : (struct report_options){0};
    struct report r = {.title = o.title ? o.title : hypothesis,
                       .paths = {source, hypothesis, reference}};
    struct gathering g = {.r = &r};
    struct text text = {0};
    char *page = NULL;
    if (prepare(&g, &o, err) || gather_files(&g, err) || make_scores(&g, &o, err) ||
        make_warnings(&g, err) ||
        rank_sentences(&g, o.n_sentences ? (size_t)o.n_sentences : 20, err) ||
        read_sentences(&g, o.attention, err))
        goto done;
    make_histograms(&g);
    report_html(&text, &r);
    page = text_take(&text, err);
done:
    release(&g);
    return page;
}
