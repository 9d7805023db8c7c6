/* eval.h -- libsatzeval: how good is a translation?
 *
 * Figures equal sacreBLEU 2.x's to every printed digit. The library knows nothing of models; texts
 * are NUL-terminated UTF-8, one segment each, raw (not tokenised). It is streamed: a metric object
 * holds sums of counts, never the text. An object is used by one thread at a time, or by several as
 * long as all of them take it as `const`; objects are independent of each other.
 *
 * Conventions as in satz.h: 0 / -1 (or NULL) with a sentence in *err, which may be NULL; on failure
 * outputs are untouched. The library never exits or prints. */
#ifndef SATZ_EVAL_H
#define SATZ_EVAL_H

#include <stdbool.h>
#include <stdint.h>

#include "satz.h"

#define EVAL_VERSION "satz-" SATZ_VERSION /* the `version:` of signatures */

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default) /* the shared library shows what is declared here */
#endif

/* ---- BLEU (Papineni et al. 2002) ---- */

enum { BLEU_ORDER_LIMIT = 8 };

/* Zero everywhere is sacreBLEU's default: 13a, cased, exp, all orders up to 4. */
struct bleu_options {
    const char *tokenise;  /* a name of bleu_tokeniser_name(); NULL is "13a" */
    const char *smoothing; /* a name of bleu_smoothing_name(); NULL is "exp" */
    bool has_smooth_value; /* else the method's default: floor 0.1, add-k 1 */
    double smooth_value;
    bool lowercase;       /* as Python's str.lower() */
    bool effective_order; /* leave out orders longer than the text: for single sentences */
    int max_order;        /* 1 .. BLEU_ORDER_LIMIT; 0 is 4 */
};

/* Counts of a segment or of a corpus; they can be added up. Index n-1 is order n. */
struct bleu_statistics {
    int64_t hypothesis_length, reference_length; /* tokens; of the reference closest in length */
    int64_t correct[BLEU_ORDER_LIMIT], total[BLEU_ORDER_LIMIT];
};

struct bleu_result {
    double score;                                              /* 0 .. 100 */
    double precisions[BLEU_ORDER_LIMIT];                       /* percent, smoothed */
    double correct[BLEU_ORDER_LIMIT], total[BLEU_ORDER_LIMIT]; /* with what add-k added */
    double brevity_penalty, ratio;
    int64_t hypothesis_length, reference_length;
    int max_order;
};

struct bleu;

/* The index-th name, from 0, or NULL past the end: for help texts and messages. */
const char *bleu_tokeniser_name(int index);
const char *bleu_smoothing_name(int index);

/* An empty corpus. `options` may be NULL (all default) and is copied. The caller frees the result
 * with bleu_free, which accepts NULL. */
struct bleu *bleu_new(const struct bleu_options *options, struct satz_error *err);
void bleu_free(struct bleu *b);

/* Forgets the segments, keeps the options. */
void bleu_clear(struct bleu *b);

/* Adds one segment with n_references >= 1 references. References that are NULL or "" stand for
 * "this segment has fewer references"; if all are, the segment has one empty reference.
 * `segment`, if not NULL, receives this segment's own counts. */
int bleu_add(struct bleu *b, const char *hypothesis, const char *const *references,
             int n_references, struct bleu_statistics *segment, struct satz_error *err);

/* Adds all lines of a file; line i of each reference file belongs to line i of the hypothesis.
 * "-" is standard input. Files of different numbers of lines are an error; what was added before
 * stays added. */
int bleu_add_files(struct bleu *b, const char *hypothesis_path, const char *const *reference_paths,
                   int n_references, struct satz_error *err);

/* The counts of all segments so far. */
const struct bleu_statistics *bleu_sum(const struct bleu *b);

/* *into += *part, order by order. */
void bleu_statistics_add(struct bleu_statistics *into, const struct bleu_statistics *part);

/* The score of all segments so far. */
void bleu_score(const struct bleu *b, struct bleu_result *result);

/* The score of any counts under the options of `b` (one segment, a bucket, a bootstrap sample). */
void bleu_score_statistics(const struct bleu *b, const struct bleu_statistics *statistics,
                           struct bleu_result *result);

