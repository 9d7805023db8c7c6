#include "config/ladder.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <yaml.h>

#include "base/file.h"
#include "base/memory.h"
#include "config/schema.h"

enum { LARGEST_FILE = 1 << 20 };

/* Scalars of the document are the ladder's texts; `scratch` checks values and expands paths. */
struct ladder_memory {
    yaml_document_t document;
    struct recipe scratch;
};

struct reader {
    struct ladder *ladder;
    yaml_document_t *document;
    struct satz_error *err;
};

static int place(struct reader *x, const yaml_node_t *node)
{
    return error_prefix(x->err, "%s:%zu:%zu", x->ladder->path, node->start_mark.line + 1,
                        node->start_mark.column + 1);
}

#define REFUSE(x, node, ...) (error_set((x)->err, __VA_ARGS__), place(x, node))

static yaml_node_t *node_of(struct reader *x, int index)
{
    return yaml_document_get_node(x->document, index);
}

/* The text of a scalar, or NULL with the error set. */
static const char *text_of(struct reader *x, const yaml_node_t *node, const char *what)
{
    const char *text = node->type == YAML_SCALAR_NODE ? (char *)node->data.scalar.value : NULL;
    if (text && *text && strlen(text) == node->data.scalar.length)
        return text;
    REFUSE(x, node, "%s must be a text", what);
    return NULL;
}

static int take_text(struct reader *x, const yaml_node_t *node, const char *what, const char **into)
{
    *into = text_of(x, node, what);
    return *into ? 0 : -1;
}

/* Calls `take` with the index in `names` of each key of a mapping, whose keys are of those and each
 * given once. */
static int walk(struct reader *x, const yaml_node_t *node, const char *what,
                const char *const *names, size_t n_names, void *into,
                int (*take)(struct reader *x, void *into, size_t name, const yaml_node_t *value))
{
    unsigned seen = 0;
    if (node->type != YAML_MAPPING_NODE)
        return REFUSE(x, node, "%s is made of keys with values, `key: value`", what);
    for (yaml_node_pair_t *p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top;
         p++) {
        const yaml_node_t *key = node_of(x, p->key);
        const char *word = text_of(x, key, "a key");
        size_t name = 0;
        if (!word)
            return -1;
        while (name < n_names && strcmp(names[name], word) != 0)
            name++;
        if (name == n_names) {
            const char *near = satz_nearest_name(word, names, n_names);
            error_set(x->err, "unknown key \"%s\" of %s", word, what);
            if (near)
                error_set(x->err, "unknown key \"%s\" of %s; did you mean \"%s\"?", word, what,
                          near);
            return place(x, key);
        }
        if (seen & 1U << name)
            return REFUSE(x, key, "%s is given twice", word);
        seen |= 1U << name;
        if (take(x, into, name, node_of(x, p->value)) < 0)
            return -1;
    }
    return 0;
}

/* --- a rung */

static int add_setting(struct reader *x, struct ladder_rung *r, const yaml_node_t *key,
                       const yaml_node_t *value)
{
    const char *name = text_of(x, key, "a key");
    const char *dot = name ? strchr(name, '.') : NULL;
    char section[32] = "";
    if (!name)
        return -1;
    if (dot && (size_t)(dot - name) < sizeof section)
        memcpy(section, name, (size_t)(dot - name));
    if (!*section)
        return REFUSE(x, key, "\"%s\": a rung sets keys of the recipe, `section.key: value`", name);
    const struct recipe_key *k =
        schema_find_section(section, x->err) ? schema_find(section, dot + 1, x->err) : NULL;
    if (!k)
        return place(x, key);
    if (k->type == KEY_TEXTS || value->type != YAML_SCALAR_NODE)
        return REFUSE(x, value, "%s: a rung sets single values", name);
    bool plain = value->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    const char *text = (const char *)value->data.scalar.value;
    if (key_set(&x->ladder->memory->scratch, k, text, value->data.scalar.length, plain, x->err) < 0)
        return place(x, value);
    for (size_t i = 0; i < r->n_settings; i++)
        if (strncmp(r->settings[i], name, strlen(name)) == 0 && r->settings[i][strlen(name)] == '=')
            return REFUSE(x, key, "%s is given twice", name);
    struct strbuf setting = {0};
    strbuf_addf(&setting, "%s=%s", name, text);
    r->settings[r->n_settings] = strbuf_detach(&setting, x->err);
    return r->settings[r->n_settings++] ? 0 : -1;
}

