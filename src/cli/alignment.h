/* alignment.h -- what commands that print or read word alignments share. */
#ifndef SATZ_CLI_ALIGNMENT_H
#define SATZ_CLI_ALIGNMENT_H

#include <stdbool.h>
#include <stdio.h>

#include "cli/input.h"
#include "satz.h"

/* What to make of attention. */
struct alignment_options {
    enum satz_units units;
    bool soft;        /* with weights, from `threshold` on; else the heaviest for each target */
    double threshold; /* 0: 0.1 */
};

/* The arguments "hard" or "soft", "words" or "subwords", a number. 0, or EXIT_USAGE when that was
 * said; `name` is the option's, with its dashes. */
int alignment_set_kind(struct alignment_options *o, const struct usage *usage, const char *name,
                       const char *text);
int alignment_set_units(enum satz_units *units, const struct usage *usage, const char *name,
                        const char *text);

/* The links of an attention as satz_attention_links has them; none where `a` is NULL. */
int alignment_links(const struct alignment_options *o, const struct satz_attention *a,
                    struct satz_link **links, size_t *n, struct satz_error *err);

/* A line of Pharaoh's format. */
void alignment_print(FILE *out, const struct satz_link *links, size_t n, bool weights);

/* A gold alignment read beside the sentences. All zero is a closed one. */
struct gold {
    struct input in;
    bool naacl;      /* else Pharaoh's, a line for each sentence */
    int base;        /* of Pharaoh's words */
    bool has_line;   /* naacl: in.line is of a sentence still to come */
    size_t sentence; /* the last one read, from 1 */
};

int gold_open(struct gold *g, const char *path, const struct usage *usage);

/* The links of the next sentence, whose numbers of words are -1 where not known; free() them. 0 or
 * -1, when that was said. */
int gold_next(struct gold *g, int n_sources, int n_targets, struct satz_link **links, size_t *n);

/* After the last sentence: -1 when the file goes on, which was said. */
int gold_end(struct gold *g);

void gold_close(struct gold *g);

#endif
