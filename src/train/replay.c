/* Repeats the step of a black box: satz_replay (satz.h). */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "base/simd.h"
#include "train/blackbox.h"
#include "train/check.h"

static const bool in_double = sizeof(real) == 8;

struct replay {
    const char *path;
    struct tensors file;
    json_t *facts; /* satz.blackbox */
    struct model model;
    struct team team;
    struct train_state state;
    struct corpus *corpus;
    uint32_t *indices; /* [n] 0, 1, ... */
    struct feed feed;
    struct check_step step;
    struct loss_sums sums; /* of the repeated step */
    double norm;
    struct strbuf report;
    bool same; /* every figure so far */
};

static void release(struct replay *r)
{
    strbuf_release(&r->report);
    free(r->indices);
    feed_release(&r->feed);
    team_release(&r->team);
    corpus_free(r->corpus);
    model_release(&r->model);
    json_decref(r->facts);
    tensors_release(&r->file);
}

/* --- reading the box */

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

/* A number written by %a; NaN when it is missing. */
static double real_of(const json_t *object, const char *key)
{
    const char *text = text_of(object, key);
    return text[0] ? strtod(text, NULL) : NAN;
}

static int open_box(struct replay *r, struct satz_error *err)
{
    if (tensors_open(&r->file, r->path, err) < 0)
        return -1;
    const char *text = tensors_metadata(&r->file, "satz.blackbox");
    if (!text)
        return error_set(err,
                         "%s: is not a black box; training writes them to train.folder as "
                         "blackbox-UPDATE.safetensors when a gradient is not finite",
                         r->path);
    json_error_t problem;
    r->facts = json_parse(text, strlen(text), 0, &problem);
    if (!json_is_object(r->facts))
        return error_set(err, "%s: what it says of the step cannot be read", r->path);
    return model_read(&r->model, &r->file, r->path, err);
}

/* Whether the batches are of at least one pair each, n together. */
static bool adds_up(const struct tensor *counts, size_t n)
{
    const int32_t *count = counts->data;
    for (size_t i = 0; i < counts->shape[0]; n -= (size_t)count[i++])
        if (count[i] < 1 || (size_t)count[i] > n)
            return false;
    return n == 0;
}

/* An array of whole numbers, which a file of another program may not have aligned; or NULL. */
static const struct tensor *find_numbers(const struct replay *r, const char *name, int rank)
{
    const struct tensor *t = tensors_find(&r->file, name);
    return t && t->type == TENSOR_I32 && t->rank == rank &&
                   (uintptr_t)t->data % sizeof(int32_t) == 0
               ? t
               : NULL;
}

/* 1 with the alignment of a box that has one of `total` tokens and n pairs, 0 without, -1 on error.
 */
static int find_alignment(const struct replay *r, struct corpus_alignment *a, size_t total,
                          size_t n, struct satz_error *err)
{
    if (!tensors_find(&r->file, "batch.words") && !tensors_find(&r->file, "batch.links") &&
        !tensors_find(&r->file, "batch.link_counts"))
        return 0;
    const struct tensor *words = find_numbers(r, "batch.words", 1);
    const struct tensor *links = find_numbers(r, "batch.links", 2);
    const struct tensor *counts = find_numbers(r, "batch.link_counts", 1);
    if (!words || words->shape[0] != total || !counts || counts->shape[0] != n || !links ||
        links->shape[1] != 3)
        return error_set(err, "%s: the alignments in it are missing or of another shape", r->path);
    *a = (struct corpus_alignment){words->data, links->data, counts->data, links->shape[0]};
    return 1;
}

