/* satz score -- how likely a model finds given translations. */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/nbest.h"
#include "cli/output.h"
#include "cli/pairs.h"
#include "cli/reader.h"
#include "cli/tally.h"

enum {
    OPTION_FORMAT,
    OPTION_TOKENS,
    OPTION_N_BEST,
    OPTION_FEATURE,
    OPTION_MAX_LENGTH,
    OPTION_BATCH,
    OPTION_THREADS,
    OPTION_BACKEND,
    OPTION_QUIET,
    N_OPTIONS
};

static const struct option_row rows[N_OPTIONS] = {
    [OPTION_FORMAT] = {'f', "format", "NAME", "text or json: JSON lines (default text)"},
    [OPTION_TOKENS] = {'t', "tokens", NULL, "also the log-probability of each token"},
    [OPTION_N_BEST] = {'n', "n-best", NULL,
                       "TARGET is an n-best list, \"line ||| translation ||| features ||| score\", "
                       "the lines of SOURCE numbered from 0: print it with one more feature"},
    [OPTION_FEATURE] = {0, "feature", "NAME", "what to call that (default satz)"},
    READER_ROWS,
    [OPTION_QUIET] = {'q', "quiet", NULL, "print nothing but errors to standard error"},
};

static const struct usage usage = {
    .name = "satz score",
    .synopsis = "[OPTION]... MODEL SOURCE TARGET",
    .about =
        "Prints for each line of SOURCE and its translation in TARGET (one of them may be \"-\",\n"
        "standard input) the natural log-probability that the model gives the translation, its\n"
        "perplexity per token and the number of tokens, with the one that ends the sentence,\n"
        "separated by tabs; with --tokens then each token and its log-probability. Standard\n"
        "error gets the sums and the perplexity of all.\n",
    .rows = rows,
    .n_rows = N_OPTIONS,
};

struct options {
    struct reader reader;
    const char *feature;
    bool json, tokens, n_best, quiet;
};

struct job {
    struct options *options;
    size_t pairs, named;
    double log_probability, tokens;
    struct tally truncated, invalid;
};

static double perplexity(double log_probability, double tokens)
{
    return tokens > 0 ? exp(-log_probability / tokens) : 1;
}

static void print_text(const struct satz_score *s, bool tokens)
{
    printf("%.6f\t%.6g\t%d", s->log_probability, perplexity(s->log_probability, s->tokens),
           s->tokens);
    for (int i = 0; tokens && i < s->tokens; i++)
        printf("%c%s %.6f", i ? ' ' : '\t', s->pieces[i], s->token_log_probabilities[i]);
    putchar('\n');
}

/* Numbers that give the same bits when they are read again. */
static void print_json(const struct satz_score *s, size_t line, bool tokens)
{
    printf("{\"line\": %zu, \"log_probability\": %.17g, \"perplexity\": %.17g, \"n_tokens\": %d",
           line, s->log_probability, perplexity(s->log_probability, s->tokens), s->tokens);
    for (int i = 0; tokens && i < s->tokens; i++) {
        json_t *piece = json_string(s->pieces[i]);
        fputs(i ? ", [" : ", \"tokens\": [[", stdout);
        json_dumpf(piece, stdout, JSON_ENCODE_ANY);
        printf(", %.17g]", s->token_log_probabilities[i]);
        json_decref(piece);
    }
    puts(tokens && s->tokens > 0 ? "]}" : "}");
}

static void add_score(struct job *j, const struct satz_score *s, size_t line)
{
    j->pairs++;
    j->log_probability += s->log_probability;
    j->tokens += s->tokens;
    tally_add(&j->truncated, s->truncated, line);
}

/* The scores of n pairs, or NULL when that was said. */
static struct satz_score *score(struct job *j, const struct satz_pair *pairs, size_t n)
{
    struct satz_error err;
    struct satz_score *scores = satz_score_pairs(j->options->reader.translator, pairs, n, &err);
    if (!scores)
        command_failed(&usage, "%s", err.message);
    return scores;
}

static int score_files(struct job *j, const char *source, const char *target)
{
    struct pairs *p = calloc(1, sizeof *p);
    if (!p)
        return command_failed(&usage, "%s", strerror(ENOMEM));
    int status = pairs_open(p, source, target, &usage), more = 0;
    while (status == EXIT_SUCCESS && (more = pairs_next(p)) > 0) {
        struct satz_score *scores = score(j, p->chunk, p->n);
        status = scores ? EXIT_SUCCESS : EXIT_FAILURE;
        for (size_t i = 0; scores && i < p->n; i++) {
            add_score(j, &scores[i], p->first + i);
            if (!j->options->quiet)
                tally_add_invalid_pair(&j->invalid, &usage, p->source.name, p->target.name,
                                       p->first + i, scores[i].invalid);
            if (j->options->json)
                print_json(&scores[i], p->first + i, j->options->tokens);
            else
                print_text(&scores[i], j->options->tokens);
        }
        satz_scores_free(scores, p->n);
        if (status == EXIT_SUCCESS)
            status = output_flush_standard(&usage);
    }
    pairs_close(p);
    free(p);
    return more < 0 ? EXIT_FAILURE : status;
}

