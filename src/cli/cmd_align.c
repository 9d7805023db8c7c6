/* satz align -- which words of given translations come from which. */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/alignment.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/pairs.h"
#include "cli/reader.h"
#include "cli/tally.h"
#include "eval.h"

enum {
    OPTION_ALIGNMENT_KIND,
    OPTION_ALIGNMENT_THRESHOLD,
    OPTION_UNITS,
    OPTION_REVERSE,
    OPTION_SYMMETRISE,
    OPTION_GOLD,
    OPTION_GOLD_FORMAT,
    OPTION_GOLD_BASE,
    OPTION_MAX_LENGTH,
    OPTION_BATCH,
    OPTION_THREADS,
    OPTION_BACKEND,
    OPTION_QUIET,
    N_OPTIONS
};

static const struct option_row rows[N_OPTIONS] = {
    [OPTION_ALIGNMENT_KIND] =
        {'k', "alignment-kind", "NAME",
         "hard: each target word's heaviest source word (the default); soft: all of "
         "some weight, \"0-0:0.93\""},
    [OPTION_ALIGNMENT_THRESHOLD] = {0, "alignment-threshold", "X",
                                    "the least weight of a soft link (default 0.1)"},
    [OPTION_UNITS] = {'u', "units", "NAME",
                      "words, as spaces part them (the default), or subwords"},
    [OPTION_REVERSE] = {'r', "reverse", "MODEL",
                        "a model of the other direction, to make one alignment of two"},
    [OPTION_SYMMETRISE] = {'s', "symmetrise", "NAME",
                           "how: intersection, union, grow-diag, grow-diag-final (the default) or "
                           "grow-diag-final-and"},
    [OPTION_GOLD] = {'g', "gold", "FILE",
                     "a gold alignment: tell precision, recall and alignment error rate"},
    [OPTION_GOLD_FORMAT] = {0, "gold-format", "NAME",
                            "pharaoh: a line for each sentence, \"1-1\" sure, \"1p1\" possible "
                            "(the default); naacl: a line for each link, \"SENTENCE SOURCE TARGET "
                            "S\" or \"P\", all from 1"},
    [OPTION_GOLD_BASE] = {0, "gold-base", "N",
                          "what pharaoh's words are counted from, 0 or 1 (default 0)"},
    READER_ROWS,
    [OPTION_QUIET] = {'q', "quiet", NULL, "print nothing but errors to standard error"},
};

static const struct usage usage = {
    .name = "satz align",
    .synopsis = "[OPTION]... MODEL SOURCE TARGET",
    .about =
        "Prints for each line of SOURCE and its translation in TARGET (one of them may be \"-\",\n"
        "standard input) which words the model's attention aligns: \"0-0 1-2\", source word "
        "first,\n"
        "words counted from 0. What looks at the end of the source stays without a link. A line\n"
        "whose source is empty has none. With --gold, standard error gets how well they agree:\n"
        "precision |A and P| / |A|, recall |A and S| / |S| and the alignment error rate\n"
        "1 - (|A and S| + |A and P|) / (|A| + |S|), of links found A, sure S, and possible or\n"
        "sure P.\n",
    .rows = rows,
    .n_rows = N_OPTIONS,
};

struct options {
    struct reader reader; /* the options of both models */
    struct alignment_options kind;
    struct gold gold;
    const char *reverse, *symmetrisation, *gold_path;
    bool quiet;
};

/* A model and its translator. */
struct aligner {
    struct reader reader;
    struct satz_attention *attentions[PAIRS_CHUNK];
};

struct job {
    struct options *options;
    struct aligner forward, backward; /* the second is empty without --reverse */
    struct pairs pairs;
    struct satz_pair turned[PAIRS_CHUNK];
    struct alignment_counts counts;
    struct tally truncated, invalid;
};

static int aligner_open(struct aligner *a, const char *path, const struct options *o)
{
    a->reader = o->reader;
    return reader_open(&a->reader, path, &usage);
}

static void aligner_clear(struct aligner *a)
{
    for (size_t i = 0; i < PAIRS_CHUNK; i++) {
        satz_attention_free(a->attentions[i]);
        a->attentions[i] = NULL;
    }
}

static void aligner_close(struct aligner *a)
{
    aligner_clear(a);
    reader_close(&a->reader);
}

