#include "model/model.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"

static const enum tensor_type real_type = sizeof(real) == 4 ? TENSOR_F32 : TENSOR_F64;

static int declare(struct model *m, struct satz_error *err)
{
    return seq2seq_init(&m->network, &m->recipe, tokenizer_size(m->source_tokenizer),
                        tokenizer_size(m->target_tokenizer), err);
}

/* The model's own copy of the recipe, which outlives the one it came from. Where and by how many
 * threads it was trained is no part of it: the same run elsewhere gives the same bytes. */
static int copy_recipe(struct model *m, const struct recipe *recipe, struct satz_error *err)
{
    struct recipe defaults;
    struct strbuf yaml = {0};
    recipe_write_yaml(recipe, &yaml);
    int status = strbuf_check(&yaml, err);
    if (status == 0)
        status = recipe_parse_resolved(&m->recipe, strbuf_text(&yaml), yaml.length, "recipe", err);
    strbuf_release(&yaml);
    recipe_defaults(&defaults);
    if (status == 0) {
        m->recipe.train.folder = defaults.train.folder;
        m->recipe.train.threads = defaults.train.threads;
        m->recipe.data.cache = defaults.data.cache;
    }
    return status;
}

int model_init(struct model *m, const struct recipe *recipe, struct tokenizer *source,
               struct tokenizer *target, struct satz_error *err)
{
    *m = (struct model){.source_tokenizer = source, .target_tokenizer = target};
    if (copy_recipe(m, recipe, err) < 0 || declare(m, err) < 0 ||
        params_allocate(&m->network.params, err) < 0 ||
        params_initialise(&m->network.params, (uint64_t)recipe->train.seed, err) < 0) {
        model_release(m);
        return -1;
    }
    return 0;
}

void model_release(struct model *m)
{
    seq2seq_release(&m->network);
    if (m->target_tokenizer != m->source_tokenizer)
        tokenizer_free(m->target_tokenizer);
    tokenizer_free(m->source_tokenizer);
    tensors_release(&m->mapping);
    recipe_release(&m->recipe);
    free(m->training);
    *m = (struct model){0};
}

static const struct tensor *find_bytes(const struct tensors *file, const char *name, size_t *n)
{
    const struct tensor *t = tensors_find(file, name);
    return t && t->type == TENSOR_U8 && tensor_bytes(t, n) == 0 ? t : NULL;
}

int model_read_tokenizers(const struct tensors *file, const char *path, struct tokenizer **source,
                          struct tokenizer **target, struct satz_error *err)
{
    size_t n;
    const struct tensor *bytes = find_bytes(file, "tokenizer.source", &n);
    if (!bytes)
        return error_set(err, "%s: is not a Satz model (it holds no tokenizer)", path);
    struct tokenizer *first = tokenizer_new(bytes->data, n, err);
    if (!first)
        return error_prefix(err, "%s", path);
    struct tokenizer *second = first;
    bytes = find_bytes(file, "tokenizer.target", &n);
    if (bytes && !(second = tokenizer_new(bytes->data, n, err))) {
        tokenizer_free(first);
        return error_prefix(err, "%s", path);
    }
    *source = first;
    *target = second;
    return 0;
}

/* The double build also reads what the ordinary one wrote. */
static void copy_values(real *to, const struct tensor *from, size_t n)
{
    if (from->type == real_type) {
        memcpy(to, from->data, n * sizeof *to);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        float value;
        memcpy(&value, (const char *)from->data + i * sizeof value, sizeof value);
        to[i] = (real)value;
    }
}

/* The tensor of entry i under the prefix; an error when it is missing or of another shape. */
static const struct tensor *find_entry(const struct model *m, const struct tensors *file,
                                       const char *path, const char *prefix, int i,
                                       struct satz_error *err)
{
    const struct param *e = &m->network.params.entries[i];
    char name[160];
    snprintf(name, sizeof name, "%s%s", prefix, e->name);
    const struct tensor *t = tensors_find(file, name);
    if (!t) {
        error_set(err, "%s: the tensor %s is missing", path, name);
        return NULL;
    }
    bool widen = sizeof(real) == 8 && t->type == TENSOR_F32;
    if ((t->type != real_type && !widen) || t->rank != 2 || t->shape[0] != (size_t)e->rows ||
        t->shape[1] != (size_t)e->cols) {
        error_set(err, "%s: the tensor %s should be %s [%d, %d]", path, name,
                  tensor_type_name(real_type), e->rows, e->cols);
        return NULL;
    }
    return t;
}

int model_read_block(const struct model *m, const struct tensors *file, const char *path,
                     const char *prefix, real *block, struct satz_error *err)
{
    const struct params *p = &m->network.params;
    for (int i = 0; i < p->count; i++) {
        const struct tensor *t = find_entry(m, file, path, prefix, i, err);
        if (!t)
            return -1;
        copy_values(params_view(p, block, i).data, t, (size_t)t->shape[0] * t->shape[1]);
    }
    return 0;
}

/* Before anything is allocated: the recipe in a file may claim any size. */
static int check_parameters(const struct model *m, const struct tensors *file, const char *path,
                            struct satz_error *err)
{
    for (int i = 0; i < m->network.params.count; i++)
        if (!find_entry(m, file, path, "", i, err))
            return -1;
    return 0;
}

