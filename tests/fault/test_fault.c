/* Every call to the system or for memory fails once, in turn, while the program works: it never
 * crashes, says what is wrong, leaves no half of a file, and what it leaves can be gone on with, to
 * the bits of an undisturbed run. SATZ_FAULT_ALL tries each call, otherwise some of each name. */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/rng.h"

static char folder[64], program[4096];

static void write_text(const char *name, int n, bool reversed)
{
    FILE *f = fopen(name, "w");
    assert_non_null(f);
    for (int i = 0; i < n; i++)
        for (int k = 0; k < 5; k++) {
            int word = (int)rng_below(1, (uint64_t)(8 * i + (reversed ? 4 - k : k)), 12);
            fprintf(f, "%c%c", (reversed ? 'A' : 'a') + word, k < 4 ? ' ' : '\n');
        }
    fclose(f);
}

static void write_recipe(void)
{
    FILE *f = fopen("recipe", "w");
    assert_non_null(f);
    fputs("data: {train_source: source, train_target: target, valid_source: dev.source,\n"
          "  valid_target: dev.target}\n"
          "tokenizer: {vocabulary: 28, type: word}\n"
          "model: {embedding: 4, encoder_hidden: 4, decoder_hidden: 8}\n"
          "train: {batch: 20, epochs: 2, folder: m, average: 2, threads: 1}\n"
          "validation: {every: 2, metric: bleu}\n",
          f);
    fclose(f);
}

/* Runs the program in the folder with `fault` (NULL: none). Its exit status, or -1 and a failed
 * test when it was killed; standard output and error go to the files out and err. */
static int run(const char *const *arguments, const char *fault)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const char *argv[16] = {"satz"};
        for (int i = 0; arguments[i]; i++)
            argv[i + 1] = arguments[i];
        if (fault)
            setenv("SATZ_FAULT", fault, 1);
        setenv("SATZ_FAULT_COUNTS", "counts", 1);
        if (!freopen("out", "w", stdout) || !freopen("err", "w", stderr))
            _exit(98);
        execv(program, (char *const *)(uintptr_t)argv);
        _exit(98);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    return fault && fault[strlen(fault) - 1] == '!' ? -1 : -WTERMSIG(status);
}

static struct strbuf contents(const char *path)
{
    struct strbuf bytes = {0};
    file_read(path, 1 << 24, &bytes, NULL);
    return bytes;
}

static bool same(const char *path, const struct strbuf *bytes)
{
    struct strbuf now = contents(path);
    bool equal = now.length == bytes->length && now.length > 0 &&
                 memcmp(now.data, bytes->data, now.length) == 0;
    strbuf_release(&now);
    return equal;
}

static bool has_halves(const char *path)
{
    bool found = false;
    DIR *dir = opendir(path);
    if (!dir)
        return false;
    for (struct dirent *e; (e = readdir(dir)) != NULL;)
        found |= strstr(e->d_name, ".tmp.") != NULL;
    closedir(dir);
    return found;
}

/* A piece of work of the program. */
struct work {
    const char *const *arguments;
    const char *prepare; /* shell command before each run; NULL: none */
    const char *result;  /* file that it makes; NULL: it tells times, which differ */
    bool resumes;        /* the same arguments finish what was begun */
};

/* One run with a fault, and what must be so after it. */
static void disturb(const struct work *w, const char *fault, const struct strbuf *expected)
{
    if (w->prepare)
        assert_int_equal(system(w->prepare), 0);
    bool killed = fault[strlen(fault) - 1] == '!';
    int status = run(w->arguments, fault);
    if (status != 0 && status != 1 && !(killed && status == -1))
        fail_msg("%s %s: status %d", w->arguments[0], fault, status);
    struct strbuf said = contents("err");
    struct strbuf told = contents("out");
    bool problem = !w->result && strstr(strbuf_text(&told), "PROBLEM: ");
    if (status == 1 && !problem && (said.length < 10 || !strstr(strbuf_text(&said), "satz")))
        fail_msg("%s %s: failed with the message \"%s\"", w->arguments[0], fault,
                 strbuf_text(&said));
    if (w->result && status == 0 && !same(w->result, expected))
        fail_msg("%s %s: ended well with another result; it said \"%s\"", w->arguments[0], fault,
                 strbuf_text(&said));
    strbuf_release(&told);
    if (!killed && rmdir("tmp") + mkdir("tmp", 0777) != 0)
        fail_msg("%s %s: left something in the folder for temporary files", w->arguments[0], fault);
    if (!killed && strncmp(fault, "unlink", 6) != 0 &&
        (has_halves("m") || has_halves("m/cache") || has_halves(".")))
        fail_msg("%s %s: left half of a file", w->arguments[0], fault);
    strbuf_release(&said);
    if (!w->resumes)
        return;
    if (run(w->arguments, NULL) != 0 || !same(w->result, expected))
        fail_msg("%s %s: could not be gone on with to the same bits", w->arguments[0], fault);
    if (has_halves("m") || has_halves("m/cache"))
        fail_msg("%s %s: half of a file is left after going on", w->arguments[0], fault);
}

