#include "model/encoder.h"

#include <stdio.h>

#include "model/options.h"
#include "model/sites.h"

int encoder_declare(struct encoder *e, const struct recipe *recipe, struct params *p,
                    struct weights *w, struct satz_error *err)
{
    int hidden = recipe->model.encoder_hidden;
    *e = (struct encoder){
        .layers = recipe->model.encoder_layers,
        .directions = recipe->model.bidirectional ? 2 : 1,
        .dropout_layers = (real)recipe->dropout.layers,
        .variational = recipe->dropout.variational,
    };
    e->width = e->directions * hidden;
    for (int l = 0; l < e->layers; l++) {
        for (int d = 0; d < e->directions; d++) {
            char prefix[64];
            snprintf(prefix, sizeof prefix, "encoder.%d.%s", l, d ? "backward" : "forward");
            struct rnn_options options = {
                .in = l ? e->width : recipe->model.embedding,
                .hidden = hidden,
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
    return 0;
}

void encoder_plan(const struct encoder *e, const struct sequence *seq, bool training,
                  struct arena *arena, struct encoder_memory *m)
{
    for (int l = 0; l < e->layers; l++) {
        int in = e->rnn[l][0].options.in;
        m->input[l] = pass_mat(arena, seq->total, in);
        if (training)
            m->d_input[l] = pass_mat(arena, seq->total, in);
        for (int d = 0; d < e->directions; d++)
            rnn_plan(&e->rnn[l][d], seq, training, arena, &m->rnn[l][d]);
    }
    if (training)
        m->d_top = pass_mat(arena, seq->total, e->width);
}

/* Direction d's part of a layer's output. */
static struct mat direction(const struct encoder *e, struct mat m, int d)
{
    int hidden = e->width / e->directions;
    return mat_cols(m, d * hidden, hidden);
}

static struct mat outputs(const struct encoder *e, const struct encoder_memory *m, int l, int d)
{
    return mat_cols(m->rnn[l][d].states, 0, e->width / e->directions);
}

void encoder_forward(const struct pass *pass, const struct encoder *e, const struct sequence *seq,
                     const int *start, struct encoder_memory *m, struct mat annotations)
{
    for (int l = 0; l < e->layers; l++) {
        for (int d = 0; d < e->directions; d++) {
            mat_zero(m->rnn[l][d].initial);
            rnn_forward(pass, &e->rnn[l][d], seq, m->input[l], &m->rnn[l][d]);
            if (l + 1 < e->layers)
                mat_copy(direction(e, m->input[l + 1], d), outputs(e, m, l, d));
        }
        if (l + 1 < e->layers)
            pass_dropout_words(pass, SITE_ENCODER_LAYER + (uint64_t)l, e->dropout_layers,
                               e->variational, seq, m->input[l + 1]);
    }
    for (int d = 0; d < e->directions; d++) {
        struct mat from = outputs(e, m, e->layers - 1, d), to = direction(e, annotations, d);
        for (int step = 0; step < seq->steps; step++)
            for (int r = 0; r < sequence_active(seq, step); r++)
                memcpy(mat_row(to, start[r] + step), mat_row(from, seq->offset[step] + r),
                       (size_t)from.cols * sizeof(real));
    }
}

void encoder_backward(const struct pass *pass, const struct encoder *e, const struct sequence *seq,
                      const int *start, struct mat d_annotations, struct encoder_memory *m)
{
    for (int step = 0; step < seq->steps; step++)
        for (int r = 0; r < sequence_active(seq, step); r++)
            memcpy(mat_row(m->d_top, seq->offset[step] + r),
                   mat_row(d_annotations, start[r] + step), (size_t)e->width * sizeof(real));
    for (int l = e->layers - 1; l >= 0; l--) {
        struct mat d_output = m->d_top;
        if (l + 1 < e->layers) {
            d_output = m->d_input[l + 1];
            pass_dropout_words(pass, SITE_ENCODER_LAYER + (uint64_t)l, e->dropout_layers,
                               e->variational, seq, d_output);
        }
        for (int d = 0; d < e->directions; d++)
            rnn_backward(pass, &e->rnn[l][d], seq, m->input[l], direction(e, d_output, d),
                         &m->rnn[l][d], d ? 1 : 0, m->d_input[l]);
    }
}
