#include "cli/input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Read at once, at most. */
enum { BLOCK = 1 << 16 };

static const char byte_order_mark[] = "\xEF\xBB\xBF";
enum { MARK = sizeof byte_order_mark - 1 };

int input_open(struct input *in, const char *path, const struct usage *usage)
{
    bool standard = strcmp(path, "-") == 0;
    int file = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return command_failed(usage, "%s: cannot open: %s", path, strerror(errno));
    *in = (struct input){.usage = usage, .name = standard ? "standard input" : path, .file = file};
    return EXIT_SUCCESS;
}

/* Makes room for `n` bytes in a buffer. */
static int reserve(char **buffer, size_t *capacity, size_t n)
{
    if (n <= *capacity)
        return 0;
    size_t more = n > 2 * *capacity ? n : 2 * *capacity;
    char *larger = realloc(*buffer, more);
    if (!larger)
        return -1;
    *buffer = larger;
    *capacity = more;
    return 0;
}

/* The "\n" of the next line, or NULL while it has not been read. */
static char *find_end(struct input *in)
{
    size_t n = in->end - in->begin;
    if (n == in->searched)
        return NULL;
    char *from = in->ahead + in->begin;
    char *end = memchr(from + in->searched, '\n', n - in->searched);
    in->searched = end ? (size_t)(end - from) : n;
    return end;
}

/* Reads a block. Returns its bytes, 0 at the end, -1 on an error with errno. A terminal goes on
 * after its end, which must not be asked for twice. */
static ssize_t read_ahead(struct input *in)
{
    if (in->ended)
        return 0;
    if (in->begin > 0) {
        memmove(in->ahead, in->ahead + in->begin, in->end - in->begin);
        in->end -= in->begin;
        in->begin = 0;
    }
    if (reserve(&in->ahead, &in->room, in->end + BLOCK) < 0)
        return -1;
    ssize_t n;
    do
        n = read(in->file, in->ahead + in->end, BLOCK);
    while (n < 0 && errno == EINTR);
    if (n > 0)
        in->end += (size_t)n;
    in->ended = n == 0;
    return n;
}

int input_next(struct input *in)
{
    char *end;
    ssize_t n = 1;
    while (!(end = find_end(in)) && n > 0)
        n = read_ahead(in);
    size_t length = end ? (size_t)(end - (in->ahead + in->begin)) : in->end - in->begin;
    if (n == 0 && length == 0)
        return 0;
    if (n < 0 || reserve(&in->line, &in->capacity, length + 1) < 0) {
        command_failed(in->usage, "%s: cannot read: %s", in->name, strerror(errno));
        return -1;
    }
    const char *from = in->ahead + in->begin;
    in->begin += length + (end != NULL);
    if (in->number == 0 && length >= MARK && memcmp(from, byte_order_mark, MARK) == 0) {
        from += MARK;
        length -= MARK;
    }
    memcpy(in->line, from, length);
    in->line[length] = '\0';
    in->length = length;
    in->searched = 0;
    in->number++;
    return 1;
}

bool input_waits(struct input *in, int milliseconds)
{
    struct pollfd p = {.fd = in->file, .events = POLLIN};
    while (!find_end(in)) {
        if (poll(&p, 1, milliseconds) == 0)
            return true;
        if (read_ahead(in) <= 0)
            return false; /* input_next tells what */
    }
    return false;
}

size_t input_take_line(struct input *in, char **line, size_t *capacity)
{
    char *read = in->line;
    size_t room = in->capacity, n = in->length;
    in->line = *line;
    in->capacity = *capacity;
    *line = read;
    *capacity = room;
    return n > 0 && read[n - 1] == '\r' ? n - 1 : n;
}

void input_close(struct input *in)
{
    if (in->name && in->file != STDIN_FILENO)
        close(in->file);
    free(in->line);
    free(in->ahead);
    *in = (struct input){0};
}
