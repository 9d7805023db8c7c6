/* The costs of guided alignment: attention.h. */
#include <math.h>

#include "base/lists.h"
#include "nn/attention.h"

/* Weights below count as this one and have no gradient: a softmax in single precision ends not far
 * below, and a quotient by it is still finite. */
static const real least = (real)1e-30;

static bool is_seen(int first, int n, int step)
{
    return step >= first && step < first + n;
}

static double cost_ce(int first, int n, const real *weights, int entries, const int *step,
                      const float *share)
{
    double sum = 0;
    for (int i = 0; i < entries; i++)
        if (is_seen(first, n, step[i])) {
            real w = weights[step[i] - first];
            sum -= (double)share[i] * log((double)(w < least ? least : w));
        }
    return sum;
}

static void backward_ce(int first, int n, const real *weights, int entries, const int *step,
                        const float *share, real scale, real *d)
{
    for (int i = 0; i < entries; i++)
        if (is_seen(first, n, step[i]) && weights[step[i] - first] > least)
            d[step[i] - first] -= scale * (real)share[i] / weights[step[i] - first];
}

/* sum_j (w_j - A_j)^2 = sum_j w_j^2 + sum over entries of A_i^2 - 2 A_i w_i */
static double cost_mse(int first, int n, const real *weights, int entries, const int *step,
                       const float *share)
{
    double sum = 0;
    for (int j = 0; j < n; j++)
        sum += (double)weights[j] * (double)weights[j];
    for (int i = 0; i < entries; i++)
        if (is_seen(first, n, step[i]))
            sum += (double)share[i] * ((double)share[i] - 2 * (double)weights[step[i] - first]);
    return sum / 2;
}

static void backward_mse(int first, int n, const real *weights, int entries, const int *step,
                         const float *share, real scale, real *d)
{
    for (int j = 0; j < n; j++)
        d[j] += scale * weights[j];
    for (int i = 0; i < entries; i++)
        if (is_seen(first, n, step[i]))
            d[step[i] - first] -= scale * (real)share[i];
}

static const struct guided_cost costs[] = {
#define ROW(cost, doc) {#cost, cost_##cost, backward_##cost},
    GUIDED_COST_LIST(ROW)
#undef ROW
};

const struct guided_cost *guided_cost_find(const char *name)
{
    for (size_t i = 0; i < sizeof costs / sizeof *costs; i++)
        if (strcmp(costs[i].name, name) == 0)
            return &costs[i];
    return NULL;
}
