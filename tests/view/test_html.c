#include "scratch.h"

#include <math.h>

#include "view/html.h"

static const char *const sources[] = {"</script><script>alert(1)</script>", "\"quoted'", "ü"};
static const char *const targets[] = {"a&b", "\n\u202E"};
static const float weights[6] = {1, 0, 0.5f, 0.25f, 0.25f, 0.5f};

static struct heatmap example(void)
{
    return (struct heatmap){sources, 3, targets, 2, weights, "<title>", NULL, 0, NULL};
}

static int count(const char *text, const char *part)
{
    int n = 0;
    for (const char *p = text; (p = strstr(p, part)); p++)
        n++;
    return n;
}

static void the_page_is_whole_and_escaped(void **state)
{
    struct scratch *s = *state;
    struct satz_error err = {""};
    struct html_attention *page =
        html_attention_begin(scratch_path(s, "a.html"), "x</title><script>", &err);
    assert_non_null(page);
    struct heatmap h = example();
    for (int i = 0; i < 50; i++)
        assert_int_equal(html_attention_add(page, &h, &err), 0);
    assert_false(file_exists(s->path));
    assert_int_equal(html_attention_end(page, &err), 0);
    assert_int_equal(scratch_files(s, 0), 1);

    struct strbuf text = scratch_read(s, "a.html");
    assert_int_equal(strncmp(text.data, "<!DOCTYPE html>", 15), 0);
    assert_string_equal(text.data + text.length - 8, "</html>\n");
    assert_int_equal(count(text.data, "<section "), 50);
    assert_int_equal(count(text.data, "<script>"), 1);
    assert_int_equal(count(text.data, "</script>"), 1);
    assert_int_equal(count(text.data, "</title>"), 1);
    assert_int_equal(count(text.data, "<h2>50. &lt;title&gt;</h2>"), 1);
    assert_int_equal(count(text.data, "<b>a&amp;b</b> <b>&lt;U+000A&gt;&lt;U+202E&gt;</b></p>"),
                     50);
    assert_int_equal(count(text.data, "<b>&quot;quoted&#39;</b> <b>ü</b></p>"), 50);
    /* It loads nothing. */
    assert_int_equal(count(text.data, "://"), 0);
    assert_int_equal(count(text.data, "src="), 0);
    assert_int_equal(count(text.data, "@import"), 0);
    strbuf_release(&text);
}

/* 255 0 128 64 64 128; and with one more or less, for each way that base64 can end. */
static void weights_are_bytes(void **state)
{
    struct scratch *s = *state;
    static const struct {
        int n_sources;
        const char *expected;
    } cases[] = {
        {1, "data-most=\"0.5\" data-weights=\"/w==\""},
        {2, "data-most=\"0.5\" data-weights=\"/wA=\""},
        {3, "data-most=\"0.5\" data-weights=\"/wCA\""},
        {4, "data-most=\"0.5\" data-weights=\"/wCAQA==\""},
    };
    static const float halves[4] = {0.5f, 0, 0.25f, 0.125f};
    static const char *const words[] = {"a", "b", "c", "d"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct heatmap h = {words, cases[i].n_sources, words, 1, halves, NULL, NULL, 0, NULL};
        struct html_attention *page = html_attention_begin(scratch_path(s, "a.html"), NULL, NULL);
        assert_int_equal(html_attention_add(page, &h, NULL), 0);
        assert_int_equal(html_attention_end(page, NULL), 0);
        struct strbuf text = scratch_read(s, "a.html");
        assert_non_null(strstr(text.data, cases[i].expected));
        strbuf_release(&text);
    }
}

static void errors_leave_nothing_behind(void **state)
{
    struct scratch *s = *state;
    struct satz_error err = {""};
    assert_null(html_attention_begin(scratch_path(s, "none/a.html"), NULL, &err));
    assert_non_null(strstr(err.message, "none/a.html"));

    struct html_attention *page = html_attention_begin(scratch_path(s, "a.html"), NULL, &err);
    struct heatmap h = example();
    assert_int_equal(html_attention_add(page, &h, &err), 0);
    float bad[6] = {0, 0, 0, 0, NAN, 0};
    h.weights = bad;
    assert_int_equal(html_attention_add(page, &h, &err), -1);
    assert_non_null(
        strstr(err.message, "sentence 2: the weight of target word 2 and source word 2"));
    html_attention_abort(page);
    html_attention_abort(NULL);
    assert_int_equal(scratch_files(s, 0), 0);
}

static void a_full_disk_is_reported(void **state)
{
    struct scratch *s = *state;
    struct satz_error err = {""};
    struct heatmap h = example();
    struct html_attention *page = html_attention_begin(scratch_path(s, "a.html"), NULL, &err);
    scratch_limit(8192);
    int status = 0;
    for (int i = 0; i < 1000 && status == 0; i++)
        status = html_attention_add(page, &h, &err);
    if (status == 0)
        status = html_attention_end(page, &err);
    else
        html_attention_abort(page);
    scratch_limit(RLIM_INFINITY);
    assert_int_equal(status, -1);
    assert_non_null(strstr(err.message, "disk full"));
    assert_int_equal(scratch_files(s, 0), 0);
}

static void windows_and_numbers_are_written(void **state)
{
    struct scratch *s = *state;
    const struct satz_window windows[2] = {{1.5f, 0, 3}, {2.25f, 1.25f, 3.25f}};
    struct heatmap h = example();
    h.number = 17;
    h.windows = windows;
    struct html_attention *page = html_attention_begin(scratch_path(s, "a.html"), NULL, NULL);
    assert_int_equal(html_attention_add(page, &h, NULL), 0);
    assert_int_equal(html_attention_end(page, NULL), 0);
    struct strbuf text = scratch_read(s, "a.html");
    assert_non_null(
        strstr(text.data, " data-windows=\"1.50,0.00,3.00;2.25,1.25,3.25\">\n<h2>17. "));
    assert_non_null(strstr(text.data, "<section id=\"s17\" "));
    strbuf_release(&text);

    struct satz_error err;
    const struct satz_window wrong[2] = {{0, 0, 1}, {0, NAN, 1}};
    h.windows = wrong;
    assert_int_equal(heatmap_check(&h, &err), -1);
    assert_non_null(strstr(err.message, "the window of target word 2 is not finite"));
}

#define HTML_TEST(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HTML_TEST(the_page_is_whole_and_escaped),   HTML_TEST(weights_are_bytes),
        HTML_TEST(windows_and_numbers_are_written), HTML_TEST(errors_leave_nothing_behind),
        HTML_TEST(a_full_disk_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
