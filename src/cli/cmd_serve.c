/* satz serve -- translates over HTTP. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/options.h"
#include "satz.h"
#include "serve/serve.h"

enum {
    OPTION_PORT,
    OPTION_HOST,
    OPTION_LANGUAGES,
    OPTION_BEAM,
    OPTION_LENGTH_PENALTY,
    OPTION_SHORTLIST,
    OPTION_SHORTLIST_BEST,
    OPTION_SHORTLIST_COMMONEST,
    OPTION_MAX_LENGTH,
    OPTION_BATCH,
    OPTION_THREADS,
    OPTION_BACKEND,
    OPTION_PRECISION,
    OPTION_QUEUE,
    OPTION_SENTENCES,
    OPTION_BYTES,
    OPTION_CONNECTIONS,
    OPTION_DEADLINE,
    OPTION_READ_TIMEOUT,
    OPTION_IDLE_TIMEOUT,
    N_OPTIONS
};

static const struct option_row rows[N_OPTIONS] = {
    [OPTION_PORT] = {'p', "port", "N", "port to listen at; 0: one that is free (default 8080)"},
    [OPTION_HOST] = {0, "host", "NAME",
                     "address to listen at (default 127.0.0.1: this machine only; ::1 the same, "
                     "0.0.0.0 or ::, all the world)"},
    [OPTION_LANGUAGES] = {0, "languages", "SOURCE-TARGET",
                          "what the page calls them, as two codes (default en-de)"},
    [OPTION_BEAM] = {'b', "beam", "N", "hypotheses kept at each step, and at most \"n_best\""},
    [OPTION_LENGTH_PENALTY] = {'l', "length-penalty", "X",
                               "divide scores by length^X; 0 prefers short translations"},
    [OPTION_SHORTLIST] = {0, "shortlist", "FILE",
                          "faster: only the words that FILE, of `satz shortlist`, lists for a "
                          "sentence"},
    [OPTION_SHORTLIST_BEST] = {0, "shortlist-best", "N",
                               "of each word of the source its N best translations (default 50)"},
    [OPTION_SHORTLIST_COMMONEST] = {0, "shortlist-commonest", "N",
                                    "and the N commonest words of all (default 100)"},
    [OPTION_MAX_LENGTH] = {'m', "max-length", "N",
                           "cut sources after N tokens (default 4 times data.max_length)"},
    [OPTION_BATCH] = {0, "batch", "N", "sentences translated together, at most (default 64)"},
    [OPTION_THREADS] = {'t', "threads", "N", "threads (default: all processors)"},
    [OPTION_BACKEND] = {0, "backend", "BACKEND", "library for matrix products (default auto)"},
    [OPTION_PRECISION] = {0, "precision", "NAME",
                          "f32, or int8 or bf16 for speed: nearly the same translations (default "
                          "f32)"},
    [OPTION_QUEUE] = {0, "queue", "N", "sentences that may wait (default 4096)"},
    [OPTION_SENTENCES] = {0, "sentences", "N", "sentences of a request, at most (default 256)"},
    [OPTION_BYTES] = {0, "bytes", "N", "bytes of a sentence, at most (default 4000)"},
    [OPTION_CONNECTIONS] = {0, "connections", "N", "connections at a time (default 512)"},
    [OPTION_DEADLINE] = {0, "deadline", "S", "seconds until a request is given up (default 30)"},
    [OPTION_READ_TIMEOUT] = {0, "read-timeout", "S",
                             "seconds for a client to send a request, or to take the answer "
                             "(default 10)"},
    [OPTION_IDLE_TIMEOUT] = {0, "idle-timeout", "S",
                             "seconds that a connection may be idle (default 60)"},
};

static const struct usage usage = {
    .name = "satz serve",
    .synopsis = "[OPTION]... MODEL",
    .about =
        "Translates over HTTP with the model of `satz train`: POST /translate takes and gives\n"
        "JSON, / is a page to type into, /health and /metrics tell how it is. Prints its\n"
        "address once it listens. SIGINT and SIGTERM end it when all requests that it has\n"
        "accepted are answered; a second one at once. What is not said on the command line is as\n"
        "the model's recipe has it (decode.*).\n",
    .rows = rows,
    .n_rows = N_OPTIONS,
};

/* "en-de" in its two halves, which are of `text`. */
static int read_languages(struct serve_options *o, char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    size_t source = strspn(text, letters);
    char *target = text + source + (text[source] == '-');
    size_t length = strspn(target, letters);
    if (source < 2 || source > 3 || length < 2 || length > 3 || text[source] != '-' ||
        target[length])
        return usage_error(&usage, "--languages %s: give two codes of languages, such as en-de",
                           text);
    text[source] = '\0';
    o->source_language = text;
    o->target_language = target;
    return EXIT_SUCCESS;
}

