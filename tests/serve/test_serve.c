/* The server as its clients see it. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>

#include <jansson.h>

#include "tests/cli/program.h"
#include "tests/serve/client.h"

enum { MOST_ARGUMENTS = 24, MANY = 16 };

struct server {
    pid_t process;
    int port;
};

/* Starts `satz serve --port 0 OPTIONS... MODEL`, and reads where it listens. */
static struct server start(struct fixture *f, const char *const *options)
{
    struct server s;
    char *model = file_join(f->folder, "m", NULL), line[128];
    char *argv[MOST_ARGUMENTS] = {(char *)f->program, (char *)"serve", (char *)"--port",
                                  (char *)"0"};
    int n = 4, out[2];
    for (; *options; options++)
        argv[n++] = (char *)*options;
    argv[n] = model;
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    s.process = fork();
    assert_true(s.process >= 0);
    if (s.process == 0) {
        dup2(out[1], STDOUT_FILENO);
        execv(argv[0], argv);
        _exit(127);
    }
    close(out[1]);
    FILE *file = fdopen(out[0], "r");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file));
    fclose(file);
    assert_int_equal(sscanf(line, "listening on http://127.0.0.1:%d/", &s.port), 1);
    free(model);
    return s;
}

#define START(...)         START_WITH(__VA_ARGS__, NULL)
#define START_WITH(f, ...) start(f, (const char *const[]){__VA_ARGS__})

/* Ends the server, which must end well. */
static void stop(struct server *s)
{
    int status;
    assert_int_equal(kill(s->process, SIGTERM), 0);
    assert_int_equal(waitpid(s->process, &status, 0), s->process);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_msg("the server ended with status 0x%x", (unsigned)status);
}

static int connect_to(const struct server *s)
{
    int socket = client_connect(s->port);
    assert_true(socket >= 0);
    return socket;
}

/* Sends `request` as it is over a connection of its own. */
static void exchange(const struct server *s, const char *request, struct answer *a)
{
    int socket = connect_to(s);
    assert_true(client_send(socket, request, strlen(request)));
    assert_true(client_receive(socket, a));
    close(socket);
}

static void get(const struct server *s, const char *path, struct answer *a)
{
    char request[256];
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);
    exchange(s, request, a);
}

/* The answer of 200 to a request, to be released. */
static json_t *translate(const struct server *s, const char *json)
{
    struct answer a = {0};
    int socket = connect_to(s);
    assert_true(client_post(socket, json, &a));
    if (a.status != 200)
        fail_msg("%s: %d %s", json, a.status, a.body);
    json_t *root = json_loads(a.body, 0, NULL);
    assert_non_null(root);
    close(socket);
    free(a.text);
    return root;
}

static void assert_answer(const struct answer *a, int status, const char *part)
{
    if (a->status != status || !strstr(a->text, part))
        fail_msg("no status %d with \"%s\" but %s", status, part, a->text);
}

/* {"text": "one one one ..."}, which takes a while; free() it. */
static char *long_request(size_t words)
{
    struct strbuf text = {0};
    strbuf_add_text(&text, "{\"text\":\"");
    for (size_t i = 0; i < words; i++)
        strbuf_add_text(&text, "one ");
    strbuf_add_text(&text, "\"}");
    return strbuf_detach(&text, NULL);
}

static struct server common;

