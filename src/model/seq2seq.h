/* seq2seq.h -- the translation model: embeddings, encoder, bridge, decoder with attention, output.
 *
 * The one place where translation is spelled out. A model is immutable while passes run over it, so
 * threads share it; each thread has a struct pass and memory planned on its own arena.
 *
 * Parameters besides those of encoder.h, bridge.h and decoder.h:
 *   source.embedding [Vs, E]   not with model.tie all: target.embedding is used
 *   target.embedding [Vt, E]
 *   output.weight    [Vt, R]   not with model.tie target or all: target.embedding is used
 *   output.bias      [1, Vt] */
#ifndef SATZ_MODEL_SEQ2SEQ_H
#define SATZ_MODEL_SEQ2SEQ_H

#include "model/bridge.h"
#include "nn/loss.h"
#include "text/batch.h"

struct seq2seq {
    struct params params;
    struct weights weights;
    int source_size, target_size; /* vocabularies */
    int source_embedding, target_embedding;
    struct encoder encoder;
    struct bridge bridge;
    struct decoder decoder;
    struct loss loss;
    real dropout_embedding, dropout_annotations, dropout_source_words, dropout_target_words;
    bool variational; /* dropout: one mask for all words of a sentence */
    bool schedules;   /* scheduled sampling: pass->own_words may be above 0 */
    bool likeliest;   /* own words are the likeliest ones, not drawn */
    int bptt;         /* steps that a gradient goes back over; 0: all */
};

/* Declares the model a recipe describes; params_allocate and a source of values (params_initialise
 * or a model file) and weights_allocate + weights_pack follow. On failure nothing is left to
 * release. */
int seq2seq_init(struct seq2seq *m, const struct recipe *recipe, int source_size, int target_size,
                 struct satz_error *err);
void seq2seq_release(struct seq2seq *m);

/* The source side of a batch: what translation needs and training also has. */
struct seq2seq_source {
    struct encoder_memory encoder;
    struct attention_memory attention;
    struct bridge_memory bridge;
    int *start;        /* [rows + 1] */
    struct mat values; /* [some words, the widest use of the context]: scratch of seq2seq_values */
};

/* Lays out, and then computes from ids [seq->total], annotations, keys and the decoder's first
 * states (source->bridge.state [B, state], in the order of the source rows). */
void seq2seq_source_plan(const struct seq2seq *m, const struct sequence *seq, bool training,
                         struct arena *arena, struct seq2seq_source *source);
void seq2seq_encode(const struct pass *pass, const struct seq2seq *m, const struct sequence *seq,
                    const int *ids, struct seq2seq_source *source);

/* For search, which has many hypotheses a sentence: prepares the keys, and with V_j = W h_j, made
 * once for each use that a step has for the context, W c is the sum of w_j V_j, words by columns
 * instead of annotation by columns for every row. The plan follows seq2seq_source_plan,
 * seq2seq_values seq2seq_encode; they leave no values to a decoder or a backend that cannot use
 * them. 0, or -1 without memory; seq2seq_values_free may follow either. */
void seq2seq_values_plan(const struct seq2seq *m, const struct sequence *seq, struct arena *arena,
                         struct seq2seq_source *source);
int seq2seq_values(const struct pass *pass, const struct seq2seq *m, struct seq2seq_source *source,
                   struct satz_error *err);
void seq2seq_values_free(const struct seq2seq *m, struct seq2seq_source *source);

/* A whole batch, source and target. The decoder runs over spans of `bptt` steps, one after the
 * other: each forward, loss, backward, with the last states of the one before as its first, which
 * pass no gradient back. Rows of the decoder are those of one span, `most` in the longest. */
struct seq2seq_memory {
    struct seq2seq_source source;
    struct decoder_rows rows; /* one row per target word of the span */
    int *sentence;            /* [most]: source row of each target word */
    int *words;               /* [most]: what the decoder reads */
    struct mat carry;         /* [B, state]: the last states of the span before */
    struct mat d_state;       /* [B, state] */
    double *costs;            /* [target.total], for the window hard: of the word drawn for a row */
    int *counts;              /* [target.total]: words that a cost counts */
    struct mat logits;        /* [LOSS_CHUNK, Vt]: a chunk of rows */
};

/* Lays a batch out; run on a measuring arena first, its peak is the memory that is needed. */
void seq2seq_plan(const struct seq2seq *m, const struct batch *b, bool training,
                  struct arena *arena, struct seq2seq_memory *memory);

/* Teacher forcing: losses of the batch's target given its source; *sums is added to. A batch with a
 * guide adds the cost of guided alignment, times pass->guided. */
void seq2seq_loss(const struct pass *pass, const struct seq2seq *m, const struct batch *b,
                  struct seq2seq_memory *memory, struct loss_sums *sums);

/* seq2seq_loss, and pass->gradients += scale * d loss. Memory must be planned for training. */
void seq2seq_gradient(const struct pass *pass, const struct seq2seq *m, const struct batch *b,
                      real scale, struct seq2seq_memory *memory, struct loss_sums *sums);

/* One step of search over n hypotheses, rows of `rows` planned for at least n:
 *   sentence [n]  source row of each (the pointer given to the plan)
 *   words [n]     the words just chosen (TOKEN_BEGIN first)
 *   rows->previous [n, state] is read; rows->next [n, state], rows->attention.weights and
 *   logits [n, Vt] are written. */
void seq2seq_step(const struct pass *pass, const struct seq2seq *m,
                  const struct seq2seq_source *source, const int *words, struct decoder_rows *rows,
                  struct mat logits);

struct inputs;

/* As seq2seq_step, up to rows->readout: the output layer is the caller's. `inputs` (inputs.h) may
 * be NULL. */
void seq2seq_advance(const struct pass *pass, const struct seq2seq *m,
                     const struct seq2seq_source *source, struct inputs *inputs, const int *words,
                     struct decoder_rows *rows);

#endif
