/* scratch.h -- files for the targets that read files: of this process, in memory where the system
 * keeps /dev/shm there, gone at the end. */
#ifndef SATZ_TESTS_FUZZ_SCRATCH_H
#define SATZ_TESTS_FUZZ_SCRATCH_H

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char scratch_folder[64];

/* Removes a folder and what is in it, one level of folders deep. */
static void scratch_empty(const char *folder)
{
    DIR *d = opendir(folder);
    for (struct dirent *e; d && (e = readdir(d));) {
        char path[400];
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (e->d_name[0] != '.' && unlink(path) < 0)
            scratch_empty(path);
    }
    if (d)
        closedir(d);
    rmdir(folder);
}

static void scratch_remove(void)
{
    scratch_empty(scratch_folder);
}

/* "FOLDER/name" in static memory; the folder is made at the first call. */
static inline const char *scratch_path(const char *name)
{
    static char paths[8][128];
    static int at;
    if (!scratch_folder[0]) {
        snprintf(scratch_folder, sizeof scratch_folder, "/dev/shm/satz-fuzz-%ld", (long)getpid());
        if (mkdir(scratch_folder, 0700) < 0)
            abort();
        atexit(scratch_remove);
    }
    char *path = paths[at++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", scratch_folder, name);
    return path;
}

static inline void scratch_write(const char *path, const void *data, size_t size)
{
    FILE *file = fopen(path, "w");
    if (!file || fwrite(data, 1, size, file) != size || fclose(file) != 0)
        abort();
}

#endif
