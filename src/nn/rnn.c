#include "nn/rnn.h"

#include <stdio.h>

#include "base/lists.h"

#define DECLARE(name, doc) SIMD_DECLARE(const struct cell, cell_##name);
CELL_LIST(DECLARE)
#undef DECLARE

const struct cell *cell_find(const char *name)
{
#define MATCH(cell, doc)                                                                           \
    if (strcmp(name, #cell) == 0)                                                                  \
        return SIMD_BEST(cell_##cell);
    CELL_LIST(MATCH)
#undef MATCH
    return NULL;
}

int rnn_state_width(const struct rnn *rnn)
{
    return rnn->cell->states * rnn->options.hidden;
}

int rnn_gate_width(const struct rnn *rnn)
{
    return rnn->cell->gates * rnn->options.hidden;
}

struct mat rnn_plan_saved(const struct rnn *rnn, int n, struct arena *arena)
{
    int width = rnn->cell->saved * rnn->options.hidden;
    return width ? pass_mat(arena, n, width) : mat_make(NULL, n, 0);
}

struct mat rnn_plan_keep(const struct rnn *rnn, int n, bool training, struct arena *arena)
{
    if (training && rnn->options.dropout > 0)
        return pass_mat(arena, n, rnn->options.hidden);
    struct mat one = pass_mat(arena, 1, rnn->options.hidden);
    return (struct mat){.data = one.data, .rows = n, .cols = one.cols, .ld = 0};
}

void rnn_fill_keep(const struct pass *pass, const struct rnn *rnn, int first_row, struct mat keep)
{
    int rows = keep.ld > 0 ? keep.rows : 1;
    for (int r = 0; r < rows; r++)
        for (int j = 0; j < keep.cols; j++)
            mat_row(keep, r)[j] = 1;
    if (keep.ld > 0)
        pass_dropout(pass, rnn->options.site, rnn->options.dropout, first_row, keep);
}

int rnn_declare_recurrent(struct rnn *rnn, const char *prefix, int n, const int *blocks,
                          struct params *p, struct weights *w, struct satz_error *err)
{
    char name[96];
    int hidden = rnn->options.hidden, all = 0, row = 0;
    assert(n <= RNN_MAX_PRODUCTS);
    for (int i = 0; i < n; i++)
        all += blocks[i];
    struct param_init init = rnn->options.init;
    init.blocks = all;
    snprintf(name, sizeof name, "%s.recurrent", prefix);
    rnn->recurrent_param = params_add(p, name, all * hidden, hidden, init, err);
    if (rnn->recurrent_param < 0)
        return -1;
    for (int i = 0; i < n; row += blocks[i++] * hidden) {
        rnn->recurrent[i] =
            weights_add_rows(w, p, rnn->recurrent_param, row, blocks[i] * hidden, err);
        if (rnn->recurrent[i] < 0)
            return -1;
    }
    return 0;
}

int rnn_declare_vector(const struct rnn *rnn, const char *prefix, const char *name, int blocks,
                       int from, int count, real value, struct params *p, struct satz_error *err)
{
    char full[96];
    int hidden = rnn->options.hidden;
    struct param_init init = {
        .kind = PARAM_SEGMENT, .value = value, .from = from * hidden, .count = count * hidden};
    snprintf(full, sizeof full, "%s.%s", prefix, name);
    return params_add(p, full, 1, blocks * hidden, init, err);
}

int rnn_declare(struct rnn *rnn, const char *cell, struct rnn_options options, const char *prefix,
                struct params *p, struct weights *w, struct satz_error *err)
{
    char name[96];
    *rnn = (struct rnn){.cell = cell_find(cell), .options = options};
    if (!rnn->cell)
        return error_set(err, "there is no recurrent cell called \"%s\"", cell);
    struct param_init init = options.init;
    init.blocks = rnn->cell->gates;
    snprintf(name, sizeof name, "%s.input", prefix);
    rnn->input_param =
        params_add(p, name, rnn_gate_width(rnn), options.in + options.extra, init, err);
    if (rnn->input_param < 0)
        return -1;
    rnn->input = weights_add(w, p, rnn->input_param, 0, options.in, err);
    return rnn->input < 0 ? -1 : rnn->cell->declare(rnn, prefix, p, w, err);
}

void rnn_plan(const struct rnn *rnn, const struct sequence *seq, bool training, struct arena *arena,
              struct rnn_memory *m)
{
    int width = rnn_state_width(rnn);
    m->gates = pass_mat(arena, seq->total, rnn_gate_width(rnn));
    m->states = pass_mat(arena, seq->total, width);
    m->initial = pass_mat(arena, seq->rows, width);
    m->previous = pass_mat(arena, seq->total, width);
    m->saved = rnn_plan_saved(rnn, seq->total, arena);
    m->keep = rnn_plan_keep(rnn, seq->total, training, arena);
    if (training)
        m->d_state = pass_mat(arena, seq->rows, width);
}

int rnn_last_row(const struct rnn *rnn, const struct sequence *seq, int row)
{
    return rnn->options.reverse ? row : seq->offset[seq->length[row] - 1] + row;
}

/* Rows [0, n) of the state that step `step` starts from: the neighbouring step's where it has the
 * row, the initial state elsewhere. */
static void copy_previous(const struct rnn *rnn, const struct sequence *seq, int step,
                          const struct rnn_memory *m)
{
    int n = sequence_active(seq, step);
    int neighbour = rnn->options.reverse ? step + 1 : step - 1;
    int known = neighbour < 0 ? 0 : sequence_active(seq, neighbour);
    known = known < n ? known : n;
    struct mat to = mat_rows(m->previous, seq->offset[step], n);
    if (known > 0)
        mat_copy(mat_rows(to, 0, known), mat_rows(m->states, seq->offset[neighbour], known));
    mat_copy(mat_rows(to, known, n - known), mat_rows(m->initial, known, n - known));
}

/* Rows [at, at + n). */
static struct cell_step cell_rows(const struct rnn_memory *m, int at, int n)
{
    return (struct cell_step){
        .gates = mat_rows(m->gates, at, n),
        .previous = mat_rows(m->previous, at, n),
        .next = mat_rows(m->states, at, n),
        .saved = mat_rows(m->saved, at, n),
        .keep = mat_rows(m->keep, at, n),
    };
}

static void fill_keep(const struct pass *pass, const struct rnn *rnn, const struct sequence *seq,
                      struct rnn_memory *m)
{
    if (!rnn->options.variational) {
        rnn_fill_keep(pass, rnn, 0, m->keep);
        return;
    }
    for (int step = 0; step < seq->steps; step++)
        rnn_fill_keep(pass, rnn, 0,
                      mat_rows(m->keep, seq->offset[step], sequence_active(seq, step)));
}

void rnn_forward(const struct pass *pass, const struct rnn *rnn, const struct sequence *seq,
                 struct mat x, struct rnn_memory *m)
{
    weight_forward(pass, rnn->input, x, 0, m->gates);
    fill_keep(pass, rnn, seq, m);
    for (int i = 0; i < seq->steps; i++) {
        int step = rnn->options.reverse ? seq->steps - 1 - i : i;
        copy_previous(rnn, seq, step, m);
        rnn->cell->forward(pass, rnn, cell_rows(m, seq->offset[step], sequence_active(seq, step)));
    }
}

void rnn_backward(const struct pass *pass, const struct rnn *rnn, const struct sequence *seq,
                  struct mat x, struct mat d_h, struct rnn_memory *m, real beta, struct mat dx)
{
    for (int i = 0; i < seq->steps; i++) {
        int step = rnn->options.reverse ? i : seq->steps - 1 - i;
        struct cell_step s = cell_rows(m, seq->offset[step], sequence_active(seq, step));
        s.d_state = mat_rows(m->d_state, 0, s.gates.rows);
        pass->kernels->add_rows(mat_cols(s.d_state, 0, rnn->options.hidden),
                                mat_rows(d_h, seq->offset[step], s.gates.rows));
        rnn->cell->backward(pass, rnn, s);
    }
    weight_gradient(pass, rnn->input, m->gates, x);
    rnn->cell->weight_gradient(pass, rnn, cell_rows(m, 0, seq->total));
    weight_backward(pass, rnn->input, m->gates, beta, dx);
}
