#include "view/heatmap.h"

#include <math.h>
#include <stdio.h>

#include "view/axis.h"
#include "view/figure.h"
#include "view/text.h"

enum { WORD_LENGTH = 24, LINE_LENGTH = 90 };

static const double margin = 14, gap = 5, bar_gap = 20, bar_width = 11;
static const double slant = 0.96; /* radians: 55 degrees */
static const struct colour mark = {0.84, 0.37, 0};
static const struct figure_font title_font = {.size = 12.5, .bold = true};
static const struct figure_font note_font = {.size = 9};
static const struct figure_font bar_font = {.size = 9};

struct layout {
    double cell, scale;
    struct figure_font font;
    double left, top, right, bottom; /* of the matrix */
    double bar_height;
    struct axis bar;
    double width, height; /* of the page */
};

int heatmap_check(const struct heatmap *h, struct satz_error *err)
{
    if (h->n_sources < 1 || h->n_targets < 1)
        return error_set(err, "a heatmap needs words on both sides (got %d source, %d target)",
                         h->n_sources, h->n_targets);
    if (h->n_sources > HEATMAP_WORDS || h->n_targets > HEATMAP_WORDS)
        return error_set(err,
                         "a heatmap of %d source and %d target words is too large; at most %d fit",
                         h->n_sources, h->n_targets, HEATMAP_WORDS);
    for (int t = 0; t < h->n_targets; t++) {
        for (int s = 0; s < h->n_sources; s++) {
            double weight = h->weights[t * h->n_sources + s];
            if (!isfinite(weight) || weight < 0)
                return error_set(err,
                                 "the weight of target word %d and source word %d is %g; weights "
                                 "must be finite and not negative",
                                 t + 1, s + 1, weight);
        }
    }
    for (int t = 0; h->windows && t < h->n_targets; t++)
        if (!isfinite(h->windows[t].centre) || !isfinite(h->windows[t].from) ||
            !isfinite(h->windows[t].to))
            return error_set(err, "the window of target word %d is not finite", t + 1);
    return 0;
}

double heatmap_scale(const struct heatmap *h)
{
    double most = 0;
    for (int i = 0; i < h->n_targets * h->n_sources; i++)
        most = fmax(most, h->weights[i]);
    return most > 0 ? most : 1;
}

static const char *visible(struct strbuf *s, const char *text, size_t limit)
{
    strbuf_clear(s);
    text_add_visible(s, text, limit);
    return strbuf_text(s);
}

static double width_of(struct strbuf *s, const char *text, size_t limit, struct figure_font font)
{
    return figure_text_width(visible(s, text, limit), font);
}

/* Whether the bar's tick at `value` would run into the label of its upper end. */
static bool near_end(const struct layout *l, double value)
{
    return (1 - axis_place(&l->bar, value)) * l->bar_height < 1.3 * bar_font.size;
}

static void end_label(const struct layout *l, char text[AXIS_TEXT])
{
    snprintf(text, AXIS_TEXT, "%.3g", l->scale);
}

static double bar_label_width(const struct layout *l)
{
    char text[AXIS_TEXT];
    end_label(l, text);
    double widest = figure_text_width(text, bar_font);
    for (int i = 0; i < l->bar.n_ticks; i++) {
        axis_format(&l->bar, l->bar.ticks[i], text);
        widest = fmax(widest, figure_text_width(text, bar_font));
    }
    return widest;
}

static struct layout lay_out(const struct heatmap *h, struct strbuf *s)
{
    struct layout l = {.scale = heatmap_scale(h)};
    int most = h->n_sources > h->n_targets ? h->n_sources : h->n_targets;
    l.cell = round(fmin(fmax(36 - 0.55 * most, 11), 34));
    l.font.size = fmin(fmax(0.62 * l.cell, 8), 12.5);

