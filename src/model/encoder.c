#include "model/encoder.h"

#include <stdio.h>

#include "model/options.h"
#include "model/sites.h"

static int width_of(const struct encoder *e, int l)
{
    return e->directions[l] * e->hidden;
}

int encoder_declare(struct encoder *e, const struct recipe *recipe, struct params *p,
                    struct weights *w, struct satz_error *err)
{
    bool all = recipe_is(recipe->model.bidirectional_layers, "all");
    *e = (struct encoder){
        .layers = recipe->model.encoder_layers,
        .hidden = recipe->model.encoder_hidden,
        .dropout_layers = (real)recipe->dropout.layers,
        .variational = recipe->dropout.variational,
    };
    e->residual = recipe->model.residual ? recipe->model.residual - 1 : e->layers;
    int in = recipe->model.embedding;
    for (int l = 0; l < e->layers; in = width_of(e, l++)) {
        e->directions[l] = recipe->model.bidirectional && (all || l == 0) ? 2 : 1;
        if (l >= e->residual && in != width_of(e, l))
            return error_set(err,
                             "model.residual %d adds the input of the encoder's layer %d (width "
                             "%d) to its output (width %d): they must be equal",
                             recipe->model.residual, l + 1, in, width_of(e, l));
        for (int d = 0; d < e->directions[l]; d++) {
            char prefix[64];
            snprintf(prefix, sizeof prefix, "encoder.%d.%s", l, d ? "backward" : "forward");
            struct rnn_options options = {
                .in = in,
                .hidden = e->hidden,
                .reverse = d == 1,
                .forget_bias = (real)recipe->model.forget_bias,
                .dropout = (real)recipe->dropout.recurrent,
                .site = SITE_ENCODER_CELL + (uint64_t)(2 * l + d),
                .variational = recipe->dropout.variational,
                .init = model_weight_init(recipe),
            };
            if (rnn_declare(&e->rnn[l][d], recipe->model.encoder_cell, options, prefix, p, w, err) <
                0)
                return -1;
        }
    }
    e->width = in;
    return 0;
}

void encoder_plan(const struct encoder *e, const struct sequence *seq, bool training,
                  struct arena *arena, struct encoder_memory *m)
{
    for (int l = 0; l < e->layers; l++) {
        int in = e->rnn[l][0].options.in;
        m->input[l] = pass_mat(arena, seq->total, in);
        if (l >= e->residual)
            m->below[l] = l ? pass_mat(arena, seq->total, in) : m->input[0];
        if (training)
            m->d_input[l] = pass_mat(arena, seq->total, in);
        for (int d = 0; d < e->directions[l]; d++)
            rnn_plan(&e->rnn[l][d], seq, training, arena, &m->rnn[l][d]);
    }
    if (training)
        m->d_top = pass_mat(arena, seq->total, e->width);
}

/* Direction d's part of a layer's output. */
static struct mat direction(const struct encoder *e, struct mat m, int d)
{
    return mat_cols(m, d * e->hidden, e->hidden);
}

static struct mat outputs(const struct encoder *e, const struct encoder_memory *m, int l, int d)
{
    return mat_cols(m->rnn[l][d].states, 0, e->hidden);
}

/* The output of layer l, the next one's input. */
static void fill_input(const struct pass *pass, const struct encoder *e, const struct sequence *seq,
                       int l, struct encoder_memory *m)
{
    struct mat to = m->input[l + 1];
    for (int d = 0; d < e->directions[l]; d++)
        mat_copy(direction(e, to, d), outputs(e, m, l, d));
    if (l >= e->residual)
        pass->kernels->add_rows(to, m->below[l]);
    if (l + 1 >= e->residual)
        mat_copy(m->below[l + 1], to);
    pass_dropout_words(pass, SITE_ENCODER_LAYER + (uint64_t)l, e->dropout_layers, e->variational,
                       seq, to);
}

/* The output of the top layer, from time-major to sentence-major. */
static void fill_annotations(const struct pass *pass, const struct encoder *e,
                             const struct sequence *seq, const int *start,
                             const struct encoder_memory *m, struct mat annotations)
{
    int top = e->layers - 1;
    for (int step = 0; step < seq->steps; step++)
        for (int r = 0; r < sequence_active(seq, step); r++) {
            int row = seq->offset[step] + r;
            struct mat to = mat_rows(annotations, start[r] + step, 1);
            for (int d = 0; d < e->directions[top]; d++)
                mat_copy(direction(e, to, d), mat_rows(outputs(e, m, top, d), row, 1));
            if (top >= e->residual)
                pass->kernels->add_rows(to, mat_rows(m->below[top], row, 1));
        }
}

void encoder_forward(const struct pass *pass, const struct encoder *e, const struct sequence *seq,
                     const int *start, struct encoder_memory *m, struct mat annotations)
{
    for (int l = 0; l < e->layers; l++) {
        for (int d = 0; d < e->directions[l]; d++) {
            mat_zero(m->rnn[l][d].initial);
            rnn_forward(pass, &e->rnn[l][d], seq, m->input[l], &m->rnn[l][d]);
        }
        if (l + 1 < e->layers)
            fill_input(pass, e, seq, l, m);
    }
    fill_annotations(pass, e, seq, start, m, annotations);
}

void encoder_backward(const struct pass *pass, const struct encoder *e, const struct sequence *seq,
                      const int *start, struct mat d_annotations, struct encoder_memory *m)
{
    for (int step = 0; step < seq->steps; step++)
        for (int r = 0; r < sequence_active(seq, step); r++)
            memcpy(mat_row(m->d_top, seq->offset[step] + r),
                   mat_row(d_annotations, start[r] + step), (size_t)e->width * sizeof(real));
    struct mat d_output = m->d_top;
    for (int l = e->layers - 1; l >= 0; d_output = m->d_input[l--]) {
        for (int d = 0; d < e->directions[l]; d++)
            rnn_backward(pass, &e->rnn[l][d], seq, m->input[l], direction(e, d_output, d),
                         &m->rnn[l][d], d ? 1 : 0, m->d_input[l]);
        if (l > 0)
            pass_dropout_words(pass, SITE_ENCODER_LAYER + (uint64_t)(l - 1), e->dropout_layers,
                               e->variational, seq, m->d_input[l]);
        if (l >= e->residual)
            pass->kernels->add_rows(m->d_input[l], d_output);
    }
}
