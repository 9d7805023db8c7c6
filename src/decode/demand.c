#include "decode/demand.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "decode/forbid.h"

void demand_release(struct demand *d)
{
    for (int i = 0; d->forbidden && i < d->task.n_forbidden; i++)
        free(d->forbidden[i]);
    free(d->forbidden);
    free(d->required);
    token_list_release(&d->ids);
    *d = (struct demand){0};
}

/* `text` without spaces at the ends and with one between words. */
static char *plain_text(const char *text, struct satz_error *err)
{
    struct strbuf plain = {0};
    for (; *text; text++) {
        bool space = *text == ' ' || *text == '\t';
        size_t n = plain.length;
        if (!space)
            strbuf_add_char(&plain, *text);
        else if (n > 0 && plain.data[n - 1] != ' ')
            strbuf_add_char(&plain, ' ');
    }
    if (plain.length > 0 && plain.data[plain.length - 1] == ' ')
        plain.data[--plain.length] = '\0';
    if (strbuf_check(&plain, err) < 0 || plain.length == 0)
        strbuf_release(&plain);
    else
        return strbuf_detach(&plain, err);
    return memory_copy_string("", err);
}

/* Whether the model can write all of ids. */
static bool is_known(const int *ids, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (ids[i] == TOKEN_UNKNOWN)
            return false;
    return true;
}

/* `name`: what messages call it. */
static int add_phrase(struct demand *d, const struct tokenizer *t, const char *name,
                      const char *text, struct phrase *phrase, struct satz_error *err)
{
    size_t from = d->ids.n;
    if (utf8_valid_prefix(text, strlen(text)) < strlen(text))
        return error_set(err, "the %s \"%s\" is not valid UTF-8", name, text);
    if (tokenizer_encode(t, text, strlen(text), &d->ids, err) < 0)
        return -1;
    if (!is_known(d->ids.ids + from, d->ids.n - from))
        return error_set(err, "the %s \"%s\" has characters that the model cannot write", name,
                         text);
    phrase->n = (int)(d->ids.n - from);
    return 0;
}

static int add_forbidden(struct demand *d, const struct satz_request *r, struct satz_error *err)
{
    d->forbidden = memory_new(r->n_forbidden, sizeof *d->forbidden, err);
    if (!d->forbidden)
        return -1;
    for (size_t i = 0; i < r->n_forbidden; i++) {
        if (!(d->forbidden[i] = plain_text(r->forbidden[i], err)))
            return -1;
        d->task.n_forbidden++;
        if (!d->forbidden[i][0])
            return error_set(err, "a forbidden phrase is empty");
    }
    d->task.forbidden = (const char *const *)d->forbidden;
    return 0;
}

static int add_required(struct demand *d, const struct tokenizer *t, const struct satz_request *r,
                        struct satz_error *err)
{
    if (r->n_required > MOST_PHRASES)
        return error_set(err, "%zu phrases are required, and at most %d can be", r->n_required,
                         MOST_PHRASES);
    d->required = memory_new(r->n_required, sizeof *d->required, err);
    if (!d->required)
        return -1;
    for (size_t i = 0; i < r->n_required; i++) {
        if (add_phrase(d, t, "required phrase", r->required[i], &d->required[i], err) < 0)
            return -1;
        if (d->required[i].n == 0)
            return error_set(err, "a required phrase is empty");
        for (int k = 0; k < d->task.n_forbidden; k++)
            if (forbid_contains(r->required[i], d->forbidden[k]))
                return error_set(err, "\"%s\" is required but \"%s\" is forbidden", r->required[i],
                                 d->forbidden[k]);
    }
    d->task.required = d->required;
    d->task.n_required = (int)r->n_required;
    return 0;
}

static int fill(struct demand *d, const struct tokenizer *t, const struct satz_request *r,
                struct satz_error *err)
{
    struct phrase prefix = {0};
    size_t length = r->prefix ? strlen(r->prefix) : 0;
    if (length > 0 && add_phrase(d, t, "prefix", r->prefix, &prefix, err) < 0)
        return -1;
    if ((r->n_forbidden > 0 && add_forbidden(d, r, err) < 0) ||
        (r->n_required > 0 && add_required(d, t, r, err) < 0))
        return -1;
    d->task.prefix_closed = prefix.n > 0 && r->prefix[length - 1] == ' ';
    d->task.prefix = prefix;
    /* The list of ids stays where it is from here on. */
    int at = prefix.n;
    d->task.prefix.ids = d->ids.ids;
    for (int i = 0; i < d->task.n_required; at += d->required[i++].n)
        d->required[i].ids = d->ids.ids + at;
    return 0;
}

int demand_make(struct demand *d, const struct tokenizer *target,
                const struct satz_request *request, size_t name, struct satz_error *err)
{
    if (fill(d, target, request, err) == 0)
        return 0;
    error_prefix(err, "line %zu", name);
    return -1;
}
