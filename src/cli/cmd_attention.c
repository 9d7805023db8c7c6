/* satz attention -- draws where the decoder looked. */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/input.h"
#include "cli/options.h"
#include "satz.h"

enum {
    OPTION_SENTENCE,
    OPTION_TARGET,
    OPTION_OUTPUT,
    OPTION_WORDS,
    OPTION_SUBWORDS,
    OPTION_BACKEND,
    N_OPTIONS
};

static const struct option_row rows[N_OPTIONS] = {
    [OPTION_SENTENCE] = {'s', "sentence", "TEXT", "the sentence, instead of those of FILE"},
    [OPTION_TARGET] = {'t', "target", "TEXT",
                       "its translation (default: what the model makes of it)"},
    [OPTION_OUTPUT] = {'o', "output", "FILE",
                       "where to draw: FILE.png, .svg, .pdf or .html (default attention.png)"},
    [OPTION_WORDS] = {'w', "words", NULL, "a row and a column for each word (the default)"},
    [OPTION_SUBWORDS] = {0, "subwords", NULL, "a row and a column for each token"},
    [OPTION_BACKEND] = {0, "backend", "BACKEND", "library for matrix products (default auto)"},
};

static const struct usage usage = {
    .name = "satz attention",
    .synopsis = "[OPTION]... MODEL [FILE]\n[OPTION]... --sentence TEXT MODEL",
    .about = "Draws which source words the model looked at for each word of the translation, for\n"
             "one sentence or for every line of FILE (\"-\" or none: standard input). A page\n"
             "(.html) shows all sentences; of pictures there is one for each, NAME-1.png,\n"
             "NAME-2.png ... when there are several. Prints the names of the files.\n",
    .rows = rows,
    .n_rows = N_OPTIONS,
    .examples = "# one sentence, as a picture\n"
                "satz attention --sentence \"A dog runs.\" --output dog.svg model.safetensors\n"
                "# a page about a whole file\n"
                "satz attention --output test.html model.safetensors test.en\n",
};

/* A page is held in memory until it is written. */
enum { MOST_SENTENCES = 1000 };

struct job {
    struct satz_translator *translator;
    enum satz_units units;
    const char *target; /* NULL: translate */
    const char *output;
    const struct satz_attention *attentions[MOST_SENTENCES];
    size_t n;
};

static int attend(struct job *j, const char *sentence, size_t line)
{
    struct satz_error err;
    if (j->n == MOST_SENTENCES)
        return command_failed(&usage, "more than %d sentences: draw them in parts", MOST_SENTENCES);
    struct satz_attention *a = satz_attend(j->translator, sentence, j->target, j->units, &err);
    if (!a && line)
        return command_failed(&usage, "line %zu: %s", line, err.message);
    if (!a)
        return command_failed(&usage, "%s", err.message);
    j->attentions[j->n++] = a;
    return EXIT_SUCCESS;
}

/* Every line of the file that is not blank. */
static int attend_file(struct job *j, const char *path)
{
    struct input in;
    int status = input_open(&in, path, &usage), more = 0;
    if (status != EXIT_SUCCESS)
        return status;
    while (status == EXIT_SUCCESS && (more = input_next(&in)) > 0)
        if (in.line[strspn(in.line, " \t\r")])
            status = attend(j, in.line, in.number);
    input_close(&in);
    return more < 0 ? EXIT_FAILURE : status;
}

static int draw(const char *path, const struct satz_attention *const *attentions, size_t n)
{
    struct satz_error err;
    if (satz_draw_attention(path, NULL, attentions, n, &err) < 0)
        return command_failed(&usage, "%s", err.message);
    printf("%s\n", path);
    return EXIT_SUCCESS;
}

/* "NAME.png" or, of several pictures, "NAME-1.png" ... */
static int draw_all(const struct job *j)
{
    const char *slash = strrchr(j->output, '/'), *dot = strrchr(slash ? slash : j->output, '.');
    if (j->n == 0)
        return command_failed(&usage, "there is no sentence to draw");
    if (j->n == 1 || !dot || strcmp(dot, ".html") == 0)
        return draw(j->output, j->attentions, j->n);
    size_t size = strlen(j->output) + 32;
    char *path = malloc(size);
    int status = path ? EXIT_SUCCESS : command_failed(&usage, "%s", strerror(ENOMEM));
    for (size_t i = 0; status == EXIT_SUCCESS && i < j->n; i++) {
        snprintf(path, size, "%.*s-%zu%s", (int)(dot - j->output), j->output, i + 1, dot);
        status = draw(path, &j->attentions[i], 1);
    }
    free(path);
    return status;
}

static int show(struct job *j, const char *model_path, const char *backend, const char *sentence,
                const char *file)
{
    struct satz_error err;
    const struct satz_translator_options options = {.threads = 1};
    struct satz_model *model = satz_model_open(model_path, backend, &err);
    if (model)
        j->translator = satz_translator_new(model, &options, &err);
    int status = EXIT_SUCCESS;
    if (!j->translator)
        status = command_failed(&usage, "%s", err.message);
    else
        status = sentence ? attend(j, sentence, 0) : attend_file(j, file);
    if (status == EXIT_SUCCESS)
        status = draw_all(j);
    for (size_t i = 0; i < j->n; i++)
        satz_attention_free((struct satz_attention *)j->attentions[i]);
    satz_translator_free(j->translator);
    satz_model_close(model);
    return status;
}

static int run(int argc, char **argv)
{
    struct job job = {.output = "attention.png"};
    const char *sentence = NULL, *backend = NULL;
    int status = EXIT_SUCCESS;
    for (int option; (option = options_next(&usage, argc, argv, &status)) != OPTIONS_END;) {
        switch (option) {
        case OPTION_SENTENCE:
            sentence = optarg;
            break;
        case OPTION_TARGET:
            job.target = optarg;
            break;
        case OPTION_OUTPUT:
            job.output = optarg;
            break;
        case OPTION_WORDS:
            job.units = SATZ_WORDS;
            break;
        case OPTION_SUBWORDS:
            job.units = SATZ_SUBWORDS;
            break;
        case OPTION_BACKEND:
            backend = optarg;
            break;
        default:
            return status;
        }
    }
    int n_operands = argc - optind;
    if (n_operands == 0)
        return usage_error(&usage, "name the model file");
    if (n_operands > 2 || (n_operands == 2 && sentence))
        return usage_error(&usage, "give one file, or --sentence");
    if (job.target && !sentence)
        return usage_error(&usage, "--target is the translation of --sentence: give that too");
    return show(&job, argv[optind], backend, sentence, n_operands == 2 ? argv[optind + 1] : "-");
}

const struct command command_attention = {
    .name = "attention",
    .summary = "draw which source words each word of a translation comes from",
    .run = run,
};
