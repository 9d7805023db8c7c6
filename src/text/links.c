/* The part of satz.h that aligns words. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "text/pharaoh.h"

int satz_links_parse(const char *line, size_t length, int base, int n_sources, int n_targets,
                     struct satz_link **links, size_t *n, struct satz_error *err)
{
    struct pharaoh p = {0};
    if (pharaoh_parse(&p, line, length, base, n_sources, n_targets, err) < 0) {
        pharaoh_release(&p);
        return -1;
    }
    *links = p.links;
    *n = p.n;
    return 0;
}

static int add_link(struct pharaoh *p, int source, int target, float weight, struct satz_error *err)
{
    if (memory_grow(&p->links, &p->capacity, p->n + 1, sizeof *p->links, err) < 0)
        return -1;
    p->links[p->n++] = (struct satz_link){source, target, weight, 0};
    return 0;
}

/* Hands the links over, or nothing after a failure. */
static int finish(struct pharaoh *p, int status, struct satz_link **links, size_t *n)
{
    if (status < 0) {
        pharaoh_release(p);
        return -1;
    }
    *links = p->links;
    *n = p->n;
    return 0;
}

/* The last of either side is its end, which is no word. */
int satz_attention_links(const struct satz_attention *a, double threshold, struct satz_link **links,
                         size_t *n, struct satz_error *err)
{
    struct pharaoh p = {0};
    int status = 0;
    for (int t = 0; status == 0 && t < a->n_targets - 1; t++) {
        const float *weights = a->weights + (size_t)t * (size_t)a->n_sources;
        int best = 0;
        for (int s = 0; status == 0 && s < a->n_sources; s++) {
            best = weights[s] > weights[best] ? s : best;
            if (threshold > 0 && s < a->n_sources - 1 && (double)weights[s] >= threshold)
                status = add_link(&p, s, t, weights[s], err);
        }
        if (threshold == 0 && best < a->n_sources - 1 && weights[best] > 0)
            status = add_link(&p, best, t, 1, err);
    }
    return finish(&p, status, links, n);
}

/* Two alignments of a pair as a grid of bits [n_sources, n_targets]. */
enum { FORWARD = 1, BACKWARD = 2, TAKEN = 4 };

struct grid {
    unsigned char *at;
    bool *has_source, *has_target; /* whether a taken link has the word */
    int n_sources, n_targets;
};

static unsigned char *cell(const struct grid *g, int source, int target)
{
    return &g->at[(size_t)source * (size_t)g->n_targets + (size_t)target];
}

static void take(struct grid *g, int source, int target)
{
    *cell(g, source, target) |= TAKEN;
    g->has_source[source] = g->has_target[target] = true;
}

/* Takes the links that have all of the bits `which`. */
static void take_all(struct grid *g, int which, bool (*wanted)(const struct grid *, int, int))
{
    for (int s = 0; s < g->n_sources; s++)
        for (int t = 0; t < g->n_targets; t++)
            if ((*cell(g, s, t) & which) == which && !(*cell(g, s, t) & TAKEN) && wanted(g, s, t))
                take(g, s, t);
}

static bool any(const struct grid *g, int source, int target)
{
    (void)g;
    (void)source;
    (void)target;
    return true;
}

static bool either_free(const struct grid *g, int source, int target)
{
    return !g->has_source[source] || !g->has_target[target];
}

static bool both_free(const struct grid *g, int source, int target)
{
    return !g->has_source[source] && !g->has_target[target];
}

static bool grow_from(struct grid *g, int source, int target)
{
    static const int steps[8][2] = {{-1, 0},  {0, -1}, {1, 0},  {0, 1},
                                    {-1, -1}, {-1, 1}, {1, -1}, {1, 1}};
    bool grown = false;
    for (int i = 0; i < 8; i++) {
        int s = source + steps[i][0], t = target + steps[i][1];
        if (s < 0 || t < 0 || s >= g->n_sources || t >= g->n_targets)
            continue;
        unsigned char bits = *cell(g, s, t);
        if (bits && !(bits & TAKEN) && either_free(g, s, t)) {
            take(g, s, t);
            grown = true;
        }
    }
    return grown;
}

