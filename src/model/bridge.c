#include "model/bridge.h"

#include "config/choices.h"
#include "model/options.h"

struct bridge_kind {
    bool projects;
    int (*check)(const struct recipe *recipe, const struct encoder *e, struct satz_error *err);
    /* -> summary (when it projects) or state */
    void (*read)(const struct bridge_source *s, const struct decoder *d, struct bridge_memory *m);
    /* d_summary or d_state -> the encoder's gradients, added */
    void (*read_backward)(const struct pass *pass, const struct bridge_source *s,
                          const struct decoder *d, struct bridge_memory *m);
};

static int no_check(const struct recipe *recipe, const struct encoder *e, struct satz_error *err)
{
    (void)recipe;
    (void)e;
    (void)err;
    return 0;
}

/* --- zero */

static void zero_read(const struct bridge_source *s, const struct decoder *d,
                      struct bridge_memory *m)
{
    (void)s;
    (void)d;
    mat_zero(m->state);
}

static void zero_read_backward(const struct pass *pass, const struct bridge_source *s,
                               const struct decoder *d, struct bridge_memory *m)
{
    (void)pass;
    (void)s;
    (void)d;
    (void)m;
}

/* --- last states, one of the encoder's (layer, direction): [B, H] or the whole state row */

static void copy_last(const struct bridge_source *s, int layer, int direction, int from, int n,
                      struct mat to)
{
    const struct rnn *rnn = &s->encoder->rnn[layer][direction];
    struct mat states = mat_cols(s->memory->rnn[layer][direction].states, from, n);
    for (int r = 0; r < to.rows; r++)
        memcpy(mat_row(to, r), mat_row(states, rnn_last_row(rnn, s->seq, r)),
               (size_t)n * sizeof(real));
}

static void dense_read(const struct bridge_source *s, const struct decoder *d,
                       struct bridge_memory *m)
{
    (void)d;
    int hidden = s->encoder->hidden;
    int top = s->encoder->layers - 1;
    for (int k = 0; k < s->encoder->directions[top]; k++)
        copy_last(s, top, k, 0, hidden, mat_cols(m->summary, k * hidden, hidden));
}

static void dense_read_backward(const struct pass *pass, const struct bridge_source *s,
                                const struct decoder *d, struct bridge_memory *m)
{
    (void)d;
    int hidden = s->encoder->hidden;
    int top = s->encoder->layers - 1;
    for (int k = 0; k < s->encoder->directions[top]; k++)
        pass->kernels->add_rows(mat_cols(s->memory->rnn[top][k].d_state, 0, hidden),
                                mat_cols(m->d_summary, k * hidden, hidden));
}

/* --- copy: state part by state part (h, c), the directions side by side */

/* The encoder layer that decoder layer l starts from: the tops are matched. */
static int copied_layer(int encoder_layers, int decoder_layers, int l)
{
    int layer = l + encoder_layers - decoder_layers;
    return layer < 0 ? 0 : layer;
}

static int copy_check(const struct recipe *recipe, const struct encoder *e, struct satz_error *err)
{
    int lowest = copied_layer(e->layers, recipe->model.decoder_layers, 0);
    if (e->directions[lowest] != e->directions[e->layers - 1])
        return error_set(err,
                         "model.bridge copy would start a decoder layer from the encoder's lowest, "
                         "which alone has two directions (model.bidirectional_layers first): make "
                         "model.encoder_layers (%d) more than model.decoder_layers (%d) or take "
                         "model.bridge dense",
                         e->layers, recipe->model.decoder_layers);
    if (strcmp(recipe->model.encoder_cell, recipe->model.decoder_cell) != 0 ||
        e->width != recipe->model.decoder_hidden)
        return error_set(
            err,
            "model.bridge copy needs equal cells and widths, but the encoder has %s of "
            "%d x %d and the decoder %s of %d: set model.decoder_hidden to %d or take "
            "model.bridge dense",
            recipe->model.encoder_cell, e->directions[e->layers - 1], e->hidden,
            recipe->model.decoder_cell, recipe->model.decoder_hidden, e->width);
    return 0;
}

static void copy_read(const struct bridge_source *s, const struct decoder *d,
                      struct bridge_memory *m)
{
    int hidden = s->encoder->hidden;
    mat_zero(m->state);
    for (int l = 0; l < d->layers; l++) {
        int from = copied_layer(s->encoder->layers, d->layers, l), states = d->rnn[l].cell->states;
        for (int part = 0; part < states; part++)
            for (int k = 0; k < s->encoder->directions[from]; k++)
                copy_last(s, from, k, part * hidden, hidden,
                          mat_cols(m->state, (l * states + part) * d->hidden + k * hidden, hidden));
    }
}

static void copy_read_backward(const struct pass *pass, const struct bridge_source *s,
                               const struct decoder *d, struct bridge_memory *m)
{
    int hidden = s->encoder->hidden;
    for (int l = 0; l < d->layers; l++) {
        int from = copied_layer(s->encoder->layers, d->layers, l), states = d->rnn[l].cell->states;
        for (int part = 0; part < states; part++)
            for (int k = 0; k < s->encoder->directions[from]; k++)
                pass->kernels->add_rows(
                    mat_cols(s->memory->rnn[from][k].d_state, part * hidden, hidden),
                    mat_cols(m->d_state, (l * states + part) * d->hidden + k * hidden, hidden));
    }
}

