/* report.h -- what a report says, before it is HTML. */
#ifndef SATZ_EVAL_REPORT_H
#define SATZ_EVAL_REPORT_H

#include "eval.h"
#include "matrix.h"
#include "text.h"

enum { REPORT_METRICS = 16, HISTOGRAM_BINS = 20 };

/* Which file of a segment; absent ones have a path of NULL. */
enum report_side { SOURCE, HYPOTHESIS, REFERENCE, N_SIDES };

/* How many segments have a value in [low + i * step, low + (i + 1) * step); what is above the last
 * bin is in it. */
struct histogram {
    const char *title, *axis;
    double low, step;
    int64_t bins[HISTOGRAM_BINS];
};

struct report {
    const char *title, *paths[N_SIDES];
    size_t n_segments;
    int n_metrics; /* 0 without a reference */
    struct {
        char line[256], signature[160];
        struct interval interval;
    } metrics[REPORT_METRICS];
    char segment_label[32]; /* "" without a reference */
    struct quality quality;
    struct histogram histograms[3];
    int n_histograms;
    struct report_sentence {
        size_t line; /* from 1 */
        double score;
        struct quality quality;
        char *texts[N_SIDES]; /* NULL where the file is absent */
        struct matrix attention;
    } * sentences; /* worst first */
    size_t n_sentences;
    char **warnings;
    size_t n_warnings;
};

void report_html(struct text *t, const struct report *r);

#endif