/* As `satz translate` does it, by which the command line's n-best list is compared too. */
static void test_translations(void **state)
{
    struct fixture *f = *state;
    assert_status(f,
                  "{ head -5 $D/source; echo; } >$D/few; satz translate -q -n 3 $D/m $D/few | "
                  "sed 's/ ||| LogP=[^|]* ||| / ||| /'",
                  0);
    struct strbuf list = {0};
    json_t *root = translate(&common, "{\"text\":[\"one one one\",\"two one one\","
                                      "\"three one one\",\"four one one\",\"five one one\","
                                      "\"\"],\"n_best\":3}");
    json_t *all = json_object_get(root, "translations");
    assert_int_equal(json_array_size(all), 6);
    for (size_t i = 0; i < 6; i++) {
        json_t *t = json_array_get(all, i), *best = json_object_get(t, "n_best");
        assert_true(json_equal(json_object_get(json_array_get(best, 0), "translation"),
                               json_object_get(t, "translation")));
        for (size_t k = 0; k < json_array_size(best); k++) {
            json_t *h = json_array_get(best, k);
            strbuf_addf(&list, "%zu ||| %s ||| %.6f\n", i,
                        json_string_value(json_object_get(h, "translation")),
                        json_real_value(json_object_get(h, "score")));
        }
    }
    assert_string_equal(strbuf_text(&list), strbuf_text(&f->out));
    strbuf_release(&list);
    json_t *one = translate(&common, "{\"text\":\"three one one\"}");
    assert_true(json_equal(json_object_get(one, "translation"),
                           json_object_get(json_array_get(all, 2), "translation")));
    assert_true(json_equal(json_object_get(one, "score"),
                           json_object_get(json_array_get(all, 2), "score")));
    assert_null(json_object_get(one, "n_best"));
    assert_null(json_object_get(one, "alignment"));
    json_decref(one);
    json_decref(root);
}

static void test_alignment(void **state)
{
    (void)state;
    json_t *root = translate(&common, "{\"text\":\"one two three\",\"alignment\":\"weights\"}");
    json_t *alignment = json_object_get(root, "alignment");
    json_t *rows = json_object_get(alignment, "weights");
    assert_int_equal(json_array_size(json_object_get(alignment, "source")), 4);
    assert_int_equal(json_array_size(rows), json_array_size(json_object_get(alignment, "target")));
    assert_in_range(json_array_size(rows), 2, 20);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        json_t *row = json_array_get(rows, i);
        double sum = 0;
        assert_int_equal(json_array_size(row), 4);
        for (size_t j = 0; j < 4; j++)
            sum += json_real_value(json_array_get(row, j));
        assert_true(sum > 0.9999 && sum < 1.0001);
    }
    json_decref(root);
    root = translate(&common, "{\"text\":[\"one two three\",\" \"],\"alignment\":\"links\"}");
    json_t *all = json_object_get(root, "translations");
    alignment = json_object_get(json_array_get(all, 0), "alignment");
    assert_int_equal(json_array_size(json_object_get(alignment, "source")), 3);
    assert_non_null(strchr(json_string_value(json_object_get(alignment, "links")), '-'));
    alignment = json_object_get(json_array_get(all, 1), "alignment");
    assert_string_equal(json_string_value(json_object_get(alignment, "links")), "");
    json_decref(root);
}

/* One connection, many requests: a refused one does not end it. */
static void test_connection_stays(void **state)
{
    struct answer a = {0};
    int socket = connect_to(&common);
    (void)state;
    for (int i = 0; i < 20; i++) {
        assert_true(client_post(socket, i % 2 ? "{\"text\":\"one\"}" : "{\"txt\":\"one\"}", &a));
        assert_answer(&a, i % 2 ? 200 : 400, i % 2 ? "translation" : "did you mean");
    }
    close(socket);
    free(a.text);
}

static void test_statuses(void **state)
{
    struct answer a = {0};
    (void)state;
    get(&common, "/nowhere", &a);
    assert_answer(&a, 404, "{\"error\":\"there is no such page");
    get(&common, "/translate", &a);
    assert_answer(&a, 405, "\r\nAllow: POST\r\n");
    exchange(&common, "DELETE /health HTTP/1.1\r\nHost: localhost\r\n\r\n", &a);
    assert_answer(&a, 405, "\r\nAllow: GET, HEAD\r\n");
    exchange(&common,
             "POST /translate HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n"
             "Content-Length: 3\r\n\r\none",
             &a);
    assert_answer(&a, 415, "must be application/json, not text/plain");
    exchange(&common, "POST /translate HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\none",
             &a);
    assert_answer(&a, 415, "must be application/json");
    exchange(&common,
             "POST /translate HTTP/1.1\r\nHost: localhost\r\n"
             "Content-Type: application/json; charset=utf-8\r\nContent-Length: 0\r\n\r\n",
             &a);
    assert_answer(&a, 400, "the request is empty");
    exchange(&common,
             "POST /translate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
             "Content-Length: 99999999999\r\n\r\n",
             &a);
    assert_answer(&a, 413, "it may have 1048576 bytes");
    exchange(&common,
             "POST /translate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
             "Transfer-Encoding: chunked\r\n\r\n7\r\n{\"text\"\r\n7\r\n:\"one\"}\r\n0\r\n\r\n",
             &a);
    assert_answer(&a, 200, "translation");
    free(a.text);
}

