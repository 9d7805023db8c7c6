#include "view/figure.h"

#include <cairo-pdf.h>
#include <cairo-svg.h>
#include <math.h>
#include <pango/pangocairo.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/memory.h"

const struct colour FIGURE_INK = {0.13, 0.13, 0.15};
const struct colour FIGURE_GREY = {0.45, 0.45, 0.48};
const struct colour FIGURE_LIGHT = {0.88, 0.88, 0.90};

struct figure {
    cairo_t *context;
    cairo_surface_t *surface;
    struct file_writer *writer;
    const struct kind *kind;
    char *path;
    struct satz_error write_error;
    int n_missing; /* characters that no font of the system has */
};

struct kind {
    const char *ending;
    double scale;   /* device units to the point */
    double longest; /* points a side may have */
    cairo_surface_t *(*open)(struct figure *f, double width, double height, const char *title);
    cairo_status_t (*finish)(struct figure *f);
};

static cairo_status_t write_bytes(void *closure, const unsigned char *bytes, unsigned int n)
{
    struct figure *f = closure;
    if (file_writer_write(f->writer, bytes, n, &f->write_error) < 0)
        return CAIRO_STATUS_WRITE_ERROR;
    return CAIRO_STATUS_SUCCESS;
}

static cairo_surface_t *png_open(struct figure *f, double width, double height, const char *title)
{
    (void)title;
    double scale = f->kind->scale;
    return cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)ceil(width * scale),
                                      (int)ceil(height * scale));
}

static cairo_status_t png_finish(struct figure *f)
{
    return cairo_surface_write_to_png_stream(f->surface, write_bytes, f);
}

static cairo_surface_t *svg_open(struct figure *f, double width, double height, const char *title)
{
    (void)title;
    cairo_surface_t *s = cairo_svg_surface_create_for_stream(write_bytes, f, width, height);
    cairo_svg_surface_set_document_unit(s, CAIRO_SVG_UNIT_PX);
    return s;
}

static cairo_surface_t *pdf_open(struct figure *f, double width, double height, const char *title)
{
    cairo_surface_t *s = cairo_pdf_surface_create_for_stream(write_bytes, f, width, height);
    cairo_pdf_surface_set_metadata(s, CAIRO_PDF_METADATA_TITLE, title ? title : "");
    return s;
}

static cairo_status_t stream_finish(struct figure *f)
{
    cairo_surface_finish(f->surface);
    return cairo_surface_status(f->surface);
}

/* cairo's images end at 32767 pixels, a PDF page at 14400 points. */
static const struct kind kinds[] = {
    {.ending = ".png", .scale = 2, .longest = 16000, .open = png_open, .finish = png_finish},
    {.ending = ".svg", .scale = 1, .longest = 16000, .open = svg_open, .finish = stream_finish},
    {.ending = ".pdf", .scale = 1, .longest = 14400, .open = pdf_open, .finish = stream_finish},
};

static const struct kind *find_kind(const char *path)
{
    size_t n = strlen(path);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t m = strlen(kinds[i].ending);
        if (n > m && path[n - m - 1] != '/' && strcasecmp(path + n - m, kinds[i].ending) == 0)
            return &kinds[i];
    }
    return NULL;
}

static void figure_free(struct figure *f)
{
    if (f->context)
        cairo_destroy(f->context);
    if (f->surface)
        cairo_surface_destroy(f->surface);
    file_writer_abort(f->writer);
    free(f->path);
    free(f);
}

/* Pango takes glyphs that the font lacks from any other font of the system. Without hinting a text
 * has the same widths on a page, in an image and when measured. */
