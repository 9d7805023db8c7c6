#include "model/decoder.h"

#include <stdio.h>

#include "model/options.h"
#include "model/sites.h"

static enum attention_place place_of(const struct recipe *recipe)
{
    return recipe_is(recipe->attention.place, "none")    ? PLACE_NONE
           : recipe_is(recipe->attention.place, "after") ? PLACE_AFTER
                                                         : PLACE_BEFORE;
}

static int declare_layers(struct decoder *d, const struct recipe *recipe, struct params *p,
                          struct weights *w, struct satz_error *err)
{
    bool everywhere = recipe_is(recipe->attention.place, "gnmt");
    int feed = recipe->attention.feeding ? d->readout : 0;
    for (int l = 0; l < d->layers; l++) {
        char prefix[64];
        int context = d->place == PLACE_BEFORE && (l == 0 || everywhere) ? d->annotation : 0;
        int in = l ? d->hidden : d->embedding;
        snprintf(prefix, sizeof prefix, "decoder.%d", l);
        struct rnn_options options = {
            .in = in,
            .hidden = d->hidden,
            .extra = context + (l ? 0 : feed),
            .forget_bias = (real)recipe->model.forget_bias,
            .dropout = (real)recipe->dropout.recurrent,
            .site = SITE_DECODER_CELL + (uint64_t)l,
            .init = model_weight_init(recipe),
        };
        if (rnn_declare(&d->rnn[l], recipe->model.decoder_cell, options, prefix, p, w, err) < 0)
            return -1;
        d->state_width += rnn_state_width(&d->rnn[l]);
        d->input_context[l] = -1;
        if (context)
            d->input_context[l] = weights_add(w, p, d->rnn[l].input_param, in, context, err);
        if (context && d->input_context[l] < 0)
            return -1;
        d->uses += context > 0;
    }
    if (feed) {
        int before = d->rnn[0].options.in + d->rnn[0].options.extra - feed;
        d->feed = d->state_width;
        d->state_width += feed;
        d->input_feed = weights_add(w, p, d->rnn[0].input_param, before, feed, err);
        if (d->input_feed < 0)
            return -1;
    }
    return 0;
}

static int declare_attention(struct decoder *d, const struct recipe *recipe, struct params *p,
                             struct weights *w, struct satz_error *err)
{
    int size = recipe->attention.size ? recipe->attention.size : d->hidden;
    struct attention_options options = {
        .score = recipe->attention.score,
        .window = recipe->attention.window,
        .guided_cost = recipe->train.guided_cost,
        .query = d->hidden,
        .annotation = d->annotation,
        .key = recipe_is(recipe->attention.score, "location") ? recipe->attention.positions : size,
        .position = size,
        .width = (real)recipe->attention.width,
        .coverage = !recipe_is(recipe->attention.coverage, "none"),
        .fertility = recipe_is(recipe->attention.coverage, "fertility"),
        .coverage_loss = (real)recipe->attention.coverage_loss,
        .entropy = (real)recipe->attention.entropy,
        .site = SITE_ATTENTION_WORD,
        .init = model_weight_init(recipe),
    };
    if (attention_declare(&d->attention, &options, "decoder.attention", p, w, err) < 0)
        return -1;
    if (d->attention.window->steps)
        d->step = d->state_width++;
    return 0;
}

static int declare_readout(struct decoder *d, const struct recipe *recipe, struct params *p,
                           struct weights *w, struct satz_error *err)
{
    int context = d->place == PLACE_NONE ? 0 : d->annotation;
    int embedded = d->place == PLACE_BEFORE ? d->embedding : 0;
    d->readout_param = params_add(p, "decoder.readout.weight", d->readout,
                                  d->hidden + context + embedded, model_weight_init(recipe), err);
    d->readout_bias = params_add(p, "decoder.readout.bias", 1, d->readout,
                                 (struct param_init){.kind = PARAM_ZERO}, err);
    if (d->readout_param < 0 || d->readout_bias < 0)
        return -1;
    d->readout_hidden = weights_add(w, p, d->readout_param, 0, d->hidden, err);
    if (d->readout_hidden < 0)
        return -1;
    if (context) {
        d->readout_context = weights_add(w, p, d->readout_param, d->hidden, context, err);
        if (d->readout_context < 0)
            return -1;
        d->uses++;
    }
    if (embedded) {
        d->readout_embedded =
            weights_add(w, p, d->readout_param, d->hidden + context, embedded, err);
        if (d->readout_embedded < 0)
            return -1;
    }
    return 0;
}

