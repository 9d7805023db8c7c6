/* attention.h -- a query looks at the annotations of its sentence: score x window, weighted sum.
 *
 *   e_j = score(q, k_j)    alpha = softmax(e) over the window    w_j = alpha_j g_j
 *   c = sum_j w_j h_j
 *
 * Annotations are sentence-major: sentence b owns rows [start[b], start[b + 1]). What depends on
 * the annotations alone (keys) is computed once per sentence by attention_keys. Query rows name
 * their sentence, so training (one row per target word) and search (one row per hypothesis) are one
 * call. Words outside a local window cost nothing and have the weight 0.
 *
 * Coverage (See 2017, 2.3): C_t = sum of the weights of the steps before t, per source word, is
 * added to the keys, k_j + C_j w_c, which for the additive score is his equation 11; training adds
 * coverage_loss sum_j min(w_j, C_j) to the loss (equation 12). With fertility (Tu 2016, 3.1.1,
 * equations 8 and 9) a step adds w_j / Phi_j, Phi_j = 2 sigmoid(u.h_j).
 *
 * The window hard (Xu 2015, 4.1) takes one word's annotation for c: in training (pass->dropout)
 * drawn from alpha, else the likeliest. With l_t the loss of word t, H_t the entropy of alpha and
 * s_t the word drawn, the gradient of E[sum_t l_t - entropy H_t] is estimated by that of the path
 * drawn plus, at each step, REINFORCE: (C_t - b_t) d log alpha_{s_t}, where C_t is the cost of all
 * that s_t can change (attention_reinforce) and b_t = n_t (w.q_t + b) the baseline, learned by
 * least squares, n_t being the number of words that C_t counts.
 *
 * Guided alignment (Chen 2016, 2.3): where a guide tells a row to look, A_j, adding up to 1,
 *
 *   loss += weight cost(w, A)    ce:  -sum_j A_j log w_j    mse:  sum_j (w_j - A_j)^2 / 2
 *
 * over the words that the row's window shows. The derivative is that of w, so that it passes
 * through whatever made w of the scores; of ce and global attention that is alpha_j - A_j at e_j.
 *
 * Parameters under PREFIX, present when score, window or coverage use them:
 *   PREFIX.query [K, Q]      PREFIX.key [K, M]         PREFIX.v [1, K]
 *   PREFIX.position [P, Q]   PREFIX.position_v [1, P]  (local_p)
 *   PREFIX.coverage [1, K]   PREFIX.fertility [1, M]
 *   PREFIX.baseline [1, Q]   PREFIX.baseline_bias [1, 1]  (hard)
 * where Q is the query's width, M an annotation's, and K the key's: for a score that projects its
 * query attention.size, or for location attention.positions; else Q. */
#ifndef SATZ_NN_ATTENTION_H
#define SATZ_NN_ATTENTION_H

#include "nn/pass.h"

/* One score: a const table, one file score_NAME.simd.c, one line in SCORE_LIST. Row functions work
 * on one query q [K] and the keys of some words of its sentence, of which the first is word
 * `first`; `n` is K. */
struct score {
    const char *name;
    bool projects_query, projects_key, has_v;
    bool blind; /* does not look at the keys */
    /* e [words] is overwritten. */
    void (*energy)(int n, const real *q, int first, struct mat keys, const real *v, real *e);
    /* For search, where keys meet many queries: the energies, but for a number that all of a row
     * share, of queries and keys that went through `prepare`. NULL: there is nothing to prepare. */
    void (*prepare)(struct mat x);
    void (*prepared_energy)(int n, const real *q, int first, struct mat keys, const real *v,
                            real *e);
    /* de [words] -> d_q [K], d_keys [words, K], d_v [K] (where there is a v), all added to. */
    void (*energy_backward)(int n, const real *q, int first, struct mat keys, const real *v,
                            const real *d_e, real *d_q, struct mat d_keys, real *d_v);
};

/* One window: a const table, one file window_NAME.simd.c, one line in WINDOW_LIST. */
struct attention_window {
    const char *name;
    bool local;    /* words further than `width` from the centre are not seen */
    bool steps;    /* the centre is the target's position */
    bool predicts; /* the centre is S sigmoid(v.tanh(W q)) */
    bool samples;  /* the centre is drawn from alpha, and only its word is seen */
    /* alpha [n] of the words from `first` on -> alpha g; NULL where g is 1. */
    void (*shape)(int n, int first, real centre, real width, real *alpha);
    /* d [n]: in, the gradient of `weights` = alpha g; out, that of alpha, which is written too.
     * Returns the gradient of the centre. */
    real (*shape_backward)(int n, int first, real centre, real width, const real *weights,
                           real *alpha, real *d);
};

