#include "view/curves.h"

#include <math.h>

#include "view/axis.h"
#include "view/figure.h"
#include "view/text.h"

enum { NAME_LENGTH = 40, LINE_LENGTH = 80 };

static const double page_width = 640, margin = 14, gap = 6, legend_line = 15, swatch = 20;
static const struct figure_font title_font = {.size = 13, .bold = true};
static const struct figure_font label_font = {.size = 10, .bold = true};
static const struct figure_font font = {.size = 9.5};

/* Told apart by all common kinds of colour vision (Okabe & Ito 2008). */
static const struct colour palette[] = {
    {0.00, 0.45, 0.70}, {0.84, 0.37, 0.00}, {0.00, 0.62, 0.45}, {0.80, 0.47, 0.65},
    {0.90, 0.62, 0.00}, {0.34, 0.71, 0.91}, {0.20, 0.20, 0.20},
};
enum { N_COLOURS = sizeof palette / sizeof *palette };

struct plot {
    double header, top, bottom; /* the label's upper edge; the frame */
    struct axis y;
    bool is_empty;
};

struct layout {
    double left, right, height;
    struct axis x;
    struct plot plots[CURVES_PANELS];
};

static bool is_shown(const struct curve_panel *p, double y)
{
    return fabs(y) <= 1e100 && (!p->is_log || y > 1e-100);
}

static const char *visible(struct strbuf *s, const char *text, size_t limit)
{
    strbuf_clear(s);
    text_add_visible(s, text, limit);
    return strbuf_text(s);
}

static int check(const struct curves *c, struct satz_error *err)
{
    if (c->n_panels < 1 || c->n_panels > CURVES_PANELS)
        return error_set(err, "a picture of curves has 1 to %d panels, not %d", CURVES_PANELS,
                         c->n_panels);
    for (int p = 0; p < c->n_panels; p++) {
        for (int i = 0; i < c->panels[p].n_curves; i++) {
            const struct curve *curve = &c->panels[p].curves[i];
            for (int k = 0; k < curve->n_points; k++) {
                if (!(fabs(curve->x[k]) <= 1e100) || (k > 0 && curve->x[k] < curve->x[k - 1]))
                    return error_set(err,
                                     "panel %d, curve %d, point %d: x is %g; it must be finite and "
                                     "must not fall",
                                     p + 1, i + 1, k + 1, curve->x[k]);
            }
        }
    }
    return 0;
}

static struct axis x_axis(const struct curves *c)
{
    double low = INFINITY, high = -INFINITY;
    for (int p = 0; p < c->n_panels; p++) {
        for (int i = 0; i < c->panels[p].n_curves; i++) {
            const struct curve *curve = &c->panels[p].curves[i];
            if (curve->n_points > 0) {
                low = fmin(low, curve->x[0]);
                high = fmax(high, curve->x[curve->n_points - 1]);
            }
        }
    }
    struct axis a;
    axis_init(&a, low <= high ? low : 0, low <= high ? high : 1, 7, false);
    return a;
}

static void y_axis(struct plot *plot, const struct curve_panel *panel)
{
    double low = INFINITY, high = -INFINITY;
    for (int i = 0; i < panel->n_curves; i++) {
        const struct curve *curve = &panel->curves[i];
        for (int k = 0; k < curve->n_points; k++) {
            if (is_shown(panel, curve->y[k])) {
                low = fmin(low, curve->y[k]);
                high = fmax(high, curve->y[k]);
            }
        }
    }
    plot->is_empty = !(low <= high);
    if (plot->is_empty)
        low = 0.1, high = 1;
    /* A little air, so that no line runs along the frame. */
    if (panel->is_log) {
        double air = pow(high / low, 0.05);
        low /= air;
        high *= air;
    } else {
        double air = 0.05 * (high - low);
        low -= air;
        high += air;
    }
    axis_init(&plot->y, low, high, 4, panel->is_log);
}

