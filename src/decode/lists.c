/* A search among the words of shortlists. */
#include "decode/search_private.h"

/* The list of the words that sentence r can be made of. */
static int list_words(struct work *w, const struct search_model *models, int r, struct listed *list,
                      struct satz_error *err)
{
    const struct search_options *o = w->options;
    const struct batch *b = w->batch;
    const struct search_task *task = w->sentences[r].task;
    memset(w->set, 0, (size_t)word_set_size(w->vocabulary) * sizeof *w->set);
    shortlist_add_commonest(o->shortlist, o->shortlist_commonest, w->set);
    for (int k = 0; k < b->source.length[r] - 1; k++)
        shortlist_add_word(o->shortlist, models[0].source_ids[b->source.offset[k] + r],
                           o->shortlist_best, w->set);
    for (int i = 0; i < task->prefix.n; i++)
        word_set_add(w->set, task->prefix.ids[i]);
    for (int p = 0; p < task->n_required; p++)
        for (int i = 0; i < task->required[p].n; i++)
            word_set_add(w->set, task->required[p].ids[i]);
    w->sentences[r].list = list;
    return listed_fill(list, w->set, models, w->n_members, err);
}

int make_lists(struct work *w, struct search *s, const struct search_model *models,
               struct satz_error *err)
{
    if (s->n_lists < w->batch->n) {
        struct listed *lists = memory_new((size_t)w->batch->n, sizeof *lists, err);
        if (!lists)
            return -1;
        for (int i = 0; i < s->n_lists; i++)
            lists[i] = s->lists[i];
        free(s->lists);
        s->lists = lists;
        s->n_lists = w->batch->n;
    }
    for (int r = 0; r < w->batch->n; r++)
        if (list_words(w, models, r, &s->lists[r], err) < 0)
            return -1;
    return 0;
}

void output_rows(struct work *w, int m, int from, struct mat readout)
{
    const struct member *member = &w->members[m];
    const struct search_model *model = member->model;
    if (!w->options->shortlist) {
        loss_logits(&model->pass, &model->network->loss, readout,
                    mat_rows(member->logits, 0, readout.rows));
        return;
    }
    for (int r = 0, n; r < readout.rows; r += n) {
        const struct listed *list = row_sentence(w, from + r)->list;
        for (n = 1; r + n < readout.rows && row_sentence(w, from + r + n)->list == list;)
            n++;
        listed_logits(list, m, model, mat_rows(readout, r, n),
                      mat_cols(mat_rows(member->logits, r, n), 0, list->n));
    }
}
