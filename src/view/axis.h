/* axis.h -- where a value lies on an axis, and which values get a tick. */
#ifndef SATZ_VIEW_AXIS_H
#define SATZ_VIEW_AXIS_H

#include <stdbool.h>

enum { AXIS_TICKS = 24, AXIS_TEXT = 32 };

struct axis {
    double low, high; /* low < high */
    bool is_log;
    double ticks[AXIS_TICKS]; /* ascending, within low..high */
    int n_ticks;
    double step; /* between the ticks of a linear axis */
};

/* An axis over low..high (finite, at most 1e100 in size; positive when is_log) with about `wanted`
 * ticks, 2..8. Ticks are multiples of 1, 2 or 5 times a power of ten. A range that is empty, or too
 * narrow to be told from rounding, is widened around its middle. */
void axis_init(struct axis *a, double low, double high, int wanted, bool is_log);

/* 0 at low, 1 at high. On a logarithmic axis the value must be positive. */
double axis_place(const struct axis *a, double value);

/* A tick's label, such as 0.25, 40 or 120k. */
void axis_format(const struct axis *a, double value, char text[AXIS_TEXT]);

#endif
