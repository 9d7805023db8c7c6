/* The recipes of satz.h. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "config/satz_recipe.h"
#include "config/schema.h"

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

char *satz_recipe_manual(struct satz_error *err)
{
    struct strbuf out = {0};
    recipe_write_manual(&out);
    return strbuf_detach(&out, err);
}

static const char *const key_names[N_KEYS] = {
#define INTEGER(section, key, value, least, most, meaning) #section "." #key,
#define REAL(section, key, value, least, most, meaning)    #section "." #key,
#define FRACTION(section, key, value, meaning)             #section "." #key,
#define BOOLEAN(section, key, value, meaning)              #section "." #key,
#define CHOICE(section, key, value, list, meaning)         #section "." #key,
#define TEXT(section, key, value, meaning)                 #section "." #key,
#define TEXTS(section, key, meaning)                       #section "." #key,
#include "config/keys.h"
};

const char *satz_recipe_key(int index)
{
    return index >= 0 && index < N_KEYS ? key_names[index] : NULL;
}

const char *satz_recipe_choice(const char *key, int index)
{
    int k = 0;
    while (k < N_KEYS && strcmp(key_names[k], key) != 0)
        k++;
    if (k == N_KEYS || schema_keys[k].type != KEY_CHOICE || index < 0)
        return NULL;
    for (const struct key_choice *c = schema_keys[k].choices; c->name; c++)
        if (index-- == 0)
            return c->name;
    return NULL;
}
