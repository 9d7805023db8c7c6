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

/* Nor with what is drawn and what is fitted besides the loss: the words of hard attention and its
 * baseline; nor do they end a run's resumption in other bits. */
static void test_draws_do_not_depend_on_threads(void **state)
{
    (void)state;
    struct satz_error err;
    static const char *const one[] = {"attention.window=hard", "train.epochs=1", "train.threads=1",
                                      NULL};
    static const char *const two[] = {"attention.window=hard", "train.epochs=1", "train.threads=2",
                                      NULL};
    struct run whole = {0}, first = {.stop_at = 17}, second = {0};
    assert_int_equal(train("drawn", &whole, 0, &err, one), 0);
    assert_int_equal(train("drawn-parts", &first, 0, &err, two), 1);
    assert_int_equal(train("drawn-parts", &second, 1, &err, two), 0);
    assert_int_equal(first.updates, 17);
    assert_same_model("drawn", "drawn-parts");
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

/* A run can begin with another's model: at a rate of 0 it ends with the same one. */
static void test_begins_with_a_model(void **state)
{
    (void)state;
    struct run r = {0};
    struct satz_error err;
    char start[160], other[160];
    const char *const first[] = {"train.updates=30", NULL};
    assert_int_equal(train("first", &r, 0, &err, first), 0);
    snprintf(start, sizeof start, "train.start=%s/first/model.safetensors", folder);
    const char *const again[] = {start,
                                 "optimizer.rate=0",
                                 "train.seed=2",
                                 "train.updates=1",
                                 "tokenizer.vocabulary=30",
                                 "train.ema=0.5",
                                 NULL};
    if (train("again", &r, 0, &err, again) < 0)
        fail_msg("%s", err.message);
    struct tensors a, b;
    open_model("first", &a);
    open_model("again", &b);
    assert_int_equal(a.n, b.n);
    for (size_t i = 0; i < a.n; i++) {
        size_t bytes;
        assert_int_equal(tensor_bytes(&a.items[i], &bytes), 0);
        assert_memory_equal(a.items[i].data, b.items[i].data, bytes);
    }
    tensors_release(&a);
    tensors_release(&b);
    const char *const wider[] = {start, "model.embedding=32", NULL};
    assert_int_equal(train("wider", &r, 0, &err, wider), -1);
    assert_non_null(strstr(err.message, "train.start"));
    assert_non_null(strstr(err.message, "target.embedding"));
    snprintf(other, sizeof other, "train.start=%s/none.safetensors", folder);
    const char *const none[] = {other, NULL};
    assert_int_equal(train("none", &r, 0, &err, none), -1);
    assert_non_null(strstr(err.message, "none.safetensors"));
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

static struct strbuf read_log(const char *name)
{
    char path[160];
    struct strbuf log = {0};
    snprintf(path, sizeof path, "%s/%s/log.jsonl", folder, name);
    assert_int_equal(file_read(path, 1 << 20, &log, NULL), 0);
    return log;
}

/* The log of a run that was killed after its checkpoint, with half a line, is that of one sitting.
 */
static void test_log_is_taken_back(void **state)
{
    (void)state;
    struct satz_error err;
    char path[160];
    struct run r = {0}, stopped = {.stop_at = 40}, rest = {0};
    assert_int_equal(train("log-whole", &r, 0, &err, NULL), 0);
    assert_int_equal(train("log-parts", &stopped, 0, &err, NULL), 1);
    snprintf(path, sizeof path, "%s/log-parts/log.jsonl", folder);
    FILE *f = fopen(path, "a");
    fputs("{\"event\": \"update\", \"update\": 50, \"epoch\": 2}\n", f);
    fputs("{\"event\": \"validation\", \"update\": 50}\n{\"event\": \"upd", f);
    fclose(f);
    assert_int_equal(train("log-parts", &rest, 1, &err, NULL), 0);
    struct strbuf whole = read_log("log-whole"), parts = read_log("log-parts");
    const char *a = strbuf_text(&whole), *b = strbuf_text(&parts);
    int lines = 0;
    for (; *a && *b; lines++) { /* the same events of the same updates; figures of speed differ */
        size_t n = strcspn(a, ":"), to_epoch = (size_t)(strstr(a, "\"epoch\"") - a);
        assert_true(n < to_epoch);
        assert_memory_equal(a, b, to_epoch);
        a += strcspn(a, "\n") + 1;
        b += strcspn(b, "\n") + 1;
    }
    assert_true(*a == *b && lines >= 14);
    strbuf_release(&whole);
    strbuf_release(&parts);
}

static void test_changed_text_is_refused(void **state)
{
    (void)state;
    struct satz_error err;
    struct run r = {.stop_at = 45}, more = {0};
    static const char *const shorter[] = {"data.max_length=6", NULL};
    static const char *const allowed[] = {"data.max_length=6", "data.may_change=true", NULL};
    assert_int_equal(train("text", &r, 0, &err, NULL), 1);
    assert_int_equal(train("text", &more, 1, &err, shorter), -1);
    assert_non_null(strstr(err.message, "data.may_change"));
    assert_non_null(strstr(err.message, "checkpoint-00000045"));
    assert_int_equal(train("text", &more, 1, &err, allowed), 0);
    struct run again = {0};
    assert_int_equal(train("text", &again, 1, &err, allowed), 0);
}

/* Improvements that are too small do not count, however many they are. */
static void test_patience_asks_for_a_margin(void **state)
{
    (void)state;
    struct satz_error err;
    struct run r = {0}, patient = {0};
    static const char *const strict[] = {"validation.min_delta=1000", "validation.patience=2",
                                         "validation.every=10", NULL};
    static const char *const loose[] = {"validation.patience=2", "validation.every=10",
                                        "train.updates=60", NULL};
    assert_int_equal(train("strict", &r, 0, &err, strict), 0);
    assert_int_equal(r.updates, 30);
    assert_string_equal(r.ending, "validation has stopped improving");
    assert_int_equal(train("loose", &patient, 0, &err, loose), 0);
    assert_int_equal(patient.updates, 60);
    /* the best model is the last one all the same */
    struct strbuf bytes = model_bytes("strict");
    assert_non_null(memmem(bytes.data, bytes.length, "\\\"update\\\": 30", 14));
    strbuf_release(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_learns),
        cmocka_unit_test(test_threads_do_not_matter),
        cmocka_unit_test(test_draws_do_not_depend_on_threads),
        cmocka_unit_test(test_resume_continues),
        cmocka_unit_test(test_begins_with_a_model),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_keeps_the_last),
        cmocka_unit_test(test_log_is_taken_back),
        cmocka_unit_test(test_changed_text_is_refused),
        cmocka_unit_test(test_patience_asks_for_a_margin),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
