/* strbuf.h -- a growing byte string.
 *
 * Invariants: `data` is NULL only while `length` is 0; otherwise data[length] is '\0'. Appending
 * never fails loudly: when memory runs out `failed` is set, the contents stay as they were, and
 * strbuf_check() reports it once at the end of a run of appends. Bytes may include '\0'. */
#ifndef SATZ_BASE_STRBUF_H
#define SATZ_BASE_STRBUF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct strbuf {
    char *data;
    size_t length, capacity;
    bool failed;
};

void strbuf_release(struct strbuf *s);
void strbuf_clear(struct strbuf *s); /* length 0; keeps the memory, forgets a failure */
void strbuf_add(struct strbuf *s, const void *bytes, size_t n);
void strbuf_add_text(struct strbuf *s, const char *text);
void strbuf_add_char(struct strbuf *s, char c);
void strbuf_addf(struct strbuf *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The text, never NULL, owned by the buffer. */
const char *strbuf_text(const struct strbuf *s);

/* 0, or -1 with *err set when an earlier append ran out of memory. */
int strbuf_check(const struct strbuf *s, struct satz_error *err);

/* Hands the text over: the caller frees it; the buffer is empty. NULL with *err set on failure. */
char *strbuf_detach(struct strbuf *s, struct satz_error *err);

#endif
