/* html.h -- the attention of many sentences on one web page.
 *
 * The page is a single file that loads nothing: light or dark as the reader's system is, words
 * found by the browser's own search, matrices drawn only as they come into view. Resting on a cell
 * shows its weight; choosing a target word marks the source words it attends to. A weight is kept
 * in one byte as a share of its sentence's heaviest. */
#ifndef SATZ_VIEW_HTML_H
#define SATZ_VIEW_HTML_H

#include "base/error.h"
#include "view/heatmap.h"

struct html_attention;

/* Starts a page that will be called `path`; `title` may be NULL. NULL with *err set on failure. */
struct html_attention *html_attention_begin(const char *path, const char *title,
                                            struct satz_error *err);

/* Adds a sentence; nothing of *h is kept. After a failure the page can only be aborted. */
int html_attention_add(struct html_attention *page, const struct heatmap *h,
                       struct satz_error *err);

/* Both free the page. html_attention_end puts the file in place, as a whole or, on an error, not at
 * all; html_attention_abort leaves the old one, and accepts NULL. */
int html_attention_end(struct html_attention *page, struct satz_error *err);
void html_attention_abort(struct html_attention *page);

#endif
