#include "train/average.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "train/checkpoint.h"

static void add_block(const struct model *m, const real *block, double *sum)
{
    for (size_t i = 0; i < m->network.params.size; i++)
        sum[i] += (double)block[i];
}

static void set_mean(real *values, const double *sum, size_t size, size_t n)
{
    for (size_t i = 0; i < size; i++)
        values[i] = (real)(sum[i] / (double)n);
}

/* sum += the checkpoint's parameters */
static int add_checkpoint(const struct model *m, const char *folder, int64_t update, real *block,
                          double *sum, struct satz_error *err)
{
    struct tensors file;
    char *path = checkpoint_path(folder, update, err);
    int status = path ? tensors_open(&file, path, err) : -1;
    if (status == 0) {
        status = model_read_block(m, &file, path, "", block, err);
        tensors_release(&file);
    }
    if (status == 0)
        add_block(m, block, sum);
    free(path);
    return status;
}

int average_checkpoints(struct model *m, const char *folder, int n, struct satz_error *err)
{
    size_t size = m->network.params.size, count = 0;
    int64_t *updates = NULL;
    real *block = params_new_block(&m->network.params, err);
    double *sum = memory_new(size, sizeof *sum, err);
    int status = block && sum ? checkpoint_list(folder, &updates, &count, err) : -1;
    size_t first = count > (size_t)n ? count - (size_t)n : 0;
    if (first + 1 < count && updates[first] == 0)
        first++; /* where a run began that may have to go back to it */
    for (size_t i = first; status == 0 && i < count; i++)
        status = add_checkpoint(m, folder, updates[i], block, sum, err);
    if (status == 0 && count == first)
        status = error_set(err, "%s: there are no checkpoints to average", folder);
    if (status == 0) {
        set_mean(m->network.params.values, sum, m->network.params.size, count - first);
        status = (int)(count - first);
    }
    free(updates);
    free(block);
    free(sum);
    return status;
}

static bool same_tokenizer(const struct tokenizer *a, const struct tokenizer *b)
{
    size_t n, m;
    const char *x = tokenizer_model(a, &n), *y = tokenizer_model(b, &m);
    return n == m && memcmp(x, y, n) == 0;
}

/* sum += the parameters of the file at `path`, which must have m's shapes and tokenizers. */
static int add_file(const struct model *m, const char *path, real *block, double *sum,
                    struct satz_error *err)
{
    struct tensors file;
    struct tokenizer *source, *target;
    if (tensors_open(&file, path, err) < 0)
        return -1;
    int status = model_read_tokenizers(&file, path, &source, &target, err);
    if (status == 0) {
        if (!same_tokenizer(source, m->source_tokenizer) ||
            !same_tokenizer(target, m->target_tokenizer))
            status = error_set(err,
                               "%s: its tokenizer is another; only models of one run, or of "
                               "runs with the same tokenizer, have a mean",
                               path);
        if (target != source)
            tokenizer_free(target);
        tokenizer_free(source);
    }
    if (status == 0)
        status = model_read_block(m, &file, path, "", block, err);
    if (status == 0)
        add_block(m, block, sum);
    tensors_release(&file);
    return status;
}

int satz_model_average(const char *path, const char *const *models, size_t n,
                       struct satz_error *err)
{
    struct model m;
    if (n == 0)
        return error_set(err, "there are no models to average");
    if (model_load(&m, models[n - 1], err) < 0)
        return -1;
    real *block = params_new_block(&m.network.params, err);
    double *sum = memory_new(m.network.params.size, sizeof *sum, err);
    int status = block && sum ? 0 : -1;
    for (size_t i = 0; status == 0 && i < n; i++)
        status = add_file(&m, models[i], block, sum, err);
    if (status == 0) {
        set_mean(block, sum, m.network.params.size, n);
        status = model_save(&m, path, block, NULL, err);
    }
    free(block);
    free(sum);
    model_release(&m);
    return status;
}
