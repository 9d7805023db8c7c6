#include "model/seq2seq.h"

#include <math.h>

#include "model/options.h"
#include "model/sites.h"
#include "nn/embed.h"

static int declare_embeddings(struct seq2seq *m, const struct recipe *recipe,
                              struct satz_error *err)
{
    int width = recipe->model.embedding;
    struct param_init init = {.kind = PARAM_NORMAL, .value = (real)(1.0 / sqrt((double)width))};
    if (recipe_is(recipe->model.init, "uniform"))
        init = model_weight_init(recipe);
    m->target_embedding =
        params_add(&m->params, "target.embedding", m->target_size, width, init, err);
    if (m->target_embedding < 0)
        return -1;
    m->source_embedding = m->target_embedding;
    if (!recipe_is(recipe->model.tie, "all"))
        m->source_embedding =
            params_add(&m->params, "source.embedding", m->source_size, width, init, err);
    return m->source_embedding < 0 ? -1 : 0;
}

static int declare_output(struct seq2seq *m, const struct recipe *recipe, struct satz_error *err)
{
    int width = m->decoder.readout, param = m->target_embedding;
    if (recipe_is(recipe->model.tie, "none"))
        param = params_add(&m->params, "output.weight", m->target_size, width,
                           model_weight_init(recipe), err);
    else if (width != recipe->model.embedding)
        return error_set(err,
                         "model.tie %s shares the output weights with the target embedding, but "
                         "model.readout is %d and model.embedding %d: make them equal",
                         recipe->model.tie, width, recipe->model.embedding);
    m->loss.smoothing = (real)recipe->train.label_smoothing;
    m->loss.bias = params_add(&m->params, "output.bias", 1, m->target_size,
                              (struct param_init){.kind = PARAM_ZERO}, err);
    if (param < 0 || m->loss.bias < 0)
        return -1;
    m->loss.weight = weights_add(&m->weights, &m->params, param, 0, width, err);
    return m->loss.weight < 0 ? -1 : 0;
}

int seq2seq_init(struct seq2seq *m, const struct recipe *recipe, int source_size, int target_size,
                 struct satz_error *err)
{
    *m = (struct seq2seq){
        .source_size = source_size,
        .target_size = target_size,
        .dropout_embedding = (real)recipe->dropout.embedding,
        .dropout_annotations = (real)recipe->dropout.annotations,
        .dropout_source_words = (real)recipe->dropout.source_words,
        .dropout_target_words = (real)recipe->dropout.target_words,
        .variational = recipe->dropout.variational,
    };
    if (recipe_is(recipe->model.tie, "all") && source_size != target_size) {
        error_set(err,
                  "model.tie all needs one vocabulary for both sides, but they have %d and %d "
                  "pieces: set tokenizer.joint to true",
                  source_size, target_size);
        goto fail;
    }
    if (declare_embeddings(m, recipe, err) < 0 ||
        encoder_declare(&m->encoder, recipe, &m->params, &m->weights, err) < 0 ||
        decoder_declare(&m->decoder, recipe, m->encoder.width, &m->params, &m->weights, err) < 0 ||
        bridge_declare(&m->bridge, recipe, &m->encoder, &m->decoder, &m->params, &m->weights, err) <
            0 ||
        declare_output(m, recipe, err) < 0)
        goto fail;
    return 0;
fail:
    seq2seq_release(m);
    return -1;
}

void seq2seq_release(struct seq2seq *m)
{
    weights_release(&m->weights);
    params_release(&m->params);
    *m = (struct seq2seq){0};
}

void seq2seq_source_plan(const struct seq2seq *m, const struct sequence *seq, bool training,
                         struct arena *arena, struct seq2seq_source *source)
{
    *source = (struct seq2seq_source){0};
    source->start = arena_take(arena, (size_t)seq->rows + 1, sizeof(int));
    encoder_plan(&m->encoder, seq, training, arena, &source->encoder);
    if (m->decoder.place != PLACE_NONE) {
        attention_memory_plan(&m->decoder.attention, seq->total, source->start, seq->steps,
                              training, arena, &source->attention);
    } else {
        source->attention.annotations = pass_mat(arena, seq->total, m->encoder.width);
        if (training)
            source->attention.d_annotations = pass_mat(arena, seq->total, m->encoder.width);
    }
    bridge_plan(&m->encoder, &m->decoder, seq->rows, training, arena, &source->bridge);
}

static struct bridge_source bridge_view(const struct seq2seq *m, const struct sequence *seq,
                                        struct seq2seq_source *source)
{
    return (struct bridge_source){
        .encoder = &m->encoder,
        .seq = seq,
        .start = source->start,
        .memory = &source->encoder,
        .annotations = source->attention.annotations,
        .d_annotations = source->attention.d_annotations,
    };
}