static void set_stroke(struct figure *f, int i)
{
    static const double dashes[] = {5, 2.5};
    cairo_t *context = figure_context(f);
    figure_set_colour(f, palette[i % N_COLOURS]);
    cairo_set_line_width(context, 1.6);
    cairo_set_dash(context, dashes, i / N_COLOURS % 2 ? 2 : 0, 0);
}

/* Lays the legend out after the panel's label, in as many lines as it takes, and draws it unless f
 * is NULL. Returns its height. */
static double legend(struct figure *f, const struct curve_panel *panel, const struct layout *l,
                     double top, struct strbuf *s)
{
    double x = l->left + figure_text_width(visible(s, panel->label, LINE_LENGTH), label_font) + 16;
    double y = top + legend_line;
    for (int i = 0; i < panel->n_curves; i++) {
        const char *name = visible(s, panel->curves[i].name, NAME_LENGTH);
        if (!*name)
            continue;
        double width = swatch + gap + figure_text_width(name, font);
        if (x + width > l->right) {
            x = l->left;
            y += legend_line;
        }
        if (f) {
            set_stroke(f, i);
            cairo_move_to(figure_context(f), x, y - gap - 3);
            cairo_line_to(figure_context(f), x + swatch, y - gap - 3);
            cairo_stroke(figure_context(f));
            cairo_set_dash(figure_context(f), NULL, 0, 0);
            figure_text(f, name, font, x + swatch + gap, y - gap, FIGURE_LEFT, 0, FIGURE_INK);
        }
        x += width + 16;
    }
    return y - top;
}

static void lay_out(struct layout *l, const struct curves *c, struct strbuf *s)
{
    l->x = x_axis(c);
    double widest = 0;
    for (int p = 0; p < c->n_panels; p++) {
        struct plot *plot = &l->plots[p];
        y_axis(plot, &c->panels[p]);
        for (int i = 0; i < plot->y.n_ticks; i++) {
            char text[AXIS_TEXT];
            axis_format(&plot->y, plot->y.ticks[i], text);
            widest = fmax(widest, figure_text_width(text, font));
        }
    }
    l->left = ceil(margin + widest + gap);
    l->right = page_width - margin - gap;
    double y = margin + (c->title && *c->title ? 1.8 * title_font.size : 0);
    double height = c->n_panels == 1 ? 260 : c->n_panels == 2 ? 180 : 130;
    for (int p = 0; p < c->n_panels; p++) {
        struct plot *plot = &l->plots[p];
        plot->header = y;
        plot->top = ceil(y + legend(NULL, &c->panels[p], l, y, s));
        plot->bottom = plot->top + height;
        y = plot->bottom + 12;
    }
    y += font.size + (c->x_label && *c->x_label ? 1.7 * font.size : 0);
    l->height = ceil(y + margin);
}

static void draw_axes(struct figure *f, const struct layout *l, const struct plot *plot)
{
    char text[AXIS_TEXT];
    for (int i = 0; i < plot->y.n_ticks && !plot->is_empty; i++) {
        double y =
            plot->bottom - axis_place(&plot->y, plot->y.ticks[i]) * (plot->bottom - plot->top);
        figure_line(f, l->left, y, l->right, y, 0.6, FIGURE_LIGHT);
        axis_format(&plot->y, plot->y.ticks[i], text);
        figure_text(f, text, font, l->left - gap, y + 0.36 * font.size, FIGURE_RIGHT, 0,
                    FIGURE_INK);
    }
    for (int i = 0; i < l->x.n_ticks; i++) {
        double x = l->left + axis_place(&l->x, l->x.ticks[i]) * (l->right - l->left);
        figure_line(f, x, plot->top, x, plot->bottom, 0.6, FIGURE_LIGHT);
    }
    figure_line(f, l->left, plot->top, l->left, plot->bottom, 0.8, FIGURE_GREY);
    figure_line(f, l->left, plot->bottom, l->right, plot->bottom, 0.8, FIGURE_GREY);
}

