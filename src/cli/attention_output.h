/* attention_output.h -- where the decoder looked while it translated, written beside the
 * translations: the weights as JSON lines or as NumPy's .npz, and word alignments. */
#ifndef SATZ_CLI_ATTENTION_OUTPUT_H
#define SATZ_CLI_ATTENTION_OUTPUT_H

#include "cli/alignment.h"
#include "satz.h"

struct attention_output_options {
    const char *weights;   /* FILE.jsonl or FILE.npz; NULL: none */
    const char *alignment; /* NULL: none */
    struct alignment_options kind;
};

struct attention_output;

/* What --help says of the files. */
extern const char attention_output_help[];

/* NULL when that was said. Files appear under their names only when all went well. Where `options`
 * names no file, what is given does nothing. */
struct attention_output *attention_output_open(const struct attention_output_options *options,
                                               const struct usage *usage);

/* The best translations of the next n lines, which `translator` has just made. 0 or EXIT_FAILURE.
 */
int attention_output_add(struct attention_output *o, struct satz_translator *translator,
                         const struct satz_request *lines,
                         const struct satz_translation *translations, size_t n);

/* Puts the files in place if `status` is 0, else removes them. Returns the new status; frees. */
int attention_output_close(struct attention_output *o, int status);

#endif
