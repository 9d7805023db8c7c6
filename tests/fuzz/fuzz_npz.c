/* The .npz files that `satz translate` writes, of matrices of any shape and any values: an
 * independent reader (minizip's, and NumPy's format by its description) finds the same in them. An
 * input is a row of matrices: rows, columns, a byte each, then as many of the values' bytes as are
 * there. */
#include <inttypes.h>
#include <minizip/unzip.h>
#include <string.h>

#include "cli/npz.h"
#include "scratch.h"

enum { MOST = 255 * 255 };

static float values[MOST];

/* The next matrix, its values in `values`; how many bytes of the input it took. */
static size_t next_matrix(const uint8_t *data, size_t size, int *rows, int *columns)
{
    *rows = data[0];
    *columns = data[1];
    size_t wanted = (size_t)*rows * (size_t)*columns * sizeof *values;
    size_t n = wanted < size - 2 ? wanted : size - 2;
    memset(values, 0, wanted);
    memcpy(values, data + 2, n);
    return 2 + n;
}

static void check(int fine)
{
    if (!fine)
        abort();
}

/* The header ends at a multiple of 64 and says f4, rows and columns. */
static size_t check_header(const char *bytes, size_t n, int rows, int columns)
{
    char expected[96];
    check(n >= 10 && memcmp(bytes, "\x93NUMPY\x01\x00", 8) == 0);
    size_t length = (unsigned char)bytes[8] | (size_t)(unsigned char)bytes[9] << 8;
    check(10 + length <= n && (10 + length) % 64 == 0 && bytes[9 + length] == '\n');
    snprintf(expected, sizeof expected,
             "{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }", rows, columns);
    check(strlen(expected) < length && memcmp(bytes + 10, expected, strlen(expected)) == 0);
    for (size_t i = 10 + strlen(expected); i < 9 + length; i++)
        check(bytes[i] == ' ');
    return 10 + length;
}

static void check_member(unzFile zip, size_t index, int rows, int columns)
{
    static char bytes[MOST * sizeof(float) + 256];
    unz_file_info64 info;
    char name[64], expected[64];
    snprintf(expected, sizeof expected, "%zu.npy", index);
    check(unzGetCurrentFileInfo64(zip, &info, name, sizeof name, NULL, 0, NULL, 0) == UNZ_OK);
    check(strcmp(name, expected) == 0 && info.compression_method == 0);
    check(info.uncompressed_size <= sizeof bytes && unzOpenCurrentFile(zip) == UNZ_OK);
    int n = unzReadCurrentFile(zip, bytes, sizeof bytes);
    check(n >= 0 && (uint64_t)n == info.uncompressed_size);
    check(unzCloseCurrentFile(zip) == UNZ_OK); /* which checks the sum */
    size_t at = check_header(bytes, (size_t)n, rows, columns);
    size_t length = (size_t)rows * (size_t)columns * sizeof *values;
    check((size_t)n == at + length && memcmp(bytes + at, values, length) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *path = scratch_path("matrices.npz");
    int rows, columns;
    size_t n = 0;
    struct npz *z = npz_open(path);
    check(z != NULL);
    for (size_t at = 0; at + 2 <= size; n++) {
        at += next_matrix(data + at, size - at, &rows, &columns);
        check(npz_add(z, n, values, rows, columns) == 0);
    }
    check(npz_close(z) == 0);
    if (n == 0) /* minizip does not take an archive of nothing for one; NumPy does */
        return 0;
    unzFile zip = unzOpen64(path);
    unz_global_info64 all;
    check(zip && unzGetGlobalInfo64(zip, &all) == UNZ_OK && all.number_entry == n);
    int more = unzGoToFirstFile(zip);
    for (size_t at = 0, i = 0; more == UNZ_OK; more = unzGoToNextFile(zip), i++) {
        at += next_matrix(data + at, size - at, &rows, &columns);
        check_member(zip, i, rows, columns);
    }
    check(more == UNZ_END_OF_LIST_OF_FILE);
    unzClose(zip);
    return 0;
}
