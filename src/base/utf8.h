/* utf8.h -- UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, at most U+10FFFF. */
#ifndef SATZ_BASE_UTF8_H
#define SATZ_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Decodes one code point from n > 0 bytes. Returns its length in bytes, or 0 when the bytes are not
 * valid; *code is set to U+FFFD then. */
size_t utf8_decode(const char *text, size_t n, uint32_t *code);

/* Offset of the first invalid byte, or n. */
size_t utf8_valid_prefix(const char *text, size_t n);

/* Writes 1-4 bytes to out; returns how many. Invalid codes are written as U+FFFD. */
size_t utf8_encode(uint32_t code, char out[4]);

#endif
