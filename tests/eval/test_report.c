/* The page says what was measured, escapes everything, and needs nothing but itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "eval.h"
#include "matrix.h"
#include "scratch.h"

static struct scratch files[4];

enum { SOURCE, HYPOTHESIS, REFERENCE, ATTENTION };

static int setup(void **state)
{
    (void)state;
    files[SOURCE] = scratch_write("the cat sat\n<script>alert(\"&\")</script> x\nb c d e f g\n");
    files[HYPOTHESIS] = scratch_write("the cat sat\n<script>alert('1')</script>\nh h h\n");
    files[REFERENCE] = scratch_write("die Katze sitzt\n<img src=x onerror=y>\nb c d e f g\n");
    files[ATTENTION] = scratch_write("[[1,0,0],[0.5,0.25,0.05]]\n[]\n[[0.125]]\n");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++)
        scratch_remove(&files[i]);
    return 0;
}

static int count(const char *text, const char *part)
{
    int n = 0;
    for (const char *p = text; (p = strstr(p, part)) != NULL; p++)
        n++;
    return n;
}

static void test_page(void **state)
{
    (void)state;
    struct satz_error err = {0};
    struct report_options o = {.title = "A \"<b>\" test", .attention = files[ATTENTION].path};
    char *page =
        report_write(files[SOURCE].path, files[HYPOTHESIS].path, files[REFERENCE].path, &o, &err);
    assert_string_equal(err.message, "");
    assert_non_null(strstr(page, "<title>A &quot;&lt;b&gt;&quot; test</title>"));
    assert_non_null(strstr(page, "BLEU = "));
    assert_non_null(strstr(page, "chrF2 = "));
    assert_non_null(strstr(page, "TER = "));
    assert_non_null(strstr(page, "tok:tercom"));
    assert_int_equal(count(page, "<article>"), 3);
    assert_int_equal(count(page, "<figure>"), 3);
    assert_non_null(strstr(page, "repeats 67%"));
    assert_non_null(strstr(page, "copies 100%"));
    assert_int_equal(count(page, "class=\"cell\""), 5); /* the weights that are not 0 */
    assert_non_null(strstr(page, "1 of 3 source words got less than 0.1 in all"));
    assert_non_null(strstr(page, "opacity=\"0.12\""));
    free(page);
}

static void test_page_is_safe_and_self_contained(void **state)
{
    (void)state;
    char *page =
        report_write(files[SOURCE].path, files[HYPOTHESIS].path, files[REFERENCE].path, NULL, NULL);
    assert_non_null(page);
    assert_null(strstr(page, "<script"));
    assert_null(strstr(page, "<img"));
    assert_null(strstr(page, "http"));
    assert_null(strstr(page, "url("));
    assert_non_null(strstr(page, "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;"));
    assert_non_null(strstr(page, "prefers-color-scheme:dark"));
    assert_int_equal(count(page, "<article>"), count(page, "</article>"));
    assert_int_equal(count(page, "<td"), count(page, "</td>"));
    free(page);
}

/* Hostile text in every place that has any: files' names and lines, title, a signature's file.
 * Every
 * '<' of the page begins one of its own elements, and no quote in text is a bare one. */
static void test_every_place_is_escaped(void **state)
{
    (void)state;
    static const char evil[] =
        "<svg onload=alert(1)>\"'`&lt;</article></title></style><!--\xe2\x80\xa8\xe2\x80\xa9"
        "\x1b[2J\x01\xff\xed\xa0\x80";
    static const char *const own[] = {
        "!DOCTYPE", "article", "body",  "code", "dd",   "div",  "dl",    "dt", "figcaption",
        "figure",   "h1",      "h2",    "head", "html", "line", "meta",  "p",  "rect",
        "style",    "svg",     "table", "td",   "text", "th",   "title", "tr"};
    char folder[] = "/tmp/satz-report-XXXXXX", names[3][128], text[512];
    assert_non_null(mkdtemp(folder));
    for (int i = 0; i < 3; i++) {
        snprintf(names[i], sizeof names[i], "%s/%d<img onerror=x>\"'\xe2\x80\xa8\xff", folder, i);
        snprintf(text, sizeof text, "%s %d\n%s\n", evil, i, evil);
        FILE *file = fopen(names[i], "w");
        assert_non_null(file);
        fputs(text, file);
        fclose(file);
    }
    struct report_options o = {.title = evil, .n_sentences = 10};
    struct satz_error err = {0};
    char *page = report_write(names[0], names[1], names[2], &o, &err);
    assert_string_equal(err.message, "");
    assert_non_null(strstr(page, "&lt;img onerror=x&gt;"));
    assert_null(strchr(page, '\x1b'));
    assert_null(strchr(page, '\x01'));
    assert_null(strchr(page, '\xff'));
    assert_null(strstr(page, "\xed\xa0"));
    assert_null(strstr(page, "&lt;</"));
    assert_int_equal(count(page, "</style>"), 1);
    for (const char *p = page; (p = strchr(p, '<')); p++) {
        const char *name = p + 1 + (p[1] == '/');
        size_t n = strcspn(name, " >\n"), end = strcspn(p, ">"), k = 0;
        while (k < sizeof own / sizeof *own &&
               (strlen(own[k]) != n || memcmp(own[k], name, n) != 0))
            k++;
        if (k == sizeof own / sizeof *own || memmem(p, end, "onload", 6) ||
            memmem(p, end, "onerror", 7))
            fail_msg("%.60s", p);
    }
    free(page);
    for (int i = 0; i < 3; i++)
        unlink(names[i]);
    rmdir(folder);
}