/* The score or window of that name, for the best instruction set here; NULL if there is none. */
const struct score *score_find(const char *name);
const struct attention_window *window_find(const char *name);

/* A cost of guided alignment: a row in guidance.c, one line in GUIDED_COST_LIST. Entries i tell
 * words step[i], which count from the row's first word and of which only those in [first, first +
 * n) are seen; `weights` [n] and d [n] are of these. */
struct guided_cost {
    const char *name;
    double (*cost)(int first, int n, const real *weights, int entries, const int *step,
                   const float *share);
    /* d += scale times the gradient of the weights. */
    void (*backward)(int first, int n, const real *weights, int entries, const int *step,
                     const float *share, real scale, real *d);
};

/* NULL if there is none of that name. */
const struct guided_cost *guided_cost_find(const char *name);

/* Where the rows of a batch ought to look: the caller's, as text/batch.h has it. */
struct attention_guide {
    const int *start, *step; /* start NULL: there is no guide */
    const float *share;
    real weight;
};

struct attention_options {
    const char *score, *window, *guided_cost; /* guided_cost NULL: there will be no guide */
    int query, annotation;                    /* widths Q and M */
    int key;                  /* K of a score that projects its query; the others have Q */
    int position;             /* P */
    real width;               /* D of a local window, at least 1 */
    bool coverage, fertility; /* fertility: with coverage only */
    real coverage_loss, entropy;
    uint64_t site; /* of the words drawn, among the sites of dropout */
    struct param_init init;
};

struct attention {
    const struct score *score;
    const struct attention_window *window;
    const struct attention_kernels *kernels;
    const struct guided_cost *guided_cost;
    struct attention_options options;
    int key_width;
    int query_param, key_param, v_param; /* -1 where there is none, as all below */
    int position_param, position_v_param, coverage_param, fertility_param, baseline_param,
        baseline_bias_param;
    int query, key, position; /* weights */
};

/* The annotations of a batch, their keys, and in training their gradients. Where the score does not
 * project keys, keys and d_keys are annotations and d_annotations themselves. */
struct attention_memory {
    struct mat annotations, keys;      /* [total, M], [total, K] */
    struct mat d_annotations, d_keys;  /* the same; zeroed by attention_keys */
    struct mat covered, d_covered;     /* [longest, K]: a row's keys with coverage */
    struct mat fertility, d_fertility; /* [1, total]: Phi; d_fertility zeroed by attention_keys */
    struct mat d_energy, plain;        /* [1, longest]: backward's rows in work */
    const int *start;                  /* [sentences + 1], the caller's */
    int longest;                       /* the longest sentence's length */
    /* Of use u and sentence b, values[u * sentences + b] holds what is summed in place of the
     * annotations, by attention_add_values; NULL: nothing is. The caller's. */
    struct packed **values;
    int sentences;
    bool prepared;                /* the keys are */
    real scale;                   /* of the loss; set before attention_backward */
    struct attention_guide guide; /* set before it, too */
};

/* n query rows. `weights` has `longest` columns, of which a row uses its sentence's length.
 * Matrices without a use (no projection, no coverage ...) are empty. */
struct attention_rows {
    int first;                 /* index of row 0 in the batch, for what is drawn and the guide */
    const int *sentence;       /* [n], the caller's: each row's sentence */
    struct mat query;          /* [n, Q], the caller's */
    struct mat step;           /* [n, 1], the caller's: the target's position, for local_m */
    struct mat coverage, next; /* [n, longest], the caller's: C before and after the step */
    struct mat projected;      /* [n, K] */
    struct mat position;       /* [n, P]: tanh(W q) */
    struct mat centre;         /* [n, 1]: p_t, or the word drawn; empty for global */
    struct mat weights;        /* [n, longest]: w; for hard alpha */
    struct mat context;        /* [n, M]; not written where there are values */
    struct mat d_context;      /* [n, M]: filled by the caller before attention_backward */
    struct mat d_projected;    /* [n, K]: written by attention_backward */
    struct mat d_position;     /* [n, P]: written by attention_backward */
    struct mat advantage;      /* [n, 1]: scale (C_t - b_t), written by attention_reinforce */
};

