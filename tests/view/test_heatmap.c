#include "scratch.h"

#include <cairo.h>
#include <math.h>
#include <pango/pangocairo.h>

#include "view/figure.h"
#include "view/heatmap.h"

enum { N = 12 };
static const char *const sources[N] = {"The", "Area",   "of", "Österreich", "a", "b",
                                       "c",   "signed", "in", "August",     ".", "</s>"};
static const char *const targets[N] = {"Das", "Gebiet",        "von", "Österreich", "ä", "ö",
                                       "ü",   "unterzeichnet", "im",  "August",     ".", "</s>"};

struct image {
    cairo_surface_t *surface;
    const unsigned char *data;
    int width, height, stride;
};

static struct image image_load(struct scratch *s, const char *name)
{
    struct image i = {.surface = cairo_image_surface_create_from_png(scratch_path(s, name))};
    assert_int_equal(cairo_surface_status(i.surface), CAIRO_STATUS_SUCCESS);
    i.data = cairo_image_surface_get_data(i.surface);
    i.width = cairo_image_surface_get_width(i.surface);
    i.height = cairo_image_surface_get_height(i.surface);
    i.stride = cairo_image_surface_get_stride(i.surface);
    return i;
}

static uint32_t pixel(const struct image *i, int x, int y)
{
    uint32_t value;
    assert_in_range(x, 0, i->width - 1);
    assert_in_range(y, 0, i->height - 1);
    memcpy(&value, i->data + y * i->stride + 4 * x, sizeof value);
    return value & 0xFFFFFF;
}

static int brightness(uint32_t p)
{
    return (int)(2 * (p >> 16 & 255) + 7 * (p >> 8 & 255) + (p & 255)) / 10;
}

/* cairo goes by way of 16 bits. */
static uint32_t channel(double x)
{
    return (uint32_t)lround(65535 * x) >> 8;
}

static uint32_t heat_pixel(double t)
{
    struct colour c = figure_heat(t);
    return channel(c.red) << 16 | channel(c.green) << 8 | channel(c.blue);
}

/* The first pixel of that colour, in reading order. */
static bool find_pixel(const struct image *i, uint32_t wanted, int *x, int *y)
{
    for (*y = 0; *y < i->height; ++*y) {
        for (*x = 0; *x < i->width; ++*x) {
            if (pixel(i, *x, *y) == wanted)
                return true;
        }
    }
    return false;
}

static void fill(float weights[N * N], float diagonal, float elsewhere)
{
    for (int i = 0; i < N * N; i++)
        weights[i] = i % (N + 1) ? elsewhere : diagonal;
}

static struct heatmap example(const float weights[N * N])
{
    return (struct heatmap){.sources = sources,
                            .n_sources = N,
                            .targets = targets,
                            .n_targets = N,
                            .weights = weights,
                            .title = "Title",
                            .note = "note"};
}

static void write_ok(struct scratch *s, const char *name, const struct heatmap *h)
{
    struct satz_error err = {""};
    int status = heatmap_write(scratch_path(s, name), h, &err);
    if (status < 0)
        print_error("%s\n", err.message);
    assert_int_equal(status, 0);
}

static void heavier_cells_are_darker(void **state)
{
    struct scratch *s = *state;
    float weights[N * N];
    fill(weights, 0.8f, 0.04f);
    struct heatmap h = example(weights);
    write_ok(s, "a.png", &h);
    struct image i = image_load(s, "a.png");
    int x0 = 0, y0 = 0;
    assert_true(find_pixel(&i, heat_pixel(1), &x0, &y0));
    /* The pitch of the cells: where the next one of the diagonal starts. */
    int end = x0;
    while (pixel(&i, end, y0 + 20) == heat_pixel(1))
        end++;
    int y1 = y0 + 20;
    while (pixel(&i, end + 10, y1) != heat_pixel(1))
        y1++;
    int pitch = y1 - y0;
    assert_in_range(pitch, 50, 70);
    for (int t = 0; t < N; t++) {
        for (int c = 0; c < N; c++) {
            uint32_t p = pixel(&i, x0 + c * pitch + 20, y0 + t * pitch + 20);
            assert_int_equal(p, heat_pixel(t == c ? 1 : 0.05));
            if (t != c)
                assert_true(brightness(p) > brightness(heat_pixel(1)) + 100);
        }
    }
    cairo_surface_destroy(i.surface);
}

static void sources_run_across(void **state)
{
    struct scratch *s = *state;
    float weights[N * N];
    fill(weights, 0.1f, 0.1f);
    weights[N - 1] = 1;
    struct heatmap h = example(weights);
    write_ok(s, "a.png", &h);
    struct image i = image_load(s, "a.png");
    int light_x = 0, light_y = 0, heavy_x = 0, heavy_y = 0;
    assert_true(find_pixel(&i, heat_pixel(0.1), &light_x, &light_y));
    assert_true(find_pixel(&i, heat_pixel(1), &heavy_x, &heavy_y));
    assert_in_range(heavy_x, light_x + 10 * 50, light_x + 12 * 70);
    assert_int_equal(heavy_y, light_y);
    cairo_surface_destroy(i.surface);
}

