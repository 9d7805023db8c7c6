#include "view/axis.h"

#include <math.h>
#include <stdio.h>

static double nice_step(double span, int wanted)
{
    double rough = span / wanted;
    double power = pow(10, floor(log10(rough)));
    double digit = rough / power;
    return power * (digit < 1.5 ? 1 : digit < 3.5 ? 2 : digit < 7.5 ? 5 : 10);
}

static void add_tick(struct axis *a, double value)
{
    /* A tick at the very end may have been rounded past it. */
    double slack = 1e-9 * (a->high - a->low);
    if (a->n_ticks < AXIS_TICKS && value >= a->low - slack && value <= a->high + slack)
        a->ticks[a->n_ticks++] = fmin(fmax(value, a->low), a->high);
}

static void linear_ticks(struct axis *a, int wanted)
{
    a->step = nice_step(a->high - a->low, wanted);
    double first = ceil(a->low / a->step - 1e-9), last = floor(a->high / a->step + 1e-9);
    for (double k = first; k <= last; k++)
        add_tick(a, k * a->step + 0.0);
}

static void log_ticks(struct axis *a, int wanted)
{
    double first = ceil(log10(a->low) - 1e-9), last = floor(log10(a->high) + 1e-9);
    int decades = (int)(last - first) + 1;
    if (decades >= 3) {
        int stride = (decades + wanted - 1) / wanted;
        for (double e = first; e <= last; e += stride)
            add_tick(a, pow(10, e));
        return;
    }
    static const double digits[] = {1, 2, 5};
    for (double e = first - 1; e <= last; e++) {
        for (int i = 0; i < 3; i++)
            add_tick(a, digits[i] * pow(10, e));
    }
    if (a->n_ticks < 3) {
        a->n_ticks = 0;
        linear_ticks(a, wanted);
    }
}

void axis_init(struct axis *a, double low, double high, int wanted, bool is_log)
{
    double size = fmax(fabs(low), fabs(high));
    if (high - low < fmax(1e-9 * size, 1e-100)) {
        double around = size > 1e-90 ? 0.1 * size : 1;
        low -= around;
        high += around;
    }
    *a = (struct axis){.low = low, .high = high, .is_log = is_log};
    if (is_log)
        log_ticks(a, wanted);
    else
        linear_ticks(a, wanted);
}

double axis_place(const struct axis *a, double value)
{
    if (a->is_log)
        return log(value / a->low) / log(a->high / a->low);
    return (value - a->low) / (a->high - a->low);
}

void axis_format(const struct axis *a, double value, char text[AXIS_TEXT])
{
    static const struct {
        double size;
        const char *sign;
    } units[] = {{1e9, "G"}, {1e6, "M"}, {1e3, "k"}};
    double size = fmax(fabs(a->low), fabs(a->high));
    if (a->step == 0 || size < 1e-3 || size >= 1e12) {
        snprintf(text, AXIS_TEXT, "%.4g", value);
        return;
    }
    double unit = 1;
    const char *sign = "";
    for (int i = 0; i < 3 && size >= 1e4; i++) {
        if (size >= units[i].size) {
            unit = units[i].size;
            sign = value == 0 ? "" : units[i].sign;
            break;
        }
    }
    int decimals = (int)fmax(0, ceil(-log10(a->step / unit) - 1e-9));
    if (value == 0)
        decimals = unit > 1 ? 0 : decimals;
    snprintf(text, AXIS_TEXT, "%.*f%s", decimals, value / unit, sign);
}
