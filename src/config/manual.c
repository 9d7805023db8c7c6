/* The reference of all keys as the manual page satz-recipe(5), in mdoc. */
#include <stdbool.h>
#include <string.h>

#include "config/schema.h"

enum { LINE_BREAK = 55 }; /* the page's own lines end at the next space */

static const char page_head[] = ".Os\n"
                                ".Sh NAME\n"
                                ".Nm satz-recipe\n"
                                ".Nd what a model of Satz is and how it learns\n"
                                ".Sh DESCRIPTION\n"
                                "A recipe is a YAML file of sections with keys;\n"
                                "a key that is left out has its default.\n"
                                "Each can also be set on the command line:\n"
                                ".Fl Fl set Ar train.seed=2 .\n"
                                "Texts may use ${VARIABLE} and ${VARIABLE:\\-default};\n"
                                "$$ stands for a dollar sign.\n";

static const char page_tail[] = ".Sh EXAMPLES\n"
                                ".Bd -literal -offset indent\n"
                                "data:\n"
                                "  train_source: train.en\n"
                                "  train_target: train.de\n"
                                "  valid_source: dev.en\n"
                                "  valid_target: dev.de\n"
                                "attention: {preset: bahdanau}\n"
                                "train: {folder: models/my, epochs: 10}\n"
                                ".Ed\n"
                                ".Sh SEE ALSO\n"
                                ".Xr satz 1 ,\n"
                                ".Xr satz-config 1 ,\n"
                                ".Xr satz-train 1\n";

/* Appends text with what roff would read as its own escaped, and `this` in bold. */
static void write_text(struct strbuf *out, const char *text)
{
    bool bold = false;
    int column = 0;
    if (*text == '.' || *text == '\'')
        strbuf_add_text(out, "\\&");
    for (; *text; text++, column++) {
        if (*text == ' ' && column > LINE_BREAK && text[1] != '.' && text[1] != '\'') {
            strbuf_add_char(out, '\n');
            column = 0;
        } else if (*text == '`')
            strbuf_add_text(out, (bold = !bold) ? "\\fB" : "\\fP");
        else if (*text == '\\')
            strbuf_add_text(out, "\\e");
        else if (*text == '-')
            strbuf_add_text(out, "\\-");
        else
            strbuf_add_char(out, *text);
    }
}

static void write_key(struct strbuf *out, const struct recipe *defaults,
                      const struct recipe_key *key)
{
    struct strbuf part = {0};
    strbuf_addf(out, ".It Va %s\n", key->name);
    write_text(out, key->meaning);
    strbuf_add_text(out, ".\n.br\nValue: ");
    key_write_allowed(key, &part);
    write_text(out, strbuf_text(&part));
    strbuf_clear(&part);
    strbuf_add_text(out, "; default ");
    key_write_value(defaults, key, &part);
    write_text(out, strbuf_text(&part));
    strbuf_add_text(out, ".\n");
    if (key->type == KEY_CHOICE) {
        strbuf_add_text(out, ".Bl -tag -width Ds -compact\n");
        for (const struct key_choice *c = key->choices; c->name; c++) {
            strbuf_addf(out, ".It Cm %s\n", c->name);
            write_text(out, c->meaning);
            strbuf_add_char(out, '\n');
        }
        strbuf_add_text(out, ".El\n");
    }
    strbuf_release(&part);
}

void recipe_write_manual(struct strbuf *out)
{
    struct recipe defaults;
    recipe_defaults(&defaults);
    strbuf_add_text(out, ".Dd " SATZ_DATE "\n.Dt SATZ-RECIPE 5\n");
    strbuf_add_text(out, page_head);
    for (const struct recipe_section *s = schema_sections; s < schema_sections + N_SECTIONS; s++) {
        strbuf_addf(out, ".Ss Section %s\n", s->name);
        write_text(out, s->meaning);
        strbuf_add_text(out, "\n.Bl -tag -width Ds\n");
        for (const struct recipe_key *key = schema_keys; key < schema_keys + N_KEYS; key++)
            if (strcmp(key->section, s->name) == 0)
                write_key(out, &defaults, key);
        strbuf_add_text(out, ".El\n");
    }
    strbuf_add_text(out, page_tail);
}
