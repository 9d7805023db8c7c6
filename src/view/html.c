#include "view/html.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/memory.h"
#include "view/text.h"

enum { WORD_LENGTH = 200, LINE_LENGTH = 300 };

struct html_attention {
    struct file_writer *writer;
    struct strbuf text; /* of the piece being written */
    long n_sentences;
};

/* Between the two pieces goes the title. */
static const char head_start[] =
    "<!DOCTYPE html>\n"
    "<html lang=\"en\">\n"
    "<head>\n"
    "<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta name=\"color-scheme\" content=\"light dark\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
    "style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n"
    "<title>";

static const char head_end[] =
    "</title>\n"
    "<style>\n"
    ":root { --ink: #222226; --soft: #6b6b74; --page: #fff; --line: #e2e2e8; --heat: 16 78 168;\n"
    "  --strong: #fff; --weak: #222226; }\n"
    "@media (prefers-color-scheme: dark) {\n"
    "  :root { --ink: #e4e4ea; --soft: #9a9aa6; --page: #16161a; --line: #2e2e36;\n"
    "    --heat: 120 190 255; --strong: #101014; --weak: #e4e4ea; }\n"
    "}\n"
    "body { margin: 2rem auto; max-width: 75rem; padding: 0 1rem; color: var(--ink);\n"
    "  background: var(--page); font: 15px/1.5 system-ui, \"DejaVu Sans\", sans-serif; }\n"
    "h1 { font-size: 1.3rem; }\n"
    "h2 { font-size: 0.85rem; color: var(--soft); margin: 0 0 0.3rem; }\n"
    "section { border-top: 1px solid var(--line); padding: 1rem 0; content-visibility: auto;\n"
    "  contain-intrinsic-size: auto 40rem; }\n"
    "section p { margin: 0.1rem 0; }\n"
    "section small { color: var(--soft); }\n"
    "b { font-weight: normal; padding: 0.1em 0.2em; border-radius: 0.2em; }\n"
    ".target b[tabindex] { cursor: pointer; }\n"
    ".target b:hover, b:focus-visible, b.chosen { outline: 2px solid rgb(var(--heat)); }\n"
    ".scroll { overflow-x: auto; }\n"
    "table { border-collapse: collapse; margin: 0.6rem 0; font-size: 12.5px; line-height: 1; }\n"
    "th { font-weight: normal; white-space: nowrap; padding: 0 0.4em 0 0; text-align: right; }\n"
    "thead th { vertical-align: bottom; padding: 0 0 0.4em; }\n"
    "thead th span { writing-mode: vertical-rl; transform: rotate(180deg); text-align: left; }\n"
    "td { width: 22px; min-width: 22px; height: 22px; padding: 0; border: 1px solid var(--line);\n"
    "  text-align: center; }\n"
    "td:hover { outline: 2px solid var(--ink); }\n"
    "tr.chosen th { font-weight: bold; }\n"
    ".reading { min-height: 1.5em; color: var(--soft); font-variant-numeric: tabular-nums; }\n"
    "</style>\n"
    "</head>\n"
    "<body>\n"
    "<h1>";

static const char body_start[] =
    "</h1>\n"
    "<noscript><p>The matrices need JavaScript; the sentences are all here.</p></noscript>\n";

/* The words are read back from the page's own text, so nothing is stored twice and none of them is
 * ever taken for markup or code. */
