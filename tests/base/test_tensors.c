/* The safetensors container: round trip, and that no damage goes unnoticed. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/tensors.h"

static char path[64];

static int make_path(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "/tmp/satz-tensors-%ld", (long)getpid());
    return 0;
}

static int remove_path(void **state)
{
    (void)state;
    unlink(path);
    return 0;
}

static const float weights[6] = {1, -2, 3.5F, 0, 1e-30F, -0.0F};
static const int64_t cursor[1] = {-7};
static const unsigned char bytes[5] = {0, 1, 2, 254, 255};
static const float row[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

static const struct tensor sample[] = {
    {"bytes", TENSOR_U8, 1, {5}, bytes},      {"weights", TENSOR_F32, 2, {2, 3}, weights},
    {"nothing", TENSOR_F32, 2, {0, 9}, NULL}, {"row", TENSOR_F32, 4, {1, 1, 4, 4}, row},
    {"cursor", TENSOR_I64, 0, {0}, cursor},
};
enum { N_SAMPLE = sizeof sample / sizeof *sample };
static const struct tensors_entry metadata[] = {
    {"satz.recipe", "train:\n  folder: \"ä\"\n"},
    {"empty", ""},
};

static void write_sample(void)
{
    struct satz_error err = {0};
    if (tensors_write(path, sample, N_SAMPLE, metadata, 2, &err) < 0)
        fail_msg("%s", err.message);
}

static struct strbuf read_back(void)
{
    struct strbuf s = {0};
    assert_int_equal(file_read(path, 1 << 20, &s, NULL), 0);
    return s;
}

static void test_round_trip(void **state)
{
    (void)state;
    write_sample();
    struct tensors t;
    struct satz_error err = {0};
    if (tensors_open(&t, path, &err) < 0)
        fail_msg("%s", err.message);
    assert_true(t.checked);
    assert_int_equal(t.n, N_SAMPLE);
    for (size_t i = 0; i < N_SAMPLE; i++) {
        const struct tensor *found = tensors_find(&t, sample[i].name);
        size_t size;
        assert_non_null(found);
        assert_int_equal(found->type, sample[i].type);
        assert_int_equal(found->rank, sample[i].rank);
        for (int k = 0; k < found->rank; k++)
            assert_int_equal(found->shape[k], sample[i].shape[k]);
        assert_int_equal(tensor_bytes(found, &size), 0);
        if (size)
            assert_memory_equal(found->data, sample[i].data, size);
    }
    assert_int_equal((uintptr_t)tensors_find(&t, "row")->data % 64, 0);
    assert_int_equal((uintptr_t)tensors_find(&t, "cursor")->data % 8, 0);
    assert_int_equal((uintptr_t)tensors_find(&t, "weights")->data % 4, 0);
    assert_null(tensors_find(&t, "weight"));
    assert_string_equal(tensors_metadata(&t, "satz.recipe"), metadata[0].value);
    assert_string_equal(tensors_metadata(&t, "empty"), "");
    assert_null(tensors_metadata(&t, "none"));
    tensors_release(&t);
}

static void test_same_bytes(void **state)
{
    (void)state;
    write_sample();
    struct strbuf first = read_back();
    write_sample();
    struct strbuf second = read_back();
    assert_int_equal(first.length, second.length);
    assert_memory_equal(first.data, second.data, first.length);
    uint64_t header;
    memcpy(&header, first.data, 8);
    assert_int_equal((8 + header) % 64, 0);
    assert_int_equal(8 + header + sizeof weights + 8 + 5 + sizeof row, first.length);
    strbuf_release(&first);
    strbuf_release(&second);
}

static void test_nothing_inside(void **state)
{
    (void)state;
    struct tensors t;
    assert_int_equal(tensors_write(path, NULL, 0, NULL, 0, NULL), 0);
    assert_int_equal(tensors_open(&t, path, NULL), 0);
    assert_int_equal(t.n, 0);
    assert_true(t.checked);
    tensors_release(&t);
}

static void refuse(const char *part)
{
    struct tensors t;
    struct satz_error err = {0};
    if (tensors_open(&t, path, &err) == 0)
        fail_msg("opened although: %s", part);
    assert_memory_equal(err.message, path, strlen(path));
    assert_non_null(strstr(err.message, ": damaged, or not a safetensors file ("));
    if (!strstr(err.message, part))
        fail_msg("%s: no \"%s\"", err.message, part);
}

static void test_truncated_anywhere(void **state)
{
    (void)state;
    write_sample();
    struct strbuf s = read_back();
    for (size_t n = s.length; n-- > 0;) {
        assert_int_equal(truncate(path, (off_t)n), 0);
        refuse("");
    }
    strbuf_release(&s);
}

static void test_every_bit(void **state)
{
    (void)state;
    write_sample();
    struct strbuf s = read_back();
    int fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    for (size_t at = 0; at < s.length; at++)
        for (int bit = 0; bit < 8; bit++) {
            char changed = (char)(s.data[at] ^ (1 << bit));
            assert_int_equal(pwrite(fd, &changed, 1, (off_t)at), 1);
            refuse("");
            assert_int_equal(pwrite(fd, &s.data[at], 1, (off_t)at), 1);
        }
    close(fd);
    struct tensors t;
    assert_int_equal(tensors_open(&t, path, NULL), 0);
    tensors_release(&t);
    strbuf_release(&s);
}

/* A file with the given header and `n_data` bytes of data, as another program might make it. */
static void write_foreign(const char *header, uint64_t declared, size_t n_data)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    fwrite(&declared, 8, 1, f);
    fputs(header, f);
    for (size_t i = 0; i < n_data; i++)
        fputc((int)i, f);
    assert_int_equal(fclose(f), 0);
}

