/* validate.h -- how good the model is on held-out text. */
#ifndef SATZ_TRAIN_VALIDATE_H
#define SATZ_TRAIN_VALIDATE_H

#include "model/model.h"
#include "train/team.h"

struct validation {
    double perplexity; /* per target token, END included, no label smoothing */
    double bleu;       /* of the text really decoded against the raw reference; -1: not asked for */
    char warning[256]; /* why that BLEU may not mean what it seems to (eval.h, guards), or "" */
};

/* Per target token; 0 without any. What has no end, or is no number, counts as e^100: every figure
 * of the log and of a checkpoint is finite. */
double perplexity(const struct loss_sums *sums);

/* Whether validation number k (from 1) translates. */
bool validation_translates(const struct recipe *recipe, int64_t k);

/* What the recipe judges by. */
double validation_metric(const struct recipe *recipe, const struct validation *v);

/* Losses over `valid`; when `translate`, also the BLEU of the translations of the recipe's held-out
 * text by the team's packed weights. *v is untouched on failure. */
int validate_model(struct team *t, const struct model *m, const struct corpus *valid,
                   bool translate, struct validation *v, struct satz_error *err);

#endif
