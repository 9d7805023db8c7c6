/* The part of satz.h that draws. */
#include <stdbool.h>
#include <string.h>

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
    struct html_attention *page = html_attention_begin(path, title, err);
    if (!page)
        return -1;
    for (size_t i = 0; i < n; i++) {
        struct heatmap h = heatmap_of(attentions[i], NULL);
        if (html_attention_add(page, &h, err) < 0) {
            html_attention_abort(page);
            return -1;
        }
    }
    return html_attention_end(page, err);
}
