#include "train/average.h"

#include <stdlib.h>

#include "base/memory.h"
#include "train/checkpoint.h"

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
    for (size_t i = 0; status == 0 && i < m->network.params.size; i++)
        sum[i] += (double)block[i];
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
        for (size_t i = 0; i < size; i++)
            m->network.params.values[i] = (real)(sum[i] / (double)(count - first));
        status = (int)(count - first);
    }
    free(updates);
    free(block);
    free(sum);
    return status;
}
