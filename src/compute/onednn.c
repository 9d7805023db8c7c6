/* onednn.c -- oneDNN: weights in its blocked format, single precision.
 *
 * gemm_packed runs matmul primitives. Creating one takes 0.2 to 0.5 ms, so each thread keeps those
 * it has used in a hash table; A, C and W are views whose addresses are set at each call. Rows are
 * taken ROWS at a time, which bounds the number of different primitives. All sizes of m share the
 * weight format that oneDNN chooses for m = ROWS (2.6 chooses the same for all).
 *
 * A team of OpenMP threads would give other sums and fight with the caller's: every call into
 * oneDNN that may open one stands between alone() and together(). */
#include "compute/compute.h"

extern const struct compute_backend compute_onednn;

#ifdef SATZ_DOUBLE

static int onednn_supported(enum compute_precision precision, struct satz_error *err)
{
    (void)precision;
    return error_set(err, "oneDNN has no double precision; set the backend to openblas");
}

const struct compute_backend compute_onednn = {.name = "onednn", .supported = onednn_supported};

#else

#include <omp.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/memory.h"
#include "compute/onednn_descriptor.h"

enum { ROWS = 128, FIRST_CAPACITY = 256 };

/* What a primitive depends on. */
struct shape {
    int m, n, k, lda, ldc;
    bool add; /* beta is 1 */
};

struct product {
    struct shape shape;
    dnnl_primitive_t primitive; /* NULL: an empty slot */
    dnnl_memory_t a, w, out, scratch;
};

struct compute {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dnnl_primitive_attr_t attr[2]; /* by shape.add */
    struct product *products;      /* open addressing, at most half full */
    size_t n_products, capacity;   /* capacity is a power of two */
    void *scratch;                 /* the largest that any product asked for */
    size_t scratch_size;
    void *dense; /* rows of A and of C without gaps */
    size_t dense_size;
    bool failed;
};

/* Has an engine of its own, so that any thread's handle may fill it. */
struct packed {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    int k, n;
    desc format;
    float *data;
    dnnl_primitive_t reorder; /* NULL, or from W with ld and transposed as below */
    dnnl_memory_t from, to;
    int ld;
    bool transposed;
};

static int alone(void)
{
    int threads = omp_get_max_threads();
    if (threads > 1)
        omp_set_num_threads(1);
    return threads;
}

static void together(int threads)
{
    if (threads > 1)
        omp_set_num_threads(threads);
}

static int onednn_supported(enum compute_precision precision, struct satz_error *err)
{
    if (precision != COMPUTE_F32)
        return error_set(err, "the oneDNN backend computes in f32 only; set the precision to f32");
    /* Below AVX-512 matmul falls back to an ordinary GEMM, whose rows depend on their number. */
    if ((dnnl_get_effective_cpu_isa() & dnnl_cpu_isa_avx512_core) != dnnl_cpu_isa_avx512_core)
        return error_set(err, "oneDNN is used with AVX-512 only, which this processor (or "
                              "ONEDNN_MAX_CPU_ISA) lacks; set the backend to auto or openblas");
    return 0;
}

static void onednn_free(struct compute *c)
{
    if (!c)
        return;
    for (size_t i = 0; c->products && i < c->capacity; i++) {
        struct product *p = &c->products[i];
        if (!p->primitive)
            continue;
        dnnl_primitive_destroy(p->primitive);
        dnnl_memory_destroy(p->a);
        dnnl_memory_destroy(p->w);
        dnnl_memory_destroy(p->out);
        dnnl_memory_destroy(p->scratch);
    }
    free(c->products);
    free(c->scratch);
    free(c->dense);
    for (int i = 0; i < 2; i++)
        if (c->attr[i])
            dnnl_primitive_attr_destroy(c->attr[i]);
    if (c->stream)
        dnnl_stream_destroy(c->stream);
    if (c->engine)
        dnnl_engine_destroy(c->engine);
    free(c);
}

