#include "serve/serve.h"

#include <errno.h>
#include <jansson.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "serve/batcher.h"
#include "serve/http.h"

enum { TICK = 100 /* ms: how often is looked after what takes too long */ };

struct server {
    const struct serve_options *options;
    int socket; /* -1: there is none, or it is the HTTP side's */
    struct satz_model *model;
    struct metrics *metrics;
    struct batcher *batcher;
    struct http *http;
};

/* Why one could not listen at the address. */
static int listen_failed(const struct serve_options *o, int number, struct satz_error *err)
{
    const char *remedy = number == EADDRINUSE ? "; another program listens there: choose another "
                                                "--port, or 0 for any that is free"
                         : number == EACCES   ? "; ports below 1024 are for root: choose another "
                                                "--port"
                         : number == EADDRNOTAVAIL ? "; this is no address of this machine"
                                                   : "";
    snprintf(err->message, sizeof err->message, "cannot listen at %s port %d: %s%s", o->host,
             o->port, strerror(number), remedy);
    return -1;
}

/* A socket bound to the address, or -1. */
static int bind_address(const struct serve_options *o, struct satz_error *err)
{
    const struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
                                   .ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    char port[16];
    const int yes = 1;
    snprintf(port, sizeof port, "%d", o->port);
    int status = getaddrinfo(o->host, port, &hints, &found);
    if (status != 0) {
        snprintf(err->message, sizeof err->message, "--host %s: %s", o->host,
                 status == EAI_SYSTEM ? strerror(errno) : gai_strerror(status));
        return -1;
    }
    int s = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s >= 0)
        setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (s < 0 || bind(s, found->ai_addr, found->ai_addrlen) != 0) {
        listen_failed(o, errno, err);
        if (s >= 0)
            close(s);
        s = -1;
    }
    freeaddrinfo(found);
    return s;
}

/* Whoever waits for this line to connect need not wait longer. */
static int print_address(int socket, struct satz_error *err)
{
    struct sockaddr_storage address = {0};
    socklen_t length = sizeof address;
    char host[NI_MAXHOST], port[NI_MAXSERV];
    if (getsockname(socket, (struct sockaddr *)&address, &length) != 0 ||
        getnameinfo((struct sockaddr *)&address, length, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
        snprintf(err->message, sizeof err->message, "the address that was bound is not known");
        return -1;
    }
    bool six = address.ss_family == AF_INET6;
    printf("listening on http://%s%s%s:%s/\n", six ? "[" : "", host, six ? "]" : "", port);
    if (fflush(stdout) == 0)
        return 0;
    snprintf(err->message, sizeof err->message, "the output could not be written: %s",
             strerror(errno));
    return -1;
}

/* A connection takes a file each; some more are open anyway. */
static void allow_files(int connections)
{
    enum { OTHER_FILES = 64 };
    struct rlimit limit;
    rlim_t wanted = (rlim_t)connections + OTHER_FILES;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < wanted) {
        limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* A signal handler can reach nothing but globals. Blocking the signals and waiting for them would
 * not do: OpenBLAS has started threads of its own by now, which do not block them. */
static volatile sig_atomic_t asked_to_end;

static void on_signal(int number)
{
    asked_to_end = 1;
    signal(number, SIG_DFL); /* the same again ends it at once */
}

static void catch_signals(void)
{
    static const int signals[] = {SIGINT, SIGTERM};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        struct sigaction old, new = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
        if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            sigaction(signals[i], &new, NULL);
    }
}

static void tick(struct server *s)
{
    const struct timespec time = {.tv_nsec = TICK * 1000000L};
    nanosleep(&time, NULL);
    http_expire(s->http);
    batcher_expire(s->batcher);
}

/* Until a signal, then until what was accepted is answered. */
static void serve(struct server *s)
{
    while (!asked_to_end)
        tick(s);
    http_drain(s->http);
    while (!http_is_idle(s->http))
        tick(s);
}

static int start(struct server *s, struct satz_error *err)
{
    const struct serve_options *o = s->options;
    const struct batcher_options options = {
        .translator = {.beam = o->beam,
                       .batch = o->batch,
                       .max_length = o->max_length,
                       .has_length_penalty = o->has_length_penalty,
                       .length_penalty = o->length_penalty,
                       .shortlist = o->shortlist,
                       .shortlist_best = o->shortlist_best,
                       .shortlist_commonest = o->shortlist_commonest},
        .threads = o->threads ? o->threads : (int)sysconf(_SC_NPROCESSORS_ONLN),
        .queue = o->queue,
        .deadline = o->deadline,
    };
    s->socket = bind_address(o, err); /* before the work of loading a model */
    if (s->socket < 0)
        return -1;
    s->model = satz_model_open(o->model, o->backend, o->precision, err);
    if (!s->model)
        return -1;
    s->metrics = metrics_new();
    if (!s->metrics) {
        snprintf(err->message, sizeof err->message, "out of memory");
        return -1;
    }
    s->batcher = batcher_new(s->model, &options, s->metrics, err);
    if (!s->batcher)
        return -1;
    if (listen(s->socket, SOMAXCONN) != 0)
        return listen_failed(o, errno, err);
    int socket = s->socket;
    s->socket = -1; /* it changes hands */
    s->http = http_new(socket, o, s->batcher, s->metrics, err);
    return s->http ? print_address(socket, err) : -1;
}

int serve_run(const struct serve_options *options, struct satz_error *err)
{
    struct server s = {.options = options, .socket = -1};
    catch_signals();
    json_object_seed(0); /* not to be done first by two threads at once */
    allow_files(options->connections);
    int status = start(&s, err);
    if (status == 0)
        serve(&s);
    batcher_free(s.batcher); /* jobs end in a resumed connection, so this comes first */
    http_free(s.http);
    if (s.socket >= 0)
        close(s.socket);
    metrics_free(s.metrics);
    satz_model_close(s.model);
    return status;
}
