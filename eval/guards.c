/* guards.c -- signs of files that are not what they should be: counted on both sides, told apart by
 * comparing the sides. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "eval.h"
#include "internal.h"
#include "segment.h"
#include "tokenise.h"

/* Lines of one side that show a sign, and its words. */
struct side {
    int64_t n_empty;
    int64_t n_stops_apart; /* end in " ." */
    int64_t n_marks_apart; /* have a space in front of a , . ! ? ; or : */
    int64_t n_subwords;    /* hold "@@ " or U+2581, the marks of subwords */
    int64_t n_unknown;     /* hold "<unk>" or U+2047, what SentencePiece writes for it */
    int64_t n_loops;       /* repeat a word three times in a row */
    int64_t n_words;
};

struct guards {
    int64_t n_segments;
    int64_t n_equal; /* hypothesis and a reference are the same, and not empty */
    struct side hypothesis, reference;
    struct segment segment;
};

struct guards *guards_new(struct satz_error *err)
{
    struct guards *g = calloc(1, sizeof *g);
    if (!g)
        eval_error(err, "Out of memory.");
    return g;
}

void guards_free(struct guards *g)
{
    if (!g)
        return;
    segment_release(&g->segment);
    free(g);
}

static bool token_equals(const struct token *t, const char *text)
{
    return t->length == strlen(text) && !memcmp(t->text, text, t->length);
}

static bool tokens_equal(const struct token *a, const struct token *b)
{
    return a->length == b->length && !memcmp(a->text, b->text, a->length);
}

static int look(struct guards *g, struct side *side, const char *text, struct satz_error *err)
{
    struct segment *s = &g->segment;
    bool mark_apart = false, unknown = false, loop = false;
    if (segment_set(s, text, false, err))
        return -1;
    segment_strip(s);
    tokenise_spaces(s);
    for (size_t i = 0; i < s->n_tokens; i++) {
        const struct token *t = &s->tokens[i];
        mark_apart = mark_apart || (i > 0 && t->length == 1 && strchr(",.!?;:", *t->text));
        unknown = unknown || token_equals(t, "<unk>") || token_equals(t, "\u2047");
        loop = loop || (i >= 2 && tokens_equal(t, t - 1) && tokens_equal(t, t - 2));
    }
    side->n_empty += s->n_tokens == 0;
    side->n_stops_apart += s->n_tokens > 1 && token_equals(&s->tokens[s->n_tokens - 1], ".");
    side->n_marks_apart += mark_apart;
    side->n_subwords += strstr(s->text, "@@ ") || strstr(s->text, "\u2581");
    side->n_unknown += unknown;
    side->n_loops += loop;
    side->n_words += (int64_t)s->n_tokens;
    return 0;
}

int guards_add(struct guards *g, const char *hypothesis, const char *const *references,
               int n_references, struct satz_error *err)
{
    const char *first = NULL; /* one reference stands for its side, so that the sides compare */
    bool equal = false;
    for (int i = 0; i < n_references; i++)
        if (!reference_missing(references[i])) {
            first = first ? first : references[i];
            equal = equal || !strcmp(references[i], hypothesis);
        }
    if (look(g, &g->hypothesis, hypothesis, err) || look(g, &g->reference, first ? first : "", err))
        return -1;
    g->n_segments++;
    g->n_equal += equal;
    return 0;
}

/* Each check writes its warning and returns its length, or 0 if all is well. */
typedef int check(const struct guards *g, char *out, size_t size);

static int check_nothing(const struct guards *g, char *out, size_t size)
{
    if (g->n_segments > 0)
        return 0;
    return (int)eval_append(out, size, 0, "There are no lines: no figure means anything.");
}

static int check_empty(const struct guards *g, char *out, size_t size)
{
    if (g->hypothesis.n_empty == 0)
        return 0;
    return (int)eval_append(out, size, 0,
                            "%lld of %lld hypotheses are empty; they score 0 and shorten the text.",
                            (long long)g->hypothesis.n_empty, (long long)g->n_segments);
}