/* attr[1] adds to what is in C. */
static dnnl_status_t make_attributes(struct compute *c)
{
    dnnl_post_ops_t sum = NULL;
    dnnl_status_t s = dnnl_post_ops_create(&sum);
    if (s == dnnl_success)
        s = append_sum(sum);
    for (int i = 0; i < 2 && s == dnnl_success; i++) {
        s = dnnl_primitive_attr_create(&c->attr[i]);
        if (s == dnnl_success)
            s = dnnl_primitive_attr_set_scratchpad_mode(c->attr[i], dnnl_scratchpad_mode_user);
        if (s == dnnl_success && i == 1)
            s = dnnl_primitive_attr_set_post_ops(c->attr[i], sum);
    }
    if (sum)
        dnnl_post_ops_destroy(sum);
    return s;
}

static struct compute *onednn_new(enum compute_precision precision, struct satz_error *err)
{
    if (onednn_supported(precision, err) != 0)
        return NULL;
    struct compute *c = memory_new(1, sizeof *c, err);
    if (!c)
        return NULL;
    c->products = memory_new(FIRST_CAPACITY, sizeof *c->products, err);
    if (!c->products)
        goto fail;
    c->capacity = FIRST_CAPACITY;
    dnnl_status_t s = dnnl_engine_create(&c->engine, dnnl_cpu, 0);
    if (s == dnnl_success)
        s = dnnl_stream_create(&c->stream, c->engine, dnnl_stream_default_flags);
    if (s == dnnl_success)
        s = make_attributes(c);
    if (s != dnnl_success) {
        error_set(err, "oneDNN could not be started (dnnl status %d)", (int)s);
        goto fail;
    }
    return c;
fail:
    onednn_free(c);
    return NULL;
}

static void onednn_gemm(struct compute *c, bool transpose_a, bool transpose_b, struct mat a,
                        struct mat b, real beta, struct mat out)
{
    int k = transpose_a ? a.rows : a.cols;
    assert(out.rows == (transpose_a ? a.cols : a.rows));
    assert(out.cols == (transpose_b ? b.rows : b.cols));
    assert(k == (transpose_b ? b.cols : b.rows));
    assert(beta == 0 || beta == 1);
    if (k == 0 && beta == 0)
        mat_zero(out);
    if (out.rows == 0 || out.cols == 0 || k == 0)
        return;
    int threads = alone();
    dnnl_status_t s =
        dnnl_sgemm(transpose_a ? 'T' : 'N', transpose_b ? 'T' : 'N', out.rows, out.cols, k, 1,
                   a.data, a.ld, b.data, b.ld, beta, out.data, out.ld);
    together(threads);
    if (s != dnnl_success)
        c->failed = true;
}

/* The primitive descriptor for `shape`, with the weight in `format` (any when NULL). */
static dnnl_status_t describe(struct compute *c, struct shape shape, const desc *format,
                              dnnl_primitive_desc_t *pd)
{
    desc a = {0}, any = {0}, out = {0};
    dnnl_status_t s = desc_strided(&a, shape.m, shape.k, shape.lda, 1);
    if (s == dnnl_success)
        s = desc_strided(&out, shape.m, shape.n, shape.ldc, 1);
    if (s == dnnl_success && !format)
        s = desc_any(&any, shape.k, shape.n);
    if (s == dnnl_success)
        s = matmul_desc(pd, c->engine, c->attr[shape.add], &a, format ? format : &any, &out);
    desc_release(&a);
    desc_release(&any);
    desc_release(&out);
    return s;
}

static void onednn_pack_free(struct packed *p)
{
    if (!p)
        return;
    if (p->reorder)
        dnnl_primitive_destroy(p->reorder);
    if (p->from)
        dnnl_memory_destroy(p->from);
    if (p->to)
        dnnl_memory_destroy(p->to);
    if (p->stream)
        dnnl_stream_destroy(p->stream);
    if (p->engine)
        dnnl_engine_destroy(p->engine);
    desc_release(&p->format);
    free(p->data);
    free(p);
}

