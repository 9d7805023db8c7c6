#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "train/doctor.h"

static const char *const severities[] = {"note", "warning", "problem"};

static const char *language_of(const struct lint_side *s, double *share)
{
    int language = language_guess(&s->profile, share);
    return language < 0 ? NULL : language_name(language);
}

static void write_text_side(struct strbuf *out, const char *name, const struct lint_side *s)
{
    double share;
    const char *language = language_of(s, &share);
    strbuf_addf(out, "  %-8s words a line: half have up to %d, 95 %% up to %d, 99 %% up to %d",
                name, lint_quantile(s, 0.5), lint_quantile(s, 0.95), lint_quantile(s, 0.99));
    if (language)
        strbuf_addf(out, "; reads as %s (%.0f %% sure)", language, 100 * share);
    strbuf_add_char(out, '\n');
}

static void write_text_of(struct strbuf *out, const char *name, const struct lint_text *t)
{
    if (!t->pairs)
        return;
    strbuf_addf(out, "%s: %" PRIu64 " pairs, %" PRIu64 " and %" PRIu64 " words\n", name, t->pairs,
                t->sides[0].words, t->sides[1].words);
    write_text_side(out, "source", &t->sides[0]);
    write_text_side(out, "target", &t->sides[1]);
}

static void write_duration(struct strbuf *out, double seconds)
{
    if (isnan(seconds))
        strbuf_add_text(out, "?");
    else if (seconds < 90)
        strbuf_addf(out, "%.0f s", seconds);
    else if (seconds < 5400)
        strbuf_addf(out, "%.0f min", seconds / 60);
    else
        strbuf_addf(out, "%.1f h", seconds / 3600);
}

static void write_probe(struct strbuf *out, const struct doctor *d)
{
    const struct probe *p = &d->probe;
    strbuf_addf(out,
                "\nA trial of %d steps: loss %.2f to %.2f; %zu parameters, %.0f MB of memory\n"
                "  %.0f target tokens/s with train.shards %d on %d threads: all epochs in ",
                p->as_is.steps, p->first_loss, p->last_loss, p->parameters, 1e-6 * p->memory,
                p->as_is.tokens_per_second, p->as_is.shards, p->as_is.threads);
    write_duration(out, doctor_seconds(d, p->as_is.tokens_per_second));
    strbuf_add_text(out, ", validation not counted\n\n  shards threads  tokens/s\n");
    for (int i = 0; i < p->n_trials; i++)
        strbuf_addf(out, "  %6d %7d %9.0f%s\n", p->trials[i].shards, p->trials[i].threads,
                    p->trials[i].tokens_per_second,
                    &p->trials[i] == p->best ? "  the fastest here" : "");
}

int doctor_write_text(const struct doctor *d, struct strbuf *out)
{
    static const char *const marks[] = {"note:    ", "warning: ", "PROBLEM: "};
    int counts[3] = {0};
    write_text_of(out, "Training text", &d->lint.train);
    write_text_of(out, "Held-out text", &d->lint.unseen[LINT_VALID].text);
    write_text_of(out, "Test set", &d->lint.unseen[LINT_TEST].text);
    if (d->probed)
        write_probe(out, d);
    strbuf_add_char(out, '\n');
    for (int severity = SEVERITY_PROBLEM; severity >= SEVERITY_NOTE; severity--)
        for (size_t i = 0; i < d->n_findings; i++)
            if ((int)d->findings[i].severity == severity) {
                counts[severity]++;
                strbuf_addf(out, "%s%s\n", marks[severity], d->findings[i].text);
            }
    if (counts[SEVERITY_PROBLEM])
        strbuf_addf(out, "%d %s will break training.\n", counts[SEVERITY_PROBLEM],
                    counts[SEVERITY_PROBLEM] == 1 ? "problem" : "problems");
    else
        strbuf_addf(out, "Training can begin; %d %s.\n", counts[SEVERITY_WARNING],
                    counts[SEVERITY_WARNING] == 1 ? "warning" : "warnings");
    return strbuf_check(out, NULL);
}

/* --- JSON; NULL and -1 of jansson, where memory is short, add up in *status */

static void put(int *status, json_t *object, const char *key, json_t *value)
{
    *status |= json_object_set_new(object, key, value);
}

