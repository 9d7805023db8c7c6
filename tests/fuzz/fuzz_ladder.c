/* Any bytes as a ladder: of what is taken, each rung has a recipe or a reason why not. */
#include "config/ladder.h"
#include "scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ladder l;
    struct satz_error err;
    const char *path = scratch_path("ladder.yaml");
    scratch_write(path, data, size);
    scratch_write(scratch_path("base.yaml"), "model: {embedding: 8}\n", 22);
    if (ladder_load(&l, path, &err) < 0)
        return 0;
    for (int i = 0; i < l.n_rungs; i++) {
        struct recipe r;
        if (l.rungs[i].from >= i || ladder_find(&l, l.rungs[i].name, &err) != i)
            abort();
        if (ladder_recipe(&l, i, NULL, 0, &r, &err) == 0)
            recipe_release(&r);
    }
    ladder_release(&l);
    return 0;
}
