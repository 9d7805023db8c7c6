#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eval.h"
#include "internal.h"

enum { SAMPLES_LIMIT = 10000000 };

/* splitmix64: every number is a function of its key, so no sample depends on those before it. */
static uint64_t mix(uint64_t x)
{
    x += 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

static uint64_t sample_key(uint64_t seed, int sample)
{
    return mix(mix(seed) + (uint64_t)sample);
}

/* Adds to `sum` as many rows as there are, drawn with replacement. */
static void draw(const struct statistics *s, uint64_t key, double *sum)
{
    size_t width = (size_t)s->width, n = s->n_segments;
    memset(sum, 0, width * sizeof *sum);
    for (size_t i = 0; i < n; i++) {
        size_t line = (size_t)(((__uint128_t)mix(key + i) * n) >> 64);
        const double *row = s->rows + line * width;
        for (size_t k = 0; k < width; k++)
            sum[k] += row[k];
    }
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts the values. The ends are sacreBLEU's: the n/40-th from either side. */
static struct interval interval_of(double *values, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += values[i];
    qsort(values, (size_t)n, sizeof *values, compare_doubles);
    return (struct interval){
        .mean = sum / n, .low = values[n / 40], .high = values[n - n / 40 - 1]};
}

static int check_table(const struct statistics *s, struct satz_error *err)
{
    if (!s->keep || s->n_segments == 0)
        return eval_error(err, "There is nothing to resample: %s.",
                          s->keep ? "there are no lines" : "the rows of statistics were not kept");
    return 0;
}

/* Room for n values each of `count` kinds; n_samples, or n_default where that is 0. */
static double *samples_new(const struct resampling *r, int n_default, int count, int *n,
                           struct satz_error *err)
{
    *n = r->n_samples ? r->n_samples : n_default;
    if (*n < 1 || *n > SAMPLES_LIMIT) {
        eval_error(err, "The number of samples is %d; it must be from 1 to %d.", *n, SAMPLES_LIMIT);
        return NULL;
    }
    double *values = calloc((size_t)*n * (size_t)count, sizeof *values);
    if (!values)
        eval_error(err, "Out of memory for %d samples.", *n);
    return values;
}

int significance_interval(const struct metric *m, const struct statistics *s,
                          const struct resampling *r, struct interval *interval,
                          struct satz_error *err)
{
    int n;
    double sum[METRIC_STATISTICS_LIMIT];
    if (check_table(s, err))
        return -1;
    double *scores = samples_new(r, BOOTSTRAP_SAMPLES, 1, &n, err);
    if (!scores)
        return -1;
    for (int i = 0; i < n; i++) {
        draw(s, sample_key(r->seed, i), sum);
        scores[i] = metric_score(m, sum);
    }
    *interval = interval_of(scores, n);
    free(scores);
    return 0;
}

static double p_of(int n_extreme, int n)
{
    return (n_extreme + 1.0) / (n + 1.0);
}

/* Fills the intervals and the p of the bootstrap: how often |delta| exceeds its own mean by more
 * than |delta| as measured. */
static int bootstrap(const struct metric *m, const struct statistics *baseline,
                     const struct statistics *system, const struct resampling *r,
                     struct difference *d, struct satz_error *err)
{
    int n, n_extreme = 0;
    double sum[METRIC_STATISTICS_LIMIT], mean = 0;
    double *scores = samples_new(r, BOOTSTRAP_SAMPLES, 2, &n, err);
    if (!scores)
        return -1;
    double *deltas = scores + n;
    for (int i = 0; i < n; i++) {
        uint64_t key = sample_key(r->seed, i);
        draw(system, key, sum);
        scores[i] = metric_score(m, sum);
        draw(baseline, key, sum);
        deltas[i] = scores[i] - metric_score(m, sum);
        mean += fabs(deltas[i]);
    }
    mean /= n;
    for (int i = 0; i < n; i++)
        n_extreme += fabs(deltas[i]) - mean > fabs(d->delta);
    d->p = p_of(n_extreme, n);
    d->system = interval_of(scores, n);
    d->deltas = interval_of(deltas, n);
    free(scores);
    return 0;
}

/* Adds to `sum` the rows of `differences` whose line the coin of this sample chose. */
static void toss(const struct statistics *s, const double *differences, uint64_t key, double *sum)
{
    size_t width = (size_t)s->width;
    memset(sum, 0, width * sizeof *sum);
    for (size_t i = 0; i < s->n_segments; i += 64) {
        uint64_t coins = mix(key + i);
        if (s->n_segments - i < 64)
            coins &= ((uint64_t)1 << (s->n_segments - i)) - 1;
        for (; coins; coins &= coins - 1) {
            const double *row = differences + (i + (size_t)__builtin_ctzll(coins)) * width;
            for (size_t k = 0; k < width; k++)
                sum[k] += row[k];
        }
    }
}

/* How often systems that swap each line at random differ more than the real ones. */
static int randomise(const struct metric *m, const struct statistics *baseline,
                     const struct statistics *system, const struct resampling *r,
                     struct difference *d, struct satz_error *err)
{
    size_t width = (size_t)system->width, n_values = system->n_segments * width;
    double sum[METRIC_STATISTICS_LIMIT], a[METRIC_STATISTICS_LIMIT], b[METRIC_STATISTICS_LIMIT];
    int n = r->n_samples ? r->n_samples : RANDOMISATION_TRIALS, n_extreme = 0;
    if (n < 1 || n > SAMPLES_LIMIT)
        return eval_error(err, "The number of samples is %d; it must be from 1 to %d.", n,
                          SAMPLES_LIMIT);
    double *differences = malloc(n_values * sizeof *differences);
    if (!differences)
        return eval_error(err, "Out of memory for %zu lines.", system->n_segments);
    for (size_t i = 0; i < n_values; i++)
        differences[i] = system->rows[i] - baseline->rows[i];
    for (int i = 0; i < n; i++) {
        toss(system, differences, sample_key(r->seed, i), sum);
        for (size_t k = 0; k < width; k++) {
            a[k] = baseline->sum[k] + sum[k];
            b[k] = system->sum[k] - sum[k];
        }
        n_extreme += fabs(metric_score(m, a) - metric_score(m, b)) > fabs(d->delta);
    }
    d->p = p_of(n_extreme, n);
    free(differences);
    return 0;
}

static const char *const tests[] = {"bootstrap", "randomisation"};

const char *significance_test_name(int index)
{
    return index >= 0 && index < (int)(sizeof tests / sizeof tests[0]) ? tests[index] : NULL;
}

int significance_compare(const struct metric *m, const struct statistics *baseline,
                         const struct statistics *system, const char *test,
                         const struct resampling *r, struct difference *difference,
                         struct satz_error *err)
{
    char names[64];
    bool is_randomisation = !strcmp(test, tests[1]);
    struct resampling for_intervals = {.seed = r->seed,
                                       .n_samples = is_randomisation ? 0 : r->n_samples};
    if (!is_randomisation && strcmp(test, tests[0]) != 0) {
        eval_list_names(names, sizeof names, significance_test_name);
        return eval_error(err, "There is no test \"%s\"; take %s.", test, names);
    }
    if (check_table(baseline, err) || check_table(system, err))
        return -1;
    if (baseline->n_segments != system->n_segments || baseline->width != system->width)
        return eval_error(err,
                          "A paired test needs the same lines of both systems: %zu are not %zu.",
                          baseline->n_segments, system->n_segments);
    struct difference d = {.delta = metric_score(m, system->sum) - metric_score(m, baseline->sum)};
    if (bootstrap(m, baseline, system, &for_intervals, &d, err) ||
        (is_randomisation && randomise(m, baseline, system, r, &d, err)))
        return -1;
    if (d.delta == 0)
        d.p = 1; /* every sample is as extreme; counting those that are more so would say 0 */
    *difference = d;
    return 0;
}