/* Where the file has all values as the network lays them out, or NULL. */
static const real *find_block(const struct model *m, const struct tensors *file, const char *path)
{
    const struct params *p = &m->network.params;
    const char *block = NULL;
    for (int i = 0; i < p->count; i++) {
        const struct tensor *t = find_entry(m, file, path, "", i, NULL);
        if (!t || t->type != real_type)
            return NULL;
        if (i == 0)
            block = t->data;
        if ((const char *)t->data != block + p->entries[i].offset * sizeof(real))
            return NULL;
    }
    return (uintptr_t)block % 64 == 0 ? (const real *)(const void *)block : NULL;
}

/* All but the network's values. */
static int read_head(struct model *m, const struct tensors *file, const char *path,
                     struct satz_error *err)
{
    *m = (struct model){0};
    const char *recipe = tensors_metadata(file, "satz.recipe");
    const char *training = tensors_metadata(file, "satz.training");
    if (!recipe) {
        error_set(err, "%s: is not a Satz model (its metadata has no recipe)", path);
        goto fail;
    }
    if (recipe_parse_resolved(&m->recipe, recipe, strlen(recipe), "the recipe in it", err) < 0) {
        const char *version = tensors_metadata(file, "satz.version");
        error_prefix(err, "%s: made by Satz %s, and this is %s", path,
                     version ? version : "of an unknown version", SATZ_VERSION);
        goto fail;
    }
    if (model_read_tokenizers(file, path, &m->source_tokenizer, &m->target_tokenizer, err) < 0)
        goto fail;
    if (training && !(m->training = memory_copy_string(training, err)))
        goto fail;
    if (declare(m, err) < 0 || check_parameters(m, file, path, err) < 0)
        goto fail;
    return 0;
fail:
    model_release(m);
    return -1;
}

static int read_values(struct model *m, const struct tensors *file, const char *path,
                       struct satz_error *err)
{
    struct params *p = &m->network.params;
    return params_allocate(p, err) < 0 ? -1 : model_read_block(m, file, path, "", p->values, err);
}

int model_read(struct model *m, const struct tensors *file, const char *path,
               struct satz_error *err)
{
    if (read_head(m, file, path, err) < 0)
        return -1;
    if (read_values(m, file, path, err) < 0) {
        model_release(m);
        return -1;
    }
    return 0;
}

int model_load(struct model *m, const char *path, struct satz_error *err)
{
    struct tensors file;
    if (tensors_open(&file, path, err) < 0)
        return -1;
    if (read_head(m, &file, path, err) < 0) {
        tensors_release(&file);
        return -1;
    }
    m->mapping = file;
    struct params *p = &m->network.params;
    p->values = (real *)find_block(m, &file, path);
    p->borrowed = p->values != NULL;
    if (!p->borrowed && read_values(m, &file, path, err) < 0) {
        model_release(m);
        return -1;
    }
    return 0;
}

static struct tensor tokenizer_tensor(const char *name, const struct tokenizer *t)
{
    size_t n;
    const char *bytes = tokenizer_model(t, &n);
    return (struct tensor){.name = name, .type = TENSOR_U8, .rank = 1, .shape = {n}, .data = bytes};
}

int model_save(const struct model *m, const char *path, const real *values,
               const struct model_extra *extra, struct satz_error *err)
{
    static const struct model_extra none = {0};
    const struct params *p = &m->network.params;
    extra = extra ? extra : &none;
    size_t n = 0, n_metadata = 0;
    struct tensor *tensors =
        memory_new((size_t)p->count + 2 + extra->n_tensors, sizeof *tensors, err);
    struct tensors_entry *metadata = memory_new(3 + extra->n_metadata, sizeof *metadata, err);
    struct strbuf yaml = {0};
    int status = tensors && metadata ? 0 : -1;
    recipe_write_yaml(&m->recipe, &yaml);
    if (status == 0)
        status = strbuf_check(&yaml, err);
    if (status == 0) {
        for (int i = 0; i < p->count; i++) {
            const struct param *e = &p->entries[i];
            tensors[n++] = (struct tensor){
                .name = e->name,
                .type = real_type,
                .rank = 2,
                .shape = {(size_t)e->rows, (size_t)e->cols},
                .data = (values ? values : p->values) + e->offset,
            };
        }
        tensors[n++] = tokenizer_tensor("tokenizer.source", m->source_tokenizer);
        if (m->target_tokenizer != m->source_tokenizer)
            tensors[n++] = tokenizer_tensor("tokenizer.target", m->target_tokenizer);
        for (size_t i = 0; i < extra->n_tensors; i++)
            tensors[n++] = extra->tensors[i];
        metadata[n_metadata++] = (struct tensors_entry){"satz.version", SATZ_VERSION};
        metadata[n_metadata++] = (struct tensors_entry){"satz.recipe", strbuf_text(&yaml)};
        if (m->training)
            metadata[n_metadata++] = (struct tensors_entry){"satz.training", m->training};
        for (size_t i = 0; i < extra->n_metadata; i++)
            metadata[n_metadata++] = extra->metadata[i];
        status = tensors_write(path, tensors, n, metadata, n_metadata, err);
    }
    strbuf_release(&yaml);
    free(tensors);
    free(metadata);
    return status;
}
