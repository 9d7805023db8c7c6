/* report_html.c -- a report as one HTML page: no scripts, no other files; light or dark as the
 * reader's system is. */
#include <stdio.h>

#include "report.h"

static const char style[] =
    "<style>\n"
    ":root{color-scheme:light dark;--back:#fff;--text:#1a1a1a;--soft:#667;--line:#d8dbe2;"
    "--panel:#f5f6f9;--mark:#2563b0;--warn:#8a4b00;--warn-back:#fff3dc}\n"
    "@media(prefers-color-scheme:dark){:root{--back:#14161a;--text:#e6e6e6;--soft:#9aa3b2;"
    "--line:#31353f;--panel:#1c1f26;--mark:#7db3f5;--warn:#ffcf85;--warn-back:#3a2a10}}\n"
    "body{background:var(--back);color:var(--text);font:15px/1.5 system-ui,sans-serif;"
    "max-width:68rem;margin:0 auto;padding:1.5rem}\n"
    "h1{font-size:1.5rem;overflow-wrap:anywhere}h2{font-size:1.15rem;margin-top:2.2rem}\n"
    "table{border-collapse:collapse;width:100%}\n"
    "th,td{text-align:left;padding:.3rem .7rem .3rem 0;border-bottom:1px solid var(--line);"
    "vertical-align:top}\n"
    "td.number,th.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}\n"
    ".soft{color:var(--soft);font-size:.85rem}code{font-size:.8rem;color:var(--soft)}\n"
    ".warning{background:var(--warn-back);color:var(--warn);padding:.5rem .8rem;margin:.4rem 0;"
    "border-radius:4px}\n"
    ".charts{display:flex;flex-wrap:wrap;gap:1.5rem}figure{margin:0}\n"
    "svg{display:block}svg text{fill:var(--soft);font-size:10px}\n"
    ".bar,.cell{fill:var(--mark)}.axis{stroke:var(--line)}\n"
    "article{background:var(--panel);border-radius:6px;padding:.8rem 1rem;margin:.8rem 0}\n"
    "article dl{display:grid;grid-template-columns:6.5rem 1fr;margin:.3rem 0 0;gap:.15rem .8rem}\n"
    "dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}.scroll{overflow-x:auto}\n"
    "</style>\n";

static void write_scores(struct text *t, const struct report *r)
{
    if (!r->n_metrics)
        return;
    text_add(t, "<h2>Scores</h2>\n<table><tr><th>score</th><th class=\"number\">95% interval</th>"
                "<th>signature</th></tr>\n");
    for (int m = 0; m < r->n_metrics; m++) {
        text_add(t, "<tr><td>");
        text_add_html_escaped(t, r->metrics[m].line);
        text_addf(t, "</td><td class=\"number\">%.2f to %.2f</td><td><code>",
                  r->metrics[m].interval.low, r->metrics[m].interval.high);
        text_add_html_escaped(t, r->metrics[m].signature);
        text_add(t, "</code></td></tr>\n");
    }
    text_add(t, "</table>\n");
}

static void write_estimate(struct text *t, const char *name, const char *value, const char *meaning)
{
    text_addf(t, "<tr><td>%s</td><td class=\"number\">%s</td><td class=\"soft\">%s</td></tr>\n",
              name, value, meaning);
}

static void write_rate(struct text *t, const char *name, double rate, const char *meaning)
{
    char value[32];
    snprintf(value, sizeof value, "%.2f%%", 100 * rate);
    write_estimate(t, name, value, meaning);
}

static void write_ratio(struct text *t, const char *name, double ratio, const char *meaning)
{
    char value[32];
    snprintf(value, sizeof value, "%.3f", ratio);
    write_estimate(t, name, value, meaning);
}

static void write_estimates(struct text *t, const struct report *r)
{
    const struct quality *q = &r->quality;
    text_add(t, "<h2>Estimates</h2>\n<table>\n");
    write_rate(t, "repetition", q->repetition, "words that say again what stands just before them");
    write_rate(t, "unknown words", q->unknown, "marks of words that could not be spelt");
    if (r->paths[SOURCE]) {
        write_rate(t, "copied source", q->copied, "words in runs that stand so in the source");
        write_ratio(t, "length ratio", q->length_ratio, "words over source words");
        write_rate(t, "coverage drop", q->coverage_drop,
                   "words that segments much too short for their source lack");
    }
    if (r->paths[REFERENCE])
        write_ratio(t, "reference ratio", q->reference_ratio, "words over reference words");
    text_add(t, "</table>\n");
}

static void write_histogram(struct text *t, const struct histogram *h)
{
    enum { WIDTH = 300, HEIGHT = 120, BAR = WIDTH / HISTOGRAM_BINS };
    int64_t most = 1;
    for (int i = 0; i < HISTOGRAM_BINS; i++)
        most = h->bins[i] > most ? h->bins[i] : most;
    text_addf(t,
              "<figure><figcaption>%s</figcaption><svg width=\"%d\" height=\"%d\" role=\"img\" "
              "aria-label=\"%s\">",
              h->title, WIDTH, HEIGHT + 32, h->title);
    for (int i = 0; i < HISTOGRAM_BINS; i++) {
        double height = HEIGHT * (double)h->bins[i] / (double)most;
        text_addf(t,
                  "<rect class=\"bar\" x=\"%d\" y=\"%.1f\" width=\"%d\" height=\"%.1f\"><title>"
                  "%g%s: %lld</title></rect>",
                  i * BAR, HEIGHT - height, BAR - 2, height, h->low + i * h->step,
                  i + 1 == HISTOGRAM_BINS ? " and more" : "", (long long)h->bins[i]);
    }
    text_addf(t, "<line class=\"axis\" x1=\"0\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/>", WIDTH, HEIGHT,
              HEIGHT);
    for (int i = 0; i < HISTOGRAM_BINS; i += 5)
        text_addf(t, "<text x=\"%d\" y=\"%d\">%g</text>", i * BAR, HEIGHT + 13,
                  h->low + i * h->step);
    text_addf(t, "<text x=\"0\" y=\"%d\">", HEIGHT + 27);
    text_add_html_escaped(t, h->axis);
    text_add(t, "</text></svg></figure>\n");
}

