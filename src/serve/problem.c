#include "serve/problem.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int problem_set(struct problem *p, int status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    p->status = status;
    int n = vsnprintf(p->message, sizeof p->message, format, args);
    va_end(args);
    if (n >= (int)sizeof p->message) {
        size_t end = sizeof p->message - 1;
        while (end > 0 && ((unsigned char)p->message[end - 1] & 0xC0) == 0x80)
            end--;
        /* Now the byte before `end` starts the last character; only a whole one stays. */
        unsigned char lead = end ? (unsigned char)p->message[end - 1] : 0;
        size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
        if (end > 0 && end - 1 + length > sizeof p->message - 1)
            p->message[end - 1] = '\0';
    }
    json_t *text = json_string(p->message);
    for (char *at = p->message; !text && *at; at++)
        *at = *at & 0x80 ? '?' : *at;
    json_decref(text);
    return -1;
}
