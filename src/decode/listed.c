#include "decode/listed.h"

#include <stdlib.h>

#include "base/memory.h"
#include "text/shortlist.h"

static int grow_layers(struct listed *l, int n_models, struct satz_error *err)
{
    if (l->n_layers >= n_models)
        return 0;
    struct listed_layer *layers = memory_new((size_t)n_models, sizeof *layers, err);
    if (!layers)
        return -1;
    for (int i = 0; i < l->n_layers; i++)
        layers[i] = l->layers[i];
    free(l->layers);
    l->layers = layers;
    l->n_layers = n_models;
    return 0;
}

static void release_layer(struct listed_layer *layer)
{
    if (layer->backend)
        layer->backend->pack_free(layer->weight);
    free(layer->bias);
    *layer = (struct listed_layer){0};
}

/* Room for the layer of n words. */
static int grow_layer(struct listed_layer *layer, const struct search_model *m, int n,
                      struct satz_error *err)
{
    enum { STEP = 64 };
    const struct loss *loss = &m->network->loss;
    if (layer->capacity >= n)
        return 0;
    int capacity = (n + n / 4 + STEP) / STEP * STEP;
    release_layer(layer);
    layer->backend = m->pass.backend;
    layer->weight = m->pass.backend->pack_new(
        m->pass.compute, m->pass.weights->list[loss->weight].in, capacity, err);
    layer->bias = memory_new_aligned((size_t)capacity, sizeof *layer->bias, err);
    if (!layer->weight || !layer->bias)
        return -1;
    layer->capacity = capacity;
    return 0;
}

static int fill_layer(const struct listed *l, struct listed_layer *layer,
                      const struct search_model *m, struct satz_error *err)
{
    const struct loss *loss = &m->network->loss;
    const struct pass *pass = &m->pass;
    const real *bias = params_mat(pass->params, loss->bias).data;
    if (grow_layer(layer, m, l->n, err) < 0)
        return -1;
    weights_pack_rows(pass->weights, loss->weight, pass->params, pass->compute, l->words, l->n,
                      layer->weight);
    for (int i = 0; i < l->n; i++)
        layer->bias[i] = bias[l->words[i]];
    return 0;
}

int listed_fill(struct listed *l, const uint64_t *set, const struct search_model *models,
                int n_models, struct satz_error *err)
{
    int vocabulary = models[0].network->target_size, n = 0;
    for (int i = 0; i < word_set_size(vocabulary); i++)
        n += __builtin_popcountll(set[i]);
    if (memory_grow(&l->words, &l->capacity, (size_t)n, sizeof *l->words, err) < 0 ||
        grow_layers(l, n_models, err) < 0)
        return -1;
    l->n = word_set_list(set, vocabulary, l->words);
    assert(l->n >= TOKEN_SPECIALS && l->words[TOKEN_END] == TOKEN_END);
    for (int m = 0; m < n_models; m++)
        if (fill_layer(l, &l->layers[m], &models[m], err) < 0)
            return -1;
    return 0;
}

void listed_release(struct listed *l)
{
    for (int i = 0; i < l->n_layers; i++)
        release_layer(&l->layers[i]);
    free(l->layers);
    free(l->words);
    *l = (struct listed){0};
}

void listed_logits(const struct listed *l, int model, const struct search_model *m,
                   struct mat readout, struct mat logits)
{
    const struct listed_layer *layer = &l->layers[model];
    assert(logits.cols == l->n && logits.rows == readout.rows);
    m->pass.backend->gemm_packed(m->pass.compute, readout, layer->weight, 0, logits);
    m->pass.kernels->add_bias_rows(logits, layer->bias);
}

int listed_place(const struct listed *l, int word)
{
    int from = 0, to = l->n;
    while (to - from > 1) {
        int middle = from + (to - from) / 2;
        if (l->words[middle] <= word)
            from = middle;
        else
            to = middle;
    }
    return l->words[from] == word ? from : -1;
}
