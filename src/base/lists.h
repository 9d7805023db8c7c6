/* lists.h -- every extension point, each member named once.
 *
 * The recipe's choices, the reference docs, the lookup tables, and the gradient check of every cell
 * with every score come from these lists. To add a member: add one line here and write its table:
 * nn/cell_NAME.simd.c, nn/score_NAME.simd.c, nn/window_NAME.simd.c, train/optimizer_NAME.simd.c,
 * compute/NAME.c, or, for a schedule or a decay, a row in train/schedule.c, for a cost of guided
 * alignment one in nn/guidance.c. */
#ifndef SATZ_BASE_LISTS_H
#define SATZ_BASE_LISTS_H

/* X(name, "meaning") */
#define CELL_LIST(X)                                                                               \
    X(lstm, "long short-term memory, gates i f g o (PyTorch's nn.LSTM)")                           \
    X(rnn_tanh, "simple recurrence with tanh (PyTorch's nn.RNN)")                                  \
    X(rnn_relu, "simple recurrence with rectified units (PyTorch's nn.RNN)")                       \
    X(gru, "gated recurrent unit, reset after the product, gates r z n (PyTorch's nn.GRU)")        \
    X(gru_before, "gated recurrent unit, reset before the product (Cho 2014, Bahdanau 2014)")      \
    X(lstm_peephole, "lstm whose gates see the cell's state (Gers 2000)")                          \
    X(lstm_coupled, "lstm with i = 1 - f, gates f g o (Greff 2015)")                               \
    X(mut1, "MUT1 of Jozefowicz 2015: z sees the input only")                                      \
    X(mut2, "MUT2 of Jozefowicz 2015: r sees the input unmixed")                                   \
    X(mut3, "MUT3 of Jozefowicz 2015: z sees tanh(h)")                                             \
    X(lstm_norm, "lstm with layer normalisation (Ba 2016)")                                        \
    X(gru_norm, "gru with layer normalisation (Ba 2016)")

#define SCORE_LIST(X)                                                                              \
    X(dot, "q.k (Luong 2015, 3.1)")                                                                \
    X(general, "q.(W k) (Luong 2015, 3.1)")                                                        \
    X(concat, "v.tanh(Wq q + Wk k): Bahdanau's additive score (2014, A.1.2)")                      \
    X(scaled, "q.k / sqrt(width) (Vaswani 2017, 3.2.1)")                                           \
    X(location, "(W q) at the word's position: the words are not seen (Luong 2015, 3.1)")

#define WINDOW_LIST(X)                                                                             \
    X(global, "all words")                                                                         \
    X(local_m, "words around the target's own position (Luong 2015, 3.2)")                         \
    X(local_p, "words around a predicted position, the nearer the heavier (Luong 2015, 3.2)")      \
    X(hard, "one word, drawn in training, the likeliest in search (Xu 2015, 4.1)")

/* Guided alignment: of the weights w and what they ought to be, A, which adds up to 1. */
#define GUIDED_COST_LIST(X)                                                                        \
    X(ce, "cross-entropy, -sum A log w")                                                           \
    X(mse, "half the squared error, sum (w - A)^2 / 2")

#define OPTIMIZER_LIST(X)                                                                          \
    X(sgd, "stochastic gradient descent")                                                          \
    X(adam, "Adam (Kingma and Ba 2014, algorithm 1)")                                              \
    X(adamw, "Adam with decoupled weight decay (Loshchilov and Hutter 2017)")                      \
    X(momentum, "gradient descent with momentum (PyTorch's SGD)")                                  \
    X(adadelta, "ADADELTA (Zeiler 2012); his rate is 1, his epsilon 1e-6")

#define SCHEDULE_LIST(X)                                                                           \
    X(constant, "the rate as given")                                                               \
    X(warmup, "linear warm-up, then falling with the inverse square root of the step")             \
    X(plateau, "multiplied by schedule.factor when validation stops improving")                    \
    X(cosine, "linear warm-up, then half a cosine down to the minimum (Loshchilov 2016)")          \
    X(halving, "constant for schedule.start epochs, then multiplied by schedule.factor every "     \
               "schedule.interval epochs (Luong 2015)")

/* The probability of the true word in update i: scheduled sampling. */
#define DECAY_LIST(X)                                                                              \
    X(none, "1: the true words only")                                                              \
    X(linear, "k - c i")                                                                           \
    X(exponential, "k^i, k < 1")                                                                   \
    X(inverse_sigmoid, "k / (k + exp(i / k)), k >= 1")

/* Best first: "auto" takes the first that runs here. */
#define BACKEND_LIST(X)                                                                            \
    X(openblas, "OpenBLAS, with our own kernels for packed weights; the reference")                \
    X(onednn, "oneDNN, weights packed")

#endif