static void test_foreign(void **state)
{
    (void)state;
    const char *header = "{\"b\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[1,5]},"
                         "\"a\":{\"shape\":[1],\"data_offsets\":[0,1],\"dtype\":\"I8\"},"
                         "\"__metadata__\":{\"format\":\"pt\"}}";
    write_foreign(header, strlen(header), 5);
    struct tensors t;
    struct satz_error err = {0};
    if (tensors_open(&t, path, &err) < 0)
        fail_msg("%s", err.message);
    assert_false(t.checked);
    assert_int_equal(t.n, 2);
    assert_string_equal(t.items[0].name, "a");
    assert_memory_equal(tensors_find(&t, "b")->data, "\1\2\3\4", 4);
    assert_string_equal(tensors_metadata(&t, "format"), "pt");
    tensors_release(&t);
}

static void test_bad_headers(void **state)
{
    (void)state;
#define ENTRY(type, shape, offsets)                                                                \
    "{\"x\":{\"dtype\":\"" type "\",\"shape\":" shape ",\"data_offsets\":" offsets "}}"
    static const struct {
        const char *header, *part;
        size_t n_data;
    } cases[] = {
        {"[]", "not a JSON object", 0},
        {"{]", "not JSON", 0},
        {"{\"x\":1}", "is not dtype", 0},
        {"{\"__metadata__\":1}", "metadata are no object", 0},
        {"{\"__metadata__\":{\"a\":1}}", "metadata \"a\" are no text", 0},
        {"{\"__metadata__\":{\"satz.checksum\":\"0000000000000000\"}}", "checksum", 0},
        {ENTRY("F33", "[1]", "[0,4]"), "unknown type F33", 4},
        {ENTRY("F32", "[-1]", "[0,4]"), "whole numbers", 4},
        {ENTRY("F32", "[1.0]", "[0,4]"), "whole numbers", 4},
        {ENTRY("F32", "[1,1,1,1,1]", "[0,4]"), "more than 4", 4},
        {ENTRY("F32", "[1]", "[0,8]"), "do not fit", 8},
        {ENTRY("F32", "[1]", "[4,0]"), "do not fit", 4},
        {ENTRY("F32", "[1]", "[0]"), "is not dtype", 4},
        {ENTRY("F32", "[4611686018427387904]", "[0,0]"), "do not fit", 0},
        {ENTRY("F32", "[4294967296,4294967296]", "[0,0]"), "do not fit", 0},
        {ENTRY("F32", "[99999999999999999999]", "[0,4]"), "not JSON", 4},
        {ENTRY("F32", "[1]", "[0,4]"), "not where", 3},
        {ENTRY("F32", "[1]", "[0,4]"), "1 bytes after", 5},
        {ENTRY("F32", "[1]", "[1,5]"), "not where", 5},
        {"{\"x\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},"
         "\"y\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[1,3]}}",
         "not where", 3},
        {"{\"x\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
         "\"x\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}",
         "duplicate", 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_foreign(cases[i].header, strlen(cases[i].header), cases[i].n_data);
        refuse(cases[i].part);
    }
    write_foreign("{}", UINT64_MAX, 0);
    refuse("18446744073709551615");
    write_foreign("{}", UINT64_MAX - 7, 0);
    refuse("18446744073709551608");
    write_foreign("{}", (uint64_t)1 << 40, 0);
    refuse("1099511627776");
    struct strbuf deep = {0};
    for (int i = 0; i < 100000; i++)
        strbuf_add_text(&deep, "{\"a\":");
    write_foreign(deep.data, deep.length, 0);
    refuse("not JSON");
    strbuf_clear(&deep);
    strbuf_add_text(&deep, "{\"a\":[");
    for (int i = 0; i < 100000; i++)
        strbuf_add_text(&deep, "{},");
    strbuf_add_text(&deep, "{}]}");
    write_foreign(deep.data, deep.length, 0);
    refuse("more values than 300010 bytes of sound JSON have");
    strbuf_clear(&deep);
    strbuf_add_text(&deep, "{\"");
    for (int i = 0; i < 100000; i++)
        strbuf_add_text(&deep, "a long name ");
    strbuf_add_text(&deep, "\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,8]}}");
    write_foreign(deep.data, deep.length, 8);
    refuse("a long name a long name");
    strbuf_release(&deep);
}

static void test_refused_writes(void **state)
{
    (void)state;
    struct satz_error err = {0};
    write_sample();
    struct tensor twice[2] = {sample[0], sample[0]};
    assert_int_equal(tensors_write(path, twice, 2, NULL, 0, &err), -1);
    assert_non_null(strstr(err.message, "\"bytes\" is given twice"));
    twice[0].name = "__metadata__";
    assert_int_equal(tensors_write(path, twice, 1, NULL, 0, &err), -1);
    struct tensors_entry taken = {"satz.checksum", "1"};
    assert_int_equal(tensors_write(path, NULL, 0, &taken, 1, &err), -1);
    taken = (struct tensors_entry){"key", "\xff"};
    assert_int_equal(tensors_write(path, NULL, 0, &taken, 1, &err), -1);
    struct tensor huge = {"huge", TENSOR_F64, 2, {SIZE_MAX, 2}, NULL};
    assert_int_equal(tensors_write(path, &huge, 1, NULL, 0, &err), -1);
    assert_int_equal(tensors_write("/nonexistent/x", sample, 1, NULL, 0, &err), -1);
    struct tensors t; /* the file that was there is still the old one */
    assert_int_equal(tensors_open(&t, path, NULL), 0);
    assert_int_equal(t.n, N_SAMPLE);
    tensors_release(&t);
    assert_int_equal(tensors_open(&t, "/nonexistent/x", &err), -1);
    assert_string_equal(err.message, "/nonexistent/x: cannot open: No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),     cmocka_unit_test(test_same_bytes),
        cmocka_unit_test(test_nothing_inside), cmocka_unit_test(test_truncated_anywhere),
        cmocka_unit_test(test_every_bit),      cmocka_unit_test(test_foreign),
        cmocka_unit_test(test_bad_headers),    cmocka_unit_test(test_refused_writes),
    };
    return cmocka_run_group_tests(tests, make_path, remove_path);
}