static void intersection(struct grid *g)
{
    take_all(g, FORWARD | BACKWARD, any);
}

static void union_of_both(struct grid *g)
{
    take_all(g, FORWARD, any);
    take_all(g, BACKWARD, any);
}

static void grow_diag(struct grid *g)
{
    intersection(g);
    for (bool grown = true; grown;) {
        grown = false;
        for (int s = 0; s < g->n_sources; s++)
            for (int t = 0; t < g->n_targets; t++)
                if (*cell(g, s, t) & TAKEN)
                    grown = grow_from(g, s, t) || grown;
    }
}

static void grow_diag_final(struct grid *g)
{
    grow_diag(g);
    take_all(g, FORWARD, either_free);
    take_all(g, BACKWARD, either_free);
}

static void grow_diag_final_and(struct grid *g)
{
    grow_diag(g);
    take_all(g, FORWARD, both_free);
    take_all(g, BACKWARD, both_free);
}

static const struct symmetrisation {
    const char *name;
    void (*run)(struct grid *g);
} symmetrisations[] = {
    {.name = "intersection", .run = intersection},
    {.name = "union", .run = union_of_both},
    {.name = "grow-diag", .run = grow_diag},
    {.name = "grow-diag-final", .run = grow_diag_final},
    {.name = "grow-diag-final-and", .run = grow_diag_final_and},
};
enum { N_SYMMETRISATIONS = sizeof symmetrisations / sizeof *symmetrisations };

const char *satz_symmetrisation_name(int index)
{
    return index >= 0 && index < N_SYMMETRISATIONS ? symmetrisations[index].name : NULL;
}

static int largest(int a, int b)
{
    return a > b ? a : b;
}

static int grid_init(struct grid *g, const struct satz_link *forward, size_t n_forward,
                     const struct satz_link *backward, size_t n_backward, struct satz_error *err)
{
    for (size_t i = 0; i < n_forward; i++) {
        g->n_sources = largest(g->n_sources, forward[i].source + 1);
        g->n_targets = largest(g->n_targets, forward[i].target + 1);
    }
    for (size_t i = 0; i < n_backward; i++) {
        g->n_sources = largest(g->n_sources, backward[i].target + 1);
        g->n_targets = largest(g->n_targets, backward[i].source + 1);
    }
    g->at = memory_new((size_t)g->n_sources * (size_t)g->n_targets, 1, err);
    g->has_source = memory_new((size_t)g->n_sources, sizeof *g->has_source, err);
    g->has_target = memory_new((size_t)g->n_targets, sizeof *g->has_target, err);
    if (!g->at || !g->has_source || !g->has_target)
        return -1;
    for (size_t i = 0; i < n_forward; i++)
        *cell(g, forward[i].source, forward[i].target) |= FORWARD;
    for (size_t i = 0; i < n_backward; i++)
        *cell(g, backward[i].target, backward[i].source) |= BACKWARD;
    return 0;
}

int satz_symmetrise(const char *method, const struct satz_link *forward, size_t n_forward,
                    const struct satz_link *backward, size_t n_backward, struct satz_link **links,
                    size_t *n, struct satz_error *err)
{
    int which = 0;
    while (which < N_SYMMETRISATIONS && strcmp(symmetrisations[which].name, method) != 0)
        which++;
    if (which == N_SYMMETRISATIONS)
        return error_set(err, "there is no symmetrisation \"%s\"", method);
    struct grid g = {0};
    struct pharaoh p = {0};
    int status = grid_init(&g, forward, n_forward, backward, n_backward, err);
    if (status == 0)
        symmetrisations[which].run(&g);
    for (int t = 0; t < g.n_targets; t++)
        for (int s = 0; status == 0 && s < g.n_sources; s++)
            if (*cell(&g, s, t) & TAKEN)
                status = add_link(&p, s, t, 1, err);
    free(g.at);
    free(g.has_source);
    free(g.has_target);
    return finish(&p, status, links, n);
}
