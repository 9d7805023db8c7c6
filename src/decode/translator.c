#include "decode/translator.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/parallel.h"
#include "base/utf8.h"
#include "decode/normalise.h"
#include "decode/translator_private.h"
#include "decode/unknown.h"

enum { LINES = 64 /* that one task tokenises */ };

static enum search_stop stop_of(const char *name)
{
    return recipe_is(name, "first") ? STOP_FIRST : recipe_is(name, "beam") ? STOP_BEAM : STOP_EXACT;
}

struct search_options translator_search_options(const struct recipe *recipe)
{
    return (struct search_options){
        .strategy = strategy_find(recipe->decode.strategy),
        .beam = recipe->decode.beam,
        .n_best = 1,
        .stop = stop_of(recipe->decode.stop),
        .normalisation = normalisation_find(recipe->decode.length_normalisation),
        .length_penalty = recipe->decode.length_penalty,
        .coverage_penalty = recipe->decode.coverage_penalty,
        .max_length_factor = recipe->decode.max_length_factor,
        .min_length_factor = recipe->decode.min_length_factor,
        .max_length_extra = recipe->decode.max_length_extra,
        .no_repeat = recipe->decode.no_repeat,
        .groups = recipe->decode.groups,
        .diversity = recipe->decode.diversity,
        .temperature = recipe->decode.temperature,
        .top_p = recipe->decode.top_p,
        .top_k = recipe->decode.top_k,
        .seed = (uint64_t)recipe->decode.seed,
    };
}

struct translator_options translator_defaults(const struct recipe *recipe)
{
    return (struct translator_options){
        .search = translator_search_options(recipe),
        .batch = recipe->decode.batch,
        .threads = parallel_processors(),
        .max_length = 4 * recipe->data.max_length,
    };
}

static int make_worker(const struct translator *t, struct worker *w,
                       enum compute_precision precision, struct satz_error *err)
{
    size_t batch = (size_t)t->options.batch;
    w->compute = t->model->network.weights.backend->new (precision, err);
    w->sentences = memory_new(batch, sizeof *w->sentences, err);
    w->tasks = memory_new(batch, sizeof *w->tasks, err);
    w->models = memory_new(1 + (size_t)t->options.n_ensemble, sizeof *w->models, err);
    return w->compute && w->sentences && w->tasks && w->models ? 0 : -1;
}

struct translator *translator_new(const struct model *model, enum compute_precision precision,
                                  const struct translator_options *options, struct satz_error *err)
{
    struct translator *t = memory_new(1, sizeof *t, err);
    if (!t)
        return NULL;
    t->model = model;
    t->options = *options;
    t->options.search.align = options->replace_unknown;
    t->options.search.tokenizer = model->target_tokenizer;
    t->workers = memory_new((size_t)options->threads, sizeof *t->workers, err);
    t->models = memory_new(1 + (size_t)options->n_ensemble, sizeof *t->models, err);
    if (!t->workers || !t->models)
        goto fail;
    t->models[0] = model;
    for (int m = 0; m < options->n_ensemble; m++)
        t->models[m + 1] = options->ensemble[m];
    for (int i = 0; i < options->threads; i++)
        if (make_worker(t, &t->workers[i], precision, err) < 0)
            goto fail;
    return t;
fail:
    translator_free(t);
    return NULL;
}

static void release_translation(struct satz_translation *translation)
{
    struct satz_hypothesis *h = (struct satz_hypothesis *)translation->hypotheses;
    for (int k = 0; k < translation->n; k++) {
        free((char *)h[k].text);
        free((int *)h[k].ids);
    }
    free(h);
    *translation = (struct satz_translation){0};
}

static void forget_lines(struct translator *t)
{
    for (size_t i = 0; i < t->n_lines; i++) {
        release_translation(&t->translations[i]);
        pieces_release(&t->lines[i].pieces);
        demand_release(&t->lines[i].demand);
    }
    for (size_t i = 0; i < t->n_units; i++)
        release_translation(&t->units[i].result);
    t->n_lines = t->n_units = 0;
}

void translator_free(struct translator *t)
{
    if (!t)
        return;
    forget_lines(t);
    free(t->requests);
    free(t->lines);
    free(t->translations);
    free(t->units);
    free(t->order);
    free(t->models);
    for (int i = 0; t->workers && i < t->options.threads; i++) {
        struct worker *w = &t->workers[i];
        if (w->compute)
            t->model->network.weights.backend->free(w->compute);
        batch_release(&w->batch);
        batch_release(&w->other);
        search_release(&w->search);
        scorer_release(&w->scorer);
        free(w->sentences);
        free(w->tasks);
        free(w->models);
    }
    free(t->workers);
    free(t);
}

