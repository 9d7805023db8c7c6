// The program with faults: the linker sends our own calls of these functions here (--wrap), those of
// libraries go where they always do.
//
//   SATZ_FAULT=NAME:N        call number N (from 1) of NAME fails, as if the disk were full, the
//                            device broken, or memory short ("memory" is every way to allocate)
//   SATZ_FAULT=NAME:N+       that and all later ones
//                            (readonly: every way to make, open for writing or rename a file or
//                            folder, as on a file system that is mounted read-only)
//   SATZ_FAULT=NAME:N!       the process is killed in that call; a write is then half done
//                            (in_shard, in_validation: the gradient of a shard, the loss of a batch
//                            of held-out text; they can only be killed in)
//   SATZ_FAULT_COUNTS=FILE   at exit, a line "NAME CALLS" for each
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <new>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define KIND_LIST(X)                                                                               \
    X(memory) X(open) X(fopen) X(fdopen) X(mkostemp) X(fread) X(fwrite) X(fflush) X(fclose)       \
    X(fsync) X(rename) X(mmap) X(mkdir) X(mkdtemp) X(unlink) X(unlinkat) X(opendir) X(readdir) X(stat)       \
    X(fstat) X(flock) X(gzopen) X(gzread) X(readonly) X(in_shard) X(in_validation)

namespace {

enum kind {
#define KIND(name) KIND_##name,
    KIND_LIST(KIND)
#undef KIND
    N_KINDS
};

const char *const names[] = {
#define KIND(name) #name,
    KIND_LIST(KIND)
#undef KIND
};

std::atomic<long> calls[N_KINDS];

struct plan {
    int kind = -1;
    long number = 0;
    bool later = false, kill = false;

    plan()
    {
        const char *text = getenv("SATZ_FAULT");
        const char *colon = text ? strchr(text, ':') : nullptr;
        if (!colon)
            return;
        for (int k = 0; k < N_KINDS; k++)
            if (strlen(names[k]) == (size_t)(colon - text) &&
                strncmp(names[k], text, (size_t)(colon - text)) == 0)
                kind = k;
        char *end;
        number = strtol(colon + 1, &end, 10);
        later = *end == '+';
        kill = *end == '!';
        if (kind < 0 || number < 1 || (*end && !later && !kill)) {
            fprintf(stderr, "SATZ_FAULT=%s is not understood\n", text);
            _exit(99);
        }
    }

    ~plan()
    {
        const char *path = getenv("SATZ_FAULT_COUNTS");
        int fd = path ? ::creat(path, 0666) : -1;
        if (fd < 0)
            return;
        for (int k = 0; k < N_KINDS; k++)
            dprintf(fd, "%s %ld\n", names[k], calls[k].load());
        ::close(fd);
    }
};

const plan &the_plan()
{
    static const plan p;
    return p;
}

void die()
{
    ::kill(getpid(), SIGKILL);
}

// Whether this call is to fail; does not return where it is to be killed, but for a write.
bool fails(kind k)
{
    const plan &p = the_plan();
    long n = ++calls[k];
    if (p.kind != k || n < p.number || (n > p.number && !p.later))
        return false;
    if (p.kill && k != KIND_fwrite)
        die();
    errno = k == KIND_memory                                             ? ENOMEM
            : k == KIND_readonly                                       ? EROFS
            : k == KIND_fwrite || k == KIND_fflush || k == KIND_fclose ? ENOSPC
                                                                           : EIO;
    return true;
}

void mark_error(FILE *f)
{
    f->_flags |= 0x20; // glibc's _IO_ERR_SEEN, what ferror tells
}

const struct start {
    start() { the_plan(); }
} at_start;

} // namespace