/* A body whose length nobody told is refused as soon as it is through. */
static void test_large_chunks(void **state)
{
    enum { CHUNK = 65536 };
    struct answer a = {0};
    char *chunk = malloc(CHUNK + 16);
    int socket = connect_to(&common);
    static const char head[] = "POST /translate HTTP/1.1\r\nHost: localhost\r\n"
                               "Content-Type: application/json\r\n"
                               "Transfer-Encoding: chunked\r\n\r\n";
    (void)state;
    assert_non_null(chunk);
    int n = sprintf(chunk, "%x\r\n", CHUNK);
    memset(chunk + n, ' ', CHUNK);
    memcpy(chunk + n + CHUNK, "\r\n", 2);
    assert_true(client_send(socket, head, sizeof head - 1));
    for (int i = 0; i < 20; i++)
        assert_true(client_send(socket, chunk, (size_t)n + CHUNK + 2));
    assert_true(client_send(socket, "0\r\n\r\n", 5));
    assert_true(client_receive(socket, &a));
    assert_answer(&a, 413, "it may have 1048576 bytes");
    assert_true(client_post(socket, "{\"text\":\"one\"}", &a));
    assert_answer(&a, 200, "translation");
    close(socket);
    free(chunk);
    free(a.text);
}

static void test_pages(void **state)
{
    static const char *const paths[][2] = {
        {"/", "text/html"}, {"/page.css", "text/css"}, {"/page.js", "text/javascript"}};
    struct answer a = {0};
    (void)state;
    for (int i = 0; i < 3; i++) {
        get(&common, paths[i][0], &a);
        assert_answer(&a, 200, paths[i][1]);
        assert_answer(&a, 200, "Content-Security-Policy: default-src 'none'; script-src 'self'");
        assert_null(strstr(a.body, "://")); /* no other machine's address */
    }
    static const char head[] = "HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    int socket = connect_to(&common);
    assert_true(client_send(socket, head, sizeof head - 1));
    a.n = 0;
    while (client_read_more(socket, &a))
        continue;
    close(socket);
    assert_non_null(strstr(a.text, "HTTP/1.1 200"));
    assert_string_equal(strstr(a.text, "\r\n\r\n"), "\r\n\r\n");
    get(&common, "/health", &a);
    assert_answer(&a, 200, "\"status\":\"ok\"");
    assert_answer(&a, 200, "\"source\":\"en\",\"target\":\"de\",\"attention\":true");
    free(a.text);
}

static double figure(const char *metrics, const char *name)
{
    const char *at = strstr(metrics, name);
    if (!at)
        fail_msg("no %s in %s", name, metrics);
    return strtod(at + strlen(name), NULL);
}