static json_t *number(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

static json_t *count(uint64_t n)
{
    return json_integer((json_int_t)n);
}

static json_t *side_object(int *status, const struct lint_side *s)
{
    double share;
    const char *language = language_of(s, &share);
    json_t *o = json_object();
    put(status, o, "words", count(s->words));
    put(status, o, "bytes", count(s->bytes));
    put(status, o, "median", json_integer(lint_quantile(s, 0.5)));
    put(status, o, "p95", json_integer(lint_quantile(s, 0.95)));
    put(status, o, "p99", json_integer(lint_quantile(s, 0.99)));
    put(status, o, "language", language ? json_string(language) : json_null());
    put(status, o, "sure", language ? json_real(share) : json_null());
    return o;
}

static json_t *text_object(int *status, const struct lint_text *t)
{
    json_t *o = json_object();
    put(status, o, "pairs", count(t->pairs));
    put(status, o, "usable", count(t->seen));
    put(status, o, "empty", count(t->empty.n));
    put(status, o, "invalid", count(t->invalid.n));
    put(status, o, "control", count(t->control.n));
    put(status, o, "identical", count(t->identical.n));
    put(status, o, "unbalanced", count(t->unbalanced.n));
    put(status, o, "overlong", count(t->overlong.n));
    put(status, o, "repeated", count(t->repeated.n));
    put(status, o, "repeated_of", count(t->repeated_of));
    put(status, o, "swapped_in_sample", count(lint_turned(t)));
    put(status, o, "sample", count(t->n_sample));
    put(status, o, "source", side_object(status, &t->sides[0]));
    put(status, o, "target", side_object(status, &t->sides[1]));
    return o;
}

static json_t *trial_object(int *status, const struct doctor *d, const struct probe_trial *t)
{
    json_t *o = json_object();
    put(status, o, "shards", json_integer(t->shards));
    put(status, o, "threads", json_integer(t->threads));
    put(status, o, "steps", json_integer(t->steps));
    put(status, o, "tokens_per_second", number(t->tokens_per_second));
    put(status, o, "seconds", number(doctor_seconds(d, t->tokens_per_second)));
    return o;
}

static json_t *corpus_object(int *status, const struct corpus_statistics *s)
{
    json_t *o = json_object();
    put(status, o, "source_tokens", count(s->source_tokens));
    put(status, o, "target_tokens", count(s->target_tokens));
    put(status, o, "source_unknown", count(s->source_unknown));
    put(status, o, "target_unknown", count(s->target_unknown));
    put(status, o, "too_long", count(s->too_long + s->truncated));
    return o;
}

static json_t *probe_object(int *status, const struct doctor *d)
{
    const struct probe *p = &d->probe;
    json_t *o = json_object(), *trials = json_array();
    put(status, o, "parameters", count(p->parameters));
    put(status, o, "memory", number(p->memory));
    put(status, o, "first_loss", number(p->first_loss));
    put(status, o, "last_loss", number(p->last_loss));
    put(status, o, "first_not_finite", p->bad_step ? json_integer(p->bad_step) : json_null());
    put(status, o, "train_sample", corpus_object(status, &p->train));
    put(status, o, "valid_sample", corpus_object(status, &p->valid));
    put(status, o, "as_is", trial_object(status, d, &p->as_is));
    for (int i = 0; i < p->n_trials; i++)
        *status |= json_array_append_new(trials, trial_object(status, d, &p->trials[i]));
    put(status, o, "trials", trials);
    put(status, o, "best", p->best ? trial_object(status, d, p->best) : json_null());
    return o;
}

/* A message may quote a file name, which may be any bytes. */
static json_t *sentence(const char *text)
{
    json_t *s = json_string(text);
    return s ? s : json_string("a message that is not valid UTF-8");
}

int doctor_write_json(const struct doctor *d, struct strbuf *out)
{
    int status = 0;
    bool ok = true;
    const struct lint_unseen *valid = &d->lint.unseen[LINT_VALID];
    const struct lint_unseen *test = &d->lint.unseen[LINT_TEST];
    json_t *o = json_object(), *findings = json_array();
    for (size_t i = 0; i < d->n_findings; i++) {
        json_t *f = json_object();
        ok &= d->findings[i].severity != SEVERITY_PROBLEM;
        put(&status, f, "severity", json_string(severities[d->findings[i].severity]));
        put(&status, f, "text", sentence(d->findings[i].text));
        status |= json_array_append_new(findings, f);
    }
    put(&status, o, "ok", json_boolean(ok));
    put(&status, o, "findings", findings);
    put(&status, o, "train", text_object(&status, &d->lint.train));
    put(&status, o, "valid", text_object(&status, &valid->text));
    put(&status, o, "held_out_in_training", count(valid->known_pairs.n));
    put(&status, o, "held_out_sources_in_training", count(valid->known_sources.n));
    put(&status, o, "test", d->test[0] ? text_object(&status, &test->text) : json_null());
    put(&status, o, "test_in_training", count(test->known_pairs.n));
    put(&status, o, "test_sources_in_training", count(test->known_sources.n));
    put(&status, o, "probe", d->probed ? probe_object(&status, d) : json_null());
    char *text = status == 0 ? json_dumps(o, JSON_INDENT(2) | JSON_PRESERVE_ORDER) : NULL;
    json_decref(o);
    if (!text)
        return -1;
    strbuf_addf(out, "%s\n", text);
    free(text);
    return strbuf_check(out, NULL);
}
