/* satz_recipe.h -- what the public interface's opaque recipe is, for the modules behind it. */
#ifndef SATZ_CONFIG_SATZ_RECIPE_H
#define SATZ_CONFIG_SATZ_RECIPE_H

#include "config/recipe.h"

struct satz_recipe {
    struct recipe recipe;
};

#endif
