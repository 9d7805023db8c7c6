/* compare_write.c -- a comparison as text for people, JSON for programs, Markdown for reports. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eval.h"
#include "internal.h"
#include "text.h"

static void add_test(struct text *t, const struct comparison *c)
{
    text_addf(t, "paired %s with %d samples and seed %llu", c->test, c->resampling.n_samples,
              (unsigned long long)c->resampling.seed);
}

/* ---- text ---- */

static void text_metric(struct text *t, const struct comparison *c, const struct compare_metric *m,
                        int width)
{
    text_addf(t, "%s (%s)\n", m->label, m->signature);
    text_addf(t, "  %-*s %8s  %-16s %8s  %-16s %7s\n", width, "system", "score", "95% interval",
              "delta", "95% interval", "p");
    for (int s = 0; s < c->n_systems; s++) {
        const struct compare_score *score = &m->systems[s];
        const struct difference *d = &score->difference;
        char interval[48], deltas[48];
        snprintf(interval, sizeof interval, "[%.2f, %.2f]", score->interval.low,
                 score->interval.high);
        snprintf(deltas, sizeof deltas, "[%+.2f, %+.2f]", d->deltas.low, d->deltas.high);
        text_addf(t, "  %-*s %8.2f  %-16s ", width, c->names[s], score->score, interval);
        if (s == 0)
            text_add(t, "baseline\n");
        else
            text_addf(t, "%+8.2f  %-16s %7.4f%s\n", d->delta, deltas, d->p,
                      d->p < 0.05 ? " *" : "");
    }
    text_add(t, "\n");
}

static void text_table(struct text *t, const struct comparison *c,
                       const struct compare_table *table)
{
    text_addf(t, "%s: %s\n  %-10s %10s", table->title, table->measure, "", table->unit);
    for (int s = 0; s < c->n_systems; s++)
        text_addf(t, " %9c", 'A' + s % 26);
    text_add(t, "\n");
    for (int b = 0; b < table->n_buckets; b++) {
        const struct compare_bucket *bucket = &table->buckets[b];
        if (bucket->n == 0)
            continue;
        text_addf(t, "  %-10s %10lld", bucket->label, (long long)bucket->n);
        for (int s = 0; s < c->n_systems; s++)
            text_addf(t, " %9.2f", bucket->values[s]);
        text_add(t, "\n");
    }
    text_add(t, "\n");
}

static void write_text(struct text *t, const struct comparison *c)
{
    int width = 6;
    for (size_t i = 0; i < c->n_warnings; i++)
        text_addf(t, "warning: %s\n", c->warnings[i]);
    for (int s = 0; s < c->n_systems; s++) {
        int length = (int)strlen(c->names[s]);
        width = length > width ? length : width;
        text_addf(t, "%c: %s%s\n", 'A' + s % 26, c->names[s], s ? "" : " (baseline)");
    }
    text_addf(t, "%zu lines; ", c->n_segments);
    add_test(t, c);
    text_add(t, "; * p < 0.05\n\n");
    for (int m = 0; m < c->n_metrics; m++)
        text_metric(t, c, &c->metrics[m], width);
    for (int i = 0; i < c->n_tables; i++)
        text_table(t, c, &c->tables[i]);
    for (size_t i = 0; i < c->n_sentences; i++) {
        const struct compare_sentence *s = &c->sentences[i];
        if (i == 0 || s[-1].system != s->system)
            text_addf(t, "Lines that move %s of %s most\n", c->metrics[0].label,
                      c->names[s->system]);
        text_addf(t, "  %+.4f line %zu\n    ref  %s\n    base %s\n    sys  %s\n", s->change,
                  s->line, s->reference, s->baseline, s->hypothesis);
    }
}

/* ---- JSON ---- */

static void json_field(struct text *t, const char *before, double number)
{
    text_add(t, before);
    text_add_json_number(t, number);
}

static void json_interval(struct text *t, const char *name, const struct interval *i)
{
    text_addf(t, ", \"%s\": {", name);
    json_field(t, "\"mean\": ", i->mean);
    json_field(t, ", \"low\": ", i->low);
    json_field(t, ", \"high\": ", i->high);
    text_add(t, "}");
}