int decoder_declare(struct decoder *d, const struct recipe *recipe, int annotation,
                    struct params *p, struct weights *w, struct satz_error *err)
{
    bool tied = !recipe_is(recipe->model.tie, "none");
    int hidden = recipe->model.decoder_hidden;
    int readout = recipe->model.readout;
    *d = (struct decoder){
        .layers = recipe->model.decoder_layers,
        .hidden = hidden,
        .embedding = recipe->model.embedding,
        .annotation = annotation,
        .readout = readout ? readout
                   : tied  ? recipe->model.embedding
                           : hidden,
        .feed = -1,
        .step = -1,
        .place = place_of(recipe),
        .input_feed = -1,
        .readout_context = -1,
        .readout_embedded = -1,
        .dropout_layers = (real)recipe->dropout.layers,
        .dropout_readout = (real)recipe->dropout.readout,
    };
    d->residual = recipe->model.residual ? recipe->model.residual - 1 : d->layers;
    d->query_layer = recipe_is(recipe->attention.place, "gnmt") ? 0 : d->layers - 1;
    if (declare_layers(d, recipe, p, w, err) < 0 ||
        (d->place != PLACE_NONE && declare_attention(d, recipe, p, w, err) < 0))
        return -1;
    return declare_readout(d, recipe, p, w, err);
}

/* Layer l's part of a state row. */
static struct mat layer_state(const struct decoder *d, struct mat state, int l)
{
    int width = rnn_state_width(&d->rnn[0]);
    return mat_cols(state, l * width, width);
}

/* Its hidden part. */
static struct mat layer_hidden(const struct decoder *d, struct mat state, int l)
{
    return mat_cols(layer_state(d, state, l), 0, d->hidden);
}

static struct mat feed(const struct decoder *d, struct mat state)
{
    return mat_cols(state, d->feed, d->readout);
}

/* Empty without coverage. */
static struct mat coverage(const struct decoder *d, struct mat state)
{
    bool covers = d->place != PLACE_NONE && d->attention.options.coverage;
    return covers ? mat_cols(state, d->state_width, state.cols - d->state_width) : (struct mat){0};
}

int decoder_state_columns(const struct decoder *d, int longest)
{
    bool covers = d->place != PLACE_NONE && d->attention.options.coverage;
    return d->state_width + (covers ? longest : 0);
}

void decoder_rows_plan(const struct decoder *d, int n, const int *sentence, int longest,
                       bool training, struct arena *arena, struct decoder_rows *rows)
{
    *rows = (struct decoder_rows){0};
    rows->embedded = pass_mat(arena, n, d->embedding);
    rows->previous = pass_mat(arena, n, decoder_state_columns(d, longest));
    rows->next = pass_mat(arena, n, decoder_state_columns(d, longest));
    for (int l = 0; l < d->layers; l++) {
        rows->gates[l] = pass_mat(arena, n, rnn_gate_width(&d->rnn[l]));
        rows->saved[l] = rnn_plan_saved(&d->rnn[l], n, arena);
        rows->keep[l] = rnn_plan_keep(&d->rnn[l], n, training, arena);
        if (l > 0)
            rows->input[l] = pass_mat(arena, n, d->hidden);
        rows->output[l] =
            l < d->residual ? layer_hidden(d, rows->next, l) : pass_mat(arena, n, d->hidden);
    }
    if (d->place != PLACE_NONE) {
        rows->attention.sentence = sentence;
        rows->attention.query = d->place == PLACE_BEFORE
                                    ? layer_hidden(d, rows->previous, d->query_layer)
                                    : rows->output[d->layers - 1];
        if (d->step >= 0)
            rows->attention.step = mat_cols(rows->previous, d->step, 1);
        rows->attention.coverage = coverage(d, rows->previous);
        rows->attention.next = coverage(d, rows->next);
        attention_rows_plan(&d->attention, n, longest, training, arena, &rows->attention);
    }
    rows->activation = pass_mat(arena, n, d->readout);
    rows->readout = pass_mat(arena, n, d->readout);
    if (training) {
        rows->d_readout = pass_mat(arena, n, d->readout);
        rows->d_embedded = pass_mat(arena, n, d->embedding);
        rows->d_output = pass_mat(arena, n, d->hidden);
        if (d->layers > 1)
            rows->d_input = pass_mat(arena, n, d->hidden);
    }
}