/* A source that is not UTF-8 is named once, with the first of its translations. */
static void add_invalid(struct job *j, const struct nbest *p, size_t i, int invalid)
{
    if (invalid & 1 && p->numbers[i] != j->named)
        tally_add_invalid(&j->invalid, &usage, p->source.name, j->named = p->numbers[i]);
    if (invalid & 2)
        tally_add_invalid(&j->invalid, &usage, p->list.name, p->first + i);
}

static int rescore(struct job *j, const char *source, const char *list)
{
    struct nbest *p = calloc(1, sizeof *p);
    if (!p)
        return command_failed(&usage, "%s", strerror(ENOMEM));
    int status = nbest_open(p, source, list, &usage), more = 0;
    while (status == EXIT_SUCCESS && (more = nbest_next(p)) > 0) {
        struct satz_score *scores = score(j, p->chunk, p->n);
        status = scores ? EXIT_SUCCESS : EXIT_FAILURE;
        for (size_t i = 0; scores && i < p->n; i++) {
            add_score(j, &scores[i], p->first + i);
            if (!j->options->quiet)
                add_invalid(j, p, i, scores[i].invalid);
            nbest_print(p, i, j->options->feature, scores[i].log_probability);
        }
        satz_scores_free(scores, p->n);
        if (status == EXIT_SUCCESS)
            status = output_flush_standard(&usage);
    }
    nbest_close(p);
    free(p);
    return more < 0 ? EXIT_FAILURE : status;
}

static void report(const struct job *j)
{
    tally_report(&usage, &j->truncated, &j->invalid);
    fprintf(stderr,
            "satz score: %zu pairs, %.0f tokens, log-probability %.6f, perplexity %.6g per token\n",
            j->pairs, j->tokens, j->log_probability, perplexity(j->log_probability, j->tokens));
}

static int score_all(struct options *o, char **operands)
{
    struct job j = {.options = o};
    int status = reader_open(&o->reader, operands[0], &usage);
    if (status == EXIT_SUCCESS)
        status = o->n_best ? rescore(&j, operands[1], operands[2])
                           : score_files(&j, operands[1], operands[2]);
    if (status == EXIT_SUCCESS && !o->quiet)
        report(&j);
    reader_close(&o->reader);
    return status;
}

static int set_format(struct options *o, const char *name)
{
    o->json = strcmp(name, "json") == 0;
    if (!o->json && strcmp(name, "text") != 0)
        return usage_error(&usage, "--format is \"%s\", but must be text or json", name);
    return EXIT_SUCCESS;
}

static int set_feature(struct options *o, const char *name)
{
    o->feature = name;
    if (!*name || strpbrk(name, " \t\r\n=|"))
        return usage_error(&usage, "--feature must be a name without spaces, \"=\" and \"|\"");
    return EXIT_SUCCESS;
}

static int take_option(struct options *o, int option)
{
    switch (option) {
    case OPTION_FORMAT:
        return set_format(o, optarg);
    case OPTION_TOKENS:
        o->tokens = true;
        return EXIT_SUCCESS;
    case OPTION_N_BEST:
        o->n_best = true;
        return EXIT_SUCCESS;
    case OPTION_FEATURE:
        return set_feature(o, optarg);
    case OPTION_QUIET:
        o->quiet = true;
        return EXIT_SUCCESS;
    default:
        return reader_take_option(&o->reader, &usage, option);
    }
}

static int run(int argc, char **argv)
{
    struct options o = {.feature = "satz"};
    int status = EXIT_SUCCESS;
    for (int option; (option = options_next(&usage, argc, argv, &status)) != OPTIONS_END;) {
        if (option == OPTIONS_STOP || (status = take_option(&o, option)) != EXIT_SUCCESS)
            return status;
    }
    if (argc - optind != 3)
        return usage_error(&usage, "name the model, the sources and their translations");
    if (o.n_best && (o.json || o.tokens))
        return usage_error(&usage, "--n-best prints an n-best list: leave out --format, --tokens");
    return score_all(&o, argv + optind);
}

const struct command command_score = {
    .name = "score",
    .summary = "how likely a model finds given translations; rescores n-best lists",
    .run = run,
};
