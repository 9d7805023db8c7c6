/* Line reading: ends of line, long lines, gzip, damaged gzip. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unistd.h>

#include <cmocka.h>
#include <zlib.h>

#include "base/lines.h"

static char path[64];

static int make_path(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "/tmp/satz-lines-%ld", (long)getpid());
    return 0;
}

static int remove_path(void **state)
{
    (void)state;
    unlink(path);
    return 0;
}

static void write_plain(const void *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static void write_gzip(const void *bytes, size_t n)
{
    gzFile f = gzopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(gzwrite(f, bytes, (unsigned)n), (int)n);
    assert_int_equal(gzclose(f), Z_OK);
}

/* Each line followed by "|". */
static void assert_lines(const char *wanted, size_t n_wanted)
{
    struct satz_error err = {0};
    struct lines *l = lines_open(path, &err);
    assert_non_null(l);
    char got[200];
    size_t n = 0, count = 0, length;
    const char *text;
    int status;
    while ((status = lines_next(l, &text, &length, &err)) > 0) {
        assert_true(n + length + 1 < sizeof got);
        memcpy(got + n, text, length);
        n += length;
        got[n++] = '|';
        assert_int_equal(lines_number(l), ++count);
    }
    assert_int_equal(status, 0);
    assert_int_equal(lines_next(l, &text, &length, &err), 0); /* the end stays the end */
    assert_int_equal(n, n_wanted);
    assert_memory_equal(got, wanted, n);
    lines_close(l);
}

static void test_ends(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *lines;
    } cases[] = {
        {"", ""},
        {"a", "a|"},
        {"a\n", "a|"},
        {"\n", "|"},
        {"a\n\nb", "a||b|"},
        {"a\r\nb\r\n", "a|b|"},
        {"\r\n\r\n", "||"},
        {"a\rb\n\r\r\n", "a\rb|\r|"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_plain(cases[i].bytes, strlen(cases[i].bytes));
        assert_lines(cases[i].lines, strlen(cases[i].lines));
        write_gzip(cases[i].bytes, strlen(cases[i].bytes));
        assert_lines(cases[i].lines, strlen(cases[i].lines));
    }
    write_plain("a\0b\nc\0", 6);
    assert_lines("a\0b|c\0|", 7);
}

/* Lines that straddle the reader's buffer, with "\r\n" cut at every place around its end. */
static void test_long(void **state)
{
    (void)state;
    static char bytes[140000];
    for (size_t first = 65530; first < 65542; first++) {
        memset(bytes, 'x', sizeof bytes);
        memcpy(bytes + first, "\r\n", 2);
        bytes[sizeof bytes - 1] = '\n';
        write_plain(bytes, sizeof bytes);
        struct lines *l = lines_open(path, NULL);
        const char *text;
        size_t length;
        assert_int_equal(lines_next(l, &text, &length, NULL), 1);
        assert_int_equal(length, first);
        assert_int_equal(lines_next(l, &text, &length, NULL), 1);
        assert_int_equal(length, sizeof bytes - first - 3);
        assert_int_equal(text[length - 1], 'x');
        assert_int_equal(lines_next(l, &text, &length, NULL), 0);
        lines_close(l);
    }
}

static int read_all(struct satz_error *err)
{
    struct lines *l = lines_open(path, err);
    assert_non_null(l);
    const char *text;
    size_t length;
    int status;
    while ((status = lines_next(l, &text, &length, err)) > 0)
        ;
    lines_close(l);
    return status;
}

static void test_damaged_gzip(void **state)
{
    (void)state;
    char text[3000], packed[3000];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)(i % 40 == 39 ? '\n' : 'a' + (i * i / 7) % 26);
    write_gzip(text, sizeof text);
    FILE *f = fopen(path, "rb");
    size_t n = fread(packed, 1, sizeof packed, f);
    fclose(f);
    assert_true(n > 100 && n < sizeof packed);
    struct satz_error err = {0};
    assert_int_equal(read_all(&err), 0);
    packed[n / 2] ^= 0x10;
    write_plain(packed, n);
    assert_int_equal(read_all(&err), -1);
    assert_non_null(strstr(err.message, "damaged gzip data"));
    packed[n / 2] ^= 0x10;
    for (size_t cut = 1; cut < 40; cut++) {
        write_plain(packed, n - cut);
        err.message[0] = '\0';
        assert_int_equal(read_all(&err), -1);
        assert_memory_equal(err.message, path, strlen(path));
    }
}

static void test_missing(void **state)
{
    (void)state;
    struct satz_error err = {0};
    assert_null(lines_open("/nonexistent", &err));
    assert_string_equal(err.message, "/nonexistent: cannot open: No such file or directory");
    lines_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_long),
        cmocka_unit_test(test_damaged_gzip),
        cmocka_unit_test(test_missing),
    };
    return cmocka_run_group_tests(tests, make_path, remove_path);
}
