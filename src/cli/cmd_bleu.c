/* satz bleu -- scores translations, as a whole, by sentence or by kind of sentence. */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/input.h"
#include "cli/options.h"
#include "eval.h"
#include "satz.h"

enum {
    OPTION_REFERENCE,
    OPTION_TOKENISE,
    OPTION_LOWERCASE,
    OPTION_SMOOTH,
    OPTION_SMOOTH_VALUE,
    OPTION_EFFECTIVE_ORDER,
    OPTION_MAX_ORDER,
    OPTION_SENTENCE,
    OPTION_BY,
    OPTION_WIDTH,
    OPTION_SCORE_ONLY,
    N_OPTIONS
};

static const struct option_row rows[N_OPTIONS] = {
    [OPTION_REFERENCE] = {'r', "reference", "FILE",
                          "a further reference translation; can be repeated"},
    [OPTION_TOKENISE] = {'t', "tokenize", "NAME", "how text is cut into words (default 13a)"},
    [OPTION_LOWERCASE] = {'l', "lowercase", NULL, "ignore case"},
    [OPTION_SMOOTH] = {'s', "smooth", "NAME",
                       "what is done about n-grams that never match (default exp)"},
    [OPTION_SMOOTH_VALUE] = {0, "smooth-value", "X",
                             "for --smooth floor (default 0.1) and add-k (default 1)"},
    [OPTION_EFFECTIVE_ORDER] = {'e', "effective-order", NULL,
                                "leave out n-grams longer than the text"},
    [OPTION_MAX_ORDER] = {'n', "max-order", "N", "longest n-grams (default 4)"},
    [OPTION_SENTENCE] = {0, "sentence", NULL,
                         "a score for each line instead; implies --effective-order"},
    [OPTION_BY] = {0, "by", "FILE",
                   "also a score for each kind of line: FILE has a label for each line"},
    [OPTION_WIDTH] = {'w', "width", "N", "digits after the point (default 2)"},
    [OPTION_SCORE_ONLY] = {'b', "score-only", NULL, "print numbers only"},
};

static void print_names(void)
{
    printf("\nNames for --tokenize:");
    for (int i = 0; bleu_tokeniser_name(i); i++)
        printf(" %s", bleu_tokeniser_name(i));
    printf("\nNames for --smooth:  ");
    for (int i = 0; bleu_smoothing_name(i); i++)
        printf(" %s", bleu_smoothing_name(i));
    putchar('\n');
}

static const struct usage usage = {
    .name = "satz bleu",
    .synopsis = "[OPTION]... REFERENCE [HYPOTHESIS]",
    .about =
        "Scores the translations in HYPOTHESIS (default: standard input), one a line, against\n"
        "REFERENCE, with the figures of sacreBLEU. The text is plain, not tokenised. Prints the\n"
        "score and its signature, which tells how it was computed.\n",
    .rows = rows,
    .n_rows = N_OPTIONS,
    .print_more = print_names,
};

/* The sum of the lines that have one label. */
struct bucket {
    char *label;
    long n_lines;
    struct bleu_statistics sum;
};

struct scoring {
    struct bleu_options options;
    const char **paths; /* hypothesis, references, and perhaps labels */
    int n_references;
    const char *labels;
    int width;
    bool sentence, score_only;
    struct bleu *bleu;
    struct bucket *buckets;
    size_t n_buckets;
};

static void print_result(const struct scoring *s, const struct bleu_result *result)
{
    char line[512];
    if (s->score_only) {
        printf("%.*f\n", s->width, result->score);
        return;
    }
    bleu_format(result, s->width, line, sizeof line);
    puts(line);
}

/* Adds one line to its label's bucket, which is made when there is none. 0 or EXIT_FAILURE. */
static int add_to_bucket(struct scoring *s, const char *label, const struct bleu_statistics *line)
{
    size_t i = 0;
    while (i < s->n_buckets && strcmp(s->buckets[i].label, label) != 0)
        i++;
    if (i == s->n_buckets) {
        struct bucket *grown = realloc(s->buckets, (i + 1) * sizeof *grown);
        if (grown)
            s->buckets = grown;
        char *copy = grown ? strdup(label) : NULL;
        if (!copy)
            return command_failed(&usage, "%s", strerror(ENOMEM));
        s->buckets[s->n_buckets++] = (struct bucket){.label = copy};
    }
    s->buckets[i].n_lines++;
    bleu_statistics_add(&s->buckets[i].sum, line);
    return 0;
}

/* One line of each file. */
static int score_line(struct scoring *s, const struct input *files, const char **lines)
{
    struct satz_error err;
    struct bleu_statistics counts;
    for (int i = 0; i <= s->n_references; i++) {
        lines[i] = files[i].line;
        if (strlen(lines[i]) != files[i].length)
            return command_failed(&usage, "%s:%zu: the line holds a NUL byte; is this a text file?",
                                  files[i].name, files[i].number);
    }
    if (bleu_add(s->bleu, lines[0], lines + 1, s->n_references, &counts, &err) < 0)
        return command_failed(&usage, "%s", err.message);
    if (s->sentence) {
        struct bleu_result result;
        bleu_score_statistics(s->bleu, &counts, &result);
        print_result(s, &result);
    }
    return s->labels ? add_to_bucket(s, files[s->n_references + 1].line, &counts) : 0;
}

