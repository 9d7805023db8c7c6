#include "compute/compute.h"

#include <string.h>

#include "base/lists.h"

#define DECLARE(name, meaning) extern const struct compute_backend compute_##name;
BACKEND_LIST(DECLARE)
#undef DECLARE

#define ENTRY(name, meaning) &compute_##name,
const struct compute_backend *const compute_backends[] = {BACKEND_LIST(ENTRY) NULL};
#undef ENTRY

#define NAME(name, meaning) ", " #name
static const char names[] = "auto" BACKEND_LIST(NAME);
#undef NAME

static const char *const precisions[] = {
    [COMPUTE_F32] = "f32",
    [COMPUTE_BF16] = "bf16",
    [COMPUTE_INT8] = "int8",
};
static const size_t n_precisions = sizeof precisions / sizeof *precisions;

const char *compute_precision_name(enum compute_precision precision)
{
    return precision < n_precisions ? precisions[precision] : NULL;
}

int compute_precision_find(const char *name, enum compute_precision *precision,
                           struct satz_error *err)
{
    *precision = COMPUTE_F32;
    if (strcmp(name, "auto") == 0)
        return 0;
    for (size_t i = 0; i < n_precisions; i++)
        if (strcmp(name, precisions[i]) == 0) {
            *precision = (enum compute_precision)i;
            return 0;
        }
    return error_set(err, "unknown precision '%s'; known are: auto, f32, bf16, int8", name);
}

const struct compute_backend *compute_find(const char *name, enum compute_precision precision,
                                           struct satz_error *err)
{
    bool automatic = strcmp(name, "auto") == 0;
    for (int i = 0; compute_backends[i]; i++) {
        const struct compute_backend *b = compute_backends[i];
        if (!automatic && strcmp(name, b->name) != 0)
            continue;
        if (b->supported(precision, automatic && i > 0 ? NULL : err) == 0)
            return b;
        if (!automatic) {
            error_prefix(err, "compute backend '%s' can not be used", name);
            return NULL;
        }
    }
    if (automatic)
        error_prefix(err, "no compute backend can be used; the first of them");
    else
        error_set(err, "unknown compute backend '%s'; known are: %s", name, names);
    return NULL;
}

int compute_check(const struct compute_backend *backend, const struct compute *c,
                  struct satz_error *err)
{
    return backend->failed(c) ? error_set(err, "out of memory in a product of matrices") : 0;
}
