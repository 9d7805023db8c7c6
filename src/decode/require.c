/* Phrases that must occur: dynamic beam allocation (Post and Vilar 2018, arXiv:1804.06609).
 *
 * Besides its likeliest words, each row offers those that bring a required phrase forward. The
 * candidates are put into banks by how many words of the phrases they have; each bank gets an equal
 * share of the beam, what a bank cannot fill going to the others, fullest first. A hypothesis ends
 * only when it has all phrases, and no word is taken that leaves too little room for the rest: what
 * is asked is always found. Phrases are found by their tokens, as the tokenizer cuts them, and a
 * phrase that is done is not gone on with inside its last word. */
#include "decode/search_private.h"

struct progress require_start(const struct search_task *task)
{
    struct progress p = {0};
    for (int i = 0; i < task->n_required; i++)
        p.missing += task->required[i].n;
    return p;
}

static bool is_done(const struct progress *p, int phrase)
{
    return p->done >> phrase & 1;
}

/* Whether phrase i is not done and begins with the words that are there of the one begun. */
static bool is_open(const struct search_task *task, const struct progress *p, int i)
{
    const struct phrase *phrase = &task->required[i];
    return !is_done(p, i) && phrase->n > p->at &&
           memcmp(phrase->ids, task->required[p->phrase].ids, (size_t)p->at * sizeof(int)) == 0;
}

/* The phrase that `word` brings forward, or -1. */
static int find_open(const struct search_task *task, const struct progress *p, int word)
{
    for (int i = 0; i < task->n_required; i++)
        if (is_open(task, p, i) && task->required[i].ids[p->at] == word)
            return i;
    return -1;
}

/* Words of missing phrases, without those of the one begun. */
static int count_missing(const struct search_task *task, const struct progress *p)
{
    int n = 0;
    for (int i = 0; i < task->n_required; i++)
        n += is_done(p, i) ? 0 : task->required[i].n;
    return n - p->at;
}

struct progress require_step(const struct search_task *task, struct progress p, int word)
{
    int phrase = find_open(task, &p, word);
    p.closed = false;
    if (phrase < 0 && p.at > 0) {
        p.at = 0;
        phrase = find_open(task, &p, word);
    }
    if (phrase >= 0) {
        p.phrase = phrase;
        p.at++;
        if (p.at == task->required[phrase].n) {
            p.done |= (uint64_t)1 << phrase;
            p.at = 0;
            p.closed = true;
        }
    }
    p.missing = count_missing(task, &p);
    return p;
}

int require_next(const struct search_task *task, const struct progress *p, int *words)
{
    int n = 0;
    for (int i = 0; i < task->n_required; i++)
        if (is_open(task, p, i))
            words[n++] = task->required[i].ids[p->at];
    return n;
}

/* Whether one of c [n] is `word`. */
static bool is_among(const struct candidate *c, int n, int word)
{
    for (int i = 0; i < n; i++)
        if (c[i].word == word)
            return true;
    return false;
}

int require_choose(struct work *w, int row, int n, struct row_scores *s, struct candidate *c)
{
    const struct search_task *task = row_sentence(w, row)->task;
    int words[MOST_PHRASES], count = 0;
    int n_words = require_next(task, &w->now[row].progress, words);
    for (int i = 0; i < n_words; i++) {
        double sum = w->now[row].sum + score_log(s, s->z[score_place(s, words[i])]);
        if (!is_among(c, count, words[i]) && !(sum == -INFINITY))
            c[count++] = (struct candidate){words[i], sum, sum};
    }
    for (int i = 0; i < count; i++)
        w->top->exclude(s->n, s->z, w->maxima, score_place(s, c[i].word));
    if (w->options->no_repeat > 0)
        forbid_repeats(w, row, n, s);
    return count + take_allowed(w, row, n, s, w->options->beam + 1, c + count);
}

/* The beam's candidates, likeliest first, with their banks. Returns how many. */
static int fill_pool(struct work *w, const struct beam *b)
{
    const struct search_task *task = w->sentences[b->sentence].task;
    int total = require_start(task).missing, n = 0;
    for (int row = b->first; row < b->first + b->live; row++)
        for (int i = 0; i < w->n_candidates[row]; i++, n++) {
            struct candidate c = row_candidates(w, row)[i];
            int at = n;
            for (; at > 0 && w->pool[at - 1].sum < c.sum; at--) {
                w->pool[at] = w->pool[at - 1];
                w->pool_row[at] = w->pool_row[at - 1];
                w->pool_bank[at] = w->pool_bank[at - 1];
            }
            w->pool[at] = c;
            w->pool_row[at] = row;
            w->pool_bank[at] = total - require_step(task, w->now[row].progress, c.word).missing;
        }
    return n;
}

/* How many of the n candidates of each bank are taken, in quota [total + 1]. */
static void share_beam(const struct work *w, int n, int width, int total, int *quota)
{
    int left = width, share = width / (total + 1);
    int *there = quota + total + 1;
    memset(quota, 0, 2 * (size_t)(total + 1) * sizeof *quota);
    for (int i = 0; i < n; i++)
        there[w->pool_bank[i]]++;
    for (int bank = 0; bank <= total; bank++) {
        quota[bank] = there[bank] < share ? there[bank] : share;
        left -= quota[bank];
    }
    for (bool given = true; given && left > 0;) {
        given = false;
        for (int bank = total; bank >= 0 && left > 0; bank--)
            if (quota[bank] < there[bank]) {
                quota[bank]++;
                left--;
                given = true;
            }
    }
}

void require_advance(struct work *w, struct beam *b, int n, int *n_next)
{
    const struct search_options *o = w->options;
    const struct sentence *s = &w->sentences[b->sentence];
    int total = require_start(s->task).missing, taken = 0;
    int count = fill_pool(w, b), *quota = w->quota;
    double best = 0;
    share_beam(w, count, b->width, total, quota);
    for (int i = 0; i < count; i++) {
        const struct candidate *c = &w->pool[i];
        if (quota[w->pool_bank[i]]-- <= 0)
            continue;
        if (c->word == TOKEN_END) {
            end_hypothesis(w, w->pool_row[i], n, c->sum);
            b->n_ended++;
            continue;
        }
        best = taken == 0 ? c->sum : best;
        extend_hypothesis(w, w->pool_row[i], c->word, c->sum, *n_next + taken++);
    }
    bool enough =
        o->stop != STOP_BEAM && s->kept == o->n_best &&
        (o->stop == STOP_FIRST || s->ended[o->n_best - 1].score >= score_bound(w, s, best));
    b->live = b->n_ended >= b->width || enough ? 0 : taken;
    b->first = *n_next;
    *n_next += b->live;
}
