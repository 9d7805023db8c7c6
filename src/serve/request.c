#include "serve/request.h"

#include <stdlib.h>
#include <string.h>

enum { WORD = 64 }; /* bytes of a client's word that a message repeats */

struct parser {
    struct request *request;
    const struct request_limits *limits;
    struct problem *problem;
};

static const char *type_name(const json_t *value)
{
    static const char *const names[] = {
        [JSON_OBJECT] = "an object",
        [JSON_ARRAY] = "an array",
        [JSON_STRING] = "a string",
        [JSON_INTEGER] = "a whole number",
        [JSON_REAL] = "a number with a fraction",
        [JSON_TRUE] = "true",
        [JSON_FALSE] = "false",
        [JSON_NULL] = "null",
    };
    return names[json_typeof(value)];
}

/* Sentence i of the request. `name` is what messages call it. */
static int take_text(struct parser *p, size_t i, const char *name, const json_t *value)
{
    if (!json_is_string(value))
        return problem_set(p->problem, 400, "%s is %s; it must be a string", name,
                           type_name(value));
    size_t length = json_string_length(value);
    if (length > p->limits->sentence)
        return problem_set(p->problem, 413, "%s has %zu bytes; a sentence may have %zu", name,
                           length, p->limits->sentence);
    p->request->texts[i] = json_string_value(value);
    p->request->lengths[i] = length;
    return 0;
}

static int read_text(struct parser *p, const json_t *value)
{
    struct request *r = p->request;
    r->single = !json_is_array(value);
    if (r->single && !json_is_string(value))
        return problem_set(p->problem, 400,
                           "\"text\" is %s; it must be a string or an array of strings",
                           type_name(value));
    r->n = r->single ? 1 : json_array_size(value);
    if (r->n == 0)
        return problem_set(p->problem, 400, "\"text\" is an empty array: there is no sentence");
    if (r->n > p->limits->sentences)
        return problem_set(p->problem, 413,
                           "\"text\" has %zu sentences; a request may have %zu: send several", r->n,
                           p->limits->sentences);
    r->texts = malloc(r->n * sizeof *r->texts);
    r->lengths = malloc(r->n * sizeof *r->lengths);
    if (!r->texts || !r->lengths)
        return problem_set(p->problem, 500, "out of memory");
    if (r->single)
        return take_text(p, 0, "\"text\"", value);
    for (size_t i = 0; i < r->n; i++) {
        char name[40];
        snprintf(name, sizeof name, "\"text\"[%zu]", i);
        if (take_text(p, i, name, json_array_get(value, i)) < 0)
            return -1;
    }
    return 0;
}

static int read_n_best(struct parser *p, const json_t *value)
{
    if (!json_is_integer(value))
        return problem_set(p->problem, 400, "\"n_best\" is %s; it must be a whole number",
                           type_name(value));
    json_int_t n = json_integer_value(value);
    if (n < 1 || n > p->limits->beam)
        return problem_set(p->problem, 400,
                           "\"n_best\" is %" JSON_INTEGER_FORMAT "; it must be between 1 and %d, "
                           "the width of the beam",
                           n, p->limits->beam);
    p->request->n_best = (int)n;
    return 0;
}

/* The index of a string that must be one of `words`, or -1. */
static int read_word(struct parser *p, const char *name, const json_t *value,
                     const char *const *words, size_t n_words)
{
    char list[80] = "";
    for (size_t i = 0, at = 0; i < n_words; i++)
        at += (size_t)snprintf(list + at, sizeof list - at, "%s\"%s\"", i ? " or " : "", words[i]);
    if (!json_is_string(value))
        return problem_set(p->problem, 400, "\"%s\" is %s; it must be %s", name, type_name(value),
                           list);
    const char *word = json_string_value(value);
    for (size_t i = 0; i < n_words; i++)
        if (strcmp(words[i], word) == 0)
            return (int)i;
    if (strlen(word) > WORD)
        return problem_set(p->problem, 400, "\"%s\" must be %s", name, list);
    const char *near = satz_nearest_name(word, words, n_words);
    if (near)
        return problem_set(p->problem, 400, "\"%s\" is \"%s\"; did you mean \"%s\"?", name, word,
                           near);
    return problem_set(p->problem, 400, "\"%s\" is \"%s\"; it must be %s", name, word, list);
}

static int read_alignment(struct parser *p, const json_t *value)
{
    static const char *const words[] = {"none", "links", "weights"};
    int which = read_word(p, "alignment", value, words, 3);
    if (which > 0 && !p->limits->attention)
        return problem_set(p->problem, 400,
                           "\"alignment\": this model has no attention, so it has none to show");
    p->request->alignment = (enum alignment)(which < 0 ? 0 : which);
    return which < 0 ? -1 : 0;
}

static int read_units(struct parser *p, const json_t *value)
{
    static const char *const words[] = {[SATZ_WORDS] = "words", [SATZ_SUBWORDS] = "subwords"};
    int which = read_word(p, "units", value, words, 2);
    p->request->units = (enum satz_units)(which < 0 ? 0 : which);
    return which < 0 ? -1 : 0;
}

static const char *const field_names[] = {"text", "n_best", "alignment", "units"};
static int (*const field_readers[])(struct parser *, const json_t *) = {read_text, read_n_best,
                                                                        read_alignment, read_units};
enum { N_FIELDS = sizeof field_names / sizeof *field_names };

static int read_field(struct parser *p, const char *name, const json_t *value)
{
    for (size_t i = 0; i < N_FIELDS; i++)
        if (strcmp(field_names[i], name) == 0)
            return field_readers[i](p, value);
    if (strlen(name) > WORD)
        return problem_set(p->problem, 400, "there is a field with a name of %zu bytes",
                           strlen(name));
    const char *near = satz_nearest_name(name, field_names, N_FIELDS);
    if (near)
        return problem_set(p->problem, 400, "there is no field \"%s\"; did you mean \"%s\"?", name,
                           near);
    return problem_set(p->problem, 400,
                       "there is no field \"%s\"; there are text, n_best, alignment and units",
                       name);
}

static int read_fields(struct parser *p, json_t *root)
{
    const char *name;
    json_t *value;
    if (!json_is_object(root))
        return problem_set(p->problem, 400, "the request is %s; it must be an object",
                           type_name(root));
    json_object_foreach(root, name, value)
    {
        if (read_field(p, name, value) < 0)
            return -1;
    }
    if (!p->request->texts)
        return problem_set(p->problem, 400, "\"text\" is missing: the sentence to translate");
    return 0;
}

int request_parse(struct request *r, const char *bytes, size_t n,
                  const struct request_limits *limits, struct problem *problem)
{
    struct parser p = {r, limits, problem};
    json_error_t error;
    *r = (struct request){0};
    if (n > limits->body)
        return problem_set(problem, 413, "the request has %zu bytes; it may have %zu", n,
                           limits->body);
    if (n == 0)
        return problem_set(problem, 400, "the request is empty; send {\"text\": \"...\"}");
    r->json = json_loadb(bytes, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (!r->json) /* The text is the client's in part. */
        return problem_set(problem, 400, "this is not JSON: line %d, column %d: %s", error.line,
                           error.column, error.text);
    if (read_fields(&p, r->json) == 0)
        return 0;
    request_release(r);
    return -1;
}

void request_release(struct request *r)
{
    free(r->texts);
    free(r->lengths);
    json_decref(r->json);
    *r = (struct request){0};
}
