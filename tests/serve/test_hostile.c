/* Requests that no decent client sends: each has an answer or none, and the server lives on. */
#include "tests/serve/server.h"

#define POST "POST /translate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
#define GET  "GET /health HTTP/1.1\r\nHost: localhost\r\n"

static struct server common;

static void assert_alive(void)
{
    json_decref(translate(&common, "{\"text\":\"one\"}"));
}

/* Sends bytes, reads until the server ends the connection, or a whole answer. */
static void send_bytes(const char *bytes, size_t n, struct answer *a)
{
    int socket = connect_to(&common);
    client_send(socket, bytes, n);
    client_receive(socket, a);
    close(socket);
}

static void test_paths(void **state)
{
    static const char *const paths[] = {"/../../../../etc/passwd",
                                        "/%2e%2e/%2e%2e/etc/passwd",
                                        "//etc/passwd",
                                        "/..%2f..%2fetc%2fpasswd",
                                        "/page.css/../../etc/passwd",
                                        "/page.css%2500",
                                        "file:///etc/passwd",
                                        "http://localhost/health",
                                        "/x%00/../health",
                                        "/translate/",
                                        "/<script>alert(1)</script>"};
    struct answer a = {0};
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        get(&common, paths[i], &a);
        assert_answer(&a, 404,
                      "{\"error\":\"there is no such page; there are /, /translate, /health");
        assert_null(strstr(a.text, "script>"));
    }
    free(a.text);
    assert_alive();
}

/* A part of each kind that is far too long. */
static void test_sizes(void **state)
{
    static const struct {
        const char *before, *after;
        int status;
    } cases[] = {
        {"GET /", " HTTP/1.1\r\nHost: localhost\r\n\r\n", 414},
        {GET "X: ", "\r\n\r\n", 431},
        {GET, "\r\n\r\n", 431},
        {"", " /health HTTP/1.1\r\nHost: localhost\r\n\r\n", 414},
    };
    enum { LENGTH = 100000 };
    struct answer a = {0};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct strbuf request = {0};
        strbuf_add_text(&request, cases[i].before);
        for (int k = 0; k < LENGTH; k++)
            strbuf_add_char(&request, 'a');
        strbuf_add_text(&request, cases[i].after);
        send_bytes(request.data, request.length, &a);
        assert_true(a.status == 0 || a.status == 400 || a.status == cases[i].status);
        strbuf_release(&request);
    }
    free(a.text);
    assert_alive();
}

/* Where a request ends must be clear: what comes behind it would be another one. */
static void test_framing(void **state)
{
    static const struct {
        const char *request;
        int status;
        const char *part;
    } cases[] = {
        {POST "Content-Length: 14\r\nContent-Length: 2\r\n\r\n{\"text\":\"one\"}", 400, "once"},
        {POST "Content-Length: 14\r\nContent-Length: 14\r\n\r\n{\"text\":\"one\"}", 400, "once"},
        {POST "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" GET "\r\n", 400,
         "once"},
        {POST "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n" GET "\r\n", 400,
         "once"},
        {POST "Transfer-Encoding: gzip\r\n\r\n{\"text\":\"one\"}", 400, "once"},
        {POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400, "once"},
        {POST "Content-Length: -1\r\n\r\n{\"text\":\"one\"}", 400, ""},
        {POST "Content-Length: 1x\r\n\r\n{\"text\":\"one\"}", 400, ""},
        {POST "Content-Length: 99999999999999999999999\r\n\r\n{\"text\":\"one\"}", 413, ""},
        {POST "Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n", 400, ""},
        {POST "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffffff\r\n{}\r\n0\r\n\r\n", 413, ""},
        {POST "Content-Length: 9999999\r\nExpect: 100-continue\r\n\r\n", 413, "1048576 bytes"},
    };
    struct answer a = {0};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int socket = connect_to(&common);
        assert_true(client_send(socket, cases[i].request, strlen(cases[i].request)));
        assert_true(client_receive(socket, &a));
        if (a.status != cases[i].status || !strstr(a.body, cases[i].part))
            fail_msg("%s: %s", cases[i].request, a.text);
        while (client_read_more(socket, &a)) /* and then the connection ends */
            continue;
        assert_null(strstr(a.text, "\"status\":\"ok\""));
        close(socket);
    }
    free(a.text);
    assert_alive();
}