static struct packed *onednn_pack_new(struct compute *c, int k, int n, struct satz_error *err)
{
    assert(k > 0 && n > 0);
    struct packed *p = memory_new(1, sizeof *p, err);
    if (!p)
        return NULL;
    p->k = k;
    p->n = n;
    struct shape shape = {.m = ROWS, .n = n, .k = k, .lda = k, .ldc = n};
    dnnl_primitive_desc_t pd = NULL;
    int threads = alone();
    dnnl_status_t s = describe(c, shape, NULL, &pd);
    together(threads);
    if (s == dnnl_success)
        s = desc_query(&p->format, pd, dnnl_query_weights_md);
    if (s == dnnl_success)
        s = dnnl_engine_create(&p->engine, dnnl_cpu, 0);
    if (s == dnnl_success)
        s = dnnl_stream_create(&p->stream, p->engine, dnnl_stream_default_flags);
    if (pd)
        dnnl_primitive_desc_destroy(pd);
    if (s != dnnl_success) {
        error_set(err, "oneDNN can not multiply by a %d x %d weight (dnnl status %d)", k, n,
                  (int)s);
        goto fail;
    }
    p->data = memory_new_aligned(dnnl_memory_desc_get_size(DESC_REF(p->format)), 1, err);
    if (!p->data)
        goto fail;
    return p;
fail:
    onednn_pack_free(p);
    return NULL;
}

static dnnl_status_t make_reorder(struct packed *p, int ld, bool transposed)
{
    desc from = {0};
    dnnl_primitive_desc_t pd = NULL;
    dnnl_primitive_t reorder = NULL;
    dnnl_memory_t source = NULL;
    dnnl_status_t s = desc_strided(&from, p->k, p->n, transposed ? 1 : ld, transposed ? ld : 1);
    if (s == dnnl_success)
        s = dnnl_reorder_primitive_desc_create(&pd, DESC_REF(from), p->engine, DESC_REF(p->format),
                                               p->engine, NULL);
    if (s == dnnl_success)
        s = dnnl_primitive_create(&reorder, pd);
    if (s == dnnl_success)
        s = dnnl_memory_create(&source, DESC_REF(from), p->engine, DNNL_MEMORY_NONE);
    if (s == dnnl_success && !p->to)
        s = dnnl_memory_create(&p->to, DESC_REF(p->format), p->engine, p->data);
    if (s == dnnl_success) {
        if (p->reorder)
            dnnl_primitive_destroy(p->reorder);
        if (p->from)
            dnnl_memory_destroy(p->from);
        p->reorder = reorder;
        p->from = source;
        p->ld = ld;
        p->transposed = transposed;
    } else if (reorder) {
        dnnl_primitive_destroy(reorder);
    }
    if (pd)
        dnnl_primitive_desc_destroy(pd);
    desc_release(&from);
    return s;
}

static void onednn_pack(struct compute *c, struct packed *p, struct mat w, bool transposed)
{
    assert(w.rows == (transposed ? p->n : p->k) && w.cols == (transposed ? p->k : p->n));
    int threads = alone();
    dnnl_status_t s = dnnl_success;
    if (!p->reorder || p->ld != w.ld || p->transposed != transposed)
        s = make_reorder(p, w.ld, transposed);
    if (s == dnnl_success)
        s = dnnl_memory_set_data_handle(p->from, w.data);
    const dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, p->from}, {DNNL_ARG_TO, p->to}};
    if (s == dnnl_success)
        s = dnnl_primitive_execute(p->reorder, p->stream, 2, args);
    together(threads);
    if (s != dnnl_success)
        c->failed = true;
}

static bool same_shape(const struct shape *x, const struct shape *y)
{
    return x->m == y->m && x->n == y->n && x->k == y->k && x->lda == y->lda && x->ldc == y->ldc &&
           x->add == y->add;
}

