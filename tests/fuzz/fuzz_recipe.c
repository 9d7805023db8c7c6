/* Any bytes as a recipe, and as settings: what is taken can be written as YAML, and that YAML read
 * again gives the same recipe. */
#include <string.h>

#include "config/recipe.h"
#include "scratch.h"

static void check_round_trip(const struct recipe *r)
{
    struct strbuf first = {0}, second = {0};
    struct recipe again;
    struct satz_error err;
    recipe_write_yaml(r, &first);
    if (recipe_parse(&again, first.data, first.length, "again", &err) < 0) {
        fprintf(stderr, "%s\n%s", err.message, first.data);
        abort();
    }
    recipe_write_yaml(&again, &second);
    if (strcmp(first.data, second.data) != 0)
        abort();
    recipe_release(&again);
    strbuf_release(&first);
    strbuf_release(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct recipe r;
    struct satz_error err;
    if (recipe_parse(&r, (const char *)data, size, "recipe", &err) == 0) {
        check_round_trip(&r);
        recipe_release(&r);
    }
    char *text = malloc(size + 1);
    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    const char *settings[16];
    size_t n = 0;
    for (char *at = strtok(text, "\n"); at && n < 16; at = strtok(NULL, "\n"))
        settings[n++] = at;
    if (recipe_load(&r, NULL, settings, n, &err) == 0) {
        check_round_trip(&r);
        recipe_release(&r);
    }
    free(text);
    return 0;
}
