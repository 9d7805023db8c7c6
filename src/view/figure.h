/* figure.h -- a page of known size that becomes a PNG, SVG or PDF file, and what is drawn on it.
 *
 * Lengths are in points of the page (PNG files have two pixels to the point, for sharp text). A
 * function that draws cannot fail: trouble shows in figure_close, which writes the file atomically.
 */
#ifndef SATZ_VIEW_FIGURE_H
#define SATZ_VIEW_FIGURE_H

#include <cairo.h>
#include <stdbool.h>

#include "base/error.h"

struct figure;

struct colour {
    double red, green, blue; /* sRGB, 0..1 */
};

enum figure_align { FIGURE_LEFT, FIGURE_CENTRE, FIGURE_RIGHT };

extern const struct colour FIGURE_INK, FIGURE_GREY, FIGURE_LIGHT;

/* A white page of width x height. The ending of `path` (.png, .svg, .pdf) picks the kind of file;
 * `title` becomes a PDF's title (may be NULL). NULL with *err set for another ending, a page too
 * large, or a file that cannot be made. */
struct figure *figure_open(const char *path, double width, double height, const char *title,
                           struct satz_error *err);

/* Both free the figure. figure_close writes the file; on failure the old file is as it was. It
 * returns 1, with a sentence in *err, when the file is written but no font has some characters:
 * boxes with their codes stand for them. */
int figure_close(struct figure *f, struct satz_error *err);
void figure_abort(struct figure *f);

/* For drawing lines; owned by the figure. */
cairo_t *figure_context(struct figure *f);

void figure_set_colour(struct figure *f, struct colour c);
void figure_rectangle(struct figure *f, double x, double y, double width, double height,
                      struct colour c);
void figure_line(struct figure *f, double x0, double y0, double x1, double y1, double width,
                 struct colour c);

struct figure_font {
    double size;
    bool bold;
};

/* One line of text, of any script the system has a font for, whose baseline starts, is centred, or
 * ends at (x, y), turned by `angle` radians counter-clockwise around that point. */
void figure_text(struct figure *f, const char *text, struct figure_font font, double x, double y,
                 enum figure_align align, double angle, struct colour c);

/* The width figure_text will need; needs no figure, so that a page can be sized by its texts. */
double figure_text_width(const char *text, struct figure_font font);

/* The colour of a weight: t from 0 (white) to 1 (dark blue), with equal steps of perceived
 * lightness (Oklab, Ottosson 2020). t outside 0..1 is clamped. */
struct colour figure_heat(double t);

#endif
