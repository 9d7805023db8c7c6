/* onednn.c -- oneDNN: weights in its blocked format, single precision. */
#include "compute/compute.h"

static int onednn_supported(enum compute_precision precision, struct satz_error *err)
{
    (void)precision;
    return error_set(err, "this build has no oneDNN; set compute.backend to openblas");
}

extern const struct compute_backend compute_onednn;
const struct compute_backend compute_onednn = {.name = "onednn", .supported = onednn_supported};
