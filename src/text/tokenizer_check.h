/* tokenizer_check.h -- whether SentencePiece may be given the bytes of a model.
 *
 * The library believes what is inside a model: its table of normalised characters is walked by
 * offsets that stand in it, its strings are found by offsets and end at a zero byte. A forged one
 * reads anywhere. What can be wrong there is checked here, before the library sees it. */
#ifndef SATZ_TEXT_TOKENIZER_CHECK_H
#define SATZ_TEXT_TOKENIZER_CHECK_H

#include <stddef.h>

#include "base/error.h"

/* 0 when: the fields are whole; every step in a table of characters, from any entry by any byte,
 * stays in the table and every string in its text; no string is so long that a sentence could grow
 * beyond measure; scores are finite. */
int tokenizer_check(const void *model, size_t n, struct satz_error *err);

#endif
