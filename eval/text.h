/* text.h -- a growing text, and the escapes of the formats it is written in.
 *
 * Appending never fails loudly: when memory runs out `failed` is set, and text_take reports it. */
#ifndef SATZ_EVAL_TEXT_H
#define SATZ_EVAL_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "satz.h"

/* Zero-initialise. */
struct text {
    char *data;
    size_t length, capacity;
    bool failed;
};

void text_add(struct text *t, const char *string);
void text_addf(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A JSON string with its quotes; bytes that are not UTF-8 become U+FFFD. */
void text_add_json(struct text *t, const char *string);

/* A JSON number with the digits that tell it from all others; null if it is not finite. */
void text_add_json_number(struct text *t, double number);

/* Text for HTML, inside or outside of quotes; control characters and bytes that are not UTF-8
 * become U+FFFD. */
void text_add_html_escaped(struct text *t, const char *string);

/* Text for a cell of a Markdown table: nothing in it is markup, and it has one line. */
void text_add_markdown(struct text *t, const char *string);

/* Hands the text over; the caller frees it. NULL with *err set if memory ran out; *t is empty. */
char *text_take(struct text *t, struct satz_error *err);

#endif
