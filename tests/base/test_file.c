/* Files: whole reads, maps, folders, and that a replaced file is never seen half written. */
#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"

static char folder[] = "/tmp/satz-file-XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[100];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static char *in_folder(const char *name)
{
    char *path = file_join(folder, name, NULL);
    assert_non_null(path);
    return path;
}

static void assert_content(const char *path, const char *wanted)
{
    struct strbuf s = {0};
    assert_int_equal(file_read(path, 100, &s, NULL), 0);
    assert_string_equal(strbuf_text(&s), wanted);
    strbuf_release(&s);
}

static int count_entries(void)
{
    DIR *d = opendir(folder);
    int n = 0;
    while (readdir(d))
        n++;
    closedir(d);
    return n - 2;
}

static void test_replace(void **state)
{
    (void)state;
    char *path = in_folder("replaced");
    struct satz_error err = {0};
    assert_false(file_exists(path));
    assert_int_equal(file_replace(path, "old", 3, &err), 0);
    assert_true(file_exists(path));

    struct file_writer *w = file_writer_open(path, &err);
    assert_non_null(w);
    assert_int_equal(file_writer_write(w, "ne", 2, &err), 0);
    assert_int_equal(file_writer_write(w, NULL, 0, &err), 0);
    assert_content(path, "old"); /* until the commit */
    assert_int_equal(file_writer_write(w, "w", 1, &err), 0);
    assert_int_equal(file_writer_size(w), 3);
    assert_int_equal(file_writer_commit(w, &err), 0);
    assert_content(path, "new");

    w = file_writer_open(path, &err);
    assert_int_equal(file_writer_write(w, "never", 5, &err), 0);
    file_writer_abort(w);
    file_writer_abort(NULL);
    assert_content(path, "new");
    assert_int_equal(count_entries(), 1); /* no temporary file is left */
    unlink(path);
    free(path);
}

static void test_killed_writer(void **state)
{
    (void)state;
    char *path = in_folder("killed");
    assert_int_equal(file_replace(path, "old", 3, NULL), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct file_writer *w = file_writer_open(path, NULL);
        static char block[1 << 20];
        file_writer_write(w, block, sizeof block, NULL);
        raise(SIGKILL); /* before the commit */
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_content(path, "old");
    free(path);
}

static void test_failed_commit(void **state)
{
    (void)state;
    struct satz_error err = {0};
    char *path = in_folder("is-a-folder");
    assert_int_equal(mkdir(path, 0777), 0);
    int before = count_entries();
    assert_int_equal(file_replace(path, "x", 1, &err), -1);
    assert_non_null(strstr(err.message, "is not a plain file"));
    assert_int_equal(rmdir(path), 0);
    struct file_writer *w = file_writer_open(path, &err);
    assert_non_null(w);
    assert_int_equal(mkdir(path, 0777), 0);
    assert_int_equal(file_writer_commit(w, &err), -1);
    assert_non_null(strstr(err.message, "cannot rename"));
    assert_int_equal(count_entries(), before);
    assert_int_equal(file_replace("/dev/null", "x", 1, &err), -1);
    free(path);
    assert_null(file_writer_open("/nonexistent/x", &err));
    assert_non_null(strstr(err.message, "/nonexistent/x"));
    /* a full disk, as far as the file can tell */
    char *full = in_folder("full");
    struct rlimit limit;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &(struct rlimit){0, limit.rlim_max}), 0);
    int status = file_replace(full, "x", 1, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_int_equal(status, -1);
    assert_non_null(strstr(err.message, "disk full"));
    assert_false(file_exists(full));
    assert_int_equal(count_entries(), before);
    free(full);
}

static void test_read(void **state)
{
    (void)state;
    struct satz_error err = {0};
    struct strbuf s = {0};
    char *path = in_folder("read");
    static char block[200000];
    memset(block, 'x', sizeof block);
    assert_int_equal(file_replace(path, block, sizeof block, &err), 0);
    strbuf_add_text(&s, "before");
    assert_int_equal(file_read(path, sizeof block, &s, &err), 0);
    assert_int_equal(s.length, sizeof block + 6);
    strbuf_clear(&s);
    assert_int_equal(file_read(path, sizeof block - 1, &s, &err), -1);
    assert_non_null(strstr(err.message, "larger than the 199999 bytes"));
    assert_int_equal(file_read(folder, 10, &s, &err), -1);
    assert_int_equal(file_read("/nonexistent", 10, &s, &err), -1);
    assert_string_equal(err.message, "/nonexistent: cannot open: No such file or directory");
    strbuf_release(&s);
    free(path);
}