static struct mat slice(struct mat m, int from, int n)
{
    return m.data ? mat_rows(m, from, n) : m;
}

struct decoder_rows decoder_rows_slice(const struct decoder *d, const struct decoder_rows *rows,
                                       int from, int n)
{
    struct decoder_rows part = {
        .first = rows->first + from,
        .embedded = slice(rows->embedded, from, n),
        .previous = slice(rows->previous, from, n),
        .next = slice(rows->next, from, n),
        .activation = slice(rows->activation, from, n),
        .readout = slice(rows->readout, from, n),
        .d_readout = slice(rows->d_readout, from, n),
        .d_embedded = slice(rows->d_embedded, from, n),
        .d_output = slice(rows->d_output, from, n),
        .d_input = slice(rows->d_input, from, n),
    };
    for (int l = 0; l < d->layers; l++) {
        part.gates[l] = slice(rows->gates[l], from, n);
        part.saved[l] = slice(rows->saved[l], from, n);
        part.keep[l] = slice(rows->keep[l], from, n);
        part.input[l] = slice(rows->input[l], from, n);
        part.output[l] = slice(rows->output[l], from, n);
    }
    if (d->place != PLACE_NONE)
        part.attention = attention_rows_slice(rows->attention, from, n);
    return part;
}

void decoder_project(const struct pass *pass, const struct decoder *d, struct decoder_rows *rows)
{
    weight_forward(pass, d->rnn[0].input, rows->embedded, 0, rows->gates[0]);
    if (d->place == PLACE_BEFORE)
        weight_forward(pass, d->readout_embedded, rows->embedded, 0, rows->activation);
}

/* y += W c, the context's use number `use`. */
static void add_context(const struct pass *pass, int use, int weight,
                        const struct attention_memory *memory, struct attention_rows rows,
                        struct mat y)
{
    if (memory->values)
        attention_add_values(pass, memory, use, rows, y);
    else
        weight_forward(pass, weight, rows.context, 1, y);
}

static struct cell_step layer_step(const struct decoder *d, const struct decoder_rows *rows, int l)
{
    return (struct cell_step){
        .gates = rows->gates[l],
        .previous = layer_state(d, rows->previous, l),
        .next = layer_state(d, rows->next, l),
        .saved = rows->saved[l],
        .keep = rows->keep[l],
    };
}

void decoder_recur(const struct pass *pass, const struct decoder *d,
                   const struct attention_memory *memory, struct decoder_rows *rows)
{
    int use = 0;
    if (d->place == PLACE_BEFORE)
        attention_forward(pass, &d->attention, memory, rows->attention);
    if (decoder_feeds(d))
        weight_forward(pass, d->input_feed, feed(d, rows->previous), 1, rows->gates[0]);
    for (int r = 0; r < rows->next.rows && d->step >= 0; r++)
        mat_row(rows->next, r)[d->step] = mat_row(rows->previous, r)[d->step] + 1;
    for (int l = 0; l < d->layers; l++) {
        if (l > 0) {
            mat_copy(rows->input[l], rows->output[l - 1]);
            pass_dropout(pass, SITE_DECODER_LAYER + (uint64_t)l, d->dropout_layers, rows->first,
                         rows->input[l]);
            weight_forward(pass, d->rnn[l].input, rows->input[l], 0, rows->gates[l]);
        }
        rnn_fill_keep(pass, &d->rnn[l], rows->first, rows->keep[l]);
        if (d->input_context[l] >= 0)
            add_context(pass, use++, d->input_context[l], memory, rows->attention, rows->gates[l]);
        d->rnn[l].cell->forward(pass, &d->rnn[l], layer_step(d, rows, l));
        if (l >= d->residual) {
            mat_copy(rows->output[l], layer_hidden(d, rows->next, l));
            pass->kernels->add_rows(rows->output[l], l ? rows->output[l - 1] : rows->embedded);
        }
    }
}

void decoder_output(const struct pass *pass, const struct decoder *d,
                    const struct attention_memory *memory, struct decoder_rows *rows)
{
    struct mat a = rows->activation;
    if (d->place == PLACE_AFTER)
        attention_forward(pass, &d->attention, memory, rows->attention);
    weight_forward(pass, d->readout_hidden, rows->output[d->layers - 1],
                   d->place == PLACE_BEFORE ? 1 : 0, a);
    if (d->place != PLACE_NONE)
        add_context(pass, d->uses - 1, d->readout_context, memory, rows->attention, a);
    pass->kernels->add_bias_rows(a, params_mat(pass->params, d->readout_bias).data);
    pass->kernels->tanh_rows(a);
    mat_copy(rows->readout, a);
    pass_dropout(pass, SITE_READOUT, d->dropout_readout, rows->first, rows->readout);
    if (decoder_feeds(d))
        mat_copy(feed(d, rows->next), rows->readout);
}

