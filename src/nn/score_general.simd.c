/* e_j = q.(W h_j) (Luong 2015, 3.1): the keys W h_j are computed once per sentence. */
#include "base/simd.h"
#include "nn/score_product.h"

const struct score SIMD(score_general) = {
    .name = "general",
    .projects_key = true,
    .energy = score_product,
    .energy_backward = score_product_backward,
};
