#include "cli/translate_format.h"

#include <jansson.h>
#include <string.h>

static void write_text(FILE *out, const struct satz_translation *t, size_t line, bool coverage)
{
    (void)line;
    (void)coverage;
    fprintf(out, "%s\n", t->hypotheses[0].text);
}

/* "|" as Moses escapes it, which keeps text apart from what parts the fields. */
static void write_escaped(FILE *out, const char *text)
{
    for (const char *bar; (bar = strchr(text, '|')); text = bar + 1)
        fprintf(out, "%.*s" MOSES_BAR, (int)(bar - text), text);
    fputs(text, out);
}

/* As Moses writes n-best lists: line ||| text ||| Name= value ... ||| score. */
static void write_moses(FILE *out, const struct satz_translation *t, size_t line, bool coverage)
{
    for (int k = 0; k < t->n; k++) {
        const struct satz_hypothesis *h = &t->hypotheses[k];
        fprintf(out, "%zu ||| ", line);
        write_escaped(out, h->text);
        fprintf(out, " ||| LogP= %.6f Length= %d", h->log_probability, h->tokens);
        if (coverage)
            fprintf(out, " Coverage= %.6f", h->coverage);
        fprintf(out, " ||| %.6f\n", h->score);
    }
}

/* An object a line. */
static void write_json(FILE *out, const struct satz_translation *t, size_t line, bool coverage)
{
    json_t *translations = json_array();
    for (int k = 0; k < t->n; k++) {
        const struct satz_hypothesis *h = &t->hypotheses[k];
        json_t *item = json_pack("{s:s, s:f, s:f, s:i}", "text", h->text, "score", h->score,
                                 "log_probability", h->log_probability, "tokens", h->tokens);
        if (coverage)
            json_object_set_new(item, "coverage", json_real(h->coverage));
        json_array_append_new(translations, item);
    }
    json_t *object = json_pack("{s:I, s:o, s:i, s:b, s:b}", "line", (json_int_t)line + 1,
                               "translations", translations, "pieces", t->pieces, "truncated",
                               t->truncated, "invalid", t->invalid);
    json_dumpf(object, out, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(9));
    fputc('\n', out);
    json_decref(object);
}

static const struct translate_format formats[] = {
    {.name = "text", .write = write_text},
    {.name = "moses", .takes_n_best = true, .write = write_moses},
    {.name = "json", .takes_n_best = true, .write = write_json},
};

const struct translate_format *translate_format_find(const char *name)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strcmp(formats[i].name, name) == 0)
            return &formats[i];
    return NULL;
}
