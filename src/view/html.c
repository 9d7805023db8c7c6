#include "view/html.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "view/html_page.h"
#include "view/text.h"

enum { WORD_LENGTH = 200, LINE_LENGTH = 300 };

struct html_attention {
    struct file_writer *writer;
    struct strbuf text; /* of the piece being written */
    long n_sentences;
};

/* Writes what has been gathered in page->text and empties it. */
static int flush_text(struct html_attention *page, struct satz_error *err)
{
    if (strbuf_check(&page->text, err) < 0 ||
        file_writer_write(page->writer, strbuf_text(&page->text), page->text.length, err) < 0)
        return -1;
    strbuf_clear(&page->text);
    return 0;
}

struct html_attention *html_attention_begin(const char *path, const char *title,
                                            struct satz_error *err)
{
    struct html_attention *page = memory_new(1, sizeof *page, err);
    if (!page)
        return NULL;
    page->writer = file_writer_open(path, err);
    if (!page->writer)
        goto fail;
    if (!title || !*title)
        title = "Attention";
    strbuf_add_text(&page->text, html_head_start);
    text_add_html(&page->text, title, LINE_LENGTH);
    strbuf_add_text(&page->text, html_head_end);
    text_add_html(&page->text, title, LINE_LENGTH);
    strbuf_add_text(&page->text, html_body_start);
    if (flush_text(page, err) < 0)
        goto fail;
    return page;
fail:
    html_attention_abort(page);
    return NULL;
}

static void add_words(struct strbuf *out, const char *side, const char *const *words, int n)
{
    strbuf_addf(out, "<p class=\"%s\" dir=\"auto\">", side);
    for (int i = 0; i < n; i++) {
        strbuf_add_text(out, i ? " <b>" : "<b>");
        text_add_html(out, words[i], WORD_LENGTH);
        strbuf_add_text(out, "</b>");
    }
    strbuf_add_text(out, "</p>\n");
}

/* The weights as bytes, 255 for `most`, in base64 (RFC 4648). */
static void add_weights(struct strbuf *out, const float *weights, size_t n, double most)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        uint32_t bits = 0;
        for (size_t k = 0; k < 3; k++)
            bits = bits << 8 | (i + k < n ? (uint32_t)lround(255 * (weights[i + k] / most)) : 0);
        char group[4];
        for (int k = 0; k < 4; k++)
            group[k] = digits[bits >> (18 - 6 * k) & 63];
        for (size_t k = n - i + 1; k < 4; k++)
            group[k] = '=';
        strbuf_add(out, group, sizeof group);
    }
}

static void add_windows(struct strbuf *out, const struct heatmap *h)
{
    for (int i = 0; h->windows && i < h->n_targets; i++)
        strbuf_addf(out, "%s%.2f,%.2f,%.2f", i ? ";" : " data-windows=\"",
                    (double)h->windows[i].centre, (double)h->windows[i].from,
                    (double)h->windows[i].to);
    if (h->windows)
        strbuf_add_char(out, '"');
}

int html_attention_add(struct html_attention *page, const struct heatmap *h, struct satz_error *err)
{
    page->n_sentences++;
    long number = h->number ? h->number : page->n_sentences;
    if (heatmap_check(h, err) < 0)
        return error_prefix(err, "sentence %ld", number);
    double most = heatmap_scale(h);
    strbuf_addf(&page->text, "<section id=\"s%ld\" data-most=\"%.6g\" data-weights=\"", number,
                most);
    add_weights(&page->text, h->weights, (size_t)h->n_targets * (size_t)h->n_sources, most);
    strbuf_add_char(&page->text, '"');
    add_windows(&page->text, h);
    strbuf_addf(&page->text, ">\n<h2>%ld", number);
    if (h->title && *h->title) {
        strbuf_add_text(&page->text, ". ");
        text_add_html(&page->text, h->title, LINE_LENGTH);
    }
    strbuf_add_text(&page->text, "</h2>\n");
    add_words(&page->text, "source", h->sources, h->n_sources);
    add_words(&page->text, "target", h->targets, h->n_targets);
    if (h->note && *h->note) {
        strbuf_add_text(&page->text, "<small>");
        text_add_html(&page->text, h->note, LINE_LENGTH);
        strbuf_add_text(&page->text, "</small>\n");
    }
    strbuf_add_text(&page->text, "</section>\n");
    return flush_text(page, err);
}

int html_attention_end(struct html_attention *page, struct satz_error *err)
{
    int status = file_writer_write(page->writer, html_body_end, strlen(html_body_end), err);
    if (status == 0) {
        status = file_writer_commit(page->writer, err);
        page->writer = NULL;
    }
    html_attention_abort(page);
    return status;
}

void html_attention_abort(struct html_attention *page)
{
    if (!page)
        return;
    file_writer_abort(page->writer);
    strbuf_release(&page->text);
    free(page);
}
