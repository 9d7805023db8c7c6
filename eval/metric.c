#include "metric.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eval.h"
#include "internal.h"

#define METRIC_ADDRESS(id) &metric_##id,
static const struct metric_kind *const kinds[] = {METRIC_LIST(METRIC_ADDRESS)};

enum { N_KINDS = sizeof kinds / sizeof kinds[0], OPTIONS_LIMIT = 256 };

struct metric {
    const struct metric_kind *kind;
    void *self;
};

const char *metric_name(int index)
{
    return index >= 0 && index < N_KINDS ? kinds[index]->name : NULL;
}

/* "yes or no", "13a, none or zh", "a number from 1 to 8" */
static void option_values(const struct metric_option *o, char *out, size_t size)
{
    if (o->type == OPTION_TYPE_CHOICE)
        eval_list_names(out, size, o->choice);
    else if (o->type == OPTION_TYPE_FLAG)
        snprintf(out, size, "yes or no");
    else
        snprintf(out, size, "a%s number from %g to %g",
                 o->type == OPTION_TYPE_INTEGER ? " whole" : "", o->low, o->high);
}

int metric_help(int index, char *out, size_t size)
{
    char values[256];
    size_t length = 0;
    if (size)
        out[0] = '\0';
    if (index < 0 || index >= N_KINDS)
        return 0;
    for (const struct metric_option *o = kinds[index]->options; o->type != OPTION_END; o++) {
        option_values(o, values, sizeof values);
        length = eval_append(out, size, length, "%s: %s\n", o->name, values);
    }
    return (int)length;
}

/* The number that the text spells out as a whole, within the option's range. */
static bool parse_number(const struct metric_option *o, const char *text, double *number)
{
    char *end;
    errno = 0;
    *number = strtod(text, &end);
    return end != text && !*end && !errno && *number >= o->low && *number <= o->high &&
           (o->type != OPTION_TYPE_INTEGER || *number == (double)(int)*number);
}

/* Sets the option's field in *options. False if the value is none of the option's. */
static bool option_set(const struct metric_option *o, char *options, const char *value)
{
    double number;
    bool yes = !strcmp(value, "yes");
    int whole;
    switch (o->type) {
    case OPTION_TYPE_FLAG:
        if (!yes && strcmp(value, "no") != 0)
            return false;
        memcpy(options + o->offset, &yes, sizeof yes);
        return true;
    case OPTION_TYPE_CHOICE:
        for (int i = 0; o->choice(i); i++)
            if (!strcmp(o->choice(i), value)) {
                const char *name = o->choice(i);
                memcpy(options + o->offset, &name, sizeof name);
                return true;
            }
        return false;
    case OPTION_TYPE_INTEGER:
    case OPTION_TYPE_NUMBER:
        if (!parse_number(o, value, &number))
            return false;
        whole = (int)number;
        if (o->type == OPTION_TYPE_INTEGER)
            memcpy(options + o->offset, &whole, sizeof whole);
        else
            memcpy(options + o->offset, &number, sizeof number);
        break;
    case OPTION_END:
        return false;
    }
    if (o->has_offset)
        memcpy(options + o->has_offset, &(bool){true}, sizeof(bool));
    return true;
}

/* "name=value" or "name"; the text is cut up. */
static int parse_option(const struct metric_kind *kind, char *text, char *options,
                        struct satz_error *err)
{
    char *value = strchr(text, '=');
    char list[512];
    size_t length = 0;
    if (value)
        *value++ = '\0';
    for (const struct metric_option *o = kind->options; o->type != OPTION_END; o++) {
        length = eval_append(list, sizeof list, length, "%s%s", length ? ", " : "", o->name);
        if (strcmp(o->name, text) != 0)
            continue;
        if (!value && o->type == OPTION_TYPE_FLAG)
            value = "yes";
        if (value && option_set(o, options, value))
            return 0;
        option_values(o, list, sizeof list);
        return eval_error(err, "The option %s of %s is \"%s\"; it must be %s.", o->name, kind->name,
                          value ? value : "", list);
    }
    return eval_error(err, "%s has no option \"%s\"; it has %s.", kind->name, text, list);
}

