/* rnn.h -- one recurrent layer in one direction over packed sequences (base/sequence.h).
 *
 * The input projection x W_ih^T of all steps is one GEMM; the time loop has one GEMM and one fused
 * gate kernel per step; weight gradients are one GEMM per sequence.
 *
 * Parameters, as PyTorch's nn.LSTM has them but with one bias (its b_ih + b_hh):
 *   PREFIX.input     [gates*H, in + extra]   weight_ih
 *   PREFIX.recurrent [gates*H, H]            weight_hh
 *   PREFIX.bias      [1, gates*H]
 * The file of a cell that departs from this, or has more, says so. */
#ifndef SATZ_NN_RNN_H
#define SATZ_NN_RNN_H

#include "base/sequence.h"
#include "nn/cell.h"

struct rnn_options {
    int in, hidden;
    int extra; /* further columns of PREFIX.input, which the caller registers and projects itself */
    bool reverse;     /* runs from each sentence's last step to its first */
    real forget_bias; /* initial bias of a forget gate, where the cell has one */
    real dropout;     /* recurrent dropout: rate and site; variational: one mask for all steps */
    uint64_t site;
    bool variational;
    struct param_init init;
};

enum { RNN_MAX_PRODUCTS = 3, RNN_MAX_MORE = 4 };

struct rnn {
    const struct cell *cell;
    struct rnn_options options;
    int input_param, recurrent_param, bias_param;
    int more_param[RNN_MAX_MORE];    /* what else a cell has, in an order of its own */
    int input;                       /* weight */
    int recurrent[RNN_MAX_PRODUCTS]; /* weights: PREFIX.recurrent, in as many parts as a cell has
                                      * products in a step */
    int inner;                       /* weight, of cells that multiply the projected input again */
};

/* What forward leaves for backward; laid out by rnn_plan on the pass's arena. */
struct rnn_memory {
    struct mat gates;    /* [total, gates*H] */
    struct mat states;   /* [total, states*H] */
    struct mat initial;  /* [rows, states*H], filled by the caller before forward */
    struct mat previous; /* [total, states*H]: the state each step started from */
    struct mat saved;    /* [total, saved*H] */
    struct mat keep;     /* [total, H]: cell_step's */
    struct mat d_state;  /* [rows, states*H]: backward's running gradient (training only) */
};

/* Declares the layer's parameters under `prefix`; an error when there is no such cell. */
int rnn_declare(struct rnn *rnn, const char *cell, struct rnn_options options, const char *prefix,
                struct params *p, struct weights *w, struct satz_error *err);

/* For a cell's declare. PREFIX.recurrent [sum of blocks * H, H], where recurrent[i] is the next
 * blocks[i] * H rows, i < n. */
int rnn_declare_recurrent(struct rnn *rnn, const char *prefix, int n, const int *blocks,
                          struct params *p, struct weights *w, struct satz_error *err);
/* PREFIX.NAME [1, blocks * H]: `value` in `count` blocks of H from block `from` on, elsewhere 0.
 * Returns the parameter or -1. */
int rnn_declare_vector(const struct rnn *rnn, const char *prefix, const char *name, int blocks,
                       int from, int count, real value, struct params *p, struct satz_error *err);

/* Columns of a state row, states * H, and of a row of gates, gates * H. */
int rnn_state_width(const struct rnn *rnn);
int rnn_gate_width(const struct rnn *rnn);
/* A matrix of n rows for what a cell saves; without data where it saves nothing. */
struct mat rnn_plan_saved(const struct rnn *rnn, int n, struct arena *arena);

/* A matrix of n rows for cell_step's keep: in training with recurrent dropout a real one, else n
 * times the same row. */
struct mat rnn_plan_keep(const struct rnn *rnn, int n, bool training, struct arena *arena);
/* Fills it: dropout's factors, for rows [first_row, first_row + n) of the mask, or ones. */
void rnn_fill_keep(const struct pass *pass, const struct rnn *rnn, int first_row, struct mat keep);

/* Lays out *m; in training the caller fills m->d_state before rnn_backward. */
void rnn_plan(const struct rnn *rnn, const struct sequence *seq, bool training, struct arena *arena,
              struct rnn_memory *m);

/* x [total, in] -> m->states, from m->initial. */
void rnn_forward(const struct pass *pass, const struct rnn *rnn, const struct sequence *seq,
                 struct mat x, struct rnn_memory *m);

/* d_h [total, H]: gradient of each step's output. m->d_state: in, the gradient of each sentence's
 * last state in this direction; out, that of its initial state. dx [total, in] is overwritten
 * (beta 0) or added to (beta 1). Parameter gradients are accumulated. */
void rnn_backward(const struct pass *pass, const struct rnn *rnn, const struct sequence *seq,
                  struct mat x, struct mat d_h, struct rnn_memory *m, real beta, struct mat dx);

/* Row of m->states that holds row `row`'s last state in this direction. */
int rnn_last_row(const struct rnn *rnn, const struct sequence *seq, int row);

#endif
