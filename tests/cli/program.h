/* program.h -- runs the built program in a shell, with a folder of its own. */
#ifndef TESTS_CLI_PROGRAM_H
#define TESTS_CLI_PROGRAM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"

struct fixture {
    char folder[64];
    const char *program;
    struct strbuf out, err; /* of the last run */
};

static inline int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    strcpy(f->folder, "/tmp/satz-cli-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    f->program = getenv("SATZ") ? getenv("SATZ") : "build/release/satz";
    setenv("D", f->folder, 1);
    setenv("SATZ", f->program, 1);
    *state = f;
    return 0;
}

static inline int teardown(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(system("rm -r -- \"$D\""), 0);
    strbuf_release(&f->out);
    strbuf_release(&f->err);
    free(f);
    return 0;
}

static inline void read_file(struct fixture *f, const char *name, struct strbuf *text)
{
    char *path = file_join(f->folder, name, NULL);
    strbuf_clear(text);
    assert_int_equal(file_read(path, 1 << 20, text, NULL), 0);
    free(path);
}

/* Writes a file of the folder. */
static inline void write_text(struct fixture *f, const char *name, const char *text)
{
    char *path = file_join(f->folder, name, NULL);
    assert_int_equal(file_replace(path, text, strlen(text), NULL), 0);
    free(path);
}

/* Runs `line` in a shell where $D is the folder, and `satz` the program. Returns the exit status.
 */
static inline int run(struct fixture *f, const char *line)
{
    char command[1024];
    int n = snprintf(command, sizeof command,
                     "satz() { \"$SATZ\" \"$@\"; }; { %s; } >\"$D/out\" 2>\"$D/err\"", line);
    assert_in_range(n, 1, sizeof command - 1);
    int status = system(command);
    assert_true(WIFEXITED(status));
    read_file(f, "out", &f->out);
    read_file(f, "err", &f->err);
    return WEXITSTATUS(status);
}

static inline void assert_holds(const struct strbuf *text, const char *part)
{
    if (!strstr(strbuf_text(text), part))
        fail_msg("\"%s\" is not in \"%s\"", part, strbuf_text(text));
}

static inline void assert_status(struct fixture *f, const char *line, int expected)
{
    int status = run(f, line);
    if (status != expected)
        fail_msg("%s: status %d, \"%s\"", line, status, strbuf_text(&f->err));
}

/* The command fails with that status and a message, and prints nothing else. */
static inline void assert_refused(struct fixture *f, const char *line, int status,
                                  const char *message)
{
    assert_status(f, line, status);
    assert_string_equal(strbuf_text(&f->out), "");
    assert_holds(&f->err, message);
}

static inline void assert_prints(struct fixture *f, const char *line, const char *output)
{
    assert_status(f, line, 0);
    assert_string_equal(strbuf_text(&f->out), output);
    assert_string_equal(strbuf_text(&f->err), "");
}

/* Six words and their translations, in every order; a small network that learns them. */
static inline void write_recipe(struct fixture *f)
{
    static const char *const words[][2] = {{"one", "eins"},  {"two", "zwei"},   {"three", "drei"},
                                           {"four", "vier"}, {"five", "fuenf"}, {"six", "sechs"}};
    struct strbuf source = {0}, target = {0};
    for (unsigned i = 0; i < 216; i++)
        for (unsigned k = 0, rest = i; k < 3; k++, rest /= 6) {
            strbuf_addf(&source, "%s%c", words[rest % 6][0], k < 2 ? ' ' : '\n');
            strbuf_addf(&target, "%s%c", words[rest % 6][1], k < 2 ? ' ' : '\n');
        }
    write_text(f, "source", strbuf_text(&source));
    write_text(f, "target", strbuf_text(&target));
    strbuf_release(&source);
    strbuf_release(&target);
    write_text(f, "recipe",
               "data:\n"
               "  train_source: [\"${D}/source\"]\n"
               "  train_target: [\"${D}/target\"]\n"
               "  valid_source: ${D}/source\n"
               "  valid_target: ${D}/target\n"
               "tokenizer: \n  vocabulary: 30\n"
               "model:\n  embedding: 8\n  encoder_hidden: 8\n  decoder_hidden: 16\n"
               "train:\n  folder: ${D}/model\n  epochs: 2\n  log_every: 1\n");
}

/* A small model for all tests of a group, $D/m, and hostile text for it, $D/text. */
static inline int setup_model(void **state)
{
    setup(state);
    struct fixture *f = *state;
    write_recipe(f);
    assert_status(f,
                  "satz train -q $D/recipe --set optimizer.rate=0.02 --set train.epochs=12 "
                  "--set train.batch=16 && mv $D/model/model.safetensors $D/m",
                  0);
    assert_status(
        f,
        "{ head -60 $D/source; echo; printf 'one \\360\\237\\230\\200 two\\n  \\n'; "
        "printf 'three \\346\\227\\245\\346\\234\\254\\r\\n'; tail -3 $D/source | tr '\\n' "
        "' '; echo; printf 'no newline six'; } >$D/text; wc -l <$D/text",
        0);
    return 0;
}

/* What becomes of a TMPDIR that is not there; valgrind (scripts/valgrind.sh) needs one for itself.
 */
static inline void assert_tmpdir_named(struct fixture *f, const char *line)
{
    struct strbuf all = {0};
    if (getenv("UNDER_VALGRIND"))
        skip();
    strbuf_addf(&all, "TMPDIR=$D/nowhere %s", line);
    assert_refused(f, strbuf_text(&all), 1, "/nowhere/");
    assert_holds(&f->err, "TMPDIR names another place");
    strbuf_release(&all);
}

#define PROGRAM_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
