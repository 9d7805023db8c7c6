#include "serve/http.h"

#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "serve/answer.h"
#include "serve/head.h"
#include "serve/page.h"

enum {
    HEADER_BYTES = 32768, /* of a request, and what a connection may use */
    MOST_BODY = 1 << 20,
};

enum phase {
    PHASE_IDLE,  /* between two requests */
    PHASE_READ,  /* a request is coming */
    PHASE_WORK,  /* it is being served */
    PHASE_WRITE, /* the answer is on its way */
    PHASE_CLOSED /* as far as we are concerned */
};

/* A connection. */
struct visitor {
    int socket;
    enum phase phase;
    double since;
    struct visitor *next, **previous;
};

struct http {
    const struct serve_options *options;
    struct request_limits limits;
    struct batcher *batcher;
    struct metrics *metrics;
    struct MHD_Daemon *daemon;
    int socket;
    atomic_bool draining;

    pthread_mutex_t lock; /* of the visitors */
    struct visitor *visitors;
    int n_visitors;
};

/* A request on its way. */
struct exchange {
    struct http *http;
    struct MHD_Connection *connection;
    const struct route *route;
    struct problem problem;
    char *body;
    size_t n, capacity;
    struct job job;
    bool submitted;
    double received; /* as a whole, monotonic; 0: not yet */
};

struct route {
    const char *path, *method;
    enum MHD_Result (*serve)(struct exchange *e);
};

/* --- answers ------------------------------------------------------------------------------- */

static struct visitor *visitor_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

static void enter_phase(struct http *h, struct MHD_Connection *connection, enum phase phase)
{
    struct visitor *v = visitor_of(connection);
    if (!v)
        return;
    pthread_mutex_lock(&h->lock);
    if (v->phase != PHASE_CLOSED) {
        v->phase = phase;
        v->since = monotonic_seconds();
    }
    pthread_mutex_unlock(&h->lock);
}

/* Answers and lets go of the response; NULL: memory is short, and the connection is closed. */
static enum MHD_Result respond(struct exchange *e, int status, const char *type,
                               struct MHD_Response *response)
{
    if (!response)
        return MHD_NO;
    MHD_add_response_header(response, "Content-Type", type);
    MHD_add_response_header(response, "Cache-Control", "no-store");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    MHD_add_response_header(response, "Content-Security-Policy",
                            "default-src 'none'; script-src 'self'; style-src 'self'; "
                            "connect-src 'self'; img-src data:; base-uri 'none'; "
                            "form-action 'none'; frame-ancestors 'none'");
    MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
    if (status == 405)
        MHD_add_response_header(response, "Allow",
                                strcmp(e->route->method, "GET") == 0 ? "GET, HEAD" : "POST");
    if (status == 503)
        MHD_add_response_header(response, "Retry-After", "1");
    if (atomic_load(&e->http->draining))
        MHD_add_response_header(response, "Connection", "close");
    metrics_count_request(e->http->metrics, status);
    enter_phase(e->http, e->connection, PHASE_WRITE);
    enum MHD_Result result = MHD_queue_response(e->connection, (unsigned)status, response);
    MHD_destroy_response(response);
    return result;
}

/* Takes `text`, which may be NULL when memory is short. */
static enum MHD_Result respond_text(struct exchange *e, int status, const char *type, char *text)
{
    return respond(e, status, type,
                   text ? MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE)
                        : NULL);
}

static enum MHD_Result respond_problem(struct exchange *e, const struct problem *p)
{
    return respond_text(e, p->status, "application/json", answer_problem(p));
}

static enum MHD_Result respond_static(struct exchange *e, const char *type, const char *text)
{
    return respond(
        e, 200, type,
        MHD_create_response_from_buffer(strlen(text), (void *)text, MHD_RESPMEM_PERSISTENT));
}

/* --- routes -------------------------------------------------------------------------------- */

static enum MHD_Result serve_html(struct exchange *e)
{
    return respond_static(e, "text/html; charset=utf-8", page_html);
}

