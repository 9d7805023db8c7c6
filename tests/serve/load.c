/* load PORT CLIENTS SECONDS FILE [EXPECTED]: that many clients at once have the lines of FILE
 * translated by the server on this machine, a line a request, again and again for SECONDS. With
 * EXPECTED, each answer is compared with that file's line. Prints the figures, and fails if any
 * request did or an answer was not as expected. */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <time.h>

#include <jansson.h>

#include "tests/serve/client.h"

enum { MOST_CLIENTS = 1000, MOST_LINES = 100000, MOST_SECONDS = 600, TIMES = 1 << 20 };

struct load {
    int port;
    double end;
    char **requests, **expected; /* [n_lines] */
    size_t n_lines;

    pthread_mutex_t lock; /* of what follows */
    size_t next;          /* line, without end */
    size_t done, failed, wrong;
    double *times; /* [TIMES], of the first ones */
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static bool is_expected(const struct load *l, size_t line, const struct answer *a)
{
    json_t *root = json_loads(a->body, 0, NULL);
    const char *text = json_string_value(json_object_get(root, "translation"));
    bool same = text && (!l->expected || strcmp(text, l->expected[line]) == 0);
    json_decref(root);
    return same;
}

static size_t next_line(struct load *l)
{
    pthread_mutex_lock(&l->lock);
    size_t line = l->next++ % l->n_lines;
    pthread_mutex_unlock(&l->lock);
    return line;
}

static void *run_client(void *user)
{
    struct load *l = user;
    struct answer a = {0};
    int s = client_connect(l->port);
    for (double start; (start = now()) < l->end;) {
        size_t line = next_line(l);
        bool answered = s >= 0 && client_post(s, l->requests[line], &a) && a.status == 200;
        bool right = answered && is_expected(l, line, &a);
        pthread_mutex_lock(&l->lock);
        if (l->done < TIMES)
            l->times[l->done] = now() - start;
        l->done++;
        l->failed += !answered;
        l->wrong += answered && !right;
        pthread_mutex_unlock(&l->lock);
        if (!answered) {
            if (s >= 0)
                close(s);
            s = client_connect(l->port);
        }
    }
    if (s >= 0)
        close(s);
    free(a.text);
    return NULL;
}

static void *must(void *allocated)
{
    if (!allocated) {
        fprintf(stderr, "load: %s\n", strerror(errno));
        exit(2);
    }
    return allocated;
}

/* The lines of a file; as requests if `json`. */
static char **read_lines(const char *path, bool json, size_t *n)
{
    FILE *file = must(fopen(path, "r"));
    char **lines = must(calloc(MOST_LINES, sizeof *lines)), *line = NULL;
    size_t capacity = 0;
    ssize_t length;
    for (*n = 0; *n < MOST_LINES && (length = getline(&line, &capacity, file)) > 0; ++*n) {
        line[strcspn(line, "\r\n")] = '\0';
        if (json) {
            json_t *root = must(json_pack("{s:s}", "text", line));
            lines[*n] = must(json_dumps(root, JSON_COMPACT));
            json_decref(root);
        } else
            lines[*n] = must(strdup(line));
    }
    free(line);
    fclose(file);
    return lines;
}

/* Accepts NULL. */
static void free_lines(char **lines, size_t n)
{
    for (size_t i = 0; lines && i < n; i++)
        free(lines[i]);
    free(lines);
}

static long read_argument(const char *text, const char *name, long most)
{
    char *end;
    long value = strtol(text, &end, 10);
    if (*end || value < 1 || value > most) {
        fprintf(stderr, "load: %s must be between 1 and %ld\n", name, most);
        exit(2);
    }
    return value;
}

static int compare_times(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    if (argc != 5 && argc != 6) {
        fputs("usage: load PORT CLIENTS SECONDS FILE [EXPECTED]\n", stderr);
        return 2;
    }
    static pthread_t clients[MOST_CLIENTS];
    struct load l = {.port = (int)read_argument(argv[1], "PORT", 65535)};
    long n = read_argument(argv[2], "CLIENTS", MOST_CLIENTS);
    long seconds = read_argument(argv[3], "SECONDS", MOST_SECONDS);
    size_t n_expected;
    l.requests = read_lines(argv[4], true, &l.n_lines);
    n_expected = l.n_lines;
    if (argc == 6)
        l.expected = read_lines(argv[5], false, &n_expected);
    if (l.n_lines == 0 || n_expected != l.n_lines) {
        fputs("load: the files must have lines, and as many of them\n", stderr);
        return 2;
    }
    l.times = must(calloc(TIMES, sizeof *l.times));
    pthread_mutex_init(&l.lock, NULL);
    json_object_seed(1);
    double start = now();
    l.end = start + (double)seconds;
    for (long i = 0; i < n; i++)
        if (pthread_create(&clients[i], NULL, run_client, &l) != 0) {
            fputs("load: no thread could be started\n", stderr);
            return 2;
        }
    for (long i = 0; i < n; i++)
        pthread_join(clients[i], NULL);
    double elapsed = now() - start;
    size_t n_times = l.done < TIMES ? l.done : TIMES;
    qsort(l.times, n_times, sizeof *l.times, compare_times);
    printf("requests %zu failed %zu wrong %zu per_second %.1f median_ms %.1f p99_ms %.1f\n", l.done,
           l.failed, l.wrong, (double)l.done / elapsed, 1e3 * l.times[n_times / 2],
           1e3 * l.times[n_times * 99 / 100]);
    free_lines(l.requests, l.n_lines);
    free_lines(l.expected, l.n_lines);
    free(l.times);
    return l.failed || l.wrong || l.done == 0;
}
