/* satz translate -- lines of text in, their translations out, line by line. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/translate_job.h"
#include "satz.h"

enum {
    OPTION_OUTPUT,
    OPTION_BEAM,
    OPTION_N_BEST,
    OPTION_FORMAT,
    OPTION_LENGTH_PENALTY,
    OPTION_LENGTH_NORMALISATION,
    OPTION_COVERAGE_PENALTY,
    OPTION_STOP,
    OPTION_MIN_LENGTH,
    OPTION_LENGTH_FACTOR,
    OPTION_LENGTH_EXTRA,
    OPTION_NO_REPEAT,
    OPTION_GROUPS,
    OPTION_DIVERSITY,
    OPTION_SAMPLE,
    OPTION_TEMPERATURE,
    OPTION_TOP_K,
    OPTION_TOP_P,
    OPTION_SEED,
    OPTION_PREFIX,
    OPTION_CONSTRAINTS,
    OPTION_REPLACE_UNKNOWN,
    OPTION_DICTIONARY,
    OPTION_ENSEMBLE,
    OPTION_SHORTLIST,
    OPTION_SHORTLIST_BEST,
    OPTION_SHORTLIST_COMMONEST,
    OPTION_MAX_LENGTH,
    OPTION_ON_LONG,
    OPTION_BATCH,
    OPTION_THREADS,
    OPTION_BACKEND,
    OPTION_PRECISION,
    OPTION_ATTENTION,
    OPTION_ALIGNMENT,
    OPTION_ALIGNMENT_KIND,
    OPTION_ALIGNMENT_THRESHOLD,
    OPTION_UNITS,
    OPTION_PROGRESS,
    OPTION_QUIET,
    N_OPTIONS
};

static const struct option_row rows[N_OPTIONS] = {
    [OPTION_OUTPUT] = {'o', "output", "FILE", "write to FILE, in place only when all is done"},
    [OPTION_BEAM] = {'b', "beam", "N", "hypotheses kept at each step; 1: greedy"},
    [OPTION_N_BEST] = {'n', "n-best", "N", "write the N best translations, no two the same tokens"},
    [OPTION_FORMAT] =
        {'f', "format", "NAME",
         "text; moses (\"id ||| text ||| LogP= x Length= n ||| score\", lines "
         "numbered from 0, | in text as &#124;; default with --n-best); json (an object a line)"},
    [OPTION_LENGTH_PENALTY] = {'l', "length-penalty", "X",
                               "divide scores by length^X; 0 prefers short translations"},
    [OPTION_LENGTH_NORMALISATION] = {0, "length-normalisation", "NAME",
                                     "power: length^X; gnmt: ((5 + length) / 6)^X"},
    [OPTION_COVERAGE_PENALTY] = {0, "coverage-penalty", "X",
                                 "weight of how well attention covers the source (Wu 2016)"},
    [OPTION_STOP] = {0, "stop", "NAME",
                     "exact: when nothing better can come; beam: when as many have ended as the "
                     "beam is wide (the same translations, slower); first: when as many as are "
                     "wanted have ended (faster, may miss better ones)"},
    [OPTION_MIN_LENGTH] = {0, "min-length-factor", "X",
                           "shortest translation: X times the source's tokens"},
    [OPTION_LENGTH_FACTOR] = {0, "max-length-factor", "X",
                              "longest translation: X times the source's tokens, and"},
    [OPTION_LENGTH_EXTRA] = {0, "max-length-extra", "N", "N more"},
    [OPTION_NO_REPEAT] = {0, "no-repeat", "N",
                          "no sequence of N tokens twice in a translation; 0: any may be"},
    [OPTION_GROUPS] = {'g', "groups", "N",
                       "diverse beam search: cut the beam into N groups that differ"},
    [OPTION_DIVERSITY] = {0, "diversity", "X",
                          "what a word loses for each time that groups before chose it"},
    [OPTION_SAMPLE] = {'s', "sample", NULL,
                       "draw translations at random instead, as many as --n-best says"},
    [OPTION_TEMPERATURE] = {0, "temperature", "X",
                            "sample: below 1 likelier words, above 1 others"},
    [OPTION_TOP_K] = {0, "top-k", "N", "sample: from the N likeliest words only; 0: from all"},
    [OPTION_TOP_P] = {0, "top-p", "X",
                      "sample: from the fewest words that have share X of the probability"},
    [OPTION_SEED] = {0, "seed", "N", "sample: other numbers, other draws; equal ones, equal"},
    [OPTION_PREFIX] = {'p', "prefix", "FILE",
                       "line k of FILE is how the translation of line k begins; its last word may "
                       "go on unless a space follows"},
    [OPTION_CONSTRAINTS] = {'c', "constraints", "FILE",
                            "line k of FILE: words that the translation of line k must contain, "
                            "+PHRASE, or must not, -PHRASE, with tabs between them"},
    [OPTION_REPLACE_UNKNOWN] = {'u', "replace-unknown", NULL,
                                "copy the source word for what the model cannot write"},
    [OPTION_DICTIONARY] = {'d', "dictionary", "FILE",
                           "or take its translation from FILE: lines of word, tab, translation"},
    [OPTION_ENSEMBLE] = {'e', "ensemble", "MODEL",
                         "translate with MODEL as well, by the mean of their probabilities; may be "
                         "given several times"},
    [OPTION_SHORTLIST] = {0, "shortlist", "FILE",
                          "faster: only the words that FILE, of `satz shortlist`, lists for a "
                          "sentence, nearly the same translations"},
    [OPTION_SHORTLIST_BEST] = {0, "shortlist-best", "N",
                               "of each word of the source its N best translations (default 50)"},
    [OPTION_SHORTLIST_COMMONEST] = {0, "shortlist-commonest", "N",
                                    "and the N commonest words of all (default 100)"},
    [OPTION_MAX_LENGTH] = {'m', "max-length", "N",
                           "longest source in tokens (default 4 times data.max_length)"},
    [OPTION_ON_LONG] = {0, "on-long", "NAME",
                        "what becomes of longer ones: cut (default), their rest is lost; split, "
                        "they are translated in pieces"},
    [OPTION_BATCH] = {0, "batch", "N", "sentences translated together; the result is the same"},
    [OPTION_THREADS] = {'t', "threads", "N", "threads (default: all processors)"},
    [OPTION_BACKEND] = {0, "backend", "BACKEND", "library for matrix products (default auto)"},
    [OPTION_PRECISION] = {0, "precision", "NAME",
                          "f32, or int8 or bf16 for speed: nearly the same translations (default "
                          "f32)"},
    [OPTION_ATTENTION] = {0, "attention", "FILE",
                          "write where the model looked to FILE.jsonl or FILE.npz"},
    [OPTION_ALIGNMENT] = {0, "alignment", "FILE",
                          "write which words come from which, in Pharaoh's format"},
    [OPTION_ALIGNMENT_KIND] = {'k', "alignment-kind", "NAME",
                               "hard: each target word's heaviest source word (the default); soft: "
                               "all of some weight, \"0-0:0.93\""},
    [OPTION_ALIGNMENT_THRESHOLD] = {0, "alignment-threshold", "X",
                                    "the least weight of a soft link (default 0.1)"},
    [OPTION_UNITS] = {0, "units", "NAME",
                      "of both files: words, as spaces part them (the default), or subwords"},
    [OPTION_PROGRESS] = {0, "progress", NULL, "show how far it is on standard error"},
    [OPTION_QUIET] = {'q', "quiet", NULL, "print nothing but errors to standard error"},
};

/* The key of the recipe's section decode that an option sets, and the strategy it is for. */
static const struct {
    const char *key, *strategy;
} settings[N_OPTIONS] = {
    [OPTION_BEAM] = {"beam", NULL},
    [OPTION_LENGTH_PENALTY] = {"length_penalty", NULL},
    [OPTION_LENGTH_NORMALISATION] = {"length_normalisation", NULL},
    [OPTION_COVERAGE_PENALTY] = {"coverage_penalty", NULL},
    [OPTION_STOP] = {"stop", NULL},
    [OPTION_MIN_LENGTH] = {"min_length_factor", NULL},
    [OPTION_LENGTH_FACTOR] = {"max_length_factor", NULL},
    [OPTION_LENGTH_EXTRA] = {"max_length_extra", NULL},
    [OPTION_NO_REPEAT] = {"no_repeat", NULL},
    [OPTION_GROUPS] = {"groups", "diverse"},
    [OPTION_DIVERSITY] = {"diversity", "diverse"},
    [OPTION_SAMPLE] = {NULL, "sample"},
    [OPTION_TEMPERATURE] = {"temperature", "sample"},
    [OPTION_TOP_K] = {"top_k", "sample"},
    [OPTION_TOP_P] = {"top_p", "sample"},
    [OPTION_SEED] = {"seed", "sample"},
    [OPTION_BATCH] = {"batch", NULL},
};