static enum MHD_Result serve_css(struct exchange *e)
{
    return respond_static(e, "text/css; charset=utf-8", page_css);
}

static enum MHD_Result serve_js(struct exchange *e)
{
    return respond_static(e, "text/javascript; charset=utf-8", page_js);
}

static enum MHD_Result serve_health(struct exchange *e)
{
    const struct serve_options *o = e->http->options;
    const struct request_limits *limits = &e->http->limits;
    const char *slash = strrchr(o->model, '/');
    json_t *root = json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:{s:i, s:I, s:I, s:I}}", "status",
                             "ok", "version", SATZ_VERSION, "model", slash ? slash + 1 : o->model,
                             "source", o->source_language, "target", o->target_language,
                             "attention", limits->attention, "limits", "n_best", limits->beam,
                             "sentences", (json_int_t)limits->sentences, "sentence_bytes",
                             (json_int_t)limits->sentence, "body_bytes", (json_int_t)limits->body);
    char *text = json_dumps(root, JSON_COMPACT);
    json_decref(root);
    return respond_text(e, 200, "application/json", text);
}

static enum MHD_Result serve_metrics(struct exchange *e)
{
    struct metrics_now now;
    batcher_now(e->http->batcher, &now);
    pthread_mutex_lock(&e->http->lock);
    now.connections = e->http->n_visitors;
    pthread_mutex_unlock(&e->http->lock);
    return respond_text(e, 200, "text/plain; version=0.0.4; charset=utf-8",
                        metrics_text(e->http->metrics, &now));
}

/* Of a job, from any thread: the connection's handler is called again. */
static void on_finished(struct job *job)
{
    struct exchange *e = job->user;
    MHD_resume_connection(e->connection);
}

static enum MHD_Result serve_translation(struct exchange *e)
{
    struct job *job = &e->job;
    if (!e->submitted) {
        e->submitted = true;
        if (request_parse(&job->request, e->body, e->n, &e->http->limits, &e->problem) < 0)
            return respond_problem(e, &e->problem);
        free(e->body);
        e->body = NULL;
        job->finished = on_finished;
        job->user = e;
        MHD_suspend_connection(e->connection);
        if (batcher_submit(e->http->batcher, job) < 0)
            MHD_resume_connection(e->connection);
        return MHD_YES;
    }
    metrics_count_latency(e->http->metrics, monotonic_seconds() - e->received);
    if (job->problem.status)
        return respond_problem(e, &job->problem);
    char *answer = job->answer;
    job->answer = NULL;
    return respond_text(e, 200, "application/json", answer);
}

static const struct route routes[] = {
    {"/", "GET", serve_html},           {"/page.css", "GET", serve_css},
    {"/page.js", "GET", serve_js},      {"/health", "GET", serve_health},
    {"/metrics", "GET", serve_metrics}, {"/translate", "POST", serve_translation},
};

enum { N_ROUTES = sizeof routes / sizeof *routes };

/* --- requests ------------------------------------------------------------------------------ */

static const char *header(struct exchange *e, const char *name)
{
    return MHD_lookup_connection_value(e->connection, MHD_HEADER_KIND, name);
}

/* "application/json", whatever its parameters. */
static bool is_json(const char *type)
{
    static const char json[] = "application/json";
    size_t n = sizeof json - 1;
    return type && strncasecmp(type, json, n) == 0 && (type[n] == '\0' || strchr("; \t", type[n]));
}

/* What the request line and the headers say; a problem is answered when the body is through. */
static void read_head(struct exchange *e, const char *path, const char *method)
{
    struct problem *p = &e->problem;
    for (size_t i = 0; i < N_ROUTES && !e->route; i++)
        if (strcmp(routes[i].path, path) == 0)
            e->route = &routes[i];
    const char *type = header(e, "Content-Type");
    if (!e->route)
        problem_set(p, 404, "there is no such page; there are /, /translate, /health and /metrics");
    else if (strcmp(e->route->method, method) != 0 &&
             (strcmp(method, "HEAD") != 0 || strcmp(e->route->method, "GET") != 0))
        problem_set(p, 405, "%s takes %s, not %s", path, e->route->method, head_word(method).text);
    else if (strcmp(method, "POST") == 0 && !is_json(type))
        problem_set(p, 415, "Content-Type must be application/json, not %s", head_word(type).text);
    else if (strcmp(method, "POST") == 0 && atomic_load(&e->http->draining))
        problem_set(p, 503, "the server is about to end");
}

