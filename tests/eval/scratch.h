/* scratch.h -- files that a test makes and removes. */
#ifndef TESTS_EVAL_SCRATCH_H
#define TESTS_EVAL_SCRATCH_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct scratch {
    char path[64];
};

/* A new file with this text; scratch_remove when done. */
static inline struct scratch scratch_write(const char *text)
{
    struct scratch s = {"/tmp/satz-eval-XXXXXX"};
    int file = mkstemp(s.path);
    assert_true(file >= 0);
    assert_int_equal(write(file, text, strlen(text)), strlen(text));
    close(file);
    return s;
}

static inline void scratch_remove(struct scratch *s)
{
    unlink(s->path);
}

#endif
