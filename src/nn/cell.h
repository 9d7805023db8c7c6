/* cell.h -- one recurrent cell: a const table, one file cell_NAME.simd.c, one line in CELL_LIST.
 *
 * A cell turns the projected input of one step and the previous state into the next state. rnn.c
 * owns time, direction and the input projection; a cell owns its recurrent products and gate
 * functions. State rows are [states * H], h first. All matrices of a call have the same number of
 * rows n. At each cell's equations "x W_ih^T" is what it finds in its gates. */
#ifndef SATZ_NN_CELL_H
#define SATZ_NN_CELL_H

#include "nn/pass.h"

struct rnn;

/* One step of one layer.
 *   gates    [n, gates*H]   forward: in x W_ih^T (no bias), out what backward needs in its place
 *                           backward: in that, out the gradient of the pre-activations
 *   previous [n, states*H]  h_{t-1} | ...
 *   next     [n, states*H]  h_t | ...
 *   saved    [n, saved*H]   forward: out what else backward needs
 *                           backward: in that, out what else weight_gradient needs
 *   keep     [n, H]         factors of the candidate update (LSTM: tanh's g; GRU and MUT: n;
 * simple: the state itself): 1, or recurrent dropout's (Semeniuta 2016) d_state  [n, states*H]
 * backward: in the gradient of next, out that of previous */
struct cell_step {
    struct mat gates, previous, next, saved, keep, d_state;
};

struct cell {
    const char *name;
    int gates;  /* input projections, in units of H */
    int states; /* state width, in units of H */
    int saved;  /* width of what is kept beside the gates, in units of H */
    /* Declares the cell's recurrent parameters and bias under `prefix` into rnn's fields. */
    int (*declare)(struct rnn *rnn, const char *prefix, struct params *p, struct weights *w,
                   struct satz_error *err);
    void (*forward)(const struct pass *pass, const struct rnn *rnn, struct cell_step s);
    /* May add to gradients of the cell's own vectors, those that weight_gradient leaves out. */
    void (*backward)(const struct pass *pass, const struct rnn *rnn, struct cell_step s);
    /* Adds to the gradients of the recurrent parameters and the bias, over all steps at once: `all`
     * is as backward left it, without d_state. */
    void (*weight_gradient)(const struct pass *pass, const struct rnn *rnn, struct cell_step all);
};

/* The cell of that name, for the best instruction set here; NULL if there is none. */
const struct cell *cell_find(const char *name);

#endif
