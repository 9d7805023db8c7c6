/* The part of satz.h that draws. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "view/html.h"

static bool is_page(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot && strcmp(dot, ".html") == 0;
}

static struct heatmap heatmap_of(const struct satz_attention *a, const char *title)
{
    return (struct heatmap){
        .sources = a->sources,
        .n_sources = a->n_sources,
        .targets = a->targets,
        .n_targets = a->n_targets,
        .weights = a->weights,
        .windows = a->windows,
        .title = title,
    };
}

int satz_draw_attention(const char *path, const char *title,
                        const struct satz_attention *const *attentions, size_t n,
                        struct satz_error *err)
{
    if (!is_page(path)) {
        if (n != 1)
            return error_set(err,
                             "%s: a picture shows one sentence, not %zu; take a name that "
                             "ends in .html",
                             path, n);
        struct heatmap h = heatmap_of(attentions[0], title);
        return heatmap_write(path, &h, err);
    }
    struct satz_page *page = satz_page_open(path, title, err);
    if (!page)
        return -1;
    for (size_t i = 0; i < n; i++) {
        if (satz_page_add(page, attentions[i], 0, err) < 0) {
            satz_page_abort(page);
            return -1;
        }
    }
    return satz_page_close(page, err);
}

struct satz_page {
    struct html_attention *html;
};

struct satz_page *satz_page_open(const char *path, const char *title, struct satz_error *err)
{
    struct satz_page *page = memory_new(1, sizeof *page, err);
    if (!page)
        return NULL;
    page->html = html_attention_begin(path, title, err);
    if (page->html)
        return page;
    free(page);
    return NULL;
}

int satz_page_add(struct satz_page *page, const struct satz_attention *attention, long number,
                  struct satz_error *err)
{
    struct heatmap h = heatmap_of(attention, NULL);
    h.number = number;
    return html_attention_add(page->html, &h, err);
}

int satz_page_close(struct satz_page *page, struct satz_error *err)
{
    int status = html_attention_end(page->html, err);
    free(page);
    return status;
}

void satz_page_abort(struct satz_page *page)
{
    if (page)
        html_attention_abort(page->html);
    free(page);
}
