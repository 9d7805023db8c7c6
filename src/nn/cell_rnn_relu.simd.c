/* The simple recurrent network with rectified units (Le, Jaitly and Hinton 2015), h' = max(a, 0),
 * as PyTorch's nn.RNN with nonlinearity="relu". */
#include "base/simd.h"
#include "nn/cell_simple.h"

static inline real activation(real sum)
{
    return sum > 0 ? sum : 0;
}

static inline real slope(real value)
{
    return value > 0 ? 1 : 0;
}

const struct cell SIMD(cell_rnn_relu) = {
    .name = "rnn_relu",
    .gates = 1,
    .states = 1,
    .declare = declare,
    .forward = forward,
    .backward = backward,
    .weight_gradient = gradients,
};
