#include "config/schema.h"

#include <errno.h>
#include <locale.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "config/spelling.h"

/* The part of an offending value that a message shows. */
#define SHOWN      "%.60s%s"
#define SHOW(text) (text), strlen(text) > 60 ? "..." : ""

const struct recipe_section schema_sections[N_SECTIONS] = {
#define SECTION_BEGIN(section_, meaning_) {#section_, meaning_},
#include "config/keys.h"
};

#define KEY_ROW(section_, key_, type_, meaning_)                                                   \
    .section = #section_, .name = #key_, .meaning = meaning_, .type = type_,                       \
    .offset = offsetof(struct recipe, section_.key_)
#define CHOICE_ROW(name, meaning) {#name, meaning},

const struct recipe_key schema_keys[N_KEYS] = {
#define INTEGER(section_, key_, value, least_, most_, meaning_)                                    \
    {KEY_ROW(section_, key_, KEY_INTEGER, meaning_), .least = least_, .most = most_},
#define REAL(section_, key_, value, least_, most_, meaning_)                                       \
    {KEY_ROW(section_, key_, KEY_REAL, meaning_), .least = least_, .most = most_},
#define FRACTION(section_, key_, value, meaning_)                                                  \
    {KEY_ROW(section_, key_, KEY_FRACTION, meaning_), .least = 0, .most = 1},
#define BOOLEAN(section_, key_, value, meaning_) {KEY_ROW(section_, key_, KEY_BOOLEAN, meaning_)},
#define CHOICE(section_, key_, value, list, meaning_)                                              \
    {KEY_ROW(section_, key_, KEY_CHOICE, meaning_),                                                \
     .choices = (const struct key_choice[]){list(CHOICE_ROW){NULL, NULL}}},
#define TEXT(section_, key_, value, meaning_) {KEY_ROW(section_, key_, KEY_TEXT, meaning_)},
#define TEXTS(section_, key_, meaning_)       {KEY_ROW(section_, key_, KEY_TEXTS, meaning_)},
#include "config/keys.h"
};

struct recipe_memory {
    struct recipe_memory *next;
    _Alignas(max_align_t) char bytes[];
};

void recipe_release(struct recipe *r)
{
    for (struct recipe_memory *m = r->memory, *next; m; m = next) {
        next = m->next;
        free(m);
    }
    *r = (struct recipe){0};
}

/* `n` bytes that live as long as the recipe. */
static void *keep(struct recipe *r, const void *bytes, size_t n, struct satz_error *err)
{
    struct recipe_memory *m = memory_new(1, sizeof *m + n, err);
    if (!m)
        return NULL;
    if (n)
        memcpy(m->bytes, bytes, n);
    m->next = r->memory;
    r->memory = m;
    return m->bytes;
}

static void *field(struct recipe *r, const struct recipe_key *key)
{
    return (char *)r + key->offset;
}

static const void *field_of(const struct recipe *r, const struct recipe_key *key)
{
    return (const char *)r + key->offset;
}

/* ---- finding ---- */

const struct recipe_section *schema_find_section(const char *name, struct satz_error *err)
{
    const struct recipe_section *nearest = NULL;
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < N_SECTIONS; i++) {
        if (strcmp(schema_sections[i].name, name) == 0)
            return &schema_sections[i];
        size_t distance = spelling_distance(name, schema_sections[i].name);
        if (distance < best) {
            best = distance;
            nearest = &schema_sections[i];
        }
    }
    for (size_t i = 0; i < N_KEYS; i++)
        if (strcmp(schema_keys[i].name, name) == 0) {
            error_set(err, "unknown section \"%s\"; %s is a key of the section %s", name, name,
                      schema_keys[i].section);
            return NULL;
        }
    if (nearest && spelling_is_near(name, best)) {
        error_set(err, "unknown section \"%s\"; did you mean \"%s\"?", name, nearest->name);
        return NULL;
    }
    struct strbuf names = {0};
    for (size_t i = 0; i < N_SECTIONS; i++)
        strbuf_addf(&names, "%s%s", i ? ", " : "", schema_sections[i].name);
    error_set(err, "unknown section \"" SHOWN "\"; sections are %s", SHOW(name),
              strbuf_text(&names));
    strbuf_release(&names);
    return NULL;
}

