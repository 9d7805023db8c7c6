#include "config/yaml.h"

#include <stdio.h>
#include <string.h>

#include <yaml.h>

struct reader {
    yaml_parser_t parser;
    yaml_event_t event; /* the current one; YAML_NO_EVENT when there is none */
    struct recipe *recipe;
    size_t *given;
    const char *name; /* of the file; NULL: messages have no position */
    const char *text;
    size_t n;
    struct satz_error *err;
};

static int reader_init(struct reader *x, const char *text, size_t n, struct satz_error *err)
{
    if (!yaml_parser_initialize(&x->parser))
        return error_set(err, "out of memory while starting to read YAML");
    yaml_parser_set_input_string(&x->parser, (const unsigned char *)text, n);
    yaml_parser_set_encoding(&x->parser, YAML_UTF8_ENCODING);
    x->text = text;
    x->n = n;
    x->err = err;
    return 0;
}

static void reader_release(struct reader *x)
{
    yaml_event_delete(&x->event);
    yaml_parser_delete(&x->parser);
}

/* Puts "file:line:column: " in front of the message. */
static int place(struct reader *x, yaml_mark_t mark)
{
    if (!x->name)
        return -1;
    return error_prefix(x->err, "%s:%zu:%zu", x->name, mark.line + 1, mark.column + 1);
}

static int refuse(struct reader *x, const char *problem)
{
    error_set(x->err, "%s", problem);
    return place(x, x->event.start_mark);
}

static int yaml_problem(struct reader *x)
{
    yaml_parser_t *p = &x->parser;
    yaml_mark_t mark = p->problem_mark;
    if (p->error == YAML_MEMORY_ERROR)
        return error_set(x->err, "out of memory while reading YAML");
    if (p->error == YAML_READER_ERROR) { /* has an offset in bytes only */
        mark = (yaml_mark_t){0};
        for (size_t i = 0; i < p->problem_offset && i < x->n; i++) {
            mark.column = x->text[i] == '\n' ? 0 : mark.column + 1;
            mark.line += x->text[i] == '\n';
        }
        error_set(x->err, "%s; a recipe is UTF-8 text", p->problem);
    } else if (mark.index < x->n && x->text[mark.index] == '\t') {
        error_set(x->err, "a tab; indent with spaces");
    } else {
        error_set(x->err, "not YAML: %s%s%s%s", p->problem ? p->problem : "cannot be read",
                  p->context ? " (" : "", p->context ? p->context : "", p->context ? ")" : "");
    }
    return place(x, mark);
}

static int next(struct reader *x)
{
    yaml_event_delete(&x->event);
    if (!yaml_parser_parse(&x->parser, &x->event)) {
        x->event = (yaml_event_t){0};
        return yaml_problem(x);
    }
    const yaml_event_t *e = &x->event;
    const yaml_char_t *anchor = NULL, *tag = NULL;
    if (e->type == YAML_SCALAR_EVENT) {
        anchor = e->data.scalar.anchor;
        tag = e->data.scalar.tag;
    } else if (e->type == YAML_SEQUENCE_START_EVENT) {
        anchor = e->data.sequence_start.anchor;
        tag = e->data.sequence_start.tag;
    } else if (e->type == YAML_MAPPING_START_EVENT) {
        anchor = e->data.mapping_start.anchor;
        tag = e->data.mapping_start.tag;
    }
    if (anchor || e->type == YAML_ALIAS_EVENT)
        return refuse(x,
                      "anchors (&) and aliases (*) are not used in recipes; repeat the value, or "
                      "quote the text that starts with the sign");
    if (tag)
        return refuse(x, "tags (!) are not used in recipes; quote the text that starts with one");
    return 0;
}