/* Bytes that are no text, in each place, are answered in JSON, or not at all. */
static void test_bytes(void **state)
{
    static const struct {
        const char *request;
        size_t n;
    } cases[] = {
#define CASE(text) {text, sizeof text - 1}
        CASE("\xff\xfe\x1b[2J /health HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        CASE("G\xc3T /health HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        CASE("POST /translate HTTP/1.1\r\nHost: x\r\nContent-Type: \xff\xfe\x1b[2J\r\n"
             "Content-Length: 2\r\n\r\n{}"),
        CASE("GET /pa\0ge HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        CASE("GET /%ff%fe HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        CASE("\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03 \r\n\r\n"),
        CASE("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        CASE("GET /\r\n\r\n"),
        CASE("\r\n\r\n\r\n\r\n \r\n\r\n"),
    };
    struct answer a = {0};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        send_bytes(cases[i].request, cases[i].n, &a);
        assert_int_not_equal(a.status, 200);
        if (i < 3)
            assert_answer(&a, i < 2 ? 405 : 415, "{\"error\":\"");
        for (size_t k = 0; k < a.n && a.status; k++)
            assert_true((unsigned char)a.text[k] < 127 && a.text[k] != '\x1b');
    }
    free(a.text);
    assert_alive();
}

static char *repeated(const char *before, const char *part, size_t n, const char *after)
{
    struct strbuf text = {0};
    strbuf_add_text(&text, before);
    for (size_t i = 0; i < n; i++)
        strbuf_add_text(&text, part);
    strbuf_add_text(&text, after);
    return strbuf_detach(&text, NULL);
}

static void test_bodies(void **state)
{
    static const struct {
        const char *before, *part;
        size_t n;
        const char *after;
        int status;
        const char *message;
    } cases[] = {
        {"", "[", 1000000, "", 400, "maximum parsing depth"},
        {"", "{\"a\":", 200000, "", 400, "maximum parsing depth"},
        {"{\"text\":", "[", 2000, "", 400, "this is not JSON"},
        {"[", "[],", 300000, "[]]", 400, "the request is an array"},
        {"{\"text\":[", "\"\",", 300000, "\"\"]}", 413, "300001 sentences"},
        {"{\"text\":\"", "a", 900000, "\"}", 413, "900000 bytes"},
        {"{\"text\":\"a\",\"", "b", 900000, "\":1}", 400, "a name of 900000 bytes"},
        {"{\"text\":\"a\",\"units\":\"", "b", 900000, "\"}", 400, "\\\"units\\\" must be"},
        {"{\"text\":\"a", "\\u0000", 1, "\"}", 400, "this is not JSON"},
        {"{\"text\":\"a", "\\ud800", 1, "\"}", 400, "this is not JSON"},
        {"{\"text\":\"a", "\xed\xa0\x80", 1, "\"}", 400, "this is not JSON"},
        {"{\"text\":\"a\",\"n_best\":", "9", 1000, "}", 400, "this is not JSON"},
        {"{\"text\":\"a\",\"n_best\":1e999}", "", 0, "", 400, "this is not JSON"},
        {"{\"te\\u001b[2Jxt\":\"a\"}", "", 0, "", 400, "\\u001B[2J"},
    };
    struct answer a = {0};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *json = repeated(cases[i].before, cases[i].part, cases[i].n, cases[i].after);
        int socket = connect_to(&common);
        assert_true(client_post(socket, json, &a));
        assert_answer(&a, cases[i].status, cases[i].message);
        assert_answer(&a, cases[i].status, "Content-Type: application/json\r\n");
        assert_answer(&a, cases[i].status, "X-Content-Type-Options: nosniff\r\n");
        close(socket);
        free(json);
    }
    static const char zero[] = POST "Content-Length: 16\r\n\r\n{\"text\":\"one\0\"}\n";
    send_bytes(zero, sizeof zero - 1, &a);
    assert_answer(&a, 400, "this is not JSON");
    free(a.text);
    assert_alive();
}

/* A text comes back as JSON, whatever is in it, which no browser takes for a page. */
static void test_answers_are_no_pages(void **state)
{
    static const char json[] =
        "{\"text\":\"<script>alert(1)</script> \\u2028 \\\" \\\\ </title> \\u0001\",\"alignment\":"
        "\"links\"}";
    struct answer a = {0};
    int socket = connect_to(&common);
    (void)state;
    assert_true(client_post(socket, json, &a));
    assert_answer(&a, 200, "Content-Type: application/json\r\n");
    assert_answer(&a, 200, "Content-Security-Policy: default-src 'none'");
    assert_answer(&a, 200, "X-Content-Type-Options: nosniff");
    json_t *root = json_loads(a.body, 0, NULL);
    json_t *sources = json_object_get(json_object_get(root, "alignment"), "source");
    assert_string_equal(json_string_value(json_array_get(sources, 0)), "<script>alert(1)</script>");
    json_decref(root);
    close(socket);
    free(a.text);
}

/* Nothing that a client says gets into the metrics: a line of its own would be a false figure. */
static void test_metrics_are_our_own(void **state)
{
    struct answer a = {0};
    (void)state;
    get(&common, "/x%0asatz_requests_total{code=%22200%22}%20999999", &a);
    exchange(&common, "GET /health HTTP/1.1\r\nHost: a\"}satz_evil 1\r\nX-Evil: satz_evil\r\n\r\n",
             &a);
    get(&common, "/metrics?satz_evil", &a);
    assert_answer(&a, 200, "text/plain; version=0.0.4");
    assert_null(strstr(a.body, "999999"));
    assert_null(strstr(a.body, "evil"));
    free(a.text);
}

/* A client that sends a byte now and then has no more time than one that sends none. */
static void test_trickle(void **state)
{
    static const char *const requests[] = {
        "GET /health HTTP/1.1\r\nX: "
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "GET /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        POST
        "Content-Length: 99\r\n\r\n                                                           "};
    struct server s =
        START((struct fixture *)*state, "--read-timeout", "0.5", "--idle-timeout", "0.5");
    const struct timeval pause = {.tv_usec = 100000};
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        size_t n = i == 1 ? 5 : i == 0 ? 25 : sizeof POST "Content-Length: 99\r\n\r\n" - 1;
        int socket = connect_to(&s), sent = 0;
        char answer[512];
        assert_true(client_send(socket, requests[i], n));
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &pause, sizeof pause);
        while (sent < 50 && client_send(socket, requests[i] + n + sent, 1)) {
            ssize_t got = recv(socket, answer, sizeof answer, 0);
            if (got >= 0)
                break;
            sent++;
        }
        assert_in_range(sent, 2, 40);
        close(socket);
    }
    json_decref(translate(&s, "{\"text\":\"one\"}"));
    stop(&s);
}

/* Who asks for no address gets this machine's own only. */
static void test_loopback(void **state)
{
    struct fixture *f = *state;
    char line[256];
    snprintf(line, sizeof line, "grep -c ' 0100007F:%04X 00000000:0000 0A ' /proc/net/tcp",
             (unsigned)common.port);
    assert_status(f, line, 0);
    snprintf(line, sizeof line, "grep ' 00000000:%04X 00000000:0000 0A ' /proc/net/tcp",
             (unsigned)common.port);
    assert_status(f, line, 1);
}

static int setup_server(void **state)
{
    setup_model(state);
    common = START((struct fixture *)*state, "--threads", "1");
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
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_framing),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_answers_are_no_pages),
        cmocka_unit_test(test_metrics_are_our_own),
        cmocka_unit_test(test_trickle),
        cmocka_unit_test(test_loopback),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, setup_server, teardown_server);
}
