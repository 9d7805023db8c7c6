/* What a model file holds, as text: the models of satz.h. */
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/tensors.h"
#include "text/tokenizer.h"

/* Tokenizers, a black box's batch, and what a checkpoint keeps of the optimiser ("NAME:PARAMETER"),
 * are no parameters. */
static bool is_parameter(const struct tensor *t)
{
    return strncmp(t->name, "tokenizer.", strlen("tokenizer.")) != 0 &&
           strncmp(t->name, "batch.", strlen("batch.")) != 0 && !strchr(t->name, ':');
}

static size_t n_values(const struct tensor *t)
{
    size_t n = 1;
    for (int i = 0; i < t->rank; i++)
        n *= t->shape[i];
    return n;
}

static void add_row(struct strbuf *out, const char *name, const char *value)
{
    strbuf_addf(out, "%-20s %s\n", name, value ? value : "unknown");
}

/* The members of a JSON object, a row each. */
static int add_members(struct strbuf *out, const char *json, struct satz_error *err)
{
    json_error_t where;
    json_t *object = json_parse(json, strlen(json), 0, &where);
    if (!json_is_object(object)) {
        json_decref(object);
        return error_set(err, "the training summary in its metadata is not a JSON object");
    }
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(7));
        add_row(out, key, json_is_string(value) ? json_string_value(value) : text);
        free(text);
    }
    json_decref(object);
    return 0;
}

static int add_vocabulary(struct strbuf *out, const struct tensors *file, const char *name,
                          const char *side, struct satz_error *err)
{
    const struct tensor *bytes = tensors_find(file, name);
    size_t n;
    if (!bytes)
        return 0;
    if (bytes->type != TENSOR_U8 || tensor_bytes(bytes, &n) < 0)
        return error_set(err, "the tensor %s is not made of bytes", name);
    struct tokenizer *t = tokenizer_new(bytes->data, n, err);
    if (!t)
        return error_prefix(err, "the tensor %s", name);
    strbuf_addf(out, "%-20s %d pieces\n", side, tokenizer_size(t));
    tokenizer_free(t);
    return 0;
}

static void add_parameters(struct strbuf *out, const struct tensors *file)
{
    size_t total = 0, bytes = 0;
    strbuf_add_text(out, "\n");
    for (size_t i = 0; i < file->n; i++) {
        const struct tensor *t = &file->items[i];
        size_t n;
        if (!is_parameter(t))
            continue;
        strbuf_addf(out, "%-44s %-5s [", t->name, tensor_type_name(t->type));
        for (int k = 0; k < t->rank; k++)
            strbuf_addf(out, "%s%zu", k ? ", " : "", t->shape[k]);
        strbuf_add_text(out, "]\n");
        total += n_values(t);
        bytes += tensor_bytes(t, &n) == 0 ? n : 0;
    }
    strbuf_addf(out, "\n%zu parameters, %.1f MiB\n", total, (double)bytes / (1 << 20));
}

static int describe(struct strbuf *out, const struct tensors *file, struct satz_error *err)
{
    const char *training = tensors_metadata(file, "satz.training");
    bool joint = !tensors_find(file, "tokenizer.target");
    add_row(out, "version", tensors_metadata(file, "satz.version"));
    add_row(out, "kind",
            tensors_metadata(file, "satz.blackbox") ? "black box"
            : tensors_metadata(file, "satz.state")  ? "checkpoint"
                                                    : "model");
    add_row(out, "checksum", file->checked ? "right" : "none");
    if (add_vocabulary(out, file, "tokenizer.source", joint ? "vocabulary" : "source vocabulary",
                       err) < 0 ||
        add_vocabulary(out, file, "tokenizer.target", "target vocabulary", err) < 0 ||
        (training && add_members(out, training, err) < 0))
        return -1;
    add_parameters(out, file);
    return strbuf_check(out, err);
}

/* Opens a model file; one of another program is an error. */
static int open_model(struct tensors *file, const char *path, struct satz_error *err)
{
    if (tensors_open(file, path, err) < 0)
        return -1;
    if (tensors_metadata(file, "satz.recipe"))
        return 0;
    tensors_release(file);
    return error_set(err, "%s: is not a model of Satz (its metadata has no recipe)", path);
}

char *satz_model_describe(const char *path, struct satz_error *err)
{
    struct tensors file;
    struct strbuf out = {0};
    if (open_model(&file, path, err) < 0)
        return NULL;
    int status = describe(&out, &file, err);
    tensors_release(&file);
    if (status < 0) {
        error_prefix(err, "%s", path);
        strbuf_release(&out);
        return NULL;
    }
    return strbuf_detach(&out, err);
}

char *satz_model_recipe(const char *path, struct satz_error *err)
{
    struct tensors file;
    if (open_model(&file, path, err) < 0)
        return NULL;
    char *recipe = memory_copy_string(tensors_metadata(&file, "satz.recipe"), err);
    tensors_release(&file);
    return recipe;
}