/* Columns whose weights add up to nearly nothing: words of the source that were left out. */
static size_t count_unattended(const struct matrix *m)
{
    size_t n_unattended = 0;
    for (size_t k = 0; k < m->columns; k++) {
        double sum = 0;
        for (size_t i = 0; i < m->rows; i++)
            sum += m->values[i * m->columns + k];
        n_unattended += sum < 0.1;
    }
    return n_unattended;
}

/* A grid: a row for each word of the hypothesis, a column for each of the source. */
static void write_attention(struct text *t, const struct matrix *m)
{
    enum { CELL = 12 };
    if (m->rows == 0 || m->columns == 0)
        return;
    text_addf(t,
              "<div class=\"scroll\"><svg width=\"%zu\" height=\"%zu\" role=\"img\" "
              "aria-label=\"attention\">",
              m->columns * CELL + 1, m->rows * CELL + 1);
    for (size_t i = 0; i < m->rows; i++)
        for (size_t k = 0; k < m->columns; k++) {
            double weight = m->values[i * m->columns + k];
            weight = weight > 1 ? 1 : weight;
            if (weight >= 0.01)
                text_addf(t,
                          "<rect class=\"cell\" x=\"%zu\" y=\"%zu\" width=\"%d\" height=\"%d\" "
                          "opacity=\"%.2f\"/>",
                          k * CELL, i * CELL, CELL - 1, CELL - 1, weight);
        }
    text_addf(t,
              "</svg><p class=\"soft\">attention: words of the hypothesis downwards, of the source "
              "to the right; %zu of %zu source words got less than 0.1 in all</p></div>\n",
              count_unattended(m), m->columns);
}

static void write_sentence(struct text *t, const struct report *r, const struct report_sentence *s)
{
    static const char *const names[] = {"source", "hypothesis", "reference"};
    text_addf(t, "<article><div class=\"soft\">line %zu", s->line);
    if (r->n_metrics) {
        text_add(t, " &middot; ");
        text_add_html_escaped(t, r->segment_label);
        text_addf(t, " %.2f", s->score);
    }
    if (s->quality.repetition > 0)
        text_addf(t, " &middot; repeats %.0f%%", 100 * s->quality.repetition);
    if (s->quality.copied > 0)
        text_addf(t, " &middot; copies %.0f%%", 100 * s->quality.copied);
    if (s->quality.unknown > 0)
        text_addf(t, " &middot; unknown %.0f%%", 100 * s->quality.unknown);
    if (s->quality.coverage_drop > 0)
        text_addf(t, " &middot; lacks %.0f%%", 100 * s->quality.coverage_drop);
    text_add(t, "</div><dl>\n");
    for (int k = 0; k < N_SIDES; k++)
        if (s->texts[k]) {
            text_addf(t, "<dt>%s</dt><dd dir=\"auto\">", names[k]);
            text_add_html_escaped(t, s->texts[k]);
            text_add(t, "</dd>\n");
        }
    text_add(t, "</dl>\n");
    write_attention(t, &s->attention);
    text_add(t, "</article>\n");
}

void report_html(struct text *t, const struct report *r)
{
    static const char *const names[] = {"source", "hypothesis", "reference"};
    text_add(t, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                "<meta name=\"viewport\" content=\"width=device-width\">\n<title>");
    text_add_html_escaped(t, r->title);
    text_add(t, "</title>\n");
    text_add(t, style);
    text_add(t, "</head><body>\n<h1>");
    text_add_html_escaped(t, r->title);
    text_addf(t, "</h1>\n<p class=\"soft\">%zu lines", r->n_segments);
    for (int k = 0; k < N_SIDES; k++)
        if (r->paths[k]) {
            text_addf(t, " &middot; %s ", names[k]);
            text_add_html_escaped(t, r->paths[k]);
        }
    text_add(t, "</p>\n");
    for (size_t i = 0; i < r->n_warnings; i++) {
        text_add(t, "<p class=\"warning\">");
        text_add_html_escaped(t, r->warnings[i]);
        text_add(t, "</p>\n");
    }
    write_scores(t, r);
    write_estimates(t, r);
    text_add(t, "<h2>Distributions</h2>\n<div class=\"charts\">\n");
    for (int i = 0; i < r->n_histograms; i++)
        write_histogram(t, &r->histograms[i]);
    text_add(t, "</div>\n<h2>Worst sentences</h2>\n");
    for (size_t i = 0; i < r->n_sentences; i++)
        write_sentence(t, r, &r->sentences[i]);
    text_add(t, "</body></html>\n");
}
