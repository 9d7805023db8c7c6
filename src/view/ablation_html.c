#include <math.h>
#include <stdio.h>

#include "view/ablation.h"
#include "view/axis.h"
#include "view/text.h"

enum { LONGEST_TEXT = 2000, LONGEST_LABEL = 36 };

static const char style[] =
    "<style>\n"
    ":root{color-scheme:light dark;--back:#fff;--text:#1a1a1a;--soft:#667;--line:#d8dbe2;"
    "--mark:#2563b0;--paper:#b4540a;--warn:#8a4b00;--warn-back:#fff3dc}\n"
    "@media(prefers-color-scheme:dark){:root{--back:#14161a;--text:#e6e6e6;--soft:#9aa3b2;"
    "--line:#31353f;--mark:#7db3f5;--paper:#f0a35e;--warn:#ffcf85;--warn-back:#3a2a10}}\n"
    "body{background:var(--back);color:var(--text);font:15px/1.5 system-ui,sans-serif;"
    "max-width:84rem;margin:0 auto;padding:1.5rem}\n"
    "h1{font-size:1.5rem;overflow-wrap:anywhere}h2{font-size:1.15rem;margin-top:2.2rem}\n"
    ".scroll{overflow-x:auto}table{border-collapse:collapse;width:100%}\n"
    "th,td{text-align:right;padding:.3rem 0 .3rem .9rem;border-bottom:1px solid var(--line);"
    "vertical-align:top;font-variant-numeric:tabular-nums;white-space:nowrap}\n"
    "th:first-child,td:first-child{text-align:left;padding-left:0;white-space:normal;"
    "min-width:11rem}\n"
    "th{color:var(--soft);font-weight:500;vertical-align:bottom;white-space:normal}\n"
    ".one{color:var(--mark)}td.paper,th.paper,.other{color:var(--paper)}.soft{color:var(--soft);"
    "font-size:.85rem}\n"
    ".warning{background:var(--warn-back);color:var(--warn);padding:.1rem .4rem;"
    "border-radius:4px;font-size:.85rem;overflow-wrap:anywhere}\n"
    ".charts{display:flex;flex-wrap:wrap;gap:1.5rem;margin-top:1.2rem}figure{margin:0}\n"
    "svg{display:block;max-width:100%;height:auto}svg text{fill:var(--soft);font-size:11px}\n"
    ".ours{fill:var(--mark)}.whisker{stroke:var(--mark);stroke-width:2}\n"
    ".theirs{fill:none;stroke:var(--paper);stroke-width:2}.axis{stroke:var(--line)}\n"
    "</style>\n";

/* What a plot shows of a row: ours with its range, and the paper's; NAN where there is none. */
struct point {
    double ours, low, high, paper;
};

static struct point point_bleu(const struct ablation_row *r)
{
    return (struct point){r->bleu.mean, r->low, r->high, ablation_number(r->paper_bleu)};
}

static struct point point_perplexity(const struct ablation_row *r)
{
    double mean = r->perplexity.mean, d = r->perplexity.deviation;
    return (struct point){mean, mean - d, mean + d, ablation_number(r->paper_perplexity)};
}

struct plot {
    const char *title;
    bool is_log;
    struct point (*point)(const struct ablation_row *row);
};

static const struct plot plots[] = {
    {"BLEU, with its 95% interval", false, point_bleu},
    {"perplexity (logarithmic)", true, point_perplexity},
};

static void widen(double range[2], double value)
{
    if (!isfinite(value))
        return;
    range[0] = fmin(range[0], value);
    range[1] = fmax(range[1], value);
}

enum { WIDTH = 600, LEFT = 220, RIGHT = 20, TOP = 8, ROW = 24, BOTTOM = 22 };

static double x_of(const struct axis *a, double value)
{
    return LEFT + (WIDTH - LEFT - RIGHT) * axis_place(a, value);
}

static void draw_axis(struct strbuf *out, const struct axis *a, int bottom)
{
    char text[AXIS_TEXT];
    for (int i = 0; i < a->n_ticks; i++) {
        axis_format(a, a->ticks[i], text);
        strbuf_addf(out,
                    "<line class=\"axis\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>"
                    "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
                    x_of(a, a->ticks[i]), x_of(a, a->ticks[i]), TOP, bottom, x_of(a, a->ticks[i]),
                    bottom + 15, text);
    }
}

static void draw_row(struct strbuf *out, const struct axis *a, const struct ablation_row *row,
                     struct point p, int y)
{
    strbuf_addf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">", LEFT - 12, y + 4);
    text_add_html(out, row->label, LONGEST_LABEL);
    strbuf_add_text(out, "</text>\n");
    if (isfinite(p.paper))
        strbuf_addf(out,
                    "<rect class=\"theirs\" x=\"%.1f\" y=\"%d\" width=\"8\" height=\"8\">"
                    "<title>paper: %g</title></rect>\n",
                    x_of(a, p.paper) - 4, y - 4, p.paper);
    if (!isfinite(p.ours))
        return;
    if (isfinite(p.low))
        strbuf_addf(out, "<line class=\"whisker\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>\n",
                    x_of(a, p.low), x_of(a, p.high), y, y);
    strbuf_addf(out,
                "<circle class=\"ours\" cx=\"%.1f\" cy=\"%d\" r=\"4.5\"><title>%.2f</title>"
                "</circle>\n",
                x_of(a, p.ours), y, p.ours);
}

