/* satz tokenizer -- learns how to cut text into pieces, cuts it, and puts it together again. */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/input.h"
#include "cli/options.h"
#include "cli/tally.h"
#include "satz.h"

/* ---- train ---- */

enum { TRAIN_OUTPUT, TRAIN_TYPE, TRAIN_VOCABULARY, TRAIN_COVERAGE, N_TRAIN_OPTIONS };

static const struct option_row train_rows[N_TRAIN_OPTIONS] = {
    [TRAIN_OUTPUT] = {'o', "output", "FILE", "where the model goes; must be given"},
    [TRAIN_TYPE] = {'t', "type", "TYPE", "unigram (default), bpe, char or word"},
    [TRAIN_VOCABULARY] = {'v', "vocabulary", "N", "number of pieces (default 8000)"},
    [TRAIN_COVERAGE] = {'c', "coverage", "SHARE",
                        "share of the characters in the text that get a piece of their own "
                        "(default 1)"},
};

static const struct usage train_usage = {
    .name = "satz tokenizer train",
    .synopsis = "[OPTION]... --output FILE TEXT...",
    .about =
        "Learns a SentencePiece model from the TEXT files (one sentence a line, plain or gzip).\n"
        "Both languages together give one for tokenizer.joint. A recipe uses it with\n"
        "tokenizer.source_model and tokenizer.target_model.\n",
    .rows = train_rows,
    .n_rows = N_TRAIN_OPTIONS,
    .examples = "# one vocabulary for both languages\n"
                "satz tokenizer train --type bpe --vocabulary 5000 --output joint.model train.en "
                "train.de\n",
};

static int run_train(int argc, char **argv)
{
    struct satz_error err;
    struct satz_tokenizer_options o = {.type = "unigram", .vocabulary = 8000, .coverage = 1.0};
    const char *output = NULL;
    long vocabulary;
    int status = 0;
    for (int option; (option = options_next(&train_usage, argc, argv, &status)) != OPTIONS_END;) {
        switch (option) {
        case TRAIN_OUTPUT:
            output = optarg;
            break;
        case TRAIN_TYPE:
            o.type = optarg;
            break;
        case TRAIN_VOCABULARY:
            if (option_integer(&train_usage, option, optarg, 5, 1000000, &vocabulary) != 0)
                return EXIT_USAGE;
            o.vocabulary = (int)vocabulary;
            break;
        case TRAIN_COVERAGE:
            if (option_real(&train_usage, option, optarg, 0.98, 1.0, &o.coverage) != 0)
                return EXIT_USAGE;
            break;
        default:
            return status;
        }
    }
    if (!output)
        return usage_error(&train_usage, "name the model to write with --output FILE");
    if (optind == argc)
        return usage_error(&train_usage, "name the text to learn from");
    o.files = (const char *const *)argv + optind;
    o.n_files = (size_t)(argc - optind);
    if (satz_tokenizer_train(output, &o, &err) < 0)
        return command_failed(&train_usage, "%s", err.message);
    return EXIT_SUCCESS;
}

/* ---- encode and decode ---- */

enum { APPLY_IDS, APPLY_TARGET, N_APPLY_OPTIONS };

static const struct option_row apply_rows[N_APPLY_OPTIONS] = {
    [APPLY_IDS] = {'i', "ids", NULL, "numbers instead of pieces"},
    [APPLY_TARGET] = {'t', "target", NULL,
                      "of a model of Satz, the tokenizer of the target side, not of the source"},
};

static const struct usage encode_usage = {
    .name = "satz tokenizer encode",
    .synopsis = "[OPTION]... MODEL [FILE]",
    .about =
        "Cuts each line of FILE (default: standard input) into pieces with spaces between them.\n"
        "MODEL is a SentencePiece file or a model of Satz.\n",
    .rows = apply_rows,
    .n_rows = N_APPLY_OPTIONS,
    .examples = "# pieces, and the same as numbers\n"
                "satz tokenizer encode joint.model test.en\n"
                "satz tokenizer encode --ids joint.model test.en\n",
};

static const struct usage decode_usage = {
    .name = "satz tokenizer decode",
    .synopsis = "[OPTION]... MODEL [FILE]",
    .about = "Puts each line of FILE (default: standard input), pieces with spaces between them,\n"
             "together to text. MODEL is a SentencePiece file or a model of Satz.\n",
    .rows = apply_rows,
    .n_rows = N_APPLY_OPTIONS,
    .examples = "# there and back\n"
                "satz tokenizer encode joint.model test.en | satz tokenizer decode joint.model\n",
};

struct work {
    const struct satz_tokenizer *tokenizer;
    bool as_ids;
    struct tally invalid;
};