static int aligner_run(struct aligner *a, const struct satz_pair *pairs, size_t n,
                       enum satz_units units)
{
    struct satz_error err;
    if (satz_attend_pairs(a->reader.translator, pairs, n, units, a->attentions, &err) < 0)
        return command_failed(&usage, "%s", err.message);
    return EXIT_SUCCESS;
}

/* The links of pair i of the chunk. */
static int find_links(struct job *j, size_t i, struct satz_link **links, size_t *n,
                      struct satz_error *err)
{
    const struct options *o = j->options;
    struct satz_link *one = NULL, *other = NULL;
    size_t n_one = 0, n_other = 0;
    if (!o->reverse)
        return alignment_links(&o->kind, j->forward.attentions[i], links, n, err);
    int status = alignment_links(&o->kind, j->forward.attentions[i], &one, &n_one, err);
    if (status == 0)
        status = alignment_links(&o->kind, j->backward.attentions[i], &other, &n_other, err);
    if (status == 0)
        status = satz_symmetrise(o->symmetrisation, one, n_one, other, n_other, links, n, err);
    free(one);
    free(other);
    return status;
}

static int count_links(struct job *j, size_t i, const struct satz_link *links, size_t n)
{
    const struct satz_attention *a = j->forward.attentions[i];
    bool known = a && !a->truncated;
    struct satz_error err;
    struct satz_link *gold;
    size_t n_gold;
    if (gold_next(&j->options->gold, known ? a->n_sources - 1 : -1, known ? a->n_targets - 1 : -1,
                  &gold, &n_gold) < 0)
        return EXIT_FAILURE;
    int status = alignment_counts_add(&j->counts, links, n, gold, n_gold, &err);
    free(gold);
    return status < 0 ? command_failed(&usage, "%s", err.message) : EXIT_SUCCESS;
}

static int print_pair(struct job *j, size_t i)
{
    const struct satz_attention *a = j->forward.attentions[i];
    struct satz_error err;
    struct satz_link *links = NULL;
    size_t n = 0, line = j->pairs.first + i;
    tally_add(&j->truncated, a && a->truncated, line);
    if (a && !j->options->quiet)
        tally_add_invalid_pair(&j->invalid, &usage, j->pairs.source.name, j->pairs.target.name,
                               line, a->invalid);
    if (find_links(j, i, &links, &n, &err) < 0)
        return command_failed(&usage, "line %zu: %s", line, err.message);
    alignment_print(stdout, links, n, j->options->kind.soft);
    int status = j->options->gold_path ? count_links(j, i, links, n) : EXIT_SUCCESS;
    free(links);
    return status;
}

static int align_chunk(struct job *j)
{
    const struct pairs *p = &j->pairs;
    int status = aligner_run(&j->forward, p->chunk, p->n, j->options->kind.units);
    for (size_t i = 0; i < p->n; i++)
        j->turned[i] = (struct satz_pair){.source = p->chunk[i].target,
                                          .source_length = p->chunk[i].target_length,
                                          .target = p->chunk[i].source,
                                          .target_length = p->chunk[i].source_length};
    if (status == EXIT_SUCCESS && j->options->reverse)
        status = aligner_run(&j->backward, j->turned, p->n, j->options->kind.units);
    for (size_t i = 0; status == EXIT_SUCCESS && i < p->n; i++)
        status = print_pair(j, i);
    aligner_clear(&j->forward);
    aligner_clear(&j->backward);
    return status == EXIT_SUCCESS ? output_flush_standard(&usage) : status;
}

static void report(const struct job *j)
{
    const struct alignment_counts *c = &j->counts;
    tally_report(&usage, &j->truncated, &j->invalid);
    if (j->options->gold_path)
        fprintf(stderr,
                "satz align: precision %.4f, recall %.4f, alignment error rate %.4f; links: %lld "
                "found, of them %lld possible and %lld sure, of %lld sure ones\n",
                alignment_precision(c), alignment_recall(c), alignment_error_rate(c),
                (long long)c->found, (long long)c->found_possible, (long long)c->found_sure,
                (long long)c->sure);
}

static int align_all(struct job *j, char **operands)
{
    struct options *o = j->options;
    int status = aligner_open(&j->forward, operands[0], o), more = 0;
    if (status == EXIT_SUCCESS && o->reverse)
        status = aligner_open(&j->backward, o->reverse, o);
    if (status == EXIT_SUCCESS && o->gold_path)
        status = gold_open(&o->gold, o->gold_path, &usage);
    if (status == EXIT_SUCCESS)
        status = pairs_open(&j->pairs, operands[1], operands[2], &usage);
    while (status == EXIT_SUCCESS && (more = pairs_next(&j->pairs)) > 0)
        status = align_chunk(j);
    if (status == EXIT_SUCCESS && (more < 0 || (o->gold_path && gold_end(&o->gold) < 0)))
        status = EXIT_FAILURE;
    if (status == EXIT_SUCCESS && !o->quiet)
        report(j);
    return status;
}