static void print_more(void)
{
    printf("\n%s", attention_output_help);
}

static const struct usage usage = {
    .name = "satz translate",
    .synopsis = "[OPTION]... MODEL [FILE]...",
    .about =
        "Translates the FILEs (\"-\" or none: standard input), which hold one sentence a line,\n"
        "with the model of `satz train`. Line k of the output is the translation of line k.\n"
        "What is not said on the command line is as the model's recipe has it (decode.*).\n",
    .rows = rows,
    .n_rows = N_OPTIONS,
    .print_more = print_more,
    .examples = "# a file, with a wider beam\n"
                "satz translate --beam 10 model.safetensors test.en > test.de\n"
                "# one sentence, its three best translations\n"
                "echo \"A dog runs.\" | satz translate --n-best 3 model.safetensors\n",
};

/* What the command line says; all of it is freed by choices_release. */
struct choices {
    struct satz_translator_options options;
    struct translate_job job;
    const char *backend, *precision, *strategy;
    int strategy_option;
    char **settings;            /* [options.n_settings] */
    const char **models;        /* [n_models]: the further ones */
    struct satz_model **opened; /* [1 + n_models] */
    size_t n_models;
};

static void choices_release(struct choices *c)
{
    for (size_t i = 0; c->settings && i < c->options.n_settings; i++)
        free(c->settings[i]);
    for (size_t i = 0; c->opened && i <= c->n_models; i++)
        satz_model_close(c->opened[i]);
    free(c->settings);
    free(c->models);
    free(c->opened);
}