static void json_metric(struct text *t, const struct comparison *c, const struct compare_metric *m)
{
    text_add(t, "    {\"name\": ");
    text_add_json(t, m->label);
    text_add(t, ", \"signature\": ");
    text_add_json(t, m->signature);
    text_addf(t, ", \"lower_is_better\": %s, \"systems\": [",
              m->lower_is_better ? "true" : "false");
    for (int s = 0; s < c->n_systems; s++) {
        const struct compare_score *score = &m->systems[s];
        json_field(t, s ? ",\n      {\"score\": " : "\n      {\"score\": ", score->score);
        json_interval(t, "interval", &score->interval);
        if (s > 0) {
            json_field(t, ", \"delta\": ", score->difference.delta);
            json_interval(t, "delta_interval", &score->difference.deltas);
            json_field(t, ", \"p\": ", score->difference.p);
        }
        text_add(t, "}");
    }
    text_add(t, "]}");
}

static void json_table(struct text *t, const struct comparison *c,
                       const struct compare_table *table)
{
    text_addf(t, "    {\"title\": \"%s\", \"measure\": ", table->title);
    text_add_json(t, table->measure);
    text_addf(t, ", \"unit\": \"%s\", \"buckets\": [", table->unit);
    for (int b = 0; b < table->n_buckets; b++) {
        const struct compare_bucket *bucket = &table->buckets[b];
        text_addf(t, "%s\n      {\"label\": \"%s\", \"n\": %lld, \"values\": [", b ? "," : "",
                  bucket->label, (long long)bucket->n);
        for (int s = 0; s < c->n_systems && bucket->n > 0; s++)
            json_field(t, s ? ", " : "", bucket->values[s]);
        text_add(t, "]}");
    }
    text_add(t, "]}");
}

static void json_sentence(struct text *t, const struct compare_sentence *s)
{
    text_addf(t, "    {\"system\": %d, \"line\": %zu", s->system, s->line);
    json_field(t, ", \"change\": ", s->change);
    text_add(t, ", \"reference\": ");
    text_add_json(t, s->reference);
    text_add(t, ", \"baseline\": ");
    text_add_json(t, s->baseline);
    text_add(t, ", \"hypothesis\": ");
    text_add_json(t, s->hypothesis);
    text_add(t, "}");
}

static void json_strings(struct text *t, char *const *strings, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        text_add(t, i ? ", " : "");
        text_add_json(t, strings[i]);
    }
}

static void write_json(struct text *t, const struct comparison *c)
{
    text_add(t, "{\n  \"systems\": [");
    json_strings(t, c->names, (size_t)c->n_systems);
    text_addf(t,
              "],\n  \"lines\": %zu,\n  \"test\": \"%s\",\n  \"samples\": %d,\n  "
              "\"seed\": %llu,\n  \"warnings\": [",
              c->n_segments, c->test, c->resampling.n_samples,
              (unsigned long long)c->resampling.seed);
    json_strings(t, c->warnings, c->n_warnings);
    text_add(t, "],\n  \"metrics\": [\n");
    for (int m = 0; m < c->n_metrics; m++) {
        text_add(t, m ? ",\n" : "");
        json_metric(t, c, &c->metrics[m]);
    }
    text_add(t, "],\n  \"tables\": [\n");
    for (int i = 0; i < c->n_tables; i++) {
        text_add(t, i ? ",\n" : "");
        json_table(t, c, &c->tables[i]);
    }
    text_add(t, "],\n  \"sentences\": [\n");
    for (size_t i = 0; i < c->n_sentences; i++) {
        text_add(t, i ? ",\n" : "");
        json_sentence(t, &c->sentences[i]);
    }
    text_add(t, "]\n}\n");
}

/* ---- Markdown ---- */