/* Where `shape` is, or the empty slot for it. */
static struct product *find_slot(struct product *products, size_t capacity,
                                 const struct shape *shape)
{
    const int fields[] = {shape->m, shape->n, shape->k, shape->lda, shape->ldc, shape->add};
    uint64_t hash = 0;
    for (int i = 0; i < 6; i++)
        hash = (hash ^ (uint64_t)fields[i]) * 0x9E3779B97F4A7C15u;
    size_t at = (size_t)(hash >> 32) & (capacity - 1);
    while (products[at].primitive && !same_shape(&products[at].shape, shape))
        at = (at + 1) & (capacity - 1);
    return &products[at];
}

static int grow_table(struct compute *c)
{
    size_t capacity = c->capacity * 2;
    struct product *products = memory_new(capacity, sizeof *products, NULL);
    if (!products)
        return -1;
    for (size_t i = 0; i < c->capacity; i++)
        if (c->products[i].primitive)
            *find_slot(products, capacity, &c->products[i].shape) = c->products[i];
    free(c->products);
    c->products = products;
    c->capacity = capacity;
    return 0;
}

/* Makes the buffer at least `size` bytes; what it held is lost. */
static int reserve(void **buffer, size_t *capacity, size_t size)
{
    if (size <= *capacity)
        return 0;
    void *larger = memory_new_aligned(size, 1, NULL);
    if (!larger)
        return -1;
    free(*buffer);
    *buffer = larger;
    *capacity = size;
    return 0;
}

static dnnl_status_t make_memory(struct compute *c, dnnl_primitive_desc_t pd, dnnl_query_t what,
                                 dnnl_memory_t *memory)
{
    desc d = {0};
    dnnl_status_t s = desc_query(&d, pd, what);
    if (s == dnnl_success)
        s = dnnl_memory_create(memory, DESC_REF(d), c->engine, DNNL_MEMORY_NONE);
    desc_release(&d);
    return s;
}

/* Fills the empty slot. */
static int make_product(struct compute *c, const struct shape *shape, const desc *format,
                        struct product *slot)
{
    struct product p = {.shape = *shape};
    dnnl_primitive_desc_t pd = NULL;
    desc scratch = {0};
    dnnl_status_t s = describe(c, *shape, format, &pd);
    if (s == dnnl_success)
        s = desc_query(&scratch, pd, dnnl_query_scratchpad_md);
    if (s == dnnl_success &&
        reserve(&c->scratch, &c->scratch_size, dnnl_memory_desc_get_size(DESC_REF(scratch))) != 0)
        s = dnnl_out_of_memory;
    if (s == dnnl_success)
        s = dnnl_primitive_create(&p.primitive, pd);
    if (s == dnnl_success)
        s = make_memory(c, pd, dnnl_query_src_md, &p.a);
    if (s == dnnl_success)
        s = make_memory(c, pd, dnnl_query_weights_md, &p.w);
    if (s == dnnl_success)
        s = make_memory(c, pd, dnnl_query_dst_md, &p.out);
    if (s == dnnl_success)
        s = make_memory(c, pd, dnnl_query_scratchpad_md, &p.scratch);
    if (pd)
        dnnl_primitive_desc_destroy(pd);
    desc_release(&scratch);
    if (s != dnnl_success) {
        if (p.primitive)
            dnnl_primitive_destroy(p.primitive);
        dnnl_memory_t made[] = {p.a, p.w, p.out, p.scratch};
        for (int i = 0; i < 4; i++)
            if (made[i])
                dnnl_memory_destroy(made[i]);
        return -1;
    }
    *slot = p;
    c->n_products++;
    return 0;
}