/* "BLEU = 25.55 57.7/31.4/19.2/12.3 (BP = 1.000 ratio = 1.024 hyp_len = 62728 ref_len = 61287)",
 * the score with `width` digits after the point. Like snprintf: at most `size` bytes with the final
 * NUL; returns the length of the full text. */
int bleu_format(const struct bleu_result *result, int width, char *out, size_t size);

/* "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:satz-0.1.0"; like snprintf. nrefs is that
 * of the segments added so far, "var" where they differ. */
int bleu_signature(const struct bleu *b, char *out, size_t size);

/* ---- Metrics: one interface to BLEU, chrF and TER ----
 *
 * A metric turns a segment into a row of statistics that can be added up, and a row (of a segment,
 * a corpus, a bucket, a resample) into a score. Everything below works on rows, so it serves every
 * metric of the list in eval/metric.h. */

enum { METRIC_STATISTICS_LIMIT = 64 };

struct metric;
struct guards; /* below */

/* The index-th metric's name and options, one a line, for help texts; NULL past the end. */
const char *metric_name(int index);
int metric_help(int index, char *out, size_t size);

/* "bleu", "chrf:word_order=2,lowercase", "ter:normalised": a name, then options; a flag alone is
 * yes. bleu: tokenise, smoothing, smooth_value, lowercase, effective_order, max_order. chrf
 * (Popovic 2015, 2017): char_order, word_order (2 is chrF++), beta, lowercase, whitespace,
 * eps_smoothing. ter (Snover et al. 2006): normalised, no_punct, asian, case_sensitive. The caller
 * frees the result with metric_free, which accepts NULL. */
struct metric *metric_new(const char *specification, struct satz_error *err);
void metric_free(struct metric *m);

/* Doubles in a row, at most METRIC_STATISTICS_LIMIT. */
int metric_n_statistics(const struct metric *m);

/* True if a better translation has a lower score (TER). */
bool metric_lower_is_better(const struct metric *m);

/* Overwrites `statistics` with those of one segment. References that are NULL or "" are left out;
 * if all are, the segment has one empty reference. */
int metric_count(struct metric *m, const char *hypothesis, const char *const *references,
                 int n_references, double *statistics, struct satz_error *err);

/* The score of a row, or of a sum of rows: percent, better translations higher or (TER) lower. */
double metric_score(const struct metric *m, const double *statistics);

/* Like snprintf: "BLEU", "chrF2++", "TER"; sacreBLEU's line with `width` digits after the point;
 * sacreBLEU's signature, whose nrefs is that of the segments counted so far. */
int metric_label(const struct metric *m, char *out, size_t size);
int metric_format(const struct metric *m, const double *statistics, int width, char *out,
                  size_t size);
int metric_signature(const struct metric *m, char *out, size_t size);

/* The rows of a corpus. Zero-initialise; set `keep` if the rows are needed and not only their sum.
 */
struct statistics {
    bool keep;
    int width;         /* doubles in a row */
    size_t n_segments; /* rows added so far */
    double sum[METRIC_STATISTICS_LIMIT];
    double *rows; /* [n_segments, width] if `keep` */
    size_t capacity;
};

/* Frees the rows and makes it zero again. */
void statistics_release(struct statistics *s);

/* Adds a row [width], which all rows of *s have. Fails only when memory for `keep` is short. */
int statistics_add(struct statistics *s, const double *row, int width, struct satz_error *err);

/* Adds all lines of a file under each of n_metrics metrics to tables[0 .. n_metrics). Line i of
 * each reference belongs to line i of the hypothesis; "-" is standard input. `guards`, if not NULL,
 * look on. On failure what was added before stays added. */
int metrics_add_files(struct metric *const *metrics, int n_metrics, const char *hypothesis_path,
                      const char *const *reference_paths, int n_references,
                      struct statistics *tables, struct guards *guards, struct satz_error *err);

/* ---- Significance: what resampling says of a score and of the difference of two ----
 *
 * Tables must have kept their rows. A result is a function of the rows and the seed alone, to the
 * last bit; two systems see the same resamples. */

