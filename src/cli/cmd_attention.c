/* satz attention -- draws where the decoder looked. */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/alignment.h"
#include "cli/command.h"
#include "cli/pairs.h"
#include "cli/reader.h"
#include "cli/tally.h"
#include "satz.h"

enum {
    OPTION_SENTENCE,
    OPTION_TARGET,
    OPTION_OUTPUT,
    OPTION_TITLE,
    OPTION_UNITS,
    OPTION_MAX_LENGTH,
    OPTION_BATCH,
    OPTION_THREADS,
    OPTION_BACKEND,
    N_OPTIONS
};

static const struct option_row rows[N_OPTIONS] = {
    [OPTION_SENTENCE] = {'s', "sentence", "TEXT", "the sentence, instead of those of FILE"},
    [OPTION_TARGET] = {'t', "target", "TEXT",
                       "its translation (default: what the model makes of it)"},
    [OPTION_OUTPUT] = {'o', "output", "FILE",
                       "where to draw: FILE.png, .svg, .pdf or .html (default attention.png)"},
    [OPTION_TITLE] = {0, "title", "TEXT", "what to put over it"},
    [OPTION_UNITS] = {'u', "units", "NAME",
                      "a row and a column for each of the words (the default) or subwords"},
    READER_ROWS,
};

static const struct usage usage = {
    .name = "satz attention",
    .synopsis = "[OPTION]... MODEL [FILE [TARGET]]\n[OPTION]... --sentence TEXT MODEL",
    .about =
        "Draws which source words the model looked at for each word of the translation, for\n"
        "one sentence or for every line of FILE (\"-\" or none: standard input); with TARGET its\n"
        "lines are the translations, else the model translates. A page (.html) shows all\n"
        "sentences, numbered as the lines; of pictures there is one for each, NAME-1.png,\n"
        "NAME-2.png ... when there are several. Blank lines are passed over. Prints the names of\n"
        "the files. A sentence too large to draw is left out and told of; the exit status is 1\n"
        "then, when all others are drawn.\n",
    .rows = rows,
    .n_rows = N_OPTIONS,
    .examples = "# one sentence, as a picture\n"
                "satz attention --sentence \"A dog runs.\" --output dog.svg model.safetensors\n"
                "# a page about a whole file\n"
                "satz attention --output test.html model.safetensors test.en\n",
};

/* Lines are taken a chunk at a time; a page keeps nothing of them. */
struct job {
    struct reader reader;
    enum satz_units units;
    const char *sentence;
    const char *target; /* of --sentence; NULL: translate */
    const char *output, *title;
    struct satz_page *page; /* NULL: pictures */
    size_t drawn, left_out;
    bool lone; /* a picture of the only sentence has the name itself */
    bool missing_told;
    struct tally truncated, invalid;
    struct input in;
    struct pairs pairs;       /* in place of `in`, with TARGET */
    char *lines[PAIRS_CHUNK]; /* of `in` */
    size_t capacities[PAIRS_CHUNK];
    struct satz_pair chunk[PAIRS_CHUNK]; /* [n] what is not blank */
    size_t numbers[PAIRS_CHUNK], n;      /* their lines; 0: --sentence */
    struct satz_attention *attentions[PAIRS_CHUNK];
};

static bool is_blank(const char *text, size_t n)
{
    while (n > 0 && strchr(" \t\r", text[n - 1]) && text[n - 1])
        n--;
    return n == 0;
}

/* Fills in what the model makes of the chunk's sentences. */
static int translate_chunk(struct job *j)
{
    struct satz_error err;
    const struct satz_translation *translations;
    const char *texts[PAIRS_CHUNK];
    size_t lengths[PAIRS_CHUNK];
    for (size_t i = 0; i < j->n; i++) {
        texts[i] = j->chunk[i].source;
        lengths[i] = j->chunk[i].source_length;
    }
    if (satz_translate(j->reader.translator, texts, lengths, j->n, &translations, &err) < 0)
        return command_failed(&usage, "%s", err.message);
    for (size_t i = 0; i < j->n; i++) {
        const struct satz_hypothesis *best = &translations[i].hypotheses[0];
        j->chunk[i].target_ids = best->ids;
        j->chunk[i].n_target_ids = best->tokens > 0 ? best->tokens - 1 : 0;
    }
    return EXIT_SUCCESS;
}