static int open_batch(struct replay *r, struct satz_error *err)
{
    struct corpus_alignment alignment;
    const struct tensor *ids = find_numbers(r, "batch.ids", 1);
    const struct tensor *lengths = find_numbers(r, "batch.lengths", 2);
    const struct tensor *counts = find_numbers(r, "batch.counts", 1);
    const int sizes[2] = {r->model.network.source_size, r->model.network.target_size};
    if (!ids || !lengths || !counts || lengths->shape[1] != 2 || lengths->shape[0] == 0 ||
        lengths->shape[0] > INT32_MAX || counts->shape[0] == 0 ||
        !adds_up(counts, lengths->shape[0]))
        return error_set(err, "%s: the batch in it is missing or of another shape", r->path);
    uint32_t n = (uint32_t)lengths->shape[0];
    int aligned = find_alignment(r, &alignment, ids->shape[0], n, err);
    if (aligned < 0)
        return -1;
    r->corpus = corpus_from_ids(ids->data, ids->shape[0], lengths->data, n, sizes,
                                aligned ? &alignment : NULL, err);
    if (!r->corpus)
        return error_prefix(err, "%s", r->path);
    r->indices = memory_new(n, sizeof *r->indices, err);
    if (!r->indices)
        return -1;
    for (uint32_t i = 0; i < n; i++)
        r->indices[i] = i;
    struct feed_options options = {
        .corpus = r->corpus,
        .n_shards = r->model.recipe.train.shards,
        .reverse_source = r->model.recipe.model.reverse_source,
        .twins = r->model.recipe.train.rdrop > 0,
    };
    r->step = (struct check_step){
        .feed = &r->feed,
        .recipe = &r->model.recipe,
        .epoch = json_integer_value(json_object_get(r->facts, "epoch")) - 1,
        .update = (uint64_t)json_integer_value(json_object_get(r->facts, "update")),
        .pairs = r->indices,
        .counts = counts->data,
        .n_batches = (int)counts->shape[0],
    };
    return feed_init(&r->feed, &options, err);
}

/* The box's backend where it runs here; else the best one, whose bits may differ. */
static int open_team(struct replay *r, int threads, struct satz_error *err)
{
    const struct recipe *recipe = &r->model.recipe;
    const char *name = text_of(r->facts, "backend");
    const struct compute_backend *backend = compute_find(name, COMPUTE_F32, NULL);
    const struct optimizer *optimizer = optimizer_find(recipe->optimizer.name);
    if (!backend && !(backend = compute_find("auto", COMPUTE_F32, err)))
        return -1;
    if (team_init(&r->team, &r->model.network, backend, COMPUTE_F32, optimizer,
                  recipe->train.shards, threads, err) < 0 ||
        checkpoint_read(&r->file, r->path, &r->model, &r->team, &r->state, err) < 0)
        return -1;
    team_pack(&r->team);
    return 0;
}

/* --- the report */