static void draw_plot(struct strbuf *out, const struct plot *plot, const struct ablation_table *t)
{
    double range[2] = {INFINITY, -INFINITY};
    struct axis axis;
    int bottom = TOP + ROW * (int)t->n_rows;
    for (size_t i = 0; i < t->n_rows; i++) {
        struct point p = plot->point(&t->rows[i]);
        widen(range, p.ours);
        widen(range, p.low);
        widen(range, p.high);
        widen(range, p.paper);
    }
    if (range[0] > range[1] || (plot->is_log && range[0] <= 0))
        return;
    double margin = 0.04 * (range[1] - range[0]);
    axis_init(&axis, plot->is_log ? range[0] / 1.05 : fmax(0, range[0] - margin),
              plot->is_log ? range[1] * 1.05 : range[1] + margin, 6, plot->is_log);
    strbuf_addf(out,
                "<figure><figcaption>%s</figcaption><svg viewBox=\"0 0 %d %d\" width=\"%d\" "
                "role=\"img\" aria-label=\"%s\">\n",
                plot->title, WIDTH, bottom + BOTTOM, WIDTH, plot->title);
    draw_axis(out, &axis, bottom);
    for (size_t i = 0; i < t->n_rows; i++)
        draw_row(out, &axis, &t->rows[i], plot->point(&t->rows[i]), TOP + ROW * (int)i + ROW / 2);
    strbuf_add_text(out, "</svg></figure>\n");
}

static bool is_paper(int column)
{
    return column == ABLATION_PAPER_BLEU || column == ABLATION_PAPER_PERPLEXITY;
}

static void write_row(struct strbuf *out, const struct ablation_row *row)
{
    char cell[256];
    strbuf_add_text(out, "<tr>");
    for (int c = 0; c < N_ABLATION_COLUMNS; c++) {
        ablation_cell(row, (enum ablation_column)c, cell, sizeof cell);
        strbuf_add_text(out, is_paper(c) ? "<td class=\"paper\">" : "<td>");
        text_add_html(out, cell, LONGEST_TEXT);
        if (c == ABLATION_LABEL && row->note) {
            strbuf_add_text(out, "<div class=\"soft\">");
            text_add_html(out, row->note, LONGEST_TEXT);
            strbuf_add_text(out, "</div>");
        }
        if (c == ABLATION_LABEL && row->problem) {
            strbuf_add_text(out, row->failed ? "<div class=\"warning\">" : "<div class=\"soft\">");
            text_add_html(out, row->problem, LONGEST_TEXT);
            strbuf_add_text(out, "</div>");
        }
        if (c == ABLATION_DELTA && row->against && !isnan(row->delta)) {
            strbuf_add_text(out, "<div class=\"soft\">over ");
            text_add_html(out, row->against, LONGEST_LABEL);
            strbuf_add_text(out, "</div>");
        }
        strbuf_add_text(out, "</td>");
    }
    strbuf_add_text(out, "</tr>\n");
}

static void write_table(struct strbuf *out, const struct ablation_table *t)
{
    if (t->title) {
        strbuf_add_text(out, "<h2>");
        text_add_html(out, t->title, LONGEST_TEXT);
        strbuf_add_text(out, "</h2>\n");
    }
    strbuf_add_text(out, "<div class=\"scroll\"><table><tr>");
    for (int c = 0; c < N_ABLATION_COLUMNS; c++)
        strbuf_addf(out, "<th%s>%s</th>", is_paper(c) ? " class=\"paper\"" : "",
                    ablation_columns[c]);
    strbuf_add_text(out, "</tr>\n");
    for (size_t i = 0; i < t->n_rows; i++)
        write_row(out, &t->rows[i]);
    strbuf_add_text(out, "</table></div>\n<div class=\"charts\">\n");
    for (size_t i = 0; i < sizeof plots / sizeof *plots; i++)
        draw_plot(out, &plots[i], t);
    strbuf_add_text(out, "</div>\n<p class=\"soft\"><span class=\"one\">&#9679;</span> ours "
                         "<span class=\"other\">&#9633;</span> the paper's</p>\n");
}

static void write_paragraph(struct strbuf *out, const char *text)
{
    strbuf_add_text(out, "<p class=\"soft\">");
    text_add_html(out, text, LONGEST_TEXT);
    strbuf_add_text(out, "</p>\n");
}

void ablation_write_html(const struct ablation_page *page, struct strbuf *out)
{
    const char *title = page->title ? page->title : "Ablation";
    strbuf_add_text(out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                         "<meta name=\"viewport\" content=\"width=device-width\">\n<title>");
    text_add_html(out, title, LONGEST_TEXT);
    strbuf_add_text(out, "</title>\n");
    strbuf_add_text(out, style);
    strbuf_add_text(out, "</head><body>\n<h1>");
    text_add_html(out, title, LONGEST_TEXT);
    strbuf_add_text(out, "</h1>\n");
    write_paragraph(out, page->facts);
    for (size_t i = 0; i < page->n_tables; i++)
        write_table(out, &page->tables[i]);
    write_paragraph(out, ablation_legend);
    if (page->note)
        write_paragraph(out, page->note);
    strbuf_add_text(out, "</body></html>\n");
}