/* Dropout on the embedded source and on the annotations; on their gradients, its backward pass. */
static void drop_source(const struct pass *pass, const struct seq2seq *m,
                        const struct sequence *seq, const int *ids, struct mat x)
{
    pass_drop_words(pass, SITE_SOURCE_WORDS, m->dropout_source_words, m->variational, seq, ids, x);
    pass_dropout_words(pass, SITE_SOURCE_EMBEDDING, m->dropout_embedding, m->variational, seq, x);
}

static void drop_annotations(const struct pass *pass, const struct seq2seq *m,
                             const struct sequence *seq, const int *start, struct mat annotations)
{
    if (!m->variational) {
        pass_dropout(pass, SITE_ANNOTATIONS, m->dropout_annotations, 0, annotations);
        return;
    }
    for (int r = 0; r < seq->rows; r++)
        for (int i = start[r]; i < start[r + 1]; i++)
            pass_dropout(pass, SITE_ANNOTATIONS, m->dropout_annotations, r,
                         mat_rows(annotations, i, 1));
}

static void drop_target(const struct pass *pass, const struct seq2seq *m, const struct batch *b,
                        struct mat x)
{
    pass_drop_words(pass, SITE_TARGET_WORDS, m->dropout_target_words, m->variational, &b->target,
                    b->target_in, x);
    pass_dropout_words(pass, SITE_TARGET_EMBEDDING, m->dropout_embedding, m->variational,
                       &b->target, x);
}

/* Whether decoder_output must be called step by step. */
static bool by_step(const struct seq2seq *m)
{
    return decoder_feeds(&m->decoder) || m->variational;
}

void seq2seq_encode(const struct pass *pass, const struct seq2seq *m, const struct sequence *seq,
                    const int *ids, struct seq2seq_source *source)
{
    struct mat x = source->encoder.input[0], annotations = source->attention.annotations;
    source->start[0] = 0;
    for (int r = 0; r < seq->rows; r++)
        source->start[r + 1] = source->start[r] + seq->length[r];
    embed_forward(pass, m->source_embedding, ids, x);
    drop_source(pass, m, seq, ids, x);
    encoder_forward(pass, &m->encoder, seq, source->start, &source->encoder, annotations);
    drop_annotations(pass, m, seq, source->start, annotations);
    struct bridge_source view = bridge_view(m, seq, source);
    bridge_forward(pass, &m->bridge, &m->decoder, &view, &source->bridge);
    if (m->decoder.place != PLACE_NONE)
        attention_keys(pass, &m->decoder.attention, &source->attention);
    else if (source->attention.d_annotations.data)
        mat_zero(source->attention.d_annotations);
}

void seq2seq_plan(const struct seq2seq *m, const struct batch *b, bool training,
                  struct arena *arena, struct seq2seq_memory *memory)
{
    *memory = (struct seq2seq_memory){0};
    seq2seq_source_plan(m, &b->source, training, arena, &memory->source);
    memory->sentence = arena_take(arena, (size_t)b->target.total, sizeof(int));
    decoder_rows_plan(&m->decoder, b->target.total, memory->sentence, b->source.steps, training,
                      arena, &memory->rows);
    if (training)
        memory->d_state = pass_mat(arena, b->n, m->decoder.state_width);
    loss_plan(&m->loss, &m->weights, arena, &memory->logits);
}

/* Rows [0, n) of step `step` start from the step before, or from the bridge's states. */
static void copy_previous(const struct batch *b, int step, struct seq2seq_memory *memory)
{
    const struct sequence *seq = &b->target;
    int n = sequence_active(seq, step);
    struct mat to = mat_rows(memory->rows.previous, seq->offset[step], n);
    if (step > 0) {
        mat_copy(to, mat_rows(memory->rows.next, seq->offset[step - 1], n));
        return;
    }
    for (int r = 0; r < n; r++)
        memcpy(mat_row(to, r), mat_row(memory->source.bridge.state, b->sentence[r]),
               (size_t)to.cols * sizeof(real));
}

static struct decoder_rows step_rows(const struct seq2seq *m, const struct sequence *seq, int step,
                                     const struct seq2seq_memory *memory)
{
    struct decoder_rows rows = decoder_rows_slice(&m->decoder, &memory->rows, seq->offset[step],
                                                  sequence_active(seq, step));
    if (m->variational)
        rows.first = 0;
    return rows;
}

