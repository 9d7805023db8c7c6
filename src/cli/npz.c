#include "cli/npz.h"

#include <minizip/zip.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct npz {
    zipFile zip;
};

struct npz *npz_open(const char *path)
{
    struct npz *z = malloc(sizeof *z);
    if (!z)
        return NULL;
    z->zip = zipOpen64(path, APPEND_STATUS_CREATE);
    if (z->zip)
        return z;
    free(z);
    return NULL;
}

/* Magic, version, the length of the rest, and a Python literal padded so that the values start at a
 * multiple of 64 bytes. */
enum { HEADER = 128 };

static void write_header(char header[HEADER + 1], int rows, int columns)
{
    static const uint16_t probe = 1;
    char order = *(const unsigned char *)&probe ? '<' : '>';
    memcpy(header, "\x93NUMPY\x01\x00", 8);
    header[8] = (char)(HEADER - 10);
    header[9] = 0;
    int n = snprintf(header + 10, HEADER - 9,
                     "{'descr': '%cf4', 'fortran_order': False, 'shape': (%d, %d), }", order, rows,
                     columns);
    memset(header + 10 + n, ' ', (size_t)(HEADER - 11 - n));
    header[HEADER - 1] = '\n';
}

int npz_add(struct npz *z, size_t index, const float *values, int rows, int columns)
{
    char name[32], header[HEADER + 1];
    /* A date of its own, so that the same run gives the same bytes: the first that ZIP can tell. */
    const zip_fileinfo info = {.tmz_date = {.tm_mday = 1, .tm_mon = 0, .tm_year = 1980}};
    size_t bytes = (size_t)rows * (size_t)columns * sizeof *values;
    snprintf(name, sizeof name, "%zu.npy", index);
    write_header(header, rows, columns);
    if (bytes > UINT32_MAX / 2 ||
        zipOpenNewFileInZip64(z->zip, name, &info, NULL, 0, NULL, 0, NULL, 0, 0, 0) != ZIP_OK)
        return -1;
    int status = zipWriteInFileInZip(z->zip, header, HEADER);
    if (status == ZIP_OK)
        status = zipWriteInFileInZip(z->zip, values, (unsigned)bytes);
    return zipCloseFileInZip(z->zip) == ZIP_OK && status == ZIP_OK ? 0 : -1;
}

int npz_close(struct npz *z)
{
    int status = zipClose(z->zip, NULL);
    free(z);
    return status == ZIP_OK ? 0 : -1;
}
