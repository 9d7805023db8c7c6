/* heatmap.h -- attention weights as a picture: source words along the top, target words down the
 * left, the darker a cell the heavier its weight (Bahdanau et al. 2015, figure 3). */
#ifndef SATZ_VIEW_HEATMAP_H
#define SATZ_VIEW_HEATMAP_H

#include "base/error.h"

/* More would be unreadable, and a PNG of them past 300 MB in memory. */
enum { HEATMAP_WORDS = SATZ_DRAWN_WORDS };

/* Everything is the caller's. Words are UTF-8; control characters are shown as "<U+0007>". */
struct heatmap {
    const char *const *sources;
    int n_sources; /* 1..HEATMAP_WORDS */
    const char *const *targets;
    int n_targets;                     /* 1..HEATMAP_WORDS */
    const float *weights;              /* [n_targets, n_sources], finite and not negative */
    const char *title;                 /* NULL for none */
    const char *note;                  /* a line under the picture; NULL for none */
    long number;                       /* of the sentence, on a page; 0: its place there, from 1 */
    const struct satz_window *windows; /* [n_targets], finite; NULL: none */
};

/* Checks the counts and weights against what is said above. The message names the cell at fault. */
int heatmap_check(const struct heatmap *h, struct satz_error *err);

/* The heaviest weight, or 1 when all are 0: the weight that the darkest colour stands for. */
double heatmap_scale(const struct heatmap *h);

/* Writes the picture; the ending of `path` picks PNG, SVG or PDF. Long words are shortened. The
 * file is replaced as a whole or, on an error, left as it was. 1 as figure_close (view/figure.h).
 */
int heatmap_write(const char *path, const struct heatmap *h, struct satz_error *err);

#endif
