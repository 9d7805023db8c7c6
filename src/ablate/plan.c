/* What there is to do: the runs of a ladder, with what earlier sittings left of them. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ablate/ablation.h"
#include "base/file.h"
#include "base/lines.h"
#include "base/memory.h"
#include "model/seq2seq.h"
#include "train/optimizer.h"

int sum_files(const char *const *paths, size_t n, uint64_t *key, struct satz_error *err)
{
    for (size_t i = 0; i < n; i++) {
        struct file_map map;
        if (file_map_open(&map, paths[i], err) < 0)
            return -1;
        *key = checksum(map.data, map.size, *key);
        file_map_release(&map);
    }
    return 0;
}

static char *key_text(uint64_t key, struct satz_error *err)
{
    struct strbuf s = {0};
    strbuf_addf(&s, "%016" PRIx64, key);
    return strbuf_detach(&s, err);
}

/* --- the test text */

static int count_lines(const char *path, size_t *n, struct satz_error *err)
{
    const char *line;
    size_t length;
    struct lines *lines = lines_open(path, err);
    int status = lines ? 0 : -1;
    *n = 0;
    while (lines && (status = lines_next(lines, &line, &length, err)) > 0)
        ++*n;
    lines_close(lines);
    return status;
}

static int open_test(struct satz_ablation *a, struct satz_error *err)
{
    const struct satz_ablation_options *o = &a->options;
    size_t n_source, n_target;
    uint64_t key = 0;
    a->test_source = o->test_source ? o->test_source : a->ladder.test_source;
    a->test_target = o->test_target ? o->test_target : a->ladder.test_target;
    if (!a->test_source || !a->test_target)
        return error_set(err,
                         "%s: there is no test text: give `test: {source: FILE, target: "
                         "FILE}`, or the options --test-source and --test-target",
                         a->ladder.path);
    if (count_lines(a->test_source, &n_source, err) < 0 ||
        count_lines(a->test_target, &n_target, err) < 0 ||
        sum_files(&a->test_source, 1, &key, err) < 0)
        return -1;
    if (n_source != n_target)
        return error_set(err,
                         "%s has %zu lines but %s %zu: line k of one belongs to line k of "
                         "the other",
                         a->test_source, n_source, a->test_target, n_target);
    a->test_key = key_text(key, err);
    return a->test_key ? 0 : -1;
}

/* --- the runs */

/* The rungs that the user wants, as flags [n_rungs]. */
static int choose(const struct satz_ablation *a, bool *wanted, struct satz_error *err)
{
    const struct satz_ablation_options *o = &a->options;
    for (int i = 0; i < a->ladder.n_rungs; i++)
        wanted[i] = o->n_only == 0;
    for (size_t i = 0; i < o->n_only + o->n_skip; i++) {
        bool only = i < o->n_only;
        const char *name = only ? o->only[i] : o->skip[i - o->n_only];
        int rung = ladder_find(&a->ladder, name, err);
        if (rung < 0)
            return error_prefix(err, "--%s %s: %s", only ? "only" : "skip", name, a->ladder.path);
        wanted[rung] = only;
    }
    for (int i = 0; i < a->ladder.n_rungs; i++)
        if (wanted[i])
            return 0;
    return error_set(err, "%s: --only and --skip leave no rung", a->ladder.path);
}

static int load_recipes(struct satz_ablation *a, struct satz_error *err)
{
    const struct satz_ablation_options *o = &a->options;
    a->recipes = memory_new((size_t)a->ladder.n_rungs, sizeof *a->recipes, err);
    if (!a->recipes)
        return -1;
    for (; a->n_recipes < a->ladder.n_rungs; a->n_recipes++) {
        struct recipe *r = &a->recipes[a->n_recipes];
        if (ladder_recipe(&a->ladder, a->n_recipes, o->settings, o->n_settings, r, err) < 0)
            return -1;
        if (o->train_source)
            r->data.train_source = (struct recipe_texts){&o->train_source, 1};
        if (o->train_target)
            r->data.train_target = (struct recipe_texts){&o->train_target, 1};
        if (o->valid_source)
            r->data.valid_source = o->valid_source;
        if (o->valid_target)
            r->data.valid_target = o->valid_target;
        if (!r->data.cache[0])
            r->data.cache = a->cache;
        if (o->beam)
            r->decode.beam = o->beam;
        if (recipe_check(r, err) < 0)
            return error_prefix(err, "%s", a->ladder.base);
        if (r->data.train_source.n == 0 || !r->data.valid_source[0])
            return error_set(err,
                             "%s: a ladder needs training and held-out text: data.train_... "
                             "and data.valid_..., or the options --train-source and so on",
                             a->ladder.base);
    }
    return 0;
}

