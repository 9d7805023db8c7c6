#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int error_set(struct satz_error *err, const char *format, ...)
{
    if (err) {
        va_list args;
        va_start(args, format);
        vsnprintf(err->message, sizeof err->message, format, args);
        va_end(args);
    }
    return -1;
}

int error_set_errno(struct satz_error *err, const char *format, ...)
{
    int number = errno;
    if (err) {
        va_list args;
        va_start(args, format);
        int n = vsnprintf(err->message, sizeof err->message, format, args);
        va_end(args);
        if (n >= 0 && (size_t)n < sizeof err->message)
            snprintf(err->message + n, sizeof err->message - (size_t)n, ": %s", strerror(number));
    }
    return -1;
}

int error_prefix(struct satz_error *err, const char *format, ...)
{
    if (!err)
        return -1;
    struct satz_error old = *err;
    va_list args;
    va_start(args, format);
    int n = vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    size_t at = n < 0 ? 0 : (size_t)n;
    if (at + 3 < sizeof err->message) {
        size_t room = sizeof err->message - at - 3;
        size_t length = strnlen(old.message, room);
        memcpy(err->message + at, ": ", 2);
        memcpy(err->message + at + 2, old.message, length);
        err->message[at + 2 + length] = '\0';
    }
    return -1;
}
