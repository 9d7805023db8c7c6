/* arena.h -- memory with a phase: laid out once, reset in one move.
 *
 * Two modes, one code path. A measuring arena (arena_measure) hands out NULL and only adds up; the
 * same plan function run on a real arena (arena_init with the measured peak) then lays out
 * pointers, so the size and the use cannot drift apart. Every piece is 64-byte aligned. A real
 * arena that overflows is a broken plan and asserts.
 *
 *     base |==== kept ====|-- scratch since mark --|........ free ........| base + size
 *                         ^ arena_rewind(mark)     ^ used                            */
#ifndef SATZ_BASE_ARENA_H
#define SATZ_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct arena {
    char *base; /* NULL when measuring */
    size_t size, used, peak;
};

/* Starts measuring; there is nothing to release. Afterwards a->peak is the size needed. */
void arena_measure(struct arena *a);
/* A real arena of `size` bytes; overwrites *a. */
int arena_init(struct arena *a, size_t size, struct satz_error *err);
void arena_release(struct arena *a);
bool arena_measuring(const struct arena *a);

/* Room for count * size bytes, not zeroed; NULL when measuring. */
void *arena_take(struct arena *a, size_t count, size_t size);

/* Gives back all that was taken since the mark; 0 is the mark of an empty arena. */
size_t arena_mark(const struct arena *a);
void arena_rewind(struct arena *a, size_t mark);

#endif
