/* inputs.h -- what a target word adds to the bottom layer's gates and to the readout, remembered.
 *
 * In search the decoder reads the same few hundred words again and again: decoder_project of each
 * is done when it first comes, and is a copy from then on, of the same bits. */
#ifndef SATZ_MODEL_INPUTS_H
#define SATZ_MODEL_INPUTS_H

#include "model/seq2seq.h"

enum { INPUTS_ROWS = LOSS_CHUNK };

/* Of one model and one thread; the model must not change meanwhile. */
struct inputs;

/* Keeps the first words whose rows fit `bytes`. NULL with *err set when memory is short.
 * inputs_free accepts NULL. */
struct inputs *inputs_new(const struct seq2seq *m, size_t bytes, struct satz_error *err);
void inputs_free(struct inputs *in);
const struct seq2seq *inputs_model(const struct inputs *in);

/* words [n], n <= INPUTS_ROWS -> what embed_forward and decoder_project would make of them in
 * `rows` [n]. */
void inputs_project(const struct pass *pass, const struct seq2seq *m, struct inputs *in,
                    const int *words, struct decoder_rows *rows);

#endif
