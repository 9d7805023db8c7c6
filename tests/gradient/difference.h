/* difference.h -- a model's gradient against central differences of its loss. */
#ifndef SATZ_TESTS_GRADIENT_DIFFERENCE_H
#define SATZ_TESTS_GRADIENT_DIFFERENCE_H

#include <math.h>
#include <stdio.h>

#include "tests/model/fixture.h"

static const double tolerance = 1e-6;

/* What the gradient is of. With attention.window hard that is the loss along the path drawn plus
 * sum_t advantage_t log alpha_{s_t}, the advantages being constants: those of the last gradient. */
static inline double objective(struct fixture *f)
{
    double value = fixture_loss(f).loss;
    const struct decoder *d = &f->model.decoder;
    const struct attention_rows *rows = &f->memory.rows.attention;
    if (d->place == PLACE_NONE || !d->attention.window->samples)
        return value;
    for (int r = 0; r < rows->weights.rows; r++) {
        int word = (int)*mat_row(rows->centre, r);
        value +=
            (double)*mat_row(rows->advantage, r) * log((double)mat_row(rows->weights, r)[word]);
    }
    return value;
}

/* Fourth-order central difference of the loss. */
static inline double derivative(struct fixture *f, real *x, double h)
{
    real kept = *x;
    double at[4];
    for (int i = 0; i < 4; i++) {
        static const int steps[4] = {-2, -1, 1, 2};
        *x = kept + (real)(steps[i] * h);
        at[i] = objective(f);
    }
    *x = kept;
    return (at[0] - 8 * at[1] + 8 * at[2] - at[3]) / (12 * h);
}

/* With h = 1e-3 neither h^4 nor rounding is seen, unless between the points a rectified unit
 * changes sides, a word leaves a window, or another is drawn: then a smaller step has them all on
 * one side. Sets *numeric and returns its relative error. */
static inline double error_of(struct fixture *f, real *x, double analytic, double largest,
                              double *numeric)
{
    double error = 0;
    for (double h = 1e-3; h > 5e-6; h /= 10) {
        *numeric = derivative(f, x, h);
        double scale = fmax(fmax(fabs(*numeric), fabs(analytic)), 1e-3 * largest);
        error = scale > 0 ? fabs(*numeric - analytic) / scale : 0;
        if (error < tolerance)
            break;
    }
    return error;
}

/* The baseline is fitted to the costs, which nothing else follows: tests/gradient/test_hard.c. */
static inline bool is_baseline(const char *name)
{
    return strncmp(name, "decoder.attention.baseline", strlen("decoder.attention.baseline")) == 0;
}

/* Largest |numeric - analytic| / max(1e-3 * largest gradient, |numeric|, |analytic|) over about
 * `sample` elements of each parameter. */
static inline double worst_error(struct fixture *f, int sample, char *where, size_t size)
{
    struct loss_sums sums = {0};
    fixture_pack(f);
    seq2seq_gradient(&f->pass, &f->model, &f->batch, 1, &f->memory, &sums);
    double worst = 0;
    for (int i = 0; i < f->model.params.count; i++) {
        struct mat value = params_mat(&f->model.params, i);
        struct mat gradient = params_view(&f->model.params, f->pass.gradients, i);
        int n = value.rows * value.cols, stride = n / sample + 1;
        double largest = 0;
        if (is_baseline(f->model.params.entries[i].name))
            continue;
        for (int k = 0; k < n; k++)
            largest = fmax(largest, fabs((double)gradient.data[k]));
        for (int k = 0; k < n; k += stride) {
            double numeric, analytic = (double)gradient.data[k];
            double error = error_of(f, &value.data[k], analytic, largest, &numeric);
            if (error > worst) {
                worst = error;
                snprintf(where, size, "%s[%d]: numeric %.10g, analytic %.10g",
                         f->model.params.entries[i].name, k, numeric, analytic);
            }
        }
    }
    return worst;
}

/* Checks the model of a recipe. */
static inline void check_recipe(const char *yaml, int sample)
{
    struct fixture f;
    char where[256] = "";
    fixture_init(&f, yaml, "openblas");
    double error = worst_error(&f, sample, where, sizeof where);
    if (!(error < tolerance))
        fail_msg("%s: relative error %.3g at %s", yaml, error, where);
    fixture_release(&f);
}

#endif