int translator_beam(const struct translator *t)
{
    return t->options.search.beam;
}

static struct pass make_pass(const struct model *model, const struct worker *w)
{
    const struct seq2seq *network = &model->network;
    return (struct pass){
        .backend = network->weights.backend,
        .compute = w->compute,
        .params = &network->params,
        .weights = &network->weights,
        .kernels = SIMD_BEST(kernels),
    };
}

struct pass translator_pass(const struct translator *t, const struct worker *w)
{
    return make_pass(t->model, w);
}

int translator_search(struct translator *t, struct worker *w,
                      const struct batch_sentence *sentences, const struct search_task *tasks,
                      int n, struct satz_error *err)
{
    bool reversed = t->model->recipe.model.reverse_source;
    int n_models = 1 + t->options.n_ensemble;
    if (batch_fill(&w->batch, sentences, NULL, n, reversed, err) < 0)
        return -1;
    for (int m = 0; m < n_models; m++) {
        bool other = t->models[m]->recipe.model.reverse_source != reversed;
        if (other && batch_fill(&w->other, sentences, NULL, n, !reversed, err) < 0)
            return -1;
        w->models[m] = (struct search_model){
            .pass = make_pass(t->models[m], w),
            .network = &t->models[m]->network,
            .source_ids = other ? w->other.source_ids : w->batch.source_ids,
            .reversed = other != reversed,
        };
    }
    if (search_run(&w->search, w->models, n_models, &w->batch, tasks, &t->options.search, err) < 0)
        return -1;
    return compute_check(t->model->network.weights.backend, w->compute, err);
}

/* Room for n hypotheses, their texts NULL. */
static int new_hypotheses(struct satz_translation *to, int n, struct satz_error *err)
{
    struct satz_hypothesis *h = memory_new((size_t)n, sizeof *h, err);
    if (!h)
        return -1;
    to->hypotheses = h;
    to->n = n;
    return 0;
}

static int tokenise_line(struct translator *t, size_t i, struct satz_error *err)
{
    struct line *line = &t->lines[i];
    const struct satz_request *r = line->request;
    const struct tokenizer *source = t->model->source_tokenizer;
    const struct search_options *o = &t->options.search;
    size_t number = r->number ? r->number : i + 1;
    if (pieces_make(&line->pieces, source, r->text, r->length, t->options.max_length,
                    t->options.split, err) < 0 ||
        demand_make(&line->demand, t->model->target_tokenizer, r, number, err) < 0)
        return -1;
    if (r->n_required > 0 && o->strategy != strategy_find("beam"))
        return error_set(err, "line %zu: required phrases need decode.strategy beam", number);
    line->invalid = utf8_valid_prefix(r->text, r->length) < r->length;
    line->truncated = line->pieces.cut;
    return 0;
}

static void tokenise_lines(void *user, int index, int worker)
{
    struct translator *t = user;
    struct worker *w = &t->workers[worker];
    size_t from = (size_t)index * LINES;
    for (size_t i = from; w->status == 0 && i < t->n_lines && i < from + LINES; i++)
        w->status = tokenise_line(t, i, &w->err);
}

static const struct piece *unit_piece(const struct translator *t, const struct unit *u)
{
    return &t->lines[u->line].pieces.list[u->piece];
}

static char *make_text(const struct translator *t, const struct unit *u, const struct hypothesis *h,
                       struct satz_error *err)
{
    struct strbuf text = {0};
    char *result = NULL;
    const struct piece *piece = unit_piece(t, u);
    const char *source = t->lines[u->line].request->text + piece->begin;
    int status = tokenizer_decode(t->model->target_tokenizer, h->ids, (size_t)h->n, &text, err);
    if (status == 0 && t->options.replace_unknown)
        status = unknown_replace(&text, h, t->model->source_tokenizer, source,
                                 piece->end - piece->begin, t->options.dictionary, err);
    if (status == 0)
        result = strbuf_detach(&text, err);
    strbuf_release(&text);
    return result;
}

static int keep_result(const struct translator *t, const struct search_result *result,
                       struct unit *u, struct satz_error *err)
{
    if (new_hypotheses(&u->result, result->n, err) < 0)
        return -1;
    struct satz_hypothesis *h = (struct satz_hypothesis *)u->result.hypotheses;
    for (int k = 0; k < result->n; k++) {
        const struct hypothesis *from = &result->hypotheses[k];
        h[k] = (struct satz_hypothesis){
            .text = make_text(t, u, from, err),
            .score = from->score,
            .log_probability = from->log_probability,
            .coverage = from->coverage,
            .tokens = from->n + 1,
        };
        int *ids = memory_new((size_t)from->n, sizeof *ids, err);
        h[k].ids = ids;
        if (!h[k].text || !ids)
            return -1;
        memcpy(ids, from->ids, (size_t)from->n * sizeof *ids);
    }
    return 0;
}

