/* compute.h -- the seam to the GEMM libraries.
 *
 * A backend is one const table (compute_openblas, compute_onednn). A `struct compute` is one
 * thread's handle on it: it holds that thread's primitives and scratch, so nothing inside is locked
 * or shared. Every call runs on the calling thread alone; parallelism is one level up (shards).
 *
 * Weights are packed once per update and used for every time step. A packed weight is read-only
 * while in use and may be shared by all threads.
 *
 * Row independence: gemm_packed computes row r of C from row r of A and the weight by the same
 * sequence of operations whatever the number of rows, so that a sentence's translation has the same
 * bits in any batch. gemm does not promise that.
 *
 * Products cannot fail in the caller's hands: a library that runs short of memory leaves NaN in C,
 * which the checks of the loss and of the search notice. */
#ifndef SATZ_COMPUTE_COMPUTE_H
#define SATZ_COMPUTE_COMPUTE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "compute/mat.h"

enum compute_precision { COMPUTE_F32, COMPUTE_BF16, COMPUTE_INT8 };

struct compute;
struct packed;

struct compute_backend {
    const char *name; /* as the recipe says it */
    /* Whether packed weights of ever other shapes are cheap to make and to multiply by, and copies,
     * which W need not outlive. */
    bool packs_anything;

    /* 0, or -1 with the reason why this processor or build cannot run it. */
    int (*supported)(enum compute_precision precision, struct satz_error *err);

    /* A thread's handle; NULL with *err set on failure. `free` accepts NULL. */
    struct compute *(*new)(enum compute_precision precision, struct satz_error *err);
    void (*free)(struct compute *c);

    /* C [m,n] = beta C + op(A) op(B); op transposes when the flag is set; op(A) is [m,k], op(B)
     * [k,n]. beta is 0 (C is overwritten, and may hold NaN before) or 1. */
    void (*gemm)(struct compute *c, bool transpose_a, bool transpose_b, struct mat a, struct mat b,
                 real beta, struct mat out);

    /* Storage for a weight used as the right-hand side op(W) [k,n]; NULL with *err set on failure.
     * pack_free accepts NULL. */
    struct packed *(*pack_new)(struct compute *c, int k, int n, struct satz_error *err);
    /* Fills it from W: [n,k] when transposed (PyTorch's layout, y = x W^T), [k,n] otherwise. W must
     * outlive the packed form and stay unchanged until the next pack. */
    void (*pack)(struct compute *c, struct packed *p, struct mat w, bool transposed);
    /* As pack, transposed, of the rows `rows` [n] of W alone: op(W) [k,n] for this n, which may be
     * less than what pack_new was told. NULL unless packs_anything. */
    void (*pack_rows)(struct compute *c, struct packed *p, struct mat w, const int *rows, int n);
    void (*pack_free)(struct packed *p);
    /* C [m,n] = beta C + A [m,k] op(W). beta is 0 or 1. */
    void (*gemm_packed)(struct compute *c, struct mat a, const struct packed *w, real beta,
                        struct mat out);

    /* Whether some product or pack by this handle could not be computed because memory was short.
     * They return nothing: whoever uses their results asks, and has an error then. */
    bool (*failed)(const struct compute *c);
};

/* 0, or -1 with *err set when the handle has failed. */
int compute_check(const struct compute_backend *backend, const struct compute *c,
                  struct satz_error *err);

/* The backends, best first, ended by NULL. */
extern const struct compute_backend *const compute_backends[];

/* NULL past the last. */
const char *compute_precision_name(enum compute_precision precision);
/* Of the name that a recipe gives; auto is f32. */
int compute_precision_find(const char *name, enum compute_precision *precision,
                           struct satz_error *err);

/* `name` is "auto" or a backend's; auto takes the first one that this machine supports. NULL with
 * the reason in *err when the forced one is not there. */
const struct compute_backend *compute_find(const char *name, enum compute_precision precision,
                                           struct satz_error *err);

#endif
