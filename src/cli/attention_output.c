#include "cli/attention_output.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/npz.h"
#include "cli/output.h"

const char attention_output_help[] =
    "--attention FILE.jsonl writes a line for each sentence, {\"line\": K, \"source\": [...],\n"
    "\"target\": [...], \"weights\": [[...] ...]}: lines counted from 1, a row for each target\n"
    "word, the end of the sentence last on both sides. FILE.npz holds the matrices alone:\n"
    "numpy.load(\"FILE.npz\")[\"0\"] is that of the first line. --alignment writes \"0-0 1-2\", "
    "words\n"
    "counted from 0, source first. Both tell of the best translation; a line without words has\n"
    "no matrix and no links, nor has one that was translated in pieces. Of an ensemble it is\n"
    "the attention of MODEL itself.\n";

/* A file that gets its name when it is whole; a device or a pipe is written to as it is. */
struct output_file {
    const char *path;
    char *temporary; /* NULL: none */
    FILE *file;
    struct npz *npz; /* in place of `file` */
};

struct attention_output {
    const struct usage *usage;
    struct alignment_options kind;
    struct output_file weights, alignment; /* path NULL: not asked for */
    size_t lines, split;
};

static bool ends_in(const char *path, const char *ending)
{
    size_t n = strlen(path), m = strlen(ending);
    return n > m && strcmp(path + n - m, ending) == 0;
}

static int cannot_write(const struct usage *usage, const char *path)
{
    return command_failed(usage, "%s: cannot write: %s", path,
                          errno ? strerror(errno) : "the disk may be full");
}

static int file_open(struct output_file *f, const char *path, bool npz, const struct usage *usage)
{
    struct stat info;
    bool special = stat(path, &info) == 0 && !S_ISREG(info.st_mode);
    f->path = path;
    if (special && S_ISDIR(info.st_mode))
        return errno = EISDIR, cannot_write(usage, path);
    if (special && npz)
        return command_failed(usage, "%s: an .npz file cannot be written to a pipe or a device",
                              path);
    if (!special) {
        size_t size = strlen(path) + 32;
        f->temporary = malloc(size);
        if (!f->temporary)
            return cannot_write(usage, path);
        snprintf(f->temporary, size, "%s.tmp.%ld", path, (long)getpid());
    }
    errno = 0;
    int file = f->temporary ? output_make(f->temporary) : open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0)
        return cannot_write(usage, path);
    if (npz)
        f->npz = npz_open(f->temporary);
    else
        f->file = fdopen(file, "w");
    if (!f->file)
        close(file);
    return f->npz || f->file ? EXIT_SUCCESS : cannot_write(usage, path);
}

static int file_close(struct output_file *f, const struct usage *usage, int status)
{
    bool opened = f->npz || f->file;
    errno = 0;
    if (f->npz && npz_close(f->npz) < 0 && status == EXIT_SUCCESS)
        status = cannot_write(usage, f->path);
    if (f->file) {
        bool failed = ferror(f->file) != 0;
        if ((fclose(f->file) != 0 || failed) && status == EXIT_SUCCESS)
            status = cannot_write(usage, f->path);
    }
    if (opened && f->temporary && status == EXIT_SUCCESS && rename(f->temporary, f->path) != 0)
        status = cannot_write(usage, f->path);
    if (opened && f->temporary && status != EXIT_SUCCESS)
        unlink(f->temporary);
    free(f->temporary);
    return status;
}

struct attention_output *attention_output_open(const struct attention_output_options *options,
                                               const struct usage *usage)
{
    struct attention_output *o = calloc(1, sizeof *o);
    if (!o) {
        command_failed(usage, "%s", strerror(ENOMEM));
        return NULL;
    }
    o->usage = usage;
    o->kind = options->kind;
    int status = EXIT_SUCCESS;
    if (options->weights) {
        bool npz = ends_in(options->weights, ".npz");
        if (!npz && !ends_in(options->weights, ".jsonl"))
            status = command_failed(
                usage, "%s: end the name in .jsonl (JSON lines) or .npz (NumPy)", options->weights);
        else
            status = file_open(&o->weights, options->weights, npz, usage);
    }
    if (status == EXIT_SUCCESS && options->alignment)
        status = file_open(&o->alignment, options->alignment, false, usage);
    if (status == EXIT_SUCCESS)
        return o;
    attention_output_close(o, status);
    return NULL;
}

static void print_words(FILE *out, const char *name, const char *const *words, int n)
{
    fprintf(out, ", \"%s\": [", name);
    for (int i = 0; i < n; i++) {
        json_t *word = json_string(words[i]);
        fputs(i ? ", " : "", out);
        json_dumpf(word, out, JSON_ENCODE_ANY);
        json_decref(word);
    }
    fputc(']', out);
}

