/* Every metric of any two or three texts ("hypothesis\nreference\nreference"): scores are within
 * their range, a text scores best against itself, and specifications of any bytes are read or
 * refused. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "eval.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const specifications[] = {
    "bleu:effective_order", "bleu:tokenise=intl,smoothing=add-k", "chrf:word_order=2",
    "chrf:eps_smoothing",   "ter:normalised,no_punct,asian",      "ter"};

enum { N = sizeof specifications / sizeof specifications[0] };

static struct metric *metrics[N];

static double score(struct metric *m, const char *hypothesis, const char *const *references, int n)
{
    double row[METRIC_STATISTICS_LIMIT];
    if (metric_count(m, hypothesis, references, n, row, NULL))
        return 0;
    double s = metric_score(m, row);
    if (!(s >= 0) || (!metric_lower_is_better(m) && s > 100.000001))
        abort();
    return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1), *references[2] = {NULL, NULL};
    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    metric_free(metric_new(text, NULL));
    references[0] = strchr(text, '\n');
    if (references[0]) {
        *references[0]++ = '\0';
        references[1] = strchr(references[0], '\n');
        if (references[1])
            *references[1]++ = '\0';
    }
    for (int i = 0; i < N; i++) {
        if (!metrics[i])
            metrics[i] = metric_new(specifications[i], NULL);
        const char *self = text;
        double best = score(metrics[i], text, &self, 1);
        double other = score(metrics[i], text, (const char *const *)references, 2);
        if (metric_lower_is_better(metrics[i]) ? best != 0 : other > best + 1e-6 && best > 99)
            abort();
    }
    free(text);
    return 0;
}