static bool is_plain(const yaml_event_t *e)
{
    return e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

/* The current scalar as a name; NULL when it can't be one. */
static const char *name_of(struct reader *x)
{
    const yaml_event_t *e = &x->event;
    if (e->type != YAML_SCALAR_EVENT) {
        refuse(x, "a name is expected here, then a colon");
        return NULL;
    }
    const char *text = (const char *)e->data.scalar.value;
    if (strlen(text) != e->data.scalar.length) {
        refuse(x, "a name has a NUL character in it");
        return NULL;
    }
    return text;
}

/* The current event starts the value of `key`. */
static int read_value(struct reader *x, const struct recipe_key *key)
{
    yaml_event_t *e = &x->event;
    if (e->type == YAML_SCALAR_EVENT) {
        if (key_set(x->recipe, key, (const char *)e->data.scalar.value, e->data.scalar.length,
                    is_plain(e), x->err) < 0)
            return place(x, e->start_mark);
        return 0;
    }
    bool sequence = e->type == YAML_SEQUENCE_START_EVENT;
    if (!sequence || key->type != KEY_TEXTS) {
        key_refuse(key, sequence ? "is a list" : "is a mapping", x->err);
        return place(x, e->start_mark);
    }
    key_clear(x->recipe, key);
    for (;;) {
        if (next(x) < 0)
            return -1;
        if (e->type == YAML_SEQUENCE_END_EVENT)
            return 0;
        int status = e->type == YAML_SCALAR_EVENT
                         ? key_append(x->recipe, key, (const char *)e->data.scalar.value,
                                      e->data.scalar.length, is_plain(e), x->err)
                         : key_refuse(key, "has something else than texts in its list", x->err);
        if (status < 0)
            return place(x, e->start_mark);
    }
}

/* The current event is the name of a key. */
static int read_key(struct reader *x, const struct recipe_section *section)
{
    const char *name = name_of(x);
    if (!name)
        return -1;
    yaml_mark_t mark = x->event.start_mark;
    const struct recipe_key *key = schema_find(section->name, name, x->err);
    if (!key)
        return place(x, mark);
    size_t *line = &x->given[key - schema_keys];
    if (*line) {
        error_set(x->err, "%s.%s is given twice, first in line %zu", key->section, key->name,
                  *line);
        return place(x, mark);
    }
    *line = mark.line + 1;
    return next(x) < 0 ? -1 : read_value(x, key);
}

/* The current event starts the value of a section. */
static int read_section(struct reader *x, const struct recipe_section *section)
{
    const yaml_event_t *e = &x->event;
    if (e->type == YAML_SCALAR_EVENT && is_plain(e) && e->data.scalar.length == 0)
        return 0; /* a section whose keys are all commented out */
    if (e->type != YAML_MAPPING_START_EVENT) {
        error_set(x->err, "%s is a section: its keys stand indented below it, `key: value`",
                  section->name);
        return place(x, e->start_mark);
    }
    for (;;) {
        if (next(x) < 0)
            return -1;
        if (e->type == YAML_MAPPING_END_EVENT)
            return 0;
        if (read_key(x, section) < 0)
            return -1;
    }
}

/* The current event starts the document's content. */
static int read_sections(struct reader *x)
{
    const yaml_event_t *e = &x->event;
    size_t lines[N_SECTIONS] = {0};
    if (e->type == YAML_SCALAR_EVENT && is_plain(e) && e->data.scalar.length == 0)
        return 0;
    if (e->type != YAML_MAPPING_START_EVENT)
        return refuse(x, "a recipe is made of sections with keys below them: `train:`, then "
                         "`  seed: 1`");
    for (;;) {
        if (next(x) < 0)
            return -1;
        if (e->type == YAML_MAPPING_END_EVENT)
            return 0;
        const char *name = name_of(x);
        if (!name)
            return -1;
        yaml_mark_t mark = e->start_mark;
        const struct recipe_section *section = schema_find_section(name, x->err);
        if (!section)
            return place(x, mark);
        size_t *line = &lines[section - schema_sections];
        if (*line) {
            error_set(x->err, "section %s is given twice, first in line %zu", section->name, *line);
            return place(x, mark);
        }
        *line = mark.line + 1;
        if (next(x) < 0 || read_section(x, section) < 0)
            return -1;
    }
}

/* Goes to the content of the first document: 1, or 0 when the stream is empty. */
static int enter_document(struct reader *x)
{
    if (next(x) < 0 || next(x) < 0)
        return -1;
    if (x->event.type == YAML_STREAM_END_EVENT)
        return 0;
    return next(x) < 0 ? -1 : 1;
}

static int leave_document(struct reader *x)
{
    if (next(x) < 0 || next(x) < 0)
        return -1;
    return x->event.type == YAML_STREAM_END_EVENT
               ? 0
               : refuse(x, "a second document starts here; a recipe is one document");
}

int yaml_read_recipe(struct recipe *r, size_t given[N_KEYS], const char *text, size_t n,
                     const char *name, struct satz_error *err)
{
    struct reader x = {.recipe = r, .given = given, .name = name};
    if (reader_init(&x, text, n, err) < 0)
        return -1;
    int status = enter_document(&x);
    if (status > 0)
        status = read_sections(&x) < 0 ? -1 : leave_document(&x);
    reader_release(&x);
    return status;
}

int yaml_read_list(struct recipe *r, const struct recipe_key *key, const char *text, size_t n,
                   struct satz_error *err)
{
    struct reader x = {.recipe = r};
    if (reader_init(&x, text, n, err) < 0)
        return -1;
    int status = enter_document(&x);
    if (status > 0)
        status = read_value(&x, key) < 0 ? -1 : leave_document(&x);
    reader_release(&x);
    return status;
}
