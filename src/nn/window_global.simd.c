/* All words, as the score has them. */
#include "base/simd.h"
#include "nn/attention.h"

const struct attention_window SIMD(window_global) = {
    .name = "global",
};
