#include "train/check.h"

#include <math.h>

#include "base/rng.h"

enum { SAMPLES = 3 }; /* of each parameter */

const struct feed_load *check_take(const struct team *t, const struct check_step *s, int i,
                                   struct chance *chance, struct satz_error *err)
{
    const uint32_t *pairs = s->pairs;
    for (int k = 0; k < i; k++)
        pairs += s->counts[k];
    *chance = schedule_chance(s->recipe, s->epoch, s->update, i);
    return feed_take_pairs(s->feed, pairs, s->counts[i], t->n_threads, err);
}

static int loss_at(struct team *t, const struct check_step *s, real *x, double value, double *loss,
                   struct satz_error *err)
{
    struct loss_sums sums = {0};
    *x = (real)value;
    team_pack(t);
    for (int i = 0; i < s->n_batches; i++) {
        struct chance chance;
        const struct feed_load *load = check_take(t, s, i, &chance, err);
        if (!load || team_loss(t, load, chance, &sums, err) < 0)
            return -1;
    }
    *loss = sums.loss;
    return 0;
}

/* Fourth-order central difference of the summed loss. */
static int derivative(struct team *t, const struct check_step *s, real *x, double h, double *slope,
                      struct satz_error *err)
{
    static const int steps[4] = {-2, -1, 1, 2};
    double at[4], kept = (double)*x;
    int status = 0;
    for (int i = 0; i < 4 && status == 0; i++)
        status = loss_at(t, s, x, kept + steps[i] * h, &at[i], err);
    *x = (real)kept;
    if (status == 0)
        *slope = (at[0] - 8 * at[1] + 8 * at[2] - at[3]) / (12 * h);
    return status;
}

enum check_verdict check_judge(double analytic, const double *numeric, int n, double floor,
                               double *nearest, double *error)
{
    double spread = INFINITY; /* of the two neighbours that agree best */
    *error = INFINITY;
    *nearest = numeric[0];
    for (int i = 0; i < n; i++) {
        double scale = fmax(fmax(fabs(numeric[i]), fabs(analytic)), floor);
        double apart = scale > 0 ? fabs(numeric[i] - analytic) / scale : 0;
        if (apart < *error) {
            *error = apart;
            *nearest = numeric[i];
        }
        if (i > 0 && scale > 0)
            spread = fmin(spread, fabs(numeric[i] - numeric[i - 1]) / scale);
    }
    if (*error < CHECK_TOLERANCE)
        return CHECK_RIGHT;
    return spread < *error / 10 ? CHECK_WRONG : CHECK_UNCLEAR;
}

/* A smaller step has a rectified unit on one side of its corner for all four points. */
static int compare(struct team *t, const struct check_step *s, long tokens, struct check_result *r,
                   double floor, struct satz_error *err)
{
    static const double steps[] = {1e-3, 1e-4, 1e-5, 1e-6};
    enum { STEPS = sizeof steps / sizeof *steps };
    struct mat value = params_mat(&t->network->params, r->param);
    real *x = mat_row(value, r->row) + r->column;
    double numeric[STEPS] = {0};
    r->error = INFINITY;
    for (int i = 0; i < STEPS && r->error > CHECK_TOLERANCE / 10; i++) {
        if (derivative(t, s, x, steps[i], &numeric[i], err) < 0)
            return -1;
        numeric[i] /= (double)tokens;
        r->verdict = check_judge(r->analytic, numeric, i + 1, floor, &r->numeric, &r->error);
    }
    return 0;
}

/* Sample 0 is the value with the largest gradient. */
static int pick(struct mat gradient, int param, int sample, double *largest)
{
    int n = gradient.rows * gradient.cols, at = 0;
    for (int k = 0; k < n; k++)
        if (fabs((double)gradient.data[k]) > fabs((double)gradient.data[at]))
            at = k;
    *largest = fabs((double)gradient.data[at]);
    return sample == 0 ? at : (int)rng_below((uint64_t)param, (uint64_t)sample, (uint64_t)n);
}

int check_gradient(struct team *t, const struct check_step *s, long tokens, double norm,
                   struct check_result *result, struct satz_error *err)
{
    const struct params *p = &t->network->params;
    *result = (struct check_result){0};
    int status = 0;
    for (int i = 0; i < p->count && status == 0; i++)
        for (int sample = 0; sample < SAMPLES && status == 0; sample++) {
            double largest;
            struct mat gradient = params_view(p, t->gradients[0], i);
            int at = pick(gradient, i, sample, &largest);
            struct check_result r = {.param = i,
                                     .row = at / gradient.cols,
                                     .column = at % gradient.cols,
                                     .analytic = (double)gradient.data[at]};
            status = compare(t, s, tokens, &r, fmax(1e-3 * largest, 1e-6 * norm), err);
            r.values = result->values + 1;
            r.unclear = result->unclear + (r.verdict == CHECK_UNCLEAR);
            if (status == 0 && (r.values == 1 || r.verdict > result->verdict ||
                                (r.verdict == result->verdict && !(r.error <= result->error))))
                *result = r;
            result->values = r.values;
            result->unclear = r.unclear;
        }
    team_pack(t);
    return status;
}