struct resampling {
    int n_samples; /* 0: BOOTSTRAP_SAMPLES or RANDOMISATION_TRIALS; at most 10,000,000 */
    uint64_t seed;
};

enum { BOOTSTRAP_SAMPLES = 1000, RANDOMISATION_TRIALS = 10000 };

/* The mean of resampled values and the range that holds the middle 95% of them. */
struct interval {
    double mean, low, high;
};

struct difference {
    double delta;           /* score of the system minus score of the baseline */
    struct interval system; /* of the system's score (bootstrap) */
    struct interval deltas; /* of the difference (paired bootstrap) */
    double p; /* two-sided; (more extreme samples + 1) / (samples + 1); 1 if delta is 0 */
};

/* The index-th test, "bootstrap" or "randomisation", or NULL past the end. */
const char *significance_test_name(int index);

/* Bootstrap (Efron 1979; for BLEU Koehn, EMNLP 2004) of one system's score. */
int significance_interval(const struct metric *m, const struct statistics *s,
                          const struct resampling *r, struct interval *interval,
                          struct satz_error *err);

/* How probable a difference this large is if the systems are equally good: `test` is "bootstrap"
 * (paired; Koehn 2004, centred as in sacreBLEU) or "randomisation" (paired approximate
 * randomisation; Riezler and Maxwell 2005). The intervals are those of the bootstrap either way. */
int significance_compare(const struct metric *m, const struct statistics *baseline,
                         const struct statistics *system, const char *test,
                         const struct resampling *r, struct difference *difference,
                         struct satz_error *err);

/* ---- Guards: signs that a score says something else than it seems to ---- */

/* The caller frees it with guards_free, which accepts NULL. */
struct guards *guards_new(struct satz_error *err);
void guards_free(struct guards *g);

/* Looks at one segment; memory does not grow. */
int guards_add(struct guards *g, const char *hypothesis, const char *const *references,
               int n_references, struct satz_error *err);

/* The index-th warning about what was added: a sentence that can be shown as is. Like snprintf;
 * 0 past the last one. */
int guards_warning(const struct guards *g, int index, char *out, size_t size);

/* ---- Comparison of systems ---- */

/* Zero everywhere is the default. */
struct compare_options {
    const char *const *metrics; /* specifications; NULL: bleu and chrf */
    int n_metrics;
    const char *test; /* NULL: "bootstrap" */
    struct resampling resampling;
    const char *training; /* a text whose words count as known and give their frequencies, or NULL:
                             frequencies are those in the reference */
    int n_sentences;      /* how many that move the score most, for each system; 0: 10 */
};

/* Scores by metric and system; system 0 is the baseline. */
struct compare_metric {
    char label[32], signature[160];
    bool lower_is_better;
    struct compare_score {
        double score;
        struct interval interval;
        struct difference difference; /* to the baseline; not for the baseline itself */
    } * systems;
};

/* A sentence without which the difference to the baseline, in the first metric, would be smaller or
 * larger by `change`: positive if it speaks for the system. */
struct compare_sentence {
    int system;
    size_t line; /* from 1 */
    double change;
    char *reference, *baseline, *hypothesis;
};

/* Parts of the text and what each system does on them. */
struct compare_table {
    const char *title, *measure, *unit; /* of n: "lines", "words" */
    int n_buckets;
    struct compare_bucket {
        char label[24];
        int64_t n;
        double *values; /* [systems]; only if n > 0 */
    } buckets[8];
};

enum { COMPARE_TABLES = 3 };

struct comparison {
    int n_systems, n_metrics, n_tables;
    size_t n_segments, n_sentences;
    char **names; /* [n_systems] paths */
    char *test;
    struct resampling resampling; /* of the test; n_samples is how many there were */
    struct compare_metric *metrics;
    struct compare_sentence *sentences;          /* by system, largest change first */
    struct compare_table tables[COMPARE_TABLES]; /* by length, word frequency, unknown words */
    char **warnings;                             /* of the guards: "PATH: ..." */
    size_t n_warnings;
};

