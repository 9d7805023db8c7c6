/* ablation.h -- tables of what each rung of a ladder is worth, as Markdown and as a web page.
 *
 * The page is a single file that loads nothing, without scripts, light or dark as the reader's
 * system is; its plots are drawn in it as SVG. */
#ifndef SATZ_VIEW_ABLATION_H
#define SATZ_VIEW_ABLATION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strbuf.h"

/* A figure over the runs of a rung: their mean and their standard deviation (NAN of one run). */
struct ablation_figure {
    double mean, deviation;
};

/* Everything is the caller's. What is not known is NAN; texts that are not there are NULL. */
struct ablation_row {
    const char *label, *note;
    const char *against;                       /* label of the rung that it builds on */
    const char *paper_against;                 /* that one's paper_bleu */
    const char *paper_bleu, *paper_perplexity; /* as the ladder gives them */
    const char *problem;                       /* why some or all figures are not there */
    bool failed;                               /* that is more than that it has not been done yet */
    int n_runs;                                /* that have figures */
    struct ablation_figure bleu, perplexity;
    double low, high;                       /* 95% interval of BLEU */
    double delta, delta_low, delta_high, p; /* BLEU against that rung */
    double tokens_per_second, seconds;      /* of a run */
    size_t parameters;
};

struct ablation_table {
    const char *title; /* may be NULL */
    const struct ablation_row *rows;
    size_t n_rows;
};

struct ablation_page {
    const char *title, *note; /* may be NULL */
    const char *facts;        /* what the figures are of: a sentence or more */
    const struct ablation_table *tables;
    size_t n_tables;
};

void ablation_write_markdown(const struct ablation_page *page, struct strbuf *out);
void ablation_write_html(const struct ablation_page *page, struct strbuf *out);

/* The cells of a row, in the order of the tables' columns; "-" stands for what is not known. */
enum ablation_column {
    ABLATION_LABEL,
    ABLATION_BLEU,
    ABLATION_INTERVAL,
    ABLATION_DELTA,
    ABLATION_P,
    ABLATION_PERPLEXITY,
    ABLATION_PAPER_BLEU,
    ABLATION_PAPER_PERPLEXITY,
    ABLATION_SPEED,
    ABLATION_PARAMETERS,
    ABLATION_TIME,
    N_ABLATION_COLUMNS
};
/* The number that a text is as a whole, else NAN. */
double ablation_number(const char *text);

extern const char *const ablation_columns[N_ABLATION_COLUMNS];
void ablation_cell(const struct ablation_row *row, enum ablation_column column, char *out,
                   size_t size);

/* How the columns are to be read: whole sentences. */
extern const char ablation_legend[];

#endif
