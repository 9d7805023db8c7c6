/* All runs of a ladder, one after the other, the tables written anew after each. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "ablate/ablation.h"
#include "base/file.h"

static int take_lock(const char *folder, struct satz_error *err)
{
    char *path = file_join(folder, "lock", err);
    int lock = path ? open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0666) : -1;
    if (path && lock < 0)
        error_set_errno(err, "%s: cannot write", path);
    if (lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) < 0) {
        if (errno == EWOULDBLOCK)
            error_set(err, "%s: another `satz ablate` is at work in this folder", folder);
        else
            error_set_errno(err, "%s: cannot lock", path);
        close(lock);
        lock = -1;
    }
    free(path);
    return lock;
}

static int put(const char *folder, const char *name, const struct strbuf *text,
               struct satz_error *err)
{
    char *path = file_join(folder, name, err);
    int status = path ? file_replace(path, strbuf_text(text), text->length, err) : -1;
    free(path);
    return status;
}

static int write_tables(const struct satz_ablation *a, struct satz_error *err)
{
    struct strbuf markdown = {0}, html = {0};
    int status = tables_write(a, &markdown, &html, err);
    if (status == 0 && (put(a->folder, "ablation.md", &markdown, err) < 0 ||
                        put(a->folder, "ablation.html", &html, err) < 0))
        status = -1;
    strbuf_release(&markdown);
    strbuf_release(&html);
    return status;
}

static void note(const struct satz_train_options *options, const char *text)
{
    const struct satz_train_event e = {.stage = SATZ_TRAIN_NOTE, .text = text, .bleu = -1};
    if (options->on_event)
        options->on_event(options->user, &e);
}

static void announce(const struct satz_ablation *a, const struct run *run, size_t k, size_t n,
                     const struct satz_train_options *options)
{
    struct strbuf text = {0};
    strbuf_addf(&text, "== run %zu of %zu: %s, seed %d%s", k, n, a->ladder.rungs[run->rung].name,
                run->seed, run->state == RUN_TRAINED ? " (trained already)" : "");
    note(options, strbuf_text(&text));
    strbuf_release(&text);
}

int satz_ablation_run(struct satz_ablation *a, const struct satz_train_options *given,
                      struct satz_error *err)
{
    static const struct satz_train_options defaults = {0};
    const struct satz_train_options *options = given ? given : &defaults;
    size_t n = 0, k = 0;
    int status = file_make_folder(a->folder, err), lock = -1;
    if (status == 0 && (lock = take_lock(a->folder, err)) < 0)
        status = -1;
    if (status == 0 && (file_remove_halves(a->folder, ".md", err) < 0 ||
                        file_remove_halves(a->folder, ".html", err) < 0))
        status = -1;
    for (size_t i = 0; i < a->n_runs; i++)
        n += a->runs[i].wanted;
    for (size_t i = 0; i < a->n_runs && status == 0; i++) {
        struct run *run = &a->runs[i];
        struct satz_error failure = {{0}};
        if (!run->wanted)
            continue;
        announce(a, run, ++k, n, options);
        int ended = run_go(run, a, options, &failure);
        if (ended < 0)
            note(options, failure.message);
        if (write_tables(a, err) < 0)
            status = -1;
        else if (ended > 0 || (options->stop && *options->stop && k < n))
            status = 1;
    }
    if (lock >= 0)
        close(lock);
    return status;
}

int satz_ablation_failures(const struct satz_ablation *a)
{
    int n = 0;
    for (size_t i = 0; i < a->n_runs; i++)
        n += a->runs[i].wanted && a->runs[i].state == RUN_FAILED;
    return n;
}

char *satz_ablation_tables(const struct satz_ablation *a, struct satz_error *err)
{
    struct strbuf markdown = {0}, html = {0};
    int status = tables_write(a, &markdown, &html, err);
    strbuf_release(&html);
    if (status < 0)
        strbuf_release(&markdown);
    return status < 0 ? NULL : strbuf_detach(&markdown, err);
}
