/* error.h -- how every module reports failure.
 *
 * `return error_set(err, ...)` is the idiom: it formats the message and yields -1. Messages name
 * the file, the line where there is one, and what to do; they are sentences that can be shown as
 * is. */
#ifndef SATZ_BASE_ERROR_H
#define SATZ_BASE_ERROR_H

#include "satz.h"

/* Formats the message into *err (ignored when NULL). Always returns -1. */
int error_set(struct satz_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* As error_set, then ": " and the text of errno as it was on entry. Always returns -1. */
int error_set_errno(struct satz_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Puts "text: " in front of the message already in *err. Always returns -1. */
int error_prefix(struct satz_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