static void test_metrics(void **state)
{
    struct fixture *f = *state;
    struct server s = START(f);
    struct answer a = {0};
    json_decref(translate(&s, "{\"text\":[\"one\",\"two\",\"three\"]}"));
    get(&s, "/nowhere", &a);
    get(&s, "/metrics", &a);
    assert_answer(&a, 200, "text/plain; version=0.0.4");
    assert_true(figure(a.body, "\nsatz_requests_total{code=\"200\"} ") == 1);
    assert_true(figure(a.body, "\nsatz_requests_total{code=\"404\"} ") == 1);
    assert_true(figure(a.body, "\nsatz_sentences_total ") == 3);
    assert_true(figure(a.body, "\nsatz_translate_seconds_count ") == 1);
    assert_true(figure(a.body, "\nsatz_translate_seconds_sum ") > 0);
    assert_true(figure(a.body, "\nsatz_translate_seconds_bucket{le=\"+Inf\"} ") == 1);
    assert_true(figure(a.body, "\nsatz_batch_sentences_sum ") == 3);
    assert_true(figure(a.body, "\nsatz_queue_sentences ") == 0);
    assert_true(figure(a.body, "\nprocess_resident_memory_bytes ") > 1e6);
    for (const char *line = a.body; *line; line = strchr(line, '\n') + 1)
        assert_true(strncmp(line, "# HELP ", 7) == 0 || strncmp(line, "# TYPE ", 7) == 0 ||
                    strncmp(line, "satz_", 5) == 0 || strncmp(line, "process_", 8) == 0);
    stop(&s);
    free(a.text);
}

/* Sends the request over `n` connections at once and counts the statuses of the answers. */
static void flood(const struct server *s, const char *json, int n, int *n_200, int *n_503)
{
    int sockets[MANY];
    char head[256];
    struct answer a = {0};
    int length = snprintf(head, sizeof head,
                          "POST /translate HTTP/1.1\r\nHost: localhost\r\n"
                          "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
                          strlen(json));
    *n_200 = *n_503 = 0;
    for (int i = 0; i < n; i++) {
        sockets[i] = connect_to(s);
        assert_true(client_send(sockets[i], head, (size_t)length));
        assert_true(client_send(sockets[i], json, strlen(json)));
    }
    for (int i = 0; i < n; i++) {
        assert_true(client_receive(sockets[i], &a));
        *n_200 += a.status == 200;
        *n_503 += a.status == 503;
        if (a.status == 503)
            assert_answer(&a, 503, "\r\nRetry-After: 1\r\n");
        close(sockets[i]);
    }
    free(a.text);
}

static void test_full_queue(void **state)
{
    struct fixture *f = *state;
    struct server s = START(f, "--queue", "2", "--sentences", "1", "--threads", "1", "--batch", "1",
                            "--max-length", "900", "--bytes", "4000");
    char *json = long_request(900);
    int n_200, n_503;
    flood(&s, json, MANY, &n_200, &n_503);
    assert_int_equal(n_200 + n_503, MANY);
    assert_in_range(n_200, 2, MANY - 1);
    flood(&s, "{\"text\":\"one\"}", 1, &n_200, &n_503);
    assert_int_equal(n_200, 1);
    free(json);
    stop(&s);
}

/* What waits too long is given up; what was begun in time is not. */
static void test_deadline(void **state)
{
    struct fixture *f = *state;
    struct server s =
        START(f, "--threads", "1", "--batch", "1", "--deadline", "0.001", "--max-length", "900");
    struct answer a = {0};
    int socket = connect_to(&s), n_200, n_503;
    struct strbuf json = {0};
    strbuf_add_text(&json, "{\"text\":[\"one\"");
    char *sentence = long_request(900);
    sentence[strlen(sentence) - 1] = '\0';
    for (int i = 0; i < 250; i++)
        strbuf_addf(&json, ",%s", strchr(sentence, ':') + 1);
    strbuf_add_text(&json, "]}");
    assert_true(client_post(socket, strbuf_text(&json), &a));
    assert_answer(&a, 503, "there was no time for it within 0.001 s");
    flood(&s, "{\"text\":\"one\"}", 1, &n_200, &n_503);
    assert_int_equal(n_200, 1);
    close(socket);
    strbuf_release(&json);
    free(sentence);
    free(a.text);
    stop(&s);
}