static const char body_end[] =
    "<script>\n"
    "'use strict';\n"
    "const element = (name, text) => {\n"
    "  const e = document.createElement(name);\n"
    "  if (text !== undefined) e.textContent = text;\n"
    "  return e;\n"
    "};\n"
    "function draw(section) {\n"
    "  const sources = [...section.querySelectorAll('.source b')];\n"
    "  const targets = [...section.querySelectorAll('.target b')];\n"
    "  const most = Number(section.dataset.most), bytes = atob(section.dataset.weights);\n"
    "  const share = (t, s) => bytes.charCodeAt(t * sources.length + s) / 255;\n"
    "  const reading = element('p', '\\u00a0');\n"
    "  reading.className = 'reading';\n"
    "  const rows = [];\n"
    "  let chosen = -1;\n"
    "  const paint = (e, x) => {\n"
    "    e.style.background = x ? `rgb(var(--heat) / ${x})` : '';\n"
    "    e.style.color = x > 0.65 ? 'var(--strong)' : '';\n"
    "  };\n"
    "  const choose = t => {\n"
    "    chosen = t === chosen ? -1 : t;\n"
    "    targets.forEach((e, i) => {\n"
    "      e.classList.toggle('chosen', i === chosen);\n"
    "      e.setAttribute('aria-pressed', i === chosen);\n"
    "      rows[i].classList.toggle('chosen', i === chosen);\n"
    "    });\n"
    "    sources.forEach((e, s) => {\n"
    "      paint(e, chosen < 0 ? 0 : share(chosen, s));\n"
    "      e.title = chosen < 0 ? '' : (share(chosen, s) * most).toFixed(2);\n"
    "    });\n"
    "  };\n"
    "  targets.forEach((e, t) => {\n"
    "    e.tabIndex = 0;\n"
    "    e.setAttribute('role', 'button');\n"
    "    e.setAttribute('aria-pressed', 'false');\n"
    "    e.onclick = () => choose(t);\n"
    "    e.onkeydown = event => {\n"
    "      if (event.key !== 'Enter' && event.key !== ' ') return;\n"
    "      event.preventDefault();\n"
    "      choose(t);\n"
    "    };\n"
    "  });\n"
    "  const table = element('table'), header = table.createTHead().insertRow();\n"
    "  header.append(element('th'));\n"
    "  for (const source of sources) {\n"
    "    const th = element('th');\n"
    "    th.append(element('span', source.textContent));\n"
    "    header.append(th);\n"
    "  }\n"
    "  const body = table.createTBody();\n"
    "  targets.forEach((target, t) => {\n"
    "    const row = body.insertRow(), th = element('th', target.textContent);\n"
    "    th.onclick = () => choose(t);\n"
    "    row.append(th);\n"
    "    sources.forEach((_, s) => paint(row.insertCell(), share(t, s)));\n"
    "    rows.push(row);\n"
    "  });\n"
    "  body.onmouseover = event => {\n"
    "    const cell = event.target.closest('td');\n"
    "    if (!cell) return;\n"
    "    const t = rows.indexOf(cell.parentNode), s = cell.cellIndex - 1;\n"
    "    const weight = (share(t, s) * most).toFixed(2);\n"
    "    reading.textContent = "
    "`${targets[t].textContent} \\u2190 ${sources[s].textContent}: ${weight}`;\n"
    "    cell.title = reading.textContent;\n"
    "  };\n"
    "  const scroll = element('div');\n"
    "  scroll.className = 'scroll';\n"
    "  scroll.append(table);\n"
    "  section.append(scroll, reading);\n"
    "}\n"
    "const watcher = new IntersectionObserver(entries => {\n"
    "  for (const entry of entries) {\n"
    "    if (!entry.isIntersecting) continue;\n"
    "    watcher.unobserve(entry.target);\n"
    "    draw(entry.target);\n"
    "  }\n"
    "}, {rootMargin: '400px'});\n"
    "document.querySelectorAll('section').forEach(section => watcher.observe(section));\n"
    "</script>\n"
    "</body>\n"
    "</html>\n";

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
    strbuf_add_text(&page->text, head_start);
    text_add_html(&page->text, title, LINE_LENGTH);
    strbuf_add_text(&page->text, head_end);
    text_add_html(&page->text, title, LINE_LENGTH);
    strbuf_add_text(&page->text, body_start);
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

int html_attention_add(struct html_attention *page, const struct heatmap *h, struct satz_error *err)
{
    page->n_sentences++;
    if (heatmap_check(h, err) < 0)
        return error_prefix(err, "sentence %ld", page->n_sentences);
    double most = heatmap_scale(h);
    strbuf_addf(&page->text, "<section data-most=\"%.6g\" data-weights=\"", most);
    add_weights(&page->text, h->weights, (size_t)h->n_targets * (size_t)h->n_sources, most);
    strbuf_addf(&page->text, "\">\n<h2>%ld", page->n_sentences);
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
    int status = file_writer_write(page->writer, body_end, sizeof body_end - 1, err);
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