static void markdown_metric(struct text *t, const struct comparison *c,
                            const struct compare_metric *m)
{
    text_addf(t, "## %s\n\n`%s`\n\n", m->label, m->signature);
    text_add(t, "| system | score | 95% interval | delta | 95% interval | p |\n");
    text_add(t, "|---|---:|---|---:|---|---:|\n");
    for (int s = 0; s < c->n_systems; s++) {
        const struct compare_score *score = &m->systems[s];
        const struct difference *d = &score->difference;
        text_add(t, "| ");
        text_add_markdown(t, c->names[s]);
        text_addf(t, " | %.2f | %.2f to %.2f | ", score->score, score->interval.low,
                  score->interval.high);
        if (s == 0)
            text_add(t, "baseline | | |\n");
        else
            text_addf(t, "%+.2f | %+.2f to %+.2f | %.4f |\n", d->delta, d->deltas.low,
                      d->deltas.high, d->p);
    }
    text_add(t, "\n");
}

static void markdown_table(struct text *t, const struct comparison *c,
                           const struct compare_table *table)
{
    text_addf(t, "## %s: %s\n\n| | %s |", table->title, table->measure, table->unit);
    for (int s = 0; s < c->n_systems; s++) {
        text_add(t, " ");
        text_add_markdown(t, c->names[s]);
        text_add(t, " |");
    }
    text_add(t, "\n|---|---:|");
    for (int s = 0; s < c->n_systems; s++)
        text_add(t, "---:|");
    text_add(t, "\n");
    for (int b = 0; b < table->n_buckets; b++) {
        const struct compare_bucket *bucket = &table->buckets[b];
        if (bucket->n == 0)
            continue;
        text_addf(t, "| %s | %lld |", bucket->label, (long long)bucket->n);
        for (int s = 0; s < c->n_systems; s++)
            text_addf(t, " %.2f |", bucket->values[s]);
        text_add(t, "\n");
    }
    text_add(t, "\n");
}

static void write_markdown(struct text *t, const struct comparison *c)
{
    text_addf(t, "# Comparison of %d systems\n\n%zu lines; ", c->n_systems, c->n_segments);
    add_test(t, c);
    text_add(t, ".\n\n");
    for (size_t i = 0; i < c->n_warnings; i++) {
        text_add(t, "> **Warning:** ");
        text_add_markdown(t, c->warnings[i]);
        text_add(t, "\n\n");
    }
    for (int m = 0; m < c->n_metrics; m++)
        markdown_metric(t, c, &c->metrics[m]);
    for (int i = 0; i < c->n_tables; i++)
        markdown_table(t, c, &c->tables[i]);
    if (c->n_sentences)
        text_addf(t,
                  "## Lines that move %s most\n\n| system | line | change | reference | baseline "
                  "| hypothesis |\n|---|---:|---:|---|---|---|\n",
                  c->metrics[0].label);
    for (size_t i = 0; i < c->n_sentences; i++) {
        const struct compare_sentence *s = &c->sentences[i];
        const char *texts[] = {s->reference, s->baseline, s->hypothesis};
        text_add(t, "| ");
        text_add_markdown(t, c->names[s->system]);
        text_addf(t, " | %zu | %+.4f |", s->line, s->change);
        for (int k = 0; k < 3; k++) {
            text_add(t, " ");
            text_add_markdown(t, texts[k]);
            text_add(t, " |");
        }
        text_add(t, "\n");
    }
}

static const struct {
    const char *name;
    void (*write)(struct text *t, const struct comparison *c);
} formats[] = {{"text", write_text}, {"json", write_json}, {"markdown", write_markdown}};

enum { N_FORMATS = sizeof formats / sizeof formats[0] };

const char *comparison_format_name(int index)
{
    return index >= 0 && index < N_FORMATS ? formats[index].name : NULL;
}

char *comparison_write(const struct comparison *c, const char *format, struct satz_error *err)
{
    char names[64];
    struct text t = {0};
    for (int i = 0; i < N_FORMATS; i++)
        if (!strcmp(formats[i].name, format)) {
            formats[i].write(&t, c);
            return text_take(&t, err);
        }
    eval_list_names(names, sizeof names, comparison_format_name);
    eval_error(err, "There is no format \"%s\"; take %s.", format, names);
    return NULL;
}