/* Reads a line of each file. 1, 0 at the end of all; -1 on an error, such as some ending early. */
static int next_lines(struct input *files, int n_files)
{
    int n_lines = 0, ended = 0, open = 0;
    for (int i = 0; i < n_files; i++) {
        int got = input_next(&files[i]);
        if (got < 0)
            return -1;
        n_lines += got;
        *(got ? &open : &ended) = i;
    }
    if (n_lines == 0 || n_lines == n_files)
        return n_lines > 0;
    command_failed(&usage,
                   "%s has only %zu lines, %s has more; line i of one must belong to line i of "
                   "the other",
                   files[ended].name, files[ended].number, files[open].name);
    return -1;
}

static int score_files(struct scoring *s)
{
    int n_files = s->n_references + 1 + (s->labels ? 1 : 0), status = EXIT_FAILURE, got = 0;
    struct input *files = calloc((size_t)n_files, sizeof *files);
    const char **lines = calloc((size_t)n_files, sizeof *lines);
    if (!files || !lines) {
        command_failed(&usage, "%s", strerror(ENOMEM));
        goto done;
    }
    for (int i = 0; i < n_files; i++)
        if (input_open(&files[i], i <= s->n_references ? s->paths[i] : s->labels, &usage) != 0)
            goto done;
    while (!ferror(stdout) && (got = next_lines(files, n_files)) > 0)
        if (score_line(s, files, lines) != 0)
            goto done;
    status = got < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
done:
    for (int i = 0; files && i < n_files; i++)
        input_close(&files[i]);
    free(files);
    free(lines);
    return status;
}

static void print_scores(const struct scoring *s)
{
    struct bleu_result result;
    char signature[256];
    if (!s->sentence) {
        bleu_score(s->bleu, &result);
        print_result(s, &result);
    }
    for (size_t i = 0; i < s->n_buckets; i++) {
        bleu_score_statistics(s->bleu, &s->buckets[i].sum, &result);
        printf("%s\t%ld\t", s->buckets[i].label, s->buckets[i].n_lines);
        print_result(s, &result);
    }
    bleu_signature(s->bleu, signature, sizeof signature);
    if (!s->score_only)
        puts(signature);
}

static int score(struct scoring *s)
{
    struct satz_error err;
    int n_standard = s->labels && strcmp(s->labels, "-") == 0;
    for (int i = 0; i <= s->n_references; i++)
        n_standard += strcmp(s->paths[i], "-") == 0;
    if (n_standard > 1)
        return usage_error(&usage, "standard input (\"-\") can stand for one file only");
    s->options.effective_order = s->options.effective_order || s->sentence;
    s->bleu = bleu_new(&s->options, &err);
    if (!s->bleu)
        return usage_error(&usage, "%s", err.message);
    int status = score_files(s);
    if (status == EXIT_SUCCESS)
        print_scores(s);
    bleu_free(s->bleu);
    for (size_t i = 0; i < s->n_buckets; i++)
        free(s->buckets[i].label);
    free(s->buckets);
    return status;
}

/* Takes one option in. 0 or EXIT_USAGE. */
static int take_option(struct scoring *s, int option)
{
    long number;
    int status = 0;
    switch (option) {
    case OPTION_REFERENCE:
        s->paths[++s->n_references] = optarg;
        break;
    case OPTION_TOKENISE:
        s->options.tokenise = optarg;
        break;
    case OPTION_LOWERCASE:
        s->options.lowercase = true;
        break;
    case OPTION_SMOOTH:
        s->options.smoothing = optarg;
        break;
    case OPTION_SMOOTH_VALUE:
        s->options.has_smooth_value = true;
        return option_real(&usage, option, optarg, 0, 1e6, &s->options.smooth_value);
    case OPTION_EFFECTIVE_ORDER:
        s->options.effective_order = true;
        break;
    case OPTION_MAX_ORDER:
        status = option_integer(&usage, option, optarg, 1, BLEU_ORDER_LIMIT, &number);
        if (status == 0)
            s->options.max_order = (int)number;
        break;
    case OPTION_SENTENCE:
        s->sentence = true;
        break;
    case OPTION_BY:
        s->labels = optarg;
        break;
    case OPTION_WIDTH:
        status = option_integer(&usage, option, optarg, 0, 15, &number);
        if (status == 0)
            s->width = (int)number;
        break;
    case OPTION_SCORE_ONLY:
        s->score_only = true;
        break;
    }
    return status;
}

static int run(int argc, char **argv)
{
    int status = 0;
    struct scoring s = {.width = 2, .n_references = 1};
    /* paths[0] and [1] are the operands. */
    s.paths = calloc((size_t)argc + 2, sizeof *s.paths);
    if (!s.paths)
        return command_failed(&usage, "%s", strerror(ENOMEM));
    for (int option; (option = options_next(&usage, argc, argv, &status)) != OPTIONS_END;)
        if (option == OPTIONS_STOP || (status = take_option(&s, option)) != 0)
            goto done;
    int n_operands = argc - optind;
    if (n_operands < 1 || n_operands > 2) {
        status = usage_error(&usage, "name the reference, and at most one hypothesis");
        goto done;
    }
    s.paths[1] = argv[optind];
    s.paths[0] = n_operands == 2 ? argv[optind + 1] : "-";
    status = score(&s);
done:
    free(s.paths);
    return status;
}

const struct command command_bleu = {
    .name = "bleu",
    .summary = "score translations against references",
    .run = run,
};