    double widest = 0, tallest = 0, overhang = 0;
    for (int i = 0; i < h->n_targets; i++)
        widest = fmax(widest, width_of(s, h->targets[i], WORD_LENGTH, l.font));
    for (int i = 0; i < h->n_sources; i++) {
        double width = width_of(s, h->sources[i], WORD_LENGTH, l.font);
        tallest = fmax(tallest, width * sin(slant));
        overhang = fmax(overhang, (i + 0.5) * l.cell + width * cos(slant));
    }
    bool has_title = h->title && *h->title, has_note = h->note && *h->note;
    double title_height = has_title ? 2 * title_font.size : 0;
    l.left = ceil(margin + fmax(widest + gap, 2 * l.font.size));
    l.top = ceil(margin + title_height + tallest + l.font.size + gap);
    l.right = l.left + h->n_sources * l.cell;
    l.bottom = l.top + h->n_targets * l.cell;
    l.bar_height = fmin(fmax(l.bottom - l.top, 72), 180);
    axis_init(&l.bar, 0, l.scale, l.bar_height > 120 ? 5 : 3, false);

    double bar_right = l.right + bar_gap + bar_width + gap + bar_label_width(&l);
    l.width = fmax(bar_right, l.left + overhang + l.font.size) + margin;
    if (has_title)
        l.width = fmax(l.width, 2 * margin + width_of(s, h->title, LINE_LENGTH, title_font));
    if (has_note)
        l.width = fmax(l.width, 2 * margin + width_of(s, h->note, LINE_LENGTH, note_font));
    l.width = ceil(l.width);
    l.height = fmax(l.bottom, l.top + l.bar_height) + margin;
    l.height = ceil(l.height + (has_note ? 1.8 * note_font.size : 0));
    return l;
}

static void draw_words(struct figure *f, const struct heatmap *h, const struct layout *l,
                       struct strbuf *s)
{
    double middle = 0.36 * l->font.size; /* from the baseline to half an x-height or so */
    for (int i = 0; i < h->n_sources; i++)
        figure_text(f, visible(s, h->sources[i], WORD_LENGTH), l->font,
                    l->left + (i + 0.5) * l->cell, l->top - gap, FIGURE_LEFT, slant, FIGURE_INK);
    for (int i = 0; i < h->n_targets; i++)
        figure_text(f, visible(s, h->targets[i], WORD_LENGTH), l->font, l->left - gap,
                    l->top + (i + 0.5) * l->cell + middle, FIGURE_RIGHT, 0, FIGURE_INK);
}

/* Few words leave room for the figures themselves. */
static void draw_figures(struct figure *f, const struct heatmap *h, const struct layout *l)
{
    if (l->cell < 30 || l->scale >= 9.995 || l->scale < 0.1)
        return;
    struct figure_font font = {.size = 0.28 * l->cell};
    struct colour white = {1, 1, 1};
    for (int i = 0; i < h->n_targets * h->n_sources; i++) {
        int t = i / h->n_sources, c = i % h->n_sources;
        char text[AXIS_TEXT];
        snprintf(text, sizeof text, "%.2f", (double)h->weights[i]);
        figure_text(f, text, font, l->left + (c + 0.5) * l->cell,
                    l->top + (t + 0.5) * l->cell + 0.36 * font.size, FIGURE_CENTRE, 0,
                    h->weights[i] > 0.5 * l->scale ? white : FIGURE_INK);
    }
}

static void draw_frame(struct figure *f, double x, double y, double width, double height)
{
    cairo_t *context = figure_context(f);
    figure_set_colour(f, FIGURE_GREY);
    cairo_set_line_width(context, 0.8);
    cairo_rectangle(context, x, y, width, height);
    cairo_stroke(context);
}

static double column_of(const struct heatmap *h, const struct layout *l, double column)
{
    return l->left + fmin(fmax(column, 0), h->n_sources) * l->cell;
}

/* A box where the decoder could look, a bar in its centre. */
static void draw_windows(struct figure *f, const struct heatmap *h, const struct layout *l)
{
    cairo_t *context = figure_context(f);
    for (int t = 0; h->windows && t < h->n_targets; t++) {
        double from = column_of(h, l, (double)h->windows[t].from);
        double to = column_of(h, l, (double)h->windows[t].to);
        double centre = column_of(h, l, (double)h->windows[t].centre);
        double y = l->top + t * l->cell;
        figure_set_colour(f, mark);
        cairo_set_line_width(context, 1);
        cairo_rectangle(context, from + 0.5, y + 1, fmax(to - from - 1, 0), l->cell - 2);
        cairo_stroke(context);
        figure_line(f, centre, y + 1, centre, y + l->cell - 1, 2, mark);
    }
}

