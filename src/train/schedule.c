#include "train/schedule.h"

#include <math.h>
#include <string.h>

#include "base/lists.h"
#include "base/rng.h"

static double at_least(const struct recipe *recipe, double rate)
{
    return rate < recipe->schedule.minimum_rate ? recipe->schedule.minimum_rate : rate;
}

static double constant_rate(const struct recipe *recipe, const struct schedule_state *state,
                            struct schedule_time time)
{
    (void)state;
    (void)time;
    return recipe->optimizer.rate;
}

/* rate min(step / warmup, sqrt(warmup / step)): the shape of Vaswani 2017, eq. 3, its peak given.
 */
static double warmup_rate(const struct recipe *recipe, const struct schedule_state *state,
                          struct schedule_time time)
{
    (void)state;
    double x = (double)time.step / recipe->schedule.warmup;
    return at_least(recipe, recipe->optimizer.rate * (x < 1 ? x : 1 / sqrt(x)));
}

static double plateau_rate(const struct recipe *recipe, const struct schedule_state *state,
                           struct schedule_time time)
{
    (void)time;
    return at_least(recipe, recipe->optimizer.rate * state->factor);
}

/* Updates until the minimum; by epochs, of which each has as many as those behind it. */
static double cosine_length(const struct recipe *recipe, struct schedule_time time)
{
    if (recipe->schedule.length > 0)
        return recipe->schedule.length;
    if (recipe->train.updates > 0)
        return recipe->train.updates;
    double done = (double)time.step - 1;
    return time.epochs > 0 ? done / time.epochs * recipe->train.epochs : INFINITY;
}

/* After the warm-up: least + (rate - least) (1 + cos(pi x)) / 2, x the part of the rest that is
 * done (Loshchilov and Hutter 2016, eq. 5, without restarts). */
static double cosine_rate(const struct recipe *recipe, const struct schedule_state *state,
                          struct schedule_time time)
{
    (void)state;
    double least = recipe->schedule.minimum_rate, warmup = recipe->schedule.warmup;
    double step = (double)time.step, length = cosine_length(recipe, time);
    if (step < warmup)
        return at_least(recipe, recipe->optimizer.rate * step / warmup);
    double x = length > warmup ? fmin((step - warmup) / (length - warmup), 1) : 1;
    return least + (recipe->optimizer.rate - least) * (1 + cos(3.141592653589793 * x)) / 2;
}

/* Luong 2015, 4.1: after 5 epochs (8 with dropout) the rate is halved every epoch. */
static double halving_rate(const struct recipe *recipe, const struct schedule_state *state,
                           struct schedule_time time)
{
    (void)state;
    double late = (time.epochs - recipe->schedule.start) / recipe->schedule.interval;
    double falls = late < 0 ? 0 : floor(late + 1e-9) + 1;
    return at_least(recipe, recipe->optimizer.rate * pow(recipe->schedule.factor, falls));
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
static const struct schedule schedule_cosine = {"cosine", cosine_rate, ignore};
static const struct schedule schedule_halving = {"halving", halving_rate, ignore};
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

/* Bengio 2015, 2.4; i counts updates from 0. */
static double decay_none(const struct recipe *recipe, double i)
{
    (void)recipe;
    (void)i;
    return 1;
}

static double decay_linear(const struct recipe *recipe, double i)
{
    return recipe->scheduled.k - recipe->scheduled.c * i;
}

static double decay_exponential(const struct recipe *recipe, double i)
{
    return pow(recipe->scheduled.k, i);
}

static double decay_inverse_sigmoid(const struct recipe *recipe, double i)
{
    double k = recipe->scheduled.k;
    return k / (k + exp(i / k));
}

static const struct {
    const char *name;
    double (*truth)(const struct recipe *recipe, double i);
} decays[] = {
#define ROW(decay, doc) {#decay, decay_##decay},
    DECAY_LIST(ROW)
#undef ROW
};

struct chance schedule_chance(const struct recipe *recipe, int64_t epoch, uint64_t step, int batch)
{
    double truth = 1;
    for (size_t i = 0; i < sizeof decays / sizeof *decays; i++)
        if (recipe_is(recipe->scheduled.decay, decays[i].name))
            truth = decays[i].truth(recipe, (double)step - 1);
    return (struct chance){
        .key = rng_key((uint64_t)recipe->train.seed, step, (uint64_t)batch << 32 | 1),
        .truth = fmin(fmax(truth, recipe->scheduled.least), 1),
        .guided = recipe->train.guided_weight * pow(recipe->train.guided_decay, (double)epoch),
    };
}