/* Whether the server ends the connection within some seconds, having said no more. */
static bool is_closed(int socket)
{
    char byte;
    struct pollfd wait = {.fd = socket, .events = POLLIN};
    return poll(&wait, 1, 20000) == 1 && recv(socket, &byte, 1, 0) <= 0;
}

static void test_slow_clients(void **state)
{
    static const char *const begun[] = {
        "GET / HTTP/1.1\r\nHost: local",
        "POST /translate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        "Content-Length: 30\r\n\r\n{\"text\":"};
    struct fixture *f = *state;
    struct server s = START(f, "--read-timeout", "0.3", "--idle-timeout", "0.6");
    struct answer a = {0};
    for (int i = 0; i < 2; i++) {
        int socket = connect_to(&s);
        assert_true(client_send(socket, begun[i], strlen(begun[i])));
        assert_true(client_receive(socket, &a));
        assert_answer(&a, 408, "the request did not come in time\"}");
        assert_true(is_closed(socket));
        close(socket);
    }
    int silent = connect_to(&s), used = connect_to(&s);
    assert_true(client_post(used, "{\"text\":\"one\"}", &a));
    assert_answer(&a, 200, "translation");
    assert_true(is_closed(silent));
    assert_true(is_closed(used));
    close(silent);
    close(used);
    get(&s, "/metrics", &a);
    assert_true(figure(a.body, "\nsatz_requests_total{code=\"408\"} ") == 2);
    free(a.text);
    stop(&s);
}

/* Connections over the limit wait until there is room. */
static void test_many_connections(void **state)
{
    struct fixture *f = *state;
    struct server s = START(f, "--connections", "2");
    struct answer a = {0};
    int first = connect_to(&s), second = connect_to(&s);
    assert_true(client_post(first, "{\"text\":\"one\"}", &a));
    assert_true(client_post(second, "{\"text\":\"one\"}", &a));
    static const char request[] = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
    int third = connect_to(&s);
    assert_true(client_send(third, request, sizeof request - 1));
    struct pollfd wait = {.fd = third, .events = POLLIN};
    assert_int_equal(poll(&wait, 1, 300), 0);
    close(first);
    assert_true(client_receive(third, &a));
    assert_answer(&a, 200, "ok");
    close(second);
    close(third);
    free(a.text);
    stop(&s);
}

/* A client that is gone before its answer harms nobody. */
static void test_clients_that_leave(void **state)
{
    struct fixture *f = *state;
    struct server s = START(f, "--threads", "1");
    char *json = long_request(50), head[256];
    int length = snprintf(head, sizeof head,
                          "POST /translate HTTP/1.1\r\nHost: localhost\r\n"
                          "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
                          strlen(json));
    for (int i = 0; i < 100; i++) {
        int socket = connect_to(&s);
        assert_true(client_send(socket, head, (size_t)length));
        if (i % 3)
            assert_true(client_send(socket, json, i % 3 == 1 ? 10 : strlen(json)));
        const struct linger reset = {1, 0};
        if (i % 2)
            setsockopt(socket, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        close(socket);
    }
    json_decref(translate(&s, json));
    free(json);
    stop(&s);
}

/* What was accepted is answered, what comes later is not; the server ends well. */
static void test_shutdown(void **state)
{
    struct fixture *f = *state;
    for (int number = 0; number < 2; number++) {
        struct server s = START(f, "--threads", "1", "--batch", "1", "--max-length", "900");
        struct answer a = {0}, metrics = {0};
        char *json = long_request(900);
        int sockets[MANY], waiting = 0, idle = connect_to(&s), status;
        char head[256];
        int length = snprintf(head, sizeof head,
                              "POST /translate HTTP/1.1\r\nHost: localhost\r\n"
                              "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
                              strlen(json));
        assert_true(client_post(idle, "{\"text\":\"one\"}", &a));
        for (int i = 0; i < MANY; i++) {
            sockets[i] = connect_to(&s);
            assert_true(client_send(sockets[i], head, (size_t)length));
            assert_true(client_send(sockets[i], json, strlen(json)));
        }
        while (waiting < MANY) { /* all are there, or were */
            get(&s, "/metrics", &metrics);
            waiting = (int)(figure(metrics.body, "\nsatz_sentences_total ") - 1 +
                            figure(metrics.body, "\nsatz_queue_sentences "));
        }
        assert_int_equal(kill(s.process, number ? SIGINT : SIGTERM), 0);
        for (int refused = 0; !refused;) {
            int socket = client_connect(s.port);
            refused = socket < 0;
            if (socket >= 0)
                close(socket);
        }
        if (client_post(idle, "{\"text\":\"one\"}", &a))
            assert_answer(&a, 503, "the server is about to end");
        for (int i = 0; i < MANY; i++) {
            assert_true(client_receive(sockets[i], &a));
            assert_answer(&a, 200, "translation");
            close(sockets[i]);
        }
        assert_int_equal(waitpid(s.process, &status, 0), s.process);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        close(idle);
        free(json);
        free(a.text);
        free(metrics.text);
    }
}

static void test_wrong_starts(void **state)
{
    struct fixture *f = *state;
    char line[256];
    snprintf(line, sizeof line, "satz serve --port %d $D/m", common.port);
    assert_refused(f, line, 1, "Address already in use; another program listens there");
    assert_refused(f, "satz serve --port 0 $D/nothing", 1, "nothing");
    assert_refused(f, "satz serve --port 0 $D/source", 1, "source");
    assert_refused(f, "satz serve --port 0", 2, "name the model file");
    assert_refused(f, "satz serve $D/m $D/m", 2, "one model is served at a time");
    assert_refused(f, "satz serve --port 65536 $D/m", 2, "from 0 to 65535");
    assert_refused(f, "satz serve --prot 0 $D/m", 2, "did you mean --port?");
    assert_refused(f, "satz serve --host 256.0.0.1 $D/m", 1, "--host 256.0.0.1: ");
    assert_refused(f, "satz serve --port 0 --host 192.0.2.1 $D/m", 1, "no address of this machine");
    assert_refused(f, "satz serve --languages german $D/m", 2, "two codes of languages");
    assert_refused(f, "satz serve --queue 10 $D/m", 2, "would never hold a request of");
    assert_refused(f, "satz serve --deadline 0 $D/m", 2, "from 0.001 to 86400");
    assert_refused(f, "satz serve --port 0 --backend blas $D/m", 1, "blas");
    assert_refused(f, "satz serve --port 0 --beam 0 $D/m", 2, "from 1 to 1000");
    assert_refused(f, "satz serve --port 0 $D/m >/dev/full", 1, "could not be written");
    if (geteuid() != 0)
        assert_refused(f, "satz serve --port 80 $D/m", 1, "ports below 1024 are for root");
}

static void test_options(void **state)
{
    struct fixture *f = *state;
    struct server s = START(f, "--host", "localhost", "--languages", "nl-fr", "--beam", "2",
                            "--length-penalty", "0", "--max-length", "2", "--backend", "openblas");
    struct answer a = {0};
    get(&s, "/health", &a);
    assert_answer(&a, 200, "\"source\":\"nl\",\"target\":\"fr\"");
    assert_answer(&a, 200, "\"n_best\":2");
    json_t *root = translate(&s, "{\"text\":\"one two three\",\"n_best\":2}");
    assert_true(json_is_true(json_object_get(root, "truncated")));
    assert_true(
        json_equal(json_object_get(root, "score"), json_object_get(root, "log_probability")));
    json_decref(root);
    free(a.text);
    stop(&s);
}

/* A list of next to no words, and one of all. */
static void test_shortlist(void **state)
{
    struct fixture *f = *state;
    static const char json[] = "{\"text\":\"one two three four five six\"}";
    char *list = file_join(f->folder, "list", NULL);
    assert_status(f, "satz shortlist -o $D/list $D/m", 0);
    struct server without = START(f, "--threads", "1");
    struct server small = START(f, "--shortlist", list, "--shortlist-best", "1",
                                "--shortlist-commonest", "1", "--precision", "int8");
    struct server all = START(f, "--shortlist", list, "--shortlist-commonest", "100");
    json_t *free_one = translate(&without, json);
    json_t *of_few = translate(&small, json), *of_all = translate(&all, json);
    assert_true(json_equal(free_one, of_all));
    assert_false(json_equal(free_one, of_few));
    json_decref(free_one);
    json_decref(of_few);
    json_decref(of_all);
    stop(&without);
    stop(&small);
    stop(&all);
    free(list);
    assert_refused(f, "satz serve --port 0 --shortlist-best 3 $D/m", 2, "need --shortlist");
    assert_refused(f, "satz serve --port 0 --shortlist $D/none $D/m", 1, "/none: cannot open");
}

/* In the precision asked for, as `satz translate` in it. */
static void test_precision(void **state)
{
    struct fixture *f = *state;
    struct server s = START(f, "--precision", "int8");
    assert_status(f, "echo three one one | satz translate -f json --precision int8 $D/m", 0);
    json_t *asked = translate(&s, "{\"text\":\"three one one\"}");
    json_t *line = json_loads(strbuf_text(&f->out), 0, NULL);
    json_t *best = json_array_get(json_object_get(line, "translations"), 0);
    assert_non_null(best);
    char scores[2][32];
    snprintf(scores[0], sizeof scores[0], "%.6g", json_real_value(json_object_get(best, "score")));
    snprintf(scores[1], sizeof scores[1], "%.6g", json_real_value(json_object_get(asked, "score")));
    assert_string_equal(scores[0], scores[1]);
    json_decref(line);
    json_decref(asked);
    stop(&s);
}

static void test_version_6(void **state)
{
    struct fixture *f = *state;
    int probe = socket(AF_INET6, SOCK_STREAM, 0);
    const struct sockaddr_in6 loopback = {.sin6_family = AF_INET6,
                                          .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    bool possible =
        probe >= 0 && bind(probe, (const struct sockaddr *)&loopback, sizeof loopback) == 0;
    if (probe >= 0)
        close(probe);
    if (!possible)
        skip();
    assert_prints(f,
                  "\"$SATZ\" serve --port 0 --host ::1 $D/m >$D/address & "
                  "until [ -s $D/address ]; do sleep 0.05; done; kill $!; wait $!; echo $?; "
                  "sed 's/:[0-9]*.$//' $D/address",
                  "0\nlistening on http://[::1]\n");
}

/* Every answer is what `satz translate` says, whoever else asks. */
static void test_load(void **state)
{
    struct fixture *f = *state;
    char line[512];
    assert_status(f, "satz translate -q $D/m $D/text >$D/expected; tr -d '\\r' <$D/text >$D/asked",
                  0);
    snprintf(line, sizeof line,
             "\"$(dirname \"$SATZ\")/tests/serve/load\" %d 64 2 $D/asked $D/expected", common.port);
    assert_status(f, line, 0);
    assert_holds(&f->out, " failed 0 wrong 0 ");
}

static int setup_server(void **state)
{
    setup_model(state);
    common = START((struct fixture *)*state);
    return 0;
}

static int teardown_server(void **state)
{
    stop(&common);
    return teardown(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_translations),
        cmocka_unit_test(test_alignment),
        cmocka_unit_test(test_connection_stays),
        cmocka_unit_test(test_statuses),
        cmocka_unit_test(test_large_chunks),
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_metrics),
        cmocka_unit_test(test_full_queue),
        cmocka_unit_test(test_deadline),
        cmocka_unit_test(test_slow_clients),
        cmocka_unit_test(test_many_connections),
        cmocka_unit_test(test_clients_that_leave),
        cmocka_unit_test(test_shutdown),
        cmocka_unit_test(test_wrong_starts),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_shortlist),
        cmocka_unit_test(test_precision),
        cmocka_unit_test(test_version_6),
        cmocka_unit_test(test_load),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, setup_server, teardown_server);
}