/* Faults in `name`, of which an undisturbed run makes n calls; `mode` is "", "+" or "!". */
static void disturb_each(const struct work *w, const char *name, long n, const char *mode,
                         const struct strbuf *expected)
{
    enum { FEW = 2 };
    long step = getenv("SATZ_FAULT_ALL") || n <= FEW ? 1 : n / FEW;
    for (long k = step > 1 ? 1 + n % step : 1; k <= n; k += step) {
        char fault[64];
        snprintf(fault, sizeof fault, "%s:%ld%s", name, k, mode);
        disturb(w, fault, expected);
    }
}

static void disturb_all(const struct work *w, const char *mode)
{
    struct strbuf expected, counts;
    if (w->prepare)
        assert_int_equal(system(w->prepare), 0);
    assert_int_equal(run(w->arguments, NULL), 0);
    expected = contents(w->result ? w->result : "out");
    counts = contents("counts");
    assert_true(expected.length > 0 && counts.length > 0);
    for (char *at = counts.data, *end; *at; at = end + 1) {
        char name[32];
        long n;
        end = strchr(at, '\n');
        assert_non_null(end);
        assert_int_equal(sscanf(at, "%31s %ld", name, &n), 2);
        if (strncmp(name, "in_", 3) != 0 || mode[0] == '!')
            disturb_each(w, name, n, mode, &expected);
    }
    strbuf_release(&expected);
    strbuf_release(&counts);
}

static const char *const train[] = {"train", "-q", "-r", "recipe", NULL};
static const char *const translate[] = {"translate", "-t", "1", "model", "source", NULL};
static const char *const learn[] = {"tokenizer", "train",     "-v",     "28",     "-t", "word",
                                    "-o",        "out.model", "source", "target", NULL};
static const char *const replay[] = {"replay", "-t", "1", "box", NULL};
static const char *const doctor[] = {
    "doctor", "-S", "test.source", "-T", "test.target", "-s", "train.shards=1", "recipe", NULL};
static const char *const info[] = {"info", "model", NULL};

static const char anew[] = "rm -rf m";
static const char half_way[] = "rm -rf m && cp -r half m";

static void test_train(void **state)
{
    (void)state;
    disturb_all(&(struct work){train, anew, "m/model.safetensors", true}, "");
    if (getenv("SATZ_FAULT_ALL"))
        disturb_all(&(struct work){train, anew, "m/model.safetensors", true}, "+");
}

static void test_resume(void **state)
{
    (void)state;
    disturb_all(&(struct work){train, half_way, "m/model.safetensors", true}, "");
}

/* Killed in the very call, a write half way through its bytes. */
static void test_killed(void **state)
{
    (void)state;
    disturb_all(&(struct work){train, anew, "m/model.safetensors", true}, "!");
}

static void test_translate(void **state)
{
    (void)state;
    disturb_all(&(struct work){translate, NULL, "out", false}, "");
    disturb_all(&(struct work){translate, NULL, "out", false}, "+");
}

static void test_tokenizer(void **state)
{
    (void)state;
    disturb_all(&(struct work){learn, "rm -f out.model", "out.model", true}, "");
}

static void test_info(void **state)
{
    (void)state;
    disturb_all(&(struct work){info, NULL, "out", false}, "");
}

static void test_replay(void **state)
{
    (void)state;
    disturb_all(&(struct work){replay, NULL, "out", false}, "");
}