const struct recipe_key *schema_find(const char *section, const char *name, struct satz_error *err)
{
    const struct recipe_key *nearest = NULL, *elsewhere = NULL;
    size_t best = SIZE_MAX;
    for (const struct recipe_key *key = schema_keys; key < schema_keys + N_KEYS; key++) {
        if (strcmp(key->name, name) != 0)
            continue;
        if (strcmp(key->section, section) == 0)
            return key;
        elsewhere = elsewhere ? elsewhere : key;
    }
    for (const struct recipe_key *key = schema_keys; key < schema_keys + N_KEYS; key++) {
        if (strcmp(key->section, section) != 0)
            continue;
        size_t distance = spelling_distance(name, key->name);
        if (distance < best) {
            best = distance;
            nearest = key;
        }
    }
    if (!nearest || !spelling_is_near(name, best))
        nearest = NULL;
    if (elsewhere)
        nearest = elsewhere;
    if (nearest) {
        error_set(err, "unknown key %s.%s; did you mean %s.%s?", section, name, nearest->section,
                  nearest->name);
        return NULL;
    }
    struct strbuf names = {0};
    for (size_t i = 0; i < N_KEYS; i++)
        if (strcmp(schema_keys[i].section, section) == 0)
            strbuf_addf(&names, "%s%s", names.length ? ", " : "", schema_keys[i].name);
    error_set(err, "unknown key %s." SHOWN "; keys of %s are %s", section, SHOW(name), section,
              strbuf_text(&names));
    strbuf_release(&names);
    return NULL;
}

/* ---- setting ---- */

int key_refuse(const struct recipe_key *key, const char *problem, struct satz_error *err)
{
    struct strbuf allowed = {0};
    key_write_allowed(key, &allowed);
    error_set(err, "%s.%s %s; it must be %s", key->section, key->name, problem,
              strbuf_text(&allowed));
    strbuf_release(&allowed);
    return -1;
}

static int refuse_value(const struct recipe_key *key, const char *text, struct satz_error *err)
{
    char problem[80];
    snprintf(problem, sizeof problem, "is \"" SHOWN "\"", SHOW(text));
    return key_refuse(key, problem, err);
}

static int set_integer(struct recipe *r, const struct recipe_key *key, const char *text,
                       struct satz_error *err)
{
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    /* strtol skips leading space, which YAML's plain scalars never have but settings may. */
    if (end == text || *end || text[0] <= ' ' || errno || (double)value < key->least ||
        (double)value > key->most)
        return refuse_value(key, text, err);
    *(int *)field(r, key) = (int)value;
    return 0;
}

/* strtod and printf take the decimal point from the locale, a recipe never does: the embedding
 * program's locale is put aside between the two calls. */
struct own_locale {
    locale_t c, before;
};

static struct own_locale locale_enter(void)
{
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    return (struct own_locale){c, uselocale(c)};
}

static void locale_leave(struct own_locale l)
{
    uselocale(l.before);
    if (l.c)
        freelocale(l.c);
}

static int set_real(struct recipe *r, const struct recipe_key *key, const char *text,
                    struct satz_error *err)
{
    char *end;
    struct own_locale locale = locale_enter();
    double value = strtod(text, &end);
    locale_leave(locale);
    bool digits_only = text[strspn(text, "+-.0123456789eE")] == '\0';
    if (end == text || *end || !digits_only || !(value >= key->least && value <= key->most) ||
        (key->type == KEY_FRACTION && value == 1.0))
        return refuse_value(key, text, err);
    *(double *)field(r, key) = value == 0 ? 0 : value; /* no -0 */
    return 0;
}

static int set_boolean(struct recipe *r, const struct recipe_key *key, const char *text,
                       struct satz_error *err)
{
    bool value = strcmp(text, "true") == 0;
    if (!value && strcmp(text, "false") != 0)
        return refuse_value(key, text, err);
    *(bool *)field(r, key) = value;
    return 0;
}

static int set_choice(struct recipe *r, const struct recipe_key *key, const char *text,
                      struct satz_error *err)
{
    const struct key_choice *nearest = NULL;
    size_t best = SIZE_MAX;
    for (const struct key_choice *c = key->choices; c->name; c++) {
        size_t distance = spelling_distance(text, c->name);
        if (distance == 0) {
            *(const char **)field(r, key) = c->name;
            return 0;
        }
        if (distance < best) {
            best = distance;
            nearest = c;
        }
    }
    if (!nearest || !spelling_is_near(text, best))
        return refuse_value(key, text, err);
    char problem[160];
    snprintf(problem, sizeof problem, "is \"%s\" (did you mean \"%s\"?)", text, nearest->name);
    return key_refuse(key, problem, err);
}

