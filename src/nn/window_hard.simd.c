/* One word is seen, drawn from alpha (Xu 2015, 4.1); attention.h has the estimator. */
#include "base/simd.h"
#include "nn/attention.h"

const struct attention_window SIMD(window_hard) = {
    .name = "hard",
    .samples = true,
};
