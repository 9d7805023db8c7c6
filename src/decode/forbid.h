/* forbid.h -- texts that a translation must not contain. */
#ifndef SATZ_DECODE_FORBID_H
#define SATZ_DECODE_FORBID_H

#include <stdbool.h>

/* Whether `phrase` stands in `text` as whole words: between characters that are neither letters nor
 * digits, or the ends. */
bool forbid_contains(const char *text, const char *phrase);

#endif