static void draw_curve(struct figure *f, const struct layout *l, const struct plot *plot,
                       const struct curve_panel *panel, int i)
{
    cairo_t *context = figure_context(f);
    const struct curve *curve = &panel->curves[i];
    cairo_save(context);
    cairo_rectangle(context, l->left - 2, plot->top - 2, l->right - l->left + 4,
                    plot->bottom - plot->top + 4);
    cairo_clip(context);
    set_stroke(f, i);
    cairo_set_line_join(context, CAIRO_LINE_JOIN_ROUND);
    /* With round caps a point between two gaps still leaves a dot. */
    cairo_set_line_cap(context, CAIRO_LINE_CAP_ROUND);
    bool in_line = false;
    for (int k = 0; k < curve->n_points; k++) {
        if (!is_shown(panel, curve->y[k])) {
            in_line = false;
            continue;
        }
        double x = l->left + axis_place(&l->x, curve->x[k]) * (l->right - l->left);
        double y = plot->bottom - axis_place(&plot->y, curve->y[k]) * (plot->bottom - plot->top);
        if (!in_line)
            cairo_move_to(context, x, y);
        cairo_line_to(context, x, y);
        in_line = true;
    }
    cairo_stroke(context);
    cairo_restore(context);
}

static void draw_panel(struct figure *f, const struct layout *l, const struct plot *plot,
                       const struct curve_panel *panel, struct strbuf *s)
{
    figure_text(f, visible(s, panel->label, LINE_LENGTH), label_font, l->left,
                plot->header + legend_line - gap, FIGURE_LEFT, 0, FIGURE_INK);
    legend(f, panel, l, plot->header, s);
    draw_axes(f, l, plot);
    for (int i = 0; i < panel->n_curves; i++)
        draw_curve(f, l, plot, panel, i);
    if (plot->is_empty)
        figure_text(f, "no data", font, (l->left + l->right) / 2, (plot->top + plot->bottom) / 2,
                    FIGURE_CENTRE, 0, FIGURE_GREY);
}

static void draw_x_labels(struct figure *f, const struct layout *l, const struct curves *c,
                          struct strbuf *s)
{
    double y = l->plots[c->n_panels - 1].bottom + gap + font.size;
    for (int i = 0; i < l->x.n_ticks; i++) {
        char text[AXIS_TEXT];
        axis_format(&l->x, l->x.ticks[i], text);
        figure_text(f, text, font,
                    l->left + axis_place(&l->x, l->x.ticks[i]) * (l->right - l->left), y,
                    FIGURE_CENTRE, 0, FIGURE_INK);
    }
    figure_text(f, visible(s, c->x_label, LINE_LENGTH), font, (l->left + l->right) / 2,
                y + 1.7 * font.size, FIGURE_CENTRE, 0, FIGURE_INK);
}

int curves_write(const char *path, const struct curves *c, struct satz_error *err)
{
    if (check(c, err) < 0)
        return error_prefix(err, "%s", path);
    struct strbuf s = {0};
    struct layout l = {0};
    lay_out(&l, c, &s);
    struct figure *f =
        figure_open(path, page_width, l.height, visible(&s, c->title, LINE_LENGTH), err);
    if (!f) {
        strbuf_release(&s);
        return -1;
    }
    figure_text(f, visible(&s, c->title, LINE_LENGTH), title_font, margin, margin + title_font.size,
                FIGURE_LEFT, 0, FIGURE_INK);
    for (int p = 0; p < c->n_panels; p++)
        draw_panel(f, &l, &l.plots[p], &c->panels[p], &s);
    draw_x_labels(f, &l, c, &s);
    int status = strbuf_check(&s, err);
    strbuf_release(&s);
    if (status < 0) {
        figure_abort(f);
        return -1;
    }
    return figure_close(f, err);
}
