/* memory.h -- heap allocation that reports failure. Everything here is freed with free(). */
#ifndef SATZ_BASE_MEMORY_H
#define SATZ_BASE_MEMORY_H

#include <stddef.h>

#include "base/error.h"

/* count * size bytes, zeroed; NULL with *err set when memory is short or the product overflows. */
void *memory_new(size_t count, size_t size, struct satz_error *err);

/* As memory_new but 64-byte aligned and not zeroed: for the blocks kernels work on. */
void *memory_new_aligned(size_t count, size_t size, struct satz_error *err);

/* Makes room for `need` elements of `size` bytes in the array *data of capacity *capacity, growing
 * geometrically. On failure *data and *capacity stay valid. */
int memory_grow(void *data, size_t *capacity, size_t need, size_t size, struct satz_error *err);

/* A copy of `text`; NULL with *err set when memory is short. */
char *memory_copy_string(const char *text, struct satz_error *err);

#endif
