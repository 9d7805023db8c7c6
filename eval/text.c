#include "text.h"

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "segment.h"

static void add_bytes(struct text *t, const char *bytes, size_t n)
{
    if (t->failed || eval_grow(&t->data, &t->capacity, t->length + n + 1, 1, NULL)) {
        t->failed = true;
        return;
    }
    memcpy(t->data + t->length, bytes, n);
    t->length += n;
    t->data[t->length] = '\0';
}

void text_add(struct text *t, const char *string)
{
    add_bytes(t, string, strlen(string));
}

void text_addf(struct text *t, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int n = vsnprintf(NULL, 0, format, arguments);
    if (n < 0 || t->failed ||
        eval_grow(&t->data, &t->capacity, t->length + (size_t)n + 1, 1, NULL)) {
        t->failed = true;
    } else {
        vsnprintf(t->data + t->length, (size_t)n + 1, format, again);
        t->length += (size_t)n;
    }
    va_end(again);
    va_end(arguments);
}

/* The length of the character at p, 0 if it is not UTF-8. */
static size_t valid_width(const char *p, const char *end)
{
    uint32_t code;
    size_t width = character_decode(p, end, &code);
    return code >= 0xDC00 && code <= 0xDFFF ? 0 : width;
}

/* Adds characters one by one: what `escape` gives for them, or they themselves where it gives NULL.
 */
static void add_escaped(struct text *t, const char *string, const char *(*escape)(char c))
{
    const char *end = string + strlen(string);
    while (string < end) {
        size_t width = valid_width(string, end);
        const char *escaped = width == 1 ? escape(*string) : width ? NULL : "\uFFFD";
        if (escaped)
            text_add(t, escaped);
        else
            add_bytes(t, string, width);
        string += width ? width : 1;
    }
}

static const char *escape_json(char c)
{
    static const char controls[32][8] = {
        "\\u0000", "\\u0001", "\\u0002", "\\u0003", "\\u0004", "\\u0005", "\\u0006", "\\u0007",
        "\\b",     "\\t",     "\\n",     "\\u000b", "\\f",     "\\r",     "\\u000e", "\\u000f",
        "\\u0010", "\\u0011", "\\u0012", "\\u0013", "\\u0014", "\\u0015", "\\u0016", "\\u0017",
        "\\u0018", "\\u0019", "\\u001a", "\\u001b", "\\u001c", "\\u001d", "\\u001e", "\\u001f"};
    if ((unsigned char)c < 32)
        return controls[(unsigned char)c];
    return c == '"' ? "\\\"" : c == '\\' ? "\\\\" : NULL;
}

void text_add_json(struct text *t, const char *string)
{
    text_add(t, "\"");
    add_escaped(t, string, escape_json);
    text_add(t, "\"");
}

void text_add_json_number(struct text *t, double number)
{
    char digits[32] = "null";
    for (int n = 15; n <= 17 && isfinite(number); n++) {
        snprintf(digits, sizeof digits, "%.*g", n, number);
        if (strtod(digits, NULL) == number)
            break;
    }
    text_add(t, digits);
}

static const char *escape_html(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    case '\t':
    case '\n':
        return NULL;
    default:
        return (unsigned char)c < 32 || c == 127 ? "\uFFFD" : NULL;
    }
}

void text_add_html_escaped(struct text *t, const char *string)
{
    add_escaped(t, string, escape_html);
}

static const char *escape_markdown(char c)
{
    static const char marks[] = "\\`*_{}[]<>#|~&";
    static const char escaped[][3] = {"\\\\", "\\`", "\\*", "\\_", "\\{", "\\}", "\\[",
                                      "\\]",  "\\<", "\\>", "\\#", "\\|", "\\~", "\\&"};
    const char *mark = strchr(marks, c);
    return (unsigned char)c < 32 ? " " : mark ? escaped[mark - marks] : NULL;
}

void text_add_markdown(struct text *t, const char *string)
{
    add_escaped(t, string, escape_markdown);
}

char *text_take(struct text *t, struct satz_error *err)
{
    char *data = t->data;
    bool failed = t->failed;
    *t = (struct text){0};
    if (!failed && !data)
        data = calloc(1, 1);
    if (!failed && data)
        return data;
    free(data);
    eval_error(err, "Out of memory for the text of a report.");
    return NULL;
}
