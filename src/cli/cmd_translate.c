/* satz translate -- lines of text in, their translations out, line by line. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/input.h"
#include "cli/options.h"
#include "satz.h"

enum {
    OPTION_OUTPUT,
    OPTION_BEAM,
    OPTION_N_BEST,
    OPTION_LENGTH_PENALTY,
    OPTION_MAX_LENGTH,
    OPTION_BATCH,
    OPTION_THREADS,
    OPTION_BACKEND,
    OPTION_QUIET,
    N_OPTIONS
};

static const struct option_row rows[N_OPTIONS] = {
    [OPTION_OUTPUT] = {'o', "output", "FILE", "write to FILE, in place only when all is done"},
    [OPTION_BEAM] = {'b', "beam", "N", "hypotheses kept at each step; 1: greedy"},
    [OPTION_N_BEST] =
        {'n', "n-best", "N",
         "print the N best translations, \"line ||| translation ||| score\", the lines "
         "numbered from 0"},
    [OPTION_LENGTH_PENALTY] = {'l', "length-penalty", "X",
                               "divide scores by length^X; 0 prefers short translations"},
    [OPTION_MAX_LENGTH] = {'m', "max-length", "N",
                           "cut sources after N tokens (default 4 times data.max_length)"},
    [OPTION_BATCH] = {0, "batch", "N", "sentences translated together; the result is the same"},
    [OPTION_THREADS] = {'t', "threads", "N", "threads (default: all processors)"},
    [OPTION_BACKEND] = {0, "backend", "BACKEND", "library for matrix products (default auto)"},
    [OPTION_QUIET] = {'q', "quiet", NULL, "print nothing but errors to standard error"},
};

static const struct usage usage = {
    .name = "satz translate",
    .synopsis = "[OPTION]... MODEL [FILE]...",
    .about =
        "Translates the FILEs (\"-\" or none: standard input), which hold one sentence a line,\n"
        "with the model of `satz train`. Line k of the output is the translation of line k.\n"
        "What is not said on the command line is as the model's recipe has it (decode.*).\n",
    .rows = rows,
    .n_rows = N_OPTIONS,
    .examples = "# a file, with a wider beam\n"
                "satz translate --beam 10 model.safetensors test.en > test.de\n"
                "# one sentence, its three best translations\n"
                "echo \"A dog runs.\" | satz translate --n-best 3 model.safetensors\n",
};

enum { CHUNK_LINES = 4096 };

struct job {
    struct satz_model *model;
    struct satz_translator *translator;
    FILE *out;
    bool numbered, quiet;
    char *lines[CHUNK_LINES];
    size_t lengths[CHUNK_LINES], capacities[CHUNK_LINES];
    size_t n;    /* lines waiting to be translated */
    size_t done; /* lines translated */
    size_t truncated, invalid, first_truncated, first_invalid;
};

static void count_changes(struct job *j, const struct satz_translation *t, size_t line)
{
    if (t->truncated && j->truncated++ == 0)
        j->first_truncated = line;
    if (t->invalid && j->invalid++ == 0)
        j->first_invalid = line;
}

/* Translates the lines that wait. */
static int flush_lines(struct job *j)
{
    struct satz_error err;
    const struct satz_translation *translations;
    if (j->n == 0)
        return EXIT_SUCCESS;
    if (satz_translate(j->translator, (const char *const *)j->lines, j->lengths, j->n,
                       &translations, &err) < 0)
        return command_failed(&usage, "%s", err.message);
    for (size_t i = 0; i < j->n; i++, j->done++) {
        const struct satz_translation *t = &translations[i];
        count_changes(j, t, j->done + 1);
        if (!j->numbered)
            fprintf(j->out, "%s\n", t->hypotheses[0].text);
        for (int k = 0; j->numbered && k < t->n; k++)
            fprintf(j->out, "%zu ||| %s ||| %.6f\n", j->done, t->hypotheses[k].text,
                    t->hypotheses[k].score);
    }
    j->n = 0;
    /* Whoever reads at the other end of a pipe gets each chunk at once, and its end is noticed. */
    errno = 0;
    if (fflush(j->out) != 0 || ferror(j->out)) {
        return command_failed(&usage, "the output could not be written%s%s", errno ? ": " : "",
                              errno ? strerror(errno) : "");
    }
    return EXIT_SUCCESS;
}

/* Puts the line with those that wait; its buffer is exchanged for the one that stood there. */
static int take_line(struct job *j, struct input *in)
{
    char *line = j->lines[j->n];
    size_t capacity = j->capacities[j->n];
    bool carriage_return = in->length > 0 && in->line[in->length - 1] == '\r';
    j->lines[j->n] = in->line;
    j->capacities[j->n] = in->capacity;
    j->lengths[j->n++] = in->length - carriage_return;
    in->line = line;
    in->capacity = capacity;
    return j->n == CHUNK_LINES ? flush_lines(j) : EXIT_SUCCESS;
}

static int translate_file(struct job *j, const char *path)
{
    struct input in;
    int status = input_open(&in, path, &usage), more = 0;
    if (status != EXIT_SUCCESS)
        return status;
    while (status == EXIT_SUCCESS && (more = input_next(&in)) > 0)
        status = take_line(j, &in);
    input_close(&in);
    return more < 0 ? EXIT_FAILURE : status;
}

static void report_changes(const struct job *j)
{
    if (j->truncated && !j->quiet)
        fprintf(stderr,
                "satz translate: sources that were too long and were cut: %zu, the first in line "
                "%zu; see --max-length\n",
                j->truncated, j->first_truncated);
    if (j->invalid && !j->quiet)
        fprintf(stderr,
                "satz translate: lines that are not valid UTF-8: %zu, the first is line %zu; what "
                "could not be read became U+FFFD\n",
                j->invalid, j->first_invalid);
}

