#include "base/strbuf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static bool reserve(struct strbuf *s, size_t extra)
{
    if (!s->failed && memory_grow(&s->data, &s->capacity, s->length + extra + 1, 1, NULL) < 0)
        s->failed = true;
    return !s->failed;
}

void strbuf_release(struct strbuf *s)
{
    free(s->data);
    *s = (struct strbuf){0};
}

void strbuf_clear(struct strbuf *s)
{
    s->length = 0;
    s->failed = false;
    if (s->data)
        s->data[0] = '\0';
}

void strbuf_add(struct strbuf *s, const void *bytes, size_t n)
{
    if (!reserve(s, n))
        return;
    if (n)
        memcpy(s->data + s->length, bytes, n);
    s->length += n;
    s->data[s->length] = '\0';
}

void strbuf_add_text(struct strbuf *s, const char *text)
{
    strbuf_add(s, text, strlen(text));
}

void strbuf_add_char(struct strbuf *s, char c)
{
    strbuf_add(s, &c, 1);
}

void strbuf_addf(struct strbuf *s, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n < 0 || !reserve(s, (size_t)n))
        return;
    va_start(args, format);
    vsnprintf(s->data + s->length, (size_t)n + 1, format, args);
    va_end(args);
    s->length += (size_t)n;
}

const char *strbuf_text(const struct strbuf *s)
{
    return s->data ? s->data : "";
}

int strbuf_check(const struct strbuf *s, struct satz_error *err)
{
    return s->failed ? error_set(err, "out of memory while building a text of %zu bytes", s->length)
                     : 0;
}

char *strbuf_detach(struct strbuf *s, struct satz_error *err)
{
    if (!s->data)
        strbuf_add(s, "", 0);
    if (strbuf_check(s, err) < 0) {
        strbuf_release(s);
        return NULL;
    }
    char *text = s->data;
    *s = (struct strbuf){0};
    return text;
}
