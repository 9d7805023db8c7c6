/* schema.h -- the rows of keys.h as a table, and what is done with one key: set it, show it.
 *
 * Messages of this file start with "section.key" and leave the place to the caller. */
#ifndef SATZ_CONFIG_SCHEMA_H
#define SATZ_CONFIG_SCHEMA_H

#include "config/recipe.h"

enum key_type {
    KEY_INTEGER,
    KEY_REAL,
    KEY_FRACTION,
    KEY_BOOLEAN,
    KEY_CHOICE,
    KEY_TEXT,
    KEY_TEXTS,
};

struct key_choice {
    const char *name, *meaning;
};

struct recipe_key {
    const char *section, *name, *meaning;
    enum key_type type;
    size_t offset;                    /* of the field in struct recipe */
    double least, most;               /* of a number, both allowed */
    const struct key_choice *choices; /* of a choice, ended by a NULL name */
};

struct recipe_section {
    const char *name, *meaning;
};

enum {
    N_KEYS = 0
#define INTEGER(section, key, value, least, most, meaning) +1
#define REAL(section, key, value, least, most, meaning)    +1
#define FRACTION(section, key, value, meaning)             +1
#define BOOLEAN(section, key, value, meaning)              +1
#define CHOICE(section, key, value, list, meaning)         +1
#define TEXT(section, key, value, meaning)                 +1
#define TEXTS(section, key, meaning)                       +1
#include "config/keys.h"
    ,
    N_SECTIONS = 0
#define SECTION_BEGIN(section, meaning) +1
#include "config/keys.h"
};

/* Keys of a section follow each other, sections in the order of schema_sections. */
extern const struct recipe_key schema_keys[N_KEYS];
extern const struct recipe_section schema_sections[N_SECTIONS];

/* The key or section of that name; NULL with *err set, naming the nearest right spelling. */
const struct recipe_key *schema_find(const char *section, const char *key, struct satz_error *err);
const struct recipe_section *schema_find_section(const char *name, struct satz_error *err);

/* Sets a key that is not a list from `n` bytes of text. `plain`: not in quotes, so that nothing at
 * all, `~` and `null` are a missing value; quoted text is no number. */
int key_set(struct recipe *r, const struct recipe_key *key, const char *text, size_t n, bool plain,
            struct satz_error *err);

/* Appends one text to a list. */
int key_append(struct recipe *r, const struct recipe_key *key, const char *text, size_t n,
               bool plain, struct satz_error *err);

/* Makes a list empty. */
void key_clear(struct recipe *r, const struct recipe_key *key);

/* Appends the value as it stands in YAML. */
void key_write_value(const struct recipe *r, const struct recipe_key *key, struct strbuf *out);

/* Appends what a value must be: "a whole number from 1 to 64". */
void key_write_allowed(const struct recipe_key *key, struct strbuf *out);

/* error_set with "section.key PROBLEM; it must be ALLOWED". */
int key_refuse(const struct recipe_key *key, const char *problem, struct satz_error *err);

#endif
