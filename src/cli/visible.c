#include "cli/visible.h"

#include <stdlib.h>
#include <string.h>

/* Bytes of the character at p, 1 where it is none. */
static size_t width(const unsigned char *p)
{
    size_t n = *p < 0xC2 ? 1 : *p < 0xE0 ? 2 : *p < 0xF0 ? 3 : *p < 0xF5 ? 4 : 1;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 1;
    return n;
}

/* U+0080 to U+009F are controls as well. */
static int is_control(const unsigned char *p, size_t n)
{
    return n == 1 ? *p < 32 || *p >= 127 : n == 2 && *p == 0xC2 && p[1] < 0xA0;
}

static void print(FILE *out, const char *text, const char *kept)
{
    const unsigned char *p = (const unsigned char *)text;
    for (size_t n; *p; p += n) {
        n = width(p);
        if (!is_control(p, n) || (n == 1 && strchr(kept, *p)))
            fwrite(p, 1, n, out);
        else
            for (size_t i = 0; i < n; i++)
                fprintf(out, "\\x%02x", p[i]);
    }
}

void visible_text(FILE *out, const char *text)
{
    print(out, text, "\n\t");
}

void visible_vline(FILE *out, const char *format, va_list args)
{
    char *text;
    int n = vasprintf(&text, format, args);
    print(out, n < 0 ? format : text, "");
    fputc('\n', out);
    if (n >= 0)
        free(text);
}

void visible_line(FILE *out, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    visible_vline(out, format, args);
    va_end(args);
}
