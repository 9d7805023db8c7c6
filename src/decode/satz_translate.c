/* The part of satz.h that translates. */
#include <stdlib.h>

#include "base/memory.h"
#include "decode/translator.h"

struct satz_model {
    struct model model;
    const struct compute_backend *backend;
    struct compute *compute; /* the packed weights are tied to it */
};

struct satz_translator {
    struct translator *translator;
};

struct satz_model *satz_model_open(const char *path, const char *backend, struct satz_error *err)
{
    struct satz_model *m = memory_new(1, sizeof *m, err);
    if (!m)
        return NULL;
    m->backend = compute_find(backend ? backend : "auto", COMPUTE_F32, err);
    if (!m->backend || !(m->compute = m->backend->new (COMPUTE_F32, err)) ||
        model_load(&m->model, path, err) < 0)
        goto fail;
    struct weights *weights = &m->model.network.weights;
    if (weights_allocate(weights, m->backend, m->compute, false, err) < 0)
        goto fail;
    for (int i = 0; i < weights->count; i++)
        weights_pack(weights, i, &m->model.network.params, m->compute);
    return m;
fail:
    satz_model_close(m);
    return NULL;
}

void satz_model_close(struct satz_model *m)
{
    if (!m)
        return;
    model_release(&m->model);
    if (m->compute)
        m->backend->free(m->compute);
    free(m);
}

/* `given` where it is not 0, which must be between 1 and `most`. */
static int choose(int *to, int given, int most, const char *name, struct satz_error *err)
{
    if (given < 0 || given > most)
        return error_set(err, "%s must be between 1 and %d, or 0 for the default, but is %d", name,
                         most, given);
    if (given > 0)
        *to = given;
    return 0;
}

static int merge_options(struct translator_options *o, const struct satz_translator_options *given,
                         struct satz_error *err)
{
    if (choose(&o->search.beam, given->beam, 1000, "beam", err) < 0 ||
        choose(&o->search.n_best, given->n_best, 1000, "n_best", err) < 0 ||
        choose(&o->batch, given->batch, 100000, "batch", err) < 0 ||
        choose(&o->threads, given->threads, 1024, "threads", err) < 0 ||
        choose(&o->max_length, given->max_length, 40000, "max_length", err) < 0)
        return -1;
    if (o->search.n_best > o->search.beam)
        return error_set(err, "n_best is %d but the beam holds only %d hypotheses: widen the beam",
                         o->search.n_best, o->search.beam);
    if (!given->has_length_penalty)
        return 0;
    if (!(given->length_penalty >= 0 && given->length_penalty <= 10))
        return error_set(err, "length_penalty must be between 0 and 10, but is %g",
                         given->length_penalty);
    o->search.length_penalty = given->length_penalty;
    return 0;
}

struct satz_translator *satz_translator_new(const struct satz_model *model,
                                            const struct satz_translator_options *options,
                                            struct satz_error *err)
{
    struct translator_options o = translator_defaults(&model->model.recipe);
    if (options && merge_options(&o, options, err) < 0)
        return NULL;
    struct satz_translator *t = memory_new(1, sizeof *t, err);
    if (!t)
        return NULL;
    t->translator = translator_new(&model->model, COMPUTE_F32, &o, err);
    if (!t->translator) {
        free(t);
        return NULL;
    }
    return t;
}

void satz_translator_free(struct satz_translator *t)
{
    if (!t)
        return;
    translator_free(t->translator);
    free(t);
}

int satz_translator_beam(const struct satz_translator *t)
{
    return translator_beam(t->translator);
}

int satz_translate(struct satz_translator *t, const char *const *lines, const size_t *lengths,
                   size_t n, const struct satz_translation **translations, struct satz_error *err)
{
    return translator_run(t->translator, lines, lengths, n, translations, err);
}

struct satz_attention *satz_attend(struct satz_translator *t, const char *source,
                                   const char *target, enum satz_units units,
                                   struct satz_error *err)
{
    return translator_attend(t->translator, source, target, units, err);
}
