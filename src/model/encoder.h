/* encoder.h -- a stack of recurrent layers reads the source sentence into annotations.
 *
 * Layer l's input is the output of layer l-1; a bidirectional layer's output is its two directions
 * side by side (Bahdanau 2014, 3.2: h_j = [h->_j ; h<-_j]). With model.bidirectional_layers: first
 * only the lowest layer has two directions (Wu 2016, 3.2). From layer model.residual on, a layer's
 * input, before dropout, is added to its output (Wu 2016, 3.1).
 *
 * Parameters: encoder.L.forward.*, encoder.L.backward.* (nn/rnn.h), L from 0. */
#ifndef SATZ_MODEL_ENCODER_H
#define SATZ_MODEL_ENCODER_H

#include "config/recipe.h"
#include "nn/rnn.h"

enum { MODEL_MAX_LAYERS = 32 };

struct encoder {
    int layers, hidden, width; /* width: of an annotation */
    int directions[MODEL_MAX_LAYERS];
    int residual; /* the lowest layer that adds its input; `layers` if none */
    struct rnn rnn[MODEL_MAX_LAYERS][2];
    real dropout_layers;
    bool variational; /* dropout: one mask for all words of a sentence */
};

struct encoder_memory {
    struct mat input[MODEL_MAX_LAYERS];   /* [total, in]; input[0] is the embedded source */
    struct mat below[MODEL_MAX_LAYERS];   /* [total, in]: input before dropout, where residual */
    struct mat d_input[MODEL_MAX_LAYERS]; /* their gradients */
    struct mat d_top;                     /* [total, width], time-major */
    struct rnn_memory rnn[MODEL_MAX_LAYERS][2];
};

/* An error when a residual layer's input and output differ in width. */
int encoder_declare(struct encoder *e, const struct recipe *recipe, struct params *p,
                    struct weights *w, struct satz_error *err);

/* Lays out everything but the annotations. */
void encoder_plan(const struct encoder *e, const struct sequence *seq, bool training,
                  struct arena *arena, struct encoder_memory *m);

/* m->input[0] -> annotations [total, width], sentence-major: row start[r] + step. */
void encoder_forward(const struct pass *pass, const struct encoder *e, const struct sequence *seq,
                     const int *start, struct encoder_memory *m, struct mat annotations);

/* d_annotations, and in m->rnn[l][d].d_state the gradients of the last states (bridge_backward's),
 * -> m->d_input[0] (overwritten) and the parameters' gradients. */
void encoder_backward(const struct pass *pass, const struct encoder *e, const struct sequence *seq,
                      const int *start, struct mat d_annotations, struct encoder_memory *m);

#endif