static int read_number(int row, const char *text, long least, long most, int *to)
{
    long value = *to;
    int status = option_integer(&usage, row, text, least, most, &value);
    *to = (int)value;
    return status;
}

static int read_size(int row, const char *text, long most, size_t *to)
{
    long value = (long)*to;
    int status = option_integer(&usage, row, text, 1, most, &value);
    *to = (size_t)value;
    return status;
}

static int read_option(struct serve_options *o, int option)
{
    enum { DAY = 86400 };
    switch (option) {
    case OPTION_PORT:
        return read_number(option, optarg, 0, 65535, &o->port);
    case OPTION_HOST:
        o->host = optarg;
        return EXIT_SUCCESS;
    case OPTION_LANGUAGES:
        return read_languages(o, optarg);
    case OPTION_BEAM:
        return read_number(option, optarg, 1, 1000, &o->beam);
    case OPTION_LENGTH_PENALTY:
        o->has_length_penalty = 1;
        return option_real(&usage, option, optarg, 0, 10, &o->length_penalty);
    case OPTION_SHORTLIST:
        o->shortlist = optarg;
        return EXIT_SUCCESS;
    case OPTION_SHORTLIST_BEST:
        return read_number(option, optarg, 1, 100, &o->shortlist_best);
    case OPTION_SHORTLIST_COMMONEST:
        return read_number(option, optarg, 1, 1000000, &o->shortlist_commonest);
    case OPTION_MAX_LENGTH:
        return read_number(option, optarg, 1, 40000, &o->max_length);
    case OPTION_BATCH:
        return read_number(option, optarg, 1, 10000, &o->batch);
    case OPTION_THREADS:
        return read_number(option, optarg, 1, 1024, &o->threads);
    case OPTION_BACKEND:
        o->backend = optarg;
        return EXIT_SUCCESS;
    case OPTION_PRECISION:
        o->precision = optarg;
        return EXIT_SUCCESS;
    case OPTION_QUEUE:
        return read_size(option, optarg, 10000000, &o->queue);
    case OPTION_SENTENCES:
        return read_size(option, optarg, 100000, &o->sentences);
    case OPTION_BYTES:
        return read_size(option, optarg, 1000000, &o->sentence_bytes);
    case OPTION_CONNECTIONS:
        return read_number(option, optarg, 1, 100000, &o->connections);
    case OPTION_DEADLINE:
        return option_real(&usage, option, optarg, 0.001, DAY, &o->deadline);
    case OPTION_READ_TIMEOUT:
        return option_real(&usage, option, optarg, 0.1, DAY, &o->read_seconds);
    default:
        return option_real(&usage, option, optarg, 0.1, DAY, &o->idle_seconds);
    }
}

static int run(int argc, char **argv)
{
    struct serve_options options = {
        .host = "127.0.0.1",
        .port = 8080,
        .source_language = "en",
        .target_language = "de",
        .batch = 64,
        .connections = 512,
        .queue = 4096,
        .sentences = 256,
        .sentence_bytes = 4000,
        .deadline = 30,
        .read_seconds = 10,
        .idle_seconds = 60,
    };
    struct satz_error err;
    int status = EXIT_SUCCESS;
    for (int option; (option = options_next(&usage, argc, argv, &status)) != OPTIONS_END;) {
        if (option == OPTIONS_STOP || (status = read_option(&options, option)) != EXIT_SUCCESS)
            return status;
    }
    if (argc - optind != 1)
        return usage_error(&usage, optind == argc ? "name the model file"
                                                  : "one model is served at a time");
    if (!options.shortlist && (options.shortlist_best || options.shortlist_commonest))
        return usage_error(&usage, "--shortlist-best and --shortlist-commonest need --shortlist");
    if (options.queue < options.sentences)
        return usage_error(&usage, "--queue %zu would never hold a request of --sentences %zu",
                           options.queue, options.sentences);
    options.model = argv[optind];
    signal(SIGPIPE, SIG_IGN); /* a client that has gone is told of as any failed write */
    if (serve_run(&options, &err) < 0)
        return command_failed(&usage, "%s", err.message);
    return EXIT_SUCCESS;
}

const struct command command_serve = {
    .name = "serve",
    .summary = "translate over HTTP, and in the browser",
    .run = run,
};
