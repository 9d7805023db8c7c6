#include "train/schedule.h"

#include <math.h>
#include <string.h>

#include "base/lists.h"

static double at_least(const struct recipe *recipe, double rate)
{
    return rate < recipe->schedule.minimum_rate ? recipe->schedule.minimum_rate : rate;
}

static double constant_rate(const struct recipe *recipe, const struct schedule_state *state,
                            uint64_t step)
{
    (void)state;
    (void)step;
    return recipe->optimizer.rate;
}

/* rate min(step / warmup, sqrt(warmup / step)): the shape of Vaswani 2017, eq. 3, its peak given.
 */
static double warmup_rate(const struct recipe *recipe, const struct schedule_state *state,
                          uint64_t step)
{
    (void)state;
    double x = (double)step / recipe->schedule.warmup;
    return at_least(recipe, recipe->optimizer.rate * (x < 1 ? x : 1 / sqrt(x)));
}

static double plateau_rate(const struct recipe *recipe, const struct schedule_state *state,
                           uint64_t step)
{
    (void)step;
    return at_least(recipe, recipe->optimizer.rate * state->factor);
}

static void ignore(const struct recipe *recipe, struct schedule_state *state, bool improved)
{
    (void)recipe;
    (void)state;
    (void)improved;
}

static void plateau_validated(const struct recipe *recipe, struct schedule_state *state,
                              bool improved)
{
    state->stale = improved ? 0 : state->stale + 1;
    if (state->stale > recipe->schedule.patience) {
        state->factor *= recipe->schedule.factor;
        state->stale = 0;
    }
}

static const struct schedule schedule_constant = {"constant", constant_rate, ignore};
static const struct schedule schedule_warmup = {"warmup", warmup_rate, ignore};
static const struct schedule schedule_plateau = {"plateau", plateau_rate, plateau_validated};

const struct schedule *schedule_find(const char *name)
{
#define MATCH(schedule, doc)                                                                       \
    if (strcmp(name, #schedule) == 0)                                                              \
        return &schedule_##schedule;
    SCHEDULE_LIST(MATCH)
#undef MATCH
    return NULL;
}
