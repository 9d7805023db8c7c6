/* forge.h -- what a forger would write: a file of Satz, edited, its checksum made right. */
#ifndef SATZ_TESTS_FUZZ_FORGE_H
#define SATZ_TESTS_FUZZ_FORGE_H

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "scratch.h"

static const char forge_opening[] = "{\"__metadata__\":{\"satz.checksum\":\"";

enum { FORGE_DIGITS_AT = 8 + sizeof forge_opening - 1, FORGE_DIGITS = 16 };

/* The file as it is, but the checksum's digits those of its bytes, if it has the place for them. */
static inline void forge_write(const char *path, const uint8_t *data, size_t size)
{
    char *copy = malloc(size + 1), digits[FORGE_DIGITS + 1];
    if (!copy)
        abort();
    memcpy(copy, data, size);
    if (size >= FORGE_DIGITS_AT + FORGE_DIGITS &&
        memcmp(copy + 8, forge_opening, sizeof forge_opening - 1) == 0) {
        memset(copy + FORGE_DIGITS_AT, '0', FORGE_DIGITS);
        snprintf(digits, sizeof digits, "%016llx", (unsigned long long)XXH3_64bits(copy, size));
        memcpy(copy + FORGE_DIGITS_AT, digits, FORGE_DIGITS);
    }
    scratch_write(path, copy, size);
    free(copy);
}

/* A whole file as new memory. */
static inline uint8_t *forge_read(const char *path, size_t *size)
{
    FILE *f = fopen(path, "r");
    uint8_t *bytes = malloc(1 << 20);
    if (!f || !bytes)
        abort();
    *size = fread(bytes, 1, 1 << 20, f);
    fclose(f);
    return bytes;
}

/* The base with the edits of an input, as new memory. They stand in a row: 3 bytes where, 1 byte
 * how many bytes go, 1 byte how many of the following ones come in their place; `where` counts from
 * the end of the file if its highest bit is set. */
static inline uint8_t *forge_edit(const uint8_t *base, size_t base_size, const uint8_t *data,
                                  size_t size, size_t *n)
{
    uint8_t *bytes = malloc(base_size + size);
    if (!bytes)
        abort();
    memcpy(bytes, base, base_size);
    *n = base_size;
    for (size_t i = 0; i + 5 <= size && *n > 0;) {
        size_t where = (data[i] & 127u) << 16 | (unsigned)data[i + 1] << 8 | data[i + 2];
        where = (data[i] & 128 ? *n - 1 - where % *n : where % *n);
        size_t goes = data[i + 3] < *n - where ? data[i + 3] : *n - where;
        size_t comes = data[i + 4] < size - i - 5 ? data[i + 4] : size - i - 5;
        memmove(bytes + where + comes, bytes + where + goes, *n - where - goes);
        memcpy(bytes + where, data + i + 5, comes);
        *n = *n - goes + comes;
        i += 5 + comes;
    }
    return bytes;
}

#endif
