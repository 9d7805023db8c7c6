/* server.h -- a server of one's own to ask. */
#ifndef TESTS_SERVE_SERVER_H
#define TESTS_SERVE_SERVER_H

#include <fcntl.h>
#include <signal.h>

#include <jansson.h>

#include "tests/cli/program.h"
#include "tests/serve/client.h"

enum { MOST_ARGUMENTS = 24 };

struct server {
    pid_t process;
    int port;
};

/* Starts `satz serve --port 0 OPTIONS... MODEL`, and reads where it listens. */
static inline struct server start(struct fixture *f, const char *const *options)
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
static inline void stop(struct server *s)
{
    int status;
    assert_int_equal(kill(s->process, SIGTERM), 0);
    assert_int_equal(waitpid(s->process, &status, 0), s->process);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_msg("the server ended with status 0x%x", (unsigned)status);
}

static inline int connect_to(const struct server *s)
{
    int socket = client_connect(s->port);
    assert_true(socket >= 0);
    return socket;
}

/* Sends `request` as it is over a connection of its own. */
static inline void exchange(const struct server *s, const char *request, struct answer *a)
{
    int socket = connect_to(s);
    assert_true(client_send(socket, request, strlen(request)));
    assert_true(client_receive(socket, a));
    close(socket);
}

static inline void get(const struct server *s, const char *path, struct answer *a)
{
    char request[256];
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);
    exchange(s, request, a);
}

/* The answer of 200 to a request, to be released. */
static inline json_t *translate(const struct server *s, const char *json)
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

static inline void assert_answer(const struct answer *a, int status, const char *part)
{
    if (a->status != status || !strstr(a->text, part))
        fail_msg("no status %d with \"%s\" but %s", status, part, a->text);
}

#endif
