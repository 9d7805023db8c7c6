/* client.h -- a client of the server, on a plain socket of this machine. */
#ifndef TESTS_SERVE_CLIENT_H
#define TESTS_SERVE_CLIENT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* An answer; `text` holds head and body. */
struct answer {
    char *text;
    size_t n, capacity;
    int status;       /* 0: the connection ended without one */
    const char *body; /* within text, ending in '\0' */
};

/* A socket connected to the port, or -1. Nothing on it takes longer than a minute. */
static inline int client_connect(int port)
{
    const struct timeval minute = {.tv_sec = 60};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((in_port_t)port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s >= 0 && connect(s, (struct sockaddr *)&to, sizeof to) != 0) {
        close(s);
        return -1;
    }
    setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &minute, sizeof minute);
    setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &minute, sizeof minute);
    return s;
}

static inline bool client_send(int s, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t sent = send(s, bytes, n, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        bytes += sent;
        n -= (size_t)sent;
    }
    return true;
}

/* Reads more of the answer; false at the end or on an error. */
static inline bool client_read_more(int s, struct answer *a)
{
    if (a->capacity - a->n < 4096) {
        size_t capacity = a->capacity * 2 + 8192;
        char *text = realloc(a->text, capacity);
        if (!text)
            return false;
        a->text = text;
        a->capacity = capacity;
    }
    ssize_t n = recv(s, a->text + a->n, a->capacity - a->n - 1, 0);
    if (n <= 0)
        return false;
    a->n += (size_t)n;
    a->text[a->n] = '\0';
    return true;
}

/* Reads an answer into *a, whose room is used again. Whether it came as a whole. */
static inline bool client_receive(int s, struct answer *a)
{
    const char *end = NULL;
    a->n = 0;
    a->status = 0;
    a->body = "";
    while (!end)
        if (!client_read_more(s, a))
            return false;
        else if (strncmp(a->text, "HTTP/1.1 100", 12) != 0)
            end = strstr(a->text, "\r\n\r\n");
    const char *length = strcasestr(a->text, "\r\nContent-Length:");
    size_t head = (size_t)(end - a->text) + 4;
    size_t body = length && length < end ? strtoul(length + 17, NULL, 10) : 0;
    while (a->n < head + body)
        if (!client_read_more(s, a))
            return false;
    a->status = (int)strtol(a->text + 9, NULL, 10);
    a->body = a->text + head;
    return true;
}

/* Posts JSON to /translate over a connection that stays open. Whether an answer came. */
static inline bool client_post(int s, const char *json, struct answer *a)
{
    char head[256];
    int n = snprintf(head, sizeof head,
                     "POST /translate HTTP/1.1\r\nHost: localhost\r\n"
                     "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
                     strlen(json));
    return client_send(s, head, (size_t)n) && client_send(s, json, strlen(json)) &&
           client_receive(s, a);
}

#endif