static void test_doctor(void **state)
{
    (void)state;
    disturb_all(&(struct work){doctor, NULL, NULL, false}, "");
}

/* Every command that writes, where nothing can be written: it names the place and what is wrong. */
static void test_read_only(void **state)
{
    (void)state;
    static const struct {
        const char *arguments[8], *place;
    } cases[] = {
        {{"train", "-q", "recipe", "--set", "train.folder=ro/m"}, "ro"},
        {{"train", "-q", "-r", "recipe", "--set", "train.folder=half"}, "half/"},
        {{"tokenizer", "train", "-v28", "-tword", "-oro.model", "source", "target"}, "ro.model"},
        {{"translate", "-o", "ro.out", "model", "source"}, "ro.out"},
        {{"translate", "--attention", "ro.npz", "model", "source"}, "ro.npz"},
        {{"translate", "--alignment", "ro.links", "model", "source"}, "ro.links"},
        {{"attention", "-s", "a b", "-t", "B A", "-o", "ro.png", "model"}, "ro.png"},
        {{"attention", "-s", "a b", "-t", "B A", "-o", "ro.html", "model"}, "ro.html"},
        {{"average", "ro.model", "model", "model"}, "ro.model"},
        {{"report", "-o", "ro.page", "dev.target", "dev.target"}, "ro.page"},
        {{"doctor", "recipe"}, "satz-doctor-"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *arguments[9] = {NULL};
        memcpy(arguments, cases[i].arguments, sizeof cases[i].arguments);
        int status = run(arguments, "readonly:1+");
        struct strbuf said = contents("err");
        if (status != 1 || !strstr(strbuf_text(&said), "Read-only file system") ||
            !strstr(strbuf_text(&said), cases[i].place))
            fail_msg("%s, case %zu: status %d, \"%s\"", arguments[0], i, status,
                     strbuf_text(&said));
        strbuf_release(&said);
    }
    assert_int_not_equal(system("ls | grep -q '^ro'"), 0);
}

static int make_folder(void **state)
{
    (void)state;
    const char *satz = getenv("SATZ") ? getenv("SATZ") : "build/release/satz";
    char *whole = realpath(satz, NULL);
    assert_non_null(whole);
    char *slash = strrchr(whole, '/');
    *slash = '\0';
    snprintf(program, sizeof program, "%s/tests/fault/satz-fault", whole);
    free(whole);
    strcpy(folder, "/tmp/satz-fault-XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    write_text("source", 80, false);
    write_text("target", 80, true);
    write_text("dev.source", 6, false);
    write_text("dev.target", 6, true);
    write_text("test.source", 5, false);
    write_text("test.target", 5, true);
    write_recipe();
    assert_int_equal(mkdir("tmp", 0777), 0);
    setenv("TMPDIR", "tmp", 1);
    const char *const some[] = {"train", "-q", "recipe", "--set", "train.updates=3", NULL};
    assert_int_equal(run(some, NULL), 0);
    assert_int_equal(system("cp m/model.safetensors model && mv m half"), 0);
    /* a recurrence that overflows on long sentences: its first step makes a black box */
    assert_int_equal(system("for s in source target; do for i in 1 2 3; do head -12 $s | "
                            "tr '\\n' ' '; echo; done >long.$s; done"),
                     0);
    const char *const wild[] = {"train",
                                "-q",
                                "-sdata.train_source=long.source",
                                "-sdata.train_target=long.target",
                                "-stokenizer.vocabulary=26",
                                "-strain.folder=wild",
                                "-strain.on_nonfinite=stop",
                                "-smodel.init=uniform",
                                "-smodel.init_scale=10",
                                "-smodel.encoder_cell=rnn_relu",
                                "recipe",
                                NULL};
    assert_int_equal(run(wild, NULL), 1);
    assert_int_equal(system("mv wild/blackbox-00000001.safetensors box && rm -r wild"), 0);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[96];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return chdir("/") + system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_train),     cmocka_unit_test(test_resume),
        cmocka_unit_test(test_killed),    cmocka_unit_test(test_translate),
        cmocka_unit_test(test_tokenizer), cmocka_unit_test(test_info),
        cmocka_unit_test(test_replay),    cmocka_unit_test(test_doctor),
        cmocka_unit_test(test_read_only),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