/* What the network of a vocabulary as large as asked for has, and takes besides its steps. */
static int measure(struct run *run, struct satz_error *err)
{
    const struct recipe *r = &run->recipe.recipe;
    struct seq2seq m;
    if (seq2seq_init(&m, r, r->tokenizer.vocabulary, r->tokenizer.vocabulary, err) < 0)
        return -1;
    int blocks = 3 + r->train.shards + optimizer_find(r->optimizer.name)->moments +
                 (r->train.ema > 0 ? 1 : 0); /* as the trainer has them */
    run->parameters = params_count_values(&m.params);
    run->bytes = run->parameters * sizeof(real) * (size_t)blocks;
    seq2seq_release(&m);
    return 0;
}

static int sum_text(struct run *run, struct satz_error *err)
{
    const struct recipe *r = &run->recipe.recipe;
    const char *valid[] = {r->data.valid_source, r->data.valid_target};
    uint64_t key = 0;
    if (sum_files(r->data.train_source.items, r->data.train_source.n, &key, err) < 0 ||
        sum_files(r->data.train_target.items, r->data.train_target.n, &key, err) < 0 ||
        sum_files(r->data.alignments.items, r->data.alignments.n, &key, err) < 0 ||
        sum_files(valid, 2, &key, err) < 0)
        return -1;
    run->text = key_text(key, err);
    return run->text ? 0 : -1;
}

/* The first line of `now` that `before` has not: "section.key: value" of both, as a new text. */
static char *find_change(const char *before, const char *now, struct satz_error *err)
{
    struct strbuf section = {0}, line = {0}, out = {0};
    for (const char *p = now; *p; p += strcspn(p, "\n") + (p[strcspn(p, "\n")] == '\n')) {
        strbuf_clear(&line);
        strbuf_add(&line, p, strcspn(p, "\n"));
        if (*p != ' ') {
            strbuf_clear(&section);
            strbuf_add(&section, p, strcspn(p, ":"));
            continue;
        }
        /* Below its section, because others may have a key of the same name. */
        struct strbuf head = {0};
        strbuf_addf(&head, "%s:\n", strbuf_text(&section));
        const char *part = strstr(before, strbuf_text(&head)), *end = part;
        strbuf_release(&head);
        while (end && *end && (end == part || *end == ' '))
            end += strcspn(end, "\n") + (end[strcspn(end, "\n")] == '\n');
        const char *same = part ? strstr(part, strbuf_text(&line)) : NULL;
        while (same && same < end && same[line.length] != '\n')
            same = strstr(same + 1, strbuf_text(&line));
        if (!same || same >= end) {
            strbuf_addf(&out, "%s.%s", strbuf_text(&section), strbuf_text(&line) + 2);
            break;
        }
    }
    strbuf_release(&section);
    strbuf_release(&line);
    return strbuf_detach(&out, err);
}

int run_look(struct run *run, struct satz_error *err)
{
    char *recipe = record_recipe(&run->recipe.recipe, err);
    if (!recipe || record_read(run->folder, &run->facts, err) < 0) {
        free(recipe);
        return -1;
    }
    const char *before = record_text(run, "recipe"), *text = record_text(run, "text");
    int status = 0;
    if (!before || !text) {
        run->state = RUN_NEW;
    } else if (strcmp(before, recipe) != 0) {
        run->state = RUN_CHANGED;
        run->change = find_change(before, recipe, err);
        status = run->change ? 0 : -1;
    } else if (strcmp(text, run->text) != 0) {
        run->state = RUN_CHANGED;
    } else {
        run->state = json_is_true(json_object_get(run->facts, "trained")) ? RUN_TRAINED
                     : record_text(run, "failure")                        ? RUN_FAILED
                                                                          : RUN_BEGUN;
    }
    free(recipe);
    return status;
}

static int open_run(struct satz_ablation *a, struct run *run, int rung, int k,
                    struct satz_error *err)
{
    struct strbuf folder = {0};
    run->rung = rung;
    run->recipe.recipe = a->recipes[rung];
    struct recipe *r = &run->recipe.recipe;
    run->seed = r->train.seed += k;
    strbuf_addf(&folder, "%s/rungs/%s/seed-%d", a->folder, a->ladder.rungs[rung].name, run->seed);
    run->folder = strbuf_detach(&folder, err);
    r->train.folder = run->folder;
    return run->folder && measure(run, err) == 0 && sum_text(run, err) == 0 ? run_look(run, err)
                                                                            : -1;
}

