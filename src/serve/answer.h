/* answer.h -- what a request is answered with, as JSON. */
#ifndef SATZ_SERVE_ANSWER_H
#define SATZ_SERVE_ANSWER_H

#include <jansson.h>

#include "satz.h"
#include "serve/request.h"

/* One sentence: translation, score, log_probability, tokens; with n_best, the best ones of them; if
 * it was cut, truncated. NULL when memory is short. */
json_t *answer_sentence(const struct request *r, const struct satz_translation *t);

/* Adds "alignment" to an answered sentence; `a` is NULL for one without words. 0, or -1 when memory
 * is short. */
int answer_add_alignment(json_t *sentence, const struct request *r, const struct satz_attention *a);

/* The whole answer of n sentences, which stay the caller's: the sentence itself, or
 * {"translations": [...]} when an array was asked for. free() it; NULL when memory is short. */
char *answer_text(const struct request *r, json_t *const *sentences);

/* {"error": "..."}; free() it. NULL when memory is short. */
char *answer_problem(const struct problem *p);

#endif
