/* page.h -- the web page's files, made from src/serve/page.* by the Makefile. */
#ifndef SATZ_SERVE_PAGE_H
#define SATZ_SERVE_PAGE_H

extern const char page_html[], page_css[], page_js[];

#endif