/* Expands one "${...}"; `text` is just behind the brace. Returns what follows it, or NULL. */
static const char *expand_variable(const struct recipe_key *key, const char *text,
                                   struct strbuf *out, struct satz_error *err)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
    size_t n = strspn(text, letters);
    const char *fallback = text[n] == ':' && text[n + 1] == '-' ? text + n + 2 : NULL;
    const char *close = fallback ? strchr(fallback, '}') : text[n] == '}' ? text + n : NULL;
    if (n == 0 || !close || (text[0] >= '0' && text[0] <= '9')) {
        error_set(err,
                  "%s.%s: a variable is written ${NAME} or ${NAME:-default}, a dollar sign itself "
                  "as $$",
                  key->section, key->name);
        return NULL;
    }
    struct strbuf name = {0};
    strbuf_add(&name, text, n);
    if (strbuf_check(&name, err) < 0)
        return NULL;
    const char *value = getenv(strbuf_text(&name));
    if (fallback && (!value || !*value))
        strbuf_add(out, fallback, (size_t)(close - fallback));
    else if (value)
        strbuf_add_text(out, value);
    else
        error_set(err, "%s.%s: the environment variable %s is not set; set it or write ${%s:-...}",
                  key->section, key->name, strbuf_text(&name), strbuf_text(&name));
    strbuf_release(&name);
    return value || fallback ? close + 1 : NULL;
}

/* The text as the recipe keeps it, variables expanded; NULL on failure. */
static const char *make_text(struct recipe *r, const struct recipe_key *key, const char *text,
                             struct satz_error *err)
{
    struct strbuf s = {0};
    const char *kept = NULL;
    for (const char *p = text; *p;) {
        if (p[0] == '$' && p[1] == '{' && r->resolved) {
            key_refuse(key, "asks for a variable, which only a recipe of one's own may", err);
            goto done;
        }
        if (p[0] == '$' && p[1] == '{') {
            p = expand_variable(key, p + 2, &s, err);
            if (!p)
                goto done;
        } else {
            strbuf_add_char(&s, *p);
            p += p[0] == '$' && p[1] == '$' ? 2 : 1;
        }
    }
    if (strbuf_check(&s, err) < 0)
        goto done;
    if (utf8_valid_prefix(strbuf_text(&s), s.length) < s.length) {
        key_refuse(key, "is not valid UTF-8", err);
        goto done;
    }
    kept = keep(r, strbuf_text(&s), s.length + 1, err);
done:
    strbuf_release(&s);
    return kept;
}

static int set_text(struct recipe *r, const struct recipe_key *key, const char *text,
                    struct satz_error *err)
{
    const char *kept = make_text(r, key, text, err);
    if (!kept)
        return -1;
    *(const char **)field(r, key) = kept;
    return 0;
}

static int append_text(struct recipe *r, const struct recipe_key *key, const char *text,
                       struct satz_error *err)
{
    if (!*text)
        return key_refuse(key, "has an empty text in it", err);
    struct recipe_texts *list = field(r, key);
    const char *kept = make_text(r, key, text, err);
    if (!kept)
        return -1;
    /* Each append keeps a longer copy: lists are short and the recipe owns all of it. */
    const char **items = memory_new(list->n + 1, sizeof *items, err);
    if (!items)
        return -1;
    for (size_t i = 0; i < list->n; i++)
        items[i] = list->items[i];
    items[list->n] = kept;
    const char *const *stored = keep(r, items, (list->n + 1) * sizeof *items, err);
    free(items);
    if (!stored)
        return -1;
    *list = (struct recipe_texts){stored, list->n + 1};
    return 0;
}

void key_clear(struct recipe *r, const struct recipe_key *key)
{
    *(struct recipe_texts *)field(r, key) = (struct recipe_texts){0};
}

static int (*const setters[])(struct recipe *, const struct recipe_key *, const char *,
                              struct satz_error *) = {
    [KEY_INTEGER] = set_integer, [KEY_REAL] = set_real,     [KEY_FRACTION] = set_real,
    [KEY_BOOLEAN] = set_boolean, [KEY_CHOICE] = set_choice, [KEY_TEXT] = set_text,
    [KEY_TEXTS] = append_text,
};

