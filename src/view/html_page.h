/* html_page.h -- the fixed parts of a page of attention, in the order they are written; between
 * them go the title, the title again, and the sentences. */
#ifndef SATZ_VIEW_HTML_PAGE_H
#define SATZ_VIEW_HTML_PAGE_H

extern const char html_head_start[], html_head_end[], html_body_start[], html_body_end[];

#endif