static void forward(const struct pass *pass, const struct seq2seq *m, const struct batch *b,
                    struct seq2seq_memory *memory)
{
    const struct decoder *d = &m->decoder;
    const struct sequence *seq = &b->target;
    const struct attention_memory *attention = &memory->source.attention;
    seq2seq_encode(pass, m, &b->source, b->source_ids, &memory->source);
    embed_forward(pass, m->target_embedding, b->target_in, memory->rows.embedded);
    drop_target(pass, m, b, memory->rows.embedded);
    decoder_project(pass, d, &memory->rows);
    for (int step = 0; step < seq->steps; step++) {
        for (int r = 0; r < sequence_active(seq, step); r++)
            memory->sentence[seq->offset[step] + r] = b->sentence[r];
        copy_previous(b, step, memory);
        struct decoder_rows rows = step_rows(m, seq, step, memory);
        decoder_recur(pass, d, attention, &rows);
        if (by_step(m))
            decoder_output(pass, d, attention, &rows);
    }
    if (!by_step(m))
        decoder_output(pass, d, attention, &memory->rows);
}

void seq2seq_loss(const struct pass *pass, const struct seq2seq *m, const struct batch *b,
                  struct seq2seq_memory *memory, struct loss_sums *sums)
{
    forward(pass, m, b, memory);
    loss_forward(pass, &m->loss, memory->rows.readout, b->target_out, memory->logits, sums);
}

/* The decoder, last step first; leaves the gradient of its initial states in memory->d_state. */
static void decoder_backward(const struct pass *pass, const struct seq2seq *m,
                             const struct batch *b, struct seq2seq_memory *memory)
{
    const struct decoder *d = &m->decoder;
    struct attention_memory *attention = &memory->source.attention;
    mat_zero(memory->d_state);
    if (!by_step(m))
        decoder_output_backward(pass, d, attention, &memory->rows);
    for (int step = b->target.steps - 1; step >= 0; step--) {
        struct decoder_rows rows = step_rows(m, &b->target, step, memory);
        struct mat d_state = mat_rows(memory->d_state, 0, rows.next.rows);
        if (decoder_feeds(d))
            pass->kernels->add_rows(rows.d_readout, mat_cols(d_state, d->feed, d->readout));
        if (by_step(m))
            decoder_output_backward(pass, d, attention, &rows);
        decoder_recur_backward(pass, d, attention, &rows, d_state);
    }
    decoder_gradients(pass, d, &memory->rows);
    drop_target(pass, m, b, memory->rows.d_embedded);
    embed_backward(pass, m->target_embedding, b->target_in, memory->rows.d_embedded);
}

static void source_backward(const struct pass *pass, const struct seq2seq *m, const struct batch *b,
                            struct seq2seq_memory *memory)
{
    struct seq2seq_source *source = &memory->source;
    struct mat d_annotations = source->attention.d_annotations;
    if (m->decoder.place != PLACE_NONE)
        attention_keys_backward(pass, &m->decoder.attention, &source->attention);
    for (int r = 0; r < b->n; r++)
        memcpy(mat_row(source->bridge.d_state, b->sentence[r]), mat_row(memory->d_state, r),
               (size_t)memory->d_state.cols * sizeof(real));
    struct bridge_source view = bridge_view(m, &b->source, source);
    bridge_backward(pass, &m->bridge, &m->decoder, &view, &source->bridge);
    drop_annotations(pass, m, &b->source, source->start, d_annotations);
    encoder_backward(pass, &m->encoder, &b->source, source->start, d_annotations, &source->encoder);
    struct mat dx = source->encoder.d_input[0];
    drop_source(pass, m, &b->source, b->source_ids, dx);
    embed_backward(pass, m->source_embedding, b->source_ids, dx);
}

void seq2seq_gradient(const struct pass *pass, const struct seq2seq *m, const struct batch *b,
                      real scale, struct seq2seq_memory *memory, struct loss_sums *sums)
{
    forward(pass, m, b, memory);
    loss_backward(pass, &m->loss, memory->rows.readout, b->target_out, scale, memory->logits,
                  memory->rows.d_readout, sums);
    decoder_backward(pass, m, b, memory);
    source_backward(pass, m, b, memory);
}

void seq2seq_step(const struct pass *pass, const struct seq2seq *m,
                  const struct seq2seq_source *source, const int *words, struct decoder_rows *rows,
                  struct mat logits)
{
    embed_forward(pass, m->target_embedding, words, rows->embedded);
    decoder_project(pass, &m->decoder, rows);
    decoder_recur(pass, &m->decoder, &source->attention, rows);
    decoder_output(pass, &m->decoder, &source->attention, rows);
    loss_logits(pass, &m->loss, rows->readout, logits);
}
