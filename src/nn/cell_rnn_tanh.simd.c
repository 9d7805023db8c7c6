/* The simple recurrent network (Elman 1990), h' = tanh(a), as PyTorch's nn.RNN. */
#include "base/simd.h"
#include "compute/vmath.h"
#include "nn/cell_simple.h"

static inline real activation(real sum)
{
    return vmath_tanh(sum);
}

static inline real slope(real value)
{
    return 1 - value * value;
}

const struct cell SIMD(cell_rnn_tanh) = {
    .name = "rnn_tanh",
    .gates = 1,
    .states = 1,
    .declare = declare,
    .forward = forward,
    .backward = backward,
    .weight_gradient = gradients,
};
