/* scratch.h -- a folder of its own for a test that writes files, and what came of it. For one file
 * of a program. */
#ifndef SATZ_TESTS_VIEW_SCRATCH_H
#define SATZ_TESTS_VIEW_SCRATCH_H

#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"

/* fontconfig keeps a pattern (256 bytes, once) that nobody can free; read by LeakSanitizer. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libfontconfig\n";
}

struct scratch {
    char folder[64];
    char path[512]; /* of the file named last */
};

static inline int scratch_setup(void **state)
{
    struct scratch *s = calloc(1, sizeof *s);
    *state = s;
    strcpy(s->folder, "/tmp/satz-view-XXXXXX");
    return mkdtemp(s->folder) ? 0 : -1;
}

static inline const char *scratch_path(struct scratch *s, const char *name)
{
    snprintf(s->path, sizeof s->path, "%s/%s", s->folder, name);
    return s->path;
}

/* The number of files there; unlinks them when asked to. */
static inline int scratch_files(struct scratch *s, int remove_them)
{
    int n = 0;
    DIR *d = opendir(s->folder);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        n++;
        if (remove_them)
            unlink(scratch_path(s, e->d_name));
    }
    closedir(d);
    return n;
}

static inline int scratch_teardown(void **state)
{
    struct scratch *s = *state;
    scratch_files(s, 1);
    rmdir(s->folder);
    free(s);
    return 0;
}

/* The whole of the file named; the caller releases it. */
static inline struct strbuf scratch_read(struct scratch *s, const char *name)
{
    struct strbuf text = {0};
    struct satz_error err;
    assert_int_equal(file_read(scratch_path(s, name), 1 << 28, &text, &err), 0);
    return text;
}

/* Lets no file grow past `bytes` until called with RLIM_INFINITY: a disk that is full. */
static inline void scratch_limit(rlim_t bytes)
{
    struct rlimit limit;
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes == RLIM_INFINITY ? limit.rlim_max : bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

#endif