static int translate_all(struct job *j, char **files, int n_files)
{
    static char standard[] = "-";
    char *none[] = {standard};
    int status = EXIT_SUCCESS;
    if (n_files == 0) {
        files = none;
        n_files = 1;
    }
    for (int i = 0; status == EXIT_SUCCESS && i < n_files; i++)
        status = translate_file(j, files[i]);
    if (status == EXIT_SUCCESS)
        status = flush_lines(j);
    for (size_t i = 0; i < CHUNK_LINES; i++)
        free(j->lines[i]);
    if (status == EXIT_SUCCESS)
        report_changes(j);
    return status;
}

static int output_failed(const char *path)
{
    return command_failed(&usage, "%s: cannot write: %s", path, strerror(errno));
}

/* Whether `path` is something to write into, such as a device or a pipe, not a file to replace. */
static bool is_special(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && !S_ISREG(info.st_mode);
}

/* A signal handler can reach nothing but globals. */
static char *volatile unfinished;

static void on_signal(int number)
{
    unlink(unfinished);
    signal(number, SIG_DFL);
    raise(number);
}

/* Sees to it that Ctrl-C leaves no half of a translation behind. */
static void remove_when_interrupted(char *path)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    unfinished = path;
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        struct sigaction old, new = {.sa_handler = path ? on_signal : SIG_DFL};
        if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            sigaction(signals[i], &new, NULL);
    }
}

/* Translates into the file `path`, which messages call `name`. */
static int translate_into(struct job *j, const char *path, const char *name, char **files,
                          int n_files)
{
    j->out = fopen(path, "w");
    if (!j->out)
        return output_failed(name);
    int status = translate_all(j, files, n_files);
    if (fsync(fileno(j->out)) != 0 && errno != EINVAL && status == EXIT_SUCCESS)
        status = output_failed(name);
    if (fclose(j->out) != 0 && status == EXIT_SUCCESS)
        status = output_failed(name);
    return status;
}

/* Translates into a neighbour of `output`, which takes its place when all went well. */
static int translate_to(struct job *j, const char *output, char **files, int n_files)
{
    j->out = stdout;
    if (!output)
        return translate_all(j, files, n_files);
    if (is_special(output))
        return translate_into(j, output, output, files, n_files);
    char *target = realpath(output, NULL); /* a symbolic link stays one */
    size_t size = strlen(target ? target : output) + 32;
    char *temporary = malloc(size);
    if (!temporary) {
        free(target);
        return command_failed(&usage, "%s", strerror(ENOMEM));
    }
    snprintf(temporary, size, "%s.tmp.%ld", target ? target : output, (long)getpid());
    remove_when_interrupted(temporary);
    int status = translate_into(j, temporary, output, files, n_files);
    if (status == EXIT_SUCCESS && rename(temporary, target ? target : output) != 0)
        status = output_failed(output);
    if (status != EXIT_SUCCESS)
        unlink(temporary);
    remove_when_interrupted(NULL);
    free(target);
    free(temporary);
    return status;
}

static int translate(const struct satz_translator_options *options, const char *backend,
                     const char *output, bool quiet, char **operands, int n_operands)
{
    struct satz_error err;
    int status;
    struct job *j = calloc(1, sizeof *j);
    if (!j)
        return command_failed(&usage, "%s", strerror(ENOMEM));
    j->quiet = quiet;
    j->numbered = options->n_best > 0;
    j->model = satz_model_open(operands[0], backend, &err);
    if (j->model)
        j->translator = satz_translator_new(j->model, options, &err);
    status = j->translator ? translate_to(j, output, operands + 1, n_operands - 1)
                           : command_failed(&usage, "%s", err.message);
    satz_translator_free(j->translator);
    satz_model_close(j->model);
    free(j);
    return status;
}

static int run(int argc, char **argv)
{
    struct satz_translator_options options = {0};
    const char *output = NULL, *backend = NULL;
    bool quiet = false;
    int status = EXIT_SUCCESS;
    for (int option; (option = options_next(&usage, argc, argv, &status)) != OPTIONS_END;) {
        long value = 0;
        switch (option) {
        case OPTION_OUTPUT:
            output = optarg;
            break;
        case OPTION_BEAM:
            status = option_integer(&usage, option, optarg, 1, 1000, &value);
            options.beam = (int)value;
            break;
        case OPTION_N_BEST:
            status = option_integer(&usage, option, optarg, 1, 1000, &value);
            options.n_best = (int)value;
            break;
        case OPTION_LENGTH_PENALTY:
            status = option_real(&usage, option, optarg, 0, 10, &options.length_penalty);
            options.has_length_penalty = 1;
            break;
        case OPTION_MAX_LENGTH:
            status = option_integer(&usage, option, optarg, 1, 40000, &value);
            options.max_length = (int)value;
            break;
        case OPTION_BATCH:
            status = option_integer(&usage, option, optarg, 1, 100000, &value);
            options.batch = (int)value;
            break;
        case OPTION_THREADS:
            status = option_integer(&usage, option, optarg, 1, 1024, &value);
            options.threads = (int)value;
            break;
        case OPTION_BACKEND:
            backend = optarg;
            break;
        case OPTION_QUIET:
            quiet = true;
            break;
        default:
            return status;
        }
        if (status != EXIT_SUCCESS)
            return status;
    }
    if (optind == argc)
        return usage_error(&usage, "name the model file");
    signal(SIGPIPE, SIG_IGN); /* a reader that has gone is told of as any failed write */
    return translate(&options, backend, output, quiet, argv + optind, argc - optind);
}

const struct command command_translate = {
    .name = "translate",
    .summary = "translate lines of text",
    .run = run,
};