static int take_settings(struct reader *x, struct ladder_rung *r, const yaml_node_t *node)
{
    if (node->type != YAML_MAPPING_NODE)
        return REFUSE(x, node, "set is made of keys of the recipe, `section.key: value`");
    yaml_node_pair_t *start = node->data.mapping.pairs.start, *top = node->data.mapping.pairs.top;
    r->settings = memory_new((size_t)(top - start) + 1, sizeof *r->settings, x->err);
    if (!r->settings)
        return -1;
    for (yaml_node_pair_t *p = start; p < top; p++)
        if (add_setting(x, r, node_of(x, p->key), node_of(x, p->value)) < 0)
            return -1;
    return 0;
}

static int take_rung_tables(struct reader *x, struct ladder_rung *r, const yaml_node_t *node)
{
    const struct ladder *l = x->ladder;
    const char *names[LADDER_TABLES];
    for (int k = 0; k < l->n_tables; k++)
        names[k] = l->tables[k].name ? l->tables[k].name : "";
    if (node->type != YAML_SEQUENCE_NODE)
        return REFUSE(x, node, "tables is a list of names, `[one, two]`");
    for (yaml_node_item_t *i = node->data.sequence.items.start; i < node->data.sequence.items.top;
         i++) {
        const char *name = text_of(x, node_of(x, *i), "a table's name");
        int k = 0;
        if (!name)
            return -1;
        while (k < l->n_tables && strcmp(names[k], name) != 0)
            k++;
        if (k == l->n_tables) {
            const char *near = satz_nearest_name(name, names, (size_t)l->n_tables);
            return REFUSE(x, node_of(x, *i), "there is no table \"%s\"%s%s%s", name,
                          near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
        }
        r->tables |= 1U << k;
    }
    return 0;
}

static int take_paper(struct reader *x, void *into, size_t name, const yaml_node_t *value)
{
    struct ladder_rung *r = into;
    return take_text(x, value, "a figure of the paper",
                     name == 0 ? &r->paper_perplexity : &r->paper_bleu);
}

static bool is_folder_name(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "-_";
    return strlen(name) <= 64 && name[0] != '-' && !name[strspn(name, letters)];
}

enum { RUNG_NAME, RUNG_LABEL, RUNG_FROM, RUNG_SET, RUNG_PAPER, RUNG_TABLES, RUNG_NOTE };

static int take_rung_key(struct reader *x, void *into, size_t name, const yaml_node_t *value)
{
    static const char *const figures[] = {"perplexity", "bleu"};
    struct ladder_rung *r = into;
    const char *text;
    switch (name) {
    case RUNG_NAME:
        if (take_text(x, value, "name", &r->name) < 0)
            return -1;
        if (!is_folder_name(r->name))
            return REFUSE(x, value,
                          "\"%s\" is no name of a rung: letters, digits, - and _, 64 at "
                          "most",
                          r->name);
        return ladder_find(x->ladder, r->name, NULL) < 0
                   ? 0
                   : REFUSE(x, value, "there are two rungs \"%s\"", r->name);
    case RUNG_LABEL:
        return take_text(x, value, "label", &r->label);
    case RUNG_NOTE:
        return take_text(x, value, "note", &r->note);
    case RUNG_FROM:
        if (take_text(x, value, "from", &text) < 0)
            return -1;
        r->from = ladder_find(x->ladder, text, x->err);
        return r->from < 0 ? place(x, value) : 0;
    case RUNG_SET:
        return take_settings(x, r, value);
    case RUNG_PAPER:
        return walk(x, value, "paper", figures, 2, r, take_paper);
    default:
        return take_rung_tables(x, r, value);
    }
}

static int take_rungs(struct reader *x, const yaml_node_t *node)
{
    static const char *const names[] = {"name", "label", "from", "set", "paper", "tables", "note"};
    struct ladder *l = x->ladder;
    if (node->type != YAML_SEQUENCE_NODE)
        return REFUSE(x, node, "rungs is a list, `- name: ...`");
    yaml_node_item_t *start = node->data.sequence.items.start, *top = node->data.sequence.items.top;
    if (top == start || top - start > LADDER_RUNGS)
        return REFUSE(x, node, "a ladder has 1 to %d rungs", LADDER_RUNGS);
    l->rungs = memory_new((size_t)(top - start), sizeof *l->rungs, x->err);
    if (!l->rungs)
        return -1;
    for (yaml_node_item_t *i = start; i < top; i++) {
        const yaml_node_t *item = node_of(x, *i);
        struct ladder_rung r = {.from = l->n_rungs - 1, .line = item->start_mark.line + 1};
        int status =
            walk(x, item, "a rung", names, sizeof names / sizeof *names, &r, take_rung_key);
        if (status == 0 && !r.name)
            status = REFUSE(x, item, "this rung has no name");
        r.label = r.label ? r.label : r.name;
        r.tables = r.tables ? r.tables : 1;
        l->rungs[l->n_rungs++] = r; /* also of a wrong one, which is released with the others */
        if (status < 0)
            return -1;
    }
    return 0;
}

/* --- the ladder */

static int take_tables(struct reader *x, const yaml_node_t *node)
{
    struct ladder *l = x->ladder;
    if (node->type != YAML_MAPPING_NODE)
        return REFUSE(x, node, "tables is made of names with titles, `name: title`");
    for (yaml_node_pair_t *p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top;
         p++) {
        if (l->n_tables == LADDER_TABLES)
            return REFUSE(x, node_of(x, p->key), "a ladder has at most %d tables", LADDER_TABLES);
        if (take_text(x, node_of(x, p->key), "a table's name", &l->tables[l->n_tables].name) < 0 ||
            take_text(x, node_of(x, p->value), "a title", &l->tables[l->n_tables].title) < 0)
            return -1;
        l->n_tables++;
    }
    return 0;
}

static int take_test(struct reader *x, void *into, size_t name, const yaml_node_t *value)
{
    struct ladder *l = into;
    struct recipe *scratch = &l->memory->scratch;
    const struct recipe_key *key =
        schema_find("data", name == 0 ? "valid_source" : "valid_target", x->err);
    const char *text = text_of(x, value, "a file's name");
    if (!text)
        return -1;
    if (key_set(scratch, key, text, strlen(text), false, x->err) < 0)
        return place(x, value);
    if (name == 0)
        l->test_source = scratch->data.valid_source;
    else
        l->test_target = scratch->data.valid_target;
    return 0;
}

enum { TOP_TITLE, TOP_NOTE, TOP_BASE, TOP_TEST, TOP_TABLES, TOP_RUNGS, N_TOP };

struct top {
    const yaml_node_t *nodes[N_TOP];
};

static int take_top(struct reader *x, void *into, size_t name, const yaml_node_t *value)
{
    (void)x;
    ((struct top *)into)->nodes[name] = value;
    return 0;
}

/* "FOLDER/name" where FOLDER is that of the ladder. */
static char *beside(const char *path, const char *name, struct satz_error *err)
{
    const char *slash = strrchr(path, '/');
    struct strbuf s = {0};
    if (slash && name[0] != '/')
        strbuf_add(&s, path, (size_t)(slash - path) + 1);
    strbuf_add_text(&s, name);
    return strbuf_detach(&s, err);
}

static int read_ladder(struct reader *x, const yaml_node_t *root)
{
    static const char *const names[N_TOP] = {"title", "note", "base", "test", "tables", "rungs"};
    static const char *const sides[] = {"source", "target"};
    struct ladder *l = x->ladder;
    struct top top = {0};
    const char *base;
    if (walk(x, root, "a ladder", names, N_TOP, &top, take_top) < 0)
        return -1;
    const yaml_node_t *const *nodes = top.nodes;
    if (!nodes[TOP_BASE] || !nodes[TOP_RUNGS])
        return REFUSE(x, root, "a ladder needs `base`, a recipe, and `rungs`");
    if ((nodes[TOP_TITLE] && take_text(x, nodes[TOP_TITLE], "title", &l->title) < 0) ||
        (nodes[TOP_NOTE] && take_text(x, nodes[TOP_NOTE], "note", &l->note) < 0) ||
        (nodes[TOP_TEST] && walk(x, nodes[TOP_TEST], "test", sides, 2, l, take_test) < 0) ||
        (nodes[TOP_TABLES] && take_tables(x, nodes[TOP_TABLES]) < 0) ||
        take_text(x, nodes[TOP_BASE], "base", &base) < 0)
        return -1;
    l->n_tables = l->n_tables ? l->n_tables : 1;
    l->base = beside(l->path, base, x->err);
    return l->base ? take_rungs(x, nodes[TOP_RUNGS]) : -1;
}

static int yaml_problem(const struct ladder *l, const yaml_parser_t *p, struct satz_error *err)
{
    if (p->error == YAML_MEMORY_ERROR)
        return error_set(err, "out of memory while reading YAML");
    return error_set(err, "%s:%zu:%zu: not YAML: %s", l->path, p->problem_mark.line + 1,
                     p->problem_mark.column + 1, p->problem ? p->problem : "cannot be read");
}

static int parse(struct ladder *l, const struct strbuf *text, struct satz_error *err)
{
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser))
        return error_set(err, "out of memory while starting to read YAML");
    yaml_parser_set_input_string(&parser, (const unsigned char *)strbuf_text(text), text->length);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    struct reader x = {.ladder = l, .document = &l->memory->document, .err = err};
    yaml_document_t more;
    int status = yaml_parser_load(&parser, x.document) ? 0 : yaml_problem(l, &parser, err);
    yaml_node_t *root = status == 0 ? yaml_document_get_root_node(x.document) : NULL;
    if (status == 0)
        status = root ? read_ladder(&x, root)
                      : error_set(err, "%s: is empty; a ladder has `base` and `rungs`", l->path);
    if (status == 0 && !yaml_parser_load(&parser, &more))
        status = yaml_problem(l, &parser, err);
    else if (status == 0) {
        if (yaml_document_get_root_node(&more))
            status = error_set(err, "%s: a second document; a ladder is one document", l->path);
        yaml_document_delete(&more);
    }
    yaml_parser_delete(&parser);
    return status;
}