static void test_map(void **state)
{
    (void)state;
    struct satz_error err = {0};
    struct file_map map;
    char *path = in_folder("map");
    assert_int_equal(file_replace(path, "abc", 3, NULL), 0);
    assert_int_equal(file_map_open(&map, path, &err), 0);
    assert_int_equal(map.size, 3);
    assert_memory_equal(map.data, "abc", 3);
    file_map_release(&map);
    assert_int_equal(file_replace(path, "", 0, NULL), 0);
    assert_int_equal(file_map_open(&map, path, &err), 0);
    assert_int_equal(map.size, 0);
    file_map_release(&map);
    assert_int_equal(file_map_open(&map, folder, &err), -1);
    assert_non_null(strstr(err.message, "is a folder"));
    free(path);
}

static void test_folders(void **state)
{
    (void)state;
    struct satz_error err = {0};
    char *deep = in_folder("a/b//c/");
    assert_int_equal(file_make_folder(deep, &err), 0);
    assert_int_equal(file_make_folder(deep, &err), 0);
    char *inside = file_join(deep, "f", NULL);
    assert_int_equal(inside[strlen(inside) - 2], '/');
    assert_int_equal(inside[strlen(inside) - 3], 'c');
    assert_int_equal(file_replace(inside, "x", 1, &err), 0);
    assert_int_equal(file_make_folder(inside, &err), -1);
    free(inside);
    free(deep);
}

/* Somebody else can know the name of the temporary file, and put a link there: nothing is written
 * through it. */
static void test_links(void **state)
{
    (void)state;
    char *path = in_folder("linked"), *victim = in_folder("victim"), trap[300];
    struct satz_error err = {0};
    assert_int_equal(file_replace(victim, "precious", 8, &err), 0);
    snprintf(trap, sizeof trap, "%s.tmp.%ld", path, (long)getpid());
    for (int hard = 0; hard < 2; hard++) {
        assert_int_equal(hard ? link(victim, trap) : symlink(victim, trap), 0);
        if (file_replace(path, "new", 3, &err) < 0)
            fail_msg("%s", err.message);
        assert_content(victim, "precious");
        assert_content(path, "new");
        assert_int_not_equal(access(trap, F_OK), 0);
    }
    assert_int_equal(mkdir(trap, 0700), 0);
    assert_int_equal(file_replace(path, "newer", 5, &err), -1);
    assert_content(path, "new");
    rmdir(trap);
    /* a link that has the name itself is replaced, not followed */
    unlink(path);
    assert_int_equal(symlink(victim, path), 0);
    assert_int_equal(file_replace(path, "new", 3, &err), 0);
    assert_content(victim, "precious");
    unlink(path);
    unlink(victim);
    free(path);
    free(victim);
}

static void test_modes(void **state)
{
    (void)state;
    char *path = in_folder("mode");
    struct stat info;
    for (mode_t mask = 0; mask <= 077; mask += 077) {
        mode_t old = umask(mask);
        assert_int_equal(file_replace(path, "x", 1, NULL), 0);
        umask(old);
        assert_int_equal(stat(path, &info), 0);
        assert_int_equal(info.st_mode & 07777, 0666 & ~mask);
    }
    unlink(path);
    free(path);
}

static void test_checksum(void **state)
{
    (void)state;
    assert_true(checksum("", 0, 0) == 0x2D06800538D394C2u); /* XXH3's value for no bytes */
    assert_true(checksum("ab", 2, 0) != checksum("ba", 2, 0));
    assert_true(checksum("ab", 2, 0) != checksum("ab", 2, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replace),       cmocka_unit_test(test_killed_writer),
        cmocka_unit_test(test_failed_commit), cmocka_unit_test(test_read),
        cmocka_unit_test(test_map),           cmocka_unit_test(test_folders),
        cmocka_unit_test(test_links),         cmocka_unit_test(test_modes),
        cmocka_unit_test(test_checksum),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
