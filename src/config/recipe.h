/* recipe.h -- everything a training run or a translation can be told, checked.
 *
 * A recipe is YAML of two levels, sections of keys (`model:` / `encoder_hidden: 512`);
 * config/keys.h lists them. Each becomes a field of struct recipe: r->model.encoder_hidden is an
 * int, r->data.train_source a struct recipe_texts, a choice a `const char *` that is one of the
 * names of its list (compare with recipe_is). Texts may use ${VARIABLE} and ${VARIABLE:-default};
 * "$$" stands for a dollar sign.
 *
 * Errors read "FILE:LINE:COLUMN: section.key ...", say what is allowed and name the nearest right
 * spelling; those of a setting "--set section.key: ...". */
#ifndef SATZ_CONFIG_RECIPE_H
#define SATZ_CONFIG_RECIPE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/strbuf.h"

struct recipe_texts {
    const char *const *items;
    size_t n;
};

struct recipe_memory;

struct recipe {
#define SECTION_BEGIN(section, meaning)                    struct {
#define INTEGER(section, key, value, least, most, meaning) int key;
#define REAL(section, key, value, least, most, meaning)    double key;
#define FRACTION(section, key, value, meaning)             double key;
#define BOOLEAN(section, key, value, meaning)              bool key;
#define CHOICE(section, key, value, list, meaning)         const char *key;
#define TEXT(section, key, value, meaning)                 const char *key;
#define TEXTS(section, key, meaning)                       struct recipe_texts key;
#define SECTION_END(section)                                                                       \
    }                                                                                              \
    section;
#include "config/keys.h"
    struct recipe_memory *memory; /* owns the texts that were read */
    bool resolved;                /* texts that ask for variables are refused */
};

/* Every key at its default. Overwrites *r without releasing it; allocates nothing. */
void recipe_defaults(struct recipe *r);

/* Initialises *r: defaults, then the file at `path` (NULL: none), then `settings`, each
 * "section.key=value" (a list also as "[a, b]"; a later setting wins), then what
 * attention.preset implies for keys not given, then recipe_check. On failure *r is untouched. */
int recipe_load(struct recipe *r, const char *path, const char *const *settings, size_t n_settings,
                struct satz_error *err);

/* As recipe_load, from `n` bytes of YAML; `name` stands for the file in errors. */
int recipe_parse(struct recipe *r, const char *text, size_t n, const char *name,
                 struct satz_error *err);

/* As recipe_parse, of what recipe_write_yaml wrote, by whomever: there is no variable in it, and
 * one is an error, so that a file from elsewhere cannot read the environment. */
int recipe_parse_resolved(struct recipe *r, const char *text, size_t n, const char *name,
                          struct satz_error *err);

/* Sets one key as "section.key=value" says. On failure *r keeps its value. */
int recipe_set(struct recipe *r, const char *setting, struct satz_error *err);

/* What no single key can get wrong alone. The message names the keys that do not fit together. */
int recipe_check(const struct recipe *r, struct satz_error *err);

/* Appends every key with its value as YAML, from which recipe_parse makes an equal recipe. */
void recipe_write_yaml(const struct recipe *r, struct strbuf *out);

/* Appends the reference of all keys as Markdown. */
void recipe_write_reference(struct strbuf *out);

/* Appends the same as the manual page satz-recipe(5), in mdoc. */
void recipe_write_manual(struct strbuf *out);

/* Whether a choice has the value `name`. */
bool recipe_is(const char *choice, const char *name);

/* Frees what the recipe owns and zeroes it. */
void recipe_release(struct recipe *r);

#endif
