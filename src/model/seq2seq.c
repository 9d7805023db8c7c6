#include "model/seq2seq.h"

#include <math.h>

#include "base/rng.h"
#include "model/inputs.h"
#include "model/options.h"
#include "model/sites.h"
#include "nn/embed.h"

static int declare_embeddings(struct seq2seq *m, const struct recipe *recipe,
                              struct satz_error *err)
{
    int width = recipe->model.embedding;
    struct param_init init = {.kind = PARAM_NORMAL, .value = (real)(1.0 / sqrt((double)width))};
    if (recipe_is(recipe->model.init, "uniform") || recipe_is(recipe->model.init, "normal"))
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
    m->loss.agreement = (real)recipe->train.rdrop;
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
        .schedules = !recipe_is(recipe->scheduled.decay, "none"),
        .likeliest = recipe_is(recipe->scheduled.choice, "argmax"),
        .bptt = recipe->train.bptt,
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
    bridge_plan(&m->encoder, &m->decoder, seq->rows, seq->steps, training, arena, &source->bridge);
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
    for (int step = 0; step < seq->steps; step++) {
        int at = seq->offset[step];
        pass_drop_words(pass, SITE_SOURCE_WORDS, m->dropout_source_words, m->variational ? 0 : at,
                        m->variational ? ids + at : NULL,
                        mat_rows(x, at, sequence_active(seq, step)));
    }
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

/* Whether decoder_output must be called step by step. */
static bool by_step(const struct seq2seq *m)
{
    return decoder_hands_on(&m->decoder) || m->variational || m->schedules;
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

/* The weight of a use, layers first as decoder_recur has them. */
static int use_weight(const struct decoder *d, int use)
{
    for (int l = 0; l < d->layers; l++)
        if (d->input_context[l] >= 0 && use-- == 0)
            return d->input_context[l];
    return d->readout_context;
}

/* Of a window that takes one word no sum is made. */
static bool has_values(const struct seq2seq *m)
{
    const struct decoder *d = &m->decoder;
    return d->place != PLACE_NONE && !d->attention.window->samples &&
           m->weights.backend->packs_anything;
}

enum { SOME_WORDS = 128 }; /* whose values one product makes, unless a sentence has more */

void seq2seq_values_plan(const struct seq2seq *m, const struct sequence *seq, struct arena *arena,
                         struct seq2seq_source *source)
{
    const struct decoder *d = &m->decoder;
    struct attention_memory *a = &source->attention;
    int widest = 0;
    if (!has_values(m))
        return;
    for (int use = 0; use < d->uses; use++) {
        int width = m->weights.list[use_weight(d, use)].out;
        widest = width > widest ? width : widest;
    }
    a->sentences = seq->rows;
    a->values = arena_take(arena, (size_t)d->uses * (size_t)seq->rows, sizeof(struct packed *));
    if (a->values)
        memset(a->values, 0, (size_t)d->uses * (size_t)seq->rows * sizeof *a->values);
    int most = seq->steps > SOME_WORDS ? seq->steps : SOME_WORDS;
    source->values = pass_mat(arena, seq->total < most ? seq->total : most, widest);
}

/* The values of sentences [from, to). */
static int pack_values(const struct pass *pass, const struct seq2seq *m, int use, int from, int to,
                       struct seq2seq_source *source, struct satz_error *err)
{
    struct attention_memory *a = &source->attention;
    int weight = use_weight(&m->decoder, use), width = m->weights.list[weight].out;
    int first = a->start[from], n = a->start[to] - first;
    struct mat values = mat_cols(mat_rows(source->values, 0, n), 0, width);
    weight_forward(pass, weight, mat_rows(a->annotations, first, n), 0, values);
    for (int b = from; b < to; b++) {
        int words = a->start[b + 1] - a->start[b];
        struct packed *p = pass->backend->pack_new(pass->compute, words, width, err);
        if (!p)
            return -1;
        a->values[use * a->sentences + b] = p;
        pass->backend->pack(pass->compute, p, mat_rows(values, a->start[b] - first, words), false);
    }
    return 0;
}

int seq2seq_values(const struct pass *pass, const struct seq2seq *m, struct seq2seq_source *source,
                   struct satz_error *err)
{
    struct attention_memory *a = &source->attention;
    if (m->decoder.place != PLACE_NONE)
        attention_prepare(&m->decoder.attention, a);
    for (int from = 0, to; a->values && from < a->sentences; from = to) {
        for (to = from + 1;
             to < a->sentences && a->start[to + 1] - a->start[from] <= source->values.rows;)
            to++;
        for (int use = 0; use < m->decoder.uses; use++)
            if (pack_values(pass, m, use, from, to, source, err) < 0)
                return -1;
    }
    return 0;
}

void seq2seq_values_free(const struct seq2seq *m, struct seq2seq_source *source)
{
    struct attention_memory *a = &source->attention;
    for (int i = 0; a->values && i < m->decoder.uses * a->sentences; i++) {
        m->weights.backend->pack_free(a->values[i]);
        a->values[i] = NULL;
    }
}

/* Whether attention's window draws words, so that losses are costs of what was drawn. */
static bool draws_words(const struct seq2seq *m)
{
    return m->decoder.place != PLACE_NONE && m->decoder.attention.window->samples;
}

/* Steps [from, to) of the target, whose words are rows [first, first + n) of the batch's. */
struct span {
    int from, to, first, n;
};

static struct span span_at(const struct seq2seq *m, const struct sequence *seq, int from)
{
    int to = m->bptt > 0 && m->bptt < seq->steps - from ? from + m->bptt : seq->steps;
    return (struct span){from, to, seq->offset[from], seq->offset[to] - seq->offset[from]};
}

void seq2seq_plan(const struct seq2seq *m, const struct batch *b, bool training,
                  struct arena *arena, struct seq2seq_memory *memory)
{
    *memory = (struct seq2seq_memory){0};
    seq2seq_source_plan(m, &b->source, training, arena, &memory->source);
    struct span longest = span_at(m, &b->target, 0); /* later steps have no more rows */
    memory->sentence = arena_take(arena, (size_t)longest.n, sizeof(int));
    memory->words = arena_take(arena, (size_t)longest.n, sizeof(int));
    decoder_rows_plan(&m->decoder, longest.n, memory->sentence, b->source.steps, training, arena,
                      &memory->rows);
    if (longest.to < b->target.steps)
        memory->carry = pass_mat(arena, b->n, memory->rows.next.cols);
    if (training)
        memory->d_state =
            pass_mat(arena, b->n, decoder_state_columns(&m->decoder, b->source.steps));
    if (training && draws_words(m)) {
        memory->costs = arena_take(arena, (size_t)longest.n, sizeof *memory->costs);
        memory->counts = arena_take(arena, (size_t)longest.n, sizeof *memory->counts);
    }
    loss_plan(&m->loss, &m->weights, arena, &memory->logits);
}

/* Rows [0, n) of step `step` start from the step before, or from the bridge's states. */
static void copy_previous(const struct batch *b, struct span span, int step,
                          struct seq2seq_memory *memory)
{
    const struct sequence *seq = &b->target;
    int n = sequence_active(seq, step);
    struct mat to = mat_rows(memory->rows.previous, seq->offset[step] - span.first, n);
    if (step > span.from) {
        mat_copy(to, mat_rows(memory->rows.next, seq->offset[step - 1] - span.first, n));
        return;
    }
    if (step > 0) {
        mat_copy(to, mat_rows(memory->carry, 0, n));
        return;
    }
    for (int r = 0; r < n; r++)
        memcpy(mat_row(to, r), mat_row(memory->source.bridge.state, b->sentence[r]),
               (size_t)to.cols * sizeof(real));
}

static struct decoder_rows span_rows(const struct seq2seq *m, struct span span,
                                     const struct seq2seq_memory *memory)
{
    struct decoder_rows rows = decoder_rows_slice(&m->decoder, &memory->rows, 0, span.n);
    rows.first = rows.attention.first = span.first;
    return rows;
}

static struct decoder_rows step_rows(const struct seq2seq *m, const struct sequence *seq,
                                     struct span span, int step,
                                     const struct seq2seq_memory *memory)
{
    struct decoder_rows rows = decoder_rows_slice(
        &m->decoder, &memory->rows, seq->offset[step] - span.first, sequence_active(seq, step));
    rows.attention.first = seq->offset[step];
    rows.first = m->variational ? 0 : seq->offset[step];
    return rows;
}

/* Dropout on a step's embedded words; on their gradient, its backward pass. */
static void drop_target(const struct pass *pass, const struct seq2seq *m, int first,
                        const int *words, struct mat x)
{
    pass_drop_words(pass, SITE_TARGET_WORDS, m->dropout_target_words, first,
                    m->variational ? words : NULL, x);
    pass_dropout(pass, SITE_TARGET_EMBEDDING, m->dropout_embedding, first, x);
}

static void drop_words(const struct pass *pass, const struct seq2seq *m, const struct sequence *seq,
                       struct span span, const int *words, struct mat x)
{
    for (int step = span.from; step < span.to; step++) {
        int at = seq->offset[step] - span.first;
        drop_target(pass, m, m->variational ? 0 : seq->offset[step], words + at,
                    mat_rows(x, at, sequence_active(seq, step)));
    }
}

/* A word by its probabilities, or the likeliest; u in [0, 1). z is used up. */
static int choose_word(const struct pass *pass, struct mat z, bool likeliest, double u)
{
    const real *row = mat_row(z, 0);
    int best = 0;
    if (likeliest) {
        for (int v = 1; v < z.cols; v++)
            best = row[v] > row[best] ? v : best;
        return best;
    }
    pass->kernels->softmax_rows(z);
    for (double sum = (double)row[0]; best + 1 < z.cols && sum <= u; sum += (double)row[best])
        best++;
    return best;
}

/* Replaces some words of a step by what the model makes of the step before (Bengio 2015): word i of
 * the batch with probability pass->own_words. No gradient goes by way of the choice. */
static void choose_words(const struct pass *pass, const struct seq2seq *m,
                         const struct sequence *seq, struct span span, int step,
                         struct seq2seq_memory *memory)
{
    uint64_t which = rng_mix(pass->key ^ SITE_OWN_WORDS);
    uint64_t choice = rng_mix(pass->key ^ SITE_OWN_CHOICE);
    int n = sequence_active(seq, step), at = seq->offset[step];
    struct mat readout = mat_rows(memory->rows.readout, seq->offset[step - 1] - span.first, n);
    for (int from = 0; from < n; from += LOSS_CHUNK) {
        int rows = n - from < LOSS_CHUNK ? n - from : LOSS_CHUNK;
        struct mat z = mat_rows(memory->logits, 0, rows);
        loss_logits(pass, &m->loss, mat_rows(readout, from, rows), z);
        for (int r = 0; r < rows; r++) {
            uint64_t word = (uint64_t)at + (uint64_t)from + (uint64_t)r;
            if (rng_uniform(which, word) < pass->own_words)
                memory->words[at - span.first + from + r] =
                    choose_word(pass, mat_rows(z, r, 1), m->likeliest, rng_uniform(choice, word));
        }
    }
}

static void forward(const struct pass *pass, const struct seq2seq *m, const struct batch *b,
                    struct span span, struct seq2seq_memory *memory)
{
    const struct decoder *d = &m->decoder;
    const struct sequence *seq = &b->target;
    const struct attention_memory *attention = &memory->source.attention;
    struct decoder_rows all = span_rows(m, span, memory);
    memcpy(memory->words, b->target_in + span.first, (size_t)span.n * sizeof(int));
    embed_forward(pass, m->target_embedding, memory->words, all.embedded);
    if (!m->schedules) {
        drop_words(pass, m, seq, span, memory->words, all.embedded);
        decoder_project(pass, d, &all);
    }
    for (int step = span.from; step < span.to; step++) {
        int at = seq->offset[step] - span.first;
        for (int r = 0; r < sequence_active(seq, step); r++)
            memory->sentence[at + r] = b->sentence[r];
        copy_previous(b, span, step, memory);
        struct decoder_rows rows = step_rows(m, seq, span, step, memory);
        if (m->schedules) {
            if (step > span.from && pass->own_words > 0)
                choose_words(pass, m, seq, span, step, memory);
            embed_forward(pass, m->target_embedding, memory->words + at, rows.embedded);
            drop_target(pass, m, rows.first, memory->words + at, rows.embedded);
            decoder_project(pass, d, &rows);
        }
        decoder_recur(pass, d, attention, &rows);
        if (by_step(m))
            decoder_output(pass, d, attention, &rows);
    }
    if (!by_step(m))
        decoder_output(pass, d, attention, &all);
    if (span.to < seq->steps) {
        int n = sequence_active(seq, span.to);
        mat_copy(mat_rows(memory->carry, 0, n),
                 mat_rows(memory->rows.next, seq->offset[span.to - 1] - span.first, n));
    }
}

/* The loss as the batch's rows need it. */
static struct loss loss_of(const struct seq2seq *m, const struct batch *b)
{
    struct loss loss = m->loss;
    if (!b->twins)
        loss.agreement = 0;
    return loss;
}

/* Adds what attention adds to the loss. */
static void attention_loss(const struct pass *pass, const struct seq2seq *m, struct span span,
                           const struct seq2seq_memory *memory, struct loss_sums *sums)
{
    const struct attention *a = &m->decoder.attention;
    const struct attention_memory *attention = &memory->source.attention;
    if (m->decoder.place == PLACE_NONE)
        return;
    struct attention_rows rows = span_rows(m, span, memory).attention;
    double guided = attention_guided(a, attention, rows);
    sums->guided += guided;
    sums->loss += attention_penalty(a, attention, rows) + pass->guided * guided;
}

static struct attention_guide guide_of(const struct pass *pass, const struct batch *b)
{
    return (struct attention_guide){b->guide.start, b->guide.step, b->guide.share,
                                    (real)pass->guided};
}

void seq2seq_loss(const struct pass *pass, const struct seq2seq *m, const struct batch *b,
                  struct seq2seq_memory *memory, struct loss_sums *sums)
{
    struct loss loss = loss_of(m, b);
    seq2seq_encode(pass, m, &b->source, b->source_ids, &memory->source);
    memory->source.attention.guide = guide_of(pass, b);
    for (int from = 0; from < b->target.steps;) {
        struct span span = span_at(m, &b->target, from);
        forward(pass, m, b, span, memory);
        attention_loss(pass, m, span, memory, sums);
        loss_forward(pass, &loss, mat_rows(memory->rows.readout, 0, span.n),
                     b->target_out + span.first, memory->logits, sums);
        from = span.to;
    }
}

/* From the rows' losses, in memory->costs, to what the words drawn there cost: the row's own loss,
 * and where its context lives on in the state, what the sentence's later rows of the
 * span cost. */
static void reinforce(const struct pass *pass, const struct seq2seq *m, const struct batch *b,
                      struct span span, real scale, struct seq2seq_memory *memory)
{
    const struct decoder *d = &m->decoder;
    const struct sequence *seq = &b->target;
    bool lives_on = d->place == PLACE_BEFORE || decoder_feeds(d);
    for (int step = span.to - 1; step >= span.from; step--)
        for (int r = 0; r < sequence_active(seq, step); r++) {
            int row = seq->offset[step] - span.first + r;
            memory->counts[row] = 1;
            if (!lives_on || step + 1 == span.to || r >= sequence_active(seq, step + 1))
                continue;
            int later = seq->offset[step + 1] - span.first + r;
            memory->counts[row] += memory->counts[later];
            memory->costs[row] +=
                memory->costs[later] +
                attention_penalty(&d->attention, &memory->source.attention,
                                  attention_rows_slice(memory->rows.attention, later, 1));
        }
    attention_reinforce(pass, &d->attention, scale, memory->costs, memory->counts,
                        attention_rows_slice(memory->rows.attention, 0, span.n));
}

/* The decoder over a span, last step first; leaves the gradient of its first states in
 * memory->d_state. */
static void decoder_backward(const struct pass *pass, const struct seq2seq *m,
                             const struct batch *b, struct span span, struct seq2seq_memory *memory)
{
    const struct decoder *d = &m->decoder;
    struct attention_memory *attention = &memory->source.attention;
    struct decoder_rows all = span_rows(m, span, memory);
    mat_zero(memory->d_state);
    if (!by_step(m))
        decoder_output_backward(pass, d, attention, &all, (struct mat){0});
    for (int step = span.to - 1; step >= span.from; step--) {
        struct decoder_rows rows = step_rows(m, &b->target, span, step, memory);
        struct mat d_state = mat_rows(memory->d_state, 0, rows.next.rows);
        if (by_step(m))
            decoder_output_backward(pass, d, attention, &rows,
                                    decoder_hands_on(d) ? d_state : (struct mat){0});
        decoder_recur_backward(pass, d, attention, &rows, d_state);
    }
    decoder_gradients(pass, d, &all);
    drop_words(pass, m, &b->target, span, memory->words, all.d_embedded);
    embed_backward(pass, m->target_embedding, memory->words, all.d_embedded);
}

/* The first span's d_state, in the order of the source rows. */
static void bridge_gradient(const struct batch *b, struct seq2seq_memory *memory)
{
    for (int r = 0; r < b->n; r++)
        memcpy(mat_row(memory->source.bridge.d_state, b->sentence[r]), mat_row(memory->d_state, r),
               (size_t)memory->d_state.cols * sizeof(real));
}

static void source_backward(const struct pass *pass, const struct seq2seq *m, const struct batch *b,
                            struct seq2seq_memory *memory)
{
    struct seq2seq_source *source = &memory->source;
    struct mat d_annotations = source->attention.d_annotations;
    if (m->decoder.place != PLACE_NONE)
        attention_keys_backward(pass, &m->decoder.attention, &source->attention);
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
    struct loss loss = loss_of(m, b);
    seq2seq_encode(pass, m, &b->source, b->source_ids, &memory->source);
    memory->source.attention.scale = scale;
    memory->source.attention.guide = guide_of(pass, b);
    for (int from = 0; from < b->target.steps;) {
        struct span span = span_at(m, &b->target, from);
        forward(pass, m, b, span, memory);
        attention_loss(pass, m, span, memory, sums);
        loss_backward(pass, &loss, mat_rows(memory->rows.readout, 0, span.n),
                      b->target_out + span.first, scale, memory->logits,
                      mat_rows(memory->rows.d_readout, 0, span.n), memory->costs, sums);
        if (draws_words(m))
            reinforce(pass, m, b, span, scale, memory);
        decoder_backward(pass, m, b, span, memory);
        if (from == 0)
            bridge_gradient(b, memory);
        from = span.to;
    }
    source_backward(pass, m, b, memory);
}

void seq2seq_advance(const struct pass *pass, const struct seq2seq *m,
                     const struct seq2seq_source *source, struct inputs *inputs, const int *words,
                     struct decoder_rows *rows)
{
    if (inputs) {
        inputs_project(pass, m, inputs, words, rows);
    } else {
        embed_forward(pass, m->target_embedding, words, rows->embedded);
        decoder_project(pass, &m->decoder, rows);
    }
    decoder_recur(pass, &m->decoder, &source->attention, rows);
    decoder_output(pass, &m->decoder, &source->attention, rows);
}

void seq2seq_step(const struct pass *pass, const struct seq2seq *m,
                  const struct seq2seq_source *source, const int *words, struct decoder_rows *rows,
                  struct mat logits)
{
    seq2seq_advance(pass, m, source, NULL, words, rows);
    loss_logits(pass, &m->loss, rows->readout, logits);
}
