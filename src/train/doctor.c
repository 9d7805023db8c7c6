/* The examination of a recipe: satz_doctor (satz.h). */
#include "train/doctor.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "config/satz_recipe.h"

void doctor_find(struct doctor *d, enum severity severity, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (memory_grow(&d->findings, &d->capacity, d->n_findings + 1, sizeof *d->findings, NULL) < 0) {
        d->failed = true;
        return;
    }
    char *copy = memory_copy_string(text, NULL);
    d->failed |= !copy;
    if (copy)
        d->findings[d->n_findings++] = (struct finding){severity, copy};
}

static double percent(uint64_t n, uint64_t of)
{
    return of ? 100 * (double)n / (double)of : 0;
}

/* --- the text */

static void check_lines(struct doctor *d, const char *source, const char *target,
                        const uint64_t n[2])
{
    if (n[0] != n[1])
        doctor_find(d, SEVERITY_PROBLEM,
                    "%s has %" PRIu64 " lines but %s has %" PRIu64 "; they must correspond", source,
                    n[0], target, n[1]);
}

static void read_unseen(struct doctor *d, int which, const char *source, const char *target)
{
    struct satz_error problem;
    uint64_t n[2];
    if (lint_unseen(&d->lint, which, source, target, n, &problem) < 0)
        doctor_find(d, SEVERITY_PROBLEM, "%s", problem.message);
    else
        check_lines(d, source, target, n);
}

/* Reads each file once; one that cannot be read is a finding, memory that is short an error. */
static void read_text(struct doctor *d)
{
    const struct recipe *r = d->recipe;
    struct satz_error problem;
    uint64_t n[2];
    if (d->test[0])
        read_unseen(d, LINT_TEST, d->test[0], d->test[1]);
    if (r->data.valid_source[0])
        read_unseen(d, LINT_VALID, r->data.valid_source, r->data.valid_target);
    else
        doctor_find(d, SEVERITY_WARNING,
                    "no held-out text: training cannot tell when the model gets worse; set "
                    "data.valid_source and data.valid_target");
    for (size_t i = 0; i < r->data.train_source.n; i++) {
        const char *source = r->data.train_source.items[i];
        const char *target = r->data.train_target.items[i];
        if (lint_training(&d->lint, source, target, n, &problem) < 0)
            doctor_find(d, SEVERITY_PROBLEM, "%s", problem.message);
        else
            check_lines(d, source, target, n);
    }
    if (r->data.train_source.n == 0)
        doctor_find(d, SEVERITY_PROBLEM,
                    "the recipe names no training text: set "
                    "data.train_source and data.train_target");
}

static void tell_count(struct doctor *d, enum severity severity, const struct lint_count *c,
                       uint64_t of, const char *what)
{
    if (c->n)
        doctor_find(d, severity, "%" PRIu64 " pairs (%.2g %%) %s; the first is %s:%zu", c->n,
                    percent(c->n, of), what, c->file, c->line);
}

static enum severity severity_of(const char *choice)
{
    return recipe_is(choice, "error") ? SEVERITY_PROBLEM : SEVERITY_WARNING;
}

/* `name` tells of which text; that of training may repeat itself. */
static void judge_text(struct doctor *d, const struct lint_text *t, const char *name)
{
    const struct recipe *r = d->recipe;
    bool trains = t != &d->lint.unseen[LINT_TEST].text;
    if (!t->pairs)
        return;
    tell_count(d, trains ? severity_of(r->data.on_invalid) : SEVERITY_WARNING, &t->invalid,
               t->pairs, trains ? "are not valid UTF-8 (data.on_invalid)" : "are not valid UTF-8");
    tell_count(d, trains ? severity_of(r->data.on_empty) : SEVERITY_WARNING, &t->empty, t->pairs,
               trains ? "have an empty side (data.on_empty)" : "have an empty side");
    tell_count(d, SEVERITY_WARNING, &t->identical, t->pairs,
               trains ? "have the same text on both sides: they teach to copy"
                      : "have the same text on both sides");
    tell_count(d, SEVERITY_WARNING, &t->unbalanced, t->pairs,
               "have one side more than four times as long as the other: hardly translations");
    tell_count(d, SEVERITY_WARNING, &t->control, t->pairs, "hold control characters");
    tell_count(d, SEVERITY_WARNING, &t->overlong, t->pairs,
               "are too long (over 4192 bytes) for a tokenizer to learn from");
    if (t == &d->lint.train)
        tell_count(d, t->repeated.n * 5 > t->repeated_of ? SEVERITY_WARNING : SEVERITY_NOTE,
                   &t->repeated, t->repeated_of, "repeat an earlier pair");
    if (t->seen == 0)
        doctor_find(d, SEVERITY_PROBLEM, "the %s has no pair that can be used", name);
    uint64_t turned = lint_turned(t);
    if (turned > 5 && percent(turned, t->n_sample) > 0.5)
        doctor_find(d, SEVERITY_WARNING,
                    "%.1f %% of the pairs of the %s look as if their sides were swapped",
                    percent(turned, t->n_sample), name);
}

