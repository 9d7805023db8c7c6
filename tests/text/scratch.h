/* scratch.h -- a temporary folder with text files and a small tokenizer, for the tests of text/. */
#ifndef TESTS_TEXT_SCRATCH_H
#define TESTS_TEXT_SCRATCH_H

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "base/file.h"
#include "text/tokenizer.h"

/* Where `name` is in the folder; the result lives as long as the scratch. */
struct scratch {
    char folder[64];
    char *paths[64];
    int n_paths;
};

static inline struct scratch *scratch_new(void)
{
    struct scratch *s = calloc(1, sizeof *s);
    assert_non_null(s);
    strcpy(s->folder, "/tmp/satz-text-XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    return s;
}

static inline void scratch_empty(const char *folder)
{
    DIR *d = opendir(folder);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));) {
        if (e->d_name[0] == '.')
            continue;
        char *path = file_join(folder, e->d_name, NULL);
        if (e->d_type == DT_DIR)
            scratch_empty(path);
        remove(path);
        free(path);
    }
    closedir(d);
}

static inline void scratch_free(struct scratch *s)
{
    scratch_empty(s->folder);
    rmdir(s->folder);
    for (int i = 0; i < s->n_paths; i++)
        free(s->paths[i]);
    free(s);
}

static inline const char *scratch_path(struct scratch *s, const char *name)
{
    assert_in_range(s->n_paths, 0, 63);
    char *path = file_join(s->folder, name, NULL);
    assert_non_null(path);
    s->paths[s->n_paths++] = path;
    return path;
}

/* Writes a file, compressed when the name ends in ".gz". */
static inline const char *scratch_write(struct scratch *s, const char *name, const void *bytes,
                                        size_t n)
{
    const char *path = scratch_path(s, name);
    size_t length = strlen(name);
    bool gzip = length > 3 && strcmp(name + length - 3, ".gz") == 0;
    gzFile f = gzopen(path, gzip ? "wb" : "wbT");
    assert_non_null(f);
    if (n)
        assert_int_equal(gzwrite(f, bytes, (unsigned)n), n);
    assert_int_equal(gzclose(f), Z_OK);
    return path;
}

static inline const char *scratch_text(struct scratch *s, const char *name, const char *text)
{
    return scratch_write(s, name, text, strlen(text));
}

/* German, with umlauts and a face outside the BMP, varied enough to learn pieces from. */
static inline const char *scratch_german(struct scratch *s, const char *name)
{
    static const char *const who[] = {"Der Bär", "Die Müllerin", "Das Mädchen", "Ein König",
                                      "Der Händler"};
    static const char *const does[] = {"hört", "grüßt", "sucht", "fürchtet", "möchte", "zählt"};
    static const char *const what[] = {"die Bäume",    "den schönen Fluss",
                                       "große Häuser", "zwölf Äpfel 🙂",
                                       "das Gemüse",   "den süßen Kuchen"};
    struct strbuf text = {0};
    for (int i = 0; i < 5; i++)
        for (int j = 0; j < 6; j++)
            for (int k = 0; k < 6; k++)
                strbuf_addf(&text, "%s %s %s.\n", who[i], does[j], what[k]);
    const char *path = scratch_write(s, name, text.data, text.length);
    strbuf_release(&text);
    return path;
}

static inline struct tokenizer *scratch_tokenizer(const char *file, const char *type, int size)
{
    struct satz_error err = {0};
    struct tokenizer_options options = {.type = type,
                                        .vocabulary_size = size,
                                        .character_coverage = 1.0,
                                        .files = &file,
                                        .n_files = 1};
    struct strbuf model = {0};
    if (tokenizer_train(&model, &options, &err) < 0)
        fail_msg("%s", err.message);
    struct tokenizer *t = tokenizer_new(model.data, model.length, &err);
    if (!t)
        fail_msg("%s", err.message);
    strbuf_release(&model);
    return t;
}

#endif
