#include "nn/params.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/rng.h"

void params_release(struct params *p)
{
    free(p->entries);
    if (!p->borrowed)
        free(p->values);
    *p = (struct params){0};
}

int params_add(struct params *p, const char *name, int rows, int cols, struct param_init init,
               struct satz_error *err)
{
    struct param entry = {.rows = rows, .cols = cols, .init = init, .offset = p->size};
    assert(rows > 0 && cols > 0);
    if (strlen(name) >= sizeof entry.name)
        return error_set(err, "parameter name too long: %s", name);
    snprintf(entry.name, sizeof entry.name, "%s", name);
    if (memory_grow(&p->entries, &p->capacity, (size_t)p->count + 1, sizeof entry, err) < 0)
        return -1;
    size_t align = 64 / sizeof(real);
    p->size += ((size_t)rows * (size_t)cols + align - 1) / align * align;
    p->entries[p->count] = entry;
    return p->count++;
}

real *params_new_block(const struct params *p, struct satz_error *err)
{
    real *block = memory_new_aligned(p->size, sizeof(real), err);
    if (block)
        memset(block, 0, p->size * sizeof(real));
    return block;
}

int params_allocate(struct params *p, struct satz_error *err)
{
    p->values = params_new_block(p, err);
    return p->values ? 0 : -1;
}

struct mat params_view(const struct params *p, real *block, int index)
{
    assert(index >= 0 && index < p->count);
    const struct param *e = &p->entries[index];
    return mat_make(block ? block + e->offset : NULL, e->rows, e->cols);
}

int params_find(const struct params *p, const char *name)
{
    for (int i = 0; i < p->count; i++)
        if (strcmp(p->entries[i].name, name) == 0)
            return i;
    return -1;
}

size_t params_map_size(const struct params *p)
{
    return (p->size + PARAMS_UNIT - 1) / PARAMS_UNIT;
}

void params_mark(const struct params *p, unsigned char *map, int index, int row, int n)
{
    const struct param *e = &p->entries[index];
    size_t from = e->offset + (size_t)row * (size_t)e->cols;
    size_t to = from + (size_t)n * (size_t)e->cols;
    for (size_t unit = from / PARAMS_UNIT; unit <= (to - 1) / PARAMS_UNIT; unit++)
        map[unit] = 1;
}

size_t params_count_values(const struct params *p)
{
    size_t n = 0;
    for (int i = 0; i < p->count; i++)
        n += (size_t)p->entries[i].rows * (size_t)p->entries[i].cols;
    return n;
}

/* Rows become orthonormal by modified Gram-Schmidt, twice for accuracy, in double. */
static void orthogonalise(double *a, int n)
{
    for (int i = 0; i < n; i++) {
        double *row = a + (size_t)i * (size_t)n;
        for (int pass = 0; pass < 2; pass++) {
            for (int j = 0; j < i; j++) {
                const double *other = a + (size_t)j * (size_t)n;
                double dot = 0;
                for (int k = 0; k < n; k++)
                    dot += row[k] * other[k];
                for (int k = 0; k < n; k++)
                    row[k] -= dot * other[k];
            }
        }
        double norm = 0;
        for (int k = 0; k < n; k++)
            norm += row[k] * row[k];
        norm = sqrt(norm);
        for (int k = 0; k < n; k++)
            row[k] /= norm;
    }
}

static int initialise_block(struct mat m, struct param_init init, uint64_t key,
                            struct satz_error *err)
{
    assert(m.data);
    size_t n = (size_t)m.rows * (size_t)m.cols;
    enum param_init_kind kind = init.kind;
    double bound = (double)init.value;
    if (kind == PARAM_ORTHOGONAL && m.rows == m.cols) {
        double *a = memory_new(n, sizeof *a, err);
        if (!a)
            return -1;
        for (size_t i = 0; i < n; i++)
            a[i] = rng_normal(key, i);
        orthogonalise(a, m.rows);
        for (size_t i = 0; i < n; i++)
            m.data[i] = (real)a[i];
        free(a);
        return 0;
    }
    if (kind == PARAM_XAVIER || kind == PARAM_ORTHOGONAL) {
        bound = sqrt(6.0 / (m.rows + m.cols));
        kind = PARAM_UNIFORM;
    }
    for (size_t i = 0; i < n; i++) {
        int column = (int)(i % (size_t)m.cols) - init.from;
        bool inside = column >= 0 && column < init.count;
        m.data[i] = (real)(kind == PARAM_ZERO      ? 0.0
                           : kind == PARAM_SEGMENT ? (inside ? bound : 0.0)
                           : kind == PARAM_NORMAL  ? bound * rng_normal(key, i)
                                                   : bound * (2.0 * rng_uniform(key, i) - 1.0));
    }
    return 0;
}

int params_initialise(struct params *p, uint64_t seed, struct satz_error *err)
{
    for (int i = 0; i < p->count; i++) {
        const struct param *e = &p->entries[i];
        int blocks = e->init.blocks > 0 ? e->init.blocks : 1;
        assert(e->rows % blocks == 0);
        uint64_t name_key = checksum(e->name, strlen(e->name), seed);
        for (int b = 0; b < blocks; b++) {
            struct mat block = mat_rows(params_mat(p, i), b * (e->rows / blocks), e->rows / blocks);
            if (initialise_block(block, e->init, rng_key(name_key, (uint64_t)b, 0), err) < 0)
                return -1;
        }
    }
    return 0;
}