static void nothing_is_cut_off(void **state)
{
    struct scratch *s = *state;
    static const char *const words[3] = {"Wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww",
                                         "日本語\n\xFF",
                                         "Wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww"};
    static const float weights[9] = {1};
    static const int sizes[][2] = {{1, 1}, {3, 1}, {1, 3}, {3, 3}};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        struct heatmap h = {words,    sizes[k][0], words, sizes[k][1], weights,
                            words[0], words[0],    0,     NULL};
        struct satz_error err;
        /* 1: no font here has the Japanese, which is drawn as boxes */
        assert_in_range(heatmap_write(scratch_path(s, "a.png"), &h, &err), 0, 1);
        struct image i = image_load(s, "a.png");
        for (int y = 0; y < i.height; y++) {
            for (int x = 0; x < i.width; x++) {
                if (x < 6 || y < 6 || x >= i.width - 6 || y >= i.height - 6)
                    assert_int_equal(pixel(&i, x, y), 0xFFFFFF);
            }
        }
        cairo_surface_destroy(i.surface);
    }
}

static void every_ending_has_its_format(void **state)
{
    struct scratch *s = *state;
    float weights[N * N];
    fill(weights, 0.8f, 0.04f);
    struct heatmap h = example(weights);
    static const struct {
        const char *name, *magic;
    } kinds[] = {
        {"a.png", "\x89PNG\r\n"}, {"a.svg", "<?xml"}, {"a.pdf", "%PDF-"}, {"A.PDF", "%PDF-"}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        write_ok(s, kinds[i].name, &h);
        struct strbuf text = scratch_read(s, kinds[i].name);
        assert_true(text.length > 5000);
        assert_memory_equal(text.data, kinds[i].magic, strlen(kinds[i].magic));
        strbuf_release(&text);
    }
    assert_int_equal(scratch_files(s, 0), 4);

    /* The pages are of one size, and the SVG has its glyphs and a shape for each cell. */
    struct image i = image_load(s, "a.png");
    struct strbuf svg = scratch_read(s, "a.svg");
    char size[80];
    snprintf(size, sizeof size, "width=\"%dpx\" height=\"%dpx\"", i.width / 2, i.height / 2);
    assert_non_null(strstr(svg.data, size));
    assert_non_null(strstr(svg.data, "glyph"));
    int shapes = 0;
    for (const char *p = svg.data; (p = strstr(p, "<path")); p++)
        shapes++;
    assert_true(shapes >= N * N);
    strbuf_release(&svg);
    cairo_surface_destroy(i.surface);
}

static void the_largest_fits(void **state)
{
    struct scratch *s = *state;
    const char **words = calloc(HEATMAP_WORDS, sizeof *words);
    float *weights = calloc(HEATMAP_WORDS, sizeof *weights);
    for (int i = 0; i < HEATMAP_WORDS; i++)
        words[i] = "Wort";
    struct heatmap h = {words, HEATMAP_WORDS, words, 1, weights, NULL, NULL, 0, NULL};
    write_ok(s, "wide.png", &h);
    h.n_sources = 1;
    h.n_targets = HEATMAP_WORDS;
    write_ok(s, "tall.pdf", &h);
    h.n_targets++;
    assert_int_equal(heatmap_write(scratch_path(s, "more.png"), &h, NULL), -1);
    assert_int_equal(scratch_files(s, 0), 2);
    free(words);
    free(weights);
}

static void fails(struct scratch *s, const char *name, const struct heatmap *h, const char *part)
{
    struct satz_error err = {""};
    assert_int_equal(heatmap_write(scratch_path(s, name), h, &err), -1);
    if (!strstr(err.message, part))
        print_error("%s\n", err.message);
    assert_non_null(strstr(err.message, part));
    assert_int_equal(scratch_files(s, 0), 0);
}

static void errors_leave_nothing_behind(void **state)
{
    struct scratch *s = *state;
    float weights[N * N];
    fill(weights, 0.8f, 0.04f);
    struct heatmap h = example(weights);
    fails(s, "a.gif", &h, ".png, .svg or .pdf");
    fails(s, "a", &h, ".png, .svg or .pdf");
    fails(s, ".png", &h, ".png, .svg or .pdf");
    fails(s, "none/a.png", &h, "none/a.png");
    fails(s, "none/a.svg", &h, "none/a.svg");
    weights[N + 2] = NAN;
    fails(s, "a.png", &h, "target word 2 and source word 3 is nan");
    weights[N + 2] = -0.5f;
    fails(s, "a.png", &h, "-0.5");
    weights[N + 2] = INFINITY;
    fails(s, "a.png", &h, "inf");
    h.n_targets = 0;
    fails(s, "a.png", &h, "0 target");
}

