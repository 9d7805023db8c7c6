/* Monotone (Luong 2015, 3.2): the target's word t looks at [t - D, t + D]. Beyond the source's end
 * the centre stays at its last word: p_t = min(t, S - 1). */
#include "base/simd.h"
#include "nn/attention.h"

const struct attention_window SIMD(window_local_m) = {
    .name = "local_m",
    .local = true,
    .steps = true,
};
