/* bridge.h -- from the encoder's last words to the decoder's first state.
 *
 * dense: s_0 = W [h->_S ; h<-_1] + b of the top layer, with tanh on the parts that are hidden
 * states (after Bahdanau 2014, A.2.2); mean: the same of the annotations' mean; copy: the last
 * states themselves, from top layer to top layer and so on down (a deeper decoder repeats the
 * encoder's lowest); zero. What else a state row holds starts as zero.
 *
 * Parameters (dense, mean), s the width of all layers' states: bridge.weight [s, M], bridge.bias
 * [1, s]. */
#ifndef SATZ_MODEL_BRIDGE_H
#define SATZ_MODEL_BRIDGE_H

#include "model/decoder.h"
#include "model/encoder.h"

struct bridge {
    const struct bridge_kind *kind;
    int param, bias, weight; /* -1 where there is none */
};

struct bridge_memory {
    struct mat summary, d_summary; /* [B, M] */
    struct mat state, d_state;     /* [B, state width], in the order of the source rows */
};

/* What a bridge sees of the encoder's side. */
struct bridge_source {
    const struct encoder *encoder;
    const struct sequence *seq;
    const int *start;
    struct encoder_memory *memory;
    struct mat annotations, d_annotations;
};

/* An error when the kind does not fit the widths (copy). */
int bridge_declare(struct bridge *b, const struct recipe *recipe, const struct encoder *e,
                   const struct decoder *d, struct params *p, struct weights *w,
                   struct satz_error *err);

/* Lays out for `rows` sentences, of which the longest has `longest` words. */
void bridge_plan(const struct encoder *e, const struct decoder *d, int rows, int longest,
                 bool training, struct arena *arena, struct bridge_memory *m);

/* -> m->state. */
void bridge_forward(const struct pass *pass, const struct bridge *b, const struct decoder *d,
                    const struct bridge_source *source, struct bridge_memory *m);

/* m->d_state -> the encoder's last states' gradients (overwritten) and d_annotations (added to). */
void bridge_backward(const struct pass *pass, const struct bridge *b, const struct decoder *d,
                     const struct bridge_source *source, struct bridge_memory *m);

#endif