static void print_windows(FILE *out, const struct satz_attention *a)
{
    fputs(", \"windows\": [", out);
    for (int i = 0; i < a->n_targets; i++)
        fprintf(out, "%s[%.6g, %.6g, %.6g]", i ? ", " : "", (double)a->windows[i].centre,
                (double)a->windows[i].from, (double)a->windows[i].to);
    fputc(']', out);
}

/* Seven digits: less than a float holds, more than anyone looks at. */
static void print_json(FILE *out, const struct satz_attention *a, size_t line)
{
    fprintf(out, "{\"line\": %zu", line);
    print_words(out, "source", a ? a->sources : NULL, a ? a->n_sources : 0);
    print_words(out, "target", a ? a->targets : NULL, a ? a->n_targets : 0);
    fputs(", \"weights\": [", out);
    for (int t = 0; a && t < a->n_targets; t++)
        for (int s = 0; s < a->n_sources; s++)
            fprintf(out, "%s%.7g%s",
                    s   ? ", "
                    : t ? ", ["
                        : "[",
                    (double)a->weights[(size_t)t * (size_t)a->n_sources + (size_t)s],
                    s + 1 < a->n_sources ? "" : "]");
    fputc(']', out);
    if (a && a->windows)
        print_windows(out, a);
    fputs("}\n", out);
}

static int add_one(struct attention_output *o, const struct satz_attention *a, size_t index)
{
    struct satz_error err;
    if (o->weights.file)
        print_json(o->weights.file, a, index + 1);
    errno = 0;
    if (a && o->weights.npz &&
        npz_add(o->weights.npz, index, a->weights, a->n_targets, a->n_sources) < 0)
        return cannot_write(o->usage, o->weights.path);
    if (!o->alignment.file)
        return EXIT_SUCCESS;
    struct satz_link *links;
    size_t n;
    if (alignment_links(&o->kind, a, &links, &n, &err) < 0)
        return command_failed(o->usage, "%s", err.message);
    alignment_print(o->alignment.file, links, n, o->kind.soft);
    free(links);
    return EXIT_SUCCESS;
}

static int check_written(const struct attention_output *o, const struct output_file *f)
{
    errno = 0;
    if (f->file && (fflush(f->file) != 0 || ferror(f->file)))
        return cannot_write(o->usage, f->path);
    return EXIT_SUCCESS;
}

/* A part, of a size that bounds the memory of all its matrices. */
static int add_part(struct attention_output *o, struct satz_translator *translator,
                    const struct satz_pair *pairs, struct satz_attention **attentions, size_t n)
{
    struct satz_error err;
    int status = EXIT_SUCCESS;
    if (satz_attend_pairs(translator, pairs, n, o->kind.units, attentions, &err) < 0)
        return command_failed(o->usage, "%s", err.message);
    for (size_t i = 0; i < n; i++) {
        if (status == EXIT_SUCCESS)
            status = add_one(o, attentions[i], o->lines + i);
        satz_attention_free(attentions[i]);
    }
    o->lines += n;
    if (status == EXIT_SUCCESS)
        status = check_written(o, &o->weights);
    return status == EXIT_SUCCESS ? check_written(o, &o->alignment) : status;
}

int attention_output_add(struct attention_output *o, struct satz_translator *translator,
                         const struct satz_request *lines,
                         const struct satz_translation *translations, size_t n)
{
    enum { PART = 512 };
    struct satz_pair pairs[PART];
    struct satz_attention *attentions[PART];
    int status = EXIT_SUCCESS;
    if (!o->weights.path && !o->alignment.path)
        return status;
    for (size_t from = 0, count; status == EXIT_SUCCESS && from < n; from += count) {
        count = n - from < PART ? n - from : PART;
        for (size_t i = 0; i < count; i++) {
            const struct satz_hypothesis *best = &translations[from + i].hypotheses[0];
            bool whole = translations[from + i].pieces <= 1;
            o->split += !whole;
            pairs[i] = (struct satz_pair){
                .source = lines[from + i].text,
                .source_length = whole ? lines[from + i].length : 0,
                .target = "",
                .target_ids = best->ids,
                .n_target_ids = best->tokens > 0 ? best->tokens - 1 : 0,
            };
        }
        status = add_part(o, translator, pairs, attentions, count);
    }
    return status;
}

int attention_output_close(struct attention_output *o, int status)
{
    if (!o)
        return status;
    if (status == EXIT_SUCCESS && o->split > 0)
        fprintf(stderr, "%s: sentences that were split and so have no attention: %zu\n",
                o->usage->name, o->split);
    status = file_close(&o->weights, o->usage, status);
    status = file_close(&o->alignment, o->usage, status);
    free(o);
    return status;
}