/* An error when score or window do not exist or cannot fit the widths (dot, scaled). */
int attention_declare(struct attention *a, const struct attention_options *options,
                      const char *prefix, struct params *p, struct weights *w,
                      struct satz_error *err);

/* Lays out keys (and gradients) for annotations of `total` rows; sets m->start and m->longest. */
void attention_memory_plan(const struct attention *a, int total, const int *start, int longest,
                           bool training, struct arena *arena, struct attention_memory *m);
/* m->annotations -> m->keys, m->fertility. */
void attention_keys(const struct pass *pass, const struct attention *a, struct attention_memory *m);
/* After the last attention_backward: the gradients of keys and fertility into d_annotations and
 * the parameters. */
void attention_keys_backward(const struct pass *pass, const struct attention *a,
                             struct attention_memory *m);

/* Prepares the keys where the score can, unless coverage is added to them: for attention_forward
 * alone. */
void attention_prepare(const struct attention *a, struct attention_memory *m);

/* Lays out what of n rows is not the caller's. */
void attention_rows_plan(const struct attention *a, int n, int longest, bool training,
                         struct arena *arena, struct attention_rows *rows);
/* Rows [from, from + n) of all matrices. */
struct attention_rows attention_rows_slice(struct attention_rows rows, int from, int n);

/* query (step, coverage) -> weights, centre, context (next). */
void attention_forward(const struct pass *pass, const struct attention *a,
                       const struct attention_memory *m, struct attention_rows rows);
/* y [n, width] += sum_j w_j V_j of each row, V [words, width] being its sentence's values of that
 * use. Where c goes through a matrix, V_j = W h_j gives W c. */
void attention_add_values(const struct pass *pass, const struct attention_memory *m, int use,
                          struct attention_rows rows, struct mat y);
/* d_context -> d_query (added to), d_projected, d_position, m->d_annotations and m->d_keys (added
 * to), vectors. d_coverage [n, longest], empty without coverage: in, the gradient of rows.next;
 * out, that of rows.coverage. */
void attention_backward(const struct pass *pass, const struct attention *a,
                        struct attention_memory *m, struct attention_rows rows, struct mat d_query,
                        struct mat d_coverage);
/* Gradients of the query's projections over all rows at once, once attention_backward is done. */
void attention_weight_gradient(const struct pass *pass, const struct attention *a,
                               struct attention_rows rows);

/* What the rows add to the loss: coverage_loss sum_j min(w_j, C_j), or -entropy H. */
double attention_penalty(const struct attention *a, const struct attention_memory *m,
                         struct attention_rows rows);
/* The cost of guided alignment of the rows, without its weight; 0 without a guide. */
double attention_guided(const struct attention *a, const struct attention_memory *m,
                        struct attention_rows rows);
/* For hard: costs C [n] of `counts` [n] words each -> advantage, and the baseline's gradients. */
void attention_reinforce(const struct pass *pass, const struct attention *a, real scale,
                         const double *costs, const int *counts, struct attention_rows rows);

/* Row kernels shared by all scores. */
struct attention_kernels {
    /* d_alpha -> d_e in place: d_e_j = alpha_j (d_alpha_j - sum_k alpha_k d_alpha_k). */
    void (*softmax_backward)(int n, const real *alpha, real *d);
    /* c = sum_j alpha_j h_j */
    void (*weighted_sum)(const real *alpha, struct mat h, real *c);
    /* d_alpha_j = d_c . h_j (overwritten); d_h_j += alpha_j d_c */
    void (*weighted_sum_backward)(const real *alpha, struct mat h, const real *d_c, real *d_alpha,
                                  struct mat d_h);
    /* x.y */
    real (*product)(int n, const real *x, const real *y);
    /* y += a x */
    void (*add_scaled)(int n, real a, const real *x, real *y);
    /* covered_j = keys_j + coverage_j w */
    void (*cover)(struct mat keys, const real *coverage, const real *w, struct mat covered);
    /* d_covered -> d_keys, d_w (added to), d_coverage (added to) */
    void (*cover_backward)(struct mat d_covered, const real *coverage, const real *w,
                           struct mat d_keys, real *d_w, real *d_coverage);
};

#endif
