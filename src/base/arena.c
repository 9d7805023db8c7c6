#include "base/arena.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"

void arena_measure(struct arena *a)
{
    *a = (struct arena){0};
}

int arena_init(struct arena *a, size_t size, struct satz_error *err)
{
    *a = (struct arena){0};
    a->base = memory_new_aligned(size, 1, err);
    if (!a->base)
        return -1;
    a->size = size;
    return 0;
}

void arena_release(struct arena *a)
{
    free(a->base);
    *a = (struct arena){0};
}

bool arena_measuring(const struct arena *a)
{
    return a->base == NULL;
}

void *arena_take(struct arena *a, size_t count, size_t size)
{
    size_t at = a->used;
    a->used += (count * size + 63) / 64 * 64;
    if (a->used > a->peak)
        a->peak = a->used;
    if (!a->base)
        return NULL;
    assert(a->used <= a->size);
    return a->base + at;
}

size_t arena_mark(const struct arena *a)
{
    return a->used;
}

void arena_rewind(struct arena *a, size_t mark)
{
    assert(mark <= a->used);
    a->used = mark;
}
