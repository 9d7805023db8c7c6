#include "serve/answer.h"

#include <stdlib.h>

enum { FORMAT = JSON_COMPACT | JSON_REAL_PRECISION(9) };

static json_t *hypothesis_json(const struct satz_hypothesis *h)
{
    return json_pack("{s:s, s:f, s:f, s:i}", "translation", h->text, "score", h->score,
                     "log_probability", h->log_probability, "tokens", h->tokens);
}

json_t *answer_sentence(const struct request *r, const struct satz_translation *t)
{
    json_t *sentence = hypothesis_json(&t->hypotheses[0]);
    int status = sentence ? 0 : -1;
    if (status == 0 && t->truncated)
        status = json_object_set_new(sentence, "truncated", json_true());
    if (status == 0 && r->n_best > 0) {
        json_t *list = json_array();
        for (int k = 0; status == 0 && k < t->n && k < r->n_best; k++)
            status = json_array_append_new(list, hypothesis_json(&t->hypotheses[k]));
        if (json_object_set_new(sentence, "n_best", list) < 0)
            status = -1;
    }
    if (status == 0)
        return sentence;
    json_decref(sentence);
    return NULL;
}

static json_t *labels_json(const char *const *labels, int n)
{
    json_t *list = json_array();
    for (int i = 0; i < n; i++)
        if (json_array_append_new(list, json_string(labels[i])) < 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static json_t *weights_json(const struct satz_attention *a)
{
    json_t *rows = json_array();
    for (int i = 0; a && i < a->n_targets; i++) {
        json_t *row = json_array();
        for (int j = 0; j < a->n_sources; j++)
            json_array_append_new(row, json_real((double)a->weights[i * a->n_sources + j]));
        if (json_array_append_new(rows, row) < 0 || json_array_size(row) != (size_t)a->n_sources) {
            json_decref(rows);
            return NULL;
        }
    }
    return rows;
}

/* The end of a sentence is neither linked nor linked to. */
static json_t *links_json(const struct satz_attention *a)
{
    enum { LINK = 24 };
    int n = a ? a->n_targets - 1 : 0;
    char *links = malloc((size_t)n * LINK + 1);
    if (!links)
        return NULL;
    char *at = links;
    *at = '\0';
    for (int i = 0; i < n; i++) {
        const float *row = a->weights + i * a->n_sources;
        int most = 0;
        for (int j = 1; j < a->n_sources; j++)
            if (row[j] > row[most])
                most = j;
        if (most < a->n_sources - 1)
            at += sprintf(at, "%s%d-%d", at > links ? " " : "", most, i);
    }
    json_t *json = json_string(links);
    free(links);
    return json;
}

int answer_add_alignment(json_t *sentence, const struct request *r, const struct satz_attention *a)
{
    bool links = r->alignment == ALIGNMENT_LINKS;
    int end = links ? 1 : 0;
    json_t *alignment = json_object();
    if (json_object_set_new(alignment, "source",
                            labels_json(a ? a->sources : NULL, a ? a->n_sources - end : 0)) < 0 ||
        json_object_set_new(alignment, "target",
                            labels_json(a ? a->targets : NULL, a ? a->n_targets - end : 0)) < 0 ||
        json_object_set_new(alignment, links ? "links" : "weights",
                            links ? links_json(a) : weights_json(a)) < 0) {
        json_decref(alignment);
        return -1;
    }
    return json_object_set_new(sentence, "alignment", alignment);
}

char *answer_text(const struct request *r, json_t *const *sentences)
{
    if (r->single)
        return json_dumps(sentences[0], FORMAT);
    json_t *list = json_array(), *root = json_pack("{s:o}", "translations", list);
    int status = root ? 0 : -1;
    for (size_t i = 0; status == 0 && i < r->n; i++)
        status = json_array_append(list, sentences[i]);
    char *text = status == 0 ? json_dumps(root, FORMAT) : NULL;
    json_decref(root);
    return text;
}

char *answer_problem(const struct problem *p)
{
    json_t *root = json_pack("{s:s}", "error", p->message);
    char *text = json_dumps(root, FORMAT);
    json_decref(root);
    return text;
}