static void draw_cells(struct figure *f, const struct heatmap *h, const struct layout *l)
{
    /* Sharp edges, lest the page shine through between neighbours. */
    cairo_set_antialias(figure_context(f), CAIRO_ANTIALIAS_NONE);
    for (int t = 0; t < h->n_targets; t++) {
        for (int s = 0; s < h->n_sources; s++)
            figure_rectangle(f, l->left + s * l->cell, l->top + t * l->cell, l->cell, l->cell,
                             figure_heat(h->weights[t * h->n_sources + s] / l->scale));
    }
    cairo_set_antialias(figure_context(f), CAIRO_ANTIALIAS_DEFAULT);
    for (int s = 1; s < h->n_sources; s++)
        figure_line(f, l->left + s * l->cell, l->top, l->left + s * l->cell, l->bottom, 0.5,
                    FIGURE_LIGHT);
    for (int t = 1; t < h->n_targets; t++)
        figure_line(f, l->left, l->top + t * l->cell, l->right, l->top + t * l->cell, 0.5,
                    FIGURE_LIGHT);
    draw_frame(f, l->left, l->top, l->right - l->left, l->bottom - l->top);
    draw_figures(f, h, l);
    draw_windows(f, h, l);
}

static void draw_bar(struct figure *f, const struct layout *l)
{
    enum { STEPS = 128 };
    double x = l->right + bar_gap, bottom = l->top + l->bar_height;
    double step = l->bar_height / STEPS;
    /* From the top, each step down to the bottom: what overlaps leaves no seam. */
    for (int i = STEPS - 1; i >= 0; i--) {
        double y = bottom - (i + 1) * step;
        figure_rectangle(f, x, y, bar_width, bottom - y, figure_heat((i + 0.5) / STEPS));
    }
    draw_frame(f, x, l->top, bar_width, l->bar_height);
    char text[AXIS_TEXT];
    end_label(l, text);
    double text_x = x + bar_width + gap, middle = 0.36 * bar_font.size;
    figure_text(f, text, bar_font, text_x, l->top + middle, FIGURE_LEFT, 0, FIGURE_INK);
    figure_line(f, x + bar_width, l->top, x + bar_width + 3, l->top, 0.8, FIGURE_GREY);
    for (int i = 0; i < l->bar.n_ticks; i++) {
        double y = bottom - axis_place(&l->bar, l->bar.ticks[i]) * l->bar_height;
        if (near_end(l, l->bar.ticks[i]))
            continue;
        axis_format(&l->bar, l->bar.ticks[i], text);
        figure_text(f, text, bar_font, text_x, y + middle, FIGURE_LEFT, 0, FIGURE_INK);
        figure_line(f, x + bar_width, y, x + bar_width + 3, y, 0.8, FIGURE_GREY);
    }
}

int heatmap_write(const char *path, const struct heatmap *h, struct satz_error *err)
{
    if (heatmap_check(h, err) < 0)
        return error_prefix(err, "%s", path);
    struct strbuf s = {0};
    struct layout l = lay_out(h, &s);
    struct figure *f =
        figure_open(path, l.width, l.height, visible(&s, h->title, LINE_LENGTH), err);
    if (!f) {
        strbuf_release(&s);
        return -1;
    }
    figure_text(f, visible(&s, h->title, LINE_LENGTH), title_font, margin, margin + title_font.size,
                FIGURE_LEFT, 0, FIGURE_INK);
    draw_cells(f, h, &l);
    draw_words(f, h, &l, &s);
    draw_bar(f, &l);
    figure_text(f, visible(&s, h->note, LINE_LENGTH), note_font, margin, l.height - margin,
                FIGURE_LEFT, 0, FIGURE_GREY);
    int status = strbuf_check(&s, err);
    strbuf_release(&s);
    if (status < 0) {
        figure_abort(f);
        return -1;
    }
    return figure_close(f, err);
}
