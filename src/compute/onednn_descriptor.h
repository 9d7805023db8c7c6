/* onednn_descriptor.h -- what oneDNN 2.6 (Debian 12) and 3.x make in different ways: descriptors of
 * matrices in f32, a struct in 2.x and a handle that is owned in 3.x, and of their product. */
#ifndef SATZ_COMPUTE_ONEDNN_DESCRIPTOR_H
#define SATZ_COMPUTE_ONEDNN_DESCRIPTOR_H

#include <oneapi/dnnl/dnnl.h>
#include <stdint.h>

#if DNNL_VERSION_MAJOR >= 3

typedef dnnl_memory_desc_t desc;
#define DESC_REF(d) (d)

static inline dnnl_status_t desc_strided(desc *d, int rows, int cols, int64_t row_stride,
                                         int64_t col_stride)
{
    const dnnl_dims_t dims = {rows, cols}, strides = {row_stride, col_stride};
    return dnnl_memory_desc_create_with_strides(d, 2, dims, dnnl_f32, strides);
}

static inline dnnl_status_t desc_any(desc *d, int rows, int cols)
{
    const dnnl_dims_t dims = {rows, cols};
    return dnnl_memory_desc_create_with_tag(d, 2, dims, dnnl_f32, dnnl_format_tag_any);
}

static inline dnnl_status_t desc_query(desc *d, const_dnnl_primitive_desc_t pd, dnnl_query_t what)
{
    return dnnl_memory_desc_clone(d, dnnl_primitive_desc_query_md(pd, what, 0));
}

static inline void desc_release(desc *d)
{
    if (*d)
        dnnl_memory_desc_destroy(*d);
    *d = NULL;
}

static inline dnnl_status_t append_sum(dnnl_post_ops_t ops)
{
    return dnnl_post_ops_append_sum(ops, 1, 0, dnnl_data_type_undef);
}

static inline dnnl_status_t matmul_desc(dnnl_primitive_desc_t *pd, dnnl_engine_t engine,
                                        const_dnnl_primitive_attr_t attr, const desc *a,
                                        const desc *w, const desc *out)
{
    return dnnl_matmul_primitive_desc_create(pd, engine, *a, *w, NULL, *out, attr);
}

#else

typedef dnnl_memory_desc_t desc;
#define DESC_REF(d) (&(d))

static inline dnnl_status_t desc_strided(desc *d, int rows, int cols, int64_t row_stride,
                                         int64_t col_stride)
{
    const dnnl_dims_t dims = {rows, cols}, strides = {row_stride, col_stride};
    return dnnl_memory_desc_init_by_strides(d, 2, dims, dnnl_f32, strides);
}

static inline dnnl_status_t desc_any(desc *d, int rows, int cols)
{
    const dnnl_dims_t dims = {rows, cols};
    return dnnl_memory_desc_init_by_tag(d, 2, dims, dnnl_f32, dnnl_format_tag_any);
}

static inline dnnl_status_t desc_query(desc *d, const_dnnl_primitive_desc_t pd, dnnl_query_t what)
{
    *d = *dnnl_primitive_desc_query_md(pd, what, 0);
    return dnnl_success;
}

static inline void desc_release(desc *d)
{
    (void)d;
}

static inline dnnl_status_t append_sum(dnnl_post_ops_t ops)
{
    return dnnl_post_ops_append_sum(ops, 1);
}

static inline dnnl_status_t matmul_desc(dnnl_primitive_desc_t *pd, dnnl_engine_t engine,
                                        const_dnnl_primitive_attr_t attr, const desc *a,
                                        const desc *w, const desc *out)
{
    dnnl_matmul_desc_t op;
    dnnl_status_t s = dnnl_matmul_desc_init(&op, a, w, NULL, out);
    return s != dnnl_success ? s : dnnl_primitive_desc_create(pd, &op, attr, engine, NULL);
}

#endif

#endif