int ladder_load(struct ladder *l, const char *path, struct satz_error *err)
{
    struct stat info;
    struct strbuf text = {0};
    bool folder = stat(path, &info) == 0 && S_ISDIR(info.st_mode);
    *l = (struct ladder){0};
    l->memory = memory_new(1, sizeof *l->memory, err);
    l->path = folder ? file_join(path, "ladder.yaml", err) : memory_copy_string(path, err);
    if (l->memory)
        recipe_defaults(&l->memory->scratch);
    int status = l->memory && l->path ? file_read(l->path, LARGEST_FILE, &text, err) : -1;
    if (status == 0)
        status = parse(l, &text, err);
    strbuf_release(&text);
    if (status < 0)
        ladder_release(l);
    return status;
}

void ladder_release(struct ladder *l)
{
    for (int i = 0; i < l->n_rungs; i++) {
        for (size_t k = 0; k < l->rungs[i].n_settings; k++)
            free(l->rungs[i].settings[k]);
        free(l->rungs[i].settings);
    }
    if (l->memory) {
        yaml_document_delete(&l->memory->document);
        recipe_release(&l->memory->scratch);
    }
    free(l->memory);
    free(l->rungs);
    free(l->path);
    free(l->base);
    *l = (struct ladder){0};
}

int ladder_find(const struct ladder *l, const char *name, struct satz_error *err)
{
    const char *names[LADDER_RUNGS];
    for (int i = 0; i < l->n_rungs; i++) {
        names[i] = l->rungs[i].name;
        if (strcmp(names[i], name) == 0)
            return i;
    }
    const char *near = satz_nearest_name(name, names, (size_t)l->n_rungs);
    return error_set(err, "there is no rung \"%s\"%s%s%s", name, near ? "; did you mean \"" : "",
                     near ? near : "", near ? "\"?" : "");
}

