/* Alignment error rate. */
#include <stdlib.h>
#include <string.h>

#include "eval.h"
#include "internal.h"

static int by_place(const void *left, const void *right)
{
    const struct satz_link *a = left, *b = right;
    if (a->source != b->source)
        return a->source < b->source ? -1 : 1;
    if (a->target != b->target)
        return a->target < b->target ? -1 : 1;
    return a->possible - b->possible;
}

static bool same_place(const struct satz_link *a, const struct satz_link *b)
{
    return a->source == b->source && a->target == b->target;
}

/* Sorts the links; of those in one place the first stays, a sure one where there is one. */
static size_t sort_links(struct satz_link *links, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        links[i].possible = links[i].possible != 0;
    if (n > 0)
        qsort(links, n, sizeof *links, by_place);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || !same_place(&links[i], &links[kept - 1]))
            links[kept++] = links[i];
    return kept;
}

int alignment_counts_add(struct alignment_counts *sums, const struct satz_link *found,
                         size_t n_found, const struct satz_link *gold, size_t n_gold,
                         struct satz_error *err)
{
    struct satz_link *links = calloc(n_found + n_gold + 1, sizeof *links);
    if (!links)
        return eval_error(err, "out of memory for %zu links", n_found + n_gold);
    struct satz_link *right = links + n_found;
    if (n_found > 0)
        memcpy(links, found, n_found * sizeof *links);
    if (n_gold > 0)
        memcpy(right, gold, n_gold * sizeof *links);
    n_found = sort_links(links, n_found);
    n_gold = sort_links(right, n_gold);
    sums->found += (int64_t)n_found;
    for (size_t i = 0; i < n_gold; i++)
        sums->sure += !right[i].possible;
    for (size_t i = 0, k = 0; i < n_found; i++) {
        while (k < n_gold && !same_place(&right[k], &links[i]) &&
               by_place(&right[k], &links[i]) < 0)
            k++;
        if (k < n_gold && same_place(&right[k], &links[i])) {
            sums->found_possible++;
            sums->found_sure += !right[k].possible;
        }
    }
    free(links);
    return 0;
}

static double share(int64_t part, int64_t whole)
{
    return whole > 0 ? (double)part / (double)whole : 1;
}

double alignment_precision(const struct alignment_counts *c)
{
    return share(c->found_possible, c->found);
}

double alignment_recall(const struct alignment_counts *c)
{
    return share(c->found_sure, c->sure);
}

double alignment_error_rate(const struct alignment_counts *c)
{
    return 1 - share(c->found_sure + c->found_possible, c->found + c->sure);
}