static void test_without_source_or_reference(void **state)
{
    (void)state;
    char *page = report_write(NULL, files[HYPOTHESIS].path, NULL, NULL, NULL);
    assert_non_null(page);
    assert_null(strstr(page, "BLEU"));
    assert_null(strstr(page, "copied source"));
    assert_int_equal(count(page, "<figure>"), 1);
    const char *worst = strstr(page, "<article>");
    assert_non_null(strstr(page, "h h h"));
    assert_int_equal(strncmp(worst, "<article><div class=\"soft\">line 3", 33), 0); /* loops */
    free(page);
}

static void test_warnings_are_shown(void **state)
{
    (void)state;
    char *page = report_write(NULL, files[SOURCE].path, files[ATTENTION].path, NULL, NULL);
    assert_non_null(strstr(page, "class=\"warning\">The hypotheses have 11 words"));
    free(page);
}

static void test_mistakes_are_refused(void **state)
{
    (void)state;
    struct satz_error err = {0};
    const char *h = files[HYPOTHESIS].path, *bad[] = {"blue"};
    assert_null(report_write(NULL, "-", NULL, NULL, &err));
    assert_non_null(strstr(err.message, "twice"));
    assert_null(report_write(NULL, h, NULL, &(struct report_options){.attention = h}, &err));
    assert_non_null(strstr(err.message, ":1: it is not JSON"));
    assert_null(
        report_write(NULL, h, h, &(struct report_options){.metrics = bad, .n_metrics = 1}, &err));
    assert_non_null(strstr(err.message, "no metric"));
    assert_null(report_write(NULL, h, h, &(struct report_options){.n_sentences = -1}, &err));
    assert_null(report_write("/nonexistent", h, NULL, NULL, &err));
    assert_non_null(strstr(err.message, "/nonexistent"));
}

static void test_matrix(void **state)
{
    (void)state;
    struct matrix m = {0};
    struct satz_error err = {0};
    assert_int_equal(matrix_parse(&m, " [[1, -2.5e1],\t[0,3]] ", &err), 0);
    assert_int_equal(m.rows, 2);
    assert_int_equal(m.columns, 2);
    assert_true(m.values[1] == -25 && m.values[3] == 3);
    assert_int_equal(matrix_parse(&m, "[]", &err), 0);
    assert_int_equal(m.rows, 0);
    assert_int_equal(matrix_parse(&m, "{\"line\": 2, \"weights\": [[0.5, 0.25]]}", &err), 0);
    assert_int_equal(m.rows, 1);
    assert_true(m.columns == 2 && m.values[1] == 0.25);
    static const char *const wrong[][2] = {
        {"", "not JSON"},
        {"1", "not JSON"},
        {"\"a\"", "not JSON"},
        {"{\"line\": 2}", "no matrix"},
        {"[1]", "row 1 of the matrix"},
        {"[[1]", "not JSON"},
        {"[[1,]]", "not JSON"},
        {"[[nan]]", "not JSON"},
        {"[[\"1\"]]", "number 1 of row 1"},
        {"[[0x1]]", "not JSON"},
        {"[[1e999]]", "not JSON"},
        {"[[1],[1,2]]", "row 2 has 2"},
        {"[[1]] x", "not JSON"},
        {"[[1],2]", "row 2 of the matrix"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(matrix_parse(&m, wrong[i][0], &err), -1);
        if (!strstr(err.message, wrong[i][1]))
            fail_msg("%s: %s", wrong[i][0], err.message);
    }
    matrix_release(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page),
        cmocka_unit_test(test_page_is_safe_and_self_contained),
        cmocka_unit_test(test_every_place_is_escaped),
        cmocka_unit_test(test_without_source_or_reference),
        cmocka_unit_test(test_warnings_are_shown),
        cmocka_unit_test(test_mistakes_are_refused),
        cmocka_unit_test(test_matrix),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
