/* pass.h -- what one thread needs to run a network over one piece of data.
 *
 * Weights: a `struct weight` is a block of a parameter, some of its rows and columns, used as
 * y = x W^T.
 * Registering it (weights_add) makes it packed after every update, once for y = x W^T and, in
 * training, once for dx = dy W. The packed forms are shared, read-only, by all threads.
 *
 * Shapes: x [n, in], y [n, out], W [out, in] (PyTorch's nn.Linear). */
#ifndef SATZ_NN_PASS_H
#define SATZ_NN_PASS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/sequence.h"
#include "compute/compute.h"
#include "compute/kernels.h"
#include "nn/params.h"

struct weight {
    int param, row, column; /* where the block [out, in] begins in entry `param` */
    int in, out;
    struct packed *forward, *backward;
};

struct weights {
    const struct compute_backend *backend;
    struct weight *list;
    int count;
    size_t capacity;
};

struct pass {
    const struct compute_backend *backend;
    struct compute *compute; /* this thread's */
    const struct params *params;
    const struct weights *weights;
    const struct kernels *kernels;
    real *gradients;        /* this shard's block, accumulated into; NULL outside training */
    unsigned char *touched; /* its map (params.h), where embeddings mark their rows; may be NULL */
    bool dropout;           /* whether dropout is on */
    uint64_t key;           /* of dropout and own_words: seed, step and shard */
    double own_words;       /* probability that the decoder reads a word of its own choice */
    double guided;          /* weight of guided alignment */
};

/* Columns [column, column + in) of entry `param`, or its rows [row, row + out). Returns the
 * weight's index, or -1. */
int weights_add(struct weights *w, const struct params *p, int param, int column, int in,
                struct satz_error *err);
int weights_add_rows(struct weights *w, const struct params *p, int param, int row, int out,
                     struct satz_error *err);
/* Makes room for the packed forms; `training` adds the backward ones. After a failure only
 * weights_release may follow. */
int weights_allocate(struct weights *w, const struct compute_backend *backend, struct compute *c,
                     bool training, struct satz_error *err);
/* Packs weight `index` from the parameters' present values. Different indices may run in parallel.
 */
void weights_pack(struct weights *w, int index, const struct params *p, struct compute *c);
/* Packs rows `rows` [n] of weight `index` alone, where backend->pack_rows can. */
void weights_pack_rows(const struct weights *w, int index, const struct params *p,
                       struct compute *c, const int *rows, int n, struct packed *to);
/* Frees the packed forms; weights_allocate may follow. */
void weights_clear(struct weights *w);
void weights_release(struct weights *w);

/* y = beta y + x W^T */
void weight_forward(const struct pass *pass, int weight, struct mat x, real beta, struct mat y);
/* dx = beta dx + dy W */
void weight_backward(const struct pass *pass, int weight, struct mat dy, real beta, struct mat dx);
/* dW += dy^T x */
void weight_gradient(const struct pass *pass, int weight, struct mat dy, struct mat x);
/* db += column sums of dy, which has as many columns as the parameter */
void bias_gradient(const struct pass *pass, int param, struct mat dy);

/* A matrix from the pass's arena, not zeroed. */
struct mat pass_mat(struct arena *arena, int rows, int cols);

/* Inverted dropout in place: element i of m survives with probability 1 - rate, scaled by
 * 1 / (1 - rate), by (pass->key, site, first_row * cols + i). The same call on the gradient is the
 * backward pass. Nothing happens when dropout is off or the rate is 0. */
void pass_dropout(const struct pass *pass, uint64_t site, real rate, int first_row, struct mat m);

/* As pass_dropout, but rows are words of `seq`, and with `variational` all words of a sentence get
 * its one mask, row r of the sequence's (Gal and Ghahramani 2016). */
void pass_dropout_words(const struct pass *pass, uint64_t site, real rate, bool variational,
                        const struct sequence *seq, struct mat m);

/* Word dropout in place: row i of m, an embedded word, survives whole with probability 1 - rate,
 * scaled by 1 / (1 - rate), by (pass->key, site, first_row + i and, unless `ids` is NULL, ids[i]).
 * With the rows of a sentence's sequence and its ids, all its occurrences of a word share their
 * fate. The same call on the gradient is the backward pass. */
void pass_drop_words(const struct pass *pass, uint64_t site, real rate, int first_row,
                     const int *ids, struct mat m);

#endif