static void a_full_disk_keeps_the_old_file(void **state)
{
    struct scratch *s = *state;
    float weights[N * N];
    fill(weights, 0.8f, 0.04f);
    struct heatmap h = example(weights);
    static const char *const names[] = {"a.png", "a.svg", "a.pdf"};
    for (int i = 0; i < 3; i++) {
        struct satz_error err = {""};
        assert_int_equal(file_replace(scratch_path(s, names[i]), "old", 3, &err), 0);
        scratch_limit(4096);
        int status = heatmap_write(scratch_path(s, names[i]), &h, &err);
        scratch_limit(RLIM_INFINITY);
        assert_int_equal(status, -1);
        assert_non_null(strstr(err.message, "disk full"));
        struct strbuf text = scratch_read(s, names[i]);
        assert_string_equal(strbuf_text(&text), "old");
        strbuf_release(&text);
        assert_int_equal(scratch_files(s, 0), i + 1);
    }
}

static void heat_falls_evenly(void **state)
{
    (void)state;
    assert_int_equal(heat_pixel(0), 0xFFFFFF);
    assert_int_equal(heat_pixel(-1), heat_pixel(0));
    assert_int_equal(heat_pixel(2), heat_pixel(1));
    for (int k = 0; k < 100; k++) {
        int step = brightness(heat_pixel(k / 100.0)) - brightness(heat_pixel((k + 1) / 100.0));
        assert_in_range(step, 1, 4);
    }
}

static int orange_pixels(const struct image *i, int from, int to)
{
    int n = 0;
    for (int y = 0; y < i->height; y++)
        for (int x = from; x < to && x < i->width; x++) {
            uint32_t p = pixel(i, x, y);
            n += (p >> 16) > 200 && (p >> 8 & 255) > 80 && (p >> 8 & 255) < 110 && (p & 255) < 10;
        }
    return n;
}

/* Nothing of the colour without windows; with them, only in the columns that they span. */
static void windows_are_drawn(void **state)
{
    struct scratch *s = *state;
    float weights[N * N];
    struct satz_window windows[N];
    fill(weights, 0.5f, 0.04f);
    struct heatmap h = example(weights);
    assert_int_equal(heatmap_write(scratch_path(s, "a.png"), &h, NULL), 0);
    struct image image = image_load(s, "a.png");
    assert_int_equal(orange_pixels(&image, 0, image.width), 0);
    int left, y, right;
    assert_true(find_pixel(&image, heat_pixel(1), &left, &y));
    for (right = left; pixel(&image, right, y) == heat_pixel(1);)
        right++;
    int cell = right - left + 1;
    cairo_surface_destroy(image.surface);
    for (int i = 0; i < N; i++)
        windows[i] = (struct satz_window){2.5f, 1, 4};
    h.windows = windows;
    assert_int_equal(heatmap_write(scratch_path(s, "a.png"), &h, NULL), 0);
    image = image_load(s, "a.png");
    int all = orange_pixels(&image, 0, image.width);
    assert_true(all > 0);
    assert_int_equal(orange_pixels(&image, left + cell - 4, left + 4 * cell + 4), all);
    /* The bar is in the middle of the third column. */
    assert_true(orange_pixels(&image, left + 2 * cell + cell / 3, left + 3 * cell - cell / 3) > 0);
    cairo_surface_destroy(image.surface);
}

/* U+0378 is no character; no font has it. Scripts that some font has are fine. */
static void missing_characters_are_told_of(void **state)
{
    struct scratch *s = *state;
    struct satz_error err = {""};
    static const char *const words[] = {"a\xcd\xb8", "\xcd\xb8"}, *const plain[] = {"\u00fc", "a"};
    static const float weights[4] = {1, 0, 0, 1};
    struct heatmap h = {
        .sources = words, .n_sources = 2, .targets = plain, .n_targets = 2, .weights = weights};
    static const char *const names[] = {"a.png", "a.svg", "a.pdf"};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(heatmap_write(scratch_path(s, names[i]), &h, &err), 1);
        assert_non_null(strstr(err.message, "no font here has 2 of its characters"));
        assert_true(file_exists(s->path));
    }
    h.sources = plain;
    assert_int_equal(heatmap_write(scratch_path(s, "b.png"), &h, &err), 0);
}

static int forget_fonts(void **state)
{
    (void)state;
    pango_cairo_font_map_set_default(NULL);
    cairo_debug_reset_static_data();
    return 0;
}

#define HEATMAP_TEST(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HEATMAP_TEST(heavier_cells_are_darker),
        HEATMAP_TEST(sources_run_across),
        HEATMAP_TEST(nothing_is_cut_off),
        HEATMAP_TEST(every_ending_has_its_format),
        HEATMAP_TEST(the_largest_fits),
        HEATMAP_TEST(errors_leave_nothing_behind),
        HEATMAP_TEST(a_full_disk_keeps_the_old_file),
        HEATMAP_TEST(windows_are_drawn),
        HEATMAP_TEST(missing_characters_are_told_of),
        cmocka_unit_test(heat_falls_evenly),
    };
    return cmocka_run_group_tests(tests, NULL, forget_fonts);
}