static int draw_picture(struct job *j, const struct satz_attention *a)
{
    struct satz_error err;
    const char *slash = strrchr(j->output, '/'), *dot = strrchr(slash ? slash : j->output, '.');
    size_t size = strlen(j->output) + 32;
    if (!dot && !j->lone)
        return command_failed(
            &usage,
            "%s: a picture shows one sentence; take a name that ends in .html, or "
            "in .png, .svg or .pdf for a picture of each",
            j->output);
    char *path = malloc(size);
    if (!path)
        return command_failed(&usage, "%s", strerror(ENOMEM));
    if (j->lone || !dot)
        snprintf(path, size, "%s", j->output);
    else
        snprintf(path, size, "%.*s-%zu%s", (int)(dot - j->output), j->output, j->drawn + 1, dot);
    int status = satz_draw_attention(path, j->title, &a, 1, &err);
    if (status < 0)
        command_failed(&usage, "%s", err.message);
    else
        printf("%s\n", path);
    if (status > 0 && !j->missing_told) {
        command_failed(&usage, "%s", err.message);
        j->missing_told = true;
    }
    free(path);
    return status < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int draw_sentence(struct job *j, const struct satz_attention *a, size_t line)
{
    struct satz_error err;
    if (a->n_sources > SATZ_DRAWN_WORDS || a->n_targets > SATZ_DRAWN_WORDS) {
        j->left_out++;
        command_failed(&usage,
                       "line %zu is left out: a heatmap of %d source and %d target words is too "
                       "large; at most %d fit",
                       line ? line : 1, a->n_sources, a->n_targets, SATZ_DRAWN_WORDS);
        return EXIT_SUCCESS;
    }
    int status = EXIT_SUCCESS;
    if (!j->page)
        status = draw_picture(j, a);
    else if (satz_page_add(j->page, a, (long)line, &err) < 0)
        status = command_failed(&usage, "%s: %s", j->output, err.message);
    j->drawn++;
    return status;
}

static int draw_chunk(struct job *j)
{
    const char *source = j->pairs.source.name ? j->pairs.source.name
                         : j->in.name         ? j->in.name
                                              : "--sentence";
    const char *target = j->pairs.target.name ? j->pairs.target.name : "--target";
    struct satz_error err;
    int status = EXIT_SUCCESS;
    if (j->n == 0)
        return status;
    if (!j->target && !j->pairs.source.name && (status = translate_chunk(j)) != EXIT_SUCCESS)
        return status;
    if (satz_attend_pairs(j->reader.translator, j->chunk, j->n, j->units, j->attentions, &err) < 0)
        return command_failed(&usage, "%s", err.message);
    for (size_t i = 0; i < j->n; i++) {
        const struct satz_attention *a = j->attentions[i];
        tally_add(&j->truncated, a && a->truncated, j->numbers[i]);
        if (a)
            tally_add_invalid_pair(&j->invalid, &usage, source, target, j->numbers[i], a->invalid);
        if (a && status == EXIT_SUCCESS)
            status = draw_sentence(j, a, j->numbers[i]);
        satz_attention_free(j->attentions[i]);
    }
    j->n = 0;
    return status;
}

static void take_pair(struct job *j, struct satz_pair pair, size_t line)
{
    if (is_blank(pair.source, pair.source_length))
        return;
    j->numbers[j->n] = line;
    j->chunk[j->n++] = pair;
}

/* 1 with the next chunk, which may be empty; 0 after the last; -1 on an error that was said. */
static int next_chunk(struct job *j)
{
    int more = 1;
    if (j->pairs.source.name) {
        more = pairs_next(&j->pairs);
        for (size_t i = 0; more > 0 && i < j->pairs.n; i++)
            take_pair(j, j->pairs.chunk[i], j->pairs.first + i);
        return more;
    }
    size_t read = 0;
    for (; read < PAIRS_CHUNK && (more = input_next(&j->in)) > 0; read++) {
        struct satz_pair pair = {.target = ""};
        pair.source_length = input_take_line(&j->in, &j->lines[read], &j->capacities[read]);
        pair.source = j->lines[read];
        take_pair(j, pair, j->in.number);
    }
    return more < 0 ? -1 : read > 0;
}

/* A lone sentence is known for one when the next chunk is not there. */
static int draw_files(struct job *j)
{
    int status = EXIT_SUCCESS, more = next_chunk(j);
    bool first = true;
    while (more > 0 && status == EXIT_SUCCESS) {
        size_t read = j->pairs.source.name ? j->pairs.n : j->in.number;
        j->lone = first && j->n == 1 && read < PAIRS_CHUNK;
        first = first && j->n == 0;
        status = draw_chunk(j);
        if (status == EXIT_SUCCESS)
            more = next_chunk(j);
    }
    return more < 0 ? EXIT_FAILURE : status;
}

static int draw_text(struct job *j)
{
    struct satz_pair pair = {
        .source = j->sentence,
        .source_length = strlen(j->sentence),
        .target = j->target ? j->target : "",
        .target_length = j->target ? strlen(j->target) : 0,
    };
    if (is_blank(pair.source, pair.source_length))
        return command_failed(&usage, "there is nothing to attend to: the source has no words");
    take_pair(j, pair, 0);
    j->lone = true;
    return draw_chunk(j);
}

/* The page is put in place only when it shows something. */
static int close_page(struct job *j, int status)
{
    struct satz_error err;
    if (!j->page)
        return status;
    if (status != EXIT_SUCCESS || j->drawn == 0) {
        satz_page_abort(j->page);
        return status;
    }
    if (satz_page_close(j->page, &err) < 0)
        return command_failed(&usage, "%s", err.message);
    printf("%s\n", j->output);
    return status;
}

static int draw_all(struct job *j, char **files, int n_files)
{
    static const char ending[] = ".html";
    struct satz_error err;
    size_t length = strlen(j->output), n = sizeof ending - 1;
    int status = EXIT_SUCCESS;
    if (length > n && strcmp(j->output + length - n, ending) == 0 &&
        !(j->page = satz_page_open(j->output, j->title, &err)))
        return command_failed(&usage, "%s", err.message);
    if (n_files == 2)
        status = pairs_open(&j->pairs, files[0], files[1], &usage);
    else if (!j->sentence)
        status = input_open(&j->in, n_files ? files[0] : "-", &usage);
    if (status == EXIT_SUCCESS)
        status = j->sentence ? draw_text(j) : draw_files(j);
    input_close(&j->in);
    pairs_close(&j->pairs);
    status = close_page(j, status);
    if (status != EXIT_SUCCESS)
        return status;
    tally_report(&usage, &j->truncated, &j->invalid);
    if (j->drawn == 0 && j->left_out == 0)
        return command_failed(&usage, "%s: there is no sentence to draw",
                              n_files && strcmp(files[0], "-") != 0 ? files[0] : "standard input");
    return j->left_out ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int show(struct job *j, char **operands, int n_operands)
{
    int status = reader_open(&j->reader, operands[0], &usage);
    if (status == EXIT_SUCCESS)
        status = draw_all(j, operands + 1, n_operands - 1);
    for (size_t i = 0; i < PAIRS_CHUNK; i++)
        free(j->lines[i]);
    reader_close(&j->reader);
    return status;
}

static int take_option(struct job *j, int option)
{
    switch (option) {
    case OPTION_SENTENCE:
        j->sentence = optarg;
        return EXIT_SUCCESS;
    case OPTION_TARGET:
        j->target = optarg;
        return EXIT_SUCCESS;
    case OPTION_OUTPUT:
        j->output = optarg;
        return EXIT_SUCCESS;
    case OPTION_TITLE:
        j->title = optarg;
        return EXIT_SUCCESS;
    case OPTION_UNITS:
        return alignment_set_units(&j->units, &usage, "--units", optarg);
    default:
        return reader_take_option(&j->reader, &usage, option);
    }
}

static int run(int argc, char **argv)
{
    int status = EXIT_SUCCESS;
    struct job *j = calloc(1, sizeof *j);
    if (!j)
        return command_failed(&usage, "%s", strerror(ENOMEM));
    j->output = "attention.png";
    int option;
    while ((option = options_next(&usage, argc, argv, &status)) >= 0)
        if ((status = take_option(j, option)) != EXIT_SUCCESS)
            break;
    int n_operands = argc - optind;
    if (option != OPTIONS_END)
        ; /* said already */
    else if (n_operands == 0)
        status = usage_error(&usage, "name the model file");
    else if (n_operands > 3 || (n_operands > 1 && j->sentence))
        status = usage_error(&usage, "give one file, perhaps its translation, or --sentence");
    else if (j->target && !j->sentence)
        status = usage_error(&usage, "--target is the translation of --sentence: give that too");
    else
        status = show(j, argv + optind, n_operands);
    free(j);
    return status;
}

const struct command command_attention = {
    .name = "attention",
    .summary = "draw which source words each word of a translation comes from",
    .run = run,
};