static PangoLayout *lay_out(cairo_t *context, const char *text, struct figure_font font)
{
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    PangoLayout *layout = pango_cairo_create_layout(context);
    pango_cairo_context_set_font_options(pango_layout_get_context(layout), options);
    cairo_font_options_destroy(options);
    PangoFontDescription *description = pango_font_description_new();
    pango_font_description_set_family_static(description, "DejaVu Sans");
    pango_font_description_set_weight(description,
                                      font.bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
    pango_font_description_set_absolute_size(description, font.size * PANGO_SCALE);
    pango_layout_set_font_description(layout, description);
    pango_font_description_free(description);
    pango_layout_set_single_paragraph_mode(layout, true);
    pango_layout_set_text(layout, text, -1);
    return layout;
}

static double layout_width(PangoLayout *layout)
{
    PangoRectangle extents;
    pango_layout_get_extents(layout, NULL, &extents);
    return extents.width / (double)PANGO_SCALE;
}

struct figure *figure_open(const char *path, double width, double height, const char *title,
                           struct satz_error *err)
{
    const struct kind *kind = find_kind(path);
    if (!kind) {
        error_set(err, "%s: cannot tell the kind of picture; end the name in .png, .svg or .pdf",
                  path);
        return NULL;
    }
    if (!(width >= 1 && width <= kind->longest && height >= 1 && height <= kind->longest)) {
        error_set(err, "%s: a picture of %.0f x %.0f points is too large (a side may have %.0f)",
                  path, width, height, kind->longest);
        return NULL;
    }
    struct figure *f = memory_new(1, sizeof *f, err);
    if (!f)
        return NULL;
    f->kind = kind;
    f->path = memory_copy_string(path, err);
    f->writer = f->path ? file_writer_open(path, err) : NULL;
    if (!f->writer)
        goto fail;
    f->surface = kind->open(f, width, height, title);
    f->context = cairo_create(f->surface);
    cairo_status_t status = cairo_status(f->context);
    if (status != CAIRO_STATUS_SUCCESS) {
        error_set(err, "%s: cannot start the picture: %s", path, cairo_status_to_string(status));
        goto fail;
    }
    cairo_scale(f->context, kind->scale, kind->scale);
    figure_rectangle(f, 0, 0, width, height, (struct colour){1, 1, 1});
    return f;
fail:
    figure_free(f);
    return NULL;
}

int figure_close(struct figure *f, struct satz_error *err)
{
    int result = 0;
    cairo_status_t status = cairo_status(f->context);
    cairo_show_page(f->context);
    if (status == CAIRO_STATUS_SUCCESS)
        status = f->kind->finish(f);
    if (f->write_error.message[0])
        result = error_set(err, "%s", f->write_error.message);
    else if (status != CAIRO_STATUS_SUCCESS)
        result = error_set(err, "%s: cannot draw the picture: %s", f->path,
                           cairo_status_to_string(status));
    if (result == 0) {
        result = file_writer_commit(f->writer, err);
        f->writer = NULL;
    }
    if (result == 0 && f->n_missing > 0) {
        error_set(
            err,
            "%s: no font here has %d of its characters: boxes with their codes stand for them; "
            "install a font for the script (such as Debian's fonts-noto-cjk)",
            f->path, f->n_missing);
        result = 1;
    }
    figure_free(f);
    return result;
}

void figure_abort(struct figure *f)
{
    if (f)
        figure_free(f);
}

cairo_t *figure_context(struct figure *f)
{
    return f->context;
}

void figure_set_colour(struct figure *f, struct colour c)
{
    cairo_set_source_rgb(f->context, c.red, c.green, c.blue);
}

void figure_rectangle(struct figure *f, double x, double y, double width, double height,
                      struct colour c)
{
    figure_set_colour(f, c);
    cairo_rectangle(f->context, x, y, width, height);
    cairo_fill(f->context);
}

void figure_line(struct figure *f, double x0, double y0, double x1, double y1, double width,
                 struct colour c)
{
    figure_set_colour(f, c);
    cairo_set_line_width(f->context, width);
    cairo_move_to(f->context, x0, y0);
    cairo_line_to(f->context, x1, y1);
    cairo_stroke(f->context);
}

void figure_text(struct figure *f, const char *text, struct figure_font font, double x, double y,
                 enum figure_align align, double angle, struct colour c)
{
    static const double shares[] = {[FIGURE_LEFT] = 0, [FIGURE_CENTRE] = 0.5, [FIGURE_RIGHT] = 1};
    cairo_save(f->context);
    PangoLayout *layout = lay_out(f->context, text, font);
    f->n_missing += pango_layout_get_unknown_glyphs_count(layout);
    cairo_translate(f->context, x, y);
    cairo_rotate(f->context, -angle);
    figure_set_colour(f, c);
    cairo_move_to(f->context, -shares[align] * layout_width(layout), 0);
    pango_cairo_show_layout_line(f->context, pango_layout_get_line_readonly(layout, 0));
    g_object_unref(layout);
    cairo_restore(f->context);
}

double figure_text_width(const char *text, struct figure_font font)
{
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_A8, 1, 1);
    cairo_t *context = cairo_create(surface);
    PangoLayout *layout = lay_out(context, text, font);
    double width = layout_width(layout);
    g_object_unref(layout);
    cairo_destroy(context);
    cairo_surface_destroy(surface);
    return width;
}

static double srgb_encode(double linear)
{
    double v = fmin(fmax(linear, 0), 1);
    return v <= 0.0031308 ? 12.92 * v : 1.055 * pow(v, 1 / 2.4) - 0.055;
}

struct colour figure_heat(double t)
{
    t = fmin(fmax(t, 0), 1);
    /* A straight fall in lightness; the chroma swells in the middle, where blue has room for it,
     * and stays within sRGB throughout. */
    double lightness = 1 - 0.72 * t;
    double chroma = 0.125 * sin(0.78 * acos(-1) * t), hue = 4.45;
    double a = chroma * cos(hue), b = chroma * sin(hue);
    double l = pow(lightness + 0.3963377774 * a + 0.2158037573 * b, 3);
    double m = pow(lightness - 0.1055613458 * a - 0.0638541728 * b, 3);
    double s = pow(lightness - 0.0894841775 * a - 1.2914855480 * b, 3);
    return (struct colour){
        .red = srgb_encode(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
        .green = srgb_encode(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
        .blue = srgb_encode(-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s),
    };
}