static void too_large(struct exchange *e)
{
    problem_set(&e->problem, 413, "the request is too large; it may have %zu bytes",
                e->http->limits.body);
}

static void take_body(struct exchange *e, const char *bytes, size_t n)
{
    if (e->problem.status)
        return;
    if (n > e->http->limits.body - e->n) {
        too_large(e);
        return;
    }
    if (e->n + n > e->capacity) {
        size_t capacity = 2 * (e->n + n);
        char *body = realloc(e->body, capacity);
        if (!body) {
            problem_set(&e->problem, 503, "out of memory; try again later");
            return;
        }
        e->body = body;
        e->capacity = capacity;
    }
    memcpy(e->body + e->n, bytes, n);
    e->n += n;
}

/* libmicrohttpd calls this when the headers are there, for each piece of the body, at its end, and
 * once more when a suspended connection was resumed. */
static enum MHD_Result on_request(void *user, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *bytes,
                                  size_t *n, void **state)
{
    struct exchange *e = *state;
    (void)version;
    if (!e) {
        *state = e = calloc(1, sizeof *e);
        if (!e)
            return MHD_NO;
        e->http = user;
        e->connection = connection;
        if (!head_has_clear_end(e->connection)) {
            problem_set(&e->problem, 400,
                        "one of Content-Length and Transfer-Encoding: chunked "
                        "may be given, once");
            return respond_problem(e, &e->problem); /* the connection ends */
        }
        read_head(e, path, method);
        const char *length = header(e, "Content-Length");
        if (!length || strtoull(length, NULL, 10) <= e->http->limits.body)
            return MHD_YES;
        if (!e->problem.status)
            too_large(e);
        return respond_problem(e, &e->problem); /* the connection ends: the body is not wanted */
    }
    if (*n > 0) {
        take_body(e, bytes, *n);
        *n = 0;
        return MHD_YES;
    }
    if (e->received == 0) {
        e->received = monotonic_seconds();
        enter_phase(e->http, connection, PHASE_WORK);
    }
    return e->problem.status ? respond_problem(e, &e->problem) : e->route->serve(e);
}

/* libmicrohttpd calls this with the request line. */
static void *on_request_line(void *user, const char *uri, struct MHD_Connection *connection)
{
    (void)uri;
    enter_phase(user, connection, PHASE_READ);
    return NULL;
}

static void on_completed(void *user, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode code)
{
    struct exchange *e = *state;
    (void)code;
    enter_phase(user, connection, PHASE_IDLE);
    if (!e)
        return;
    job_release(&e->job);
    free(e->body);
    free(e);
    *state = NULL;
}

/* --- connections --------------------------------------------------------------------------- */

static void open_visitor(struct http *h, struct MHD_Connection *connection, void **context)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct visitor *v = info ? calloc(1, sizeof *v) : NULL;
    *context = v;
    if (!v) {
        if (info) /* it would be out of the time limits' reach */
            shutdown(info->connect_fd, SHUT_RDWR);
        return;
    }
    v->socket = info->connect_fd;
    v->since = monotonic_seconds();
    pthread_mutex_lock(&h->lock);
    v->next = h->visitors;
    v->previous = &h->visitors;
    if (v->next)
        v->next->previous = &v->next;
    h->visitors = v;
    h->n_visitors++;
    pthread_mutex_unlock(&h->lock);
}