static int add_setting(struct choices *c, const char *key, const char *value)
{
    char *setting;
    if (asprintf(&setting, "decode.%s=%s", key, value) < 0)
        return command_failed(&usage, "%s", strerror(ENOMEM));
    c->settings[c->options.n_settings++] = setting;
    return EXIT_SUCCESS;
}

/* Sets the key that an option stands for, and checks it as a recipe is checked. */
static int take_setting(struct choices *c, int option)
{
    struct satz_error err;
    const char *strategy = settings[option].strategy;
    if (strategy && c->strategy && strcmp(c->strategy, strategy) != 0)
        return usage_error(&usage,
                           "--%s and --%s do not go together: one is for strategy %s, one "
                           "for %s",
                           rows[c->strategy_option].name, rows[option].name, c->strategy, strategy);
    if (strategy) {
        c->strategy = strategy;
        c->strategy_option = option;
    }
    if (!settings[option].key)
        return EXIT_SUCCESS;
    if (add_setting(c, settings[option].key, optarg) != EXIT_SUCCESS)
        return EXIT_FAILURE;
    const char *last = c->settings[c->options.n_settings - 1];
    struct satz_recipe *recipe = satz_recipe_new(NULL, &last, 1, &err);
    satz_recipe_free(recipe);
    if (recipe)
        return EXIT_SUCCESS;
    const char *allowed = strstr(err.message, "; it must be ");
    return usage_error(&usage, "--%s %s: %s", rows[option].name, optarg,
                       allowed ? allowed + 2 : err.message);
}

static int take_on_long(struct choices *c)
{
    c->options.split_long = strcmp(optarg, "split") == 0;
    if (c->options.split_long || strcmp(optarg, "cut") == 0)
        return EXIT_SUCCESS;
    return usage_error(&usage, "--on-long %s: it must be one of cut, split", optarg);
}

static int take_format(struct choices *c)
{
    c->job.format = translate_format_find(optarg);
    if (c->job.format)
        return EXIT_SUCCESS;
    return usage_error(&usage, "--format %s: it must be one of text, moses, json", optarg);
}

static int take_number(int option, long most, int *to)
{
    long value = 0;
    int status = option_integer(&usage, option, optarg, 1, most, &value);
    *to = (int)value;
    return status;
}

static int take_attention_option(struct attention_output_options *o, int option)
{
    switch (option) {
    case OPTION_ATTENTION:
        o->weights = optarg;
        return EXIT_SUCCESS;
    case OPTION_ALIGNMENT:
        o->alignment = optarg;
        return EXIT_SUCCESS;
    case OPTION_ALIGNMENT_KIND:
        return alignment_set_kind(&o->kind, &usage, "--alignment-kind", optarg);
    case OPTION_ALIGNMENT_THRESHOLD:
        return option_real(&usage, option, optarg, 0.0001, 1, &o->kind.threshold);
    default:
        return alignment_set_units(&o->kind.units, &usage, "--units", optarg);
    }
}

