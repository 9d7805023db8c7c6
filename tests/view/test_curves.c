#include "scratch.h"

#include <cairo.h>
#include <math.h>
#include <pango/pangocairo.h>

#include "view/curves.h"

enum { N = 200 };
static double x[N], falling[N], rising[N];

static int fill(void **state)
{
    (void)state;
    for (int i = 0; i < N; i++) {
        x[i] = 500 * i;
        falling[i] = 2 + 7 * exp(-i / 40.0);
        rising[i] = 30 * (1 - exp(-i / 40.0));
    }
    return 0;
}

static int forget_fonts(void **state)
{
    (void)state;
    pango_cairo_font_map_set_default(NULL);
    cairo_debug_reset_static_data();
    return 0;
}

/* Writes one panel of one curve to a PNG and counts the pixels of the curve's blue within the plot;
 * the legend is left out by having no name. */
static int blue_pixels(struct scratch *s, const double *y, int n, bool is_log, int *height)
{
    struct curve curve = {NULL, x, y, n};
    struct curve_panel panel = {"loss", &curve, 1, is_log};
    struct curves c = {"Übung", "updates", &panel, 1};
    struct satz_error err = {""};
    assert_int_equal(curves_write(scratch_path(s, "a.png"), &c, &err), 0);
    cairo_surface_t *image = cairo_image_surface_create_from_png(s->path);
    assert_int_equal(cairo_surface_status(image), CAIRO_STATUS_SUCCESS);
    int count = 0, first = -1, last = -1;
    for (int row = 0; row < cairo_image_surface_get_height(image); row++) {
        const unsigned char *p =
            cairo_image_surface_get_data(image) + row * cairo_image_surface_get_stride(image);
        for (int i = 0; i < cairo_image_surface_get_width(image); i++, p += 4) {
            if (p[0] > 150 && p[2] < 60) {
                count++;
                first = first < 0 ? row : first;
                last = row;
            }
        }
    }
    *height = last - first;
    cairo_surface_destroy(image);
    return count;
}

static void a_curve_fills_its_panel(void **state)
{
    int height;
    assert_true(blue_pixels(*state, falling, N, false, &height) > 2000);
    assert_in_range(height, 430, 520);
    assert_true(blue_pixels(*state, falling, N, true, &height) > 2000);
    assert_in_range(height, 430, 520);
}

static void gaps_where_there_is_no_value(void **state)
{
    int height;
    double y[N];
    memcpy(y, falling, sizeof y);
    int whole = blue_pixels(*state, y, N, true, &height);
    for (int i = 50; i < 150; i++)
        y[i] = i % 3 == 0 ? NAN : i % 3 == 1 ? -1 : INFINITY;
    int half = blue_pixels(*state, y, N, true, &height);
    assert_in_range(half, whole / 4, 3 * whole / 4);
    for (int i = 0; i < N; i++)
        y[i] = NAN;
    assert_int_equal(blue_pixels(*state, y, N, false, &height), 0);
    assert_int_equal(blue_pixels(*state, y, 0, false, &height), 0);
    assert_true(blue_pixels(*state, falling, 1, false, &height) > 3);
}

static void panels_stack_and_endings_pick_the_format(void **state)
{
    struct scratch *s = *state;
    struct curve curves[20];
    char names[20][40];
    for (int i = 0; i < 20; i++) {
        snprintf(names[i], sizeof names[i], "system %d with <a> long & name", i);
        curves[i] = (struct curve){names[i], x + i, i % 2 ? rising : falling, N - i};
    }
    struct curve_panel panels[CURVES_PANELS + 1];
    for (int i = 0; i <= CURVES_PANELS; i++)
        panels[i] = (struct curve_panel){"BLEU", curves, i, i % 2};
    struct curves c = {NULL, NULL, panels, CURVES_PANELS};
    static const char *const files[][2] = {
        {"a.png", "\x89PNG"}, {"a.svg", "<?xml"}, {"a.pdf", "%PDF-"}};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(curves_write(scratch_path(s, files[i][0]), &c, NULL), 0);
        struct strbuf text = scratch_read(s, files[i][0]);
        assert_memory_equal(text.data, files[i][1], strlen(files[i][1]));
        strbuf_release(&text);
    }
    c.n_panels++;
    assert_int_equal(curves_write(scratch_path(s, "b.png"), &c, NULL), -1);
    assert_int_equal(scratch_files(s, 0), 3);
}

static void errors_leave_nothing_behind(void **state)
{
    struct scratch *s = *state;
    static const double turning[3] = {0, 2, 1}, broken[3] = {0, NAN, 1};
    struct curve curve = {"a", turning, falling, 3};
    struct curve_panel panel = {"loss", &curve, 1, false};
    struct curves c = {"t", "u", &panel, 1};
    struct satz_error err = {""};
    assert_int_equal(curves_write(scratch_path(s, "a.png"), &c, &err), -1);
    assert_non_null(strstr(err.message, "panel 1, curve 1, point 3"));
    curve.x = broken;
    assert_int_equal(curves_write(scratch_path(s, "a.png"), &c, &err), -1);
    assert_non_null(strstr(err.message, "point 2"));
    curve.x = x;
    assert_int_equal(curves_write(scratch_path(s, "a.jpeg"), &c, &err), -1);
    assert_non_null(strstr(err.message, ".svg"));
    assert_int_equal(curves_write(scratch_path(s, "none/a.png"), &c, &err), -1);
    c.n_panels = 0;
    assert_int_equal(curves_write(scratch_path(s, "a.png"), &c, &err), -1);
    assert_int_equal(scratch_files(s, 0), 0);
}

#define CURVES_TEST(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CURVES_TEST(a_curve_fills_its_panel),
        CURVES_TEST(gaps_where_there_is_no_value),
        CURVES_TEST(panels_stack_and_endings_pick_the_format),
        CURVES_TEST(errors_leave_nothing_behind),
    };
    return cmocka_run_group_tests(tests, fill, forget_fonts);
}
