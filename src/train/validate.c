#include "train/validate.h"

#include <math.h>
#include <stdlib.h>

#include "base/lines.h"
#include "base/memory.h"
#include "decode/translator.h"
#include "eval.h"

bool validation_translates(const struct recipe *recipe, int64_t k)
{
    int every = recipe->validation.bleu_every;
    return recipe_is(recipe->validation.metric, "bleu") || (every > 0 && k % every == 0);
}

double perplexity(const struct loss_sums *sums)
{
    return sums->tokens ? exp(fmin(sums->nll / (double)sums->tokens, 100)) : 0;
}

double validation_metric(const struct recipe *recipe, const struct validation *v)
{
    return recipe_is(recipe->validation.metric, "bleu") ? v->bleu : v->perplexity;
}

/* A text's lines, one after the other, each ended by '\0'. */
struct text {
    struct strbuf bytes;
    size_t n, capacity;
    size_t *starts;
};

static void text_release(struct text *t)
{
    strbuf_release(&t->bytes);
    free(t->starts);
    *t = (struct text){0};
}

static int text_read(struct text *t, const char *path, struct satz_error *err)
{
    const char *line;
    size_t length;
    int status;
    struct lines *lines = lines_open(path, err);
    if (!lines)
        return -1;
    while ((status = lines_next(lines, &line, &length, err)) > 0) {
        status = memory_grow(&t->starts, &t->capacity, t->n + 1, sizeof *t->starts, err);
        if (status < 0)
            break;
        t->starts[t->n++] = t->bytes.length;
        strbuf_add(&t->bytes, line, length);
        strbuf_add_char(&t->bytes, '\0');
    }
    lines_close(lines);
    return status < 0 ? -1 : strbuf_check(&t->bytes, err);
}

/* Scores the translations of the whole source text, as `satz translate` and `satz bleu` would. */
static int score(struct translator *translator, const struct text *source,
                 const struct text *reference, struct validation *v, struct satz_error *err)
{
    const struct satz_translation *translations;
    const char **lines = memory_new(source->n, sizeof *lines, err);
    size_t *lengths = memory_new(source->n, sizeof *lengths, err);
    struct bleu_options options = {0};
    struct bleu *bleu = bleu_new(&options, err);
    struct guards *guards = guards_new(err);
    int status = lines && lengths && bleu && guards ? 0 : -1;
    for (size_t i = 0; status == 0 && i < source->n; i++) {
        size_t end = i + 1 < source->n ? source->starts[i + 1] : source->bytes.length;
        lines[i] = source->bytes.data + source->starts[i];
        lengths[i] = end - source->starts[i] - 1;
    }
    if (status == 0)
        status = translator_run(translator, lines, lengths, source->n, &translations, err);
    for (size_t i = 0; status == 0 && i < source->n; i++) {
        const char *expected = reference->bytes.data + reference->starts[i];
        const char *hypothesis = translations[i].hypotheses[0].text;
        status = bleu_add(bleu, hypothesis, &expected, 1, NULL, err);
        if (status == 0)
            status = guards_add(guards, hypothesis, &expected, 1, err);
    }
    if (status == 0) {
        struct bleu_result result;
        bleu_score(bleu, &result);
        v->bleu = result.score;
        if (guards_warning(guards, 0, v->warning, sizeof v->warning) == 0)
            v->warning[0] = '\0';
    }
    bleu_free(bleu);
    guards_free(guards);
    free(lines);
    free(lengths);
    return status;
}

static int translate_and_score(const struct team *t, const struct model *m, struct validation *v,
                               struct satz_error *err)
{
    const struct recipe *r = &m->recipe;
    struct text source = {0}, reference = {0};
    struct translator_options options = translator_defaults(r);
    options.search.beam = r->validation.beam;
    options.threads = t->n_threads;
    struct translator *translator = NULL;
    int status = -1;
    if (text_read(&source, r->data.valid_source, err) < 0 ||
        text_read(&reference, r->data.valid_target, err) < 0)
        goto done;
    if (source.n != reference.n) {
        error_set(err, "%s has %zu lines but %s has %zu", r->data.valid_source, source.n,
                  r->data.valid_target, reference.n);
        goto done;
    }
    translator = translator_new(m, t->precision, &options, err);
    if (translator)
        status = score(translator, &source, &reference, v, err);
done:
    translator_free(translator);
    text_release(&source);
    text_release(&reference);
    return status;
}

int validate_model(struct team *t, const struct model *m, const struct corpus *valid,
                   bool translate, struct validation *v, struct satz_error *err)
{
    struct loss_sums sums = {0};
    struct validation found = {.bleu = -1};
    if (team_evaluate(t, valid, 64, m->recipe.model.reverse_source, &sums, err) < 0 ||
        (translate && translate_and_score(t, m, &found, err) < 0))
        return -1;
    found.perplexity = perplexity(&sums);
    *v = found;
    return 0;
}