static int take_option(struct choices *c, int option)
{
    switch (option) {
    case OPTION_OUTPUT:
        c->job.output = optarg;
        break;
    case OPTION_N_BEST:
        return take_number(option, 1000, &c->options.n_best);
    case OPTION_FORMAT:
        return take_format(c);
    case OPTION_PREFIX:
        c->job.prefix = optarg;
        break;
    case OPTION_CONSTRAINTS:
        c->job.constraints = optarg;
        break;
    case OPTION_REPLACE_UNKNOWN:
        c->options.replace_unknown = 1;
        break;
    case OPTION_DICTIONARY:
        c->options.dictionary = optarg;
        c->options.replace_unknown = 1;
        break;
    case OPTION_ENSEMBLE:
        c->models[c->n_models++] = optarg;
        break;
    case OPTION_SHORTLIST:
        c->options.shortlist = optarg;
        break;
    case OPTION_SHORTLIST_BEST:
        return take_number(option, 100, &c->options.shortlist_best);
    case OPTION_SHORTLIST_COMMONEST:
        return take_number(option, 1000000, &c->options.shortlist_commonest);
    case OPTION_MAX_LENGTH:
        return take_number(option, 40000, &c->options.max_length);
    case OPTION_ON_LONG:
        return take_on_long(c);
    case OPTION_THREADS:
        return take_number(option, 1024, &c->options.threads);
    case OPTION_BACKEND:
        c->backend = optarg;
        break;
    case OPTION_PRECISION:
        c->precision = optarg;
        break;
    case OPTION_ATTENTION:
    case OPTION_ALIGNMENT:
    case OPTION_ALIGNMENT_KIND:
    case OPTION_ALIGNMENT_THRESHOLD:
    case OPTION_UNITS:
        return take_attention_option(&c->job.attention, option);
    case OPTION_PROGRESS:
        c->job.progress = true;
        break;
    case OPTION_QUIET:
        c->job.quiet = true;
        break;
    default:
        return take_setting(c, option);
    }
    return EXIT_SUCCESS;
}

static bool asks_for_coverage(const struct choices *c)
{
    for (size_t i = 0; i < c->options.n_settings; i++)
        if (strncmp(c->settings[i], "decode.coverage_penalty=", 24) == 0)
            return strtod(c->settings[i] + 24, NULL) > 0;
    return false;
}

/* What must be known of all options together. */
static int finish_choices(struct choices *c)
{
    if (c->strategy && add_setting(c, "strategy", c->strategy) != EXIT_SUCCESS)
        return EXIT_FAILURE;
    if (!c->job.format)
        c->job.format = translate_format_find(c->options.n_best > 0 ? "moses" : "text");
    if (c->options.n_best > 0 && !c->job.format->takes_n_best)
        return usage_error(&usage, "--n-best needs --format moses or json");
    if (!c->options.shortlist && (c->options.shortlist_best || c->options.shortlist_commonest))
        return usage_error(&usage, "--shortlist-best and --shortlist-commonest need --shortlist");
    c->options.settings = (const char *const *)c->settings;
    c->job.coverage = asks_for_coverage(c);
    return EXIT_SUCCESS;
}

/* The models, and the translator. */
static int translate(struct choices *c, const char *model)
{
    struct satz_error err;
    c->opened = calloc(c->n_models + 1, sizeof(struct satz_model *));
    if (!c->opened)
        return command_failed(&usage, "%s", strerror(ENOMEM));
    for (size_t i = 0; i <= c->n_models; i++) {
        c->opened[i] =
            satz_model_open(i ? c->models[i - 1] : model, c->backend, c->precision, &err);
        if (!c->opened[i])
            return command_failed(&usage, "%s", err.message);
    }
    c->options.ensemble = (const struct satz_model *const *)(c->opened + 1);
    c->options.n_ensemble = c->n_models;
    if (satz_translator_check(c->opened[0], &c->options, &err) < 0)
        return usage_error(&usage, "%s", err.message);
    c->job.translator = satz_translator_new(c->opened[0], &c->options, &err);
    if (!c->job.translator)
        return command_failed(&usage, "%s", err.message);
    int status = translate_job_run(&c->job);
    satz_translator_free(c->job.translator);
    return status;
}

static int run(int argc, char **argv)
{
    static const char *const standard[] = {"-"};
    struct choices c = {.job = {.usage = &usage}};
    int status = EXIT_SUCCESS, option = 0;
    c.settings = calloc((size_t)argc + 1, sizeof *c.settings);
    c.models = calloc((size_t)argc, sizeof *c.models);
    if (!c.settings || !c.models)
        status = command_failed(&usage, "%s", strerror(ENOMEM));
    while (c.settings && c.models && status == EXIT_SUCCESS) {
        option = options_next(&usage, argc, argv, &status);
        if (option == OPTIONS_END || option == OPTIONS_STOP)
            break;
        status = take_option(&c, option);
    }
    if (option == OPTIONS_END && status == EXIT_SUCCESS) {
        status = optind == argc ? usage_error(&usage, "name the model file") : finish_choices(&c);
        signal(SIGPIPE, SIG_IGN); /* a reader that has gone is told of as any failed write */
        if (status == EXIT_SUCCESS) {
            c.job.n_files = (size_t)(argc - optind - 1);
            c.job.files = (const char *const *)(argv + optind + 1);
            if (c.job.n_files == 0) {
                c.job.n_files = 1;
                c.job.files = standard;
            }
            status = translate(&c, argv[optind]);
        }
    }
    choices_release(&c);
    return status;
}

const struct command command_translate = {
    .name = "translate",
    .summary = "translate lines of text",
    .run = run,
};