/* A line's first piece has its prefix and what is required; all have what is forbidden. */
static struct search_task unit_task(const struct translator *t, const struct unit *u)
{
    struct search_task task = t->lines[u->line].demand.task;
    if (u->piece > 0) {
        task.prefix.n = task.n_required = 0;
        task.prefix_closed = false;
    }
    return task;
}

static int translate_batch(struct translator *t, struct worker *w, size_t from,
                           struct satz_error *err)
{
    int n = 0;
    for (; n < t->batch && from + (size_t)n < t->n_units; n++) {
        const struct unit *u = &t->units[t->order[from + (size_t)n]];
        const struct piece *piece = unit_piece(t, u);
        const int *ids = t->lines[u->line].pieces.tokens.ids + piece->first;
        w->sentences[n] = (struct batch_sentence){ids, piece->n};
        w->tasks[n] = unit_task(t, u);
    }
    if (translator_search(t, w, w->sentences, w->tasks, n, err) < 0)
        return -1;
    for (int i = 0; i < n; i++)
        if (keep_result(t, &w->search.results[i], &t->units[t->order[from + (size_t)i]], err) < 0)
            return -1;
    return 0;
}

static void translate_batches(void *user, int index, int worker)
{
    struct translator *t = user;
    struct worker *w = &t->workers[worker];
    if (w->status == 0)
        w->status = translate_batch(t, w, (size_t)index * (size_t)t->batch, &w->err);
}

/* Runs the tasks on all workers; the failure of one is the failure of all. */
static int run_tasks(struct translator *t, size_t n_tasks, void (*task)(void *, int, int),
                     struct satz_error *err)
{
    for (int i = 0; i < t->options.threads; i++)
        t->workers[i].status = 0;
    parallel_for(t->options.threads, (int)n_tasks, task, t);
    for (int i = 0; i < t->options.threads; i++)
        if (t->workers[i].status < 0)
            return error_set(err, "%s", t->workers[i].err.message);
    return 0;
}

/* Few sentences are shared out among the threads. Many go in batches as large as they may be, but
 * no larger than fills the rows that a step works on at once: what a larger one does beside that,
 * caches do not hold. */
static size_t share_units(struct translator *t)
{
    size_t threads = (size_t)t->options.threads;
    size_t share = (t->n_units + threads - 1) / threads;
    int rows = t->options.search.beam + 1, most = rows < LOSS_CHUNK ? LOSS_CHUNK / rows : 1;
    most = t->options.batch < most ? t->options.batch : most;
    t->batch = share < (size_t)most ? (int)share : most;
    return t->n_units ? (t->n_units + (size_t)t->batch - 1) / (size_t)t->batch : 0;
}

/* t->units: the pieces of all lines; t->order: by length, longest first, equal ones as they came.
 */
static int sort_units(struct translator *t, struct satz_error *err)
{
    size_t longest = (size_t)t->options.max_length, total = 0, before = 0;
    for (size_t i = 0; i < t->n_lines; i++)
        total += t->lines[i].pieces.n;
    if (total > UINT32_MAX)
        return error_set(err, "%zu sentences are too many for one call", total);
    if (memory_grow(&t->units, &t->units_capacity, total, sizeof *t->units, err) < 0 ||
        memory_grow(&t->order, &t->order_capacity, total, sizeof *t->order, err) < 0)
        return -1;
    size_t *count = memory_new(longest + 1, sizeof *count, err);
    if (!count)
        return -1;
    for (size_t i = 0; i < t->n_lines; i++)
        for (size_t k = 0; k < t->lines[i].pieces.n; k++) {
            t->units[t->n_units++] = (struct unit){.line = (uint32_t)i, .piece = (uint32_t)k};
            count[t->lines[i].pieces.list[k].n]++;
        }
    for (size_t length = longest; length > 0; length--) {
        size_t here = count[length];
        count[length] = before;
        before += here;
    }
    for (size_t i = 0; i < t->n_units; i++)
        t->order[count[unit_piece(t, &t->units[i])->n]++] = (uint32_t)i;
    free(count);
    return 0;
}