/* The language that a file's name claims, as in train.en or news.de.gz; -1: none. */
static int claimed_language(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *at = slash ? slash + 1 : path;
    int found = -1;
    while ((at = strchr(at, '.')) != NULL) {
        size_t n = strcspn(++at, ".");
        int language = language_find(at, n);
        found = language >= 0 ? language : found;
    }
    return found;
}

static void judge_names(struct doctor *d, const struct lint_text *t, const char *source,
                        const char *target)
{
    bool trains = t != &d->lint.unseen[LINT_TEST].text;
    const char *const paths[2] = {source, target};
    int claimed[2], guessed[2];
    double share[2];
    for (int side = 0; side < 2; side++) {
        claimed[side] = claimed_language(paths[side]);
        guessed[side] = language_guess(&t->sides[side].profile, &share[side]);
    }
    bool swapped = claimed[0] >= 0 && claimed[1] >= 0 && claimed[0] != claimed[1] &&
                   guessed[0] == claimed[1] && guessed[1] == claimed[0];
    if (swapped)
        doctor_find(d, trains ? SEVERITY_PROBLEM : SEVERITY_WARNING,
                    "%s reads as %s (%.0f %% sure) and %s as %s (%.0f %% sure): are they swapped?",
                    source, language_name(guessed[0]), 100 * share[0], target,
                    language_name(guessed[1]), 100 * share[1]);
    for (int side = 0; side < 2 && !swapped; side++)
        if (claimed[side] >= 0 && guessed[side] >= 0 && guessed[side] != claimed[side] &&
            share[side] > 0.7)
            doctor_find(d, SEVERITY_WARNING, "%s is called %s but reads as %s (%.0f %% sure)",
                        paths[side], language_name(claimed[side]), language_name(guessed[side]),
                        100 * share[side]);
    if (guessed[0] >= 0 && guessed[0] == guessed[1] && share[0] > 0.7 && share[1] > 0.7)
        doctor_find(d, SEVERITY_WARNING, "%s and %s both read as %s", source, target,
                    language_name(guessed[0]));
}

/* Letters tell whether held-out and training text have the same direction, in any language. */
static void judge_direction(struct doctor *d, const struct lint_text *unseen, const char *name)
{
    const struct lint_side *train = d->lint.train.sides, *valid = unseen->sides;
    bool trains = unseen != &d->lint.unseen[LINT_TEST].text;
    double straight = language_likeness(&train[0].profile, &valid[0].profile) +
                      language_likeness(&train[1].profile, &valid[1].profile);
    double crossed = language_likeness(&train[0].profile, &valid[1].profile) +
                     language_likeness(&train[1].profile, &valid[0].profile);
    if (unseen->seen && d->lint.train.seen && crossed > straight + 0.02)
        doctor_find(d, trains ? SEVERITY_PROBLEM : SEVERITY_WARNING,
                    "the %s seems to be swapped against the training text: its sides' letters are "
                    "%.0f %% like the opposite sides' and %.0f %% like their own",
                    name, 50 * crossed, 50 * straight);
}

static void judge_overlap(struct doctor *d, const struct lint_unseen *u, const char *name,
                          const char *harm)
{
    char what[160];
    snprintf(what, sizeof what, "of the %s are in the training text: %s", name, harm);
    tell_count(d, SEVERITY_WARNING, &u->known_pairs, u->text.pairs, what);
    struct lint_count sources = u->known_sources;
    if (sources.n <= u->known_pairs.n)
        return;
    double share = percent(sources.n, u->text.pairs);
    doctor_find(d, share > 1 ? SEVERITY_WARNING : SEVERITY_NOTE,
                "%" PRIu64 " sources (%.2g %%) of the %s are in the training text, some with "
                "another translation, case or punctuation; the first is %s:%zu",
                sources.n, share, name, sources.file, sources.line);
}

static void judge(struct doctor *d)
{
    const struct recipe *r = d->recipe;
    const struct lint_unseen *valid = &d->lint.unseen[LINT_VALID];
    const struct lint_unseen *test = &d->lint.unseen[LINT_TEST];
    judge_text(d, &d->lint.train, "training text");
    judge_text(d, &valid->text, "held-out text");
    judge_text(d, &test->text, "test set");
    if (r->data.train_source.n)
        judge_names(d, &d->lint.train, r->data.train_source.items[0],
                    r->data.train_target.items[0]);
    if (valid->text.seen)
        judge_names(d, &valid->text, r->data.valid_source, r->data.valid_target);
    if (test->text.seen)
        judge_names(d, &test->text, d->test[0], d->test[1]);
    judge_direction(d, &valid->text, "held-out text");
    judge_direction(d, &test->text, "test set");
    judge_overlap(d, valid, "held-out text", "validation flatters");
    judge_overlap(d, test, "test set", "its scores flatter");
}

/* --- the probe */

static double unknown(uint64_t n, uint64_t of)
{
    return percent(n, of);
}