static int open_runs(struct satz_ablation *a, struct satz_error *err)
{
    bool *wanted = memory_new((size_t)a->ladder.n_rungs, sizeof *wanted, err);
    size_t n = (size_t)a->ladder.n_rungs * (size_t)a->seeds;
    int status = -1;
    if (!wanted || choose(a, wanted, err) < 0)
        goto done;
    a->runs = memory_new(n, sizeof *a->runs, err);
    if (!a->runs)
        goto done;
    for (; a->n_runs < n; a->n_runs++) {
        struct run *run = &a->runs[a->n_runs];
        int rung = (int)(a->n_runs / (size_t)a->seeds);
        if (open_run(a, run, rung, (int)(a->n_runs % (size_t)a->seeds), err) < 0) {
            a->n_runs++; /* what there is of it is released */
            error_prefix(err, "rung %s", a->ladder.rungs[rung].name);
            goto done;
        }
        run->wanted = wanted[rung];
    }
    status = 0;
done:
    free(wanted);
    return status;
}

struct satz_ablation *satz_ablation_new(const char *ladder,
                                        const struct satz_ablation_options *options,
                                        struct satz_error *err)
{
    struct satz_ablation *a = memory_new(1, sizeof *a, err);
    if (!a)
        return NULL;
    a->options = *options;
    a->folder = options->folder;
    a->seeds = options->seeds > 0 ? options->seeds : 1;
    if (ladder_load(&a->ladder, ladder, err) < 0)
        goto fail;
    a->cache = file_join(a->folder, "cache", err);
    if (!a->cache || open_test(a, err) < 0 || load_recipes(a, err) < 0 || open_runs(a, err) < 0)
        goto fail;
    return a;
fail:
    satz_ablation_free(a);
    return NULL;
}

void satz_ablation_free(struct satz_ablation *a)
{
    if (!a)
        return;
    for (size_t i = 0; i < a->n_runs; i++) {
        free(a->runs[i].folder);
        free(a->runs[i].text);
        free(a->runs[i].change);
        json_decref(a->runs[i].facts);
    }
    for (int i = 0; i < a->n_recipes; i++)
        recipe_release(&a->recipes[i]);
    free(a->runs);
    free(a->recipes);
    free(a->cache);
    free(a->test_key);
    ladder_release(&a->ladder);
    free(a);
}

/* --- the plan, for people */

static void add_state(struct strbuf *out, const struct run *run)
{
    switch (run->state) {
    case RUN_NEW:
        strbuf_add_text(out, "to be trained");
        break;
    case RUN_CHANGED:
        strbuf_addf(out, "to be trained anew: %s", run->change ? run->change : "another text");
        break;
    case RUN_BEGUN:
        strbuf_add_text(out, "to be gone on with");
        break;
    case RUN_FAILED:
        strbuf_addf(out, "to be tried again: %s", record_text(run, "failure"));
        break;
    case RUN_TRAINED:
        strbuf_add_text(out, "trained");
        break;
    }
}

char *satz_ablation_plan(const struct satz_ablation *a, struct satz_error *err)
{
    struct strbuf out = {0};
    size_t most = 0;
    const struct recipe *r = &a->recipes[0];
    strbuf_addf(&out, "%s: %d rungs in %s\n", a->ladder.path, a->ladder.n_rungs, a->folder);
    strbuf_addf(&out, "training text %s, held-out text %s, test text %s\n\n",
                r->data.train_source.items[0], r->data.valid_source, a->test_source);
    strbuf_addf(&out, "%-24s %5s %12s %8s  %s\n", "rung", "seed", "parameters", "memory", "");
    for (size_t i = 0; i < a->n_runs; i++) {
        const struct run *run = &a->runs[i];
        strbuf_addf(&out, "%-24s %5d %12zu %5.0f MB  ", a->ladder.rungs[run->rung].name, run->seed,
                    run->parameters, 1e-6 * (double)run->bytes);
        if (run->wanted)
            add_state(&out, run);
        else
            strbuf_add_text(&out, "left out");
        strbuf_add_text(&out, "\n");
        most = run->wanted && run->bytes > most ? run->bytes : most;
    }
    strbuf_addf(&out,
                "\nOne run at a time: %.0f MB and what its largest step takes, for at most %d "
                "epochs each\n",
                1e-6 * (double)most, r->train.epochs);
    return strbuf_detach(&out, err);
}
