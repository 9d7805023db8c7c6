#include "train/optimizer.h"

#include <string.h>

#include "base/lists.h"
#include "base/simd.h"

#define DECLARE(name, doc) SIMD_DECLARE(const struct optimizer, optimizer_##name);
OPTIMIZER_LIST(DECLARE)
#undef DECLARE

const struct optimizer *optimizer_find(const char *name)
{
#define MATCH(optimizer, doc)                                                                      \
    if (strcmp(name, #optimizer) == 0)                                                             \
        return SIMD_BEST(optimizer_##optimizer);
    OPTIMIZER_LIST(MATCH)
#undef MATCH
    return NULL;
}
