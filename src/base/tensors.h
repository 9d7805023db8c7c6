/* tensors.h -- named arrays in one file, in the safetensors format.
 *
 *     8 bytes   length of the header, little-endian
 *     header    JSON: {"__metadata__": {text: text ...},
 *                      "name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]} ...},
 *               padded with spaces so that the data starts at a multiple of 64
 *     data      the arrays, row-major and little-endian, without gaps
 *
 * Files that tensors_write makes hold two entries more in their metadata: satz.format, and
 * satz.checksum, the XXH3 sum of the whole file with the sum's own 16 digits taken as '0'. Files of
 * other programs have neither and open as well. */
#ifndef SATZ_BASE_TENSORS_H
#define SATZ_BASE_TENSORS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/file.h"

/* X(the format's name, bytes of an element) */
#define TENSOR_TYPE_LIST(X)                                                                        \
    X(F64, 8)                                                                                      \
    X(F32, 4)                                                                                      \
    X(F16, 2)                                                                                      \
    X(BF16, 2)                                                                                     \
    X(I64, 8)                                                                                      \
    X(I32, 4)                                                                                      \
    X(I16, 2)                                                                                      \
    X(I8, 1)                                                                                       \
    X(U64, 8)                                                                                      \
    X(U32, 4)                                                                                      \
    X(U16, 2)                                                                                      \
    X(U8, 1)                                                                                       \
    X(BOOL, 1)

enum tensor_type {
#define TENSOR_TYPE_ENUM(name, size) TENSOR_##name,
    TENSOR_TYPE_LIST(TENSOR_TYPE_ENUM)
#undef TENSOR_TYPE_ENUM
};

enum { TENSOR_MAX_RANK = 4 };

struct tensor {
    const char *name;
    enum tensor_type type;
    int rank; /* 0: one element */
    size_t shape[TENSOR_MAX_RANK];
    const void *data;
};

/* The format's name of a type, "F32". */
const char *tensor_type_name(enum tensor_type type);

/* Size of the data in bytes; -1 when that overflows size_t. */
int tensor_bytes(const struct tensor *tensor, size_t *bytes);

struct tensors_entry {
    const char *key, *value;
};

/* Writes `path` atomically (file.h). Names and keys differ from each other and are valid UTF-8, as
 * are values. The same arguments give the same bytes. Every array starts at a multiple of its
 * element's size, and of 64 if its own size is one. */
int tensors_write(const char *path, const struct tensor *items, size_t n,
                  const struct tensors_entry *metadata, size_t n_metadata, struct satz_error *err);

struct json_t;

/* An open file. `items` is in the order of the data, which lies in a read-only mapping and lasts
 * until tensors_release. Data of a foreign file may be unaligned. */
struct tensors {
    struct tensor *items;
    size_t n;
    bool checked; /* it had a checksum, which was right */
    struct file_map file;
    struct json_t *header;
};

/* Checks everything: no byte of the file is outside the header and the arrays, none is in two, and
 * the checksum fits. Memory used is in proportion to the header, never to sizes it claims. */
int tensors_open(struct tensors *t, const char *path, struct satz_error *err);
void tensors_release(struct tensors *t);

/* NULL when there is none of that name. */
const struct tensor *tensors_find(const struct tensors *t, const char *name);
const char *tensors_metadata(const struct tensors *t, const char *key);

#endif
