#include "cli/translate_job.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cli/command.h"
#include "cli/input.h"
#include "cli/progress.h"
#include "cli/tally.h"

/* Of the lines that wait to be translated together. Many lines can be sorted well by length;
 * progress is told more often. */
enum { CHUNK_LINES = 4096, PROGRESS_LINES = 512, CHUNK_BYTES = 1 << 22 };

/* Milliseconds that a line waits for others from a pipe before it is translated: a writer that is
 * at work has written many by then. */
enum { LINGER = 20 };

/* What the lines beside a source line say: bytes that a request points into. */
struct slot {
    const char *file; /* where the line stands */
    size_t number;
    char *line, *prefix, *constraint; /* buffers of getline */
    size_t capacity, prefix_capacity, constraint_capacity;
    const char **phrases; /* [n_required + n_forbidden] */
    size_t n_phrases, phrases_capacity;
};

struct work {
    const struct translate_job *job;
    struct output out;
    struct attention_output *attention;
    struct input prefix, constraints;
    struct progress bar;
    struct slot slots[CHUNK_LINES];
    struct satz_request requests[CHUNK_LINES];
    size_t n, bytes; /* that wait */
    double since;    /* when the first of them came, in seconds */
    size_t done;     /* lines translated */
    struct tally truncated, split, invalid;
    double started, sources, targets; /* seconds; tokens */
    double read, total;               /* bytes of the input; total < 0 when it is not known */
    char *text;                       /* a chunk's output */
    size_t text_size;
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void show_progress(struct work *w)
{
    char figures[128];
    double seconds = now() - w->started;
    snprintf(figures, sizeof figures, "%zu lines, %.0f sentences/s, %.0f tokens/s", w->done,
             (double)w->done / seconds, w->targets / seconds);
    progress_show(&w->bar, w->total > 0 ? w->read / w->total : -1, figures);
}

static void write_translation(struct work *w, FILE *text, const struct satz_translation *t,
                              const struct slot *s)
{
    w->job->format->write(text, t, w->done, w->job->coverage);
    w->done++;
    tally_add(&w->truncated, t->truncated, w->done);
    tally_add(&w->split, t->pieces > 1, w->done);
    if (t->invalid && !w->job->quiet) {
        progress_clear(&w->bar);
        tally_add_invalid(&w->invalid, w->job->usage, s->file, s->number);
    }
    w->sources += t->source_tokens;
    w->targets += t->hypotheses[0].tokens;
}

/* Translates the lines that wait. Whoever reads at the other end of a pipe gets each chunk at once,
 * and its end is noticed. */
static int flush_lines(struct work *w)
{
    struct satz_error err;
    const struct satz_translation *translations;
    if (w->n == 0)
        return EXIT_SUCCESS;
    if (satz_translate_requests(w->job->translator, w->requests, w->n, &translations, &err) < 0)
        return command_failed(w->job->usage, "%s", err.message);
    FILE *text = open_memstream(&w->text, &w->text_size);
    for (size_t i = 0; text && i < w->n; i++)
        write_translation(w, text, &translations[i], &w->slots[i]);
    bool whole = text && !ferror(text);
    if (text && fclose(text) != 0)
        whole = false;
    int status = whole ? output_write(&w->out, w->text, w->text_size)
                       : command_failed(w->job->usage, "%s", strerror(ENOMEM));
    free(w->text);
    w->text = NULL;
    if (status == EXIT_SUCCESS)
        status =
            attention_output_add(w->attention, w->job->translator, w->requests, translations, w->n);
    w->n = w->bytes = 0;
    if (w->job->progress && progress_is_due(&w->bar))
        show_progress(w);
    return status;
}

/* The next line of a file that goes along with the input, in *line. */
static int take_beside(struct work *w, struct input *in, char **line, size_t *capacity)
{
    int more = input_next(in);
    if (more == 0)
        return command_failed(w->job->usage, "%s has only %zu lines, and the input has more",
                              in->name, in->number);
    if (more < 0)
        return EXIT_FAILURE;
    if (memchr(in->line, '\0', in->length))
        return command_failed(w->job->usage, "%s:%zu: a zero byte", in->name, in->number);
    in->length = input_take_line(in, line, capacity);
    (*line)[in->length] = '\0';
    return EXIT_SUCCESS;
}

static int add_phrase(struct work *w, struct slot *s, const char *text)
{
    if (s->n_phrases == s->phrases_capacity) {
        size_t capacity = 2 * s->phrases_capacity + 4;
        const char **phrases = realloc(s->phrases, capacity * sizeof *phrases);
        if (!phrases)
            return command_failed(w->job->usage, "%s", strerror(ENOMEM));
        s->phrases = phrases;
        s->phrases_capacity = capacity;
    }
    s->phrases[s->n_phrases++] = text;
    return EXIT_SUCCESS;
}

/* Fields between tabs: +PHRASE must occur, -PHRASE must not. */
static int read_constraints(struct work *w, struct slot *s, struct satz_request *r)
{
    static const char signs[] = {'+', '-'};
    size_t *counts[] = {&r->n_required, &r->n_forbidden};
    s->n_phrases = 0;
    for (char *tab = s->constraint; (tab = strchr(tab, '\t'));)
        *tab++ = '\0';
    const char *end = s->constraint + w->constraints.length;
    for (size_t k = 0; k < 2; k++)
        for (const char *field = s->constraint; field <= end; field += strlen(field) + 1) {
            if (*field && *field != '+' && *field != '-')
                return command_failed(w->job->usage,
                                      "%s:%zu: \"%s\": write +PHRASE for what must occur, -PHRASE "
                                      "for what must not, tabs between them",
                                      w->constraints.name, w->constraints.number, field);
            if (*field != signs[k])
                continue;
            if (add_phrase(w, s, field + 1) != EXIT_SUCCESS)
                return EXIT_FAILURE;
            ++*counts[k];
        }
    r->required = s->phrases;
    r->forbidden = s->phrases + r->n_required;
    return EXIT_SUCCESS;
}

/* Puts the line with those that wait; its buffer is exchanged for the one that stood there. */
static int take_line(struct work *w, struct input *in)
{
    struct slot *s = &w->slots[w->n];
    struct satz_request *r = &w->requests[w->n];
    size_t length = input_take_line(in, &s->line, &s->capacity);
    s->file = in->name;
    s->number = in->number;
    *r = (struct satz_request){.text = s->line, .length = length, .number = w->done + w->n + 1};
    w->read += (double)in->length + 1;
    w->bytes += s->capacity;
    if (w->n == 0)
        w->since = now();
    if (w->job->prefix) {
        if (take_beside(w, &w->prefix, &s->prefix, &s->prefix_capacity) != EXIT_SUCCESS)
            return EXIT_FAILURE;
        r->prefix = s->prefix;
    }
    if (w->job->constraints &&
        (take_beside(w, &w->constraints, &s->constraint, &s->constraint_capacity) != EXIT_SUCCESS ||
         read_constraints(w, s, r) != EXIT_SUCCESS))
        return EXIT_FAILURE;
    w->n++;
    size_t most = w->job->progress ? PROGRESS_LINES : CHUNK_LINES;
    return w->n == most || w->bytes >= CHUNK_BYTES ? flush_lines(w) : EXIT_SUCCESS;
}

/* How long the lines that wait may go on doing so for more of them, in milliseconds. */
static int patience(const struct work *w)
{
    double rest = LINGER - 1000 * (now() - w->since);
    return rest > 0 ? (int)rest : 0;
}

/* A pipe whose writer pauses is not waited for: what it has written is translated. */
static int translate_file(struct work *w, const char *path)
{
    struct input in;
    int status = input_open(&in, path, w->job->usage), more = 0;
    if (status != EXIT_SUCCESS)
        return status;
    do {
        if (w->n > 0 && input_waits(&in, patience(w)))
            status = flush_lines(w);
        if (status == EXIT_SUCCESS && (more = input_next(&in)) > 0)
            status = take_line(w, &in);
    } while (status == EXIT_SUCCESS && more > 0);
    input_close(&in);
    return more < 0 ? EXIT_FAILURE : status;
}

static int check_end(const struct work *w, struct input *beside)
{
    if (!beside->name || input_next(beside) == 0)
        return EXIT_SUCCESS;
    return command_failed(w->job->usage, "%s has more lines than the input, which has %zu",
                          beside->name, w->done);
}

static void report_count(const struct work *w, const struct tally *t, const char *what,
                         const char *remedy)
{
    if (t->n > 0)
        fprintf(stderr, "%s: %s: %zu, the first in line %zu; %s\n", w->job->usage->name, what, t->n,
                t->first, remedy);
}

static void report(const struct work *w)
{
    double seconds = now() - w->started;
    report_count(w, &w->truncated, "sources that were too long and were cut",
                 "see --on-long and --max-length");
    report_count(w, &w->split, "sources that were too long and were split", "see --max-length");
    tally_report_invalid(&w->invalid, w->job->usage);
    fprintf(stderr, "%s: %zu lines in %.1f s: %.1f sentences/s, %.0f tokens/s read, %.0f written\n",
            w->job->usage->name, w->done, seconds, (double)w->done / seconds, w->sources / seconds,
            w->targets / seconds);
}

/* The bytes of all files, -1 when they cannot be known. */
static double total_size(const struct translate_job *job)
{
    double total = 0;
    for (size_t i = 0; i < job->n_files; i++) {
        struct stat info;
        int known = strcmp(job->files[i], "-") == 0 ? fstat(0, &info) : stat(job->files[i], &info);
        if (known != 0 || !S_ISREG(info.st_mode))
            return -1;
        total += (double)info.st_size;
    }
    return total;
}

static int translate_all(struct work *w)
{
    const struct translate_job *job = w->job;
    int status = EXIT_SUCCESS;
    if (job->prefix)
        status = input_open(&w->prefix, job->prefix, job->usage);
    if (job->constraints && status == EXIT_SUCCESS)
        status = input_open(&w->constraints, job->constraints, job->usage);
    for (size_t i = 0; status == EXIT_SUCCESS && i < job->n_files; i++)
        status = translate_file(w, job->files[i]);
    if (status == EXIT_SUCCESS)
        status = flush_lines(w);
    if (status == EXIT_SUCCESS)
        status = check_end(w, &w->prefix);
    if (status == EXIT_SUCCESS)
        status = check_end(w, &w->constraints);
    input_close(&w->prefix);
    input_close(&w->constraints);
    progress_clear(&w->bar);
    return status;
}

int translate_job_run(const struct translate_job *job)
{
    struct work *w = calloc(1, sizeof *w);
    if (!w)
        return command_failed(job->usage, "%s", strerror(ENOMEM));
    w->job = job;
    w->started = now();
    w->total = total_size(job);
    progress_init(&w->bar);
    int status = output_open(&w->out, job->output, job->usage);
    if (status == EXIT_SUCCESS) {
        w->attention = attention_output_open(&job->attention, job->usage);
        status = w->attention ? translate_all(w) : EXIT_FAILURE;
        status = output_close(&w->out, attention_output_close(w->attention, status));
    }
    if (status == EXIT_SUCCESS && !job->quiet)
        report(w);
    for (size_t i = 0; i < CHUNK_LINES; i++) {
        free(w->slots[i].line);
        free(w->slots[i].prefix);
        free(w->slots[i].constraint);
        free(w->slots[i].phrases);
    }
    free(w);
    return status;
}
