/* yaml.h -- reads recipes through libyaml's events, so that each error has its line and column. */
#ifndef SATZ_CONFIG_YAML_H
#define SATZ_CONFIG_YAML_H

#include "config/schema.h"

/* Sets in *r what the `n` bytes of YAML say, and in given[key index] the line of each key that they
 * name (0 before and for the others). Anchors, aliases, tags and a second document are refused. */
int yaml_read_recipe(struct recipe *r, size_t given[N_KEYS], const char *text, size_t n,
                     const char *name, struct satz_error *err);

/* Sets a list from `n` bytes of YAML that are a sequence; messages give no position. */
int yaml_read_list(struct recipe *r, const struct recipe_key *key, const char *text, size_t n,
                   struct satz_error *err);

#endif