/* One direction: what is done with a line. 0 or EXIT_FAILURE. */
typedef int line_job(struct work *w, const struct input *in);

static int line_failed(const struct input *in, const char *message)
{
    return command_failed(in->usage, "%s:%zu: %s", in->name, in->number, message);
}

static int encode_line(struct work *w, const struct input *in)
{
    const struct satz_tokenizer *t = w->tokenizer;
    struct satz_error err;
    int *ids;
    size_t n;
    int status = satz_tokenizer_encode(t, in->line, in->length, &ids, &n, &err);
    if (status < 0)
        return line_failed(in, err.message);
    if (status > 0)
        tally_add_invalid(&w->invalid, in->usage, in->name, in->number);
    for (size_t i = 0; i < n; i++) {
        if (i)
            putchar(' ');
        if (w->as_ids)
            printf("%d", ids[i]);
        else
            fputs(satz_tokenizer_piece(t, ids[i]), stdout);
    }
    putchar('\n');
    free(ids);
    return 0;
}

/* The id that a word of a line stands for, -1 for none. */
static int word_id(const struct satz_tokenizer *t, const char *word, bool as_id)
{
    char *end;
    if (!as_id)
        return satz_tokenizer_id(t, word);
    errno = 0;
    long id = strtol(word, &end, 10);
    return errno || *end || id < 0 || id >= satz_tokenizer_size(t) ? -1 : (int)id;
}

static int decode_line(struct work *w, const struct input *in)
{
    const struct satz_tokenizer *t = w->tokenizer;
    struct satz_error err;
    char *text = NULL, *rest = NULL;
    size_t n = 0;
    int status = 0;
    int *ids = calloc(in->length / 2 + 1, sizeof *ids);
    if (!ids)
        return line_failed(in, strerror(ENOMEM));
    for (char *word = strtok_r(in->line, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        ids[n] = word_id(t, word, w->as_ids);
        if (ids[n++] < 0) {
            status = command_failed(in->usage, "%s:%zu: \"%.64s\" is not %s of this tokenizer",
                                    in->name, in->number, word, w->as_ids ? "an id" : "a piece");
            goto done;
        }
    }
    text = satz_tokenizer_decode(t, ids, n, &err);
    if (text)
        puts(text);
    else
        status = line_failed(in, err.message);
done:
    free(text);
    free(ids);
    return status;
}

static int apply_file(struct work *w, const char *path, const struct usage *usage, line_job *job)
{
    struct input in;
    int status = input_open(&in, path, usage), got = 0;
    while (status == 0 && !ferror(stdout) && (got = input_next(&in)) > 0)
        status = job(w, &in);
    input_close(&in);
    tally_report_invalid(&w->invalid, usage);
    return got < 0 ? EXIT_FAILURE : status;
}

static int apply(const struct usage *usage, line_job *job, int argc, char **argv)
{
    struct satz_error err;
    struct work w = {0};
    enum satz_side side = SATZ_SOURCE;
    int status = 0;
    for (int option; (option = options_next(usage, argc, argv, &status)) != OPTIONS_END;) {
        if (option == OPTIONS_STOP)
            return status;
        if (option == APPLY_IDS)
            w.as_ids = true;
        else
            side = SATZ_TARGET;
    }
    if (optind == argc || argc - optind > 2)
        return usage_error(usage, "name the model, and at most one file");
    struct satz_tokenizer *t = satz_tokenizer_new(argv[optind], side, &err);
    if (!t)
        return command_failed(usage, "%s", err.message);
    w.tokenizer = t;
    status = apply_file(&w, argc - optind == 2 ? argv[optind + 1] : "-", usage, job);
    satz_tokenizer_free(t);
    return status;
}

static int run_encode(int argc, char **argv)
{
    return apply(&encode_usage, encode_line, argc, argv);
}

static int run_decode(int argc, char **argv)
{
    return apply(&decode_usage, decode_line, argc, argv);
}

/* ---- the command ---- */

static const struct command train = {"train", "learn a SentencePiece model from text", run_train};
static const struct command encode = {"encode", "cut lines of text into pieces or ids", run_encode};
static const struct command decode = {"decode", "put pieces or ids together to text", run_decode};

static const struct command *const commands[] = {&train, &encode, &decode};

static const struct command_group group = {
    .name = "satz tokenizer",
    .about = "Works with tokenizers (SentencePiece models), of their own or inside a model.\n",
    .commands = commands,
    .n_commands = sizeof commands / sizeof *commands,
};

static int run(int argc, char **argv)
{
    return command_dispatch(&group, argc, argv);
}

const struct command command_tokenizer = {
    .name = "tokenizer",
    .summary = "learn how to cut text into pieces; cut it, and put it together",
    .run = run,
};
