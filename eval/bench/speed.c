/* speed.c -- what bench.sh measures inside one process:
 *
 *   speed peak PRECISION                    GFLOP/s of a product of 2048 x 2048 x 2048, one thread
 *   speed translate MODEL FILE PRECISION THREADS BEAM BATCH [SHORTLIST]
 *
 * The second prints, separated by tabs: sentences a second; the median of a call's milliseconds
 * (with BATCH 1, of a sentence's); GFLOP/s a thread while it multiplies; the share of products in
 * the threads' time; the process's largest memory in MiB. With BATCH 1 each line is a call of its
 * own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/memory.h"
#include "base/rng.h"
#include "decode/translator.h"

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int fail(const char *message)
{
    fprintf(stderr, "speed: %s\n", message);
    return EXIT_FAILURE;
}

/* --- a backend that counts what another one does, on all threads --- */

static const struct compute_backend *counted;
static double all_flops, all_seconds;

static void count_gemm_packed(struct compute *c, struct mat a, const struct packed *w, real beta,
                              struct mat out)
{
    double start = seconds(CLOCK_THREAD_CPUTIME_ID);
    counted->gemm_packed(c, a, w, beta, out);
    double took = seconds(CLOCK_THREAD_CPUTIME_ID) - start;
#pragma omp critical
    {
        all_seconds += took;
        all_flops += 2.0 * a.rows * a.cols * out.cols;
    }
}

/* --- */

static int measure_peak(const struct compute_backend *backend, enum compute_precision precision,
                        struct satz_error *err)
{
    enum { N = 2048, ROUNDS = 5 };
    struct compute *c = backend->new (precision, err);
    struct packed *w = c ? backend->pack_new(c, N, N, err) : NULL;
    real *data = memory_new_aligned(3ul * N * N, sizeof *data, err);
    if (!c || !w || !data)
        return -1;
    for (size_t i = 0; i < 2ul * N * N; i++)
        data[i] = (real)rng_uniform(1, i) - (real)0.5;
    struct mat a = mat_make(data, N, N), b = mat_make(data + (size_t)N * N, N, N);
    double best = 1e9;
    backend->pack(c, w, b, true);
    for (int i = 0; i < ROUNDS; i++) {
        double start = seconds(CLOCK_THREAD_CPUTIME_ID);
        backend->gemm_packed(c, a, w, 0, mat_make(data + 2ul * N * N, N, N));
        double took = seconds(CLOCK_THREAD_CPUTIME_ID) - start;
        best = took < best ? took : best;
    }
    printf("%.0f\n", 2e-9 * N * N * (double)N / best);
    free(data);
    backend->pack_free(w);
    backend->free(c);
    return 0;
}

struct text {
    char **lines;
    size_t n, capacity;
};

static int read_lines(struct text *t, const char *path, struct satz_error *err)
{
    FILE *f = fopen(path, "r");
    size_t size = 0;
    char *line = NULL;
    if (!f)
        return error_set(err, "%s cannot be read", path);
    while (getline(&line, &size, f) >= 0) {
        line[strcspn(line, "\n")] = '\0';
        if (memory_grow(&t->lines, &t->capacity, t->n + 1, sizeof *t->lines, err) < 0 ||
            !(t->lines[t->n++] = memory_copy_string(line, err)))
            return -1;
    }
    free(line);
    fclose(f);
    return t->n > 0 ? 0 : error_set(err, "%s is empty", path);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int measure_translation(struct model *m, enum compute_precision precision,
                               const struct text *text, int threads, int beam, int batch,
                               const char *shortlist, struct satz_error *err)
{
    const struct satz_translation *translations;
    struct translator_options o = translator_defaults(&m->recipe);
    struct shortlist list;
    if (shortlist &&
        shortlist_open(&list, shortlist, m->source_tokenizer, m->target_tokenizer, err) < 0)
        return -1;
    o.search.shortlist = shortlist ? &list : NULL;
    o.search.shortlist_best = SATZ_SHORTLIST_BEST;
    o.search.shortlist_commonest = SATZ_SHORTLIST_COMMONEST;
    o.threads = threads;
    o.batch = batch;
    o.search.beam = beam;
    struct translator *t = translator_new(m, precision, &o, err);
    size_t step = batch == 1 ? 1 : text->n, calls = batch == 1 ? text->n : 1;
    double *took = memory_new(calls, sizeof *took, err);
    if (!t || !took ||
        translator_run(t, (const char *const *)text->lines, NULL, 1, &translations, err) < 0)
        return -1;
    all_flops = all_seconds = 0;
    double start = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    for (size_t i = 0; i < calls; i++) {
        double from = seconds(CLOCK_MONOTONIC);
        if (translator_run(t, (const char *const *)text->lines + i * step, NULL, step,
                           &translations, err) < 0)
            return -1;
        took[i] = 1e3 * (seconds(CLOCK_MONOTONIC) - from);
    }
    double wall = seconds(CLOCK_MONOTONIC) - start;
    cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    qsort(took, calls, sizeof *took, ascending);
    printf("%.1f\t%.2f\t%.0f\t%.2f\t%.0f\n", (double)text->n / wall, took[calls / 2],
           1e-9 * all_flops / all_seconds, all_seconds / cpu, (double)usage.ru_maxrss / 1024);
    free(took);
    translator_free(t);
    if (shortlist)
        shortlist_release(&list);
    return 0;
}

static int translate(char **argv, const struct compute_backend *backend,
                     enum compute_precision precision, struct satz_error *err)
{
    static struct compute_backend counting;
    struct model m;
    struct text text = {0};
    struct compute *c = backend->new (precision, err);
    if (!c || read_lines(&text, argv[3], err) < 0 || model_load(&m, argv[2], err) < 0)
        return -1;
    counted = backend;
    counting = *backend;
    counting.gemm_packed = count_gemm_packed;
    struct weights *w = &m.network.weights;
    if (weights_allocate(w, &counting, c, false, err) < 0)
        return -1;
    for (int i = 0; i < w->count; i++)
        weights_pack(w, i, &m.network.params, c);
    return measure_translation(&m, precision, &text, atoi(argv[5]), atoi(argv[6]), atoi(argv[7]),
                               argv[8], err);
}

int main(int argc, char **argv)
{
    struct satz_error err;
    enum compute_precision precision;
    bool peak = argc == 3 && strcmp(argv[1], "peak") == 0;
    if (!peak && !((argc == 8 || argc == 9) && strcmp(argv[1], "translate") == 0))
        return fail("see the top of eval/bench/speed.c");
    const struct compute_backend *backend = NULL;
    if (compute_precision_find(argv[peak ? 2 : 4], &precision, &err) == 0)
        backend = compute_find("auto", precision, &err);
    if (!backend)
        return fail(err.message);
    int status =
        peak ? measure_peak(backend, precision, &err) : translate(argv, backend, precision, &err);
    return status < 0 ? fail(err.message) : EXIT_SUCCESS;
}