static int set_scalar(struct recipe *r, const struct recipe_key *key, const char *text, size_t n,
                      bool plain, struct satz_error *err)
{
    if (plain && (n == 0 || (n == 1 && text[0] == '~') || (n == 4 && !memcmp(text, "null", 4))))
        return key_refuse(key, "has no value", err);
    if (memchr(text, '\0', n))
        return key_refuse(key, "has a NUL character in it", err);
    bool takes_quotes = key->type == KEY_CHOICE || key->type == KEY_TEXT || key->type == KEY_TEXTS;
    if (!plain && !takes_quotes)
        return key_refuse(key, "is a text in quotes", err);
    struct strbuf copy = {0};
    strbuf_add(&copy, text, n);
    int status = strbuf_check(&copy, err);
    if (status == 0)
        status = setters[key->type](r, key, strbuf_text(&copy), err);
    strbuf_release(&copy);
    return status;
}

int key_set(struct recipe *r, const struct recipe_key *key, const char *text, size_t n, bool plain,
            struct satz_error *err)
{
    if (key->type == KEY_TEXTS)
        key_clear(r, key);
    return set_scalar(r, key, text, n, plain, err);
}

int key_append(struct recipe *r, const struct recipe_key *key, const char *text, size_t n,
               bool plain, struct satz_error *err)
{
    return set_scalar(r, key, text, n, plain, err);
}

/* ---- showing ---- */

/* A decimal that reads back as the same double, no longer than it has to be. */
static void write_real(struct strbuf *out, double value)
{
    char text[40];
    struct own_locale locale = locale_enter();
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    locale_leave(locale);
    strbuf_add_text(out, text);
}

/* In double quotes; what YAML would not take or fold as it stands is escaped. */
static void write_text(struct strbuf *out, const char *text)
{
    strbuf_add_char(out, '"');
    for (size_t n = strlen(text); n > 0;) {
        uint32_t code;
        size_t length = utf8_decode(text, n, &code);
        if (!length)
            length = 1;
        if (code == '$')
            strbuf_add_text(out, "$$");
        else if (code == '"' || code == '\\')
            strbuf_addf(out, "\\%c", (char)code);
        else if (code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x2028 || code == 0x2029 ||
                 code == 0xFEFF || code == 0xFFFE || code == 0xFFFF)
            strbuf_addf(out, "\\U%08X", (unsigned)code);
        else
            strbuf_add(out, text, length);
        text += length;
        n -= length;
    }
    strbuf_add_char(out, '"');
}

void key_write_value(const struct recipe *r, const struct recipe_key *key, struct strbuf *out)
{
    const void *value = field_of(r, key);
    switch (key->type) {
    case KEY_INTEGER:
        strbuf_addf(out, "%d", *(const int *)value);
        break;
    case KEY_REAL:
    case KEY_FRACTION:
        write_real(out, *(const double *)value);
        break;
    case KEY_BOOLEAN:
        strbuf_add_text(out, *(const bool *)value ? "true" : "false");
        break;
    case KEY_CHOICE:
        strbuf_add_text(out, *(const char *const *)value);
        break;
    case KEY_TEXT:
        write_text(out, *(const char *const *)value);
        break;
    case KEY_TEXTS: {
        const struct recipe_texts *list = value;
        strbuf_add_char(out, '[');
        for (size_t i = 0; i < list->n; i++) {
            strbuf_add_text(out, i ? ", " : "");
            write_text(out, list->items[i]);
        }
        strbuf_add_char(out, ']');
        break;
    }
    }
}

void key_write_allowed(const struct recipe_key *key, struct strbuf *out)
{
    switch (key->type) {
    case KEY_INTEGER:
        strbuf_addf(out, "a whole number from %.0f to %.0f", key->least, key->most);
        break;
    case KEY_REAL:
        strbuf_add_text(out, "a number from ");
        write_real(out, key->least);
        strbuf_add_text(out, " to ");
        write_real(out, key->most);
        break;
    case KEY_FRACTION:
        strbuf_add_text(out, "a number from 0 to less than 1");
        break;
    case KEY_BOOLEAN:
        strbuf_add_text(out, "true or false");
        break;
    case KEY_CHOICE:
        strbuf_add_text(out, key->choices[1].name ? "one of " : "");
        for (const struct key_choice *c = key->choices; c->name; c++)
            strbuf_addf(out, "%s%s", c == key->choices ? "" : ", ", c->name);
        break;
    case KEY_TEXT:
        strbuf_add_text(out, "a text (\"\" for none)");
        break;
    case KEY_TEXTS:
        strbuf_add_text(out, "a text or a list of texts");
        break;
    }
}
