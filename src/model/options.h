/* options.h -- what the recipe says of initial weights, in nn's terms. */
#ifndef SATZ_MODEL_OPTIONS_H
#define SATZ_MODEL_OPTIONS_H

#include "config/recipe.h"
#include "nn/params.h"

static inline struct param_init model_weight_init(const struct recipe *recipe)
{
    return (struct param_init){
        .kind = recipe_is(recipe->model.init, "uniform")  ? PARAM_UNIFORM
                : recipe_is(recipe->model.init, "normal") ? PARAM_NORMAL
                : recipe_is(recipe->model.init, "xavier") ? PARAM_XAVIER
                                                          : PARAM_ORTHOGONAL,
        .value = (real)recipe->model.init_scale,
    };
}

#endif
