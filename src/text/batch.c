#include "text/batch.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* One block for all int arrays, one for the ids copied out of a corpus. */
struct batch_memory {
    int *ints, *ids;
    struct batch_sentence *sentences;
    int *starts, *steps;
    float *shares;
    size_t ints_capacity, ids_capacity, sentences_capacity;
    size_t starts_capacity, steps_capacity, shares_capacity;
};

static int reserve_memory(struct batch *b, struct satz_error *err)
{
    if (!b->memory)
        b->memory = memory_new(1, sizeof *b->memory, err);
    return b->memory ? 0 : -1;
}

void batch_release(struct batch *b)
{
    sequence_release(&b->source);
    sequence_release(&b->target);
    if (b->memory) {
        free(b->memory->ints);
        free(b->memory->ids);
        free(b->memory->sentences);
        free(b->memory->starts);
        free(b->memory->steps);
        free(b->memory->shares);
        free(b->memory);
    }
    *b = (struct batch){0};
}

/* order = the sentences by length, longest first, ties as given: a counting sort. */
static void sort_by_length(const struct batch_sentence *s, int n, int longest, int *count,
                           int *order)
{
    memset(count, 0, ((size_t)longest + 1) * sizeof *count);
    for (int i = 0; i < n; i++)
        count[s[i].n]++;
    for (int length = longest, at = 0; length >= 0; length--) {
        int here = count[length];
        count[length] = at;
        at += here;
    }
    for (int i = 0; i < n; i++)
        order[count[s[i].n]++] = i;
}

static int longest_of(const struct batch_sentence *s, int n, size_t *total)
{
    int longest = 0;
    for (int i = 0; i < n; i++) {
        longest = s[i].n > longest ? s[i].n : longest;
        *total += (size_t)s[i].n + 1;
    }
    return longest;
}

/* Row r gets sentence order[r]; every row is one longer than its sentence (END). */
static int plan(struct sequence *seq, const struct batch_sentence *s, const int *order, int n,
                int *lengths, struct satz_error *err)
{
    for (int r = 0; r < n; r++)
        lengths[r] = s[order[r]].n + 1;
    return sequence_plan(seq, lengths, n, err);
}

static void lay_out_source(struct batch *b, const struct batch_sentence *s, bool reverse)
{
    assert(b->n == 0 || s);
    for (int r = 0; r < b->n; r++) {
        const struct batch_sentence *from = &s[b->order[r]];
        for (int step = 0; step < from->n; step++)
            b->source_ids[b->source.offset[step] + r] =
                from->ids[reverse ? from->n - 1 - step : step];
        b->source_ids[b->source.offset[from->n] + r] = TOKEN_END;
    }
}

static void lay_out_target(struct batch *b, const struct batch_sentence *s, const int *order)
{
    for (int r = 0; r < b->n; r++) {
        const struct batch_sentence *from = &s[order[r]];
        for (int step = 0; step <= from->n; step++) {
            int at = b->target.offset[step] + r;
            b->target_in[at] = step ? from->ids[step - 1] : TOKEN_BEGIN;
            b->target_out[at] = step < from->n ? from->ids[step] : TOKEN_END;
        }
    }
}

int batch_fill(struct batch *b, const struct batch_sentence *sources,
               const struct batch_sentence *targets, int n, bool reverse_source,
               struct satz_error *err)
{
    size_t source_total = 0, target_total = 0, rows = (size_t)n;
    int longest = longest_of(sources, n, &source_total);
    int longest_target = targets ? longest_of(targets, n, &target_total) : 0;
    size_t scratch = (size_t)(longest > longest_target ? longest : longest_target) + 1 + 3 * rows;
    if (reserve_memory(b, err) < 0 ||
        memory_grow(&b->memory->ints, &b->memory->ints_capacity,
                    source_total + 2 * target_total + 2 * rows + scratch, sizeof(int), err) < 0)
        return -1;
    int *at = b->memory->ints;
    b->n = n;
    b->twins = false;
    b->guide = (struct batch_guide){0};
    b->source_ids = at;
    b->target_in = at += source_total;
    b->target_out = at += target_total;
    b->sentence = at += target_total;
    b->order = at += n;
    int *target_order = at += n;
    int *source_row = at += n;
    int *lengths = at += n;
    int *count = at + n;