/* --- mean of the annotations */

static void mean_read(const struct bridge_source *s, const struct decoder *d,
                      struct bridge_memory *m)
{
    (void)d;
    mat_zero(m->summary);
    for (int r = 0; r < m->summary.rows; r++) {
        real *sum = mat_row(m->summary, r);
        int length = s->seq->length[r];
        for (int j = 0; j < length; j++) {
            const real *h = mat_row(s->annotations, s->start[r] + j);
            for (int k = 0; k < m->summary.cols; k++)
                sum[k] += h[k] / (real)length;
        }
    }
}

static void mean_read_backward(const struct pass *pass, const struct bridge_source *s,
                               const struct decoder *d, struct bridge_memory *m)
{
    (void)pass;
    (void)d;
    for (int r = 0; r < m->summary.rows; r++) {
        const real *d_sum = mat_row(m->d_summary, r);
        int length = s->seq->length[r];
        for (int j = 0; j < length; j++) {
            real *d_h = mat_row(s->d_annotations, s->start[r] + j);
            for (int k = 0; k < m->summary.cols; k++)
                d_h[k] += d_sum[k] / (real)length;
        }
    }
}

static const struct bridge_kind kind_zero = {false, no_check, zero_read, zero_read_backward};
static const struct bridge_kind kind_copy = {false, copy_check, copy_read, copy_read_backward};
static const struct bridge_kind kind_dense = {true, no_check, dense_read, dense_read_backward};
static const struct bridge_kind kind_mean = {true, no_check, mean_read, mean_read_backward};

int bridge_declare(struct bridge *b, const struct recipe *recipe, const struct encoder *e,
                   const struct decoder *d, struct params *p, struct weights *w,
                   struct satz_error *err)
{
    *b = (struct bridge){.param = -1, .bias = -1, .weight = -1};
#define MATCH(name, doc)                                                                           \
    if (recipe_is(recipe->model.bridge, #name))                                                    \
        b->kind = &kind_##name;
    BRIDGE_LIST(MATCH)
#undef MATCH
    if (b->kind->check(recipe, e, err) < 0)
        return -1;
    if (!b->kind->projects)
        return 0;
    int out = d->layers * rnn_state_width(&d->rnn[0]);
    b->param = params_add(p, "bridge.weight", out, e->width, model_weight_init(recipe), err);
    b->bias = params_add(p, "bridge.bias", 1, out, (struct param_init){.kind = PARAM_ZERO}, err);
    if (b->param < 0 || b->bias < 0)
        return -1;
    b->weight = weights_add(w, p, b->param, 0, e->width, err);
    return b->weight < 0 ? -1 : 0;
}

void bridge_plan(const struct encoder *e, const struct decoder *d, int rows, int longest,
                 bool training, struct arena *arena, struct bridge_memory *m)
{
    int columns = decoder_state_columns(d, longest);
    m->summary = pass_mat(arena, rows, e->width);
    m->state = pass_mat(arena, rows, columns);
    if (training) {
        m->d_summary = pass_mat(arena, rows, e->width);
        m->d_state = pass_mat(arena, rows, columns);
    }
}

/* The layers' part of a state row; the rest starts as zero. */
static struct mat projected_part(const struct decoder *d, struct mat state)
{
    return mat_cols(state, 0, d->layers * rnn_state_width(&d->rnn[0]));
}

/* Hidden part of layer l. */
static struct mat hidden_part(const struct decoder *d, struct mat state, int l)
{
    return mat_cols(state, l * rnn_state_width(&d->rnn[0]), d->hidden);
}

void bridge_forward(const struct pass *pass, const struct bridge *b, const struct decoder *d,
                    const struct bridge_source *source, struct bridge_memory *m)
{
    b->kind->read(source, d, m);
    if (!b->kind->projects)
        return;
    mat_zero(m->state);
    struct mat state = projected_part(d, m->state);
    weight_forward(pass, b->weight, m->summary, 0, state);
    pass->kernels->add_bias_rows(state, params_mat(pass->params, b->bias).data);
    for (int l = 0; l < d->layers; l++)
        pass->kernels->tanh_rows(hidden_part(d, m->state, l));
}

void bridge_backward(const struct pass *pass, const struct bridge *b, const struct decoder *d,
                     const struct bridge_source *source, struct bridge_memory *m)
{
    for (int l = 0; l < source->encoder->layers; l++)
        for (int k = 0; k < source->encoder->directions[l]; k++)
            mat_zero(source->memory->rnn[l][k].d_state);
    if (b->kind->projects) {
        struct mat d_state = projected_part(d, m->d_state);
        for (int l = 0; l < d->layers; l++)
            pass->kernels->tanh_backward_rows(hidden_part(d, m->d_state, l),
                                              hidden_part(d, m->state, l));
        weight_gradient(pass, b->weight, d_state, m->summary);
        bias_gradient(pass, b->bias, d_state);
        weight_backward(pass, b->weight, d_state, 0, m->d_summary);
    }
    b->kind->read_backward(pass, source, d, m);
}