/* The text is cut up. */
static void *parse_specification(char *text, const struct metric_kind **kind,
                                 struct satz_error *err)
{
    _Alignas(16) char options[OPTIONS_LIMIT];
    char names[128], *rest = strchr(text, ':'), *state = NULL;
    if (rest)
        *rest++ = '\0';
    *kind = NULL;
    for (int i = 0; i < N_KINDS; i++)
        if (!strcmp(kinds[i]->name, text))
            *kind = kinds[i];
    if (!*kind) {
        eval_list_names(names, sizeof names, metric_name);
        eval_error(err, "There is no metric \"%s\"; take %s.", text, names);
        return NULL;
    }
    memcpy(options, (*kind)->defaults, (*kind)->options_size);
    for (char *o = rest ? strtok_r(rest, ",", &state) : NULL; o; o = strtok_r(NULL, ",", &state))
        if (parse_option(*kind, o, options, err))
            return NULL;
    return (*kind)->create(options, err);
}

struct metric *metric_new(const char *specification, struct satz_error *err)
{
    char *text = strdup(specification);
    struct metric *m = calloc(1, sizeof *m);
    if (!text || !m) {
        eval_error(err, "Out of memory.");
        goto fail;
    }
    m->self = parse_specification(text, &m->kind, err);
    if (!m->self)
        goto fail;
    free(text);
    return m;
fail:
    free(text);
    free(m);
    return NULL;
}

void metric_free(struct metric *m)
{
    if (!m)
        return;
    m->kind->destroy(m->self);
    free(m);
}

int metric_n_statistics(const struct metric *m)
{
    return m->kind->n_statistics(m->self);
}

bool metric_lower_is_better(const struct metric *m)
{
    return m->kind->lower_is_better;
}

int metric_count(struct metric *m, const char *hypothesis, const char *const *references,
                 int n_references, double *statistics, struct satz_error *err)
{
    return m->kind->count(m->self, hypothesis, references, n_references, statistics, err);
}

double metric_score(const struct metric *m, const double *statistics)
{
    return m->kind->score(m->self, statistics);
}

int metric_label(const struct metric *m, char *out, size_t size)
{
    return m->kind->label(m->self, out, size);
}

int metric_format(const struct metric *m, const double *statistics, int width, char *out,
                  size_t size)
{
    char label[64];
    if (m->kind->format)
        return m->kind->format(m->self, statistics, width, out, size);
    metric_label(m, label, sizeof label);
    return snprintf(out, size, "%s = %.*f", label, width, metric_score(m, statistics));
}

int metric_signature(const struct metric *m, char *out, size_t size)
{
    return m->kind->signature(m->self, out, size);
}

void statistics_release(struct statistics *s)
{
    free(s->rows);
    *s = (struct statistics){0};
}

int statistics_add(struct statistics *s, const double *row, int width, struct satz_error *err)
{
    size_t n = (size_t)width;
    if (s->keep) {
        if (eval_grow(&s->rows, &s->capacity, (s->n_segments + 1) * n, sizeof *s->rows, err))
            return -1;
        memcpy(s->rows + s->n_segments * n, row, n * sizeof *row);
    }
    s->width = width;
    s->n_segments++;
    for (size_t i = 0; i < n; i++)
        s->sum[i] += row[i];
    return 0;
}

int metrics_add_files(struct metric *const *metrics, int n_metrics, const char *hypothesis_path,
                      const char *const *reference_paths, int n_references,
                      struct statistics *tables, struct guards *guards, struct satz_error *err)
{
    int got = -1;
    double row[METRIC_STATISTICS_LIMIT];
    struct eval_files *files = NULL;
    const char *const *lines, **paths = calloc((size_t)n_references + 1, sizeof *paths);
    if (!paths)
        return eval_error(err, "Out of memory.");
    paths[0] = hypothesis_path;
    memcpy(paths + 1, reference_paths, (size_t)n_references * sizeof *paths);
    files = eval_files_open(paths, n_references + 1, err);
    if (!files)
        goto done;
    while ((got = eval_files_next(files, &lines, err)) > 0) {
        if (guards && guards_add(guards, lines[0], lines + 1, n_references, err))
            got = -1;
        for (int i = 0; i < n_metrics && got > 0; i++)
            if (metric_count(metrics[i], lines[0], lines + 1, n_references, row, err) ||
                statistics_add(&tables[i], row, metric_n_statistics(metrics[i]), err))
                got = -1;
        if (got < 0)
            break;
    }
done:
    eval_files_close(files);
    free(paths);
    return got;
}
