#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "view/ablation.h"
#include "view/text.h"

enum { LONGEST_TEXT = 2000 };

const char *const ablation_columns[N_ABLATION_COLUMNS] = {
    [ABLATION_LABEL] = "rung",
    [ABLATION_BLEU] = "BLEU",
    [ABLATION_INTERVAL] = "95% interval",
    [ABLATION_DELTA] = "difference",
    [ABLATION_P] = "p",
    [ABLATION_PERPLEXITY] = "perplexity",
    [ABLATION_PAPER_BLEU] = "paper: BLEU",
    [ABLATION_PAPER_PERPLEXITY] = "paper: perplexity",
    [ABLATION_SPEED] = "tokens/s",
    [ABLATION_PARAMETERS] = "parameters",
    [ABLATION_TIME] = "time",
};

const char ablation_legend[] =
    "BLEU is of the test text, with a bootstrap interval over its lines; perplexity is of the "
    "held-out text, per target token. The difference is that to the rung that it builds on, with "
    "its "
    "interval; p is the probability that systems equally good differ as much (paired bootstrap), "
    "and * marks p < 0.05. In brackets behind the paper's BLEU is its difference to the same rung. "
    "Of several runs figures are means, ± their standard deviation; interval "
    "and p are of all their lines together and tell of the test text, not of other seeds. Speed is "
    "target tokens a second in training, time that of training.";

static void put_figure(const struct ablation_figure *f, char *out, size_t size)
{
    if (isnan(f->mean))
        snprintf(out, size, "-");
    else if (isnan(f->deviation))
        snprintf(out, size, "%.2f", f->mean);
    else
        snprintf(out, size, "%.2f ± %.2f", f->mean, f->deviation);
}

static void put_time(double seconds, char *out, size_t size)
{
    long s = (long)(seconds + 0.5);
    if (isnan(seconds))
        snprintf(out, size, "-");
    else if (s >= 3600)
        snprintf(out, size, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
    else
        snprintf(out, size, "%ld:%02ld", s / 60, s % 60);
}

double ablation_number(const char *text)
{
    char *end = NULL;
    double value = text ? strtod(text, &end) : NAN;
    return end && *end == '\0' && end != text ? value : NAN;
}

static void put_text(const char *text, char *out, size_t size)
{
    snprintf(out, size, "%s", text ? text : "-");
}

static void put_paper_bleu(const struct ablation_row *row, char *out, size_t size)
{
    double step = ablation_number(row->paper_bleu) - ablation_number(row->paper_against);
    if (isfinite(step))
        snprintf(out, size, "%s (%+.1f)", row->paper_bleu, step);
    else
        put_text(row->paper_bleu, out, size);
}

void ablation_cell(const struct ablation_row *row, enum ablation_column column, char *out,
                   size_t size)
{
    snprintf(out, size, "-");
    switch (column) {
    case ABLATION_LABEL:
        put_text(row->label, out, size);
        break;
    case ABLATION_BLEU:
        put_figure(&row->bleu, out, size);
        break;
    case ABLATION_INTERVAL:
        if (!isnan(row->low))
            snprintf(out, size, "%.2f to %.2f", row->low, row->high);
        break;
    case ABLATION_DELTA:
        if (!isnan(row->delta))
            snprintf(out, size, "%+.2f (%+.2f to %+.2f)", row->delta, row->delta_low,
                     row->delta_high);
        break;
    case ABLATION_P:
        if (!isnan(row->p))
            snprintf(out, size, "%.3f%s", row->p, row->p < 0.05 ? " *" : "");
        break;
    case ABLATION_PERPLEXITY:
        put_figure(&row->perplexity, out, size);
        break;
    case ABLATION_PAPER_BLEU:
        put_paper_bleu(row, out, size);
        break;
    case ABLATION_PAPER_PERPLEXITY:
        put_text(row->paper_perplexity, out, size);
        break;
    case ABLATION_SPEED:
        if (!isnan(row->tokens_per_second))
            snprintf(out, size, "%.0f", row->tokens_per_second);
        break;
    case ABLATION_PARAMETERS:
        if (row->parameters)
            snprintf(out, size, "%.2f M", 1e-6 * (double)row->parameters);
        break;
    case ABLATION_TIME:
        put_time(row->seconds, out, size);
        break;
    case N_ABLATION_COLUMNS:
        break;
    }
}

/* Text in which nothing is Markdown, or HTML, any more. */
static void add_plain(struct strbuf *out, const char *text)
{
    struct strbuf visible = {0};
    text_add_visible(&visible, text, LONGEST_TEXT);
    for (const char *c = strbuf_text(&visible); *c; c++) {
        if (strchr("\\`*_[]<>|#&", *c))
            strbuf_add_char(out, '\\');
        strbuf_add_char(out, *c);
    }
    out->failed = out->failed || visible.failed;
    strbuf_release(&visible);
}

static void write_row(struct strbuf *out, const struct ablation_row *row)
{
    char cell[256];
    strbuf_add_text(out, "|");
    for (int c = 0; c < N_ABLATION_COLUMNS; c++) {
        ablation_cell(row, (enum ablation_column)c, cell, sizeof cell);
        strbuf_add_text(out, " ");
        add_plain(out, cell);
        if (c == ABLATION_DELTA && row->against && !isnan(row->delta)) {
            strbuf_add_text(out, " over ");
            add_plain(out, row->against);
        }
        strbuf_add_text(out, " |");
    }
    strbuf_add_text(out, "\n");
}

static void write_remark(struct strbuf *out, const char *label, const char *text)
{
    strbuf_add_text(out, "- ");
    add_plain(out, label);
    strbuf_add_text(out, ": ");
    add_plain(out, text);
    strbuf_add_text(out, "\n");
}

static void write_table(struct strbuf *out, const struct ablation_table *t)
{
    if (t->title) {
        strbuf_add_text(out, "\n## ");
        add_plain(out, t->title);
        strbuf_add_text(out, "\n");
    }
    strbuf_add_text(out, "\n|");
    for (int c = 0; c < N_ABLATION_COLUMNS; c++)
        strbuf_addf(out, " %s |", ablation_columns[c]);
    strbuf_add_text(out, "\n|---|");
    for (int c = 1; c < N_ABLATION_COLUMNS; c++)
        strbuf_add_text(out, "---:|");
    strbuf_add_text(out, "\n");
    bool remarks = false;
    for (size_t i = 0; i < t->n_rows; i++) {
        write_row(out, &t->rows[i]);
        remarks = remarks || t->rows[i].problem || t->rows[i].note;
    }
    if (remarks)
        strbuf_add_text(out, "\n");
    for (size_t i = 0; i < t->n_rows; i++) {
        if (t->rows[i].problem)
            write_remark(out, t->rows[i].label, t->rows[i].problem);
        if (t->rows[i].note)
            write_remark(out, t->rows[i].label, t->rows[i].note);
    }
}

void ablation_write_markdown(const struct ablation_page *page, struct strbuf *out)
{
    strbuf_add_text(out, "# ");
    add_plain(out, page->title ? page->title : "Ablation");
    strbuf_add_text(out, "\n\n");
    add_plain(out, page->facts);
    strbuf_add_text(out, "\n");
    for (size_t i = 0; i < page->n_tables; i++)
        write_table(out, &page->tables[i]);
    strbuf_add_text(out, "\n");
    add_plain(out, ablation_legend);
    strbuf_add_text(out, "\n");
    if (page->note) {
        strbuf_add_text(out, "\n");
        add_plain(out, page->note);
        strbuf_add_text(out, "\n");
    }
}