void decoder_output_backward(const struct pass *pass, const struct decoder *d,
                             struct attention_memory *memory, struct decoder_rows *rows,
                             struct mat d_state)
{
    struct mat d_pre = rows->d_readout;
    if (decoder_feeds(d))
        pass->kernels->add_rows(d_pre, feed(d, d_state));
    pass_dropout(pass, SITE_READOUT, d->dropout_readout, rows->first, d_pre);
    pass->kernels->tanh_backward_rows(d_pre, rows->activation);
    weight_backward(pass, d->readout_hidden, d_pre, 0, rows->d_output);
    if (d->place != PLACE_NONE)
        weight_backward(pass, d->readout_context, d_pre, 0, rows->attention.d_context);
    if (d->place == PLACE_BEFORE)
        weight_backward(pass, d->readout_embedded, d_pre, 0, rows->d_embedded);
    else
        mat_zero(rows->d_embedded);
    if (d->place == PLACE_AFTER)
        attention_backward(pass, &d->attention, memory, rows->attention, rows->d_output,
                           coverage(d, d_state));
}

void decoder_recur_backward(const struct pass *pass, const struct decoder *d,
                            struct attention_memory *memory, struct decoder_rows *rows,
                            struct mat d_state)
{
    struct mat d_output = rows->d_output; /* of layer l */
    for (int l = d->layers - 1; l >= 0; l--) {
        struct cell_step s = layer_step(d, rows, l);
        s.d_state = layer_state(d, d_state, l);
        pass->kernels->add_rows(layer_hidden(d, d_state, l), d_output);
        d->rnn[l].cell->backward(pass, &d->rnn[l], s);
        if (l > 0) {
            weight_backward(pass, d->rnn[l].input, rows->gates[l], 0, rows->d_input);
            pass_dropout(pass, SITE_DECODER_LAYER + (uint64_t)l, d->dropout_layers, rows->first,
                         rows->d_input);
            if (l >= d->residual)
                pass->kernels->add_rows(d_output, rows->d_input);
            else
                mat_copy(d_output, rows->d_input);
        } else if (d->residual == 0) {
            pass->kernels->add_rows(rows->d_embedded, d_output);
        }
        if (d->input_context[l] >= 0)
            weight_backward(pass, d->input_context[l], rows->gates[l], 1,
                            rows->attention.d_context);
    }
    if (d->place == PLACE_BEFORE)
        attention_backward(pass, &d->attention, memory, rows->attention,
                           layer_hidden(d, d_state, d->query_layer), coverage(d, d_state));
    if (decoder_feeds(d))
        weight_backward(pass, d->input_feed, rows->gates[0], 0, feed(d, d_state));
}

void decoder_gradients(const struct pass *pass, const struct decoder *d, struct decoder_rows *rows)
{
    struct mat d_gates = rows->gates[0], d_pre = rows->d_readout;
    weight_gradient(pass, d->rnn[0].input, d_gates, rows->embedded);
    weight_backward(pass, d->rnn[0].input, d_gates, 1, rows->d_embedded);
    if (decoder_feeds(d))
        weight_gradient(pass, d->input_feed, d_gates, feed(d, rows->previous));
    for (int l = 0; l < d->layers; l++) {
        if (l > 0)
            weight_gradient(pass, d->rnn[l].input, rows->gates[l], rows->input[l]);
        if (d->input_context[l] >= 0)
            weight_gradient(pass, d->input_context[l], rows->gates[l], rows->attention.context);
        d->rnn[l].cell->weight_gradient(pass, &d->rnn[l], layer_step(d, rows, l));
    }
    weight_gradient(pass, d->readout_hidden, d_pre, rows->output[d->layers - 1]);
    bias_gradient(pass, d->readout_bias, d_pre);
    if (d->place != PLACE_NONE) {
        weight_gradient(pass, d->readout_context, d_pre, rows->attention.context);
        attention_weight_gradient(pass, &d->attention, rows->attention);
    }
    if (d->place == PLACE_BEFORE)
        weight_gradient(pass, d->readout_embedded, d_pre, rows->embedded);
}
