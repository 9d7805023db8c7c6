#include "shifts.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* Tercom's limits, and sacreBLEU's of the number of shifts tried for a segment. */
enum { SHIFT_LENGTH = 10, SHIFT_DISTANCE = 50, BEAM = 25, CANDIDATES = 1000 };

enum { FAR = 1 << 29 }; /* more edits than any path has */

enum step { UNREACHED, KEEP, SUBSTITUTE, DELETE, INSERT };

/* The cells [first, end) of a row are within the beam; cell j is at [start + j - first]. */
struct beam_row {
    int32_t first, end;
    size_t start;
};

/* A hypothesis of n words against a reference of m. */
struct problem {
    struct shifts *s;
    const uint32_t *reference;
    int32_t n, m;
};

/* Moving words[start, start + length) to where `target` is; `cost` edits are left then. */
struct shift {
    int32_t start, length, target, cost;
};

void shifts_release(struct shifts *s)
{
    free(s->words);
    free(s->moved);
    free(s->rows);
    free(s->forward);
    free(s->backward);
    free(s->steps);
    free(s->scratch);
    free(s->alignment);
    free(s->hypothesis_errors);
    free(s->reference_errors);
    *s = (struct shifts){0};
}

/* Lays out the rows: the beam follows the diagonal; row 0 is whole and the last row ends at m. */
static int lay_out(const struct problem *p, struct satz_error *err)
{
    struct shifts *s = p->s;
    size_t n = (size_t)p->n, m = (size_t)p->m, n_cells = 0;
    double ratio = n ? (double)m / (double)n : 1;
    double width = ratio / 2 > BEAM ? ceil(ratio / 2 + BEAM) : BEAM;
    if (eval_grow(&s->rows, &s->rows_capacity, n + 1, sizeof *s->rows, err))
        return -1;
    for (size_t i = 0; i <= n; i++) {
        double diagonal = floor((double)i * ratio), first = diagonal - width;
        double end = diagonal + width;
        struct beam_row *row = &s->rows[i];
        row->first = i == 0 || first < 0 ? 0 : (int32_t)first;
        row->end = i == 0 || i == n || end > (double)m + 1 ? p->m + 1 : (int32_t)end;
        row->start = n_cells;
        n_cells += (size_t)(row->end - row->first);
    }
    if (eval_grow(&s->forward, &s->forward_capacity, n_cells, sizeof *s->forward, err) ||
        eval_grow(&s->backward, &s->backward_capacity, n_cells, sizeof *s->backward, err) ||
        eval_grow(&s->steps, &s->steps_capacity, n_cells, sizeof *s->steps, err) ||
        eval_grow(&s->scratch, &s->scratch_capacity, 2 * (m + 1), sizeof *s->scratch, err) ||
        eval_grow(&s->words, &s->words_capacity, n + 1, sizeof *s->words, err) ||
        eval_grow(&s->moved, &s->moved_capacity, n + 1, sizeof *s->moved, err) ||
        eval_grow(&s->alignment, &s->alignment_capacity, m + 1, sizeof *s->alignment, err) ||
        eval_grow(&s->hypothesis_errors, &s->hypothesis_errors_capacity, n + 1,
                  sizeof *s->hypothesis_errors, err) ||
        eval_grow(&s->reference_errors, &s->reference_errors_capacity, m + 1,
                  sizeof *s->reference_errors, err))
        return -1;
    return 0;
}

static inline int32_t cell(const int32_t *cells, const struct beam_row *row, int32_t j)
{
    return j >= row->first && j < row->end ? cells[j - row->first] : FAR;
}

/* Row `row` from the row before it, whose cells are `above`. Of equally short paths that over a
 * pair of words wins, then that which deletes. Returns the least cell. */
static int32_t fill_row(const struct problem *p, uint32_t word, const struct beam_row *row_above,
                        const int32_t *above, const struct beam_row *row, int32_t *cells,
                        unsigned char *steps)
{
    int32_t left = FAR, least = FAR;
    for (int32_t j = row->first; j < row->end; j++) {
        int32_t best = FAR;
        unsigned char step = UNREACHED;
        if (j > 0) {
            bool same = word == p->reference[j - 1];
            int32_t pair = cell(above, row_above, j - 1) + !same;
            if (pair < best) {
                best = pair;
                step = same ? KEEP : SUBSTITUTE;
            }
        }
        int32_t delete = cell(above, row_above, j) + 1;
        if (delete < best) {
            best = delete;
            step = DELETE;
        }
        if (left + 1 < best) {
            best = left + 1;
            step = INSERT;
        }
        cells[j - row->first] = left = best;
        if (steps)
            steps[j - row->first] = step;
        if (best < least)
            least = best;
    }
    return least;
}