extern "C" {

#define WRAP(type, name, parameters)                                                               \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters

#define SIMPLE(kind, type, failure, name, parameters, arguments)                                   \
    WRAP(type, name, parameters)                                                                   \
    {                                                                                              \
        return fails(KIND_##kind) ? failure : __real_##name arguments;                             \
    }

// What a read-only file system refuses, besides being a kind of its own.
#define WRITING(kind, type, failure, name, parameters, arguments)                                  \
    WRAP(type, name, parameters)                                                                   \
    {                                                                                              \
        return fails(KIND_readonly) || fails(KIND_##kind) ? failure : __real_##name arguments;     \
    }

SIMPLE(memory, void *, nullptr, malloc, (size_t n), (n))
SIMPLE(memory, void *, nullptr, calloc, (size_t n, size_t size), (n, size))
SIMPLE(memory, void *, nullptr, realloc, (void *p, size_t n), (p, n))
SIMPLE(memory, int, ENOMEM, posix_memalign, (void **p, size_t a, size_t n), (p, a, n))
SIMPLE(fdopen, FILE *, nullptr, fdopen, (int fd, const char *mode), (fd, mode))
SIMPLE(fsync, int, -1, fsync, (int fd), (fd))
SIMPLE(unlink, int, -1, unlink, (const char *path), (path))
SIMPLE(unlinkat, int, -1, unlinkat, (int fd, const char *path, int flags), (fd, path, flags))
SIMPLE(opendir, DIR *, nullptr, opendir, (const char *path), (path))
SIMPLE(readdir, struct dirent *, nullptr, readdir, (DIR * dir), (dir))
SIMPLE(stat, int, -1, stat, (const char *path, struct stat *s), (path, s))
SIMPLE(fstat, int, -1, fstat, (int fd, struct stat *s), (fd, s))
SIMPLE(flock, int, -1, flock, (int fd, int operation), (fd, operation))
SIMPLE(gzread, int, -1, gzread, (gzFile f, voidp buffer, unsigned n), (f, buffer, n))
SIMPLE(gzopen, gzFile, nullptr, gzopen, (const char *path, const char *mode), (path, mode))
SIMPLE(mmap, void *, MAP_FAILED, mmap, (void *at, size_t n, int p, int flags, int fd, off_t from),
       (at, n, p, flags, fd, from))

WRITING(mkostemp, int, -1, mkostemp, (char *path, int flags), (path, flags))
WRITING(mkdtemp, char *, nullptr, mkdtemp, (char *path), (path))
WRITING(rename, int, -1, rename, (const char *from, const char *to), (from, to))

WRAP(int, mkdir, (const char *path, mode_t mode))
{
    // what is there is EEXIST there, too
    bool refused = ::access(path, F_OK) != 0 && fails(KIND_readonly);
    return refused || fails(KIND_mkdir) ? -1 : __real_mkdir(path, mode);
}

WRAP(FILE *, fopen, (const char *path, const char *mode))
{
    bool refused = mode[0] != 'r' && fails(KIND_readonly);
    return refused || fails(KIND_fopen) ? nullptr : __real_fopen(path, mode);
}

void *__real__Znwm(size_t n);
void *__wrap__Znwm(size_t n)
{
    if (fails(KIND_memory))
        throw std::bad_alloc();
    return __real__Znwm(n);
}

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, int) : 0;
    va_end(args);
    bool refused = (flags & (O_CREAT | O_TMPFILE)) && fails(KIND_readonly);
    return refused || fails(KIND_open) ? -1 : __real_open(path, flags, mode);
}

WRAP(size_t, fread, (void *p, size_t size, size_t n, FILE *f))
{
    if (!fails(KIND_fread))
        return __real_fread(p, size, n, f);
    mark_error(f);
    return 0;
}

WRAP(size_t, fwrite, (const void *p, size_t size, size_t n, FILE *f))
{
    if (!fails(KIND_fwrite))
        return __real_fwrite(p, size, n, f);
    int why = errno;
    size_t done = __real_fwrite(p, size, n / 2, f);
    if (the_plan().kill) {
        fflush(f);
        die();
    }
    mark_error(f);
    errno = why;
    return done;
}

WRAP(int, fflush, (FILE * f))
{
    if (!fails(KIND_fflush))
        return __real_fflush(f);
    if (f)
        mark_error(f);
    return EOF;
}

WRAP(void, seq2seq_gradient,
     (const void *pass, const void *m, const void *b, float scale, void *memory, void *sums))
{
    (void)fails(KIND_in_shard);
    __real_seq2seq_gradient(pass, m, b, scale, memory, sums);
}

WRAP(void, seq2seq_loss,
     (const void *pass, const void *m, const void *b, void *memory, void *sums))
{
    (void)fails(KIND_in_validation);
    __real_seq2seq_loss(pass, m, b, memory, sums);
}

WRAP(int, fclose, (FILE * f))
{
    bool bad = fails(KIND_fclose);
    int why = errno, status = __real_fclose(f);
    if (bad)
        errno = why;
    return bad ? EOF : status;
}
}