static void judge_statistics(struct doctor *d, const struct corpus_statistics *s, const char *name)
{
    uint64_t cut = s->too_long + s->truncated;
    double source = unknown(s->source_unknown, s->source_tokens);
    double target = unknown(s->target_unknown, s->target_tokens);
    if (percent(cut, s->read) > 1)
        doctor_find(d, SEVERITY_WARNING,
                    "%.1f %% of the pairs of the %s are longer than data.max_length (%d tokens) "
                    "and are left out or cut",
                    percent(cut, s->read), name, d->recipe->data.max_length);
    if (source > 1 || target > 1)
        doctor_find(d, SEVERITY_WARNING,
                    "%.1f %% of the tokens of the %s are unknown on the source side, %.1f %% on "
                    "the target side: do the tokenizers fit the text?",
                    source, name, target);
}

static void judge_probe(struct doctor *d)
{
    const struct probe *p = &d->probe;
    judge_statistics(d, &p->train, "training text");
    judge_statistics(d, &p->valid, "held-out text");
    if (p->bad_step)
        doctor_find(d, SEVERITY_PROBLEM,
                    "step %d of %d has a loss or gradient that is not finite; lower "
                    "optimizer.rate, set train.clip, or model.init_scale lower",
                    p->bad_step, PROBE_STEPS);
    else if (p->last_loss > 2 * p->first_loss)
        doctor_find(d, SEVERITY_WARNING,
                    "the loss rises from %.2f to %.2f in the first steps; lower optimizer.rate",
                    p->first_loss, p->last_loss);
    long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGE_SIZE);
    double memory = pages > 0 && size > 0 ? (double)pages * (double)size : INFINITY;
    if (p->memory > 0.95 * memory)
        doctor_find(d, SEVERITY_PROBLEM,
                    "training needs %.0f MB of memory, and this machine has %.0f; lower "
                    "train.shards, train.batch or the widths of model.*",
                    1e-6 * p->memory, 1e-6 * memory);
    if (p->fewer)
        doctor_find(d, SEVERITY_NOTE,
                    "the sample of the text has only %d subwords, not tokenizer.vocabulary (%d): "
                    "with those, steps are slower than measured here",
                    p->pieces[1], d->recipe->tokenizer.vocabulary);
}

double doctor_seconds(const struct doctor *d, double tokens_per_second)
{
    const struct corpus_statistics *s = &d->probe.train;
    const struct lint_text *t = &d->lint.train;
    /* the sample's tokens by pair, ends counted, for all pairs */
    double by_pair = s->read ? (double)(s->target_tokens + s->kept) / (double)s->read : 0;
    double epoch = by_pair * (double)t->seen;
    double all = epoch * d->recipe->train.epochs;
    if (d->recipe->train.updates > 0 && d->probe.as_is.steps > 0) {
        bool tokens = recipe_is(d->recipe->train.batch_unit, "tokens");
        double update = d->recipe->train.batch * (tokens ? 1 : by_pair);
        all = fmin(all, update * d->recipe->train.updates);
    }
    return tokens_per_second > 0 ? all / tokens_per_second : NAN;
}

/* In a folder of its own, which is gone afterwards. */
static int probe(struct doctor *d, struct satz_error *err)
{
    struct satz_error problem;
    char *folder = file_make_scratch("doctor", err);
    if (!folder)
        return -1;
    d->probed = probe_run(&d->probe, d->recipe, &d->lint, folder, &problem) == 0;
    if (d->probed)
        judge_probe(d);
    else
        doctor_find(d, SEVERITY_PROBLEM, "a trial of %d steps failed: %s", PROBE_STEPS,
                    problem.message);
    file_remove_scratch(folder);
    return 0;
}

static bool has_problem(const struct doctor *d)
{
    for (size_t i = 0; i < d->n_findings; i++)
        if (d->findings[i].severity == SEVERITY_PROBLEM)
            return true;
    return false;
}

int satz_doctor(const struct satz_recipe *recipe, const char *test_source, const char *test_target,
                int json, char **report, struct satz_error *err)
{
    if (!test_source != !test_target)
        return error_set(err, "a test set has two files: the source and its translation");
    struct doctor *d = memory_new(1, sizeof *d, err);
    struct strbuf out = {0};
    int status = -1;
    if (!d)
        return -1;
    d->recipe = &recipe->recipe;
    d->test[0] = test_source;
    d->test[1] = test_target;
    read_text(d);
    judge(d);
    if (d->lint.train.seen > 0 && probe(d, err) < 0)
        goto done;
    if (d->failed || (json ? doctor_write_json : doctor_write_text)(d, &out) < 0) {
        error_set(err, "out of memory while writing the report");
        goto done;
    }
    *report = strbuf_detach(&out, err);
    if (*report)
        status = has_problem(d);
done:
    strbuf_release(&out);
    lint_release(&d->lint);
    for (size_t i = 0; i < d->n_findings; i++)
        free(d->findings[i].text);
    free(d->findings);
    free(d);
    return status;
}