/* The edits from the first words to every cell, and from every cell to the last words. */
static void fill_matrices(const struct problem *p)
{
    struct shifts *s = p->s;
    for (int32_t j = 0; j <= p->m; j++) {
        s->forward[j] = j;
        s->steps[j] = INSERT;
    }
    for (int32_t i = 1; i <= p->n; i++) {
        const struct beam_row *above = &s->rows[i - 1], *row = &s->rows[i];
        fill_row(p, s->words[i - 1], above, s->forward + above->start, row, s->forward + row->start,
                 s->steps + row->start);
    }
    const struct beam_row *last = &s->rows[p->n];
    for (int32_t j = last->first; j < last->end; j++)
        s->backward[last->start + (size_t)(j - last->first)] = p->m - j;
    for (int32_t i = p->n - 1; i >= 1; i--) {
        const struct beam_row *row = &s->rows[i], *below = &s->rows[i + 1];
        const int32_t *cells_below = s->backward + below->start;
        int32_t right = FAR;
        for (int32_t j = row->end - 1; j >= row->first; j--) {
            int32_t best = cell(cells_below, below, j) + 1;
            if (right + 1 < best)
                best = right + 1;
            if (j < p->m) {
                int32_t pair = cell(cells_below, below, j + 1) + (s->words[i] != p->reference[j]);
                if (pair < best)
                    best = pair;
            }
            s->backward[row->start + (size_t)(j - row->first)] = right = best;
        }
    }
}

/* Follows the shortest path back: for each word of the reference the last word of the hypothesis up
 * to it (-1: none), and running counts of the words of both sides that are not kept. */
static void align(const struct problem *p)
{
    struct shifts *s = p->s;
    int32_t i = p->n, j = p->m;
    while (i > 0 || j > 0) {
        const struct beam_row *row = &s->rows[i];
        unsigned char step = s->steps[row->start + (size_t)(j - row->first)];
        if (step != DELETE) {
            s->alignment[j - 1] = i - 1;
            s->reference_errors[j] = step != KEEP;
        }
        if (step != INSERT)
            s->hypothesis_errors[i] = step != KEEP;
        i -= step != INSERT;
        j -= step != DELETE;
    }
    s->hypothesis_errors[0] = s->reference_errors[0] = 0;
    for (int32_t k = 1; k <= p->n; k++)
        s->hypothesis_errors[k] += s->hypothesis_errors[k - 1];
    for (int32_t k = 1; k <= p->m; k++)
        s->reference_errors[k] += s->reference_errors[k - 1];
}

/* Writes the words that a shift changes to s->moved; they stand at *first of the hypothesis.
 * Returns their number. */
static int32_t move(const struct problem *p, const struct shift *shift, int32_t *first)
{
    struct shifts *s = p->s;
    size_t length = (size_t)shift->length;
    int32_t block_end = shift->start + shift->length, passed_from, passed_end;
    if (shift->target < shift->start) { /* the words from target on go behind the block */
        passed_from = shift->target;
        passed_end = shift->start;
        *first = shift->target;
    } else { /* a target within the block counts from the block's end */
        passed_from = block_end;
        passed_end = shift->target > block_end ? shift->target : shift->length + shift->target;
        if (passed_end > p->n)
            passed_end = p->n;
        *first = shift->start;
    }
    size_t n_passed = (size_t)(passed_end - passed_from);
    bool block_first = shift->target < shift->start;
    memcpy(s->moved + (block_first ? 0 : n_passed), s->words + shift->start,
           length * sizeof *s->words);
    memcpy(s->moved + (block_first ? length : 0), s->words + passed_from,
           n_passed * sizeof *s->words);
    return (int32_t)(length + n_passed);
}

/* The edits left after a shift, or more than `most` if they are more than `most`. Only the rows of
 * the words that moved are computed: what is before them is in `forward`, what is after in
 * `backward`. */