static int take_requests(struct translator *t, const struct satz_request *requests, size_t n,
                         struct satz_error *err)
{
    forget_lines(t);
    if (n > INT32_MAX)
        return error_set(err, "%zu lines are too many for one call; translate them in parts", n);
    if (memory_grow(&t->lines, &t->lines_capacity, n, sizeof *t->lines, err) < 0 ||
        memory_grow(&t->translations, &t->capacity, n, sizeof *t->translations, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        t->lines[i] = (struct line){.request = &requests[i]};
        t->translations[i] = (struct satz_translation){0};
    }
    t->n_lines = n;
    return 0;
}

/* What a line without tokens is translated to. */
static int translate_nothing(struct satz_translation *to, struct satz_error *err)
{
    if (new_hypotheses(to, 1, err) < 0)
        return -1;
    struct satz_hypothesis *h = (struct satz_hypothesis *)to->hypotheses;
    h->text = memory_copy_string("", err);
    return h->text ? 0 : -1;
}

/* The k-th best of a line is made of its pieces' k-th best. */
static int join_hypothesis(const struct translator *t, const struct unit *units, size_t n, int k,
                           struct satz_hypothesis *h, struct satz_error *err)
{
    const struct search_options *o = &t->options.search;
    struct strbuf text = {0};
    for (size_t i = 0; i < n; i++) {
        const struct satz_hypothesis *from = &units[i].result.hypotheses[k];
        if (text.length > 0 && from->text[0])
            strbuf_add_char(&text, ' ');
        strbuf_add_text(&text, from->text);
        h->log_probability += from->log_probability;
        h->coverage += from->coverage;
        h->tokens += from->tokens;
    }
    h->score = h->log_probability / o->normalisation->divisor(h->tokens, o->length_penalty) +
               o->coverage_penalty * h->coverage;
    h->text = text.length > 0 ? strbuf_detach(&text, err) : memory_copy_string("", err);
    strbuf_release(&text);
    return h->text ? 0 : -1;
}

static int join_units(const struct translator *t, const struct unit *units, size_t n,
                      struct satz_translation *to, struct satz_error *err)
{
    int count = units[0].result.n;
    for (size_t i = 1; i < n; i++)
        count = units[i].result.n < count ? units[i].result.n : count;
    if (new_hypotheses(to, count, err) < 0)
        return -1;
    struct satz_hypothesis *h = (struct satz_hypothesis *)to->hypotheses;
    for (int k = 0; k < count; k++)
        if (join_hypothesis(t, units, n, k, &h[k], err) < 0)
            return -1;
    for (int k = 1; k < count; k++) {
        struct satz_hypothesis moved = h[k];
        int at = k;
        for (; at > 0 && h[at - 1].score < moved.score; at--)
            h[at] = h[at - 1];
        h[at] = moved;
    }
    return 0;
}

/* From the pieces' results to the lines'. */
static int finish_lines(struct translator *t, struct satz_error *err)
{
    struct unit *units = t->units;
    for (size_t i = 0; i < t->n_lines; i++) {
        const struct line *line = &t->lines[i];
        struct satz_translation *to = &t->translations[i];
        size_t n = line->pieces.n;
        if (n == 1) {
            *to = units[0].result;
            units[0].result = (struct satz_translation){0};
        } else if ((n == 0 ? translate_nothing(to, err) : join_units(t, units, n, to, err)) < 0) {
            return -1;
        }
        for (size_t k = 0; k < n; k++)
            to->source_tokens += line->pieces.list[k].n;
        to->pieces = n > 1 ? (int)n : 1;
        to->truncated = line->truncated;
        to->invalid = line->invalid;
        units += n;
    }
    return 0;
}

int translator_requests(struct translator *t, const struct satz_request *requests, size_t n,
                        const struct satz_translation **translations, struct satz_error *err)
{
    if (take_requests(t, requests, n, err) < 0 ||
        run_tasks(t, (n + LINES - 1) / LINES, tokenise_lines, err) < 0 || sort_units(t, err) < 0 ||
        run_tasks(t, share_units(t), translate_batches, err) < 0 || finish_lines(t, err) < 0)
        return -1;
    *translations = t->translations;
    return 0;
}

int translator_run(struct translator *t, const char *const *lines, const size_t *lengths, size_t n,
                   const struct satz_translation **translations, struct satz_error *err)
{
    if (memory_grow(&t->requests, &t->requests_capacity, n, sizeof *t->requests, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        t->requests[i] = (struct satz_request){.text = lines[i],
                                               .length = lengths ? lengths[i] : strlen(lines[i])};
    return translator_requests(t, t->requests, n, translations, err);
}
