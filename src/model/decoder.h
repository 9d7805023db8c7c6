/* decoder.h -- one step of the decoder, for training and for search alike.
 *
 * With x the embedded previous word, s the state, h its top layer's hidden part, c the context:
 *
 *   attention before the cell (Bahdanau 2014, 3.1):   c = attend(h_{t-1})
 *                                                     s = cell([x; c], s_{t-1})
 *                                                     a = tanh(W_r [h; c; x] + b)
 *
 *   attention after the cell (Luong 2015, 3.1):       s = cell([x; a_{t-1}], s_{t-1})
 *                                                     c = attend(h)
 *                                                     a = tanh(W_r [h; c] + b)
 *
 *   as GNMT has it (Wu 2016, 3.1):                    as before, but the query is the lowest
 *                                                     layer's h_{t-1}, and every layer sees c
 *
 *   no attention:                                     s = cell(x, s_{t-1})
 *                                                     a = tanh(W_r h + b)
 *
 * a is what the output layer sees; only with input feeding (Luong 2015, 3.3) is it also an input of
 * the next step. From layer model.residual on, what a layer puts out is h plus what came in from
 * below (Wu 2016, equation 6), before dropout; h of the top in `a` and of attention after the cell
 * then stands for that sum.
 *
 * A state row holds h|c of each layer from the lowest, then, where they are needed, the fed
 * readout, the number of the step (the target's position, 0 first), and the coverage of each source
 * word, `longest` columns: all that a step hands on to the next, so that training and search cannot
 * differ in it, and reordering hypotheses is gathering rows.
 *
 * Parameters (absent parts take no columns):
 *   decoder.L.*             nn/rnn.h; the columns of decoder.0.input are x [E], c [M], a_{t-1} [R],
 *                           those of higher layers the layer below [H], with gnmt c [M]
 *   decoder.attention.*     nn/attention.h
 *   decoder.readout.weight  [R, H + M + E]
 *   decoder.readout.bias    [1, R] */
#ifndef SATZ_MODEL_DECODER_H
#define SATZ_MODEL_DECODER_H

#include "model/encoder.h"
#include "nn/attention.h"

enum attention_place { PLACE_NONE, PLACE_BEFORE, PLACE_AFTER };

struct decoder {
    int layers, hidden, embedding, annotation, readout;
    int state_width; /* without coverage */
    int feed, step;  /* their columns in a state row, -1 where there is none */
    int residual;    /* the lowest layer that adds its input; `layers` if none */
    int query_layer; /* of attention before the cell */
    enum attention_place place;
    struct rnn rnn[MODEL_MAX_LAYERS];
    struct attention attention;
    int input_context[MODEL_MAX_LAYERS], input_feed; /* weights; -1 where there is none */
    int uses;                                        /* of the context: those, and the readout's */
    int readout_param, readout_bias;
    int readout_hidden, readout_context, readout_embedded; /* weights */
    real dropout_layers, dropout_readout;
};

/* n rows of everything a step reads and writes: one step's hypotheses, or a whole batch's words. */
struct decoder_rows {
    int first;                           /* row 0's place in dropout's masks */
    struct mat embedded;                 /* [n, E] */
    struct mat previous, next;           /* [n, state] */
    struct mat gates[MODEL_MAX_LAYERS];  /* [n, gates*H] */
    struct mat saved[MODEL_MAX_LAYERS];  /* [n, saved*H] */
    struct mat keep[MODEL_MAX_LAYERS];   /* [n, H]: nn/cell.h */
    struct mat input[MODEL_MAX_LAYERS];  /* [n, H], layers above 0 */
    struct mat output[MODEL_MAX_LAYERS]; /* [n, H]: of next, or of its own where residual */
    struct attention_rows attention;
    struct mat activation, readout;   /* [n, R]: a before and after dropout */
    struct mat d_readout, d_embedded; /* [n, R], [n, E] */
    struct mat d_output;              /* [n, H]: gradient of the top layer's output */
    struct mat d_input;               /* [n, H]: scratch for layers above 0 */
};

/* `annotation` is the width M of an annotation. */
int decoder_declare(struct decoder *d, const struct recipe *recipe, int annotation,
                    struct params *p, struct weights *w, struct satz_error *err);

/* Columns of a state row when the longest source has `longest` words. */
int decoder_state_columns(const struct decoder *d, int longest);

/* Lays out n rows (their gradients when `training`). sentence [n], the source row of each, is the
 * caller's, who fills it before the first step; `longest` is the longest source's length. */
void decoder_rows_plan(const struct decoder *d, int n, const int *sentence, int longest,
                       bool training, struct arena *arena, struct decoder_rows *rows);
/* Rows [from, from + n) of all matrices. */
struct decoder_rows decoder_rows_slice(const struct decoder *d, const struct decoder_rows *rows,
                                       int from, int n);

/* embedded -> gates[0], activation: the part of recurrence and readout that is known for all steps
 * at once. */
void decoder_project(const struct pass *pass, const struct decoder *d, struct decoder_rows *rows);
/* previous, gates[0] -> next. */
void decoder_recur(const struct pass *pass, const struct decoder *d,
                   const struct attention_memory *memory, struct decoder_rows *rows);
/* next, activation -> readout (and what of next comes from there). Rows of many steps may be taken
 * in one call unless the next step needs it (decoder_hands_on). */
void decoder_output(const struct pass *pass, const struct decoder *d,
                    const struct attention_memory *memory, struct decoder_rows *rows);

static inline bool decoder_feeds(const struct decoder *d)
{
    return d->feed >= 0;
}

/* Whether decoder_output has a part in the next step: feeding, or coverage of attention after. */
static inline bool decoder_hands_on(const struct decoder *d)
{
    return decoder_feeds(d) || (d->place == PLACE_AFTER && d->attention.options.coverage);
}

/* d_readout -> d_output, d_embedded (overwritten), attention's gradients; d_readout becomes the
 * gradient of what tanh was taken of. d_state [n, state], empty unless decoder_hands_on: the
 * gradient of next, whose fed part is read and whose coverage becomes that of previous. */
void decoder_output_backward(const struct pass *pass, const struct decoder *d,
                             struct attention_memory *memory, struct decoder_rows *rows,
                             struct mat d_state);
/* d_output and d_state [n, state] (in: the gradient of next; out: of previous) -> gates become
 * their gradients. */
void decoder_recur_backward(const struct pass *pass, const struct decoder *d,
                            struct attention_memory *memory, struct decoder_rows *rows,
                            struct mat d_state);
/* Once, over all rows: the recurrence's part is added to d_embedded, and the parameters get their
 * gradients (attention's keys aside: attention_keys_backward). */
void decoder_gradients(const struct pass *pass, const struct decoder *d, struct decoder_rows *rows);

#endif
