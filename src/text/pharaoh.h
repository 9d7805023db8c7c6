/* pharaoh.h -- word alignments as text, a sentence a line:
 *
 *     0-0 1-2 2p1     I-J: word I of the source and word J of the target, from 0
 *                     IpJ: a possible link of a gold alignment, where I-J is a sure one
 *                     I-J:0.93: a link with a weight, 0 to 1
 *
 * Links stand apart by spaces or tabs; an empty line aligns nothing. */
#ifndef SATZ_TEXT_PHARAOH_H
#define SATZ_TEXT_PHARAOH_H

#include "base/error.h"

/* The links of one sentence pair; all zero is an empty list, whose memory is kept between lines. */
struct pharaoh {
    struct satz_link *links;
    size_t n, capacity;
};

void pharaoh_release(struct pharaoh *p);

/* Puts the links of a line of `length` bytes in place of what *p held, in their order. Words are
 * counted from `base` in the text (0 or 1) and from 0 in *p. n_sources and n_targets are the
 * numbers of words, which no link may pass; -1 where they are not known. The message names the
 * column and the link at fault; put the file and the line before it with error_prefix. */
int pharaoh_parse(struct pharaoh *p, const char *line, size_t length, int base, int n_sources,
                  int n_targets, struct satz_error *err);

#endif