    sort_by_length(sources, n, longest, count, b->order);
    if (plan(&b->source, sources, b->order, n, lengths, err) < 0)
        return -1;
    lay_out_source(b, sources, reverse_source);
    if (!targets)
        return sequence_plan(&b->target, lengths, 0, err);
    sort_by_length(targets, n, longest_target, count, target_order);
    if (plan(&b->target, targets, target_order, n, lengths, err) < 0)
        return -1;
    lay_out_target(b, targets, target_order);
    for (int r = 0; r < n; r++)
        source_row[b->order[r]] = r;
    for (int r = 0; r < n; r++)
        b->sentence[r] = source_row[target_order[r]];
    return 0;
}

static int add_guide(struct batch *b, int *n, int step, float share, struct satz_error *err)
{
    struct batch_memory *m = b->memory;
    size_t need = (size_t)*n + 1;
    if (memory_grow(&m->steps, &m->steps_capacity, need, sizeof *m->steps, err) < 0 ||
        memory_grow(&m->shares, &m->shares_capacity, need, sizeof *m->shares, err) < 0)
        return -1;
    m->steps[*n] = step;
    m->shares[(*n)++] = share;
    return 0;
}

/* The guide of a row whose token is of the target word `word`. Words have tokens that are their
 * own, so that no step comes twice. */
static int align_row(struct batch *b, const struct batch_alignment *a, int word, int n_tokens,
                     bool reverse, int *n, struct satz_error *err)
{
    int first = *n;
    double total = 0;
    for (int k = 0; k < a->n_links; k++) {
        if (a->links[k].target != word)
            continue;
        for (int i = 0; i < n_tokens; i++) {
            if (a->words[0][i] != a->links[k].source)
                continue;
            if (add_guide(b, n, reverse ? n_tokens - 1 - i : i, (float)a->links[k].weight, err) < 0)
                return -1;
            total += a->links[k].weight;
        }
    }
    for (int i = first; i < *n; i++)
        b->memory->shares[i] = (float)((double)b->memory->shares[i] / total);
    return 0;
}

int batch_align(struct batch *b, const struct batch_alignment *alignments, bool reverse_source,
                struct satz_error *err)
{
    const struct sequence *seq = &b->target;
    struct batch_memory *m = b->memory;
    int n = 0;
    if (memory_grow(&m->starts, &m->starts_capacity, (size_t)seq->total + 1, sizeof *m->starts,
                    err) < 0)
        return -1;
    for (int step = 0; step < seq->steps; step++)
        for (int r = 0; r < sequence_active(seq, step); r++) {
            int row = b->sentence[r], n_tokens = b->source.length[row] - 1;
            const struct batch_alignment *a = &alignments[b->order[row]];
            m->starts[seq->offset[step] + r] = n;
            if ((step == seq->length[r] - 1
                     ? add_guide(b, &n, n_tokens, 1, err)
                     : align_row(b, a, a->words[1][step], n_tokens, reverse_source, &n, err)) < 0)
                return -1;
        }
    m->starts[seq->total] = n;
    b->guide = (struct batch_guide){m->starts, m->steps, m->shares};
    return 0;
}

int batch_fill_corpus(struct batch *b, const struct corpus *corpus, const uint32_t *indices, int n,
                      bool reverse_source, struct satz_error *err)
{
    size_t total = 0;
    for (int i = 0; i < n; i++) {
        int source, target;
        corpus_lengths(corpus, indices[i], &source, &target);
        total += (size_t)source + (size_t)target;
    }
    if (reserve_memory(b, err) < 0)
        return -1;
    struct batch_memory *m = b->memory;
    if (memory_grow(&m->ids, &m->ids_capacity, total, sizeof(int), err) < 0 ||
        memory_grow(&m->sentences, &m->sentences_capacity, 2 * (size_t)n, sizeof *m->sentences,
                    err) < 0)
        return -1;
    int *ids = m->ids;
    for (int i = 0; i < n; i++) {
        struct batch_sentence *source = &m->sentences[i], *target = &m->sentences[n + i];
        corpus_lengths(corpus, indices[i], &source->n, &target->n);
        corpus_source(corpus, indices[i], ids);
        source->ids = ids;
        corpus_target(corpus, indices[i], ids + source->n);
        target->ids = ids + source->n;
        ids += source->n + target->n;
    }
    return batch_fill(b, m->sentences, m->sentences + n, n, reverse_source, err);
}