static int align(struct options *o, char **operands)
{
    struct job *j = calloc(1, sizeof *j);
    if (!j)
        return command_failed(&usage, "%s", strerror(ENOMEM));
    j->options = o;
    int status = align_all(j, operands);
    pairs_close(&j->pairs);
    gold_close(&o->gold);
    aligner_close(&j->forward);
    aligner_close(&j->backward);
    free(j);
    return status;
}

static int set_symmetrisation(struct options *o, const char *text)
{
    const char *name;
    for (int i = 0; (name = satz_symmetrisation_name(i)); i++)
        if (strcmp(name, text) == 0) {
            o->symmetrisation = name;
            return EXIT_SUCCESS;
        }
    return usage_error(&usage,
                       "--symmetrise is \"%s\", but must be intersection, union, grow-diag, "
                       "grow-diag-final or grow-diag-final-and",
                       text);
}

static int set_gold_format(struct options *o, const char *text)
{
    o->gold.naacl = strcmp(text, "naacl") == 0;
    if (!o->gold.naacl && strcmp(text, "pharaoh") != 0)
        return usage_error(&usage, "--gold-format is \"%s\", but must be pharaoh or naacl", text);
    return EXIT_SUCCESS;
}

static int set_gold_base(struct options *o, const char *text)
{
    long value = 0;
    int status = option_integer(&usage, OPTION_GOLD_BASE, text, 0, 1, &value);
    o->gold.base = (int)value;
    return status;
}

static int take_option(struct options *o, int option)
{
    switch (option) {
    case OPTION_ALIGNMENT_KIND:
        return alignment_set_kind(&o->kind, &usage, "--alignment-kind", optarg);
    case OPTION_ALIGNMENT_THRESHOLD:
        return option_real(&usage, option, optarg, 0.0001, 1, &o->kind.threshold);
    case OPTION_UNITS:
        return alignment_set_units(&o->kind.units, &usage, "--units", optarg);
    case OPTION_REVERSE:
        o->reverse = optarg;
        return EXIT_SUCCESS;
    case OPTION_SYMMETRISE:
        return set_symmetrisation(o, optarg);
    case OPTION_GOLD:
        o->gold_path = optarg;
        return EXIT_SUCCESS;
    case OPTION_GOLD_FORMAT:
        return set_gold_format(o, optarg);
    case OPTION_GOLD_BASE:
        return set_gold_base(o, optarg);
    case OPTION_QUIET:
        o->quiet = true;
        return EXIT_SUCCESS;
    default:
        return reader_take_option(&o->reader, &usage, option);
    }
}

static int check_options(const struct options *o)
{
    if (o->kind.threshold > 0 && !o->kind.soft)
        return usage_error(&usage, "--alignment-threshold is for --alignment-kind soft");
    if (o->reverse && o->kind.soft)
        return usage_error(&usage,
                           "--reverse makes hard links of hard links: leave out --alignment-kind");
    if (o->symmetrisation && !o->reverse)
        return usage_error(&usage, "--symmetrise needs --reverse");
    if (o->gold_path && o->kind.units == SATZ_SUBWORDS)
        return usage_error(&usage, "a gold alignment is of words: leave out --units");
    return EXIT_SUCCESS;
}

static int run(int argc, char **argv)
{
    struct options o = {0};
    int status = EXIT_SUCCESS;
    for (int option; (option = options_next(&usage, argc, argv, &status)) != OPTIONS_END;) {
        if (option == OPTIONS_STOP || (status = take_option(&o, option)) != EXIT_SUCCESS)
            return status;
    }
    if (argc - optind != 3)
        return usage_error(&usage, "name the model, the sources and their translations");
    if ((status = check_options(&o)) != EXIT_SUCCESS)
        return status;
    if (!o.symmetrisation)
        o.symmetrisation = "grow-diag-final";
    return align(&o, argv + optind);
}

const struct command command_align = {
    .name = "align",
    .summary = "which words of given translations come from which; scores gold alignments",
    .run = run,
};
