/* json.h -- JSON of files that anybody may have made. */
#ifndef SATZ_BASE_JSON_H
#define SATZ_BASE_JSON_H

#include <stddef.h>

#include <jansson.h>

/* As json_loadb, but not text that is nothing but brackets and commas: a value takes up to 230
 * bytes of memory, and "[],[],[]" has one for every three bytes. What is read has no more than one
 * opening bracket or comma for four bytes, and so takes at most 40 times its length. */
json_t *json_parse(const char *text, size_t n, size_t flags, json_error_t *problem);

#endif
