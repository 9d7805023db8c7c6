#include "nn/pass.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/rng.h"

static int add(struct weights *w, const struct params *p, struct weight weight,
               struct satz_error *err)
{
    const struct param *e = &p->entries[weight.param];
    assert(weight.row >= 0 && weight.row + weight.out <= e->rows);
    assert(weight.column >= 0 && weight.column + weight.in <= e->cols);
    if (memory_grow(&w->list, &w->capacity, (size_t)w->count + 1, sizeof *w->list, err) < 0)
        return -1;
    w->list[w->count] = weight;
    return w->count++;
}

int weights_add(struct weights *w, const struct params *p, int param, int column, int in,
                struct satz_error *err)
{
    struct weight weight = {
        .param = param, .column = column, .in = in, .out = p->entries[param].rows};
    return add(w, p, weight, err);
}

int weights_add_rows(struct weights *w, const struct params *p, int param, int row, int out,
                     struct satz_error *err)
{
    struct weight weight = {.param = param, .row = row, .in = p->entries[param].cols, .out = out};
    return add(w, p, weight, err);
}

/* The weight's block in a matrix of the whole parameter. */
static struct mat block(const struct weight *e, struct mat whole)
{
    return mat_cols(mat_rows(whole, e->row, e->out), e->column, e->in);
}

int weights_allocate(struct weights *w, const struct compute_backend *backend, struct compute *c,
                     bool training, struct satz_error *err)
{
    w->backend = backend;
    for (int i = 0; i < w->count; i++) {
        struct weight *e = &w->list[i];
        e->forward = backend->pack_new(c, e->in, e->out, err);
        if (!e->forward)
            return -1;
        if (!training)
            continue;
        e->backward = backend->pack_new(c, e->out, e->in, err);
        if (!e->backward)
            return -1;
    }
    return 0;
}

void weights_pack(struct weights *w, int index, const struct params *p, struct compute *c)
{
    const struct weight *e = &w->list[index];
    struct mat m = block(e, params_mat(p, e->param));
    w->backend->pack(c, e->forward, m, true);
    if (e->backward)
        w->backend->pack(c, e->backward, m, false);
}

void weights_pack_rows(const struct weights *w, int index, const struct params *p,
                       struct compute *c, const int *rows, int n, struct packed *to)
{
    const struct weight *e = &w->list[index];
    w->backend->pack_rows(c, to, block(e, params_mat(p, e->param)), rows, n);
}

void weights_clear(struct weights *w)
{
    for (int i = 0; w->backend && i < w->count; i++) {
        w->backend->pack_free(w->list[i].forward);
        w->backend->pack_free(w->list[i].backward);
        w->list[i].forward = w->list[i].backward = NULL;
    }
    w->backend = NULL;
}

void weights_release(struct weights *w)
{
    weights_clear(w);
    free(w->list);
    *w = (struct weights){0};
}

void weight_forward(const struct pass *pass, int weight, struct mat x, real beta, struct mat y)
{
    const struct weight *e = &pass->weights->list[weight];
    assert(x.cols == e->in && y.cols == e->out && x.rows == y.rows);
    if (x.rows > 0)
        pass->backend->gemm_packed(pass->compute, x, e->forward, beta, y);
}

void weight_backward(const struct pass *pass, int weight, struct mat dy, real beta, struct mat dx)
{
    const struct weight *e = &pass->weights->list[weight];
    assert(dx.cols == e->in && dy.cols == e->out && dx.rows == dy.rows);
    if (dx.rows > 0)
        pass->backend->gemm_packed(pass->compute, dy, e->backward, beta, dx);
}

void weight_gradient(const struct pass *pass, int weight, struct mat dy, struct mat x)
{
    const struct weight *e = &pass->weights->list[weight];
    assert(x.cols == e->in && dy.cols == e->out && x.rows == dy.rows);
    if (x.rows == 0)
        return;
    struct mat dw = block(e, params_view(pass->params, pass->gradients, e->param));
    pass->backend->gemm(pass->compute, true, false, dy, x, 1, dw);
}

void bias_gradient(const struct pass *pass, int param, struct mat dy)
{
    struct mat db = params_view(pass->params, pass->gradients, param);
    assert(db.cols == dy.cols);
    pass->kernels->column_sums(dy, db.data);
}

struct mat pass_mat(struct arena *arena, int rows, int cols)
{
    return mat_make(arena_take(arena, (size_t)rows * (size_t)cols, sizeof(real)), rows, cols);
}

void pass_dropout(const struct pass *pass, uint64_t site, real rate, int first_row, struct mat m)
{
    if (pass->dropout && rate > 0)
        pass->kernels->dropout(m, (double)rate, rng_mix(pass->key ^ site),
                               (uint32_t)first_row * (uint32_t)m.cols);
}

void pass_dropout_words(const struct pass *pass, uint64_t site, real rate, bool variational,
                        const struct sequence *seq, struct mat m)
{
    if (!variational) {
        pass_dropout(pass, site, rate, 0, m);
        return;
    }
    for (int step = 0; step < seq->steps; step++)
        pass_dropout(pass, site, rate, 0,
                     mat_rows(m, seq->offset[step], sequence_active(seq, step)));
}

void pass_drop_words(const struct pass *pass, uint64_t site, real rate, int first_row,
                     const int *ids, struct mat m)
{
    if (!pass->dropout || rate <= 0)
        return;
    uint64_t key = rng_mix(pass->key ^ site);
    real factor = 1 / (1 - rate);
    for (int i = 0; i < m.rows; i++) {
        uint64_t index = (uint64_t)(first_row + i) << 32 | (ids ? (uint32_t)ids[i] + 1 : 0);
        real kept = rng_uniform(key, index) < (double)rate ? 0 : factor;
        real *row = mat_row(m, i);
        for (int j = 0; j < m.cols; j++)
            row[j] *= kept;
    }
}