static bool same_key(const char *a, const char *b)
{
    size_t n = strcspn(a, "=");
    return strcspn(b, "=") == n && strncmp(a, b, n) == 0;
}

/* A key that the user sets must not be one that some rung changes: the change would be lost, or the
 * user's value would. */
static int check_settings(const struct ladder *l, const char *const *settings, size_t n,
                          struct satz_error *err)
{
    for (size_t s = 0; s < n; s++)
        for (int i = 0; i < l->n_rungs; i++)
            for (size_t k = 0; k < l->rungs[i].n_settings; k++)
                if (same_key(settings[s], l->rungs[i].settings[k]))
                    return error_set(err,
                                     "--set %.*s: %s:%zu: the rung %s changes this key; leave it "
                                     "out, or change it in the ladder",
                                     (int)strcspn(settings[s], "="), settings[s], l->path,
                                     l->rungs[i].line, l->rungs[i].name);
    return 0;
}

int ladder_recipe(const struct ladder *l, int rung, const char *const *settings, size_t n_settings,
                  struct recipe *r, struct satz_error *err)
{
    int chain[LADDER_RUNGS], depth = 0;
    size_t n = n_settings;
    if (check_settings(l, settings, n_settings, err) < 0)
        return -1;
    for (int i = rung; i >= 0; i = l->rungs[i].from) {
        chain[depth++] = i;
        n += l->rungs[i].n_settings;
    }
    const char **all = memory_new(n + 1, sizeof *all, err);
    if (!all)
        return -1;
    n = 0;
    for (size_t k = 0; k < n_settings; k++)
        all[n++] = settings[k];
    while (depth-- > 0)
        for (size_t k = 0; k < l->rungs[chain[depth]].n_settings; k++)
            all[n++] = l->rungs[chain[depth]].settings[k];
    int status = recipe_load(r, l->base, all, n, err);
    free(all);
    if (status < 0 && n > n_settings)
        error_prefix(err, "%s:%zu: rung %s", l->path, l->rungs[rung].line, l->rungs[rung].name);
    return status;
}
