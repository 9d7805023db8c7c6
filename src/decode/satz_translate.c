/* The part of satz.h that translates. */
#include <stdlib.h>

#include "base/memory.h"
#include "decode/translator.h"

struct satz_model {
    struct model model;
    char *path;
    const struct compute_backend *backend;
    enum compute_precision precision;
    struct compute *compute; /* the packed weights are tied to it */
};

struct satz_translator {
    struct translator *translator;
    struct dictionary *dictionary;
    struct shortlist shortlist;
};

const char *satz_precision_name(int index)
{
    return index < 0 ? NULL : compute_precision_name((enum compute_precision)index);
}

struct satz_model *satz_model_open(const char *path, const char *backend, const char *precision,
                                   struct satz_error *err)
{
    struct satz_model *m = memory_new(1, sizeof *m, err);
    if (!m)
        return NULL;
    if (!(m->path = memory_copy_string(path, err)) ||
        compute_precision_find(precision ? precision : "auto", &m->precision, err) < 0 ||
        !(m->backend = compute_find(backend ? backend : "auto", m->precision, err)) ||
        !(m->compute = m->backend->new (m->precision, err)) || model_load(&m->model, path, err) < 0)
        goto fail;
    struct weights *weights = &m->model.network.weights;
    if (weights_allocate(weights, m->backend, m->compute, false, err) < 0)
        goto fail;
    for (int i = 0; i < weights->count; i++)
        weights_pack(weights, i, &m->model.network.params, m->compute);
    if (compute_check(m->backend, m->compute, err) < 0)
        goto fail;
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
    free(m->path);
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

/* What the recipe and the settings say of the section decode. */
static int read_settings(struct translator_options *o, const struct recipe *recipe,
                         const struct satz_translator_options *given, struct satz_error *err)
{
    struct recipe changed;
    recipe_defaults(&changed);
    changed.decode = recipe->decode;
    for (size_t i = 0; i < given->n_settings; i++) {
        if (strncmp(given->settings[i], "decode.", strlen("decode.")) != 0)
            return error_set(err, "%s: settings of a translator are decode.KEY=VALUE",
                             given->settings[i]);
        if (recipe_set(&changed, given->settings[i], err) < 0)
            return -1;
    }
    o->search = translator_search_options(&changed);
    o->search.shortlist_best = SATZ_SHORTLIST_BEST;
    o->search.shortlist_commonest = SATZ_SHORTLIST_COMMONEST;
    o->batch = changed.decode.batch;
    return 0;
}

static int merge_options(struct translator_options *o, const struct satz_translator_options *given,
                         struct satz_error *err)
{
    if (choose(&o->search.beam, given->beam, 1000, "beam", err) < 0 ||
        choose(&o->search.n_best, given->n_best, 1000, "n_best", err) < 0 ||
        choose(&o->batch, given->batch, 100000, "batch", err) < 0 ||
        choose(&o->threads, given->threads, 1024, "threads", err) < 0 ||
        choose(&o->max_length, given->max_length, 40000, "max_length", err) < 0 ||
        choose(&o->search.shortlist_best, given->shortlist_best, SHORTLIST_MOST, "shortlist_best",
               err) < 0 ||
        choose(&o->search.shortlist_commonest, given->shortlist_commonest, 1000000,
               "shortlist_commonest", err) < 0)
        return -1;
    if (o->search.n_best > o->search.beam && o->search.strategy != strategy_find("sample"))
        return error_set(err, "n_best is %d but the beam holds only %d hypotheses: widen the beam",
                         o->search.n_best, o->search.beam);
    o->split = given->split_long;
    o->replace_unknown = given->replace_unknown;
    if (given->dictionary && !given->replace_unknown)
        return error_set(err, "a dictionary is of use only with replace_unknown");
    if (!given->shortlist && (given->shortlist_best || given->shortlist_commonest))
        return error_set(err, "shortlist_best and shortlist_commonest are of use only with a "
                              "shortlist");
    if (!given->has_length_penalty)
        return 0;
    if (!(given->length_penalty >= 0 && given->length_penalty <= 10))
        return error_set(err, "length_penalty must be between 0 and 10, but is %g",
                         given->length_penalty);
    o->search.length_penalty = given->length_penalty;
    return 0;
}

/* All of the options that are numbers and choices. */
static int make_options(struct translator_options *o, const struct satz_model *model,
                        const struct satz_translator_options *options, struct satz_error *err)
{
    static const struct satz_translator_options none;
    const struct satz_translator_options *given = options ? options : &none;
    *o = translator_defaults(&model->model.recipe);
    if (read_settings(o, &model->model.recipe, given, err) < 0)
        return -1;
    return merge_options(o, given, err);
}

int satz_translator_check(const struct satz_model *model,
                          const struct satz_translator_options *options, struct satz_error *err)
{
    struct translator_options o;
    return make_options(&o, model, options, err);
}

static bool same_tokenizer(const struct tokenizer *a, const struct tokenizer *b)
{
    size_t n, m;
    const char *x = tokenizer_model(a, &n), *y = tokenizer_model(b, &m);
    return n == m && memcmp(x, y, n) == 0;
}

/* The further models; to be freed. */
static const struct model **list_ensemble(const struct satz_model *first,
                                          const struct satz_translator_options *given,
                                          struct satz_error *err)
{
    const struct model **models = memory_new(given->n_ensemble + 1, sizeof *models, err);
    for (size_t i = 0; models && i < given->n_ensemble; i++) {
        const struct satz_model *m = given->ensemble[i];
        models[i] = &m->model;
        bool same = same_tokenizer(first->model.source_tokenizer, m->model.source_tokenizer) &&
                    same_tokenizer(first->model.target_tokenizer, m->model.target_tokenizer);
        if (same && first->backend == m->backend)
            continue;
        error_set(err, "%s and %s cannot translate together: %s", first->path, m->path,
                  same ? "they were opened with different backends"
                       : "their tokenizers differ; train both with the same tokenizer models "
                         "(tokenizer.source_model, tokenizer.target_model)");
        free(models);
        return NULL;
    }
    return models;
}

static int open_shortlist(struct shortlist *s, const struct satz_model *model, const char *path,
                          struct satz_error *err)
{
    if (!model->backend->pack_rows)
        return error_set(err, "backend %s knows no shortlists; use openblas", model->backend->name);
    return shortlist_open(s, path, model->model.source_tokenizer, model->model.target_tokenizer,
                          err);
}

struct satz_translator *satz_translator_new(const struct satz_model *model,
                                            const struct satz_translator_options *options,
                                            struct satz_error *err)
{
    struct translator_options o;
    if (make_options(&o, model, options, err) < 0)
        return NULL;
    struct satz_translator *t = memory_new(1, sizeof *t, err);
    const struct satz_translator_options none = {0}, *given = options ? options : &none;
    const struct model **ensemble = t ? list_ensemble(model, given, err) : NULL;
    if (!ensemble)
        goto fail;
    if (given->dictionary && !(t->dictionary = dictionary_new(given->dictionary, err)))
        goto fail;
    if (given->shortlist && open_shortlist(&t->shortlist, model, given->shortlist, err) < 0)
        goto fail;
    o.search.shortlist = given->shortlist ? &t->shortlist : NULL;
    o.ensemble = ensemble;
    o.n_ensemble = (int)given->n_ensemble;
    o.dictionary = t->dictionary;
    t->translator = translator_new(&model->model, model->precision, &o, err);
    if (!t->translator)
        goto fail;
    free(ensemble);
    return t;
fail:
    free(ensemble);
    satz_translator_free(t);
    return NULL;
}

void satz_translator_free(struct satz_translator *t)
{
    if (!t)
        return;
    translator_free(t->translator);
    dictionary_free(t->dictionary);
    shortlist_release(&t->shortlist);
    free(t);
}

int satz_translator_beam(const struct satz_translator *t)
{
    return translator_beam(t->translator);
}

int satz_translate_requests(struct satz_translator *t, const struct satz_request *requests,
                            size_t n, const struct satz_translation **translations,
                            struct satz_error *err)
{
    return translator_requests(t->translator, requests, n, translations, err);
}

int satz_translate(struct satz_translator *t, const char *const *lines, const size_t *lengths,
                   size_t n, const struct satz_translation **translations, struct satz_error *err)
{
    return translator_run(t->translator, lines, lengths, n, translations, err);
}

int satz_attend_pairs(struct satz_translator *t, const struct satz_pair *pairs, size_t n,
                      enum satz_units units, struct satz_attention **attentions,
                      struct satz_error *err)
{
    return translator_attend(t->translator, pairs, n, units, attentions, err);
}

struct satz_score *satz_score_pairs(struct satz_translator *t, const struct satz_pair *pairs,
                                    size_t n, struct satz_error *err)
{
    return translator_score(t->translator, pairs, n, err);
}
