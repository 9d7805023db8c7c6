#include "nn/embed.h"

void embed_forward(const struct pass *pass, int param, const int *ids, struct mat x)
{
    struct mat table = params_mat(pass->params, param);
    assert(x.cols == table.cols);
    for (int i = 0; i < x.rows; i++)
        memcpy(mat_row(x, i), mat_row(table, ids[i]), (size_t)x.cols * sizeof(real));
}

void embed_backward(const struct pass *pass, int param, const int *ids, struct mat dx)
{
    struct mat table = params_view(pass->params, pass->gradients, param);
    assert(dx.cols == table.cols);
    for (int i = 0; i < dx.rows; i++) {
        pass->kernels->add_rows(mat_rows(table, ids[i], 1), mat_rows(dx, i, 1));
        if (pass->touched)
            params_mark(pass->params, pass->touched, param, ids[i], 1);
    }
}
