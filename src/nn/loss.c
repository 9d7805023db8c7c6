#include "nn/loss.h"

#include "base/simd.h"

SIMD_DECLARE(const struct loss_kernels, loss_kernels);

void loss_plan(const struct loss *l, const struct weights *w, struct arena *arena,
               struct mat *logits)
{
    *logits = pass_mat(arena, LOSS_CHUNK, w->list[l->weight].out);
}

void loss_logits(const struct pass *pass, const struct loss *l, struct mat a, struct mat logits)
{
    weight_forward(pass, l->weight, a, 0, logits);
    pass->kernels->add_bias_rows(logits, params_mat(pass->params, l->bias).data);
}

/* Rows of the next chunk where `left` are left: as many as of the others, since few rows make slow
 * products; an even number, for twins. */
static int chunk_rows(int left)
{
    int chunks = (left + LOSS_CHUNK - 1) / LOSS_CHUNK, rows = (left + chunks - 1) / chunks;
    rows += rows % 2;
    return rows < left ? rows : left;
}

/* Row r's loss, which is added to the sums. */
static double row_loss(const struct loss *l, const struct loss_kernels *k, struct mat z, int r,
                       real log_sum, int target, struct loss_sums *sums)
{
    const real *row = mat_row(z, r);
    double nll = (double)log_sum - (double)row[target];
    double uniform = (double)log_sum - (double)k->sum(z.cols, row) / z.cols;
    double loss = (1 - (double)l->smoothing) * nll + (double)l->smoothing * uniform;
    sums->nll += nll;
    sums->loss += loss;
    sums->tokens++;
    return loss;
}

/* What rows r and r + 1 disagree, into the sums. */
static void twins_loss(const struct loss *l, const struct loss_kernels *k, struct mat z, int r,
                       const real *log_sums, real *pq, real *qp, struct loss_sums *sums)
{
    const real *p = mat_row(z, r), *q = mat_row(z, r + 1);
    *pq = k->divergence(z.cols, p, log_sums[r], q, log_sums[r + 1]);
    *qp = k->divergence(z.cols, q, log_sums[r + 1], p, log_sums[r]);
    sums->loss += (double)l->agreement / 2 * ((double)*pq + (double)*qp);
}

void loss_forward(const struct pass *pass, const struct loss *l, struct mat a, const int *targets,
                  struct mat logits, struct loss_sums *sums)
{
    const struct loss_kernels *k = SIMD_BEST(loss_kernels);
    real log_sums[LOSS_CHUNK];
    for (int from = 0, n; from < a.rows; from += n) {
        n = chunk_rows(a.rows - from);
        struct mat z = mat_rows(logits, 0, n);
        loss_logits(pass, l, mat_rows(a, from, n), z);
        pass->kernels->log_sum_exp_rows(z, log_sums);
        for (int r = 0; r < n; r++)
            row_loss(l, k, z, r, log_sums[r], targets[from + r], sums);
        for (int r = 0; r < n && l->agreement > 0; r += 2) {
            real pq, qp;
            twins_loss(l, k, z, r, log_sums, &pq, &qp, sums);
        }
    }
}

/* z becomes scale times its gradient, but for the targets. */
static void rows_gradient(const struct loss *l, const struct loss_kernels *k, struct mat z,
                          const real *log_sums, real scale, struct loss_sums *sums)
{
    real floor = l->smoothing / (real)z.cols;
    if (l->agreement <= 0) {
        for (int r = 0; r < z.rows; r++)
            k->gradient(z.cols, mat_row(z, r), log_sums[r], floor, scale);
        return;
    }
    assert(z.rows % 2 == 0);
    for (int r = 0; r < z.rows; r += 2) {
        real pq, qp;
        twins_loss(l, k, z, r, log_sums, &pq, &qp, sums);
        k->twins_gradient(z.cols, mat_row(z, r), log_sums[r], pq, mat_row(z, r + 1),
                          log_sums[r + 1], qp, floor, scale, l->agreement / 2);
    }
}

void loss_backward(const struct pass *pass, const struct loss *l, struct mat a, const int *targets,
                   real scale, struct mat logits, struct mat d_a, double *losses,
                   struct loss_sums *sums)
{
    const struct loss_kernels *k = SIMD_BEST(loss_kernels);
    real log_sums[LOSS_CHUNK];
    for (int from = 0, n; from < a.rows; from += n) {
        n = chunk_rows(a.rows - from);
        struct mat z = mat_rows(logits, 0, n);
        loss_logits(pass, l, mat_rows(a, from, n), z);
        pass->kernels->log_sum_exp_rows(z, log_sums);
        for (int r = 0; r < n; r++) {
            double loss = row_loss(l, k, z, r, log_sums[r], targets[from + r], sums);
            if (losses)
                losses[from + r] = loss;
        }
        rows_gradient(l, k, z, log_sums, scale, sums);
        for (int r = 0; r < n; r++)
            mat_row(z, r)[targets[from + r]] -= scale * (1 - l->smoothing);
        weight_backward(pass, l->weight, z, 0, mat_rows(d_a, from, n));
        weight_gradient(pass, l->weight, z, mat_rows(a, from, n));
        bias_gradient(pass, l->bias, z);
    }
}
