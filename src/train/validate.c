#include "train/validate.h"

#include <math.h>

bool validation_translates(const struct recipe *recipe, int64_t k)
{
    int every = recipe->validation.bleu_every;
    return recipe_is(recipe->validation.metric, "bleu") || (every > 0 && k % every == 0);
}

double validation_metric(const struct recipe *recipe, const struct validation *v)
{
    return recipe_is(recipe->validation.metric, "bleu") ? v->bleu : v->perplexity;
}

int validate_model(struct team *t, const struct model *m, const struct corpus *valid,
                   bool translate, struct validation *v, struct satz_error *err)
{
    struct loss_sums sums = {0};
    if (team_evaluate(t, valid, 64, m->recipe.model.reverse_source, &sums, err) < 0)
        return -1;
    *v = (struct validation){.perplexity = exp(sums.nll / (double)sums.tokens), .bleu = -1};
    (void)translate;
    return 0;
}
