/* e_j = q.h_j (Luong 2015, 3.1): query and annotation are of one width. */
#include "base/simd.h"
#include "nn/score_product.h"

const struct score SIMD(score_dot) = {
    .name = "dot",
    .energy = score_product,
    .energy_backward = score_product_backward,
};
