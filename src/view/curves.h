/* curves.h -- training curves: panels stacked over one x axis, each with its own y axis. */
#ifndef SATZ_VIEW_CURVES_H
#define SATZ_VIEW_CURVES_H

#include <stdbool.h>

#include "base/error.h"

enum { CURVES_PANELS = 16 };

/* Everything is the caller's. */
struct curve {
    const char *name;    /* for the legend; NULL or "" for none */
    const double *x, *y; /* n_points values each, x ascending and finite */
    int n_points;
};

struct curve_panel {
    const char *label; /* what y is, with its unit */
    const struct curve *curves;
    int n_curves;
    bool is_log; /* logarithmic y */
};

struct curves {
    const char *title;   /* NULL for none */
    const char *x_label; /* NULL for none */
    const struct curve_panel *panels;
    int n_panels; /* 1..CURVES_PANELS, drawn from the top */
};

/* Writes the picture; the ending of `path` picks PNG, SVG or PDF. Where y is not finite, larger
 * than 1e100, or not positive on a logarithmic axis, the line has a gap. The file is replaced as a
 * whole or, on an error, left as it was. */
int curves_write(const char *path, const struct curves *c, struct satz_error *err);

#endif