static void close_visitor(struct http *h, void **context)
{
    struct visitor *v = *context;
    if (!v)
        return;
    pthread_mutex_lock(&h->lock);
    *v->previous = v->next;
    if (v->next)
        v->next->previous = v->previous;
    h->n_visitors--;
    pthread_mutex_unlock(&h->lock);
    free(v);
    *context = NULL;
}

static void on_connection(void *user, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        open_visitor(user, connection, context);
    else
        close_visitor(user, context); /* its socket is still open */
}

/* libmicrohttpd cannot answer before a request is there as a whole; nothing was answered yet, so
 * this goes by hand. It sees the end of the connection next. */
static void close_late(struct http *h, struct visitor *v)
{
    static const char body[] = "{\"error\":\"the request did not come in time\"}";
    char answer[256];
    if (v->phase == PHASE_READ) {
        int n = snprintf(answer, sizeof answer,
                         "HTTP/1.1 408 Request Timeout\r\nContent-Type: application/json\r\n"
                         "Content-Length: %zu\r\nConnection: close\r\n\r\n%s",
                         sizeof body - 1, body);
        (void)!send(v->socket, answer, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
        metrics_count_request(h->metrics, 408);
    }
    shutdown(v->socket, SHUT_RDWR);
    v->phase = PHASE_CLOSED;
}

void http_expire(struct http *h)
{
    const double limits[] = {
        [PHASE_IDLE] = h->options->idle_seconds,
        [PHASE_READ] = h->options->read_seconds,
        [PHASE_WRITE] = h->options->read_seconds,
    };
    double now = monotonic_seconds();
    pthread_mutex_lock(&h->lock);
    for (struct visitor *v = h->visitors; v; v = v->next)
        if (v->phase != PHASE_WORK && v->phase != PHASE_CLOSED && now - v->since > limits[v->phase])
            close_late(h, v);
    pthread_mutex_unlock(&h->lock);
}

bool http_is_idle(struct http *h)
{
    bool idle = true;
    pthread_mutex_lock(&h->lock);
    for (struct visitor *v = h->visitors; v; v = v->next)
        idle = idle && v->phase != PHASE_WORK && v->phase != PHASE_WRITE;
    pthread_mutex_unlock(&h->lock);
    return idle;
}

/* --- the server ---------------------------------------------------------------------------- */

struct http *http_new(int socket, const struct serve_options *options, struct batcher *batcher,
                      struct metrics *metrics, struct satz_error *err)
{
    struct http *h = calloc(1, sizeof *h);
    if (!h) {
        snprintf(err->message, sizeof err->message, "out of memory");
        close(socket);
        return NULL;
    }
    h->options = options;
    h->batcher = batcher;
    h->metrics = metrics;
    h->socket = socket;
    h->limits = (struct request_limits){
        .body = MOST_BODY,
        .sentences = options->sentences,
        .sentence = options->sentence_bytes,
        .beam = batcher_beam(batcher),
        .attention = batcher_has_attention(batcher),
    };
    pthread_mutex_init(&h->lock, NULL);
    h->daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC, 0, NULL, NULL,
        on_request, h, MHD_OPTION_LISTEN_SOCKET, socket, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)options->connections, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADER_BYTES,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, h, MHD_OPTION_NOTIFY_COMPLETED, on_completed,
        h, MHD_OPTION_URI_LOG_CALLBACK, on_request_line, h, MHD_OPTION_END);
    if (h->daemon)
        return h;
    snprintf(err->message, sizeof err->message, "the HTTP server could not be started: %s",
             strerror(errno));
    http_free(h);
    return NULL;
}

void http_drain(struct http *h)
{
    atomic_store(&h->draining, true);
    /* The socket itself must stay open until the end. */
    MHD_quiesce_daemon(h->daemon);
    shutdown(h->socket, SHUT_RDWR);
}

void http_free(struct http *h)
{
    if (!h)
        return;
    if (h->daemon) {
        MHD_quiesce_daemon(h->daemon); /* it would close the socket too */
        MHD_stop_daemon(h->daemon);
    }
    close(h->socket);
    pthread_mutex_destroy(&h->lock);
    free(h);
}
