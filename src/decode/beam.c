/* The strategies beam and diverse: hypotheses compete, in one group or in several. */
#include "decode/search_private.h"

static int one(const struct search_options *o)
{
    (void)o;
    return 1;
}

static int group_count(const struct search_options *o)
{
    return o->groups < o->beam ? o->groups : o->beam;
}

/* The beam, and the greedy hypothesis where it is outside; a beam of one is greedy. */
static int beam_rows(const struct search_options *o)
{
    return o->beam > 1 ? o->beam + 1 : 1;
}

/* END may be one of them, and others may rank lower for diversity. */
static int beam_branches(const struct search_options *o)
{
    return o->beam + 1;
}

static int beam_choose(struct work *w, int row, int n, struct row_scores *s, struct candidate *c)
{
    if (row_sentence(w, row)->task->n_required)
        return require_choose(w, row, n, s, c);
    return take_allowed(w, row, n, s, w->options->beam + 1, c);
}

/* The row of the beam with the best candidate not yet taken, or -1. */
static int best_row(const struct work *w, const struct beam *b)
{
    int best = -1;
    double best_rank = 0;
    for (int i = 0; i < b->live; i++) {
        int row = b->first + i;
        if (w->head[i] == w->n_candidates[row])
            continue;
        double rank = row_candidates(w, row)[w->head[i]].rank;
        if (best < 0 || rank > best_rank) {
            best = row;
            best_rank = rank;
        }
    }
    return best;
}

/* Whether the beam is over when the likeliest of its hypotheses that live on has the sum `best`. */
static bool is_done(const struct work *w, const struct beam *b, int live, double best)
{
    const struct search_options *o = w->options;
    const struct sentence *s = &w->sentences[b->sentence];
    if (live == 0 || b->n_ended >= b->width)
        return true;
    /* A group that is done no longer keeps others from its words: groups do not stop early. */
    if (o->stop == STOP_BEAM || (o->stop == STOP_EXACT && w->groups > 1) || s->kept < o->n_best)
        return false;
    return o->stop == STOP_FIRST || s->ended[o->n_best - 1].score >= score_bound(w, s, best);
}

/* Lets the greedy hypothesis, whose next word is c's, go on outside the beam while it can still
 * become the best. Returns whether it does, as row `at` of the next step. */
static bool keep_greedy(struct work *w, struct beam *b, const struct candidate *c, int at)
{
    const struct sentence *s = &w->sentences[b->sentence];
    if (s->kept > 0 && s->ended[0].score >= score_bound(w, s, c->sum))
        return false;
    extend_hypothesis(w, b->greedy, c->word, c->sum, at);
    return true;
}

static void beam_advance(struct work *w, struct beam *b, int n, int *n_next)
{
    if (w->sentences[b->sentence].task->n_required) {
        require_advance(w, b, n, n_next);
        return;
    }
    /* The greedy hypothesis' next word; NULL once it has ended or was given up. */
    const struct candidate *likeliest = b->greedy < 0 ? NULL : row_candidates(w, b->greedy);
    int taken = 0, greedy = -1;
    double best = 0;
    memset(w->head, 0, (size_t)b->live * sizeof *w->head);
    for (int rank = 0; taken < b->width; rank++) {
        int row = best_row(w, b);
        if (row < 0)
            break;
        int at = w->head[row - b->first]++;
        struct candidate c = row_candidates(w, row)[at];
        bool is_greedy = row == b->greedy && at == 0;
        if (c.word != TOKEN_END) {
            best = taken == 0 ? c.sum : best;
            greedy = is_greedy ? *n_next + taken : greedy;
            extend_hypothesis(w, row, c.word, c.sum, *n_next + taken++);
        } else if (rank < b->width) {
            end_hypothesis(w, row, n, c.sum);
            b->n_ended++;
            likeliest = is_greedy ? NULL : likeliest;
        }
    }
    if (likeliest && likeliest->word == TOKEN_END) {
        end_hypothesis(w, b->greedy, n, likeliest->sum);
        likeliest = NULL;
    }
    bool done = is_done(w, b, taken, best);
    int live = done ? 0 : taken, end = *n_next + live;
    b->extra = likeliest && (done || greedy < 0) && keep_greedy(w, b, likeliest, end);
    b->greedy = b->extra ? end : done ? -1 : greedy;
    b->live = live;
    b->first = *n_next;
    *n_next = end + b->extra;
}

/* How many hypotheses in groups before b's take `word` at this step. */
static int times_taken(const struct work *w, const struct beam *b, int word)
{
    int times = 0;
    for (const struct beam *other = b - b->group; other < b; other++)
        for (int i = other->first; i < other->first + other->live; i++)
            times += w->nodes[w->next[i].node].word == word;
    return times;
}

static void diverse_advance(struct work *w, struct beam *b, int n, int *n_next)
{
    for (int row = b->first; b->group > 0 && row < b->first + b->live; row++) {
        struct candidate *c = row_candidates(w, row);
        for (int i = 0; i < w->n_candidates[row]; i++) {
            struct candidate moved = c[i];
            if (moved.word != TOKEN_END)
                moved.rank -= w->options->diversity * times_taken(w, b, moved.word);
            int at = i;
            for (; at > 0 && c[at - 1].rank < moved.rank; at--)
                c[at] = c[at - 1];
            c[at] = moved;
        }
    }
    beam_advance(w, b, n, n_next);
}

const struct strategy strategy_beam = {
    .name = "beam",
    .ranks = true,
    .groups = one,
    .rows = beam_rows,
    .start_rows = one,
    .branches = beam_branches,
    .choose = beam_choose,
    .advance = beam_advance,
};

const struct strategy strategy_diverse = {
    .name = "diverse",
    .ranks = true,
    .groups = group_count,
    .rows = beam_rows,
    .start_rows = one,
    .branches = beam_branches,
    .choose = beam_choose,
    .advance = diverse_advance,
};
