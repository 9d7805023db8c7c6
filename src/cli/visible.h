/* visible.h -- text for people, in which files and clients have a say: a terminal obeys control
 * characters, so these are spelled out, "\x1b", and bytes that are not UTF-8 too. */
#ifndef SATZ_CLI_VISIBLE_H
#define SATZ_CLI_VISIBLE_H

#include <stdarg.h>
#include <stdio.h>

/* Prints a text of several lines: line ends and tabs stay. */
void visible_text(FILE *out, const char *text);

/* As printf, a single line, which it ends: line ends inside are spelled out too. */
void visible_line(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
void visible_vline(FILE *out, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

#endif
