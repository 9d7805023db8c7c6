/* head.h -- what is believed of a request's head. */
#ifndef SATZ_SERVE_HEAD_H
#define SATZ_SERVE_HEAD_H

#include <stdbool.h>

struct MHD_Connection;

/* A client's word as a message may repeat it: what is not plain ASCII, which might not even be
 * UTF-8, is '?'. NULL is "missing". */
struct head_word {
    char text[65];
};
struct head_word head_word(const char *text);

/* Whether it is clear where the request ends (RFC 9112, 6.3). Otherwise what follows it could be
 * taken for another request here, and for a part of this one by a server before, or never end. */
bool head_has_clear_end(struct MHD_Connection *connection);

#endif