static bool same_bits(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static void add_figure(struct replay *r, const char *name, double then, double now)
{
    bool same = same_bits(then, now);
    r->same &= same;
    /* NaN has a sign, of which nobody wants to know. */
    then = isnan(then) ? (double)NAN : then;
    now = isnan(now) ? (double)NAN : now;
    strbuf_addf(&r->report, "%-44s %16.9g %16.9g%s\n", name, then, now,
                same || in_double ? "" : "  differs");
}

static void add_figures(struct replay *r)
{
    const struct params *p = &r->model.network.params;
    const json_t *norms = json_object_get(r->facts, "norms");
    double tokens = (double)json_integer_value(json_object_get(r->facts, "tokens"));
    strbuf_addf(&r->report, "%-44s %16s %16s\n", "", "then", in_double ? "in double" : "now");
    add_figure(r, "loss per token", real_of(r->facts, "loss") / tokens,
               r->sums.loss / (double)r->sums.tokens);
    add_figure(r, "norm of the gradient", real_of(r->facts, "norm"), r->norm);
    for (int i = 0; i < p->count; i++)
        add_figure(r, p->entries[i].name, real_of(norms, p->entries[i].name),
                   blackbox_norm(&r->team, i));
}

/* Sets row and column of the first value that is not finite; how many there are. */
static size_t count_bad(struct mat m, int *row, int *column)
{
    size_t n = 0;
    for (int i = 0; i < m.rows; i++)
        for (int k = 0; k < m.cols; k++)
            if (!isfinite(mat_row(m, i)[k]) && n++ == 0) {
                *row = i;
                *column = k;
            }
    return n;
}

/* Says which entry of the block has values that are not finite; false when none has. */
static bool add_bad_entry(struct replay *r, const real *block, int i, const char *what)
{
    const struct params *p = &r->model.network.params;
    int row, column;
    struct mat m = params_view(p, (real *)(uintptr_t)block, i);
    size_t n = count_bad(m, &row, &column);
    if (n)
        strbuf_addf(&r->report, "%s %s[%d, %d] (and %zu more of its %zu)\n", what,
                    p->entries[i].name, row, column, n - 1, (size_t)m.rows * (size_t)m.cols);
    return n > 0;
}

static bool add_bad_block(struct replay *r, const real *block, const char *what)
{
    for (int i = 0; i < r->model.network.params.count; i++)
        if (add_bad_entry(r, block, i, what))
            return true;
    return false;
}

/* In the order in which the backward pass comes to them. */
static void add_bad_gradient(struct replay *r)
{
    static const char *const order[] = {
        "output.", "decoder.readout.", "decoder.attention.", "decoder.", "bridge.", "encoder.", ""};
    const struct params *p = &r->model.network.params;
    for (size_t k = 0; k < sizeof order / sizeof *order; k++)
        for (int i = p->count - 1; i >= 0; i--)
            if (strncmp(p->entries[i].name, order[k], strlen(order[k])) == 0 &&
                add_bad_entry(r, r->team.gradients[0], i, "In the backward pass, the gradient of"))
                return;
    strbuf_add_text(&r->report, "Every value is finite.\n");
}

static void add_pair(struct replay *r, int i)
{
    const json_t *pair = json_array_get(json_object_get(r->facts, "pairs"), (size_t)i);
    strbuf_addf(&r->report, "  %s:%d, %s\n  source: %s\n  target: %s\n",
                text_of(pair, "source_file"),
                (int)json_integer_value(json_object_get(pair, "line")),
                text_of(pair, "target_file"), text_of(pair, "source"), text_of(pair, "target"));
}

/* Where the first value stands that is not finite: in what the step began with, in its forward pass
 * or in its backward pass. */
static int add_origin(struct replay *r, struct satz_error *err)
{
    struct fault fault;
    int first = 0, found = 0;
    strbuf_add_text(&r->report, "\nThe first value that is not finite:\n");
    if (add_bad_block(r, r->model.network.params.values, "Before the step, the parameter"))
        return 0;
    for (int k = 0; k < r->team.optimizer->moments; k++)
        if (add_bad_block(r, r->team.moments[k], "Before the step, the optimiser's moment of"))
            return 0;
    for (int i = 0; i < r->step.n_batches && !found; first += r->step.counts[i++]) {
        struct chance chance;
        const struct feed_load *load = check_take(&r->team, &r->step, i, &chance, err);
        found = load ? team_find_fault(&r->team, load, chance, &fault, err) : -1;
        if (found > 0)
            fault.sentence += first;
    }
    if (found < 0)
        return -1;
    if (!found) {
        add_bad_gradient(r);
        return 0;
    }
    strbuf_addf(&r->report, "In the forward pass, %s, value %d", fault.what, fault.column);
    if (fault.word >= 0)
        strbuf_addf(&r->report, ", at word %d of the %s", fault.word + 1,
                    fault.target ? "target" : "source");
    strbuf_addf(&r->report, " of pair %d of %d\n", fault.sentence + 1, (int)corpus_size(r->corpus));
    add_pair(r, fault.sentence);
    return 0;
}

static void add_history(struct replay *r)
{
    enum { SHOWN = 10 };
    const json_t *steps = json_object_get(r->facts, "history");
    size_t n = json_array_size(steps);
    if (n)
        strbuf_addf(&r->report, "\n%10s %12s %12s %12s\n", "update", "loss", "norm", "rate");
    for (size_t i = n > SHOWN ? n - SHOWN : 0; i < n; i++) {
        const json_t *s = json_array_get(steps, i);
        strbuf_addf(&r->report, "%10lld %12.6g %12.6g %12.6g\n",
                    (long long)json_integer_value(json_object_get(s, "update")),
                    json_number_value(json_object_get(s, "loss")),
                    json_number_value(json_object_get(s, "norm")),
                    json_number_value(json_object_get(s, "rate")));
    }
}

static int add_check(struct replay *r, struct satz_error *err)
{
    struct check_result worst;
    if (check_gradient(&r->team, &r->step, r->sums.tokens, r->norm, &worst, err) < 0)
        return -1;
    int clear = worst.values - worst.unclear;
    r->same = worst.verdict != CHECK_WRONG && clear > 0;
    strbuf_addf(&r->report,
                "\nGradient check, %d values: %s, largest relative error %.2g at %s[%d, %d] "
                "(numeric %.9g, analytic %.9g)\n",
                worst.values,
                r->same     ? "right"
                : clear > 0 ? "WRONG"
                            : "NOT CONFIRMED",
                worst.error, r->model.network.params.entries[worst.param].name, worst.row,
                worst.column, worst.numeric, worst.analytic);
    if (worst.unclear)
        strbuf_addf(&r->report,
                    "%d of them could not be checked: the loss has too few digits here, so that "
                    "its differences disagree with each other.\n",
                    worst.unclear);
    return 0;
}

static void add_verdict(struct replay *r)
{
    char here[64];
    const char *then = text_of(r->facts, "compute");
    snprintf(here, sizeof here, "%s f32 %s", r->team.backend->name, simd_level_name(simd_level()));
    if (r->same)
        strbuf_add_text(&r->report, "\nThe step is repeated to the bit.\n");
    else if (strcmp(then, here) != 0)
        strbuf_addf(
            &r->report,
            "\nThe step differs: it was computed by %s, and this is %s. Only the same gives "
            "the same bits.\n",
            then, here);
    else
        strbuf_addf(&r->report,
                    "\nTHE STEP DIFFERS, although it was computed by %s too: a fault of "
                    "Satz or of this machine.\n",
                    then);
}

static int repeat_step(struct replay *r, struct satz_error *err)
{
    for (int i = 0; i < r->step.n_batches; i++) {
        struct chance chance;
        const struct feed_load *load = check_take(&r->team, &r->step, i, &chance, err);
        if (!load || team_gradient(&r->team, load, NULL, chance, &r->sums, err) < 0)
            return -1;
    }
    r->norm = team_reduce(&r->team, 1 / (double)r->sums.tokens, r->model.recipe.train.clip_value);
    return 0;
}

static int repeat(struct replay *r, struct satz_error *err)
{
    const char *version = tensors_metadata(&r->file, "satz.version");
    strbuf_addf(&r->report,
                "%s: update %" PRId64 ", batch %" PRId64 " of epoch %" PRId64
                ", %d pairs; Satz %s, %s\n\n",
                r->path, r->state.update + 1, r->state.batch + 1, r->state.epoch + 1,
                (int)corpus_size(r->corpus), version ? version : "?", text_of(r->facts, "compute"));
    if (repeat_step(r, err) < 0)
        return -1;
    r->same = true;
    add_figures(r);
    bool finite = isfinite(r->norm) && isfinite(r->sums.loss);
    if (in_double && finite)
        strbuf_add_text(&r->report, "\nIn double precision every value is finite: single precision "
                                    "overflows.\n");
    else if (add_origin(r, err) < 0)
        return -1;
    add_history(r);
    if (!in_double)
        add_verdict(r);
    else if (finite && add_check(r, err) < 0)
        return -1;
    return strbuf_check(&r->report, err);
}

int satz_replay(const char *path, int threads, char **report, struct satz_error *err)
{
    struct replay r = {.path = path};
    int status = -1;
    if (threads < 1)
        threads = parallel_processors();
    if (open_box(&r, err) == 0 && open_batch(&r, err) == 0 && open_team(&r, threads, err) == 0 &&
        repeat(&r, err) == 0 && (*report = strbuf_detach(&r.report, err)))
        status = !r.same;
    release(&r);
    return status;
}

char *satz_replay_facts(const char *path, struct satz_error *err)
{
    struct replay r = {.path = path};
    char *facts = NULL;
    if (open_box(&r, err) == 0)
        facts = memory_copy_string(tensors_metadata(&r.file, "satz.blackbox"), err);
    release(&r);
    return facts;
}