static int32_t cost_after(const struct problem *p, const struct shift *shift, int32_t most)
{
    struct shifts *s = p->s;
    int32_t first, n_moved = move(p, shift, &first);
    const struct beam_row *row = &s->rows[first];
    const int32_t *above = s->forward + row->start;
    for (int32_t i = 0; i < n_moved; i++, row++) {
        int32_t *cells = s->scratch + (i % 2 ? p->m + 1 : 0);
        if (fill_row(p, s->moved[i], row, above, row + 1, cells, NULL) > most)
            return most + 1;
        above = cells;
    }
    int32_t best = FAR;
    const int32_t *after = s->backward + row->start;
    for (int32_t j = 0; j < row->end - row->first; j++)
        if (above[j] + after[j] < best)
            best = above[j] + after[j];
    return best;
}

/* Fewest edits first, then the longest block, then the earliest, then the earliest target. */
static bool is_better(const struct shift *a, const struct shift *b)
{
    if (a->cost != b->cost)
        return a->cost < b->cost;
    if (a->length != b->length)
        return a->length > b->length;
    if (a->start != b->start)
        return a->start < b->start;
    return a->target < b->target;
}

/* Tries the block of the hypothesis that is equal to that of the reference at every place around
 * the latter. Returns how many places were tried. */
static int32_t try_block(const struct problem *p, int32_t start, int32_t reference_start,
                         int32_t length, struct shift *best)
{
    const struct shifts *s = p->s;
    int32_t n_tried = 0, tried = -1;
    /* only words that are wrong where they are move, and only to where words are wrong */
    if (s->hypothesis_errors[start + length] == s->hypothesis_errors[start] ||
        s->reference_errors[reference_start + length] == s->reference_errors[reference_start])
        return 0;
    if (s->alignment[reference_start] >= start && s->alignment[reference_start] < start + length)
        return 0; /* not within itself */
    for (int32_t j = reference_start - 1; j < reference_start + length; j++) {
        struct shift shift = {
            .start = start, .length = length, .target = j < 0 ? 0 : s->alignment[j] + 1};
        if (shift.target == tried)
            continue;
        tried = shift.target;
        n_tried++;
        shift.cost = cost_after(p, &shift, best->cost);
        if (is_better(&shift, best))
            *best = shift;
    }
    return n_tried;
}

/* Sets *best to the best shift, if one leaves fewer edits than best->cost. */
static void find_shift(const struct problem *p, int32_t *n_tried, struct shift *best)
{
    const uint32_t *words = p->s->words;
    for (int32_t i = 0; i < p->n; i++) {
        int32_t j = i > SHIFT_DISTANCE ? i - SHIFT_DISTANCE : 0;
        for (; j < p->m && j <= i + SHIFT_DISTANCE; j++)
            for (int32_t k = 0; k < SHIFT_LENGTH && i + k < p->n && j + k < p->m &&
                                words[i + k] == p->reference[j + k];
                 k++) {
                *n_tried += try_block(p, i, j, k + 1, best);
                if (*n_tried >= CANDIDATES)
                    return;
            }
    }
}

static void apply(const struct problem *p, const struct shift *shift)
{
    int32_t first, n_moved = move(p, shift, &first);
    memcpy(p->s->words + first, p->s->moved, (size_t)n_moved * sizeof *p->s->words);
}

int shifts_count(struct shifts *s, const uint32_t *hypothesis, size_t n_hypothesis,
                 const uint32_t *reference, size_t n_reference, int64_t *n_edits,
                 struct satz_error *err)
{
    struct problem p = {
        .s = s, .reference = reference, .n = (int32_t)n_hypothesis, .m = (int32_t)n_reference};
    if (n_hypothesis == 0 || n_reference == 0) {
        *n_edits = (int64_t)(n_hypothesis + n_reference);
        return 0;
    }
    if (lay_out(&p, err))
        return -1;
    memcpy(s->words, hypothesis, n_hypothesis * sizeof *s->words);
    int32_t n_shifts = 0, n_tried = 0, cost;
    for (;;) {
        fill_matrices(&p);
        cost = s->forward[s->rows[p.n].start + (size_t)(p.m - s->rows[p.n].first)];
        if (cost == 0)
            break;
        align(&p);
        /* nothing moved leaves `cost` edits: of the shifts that do too, none is better */
        struct shift best = {.cost = cost, .length = INT32_MAX};
        find_shift(&p, &n_tried, &best);
        if (n_tried >= CANDIDATES || best.cost >= cost)
            break;
        apply(&p, &best);
        n_shifts++;
    }
    *n_edits = n_shifts + cost;
    return 0;
}
