/* attention.h -- a query looks at the annotations of its sentence: score, softmax, weighted sum.
 *
 *   e_j = score(q, k_j)    alpha = softmax(e)    c = sum_j alpha_j h_j
 *
 * Annotations are sentence-major: sentence b owns rows [start[b], start[b + 1]). What depends on
 * the annotations alone (keys) is computed once per sentence by attention_keys. Query rows name
 * their sentence, so training (one row per target word) and search (one row per hypothesis) are one
 * call.
 *
 * Parameters under PREFIX, present when the score uses them:
 *   PREFIX.query [K, Q]   PREFIX.key [K, M]   PREFIX.v [1, K]
 * where Q is the query's width, M an annotation's, and K the key's: for a score that projects its
 * query attention.size, or for location attention.positions; else Q. */
#ifndef SATZ_NN_ATTENTION_H
#define SATZ_NN_ATTENTION_H

#include "nn/pass.h"

/* One score: a const table, one file score_NAME.simd.c, one line in SCORE_LIST. Row functions work
 * on one query q [K] and the S keys of its sentence; `n` is K. */
struct score {
    const char *name;
    bool projects_query, projects_key, has_v;
    /* e [S] is overwritten. */
    void (*energy)(int n, const real *q, struct mat keys, const real *v, real *e);
    /* de [S] -> d_q [K], d_keys [S, K], d_v [K] (where there is a v), all added to. */
    void (*energy_backward)(int n, const real *q, struct mat keys, const real *v, const real *d_e,
                            real *d_q, struct mat d_keys, real *d_v);
};

/* The score of that name, for the best instruction set here; NULL if there is none. */
const struct score *score_find(const char *name);

struct attention {
    const struct score *score;
    const struct attention_kernels *kernels;
    int query_width, annotation_width, key_width;
    int query_param, key_param, v_param; /* -1 where the score has none */
    int query, key;                      /* weights */
};

/* The annotations of a batch, their keys, and in training their gradients. Where the score does not
 * project keys, keys and d_keys are annotations and d_annotations themselves. */
struct attention_memory {
    struct mat annotations, keys;     /* [total, M], [total, K] */
    struct mat d_annotations, d_keys; /* the same; zeroed by attention_keys */
    struct mat d_energy;              /* [1, longest]: backward's row in work */
    const int *start;                 /* [sentences + 1], the caller's */
    int longest;                      /* the longest sentence's length */
};

/* n query rows. `weights` has `longest` columns, of which a row uses its sentence's length.
 * `projected` and `d_projected` are empty where the score takes the query as it is. */
struct attention_rows {
    const int *sentence;    /* [n], the caller's: each row's sentence */
    struct mat query;       /* [n, Q], the caller's */
    struct mat projected;   /* [n, K] */
    struct mat weights;     /* [n, longest]: alpha */
    struct mat context;     /* [n, M] */
    struct mat d_context;   /* [n, M]: filled by the caller before attention_backward */
    struct mat d_projected; /* [n, K]: written by attention_backward */
};

/* `key_width` is the width that a query is projected to; scores that compare with the query itself
 * use query_width instead. An error when the score cannot fit the widths (dot, scaled). */
int attention_declare(struct attention *a, const char *score, int query_width, int annotation_width,
                      int key_width, const char *prefix, struct param_init init, struct params *p,
                      struct weights *w, struct satz_error *err);

/* Lays out keys (and gradients) for annotations of `total` rows; sets m->start and m->longest. */
void attention_memory_plan(const struct attention *a, int total, const int *start, int longest,
                           bool training, struct arena *arena, struct attention_memory *m);
/* m->annotations -> m->keys. */
void attention_keys(const struct pass *pass, const struct attention *a, struct attention_memory *m);
/* After the last attention_backward: keys' gradients into d_annotations and the parameters. */
void attention_keys_backward(const struct pass *pass, const struct attention *a,
                             struct attention_memory *m);

/* Lays out n rows' projected, weights, context (and gradients). */
void attention_rows_plan(const struct attention *a, int n, int longest, bool training,
                         struct arena *arena, struct attention_rows *rows);
/* Rows [from, from + n) of all matrices. */
struct attention_rows attention_rows_slice(struct attention_rows rows, int from, int n);

/* query -> weights, context. */
void attention_forward(const struct pass *pass, const struct attention *a,
                       const struct attention_memory *m, struct attention_rows rows);
/* d_context -> d_query (added to), d_projected, m->d_annotations and m->d_keys (added to), v. */
void attention_backward(const struct pass *pass, const struct attention *a,
                        struct attention_memory *m, struct attention_rows rows, struct mat d_query);
/* Gradient of the query projection over all rows at once, once their d_projected is there. */
void attention_weight_gradient(const struct pass *pass, const struct attention *a,
                               struct attention_rows rows);

/* Row kernels shared by all scores. */
struct attention_kernels {
    /* d_alpha -> d_e in place: d_e_j = alpha_j (d_alpha_j - sum_k alpha_k d_alpha_k). */
    void (*softmax_backward)(int n, const real *alpha, real *d);
    /* c = sum_j alpha_j h_j */
    void (*weighted_sum)(const real *alpha, struct mat h, real *c);
    /* d_alpha_j = d_c . h_j (overwritten); d_h_j += alpha_j d_c */
    void (*weighted_sum_backward)(const real *alpha, struct mat h, const real *d_c, real *d_alpha,
                                  struct mat d_h);
};

#endif
