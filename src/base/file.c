#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/memory.h"

int file_read(const char *path, size_t limit, struct strbuf *out, struct satz_error *err)
{
    FILE *f = fopen(path, "rbe");
    if (!f)
        return error_set_errno(err, "%s: cannot open", path);
    size_t start = out->length;
    char chunk[65536];
    size_t n;
    while ((n = fread(chunk, 1, sizeof chunk, f)) > 0) {
        strbuf_add(out, chunk, n);
        if (out->length - start > limit) {
            fclose(f);
            return error_set(err, "%s: larger than the %zu bytes allowed here", path, limit);
        }
    }
    bool bad = ferror(f);
    int status = bad ? error_set_errno(err, "%s: cannot read", path) : strbuf_check(out, err);
    fclose(f);
    return status;
}

bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

int file_make_folder(const char *path, struct satz_error *err)
{
    if (path[0] == '\0')
        return error_set(err, "the name of a folder is missing");
    char *copy = memory_copy_string(path, err);
    if (!copy)
        return -1;
    int status = 0;
    for (char *p = copy + 1;; p++) {
        if (*p != '/' && *p != '\0')
            continue;
        char kept = *p;
        *p = '\0';
        if (mkdir(copy, 0777) < 0 && errno != EEXIST) {
            status = error_set_errno(err, "%s: cannot make the folder", copy);
            break;
        }
        *p = kept;
        if (kept == '\0')
            break;
    }
    struct stat info;
    if (status == 0 && stat(path, &info) < 0)
        status = error_set_errno(err, "%s: cannot examine", path);
    else if (status == 0 && !S_ISDIR(info.st_mode))
        status = error_set(err, "%s: is not a folder", path);
    free(copy);
    return status;
}

char *file_join(const char *folder, const char *name, struct satz_error *err)
{
    struct strbuf s = {0};
    size_t n = strlen(folder);
    strbuf_addf(&s, n && folder[n - 1] == '/' ? "%s%s" : "%s/%s", folder, name);
    return strbuf_detach(&s, err);
}

char *file_make_scratch(const char *what, struct satz_error *err)
{
    const char *place = getenv("TMPDIR");
    char name[64];
    snprintf(name, sizeof name, "satz-%s-XXXXXX", what);
    char *folder = file_join(place && place[0] ? place : "/tmp", name, err);
    if (folder && !mkdtemp(folder)) {
        error_set_errno(err, "%s: cannot make the folder (TMPDIR names another place)", folder);
        free(folder);
        return NULL;
    }
    return folder;
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *level)
{
    (void)info;
    (void)type;
    (void)level;
    return remove(path);
}

void file_remove_scratch(char *folder)
{
    nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    free(folder);
}

int file_map_open(struct file_map *map, const char *path, struct satz_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe is refused, not waited for */
    if (fd < 0)
        return error_set_errno(err, "%s: cannot open", path);
    struct stat info;
    if (fstat(fd, &info) < 0) {
        error_set_errno(err, "%s: cannot examine", path);
        goto fail;
    }
    if (!S_ISREG(info.st_mode)) {
        error_set(err,
                  S_ISDIR(info.st_mode) ? "%s: is a folder; name a file in it"
                                        : "%s: is not a plain file",
                  path);
        goto fail;
    }
    void *data = NULL;
    size_t size = (size_t)info.st_size;
    if (size > 0) {
        data = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
        if (data == MAP_FAILED) {
            error_set_errno(err, "%s: cannot map %zu bytes", path, size);
            goto fail;
        }
    }
    close(fd);
    *map = (struct file_map){data, size};
    return 0;
fail:
    close(fd);
    return -1;
}

void file_map_release(struct file_map *map)
{
    if (map->size > 0)
        munmap((void *)(uintptr_t)map->data, map->size);
    *map = (struct file_map){0};
}

struct file_writer {
    FILE *file;
    char *path, *temporary;
    uint64_t size;
};

static void writer_free(struct file_writer *w)
{
    free(w->path);
    free(w->temporary);
    free(w);
}

/* Makes and locks the file. What has the name already is not written to: it is the half of a gone
 * process that had our number, or a link that somebody put there. Whoever clears halves away may
 * come between: then once more. Where locks do not exist, nobody can take one either, and halves
 * stay. */
static FILE *open_locked(const char *path)
{
    for (int tries = 0; tries < 100; tries++) {
        struct stat info;
        int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
        if (fd < 0 && errno == EEXIST && unlink(path) == 0)
            continue;
        if (fd < 0)
            return NULL;
        (void)flock(fd, LOCK_EX);
        if (fstat(fd, &info) == 0 && info.st_nlink > 0) {
            FILE *f = fdopen(fd, "wb");
            if (!f) {
                unlink(path);
                close(fd);
            }
            return f;
        }
        close(fd);
    }
    errno = EEXIST;
    return NULL;
}