static int check_empty_references(const struct guards *g, char *out, size_t size)
{
    if (g->reference.n_empty == 0)
        return 0;
    return (int)eval_append(out, size, 0,
                            "%lld of %lld segments have no reference, so that no translation of "
                            "them is right.",
                            (long long)g->reference.n_empty, (long long)g->n_segments);
}

static int check_stops(const struct guards *g, char *out, size_t size)
{
    if (g->hypothesis.n_stops_apart < 100)
        return 0;
    return (int)eval_append(out, size, 0,
                            "%lld hypotheses end in \" .\": they seem tokenised. Scores are "
                            "comparable only for detokenised text.",
                            (long long)g->hypothesis.n_stops_apart);
}

static bool looks_tokenised(const struct guards *g, const struct side *side,
                            const struct side *other)
{
    return side->n_marks_apart * 5 > g->n_segments &&
           side->n_marks_apart > 5 * other->n_marks_apart;
}

static int check_tokenised(const struct guards *g, char *out, size_t size)
{
    if (!looks_tokenised(g, &g->hypothesis, &g->reference))
        return 0;
    return (int)eval_append(out, size, 0,
                            "%lld of %lld hypotheses have a space in front of punctuation, %lld "
                            "references do: the hypotheses seem tokenised.",
                            (long long)g->hypothesis.n_marks_apart, (long long)g->n_segments,
                            (long long)g->reference.n_marks_apart);
}

static int check_subwords(const struct guards *g, char *out, size_t size)
{
    if (g->hypothesis.n_subwords <= g->reference.n_subwords)
        return 0;
    return (int)eval_append(out, size, 0,
                            "%lld hypotheses hold marks of subwords (\"@@ \" or \"\u2581\"): they "
                            "were not put together into words.",
                            (long long)g->hypothesis.n_subwords);
}

static int check_equal(const struct guards *g, char *out, size_t size)
{
    if (g->n_segments < 10 || g->n_equal * 2 <= g->n_segments)
        return 0;
    return (int)eval_append(out, size, 0,
                            "%lld of %lld hypotheses equal their reference: are the two files the "
                            "same, or was the reference seen in training?",
                            (long long)g->n_equal, (long long)g->n_segments);
}

static int check_lengths(const struct guards *g, char *out, size_t size)
{
    int64_t h = g->hypothesis.n_words, r = g->reference.n_words;
    if (h == 0 || r == 0 || (2 * h > r && h < 2 * r))
        return 0;
    return (int)eval_append(out, size, 0,
                            "The hypotheses have %lld words, the references %lld: do the files "
                            "belong together?",
                            (long long)h, (long long)r);
}

/* What machines write and people do not, on the references' side only. */
static int check_swapped(const struct guards *g, char *out, size_t size)
{
    const struct side *h = &g->hypothesis, *r = &g->reference;
    int64_t in_hypotheses = h->n_subwords + h->n_unknown + h->n_loops + h->n_empty;
    int64_t in_references = r->n_subwords + r->n_unknown + r->n_loops + r->n_empty;
    if (!(in_references >= 3 && in_references > 4 * in_hypotheses) &&
        !looks_tokenised(g, &g->reference, &g->hypothesis))
        return 0;
    return (int)eval_append(out, size, 0,
                            "The references look like a machine's output (unknown words, loops, "
                            "empty or tokenised lines) and the hypotheses do not: are they "
                            "swapped?");
}

static check *const checks[] = {
    check_nothing,  check_empty, check_empty_references, check_stops,   check_tokenised,
    check_subwords, check_equal, check_lengths,          check_swapped,
};

int guards_warning(const struct guards *g, int index, char *out, size_t size)
{
    if (size)
        out[0] = '\0';
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++)
        if (checks[i](g, NULL, 0) > 0 && index-- == 0)
            return checks[i](g, out, size);
    return 0;
}
