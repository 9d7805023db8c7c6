/* Whole training runs: they learn, resume to the same bits, refuse what does not fit. */
#include <dirent.h>

#include "tests/train/runs.h"

static void test_learns(void **state)
{
    (void)state;
    struct run r = {0};
    struct satz_error err;
    static const char *const more[] = {"train.epochs=14", "validation.bleu_every=1", NULL};
    if (train("learns", &r, 0, &err, more) != 0)
        fail_msg("%s", err.message);
    assert_true(r.perplexity < 1.5);
    assert_true(r.bleu > 60);
}

static void test_threads_do_not_matter(void **state)
{
    (void)state;
    struct satz_error err;
    static const char *const names[] = {"threads-1", "threads-2", "threads-5"};
    for (int i = 0; i < 3; i++) {
        struct run r = {0};
        char threads[32];
        snprintf(threads, sizeof threads, "train.threads=%s", names[i] + 8);
        const char *const more[] = {threads, NULL};
        if (train(names[i], &r, 0, &err, more) != 0)
            fail_msg("%s", err.message);
        assert_same_model(names[0], names[i]);
    }
}

/* Stopped in the middle of an epoch, twice, and gone on with: the bits of an uninterrupted run. */
static void test_resume_continues(void **state)
{
    (void)state;
    struct satz_error err;
    struct run whole = {0};
    assert_int_equal(train("whole", &whole, 0, &err, NULL), 0);
    struct run first = {.stop_at = 13}, second = {.stop_at = 58}, third = {0};
    assert_int_equal(train("parts", &first, 0, &err, NULL), 1);
    assert_int_equal(first.updates, 13);
    assert_int_equal(train("parts", &second, 1, &err, NULL), 1);
    assert_int_equal(second.updates, 58 - 13);
    assert_int_equal(train("parts", &third, 1, &err, NULL), 0);
    assert_int_equal(first.updates + second.updates + third.updates, whole.updates);
    assert_same_model("whole", "parts");
    /* and once it is finished there is nothing to do */
    struct run again = {0};
    assert_int_equal(train("parts", &again, 1, &err, NULL), 0);
    assert_int_equal(again.updates, 0);
    assert_same_model("whole", "parts");
}

static void test_refuses(void **state)
{
    (void)state;
    struct satz_error err;
    struct run r = {0};
    static const char *const few[] = {"train.updates=2", NULL};
    assert_int_equal(train("refuses", &r, 0, &err, few), 0);
    assert_int_equal(train("refuses", &r, 0, &err, few), -1);
    assert_non_null(strstr(err.message, "--resume"));
    /* another shape of network than the checkpoint's */
    static const char *const wider[] = {"model.decoder_hidden=64", NULL};
    assert_int_equal(train("refuses", &r, 1, &err, wider), -1);
    assert_non_null(strstr(err.message, "checkpoint-00000002"));
    assert_non_null(strstr(err.message, "decoder"));
    static const char *const missing[] = {"data.train_source=/nowhere", NULL};
    assert_int_equal(train("missing", &r, 0, &err, missing), -1);
    assert_non_null(strstr(err.message, "/nowhere"));
}

static void test_keeps_the_last(void **state)
{
    (void)state;
    struct satz_error err;
    struct run r = {0};
    static const char *const more[] = {"train.keep_last=3", "train.average=3", NULL};
    assert_int_equal(train("keeps", &r, 0, &err, more), 0);
    char path[96];
    snprintf(path, sizeof path, "%s/keeps", folder);
    DIR *dir = opendir(path);
    assert_non_null(dir);
    int checkpoints = 0, temporary = 0;
    for (struct dirent *e; (e = readdir(dir));) {
        checkpoints += strncmp(e->d_name, "checkpoint-", 11) == 0;
        temporary += strstr(e->d_name, ".tmp") != NULL;
    }
    closedir(dir);
    assert_int_equal(checkpoints, 3);
    assert_int_equal(temporary, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_learns),           cmocka_unit_test(test_threads_do_not_matter),
        cmocka_unit_test(test_resume_continues), cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_keeps_the_last),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