/* Whether the name is "...ENDING.tmp.DIGITS". */
static bool is_half(const char *name, const char *ending)
{
    const char *mark = strstr(name, ".tmp.");
    size_t n = strlen(ending);
    return mark && (size_t)(mark - name) >= n && strncmp(mark - n, ending, n) == 0 && mark[5] &&
           mark[5 + strspn(mark + 5, "0123456789")] == '\0';
}

static int remove_half(DIR *dir, const char *folder, const char *name, struct satz_error *err)
{
    int status = 0, fd = openat(dirfd(dir), name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return 0; /* gone by now, or somebody else's */
    if (flock(fd, LOCK_EX | LOCK_NB) == 0 && unlinkat(dirfd(dir), name, 0) < 0 && errno != ENOENT)
        status = error_set_errno(err, "%s/%s: cannot delete", folder, name);
    close(fd);
    return status;
}

int file_remove_halves(const char *folder, const char *ending, struct satz_error *err)
{
    DIR *dir = opendir(folder);
    int status = 0;
    if (!dir)
        return error_set_errno(err, "%s: cannot read the folder", folder);
    for (struct dirent *entry; errno = 0, status == 0 && (entry = readdir(dir)) != NULL;)
        if (is_half(entry->d_name, ending))
            status = remove_half(dir, folder, entry->d_name, err);
    if (status == 0 && errno)
        status = error_set_errno(err, "%s: cannot read the folder", folder);
    closedir(dir);
    return status;
}

struct file_writer *file_writer_open(const char *path, struct satz_error *err)
{
    struct stat info;
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode)) {
        error_set(err, "%s: is not a plain file, and will not be replaced by one", path);
        return NULL;
    }
    struct file_writer *w = memory_new(1, sizeof *w, err);
    if (!w)
        return NULL;
    struct strbuf name = {0};
    strbuf_addf(&name, "%s.tmp.%ld", path, (long)getpid());
    w->temporary = strbuf_detach(&name, err);
    w->path = w->temporary ? memory_copy_string(path, err) : NULL;
    if (!w->path)
        goto fail;
    w->file = open_locked(w->temporary);
    if (!w->file) {
        error_set_errno(err, "%s: cannot write", path);
        goto fail;
    }
    return w;
fail:
    writer_free(w);
    return NULL;
}

int file_writer_write(struct file_writer *w, const void *bytes, size_t n, struct satz_error *err)
{
    if (n && fwrite(bytes, 1, n, w->file) != n)
        return error_set_errno(err, "%s: cannot write (is the disk full?)", w->temporary);
    w->size += n;
    return 0;
}

uint64_t file_writer_size(const struct file_writer *w)
{
    return w->size;
}

/* The rename is durable only once the folder's own entry is on disk. */
static int sync_folder(const char *path, struct satz_error *err)
{
    char *folder = memory_copy_string(path, err);
    if (!folder)
        return -1;
    char *slash = strrchr(folder, '/');
    if (slash)
        slash[slash == folder ? 1 : 0] = '\0';
    int fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int status = 0;
    if (fd < 0 || (fsync(fd) < 0 && errno != EINVAL && errno != EROFS))
        status = error_set_errno(err, "%s: cannot make the folder's change durable", folder);
    if (fd >= 0)
        close(fd);
    free(folder);
    return status;
}

int file_writer_commit(struct file_writer *w, struct satz_error *err)
{
    int status = 0;
    if (fflush(w->file) != 0 || fsync(fileno(w->file)) < 0)
        status = error_set_errno(err, "%s: cannot write (is the disk full?)", w->temporary);
    if (fclose(w->file) != 0 && status == 0)
        status = error_set_errno(err, "%s: cannot write (is the disk full?)", w->temporary);
    if (status == 0 && rename(w->temporary, w->path) < 0)
        status = error_set_errno(err, "%s: cannot rename to %s", w->temporary, w->path);
    if (status < 0)
        unlink(w->temporary);
    else
        status = sync_folder(w->path, err);
    writer_free(w);
    return status;
}

void file_writer_abort(struct file_writer *w)
{
    if (!w)
        return;
    fclose(w->file);
    unlink(w->temporary);
    writer_free(w);
}

int file_replace(const char *path, const void *bytes, size_t n, struct satz_error *err)
{
    struct file_writer *w = file_writer_open(path, err);
    if (!w)
        return -1;
    if (file_writer_write(w, bytes, n, err) < 0) {
        file_writer_abort(w);
        return -1;
    }
    return file_writer_commit(w, err);
}

uint64_t checksum(const void *bytes, size_t n, uint64_t seed)
{
    return XXH3_64bits_withSeed(bytes, n, seed);
}
