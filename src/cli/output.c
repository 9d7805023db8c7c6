#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/command.h"

/* What a pipe takes in one piece, or not at all. */
enum { AT_ONCE = PIPE_BUF };

/* A signal handler can reach nothing but globals. */
static char *volatile unfinished;

static void on_signal(int number)
{
    unlink(unfinished);
    signal(number, SIG_DFL);
    raise(number);
}

/* Sees to it that Ctrl-C leaves no half of a file behind. */
static void remove_when_interrupted(char *path)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    unfinished = path;
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        struct sigaction old, new = {.sa_handler = path ? on_signal : SIG_DFL};
        if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            sigaction(signals[i], &new, NULL);
    }
}

static int output_failed(const struct output *o)
{
    const char *remedy =
        errno == ENOSPC || errno == EDQUOT ? "; make room, or write elsewhere" : "";
    if (o->file == STDOUT_FILENO)
        return command_failed(o->usage, "the output could not be written: %s%s", strerror(errno),
                              remedy);
    return command_failed(o->usage, "%s: cannot write: %s%s", o->name, strerror(errno), remedy);
}

/* Whether `path` is something to write into, such as a device or a pipe, not a file to replace. */
static bool is_special(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && !S_ISREG(info.st_mode);
}

int output_make(const char *path)
{
    unlink(path);
    return open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
}

int output_open(struct output *o, const char *path, const struct usage *usage)
{
    *o = (struct output){.usage = usage, .name = path, .file = STDOUT_FILENO};
    if (!path)
        return EXIT_SUCCESS;
    if (!is_special(path)) {
        o->target = realpath(path, NULL); /* a symbolic link stays one */
        if (!o->target)
            o->target = strdup(path);
        if (!o->target || asprintf(&o->temporary, "%s.tmp.%ld", o->target, (long)getpid()) < 0) {
            o->temporary = NULL;
            free(o->target);
            return command_failed(usage, "%s", strerror(ENOMEM));
        }
        remove_when_interrupted(o->temporary);
    }
    o->file =
        o->temporary ? output_make(o->temporary) : open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (o->file >= 0)
        return EXIT_SUCCESS;
    int status = output_failed(o);
    remove_when_interrupted(NULL);
    free(o->temporary);
    free(o->target);
    return status;
}

/* Takes the last `n` bytes that were written off a file. */
static void take_back(int file, size_t n)
{
    struct stat info;
    off_t at = lseek(file, 0, SEEK_CUR);
    if (n > 0 && at >= (off_t)n && fstat(file, &info) == 0 && S_ISREG(info.st_mode) &&
        ftruncate(file, at - (off_t)n) == 0)
        lseek(file, at - (off_t)n, SEEK_SET);
}

/* The bytes of the first lines that go together: as many as are written at once, at least one. */
static size_t whole_lines(const char *lines, size_t n)
{
    if (n <= AT_ONCE)
        return n;
    const char *end = memrchr(lines, '\n', AT_ONCE);
    if (!end)
        end = memchr(lines, '\n', n);
    return end ? (size_t)(end - lines) + 1 : n;
}

int output_write(struct output *o, const char *lines, size_t n)
{
    while (n > 0) {
        size_t part = whole_lines(lines, n), written = 0;
        while (written < part) {
            ssize_t now = write(o->file, lines + written, part - written);
            if (now >= 0) {
                written += (size_t)now;
            } else if (errno != EINTR) {
                int status = output_failed(o);
                const char *end = written > 0 ? memrchr(lines, '\n', written) : NULL;
                take_back(o->file, written - (end ? (size_t)(end - lines) + 1 : 0));
                return status;
            }
        }
        lines += part;
        n -= part;
    }
    return EXIT_SUCCESS;
}

int output_flush_standard(const struct usage *usage)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return EXIT_SUCCESS;
    return output_failed(&(struct output){.usage = usage, .file = STDOUT_FILENO});
}

int output_close(struct output *o, int status)
{
    if (o->file == STDOUT_FILENO)
        return status;
    if (fsync(o->file) != 0 && errno != EINVAL && errno != EROFS && status == EXIT_SUCCESS)
        status = output_failed(o);
    if (close(o->file) != 0 && status == EXIT_SUCCESS)
        status = output_failed(o);
    if (o->temporary) {
        if (status == EXIT_SUCCESS && rename(o->temporary, o->target) != 0)
            status = output_failed(o);
        if (status != EXIT_SUCCESS)
            unlink(o->temporary);
        remove_when_interrupted(NULL);
    }
    free(o->temporary);
    free(o->target);
    return status;
}
