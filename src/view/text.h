/* text.h -- words made fit to be shown. */
#ifndef SATZ_VIEW_TEXT_H
#define SATZ_VIEW_TEXT_H

#include <stddef.h>

#include "base/strbuf.h"

/* Appends `text` with everything harmless to a reader's terminal, page or picture: control
 * characters, line and direction marks and other invisible characters are spelled out as
 * "<U+202E>", bytes that are not UTF-8 become U+FFFD. Of a text longer than `limit` characters (as
 * appended) the beginning is kept and an ellipsis ends it; limit >= 1. NULL counts as "". */
void text_add_visible(struct strbuf *out, const char *text, size_t limit);

/* As text_add_visible, and with & < > " ' escaped for HTML text and quoted attributes. */
void text_add_html(struct strbuf *out, const char *text, size_t limit);

#endif