/* The product for `shape`, made at its first use; NULL when memory is short. */
static const struct product *find_product(struct compute *c, const struct shape *shape,
                                          const desc *format)
{
    struct product *slot = find_slot(c->products, c->capacity, shape);
    if (slot->primitive)
        return slot;
    if (2 * (c->n_products + 1) > c->capacity) {
        if (grow_table(c) != 0)
            return NULL;
        slot = find_slot(c->products, c->capacity, shape);
    }
    return make_product(c, shape, format, slot) == 0 ? slot : NULL;
}

/* Two to ROWS rows. */
static dnnl_status_t multiply_rows(struct compute *c, struct mat a, const struct packed *w,
                                   bool add, struct mat out)
{
    struct shape shape = {out.rows, w->n, w->k, a.ld, out.ld, add};
    const struct product *p = find_product(c, &shape, &w->format);
    if (!p)
        return dnnl_out_of_memory;
    const dnnl_exec_arg_t args[] = {{DNNL_ARG_SRC, p->a},
                                    {DNNL_ARG_WEIGHTS, p->w},
                                    {DNNL_ARG_DST, p->out},
                                    {DNNL_ARG_SCRATCHPAD, p->scratch}};
    void *const data[] = {a.data, w->data, out.data, c->scratch};
    for (int i = 0; i < 4; i++) {
        dnnl_status_t s = dnnl_memory_set_data_handle(args[i].memory, data[i]);
        if (s != dnnl_success)
            return s;
    }
    return dnnl_primitive_execute(p->primitive, c->stream, 4, args);
}

/* oneDNN's fast kernels want rows without gaps, so views go through dense copies: a few
 * microseconds against the reference kernel's hundredfold time. A lone row goes as the first of
 * two, since oneDNN 3 sums it in another order. */
static dnnl_status_t multiply_copied(struct compute *c, struct mat a, const struct packed *w,
                                     bool add, struct mat out)
{
    int rows = out.rows > 1 ? out.rows : 2, n = out.rows;
    size_t values = (size_t)rows * ((size_t)w->k + (size_t)w->n + 32);
    if (reserve(&c->dense, &c->dense_size, values * sizeof(float)) != 0)
        return dnnl_out_of_memory;
    struct mat dense_a = mat_make(c->dense, rows, w->k);
    struct mat dense_out =
        mat_make(dense_a.data + ((size_t)rows * (size_t)w->k + 15) / 16 * 16, rows, w->n);
    mat_copy(mat_rows(dense_a, 0, n), a);
    mat_zero(mat_rows(dense_a, n, rows - n));
    if (add)
        mat_copy(mat_rows(dense_out, 0, n), out);
    mat_zero(mat_rows(dense_out, n, rows - n));
    dnnl_status_t s = multiply_rows(c, dense_a, w, add, dense_out);
    mat_copy(out, mat_rows(dense_out, 0, n));
    return s;
}

static void onednn_gemm_packed(struct compute *c, struct mat a, const struct packed *w, real beta,
                               struct mat out)
{
    assert(a.cols == w->k && out.cols == w->n && a.rows == out.rows);
    assert(beta == 0 || beta == 1);
    int threads = alone();
    dnnl_status_t s = dnnl_success;
    for (int r = 0; r < out.rows && s == dnnl_success; r += ROWS) {
        int n = out.rows - r < ROWS ? out.rows - r : ROWS;
        bool dense = n > 1 && a.ld == a.cols && out.ld == out.cols;
        s = (dense ? multiply_rows : multiply_copied)(c, mat_rows(a, r, n), w, beta != 0,
                                                      mat_rows(out, r, n));
    }
    together(threads);
    if (s != dnnl_success)
        c->failed = true;
}

static bool onednn_failed(const struct compute *c)
{
    return c->failed;
}

const struct compute_backend compute_onednn = {
    .name = "onednn",
    .supported = onednn_supported,
    .new = onednn_new,
    .free = onednn_free,
    .gemm = onednn_gemm,
    .pack_new = onednn_pack_new,
    .pack = onednn_pack,
    .pack_free = onednn_pack_free,
    .gemm_packed = onednn_gemm_packed,
    .failed = onednn_failed,
};

#endif
