#include "decode/normalise.h"

#include <math.h>
#include <string.h>

#include "config/choices.h"

static double power(int tokens, double penalty)
{
    return pow(tokens, penalty);
}

/* Wu et al. 2016, eq. 14. */
static double gnmt(int tokens, double penalty)
{
    return pow((5.0 + tokens) / 6.0, penalty);
}

static const struct normalisation normalisations[] = {
#define ROW(name_, meaning) {.name = #name_, .divisor = name_},
    LENGTH_NORMALISATION_LIST(ROW)
#undef ROW
};

const struct normalisation *const normalisation_power = &normalisations[0];

const struct normalisation *normalisation_find(const char *name)
{
    for (size_t i = 0; i < sizeof normalisations / sizeof *normalisations; i++)
        if (strcmp(normalisations[i].name, name) == 0)
            return &normalisations[i];
    return NULL;
}