/* Compares hypotheses[0], the baseline, with the others. Files are read twice, so none may be "-".
 * Memory: the statistics of every line. The caller frees the result with comparison_free, which
 * accepts NULL. `options` may be NULL. */
struct comparison *comparison_new(const char *reference, const char *const *hypotheses,
                                  int n_systems, const struct compare_options *options,
                                  struct satz_error *err);
void comparison_free(struct comparison *c);

/* The index-th format, "text", "json" or "markdown", or NULL past the end. */
const char *comparison_format_name(int index);

/* The whole comparison in a format. The caller frees the result. */
char *comparison_write(const struct comparison *c, const char *format, struct satz_error *err);

/* ---- Estimates: signs of bad translations that need no reference ---- */

/* Of a segment or a whole text. Words are what stands between white space; rates are from 0 to 1.
 * What needs a source is 0 where there is none. */
struct quality {
    int64_t source_words, words, reference_words;
    double repetition;   /* words that say again the 1 to 4 words just before them, over words */
    double copied;       /* words in runs of at least 3 that stand so in the source, over words */
    double unknown;      /* "<unk>", U+2047 or U+FFFD, over words */
    double length_ratio; /* words over source words */
    double reference_ratio; /* words over reference words */
    /* Words missing from segments shorter than two thirds of what the source's length lets expect,
     * over words expected. A source word lets expect as many words as in the whole reference or,
     * without one, in the whole text. */
    double coverage_drop;
};

struct estimates;

/* The caller frees it with estimates_free, which accepts NULL. */
struct estimates *estimates_new(struct satz_error *err);
void estimates_free(struct estimates *e);

/* Adds a segment; source and reference may be NULL. Memory: a few numbers for each. */
int estimates_add(struct estimates *e, const char *source, const char *hypothesis,
                  const char *reference, struct satz_error *err);

size_t estimates_n_segments(const struct estimates *e);
void estimates_text(const struct estimates *e, struct quality *quality);
void estimates_segment(const struct estimates *e, size_t index, struct quality *quality);

/* ---- Report: one HTML page about one translation ---- */

/* Zero where nothing is asked for. */
struct report_options {
    const char *title;          /* NULL: the hypothesis's path */
    const char *const *metrics; /* specifications; NULL: bleu, chrf and ter */
    int n_metrics;
    const char *segment_metric; /* what ranks single sentences; NULL: chrf */
    struct resampling resampling;
    int n_sentences;       /* how many of the worst; 0: 20 */
    const char *attention; /* a file whose line i is a JSON matrix for line i, a row for each word
                              of the hypothesis and a column for each of the source, or an object
                              with that as "weights" (satz translate --attention); or NULL */
};

/* A page that needs nothing but itself: scores with intervals, estimates, distributions, the worst
 * sentences and their attention, the guards' warnings. Source and reference may each be NULL, not
 * "-": files are read twice. `options` may be NULL. The caller frees the result. */
char *report_write(const char *source, const char *hypothesis, const char *reference,
                   const struct report_options *options, struct satz_error *err);

/* ---- Alignment error rate (Och and Ney 2003, section 6) ---- */

/* Counts of links, of a pair or of a corpus; a link that is given twice counts once. */
struct alignment_counts {
    int64_t found;                      /* A */
    int64_t sure;                       /* S */
    int64_t found_sure, found_possible; /* of A, those in S, and those in P, which S is part of */
};

/* Adds the counts of one pair's links. */
int alignment_counts_add(struct alignment_counts *sums, const struct satz_link *found,
                         size_t n_found, const struct satz_link *gold, size_t n_gold,
                         struct satz_error *err);

/* |A and P| / |A|, |A and S| / |S|, and 1 - (|A and S| + |A and P|) / (|A| + |S|), each 0 .. 1;
 * where there is nothing to divide by, precision and recall are 1 and the error rate is 0. */
double alignment_precision(const struct alignment_counts *counts);
double alignment_recall(const struct alignment_counts *counts);
double alignment_error_rate(const struct alignment_counts *counts);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif

#endif
