/* translate_job.h -- `satz translate` at work: files are read, translated a chunk of lines at a
 * time, and written in the order of their lines. */
#ifndef SATZ_CLI_TRANSLATE_JOB_H
#define SATZ_CLI_TRANSLATE_JOB_H

#include "cli/attention_output.h"
#include "cli/output.h"
#include "cli/translate_format.h"

struct translate_job {
    const struct usage *usage;
    struct satz_translator *translator;
    const struct translate_format *format;
    const char *const *files; /* "-": standard input */
    size_t n_files;
    const char *prefix;      /* a file: line k is how the translation of line k begins; or NULL */
    const char *constraints; /* a file: line k is what must and must not be in it; or NULL */
    const char *output;      /* NULL: standard output */
    struct attention_output_options attention;
    bool coverage, progress, quiet;
};

/* Returns the exit status. */
int translate_job_run(const struct translate_job *job);

#endif
