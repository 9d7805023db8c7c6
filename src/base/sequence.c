#include "base/sequence.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>

#include "base/memory.h"

int sequence_plan(struct sequence *s, const int *lengths, int rows, struct satz_error *err)
{
    int steps = rows > 0 ? lengths[0] : 0;
    if (memory_grow(&s->offset, &s->offset_capacity, (size_t)steps + 1, sizeof(int), err) < 0 ||
        memory_grow(&s->length, &s->length_capacity, (size_t)rows, sizeof(int), err) < 0)
        return -1;
    s->steps = steps;
    s->rows = rows;
    s->offset[0] = 0;
    int active = rows;
    for (int step = 0; step < steps; step++) {
        while (active > 0 && lengths[active - 1] <= step)
            active--;
        if (active > INT_MAX - s->offset[step])
            return error_set(err, "a batch of more than %d words: make it smaller", INT_MAX);
        s->offset[step + 1] = s->offset[step] + active;
    }
    for (int r = 0; r < rows; r++) {
        assert(lengths[r] >= 1 && (r == 0 || lengths[r] <= lengths[r - 1]));
        s->length[r] = lengths[r];
    }
    s->total = s->offset[steps];
    return 0;
}

void sequence_release(struct sequence *s)
{
    free(s->offset);
    free(s->length);
    *s = (struct sequence){0};
}
