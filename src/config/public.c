/* The recipes of satz.h. */
#include <stdlib.h>

#include "base/memory.h"
#include "config/satz_recipe.h"

struct satz_recipe *satz_recipe_new(const char *path, const char *const *settings,
                                    size_t n_settings, struct satz_error *err)
{
    struct satz_recipe *recipe = memory_new(1, sizeof *recipe, err);
    if (recipe && recipe_load(&recipe->recipe, path, settings, n_settings, err) < 0) {
        free(recipe);
        return NULL;
    }
    return recipe;
}

void satz_recipe_free(struct satz_recipe *recipe)
{
    if (recipe)
        recipe_release(&recipe->recipe);
    free(recipe);
}

const char *satz_recipe_folder(const struct satz_recipe *recipe)
{
    return recipe->recipe.train.folder;
}

char *satz_recipe_yaml(const struct satz_recipe *recipe, struct satz_error *err)
{
    struct strbuf out = {0};
    recipe_write_yaml(&recipe->recipe, &out);
    return strbuf_detach(&out, err);
}

char *satz_recipe_reference(struct satz_error *err)
{
    struct strbuf out = {0};
    recipe_write_reference(&out);
    return strbuf_detach(&out, err);
}
