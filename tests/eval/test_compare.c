/* A comparison whose figures can be told by looking at the five lines. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include "eval.h"
#include "scratch.h"

static const char reference[] = "the cat sat on the mat\n"
                                "a b\n"
                                "one two three four five six seven eight nine ten eleven\n"
                                "x <b>&|*y*\n"
                                "it rains\n";
static const char baseline[] = "the cat sat on the mat\n"
                               "a b\n"
                               "one two three four five six seven eight nine ten twelve\n"
                               "x <b>&|*z*\n"
                               "it rains\n";
static const char worse[] = "the cat sat on the mat\n"
                            "b\n"
                            "two one four three six five eight seven ten nine one\n"
                            "x <b>&|*y*\n"
                            "it \"rains\"\n";
static const char training[] = "the cat the cat sat on it\n";

static struct scratch files[4];

static int setup(void **state)
{
    (void)state;
    files[0] = scratch_write(reference);
    files[1] = scratch_write(baseline);
    files[2] = scratch_write(worse);
    files[3] = scratch_write(training);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++)
        scratch_remove(&files[i]);
    return 0;
}

static struct comparison *compare(const struct compare_options *options)
{
    struct satz_error err = {0};
    const char *systems[] = {files[1].path, files[2].path};
    struct comparison *c = comparison_new(files[0].path, systems, 2, options, &err);
    assert_string_equal(err.message, "");
    assert_non_null(c);
    return c;
}

static void test_scores_are_the_metrics(void **state)
{
    (void)state;
    static const char *const metrics[] = {"ter", "bleu:tokenise=none"};
    struct comparison *c = compare(&(struct compare_options){.metrics = metrics, .n_metrics = 2});
    assert_int_equal(c->n_segments, 5);
    for (int m = 0; m < 2; m++) {
        struct metric *metric = metric_new(metrics[m], NULL);
        const char *references[] = {files[0].path};
        double scores[2];
        for (int s = 0; s < 2; s++) {
            struct statistics table = {0};
            assert_int_equal(
                metrics_add_files(&metric, 1, files[1 + s].path, references, 1, &table, NULL, NULL),
                0);
            scores[s] = metric_score(metric, table.sum);
            assert_true(c->metrics[m].systems[s].score == scores[s]);
            assert_true(c->metrics[m].systems[s].interval.low <= scores[s]);
            assert_true(c->metrics[m].systems[s].interval.high >= scores[s]);
        }
        assert_true(c->metrics[m].systems[1].difference.delta == scores[1] - scores[0]);
        assert_int_equal(c->metrics[m].lower_is_better, m == 0);
        metric_free(metric);
    }
    comparison_free(c);
}

/* Removing a line undoes its change; lines that are alike on both sides come last or not at all. */
static void test_sentences_that_move_the_score(void **state)
{
    (void)state;
    static const char *const metrics[] = {"ter:case_sensitive"};
    struct comparison *c =
        compare(&(struct compare_options){.metrics = metrics, .n_metrics = 1, .n_sentences = 2});
    assert_int_equal(c->n_sentences, 2);
    assert_int_equal(c->sentences[0].line, 3);
    assert_true(c->sentences[0].change < 0); /* TER is higher there, which speaks against it */
    assert_string_equal(c->sentences[0].hypothesis,
                        "two one four three six five eight seven ten nine one");
    assert_true(fabs(c->sentences[0].change) >= fabs(c->sentences[1].change));
    comparison_free(c);
}

static const struct compare_bucket *bucket(const struct compare_table *t, const char *label)
{
    for (int b = 0; b < t->n_buckets; b++)
        if (!strcmp(t->buckets[b].label, label))
            return &t->buckets[b];
    fail_msg("no bucket %s", label);
    return NULL;
}

static void test_buckets(void **state)
{
    (void)state;
    struct comparison *c = compare(&(struct compare_options){.training = files[3].path});
    assert_int_equal(c->n_tables, 3);
    const struct compare_table *length = &c->tables[0], *frequency = &c->tables[1];
    const struct compare_table *unknown = &c->tables[2];
    assert_int_equal(bucket(length, "0")->n, 0);
    assert_int_equal(bucket(length, "1-10")->n, 4);
    assert_int_equal(bucket(length, "11-20")->n, 1);
    /* sat, on, it are known once; the (twice) and cat twice */
    assert_int_equal(bucket(frequency, "1")->n, 3);
    assert_int_equal(bucket(frequency, "2-9")->n, 3);
    assert_true(bucket(frequency, "1")->values[0] == 100);
    assert_true(bucket(frequency, "2-9")->values[1] == 100);
    /* 30 words of the reference, 24 unknown; the baseline has 24 such words, 22 right */
    int64_t n = bucket(frequency, "0")->n;
    assert_true(fabs(bucket(frequency, "0")->values[0] - 100.0 * (double)(n - 2) / (double)n) <
                1e-9);
    /* unknown: mat; a b; all eleven; nine marks and letters; rains */
    assert_int_equal(bucket(unknown, "0")->n, 0);
    assert_int_equal(bucket(unknown, "1")->n, 2);
    assert_int_equal(bucket(unknown, "2")->n, 1);
    assert_int_equal(bucket(unknown, "5+")->n, 2);
    comparison_free(c);
    c = compare(NULL);
    assert_int_equal(c->n_tables, 2);
    assert_int_equal(bucket(&c->tables[1], "0")->n, 0);
    comparison_free(c);
}

/* The intervals are the bootstrap's whichever test gives p; the number of samples is the test's. */
static void test_tests(void **state)
{
    (void)state;
    struct comparison *a = compare(&(struct compare_options){.test = "randomisation"});
    struct comparison *b = compare(&(struct compare_options){.resampling.n_samples = 1});
    const struct compare_score *worse_a = &a->metrics[0].systems[1];
    const struct compare_score *worse_b = &b->metrics[0].systems[1];
    assert_true(worse_a->interval.low < worse_a->interval.high);
    assert_true(worse_a->difference.p > 0 && worse_a->difference.p < 1);
    for (int s = 0; s < 2; s++)
        assert_true(b->metrics[0].systems[s].interval.low ==
                    b->metrics[0].systems[s].interval.high);
    assert_true(worse_b->difference.p == 0.5 || worse_b->difference.p == 1);
    comparison_free(a);
    comparison_free(b);
}

static void test_json(void **state)
{
    (void)state;
    struct comparison *c = compare(&(struct compare_options){.training = files[3].path});
    char *text = comparison_write(c, "json", NULL);
    json_error_t why;
    json_t *root = json_loads(text, 0, &why);
    if (!root)
        fail_msg("%s at %d:%d", why.text, why.line, why.column);
    assert_int_equal(json_integer_value(json_object_get(root, "lines")), 5);
    assert_string_equal(json_string_value(json_array_get(json_object_get(root, "systems"), 1)),
                        files[2].path);
    const json_t *metric = json_array_get(json_object_get(root, "metrics"), 0);
    const json_t *system = json_array_get(json_object_get(metric, "systems"), 1);
    assert_true(fabs(json_real_value(json_object_get(system, "score")) -
                     c->metrics[0].systems[1].score) < 1e-12);
    assert_int_equal(json_array_size(json_object_get(root, "tables")), 3);
    const json_t *sentences = json_object_get(root, "sentences");
    assert_int_equal(json_array_size(sentences), c->n_sentences);
    for (size_t i = 0; i < c->n_sentences; i++)
        assert_string_equal(
            json_string_value(json_object_get(json_array_get(sentences, i), "hypothesis")),
            c->sentences[i].hypothesis);
    json_decref(root);
    free(text);
    comparison_free(c);
}

static void test_text_and_markdown(void **state)
{
    (void)state;
    struct comparison *c = compare(NULL);
    struct satz_error err = {0};
    char *text = comparison_write(c, "text", NULL),
         *markdown = comparison_write(c, "markdown", NULL);
    assert_non_null(strstr(text, "(baseline)\n"));
    assert_non_null(strstr(text, "5 lines; paired bootstrap"));
    assert_non_null(strstr(text, "ref  x <b>&|*y*\n"));
    assert_non_null(strstr(markdown, "x \\<b\\>\\&\\|\\*y\\*"));
    assert_null(strstr(markdown, "<b>"));
    assert_null(comparison_write(c, "yaml", &err));
    assert_non_null(strstr(err.message, "take text, json or markdown"));
    free(text);
    free(markdown);
    comparison_free(c);
}

static void test_mistakes_are_refused(void **state)
{
    (void)state;
    struct satz_error err = {0};
    const char *systems[] = {files[1].path, "-"}, *short_systems[] = {files[1].path, files[3].path};
    const char *bad[] = {"rouge"};
    assert_null(comparison_new(files[0].path, systems, 1, NULL, &err));
    assert_non_null(strstr(err.message, "at least two systems"));
    assert_null(comparison_new(files[0].path, systems, 2, NULL, &err));
    assert_non_null(strstr(err.message, "twice"));
    assert_null(comparison_new(files[0].path, short_systems, 2, NULL, &err));
    assert_non_null(strstr(err.message, "has only 1 lines"));
    systems[1] = files[2].path;
    assert_null(comparison_new(files[0].path, systems, 2,
                               &(struct compare_options){.metrics = bad, .n_metrics = 1}, &err));
    assert_non_null(strstr(err.message, "no metric \"rouge\""));
    assert_null(
        comparison_new(files[0].path, systems, 2, &(struct compare_options){.test = "sign"}, &err));
    assert_non_null(strstr(err.message, "no test \"sign\""));
    assert_null(comparison_new(files[0].path, systems, 2,
                               &(struct compare_options){.training = "/nonexistent"}, &err));
    assert_non_null(strstr(err.message, "/nonexistent: could not be opened"));
    comparison_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scores_are_the_metrics),
        cmocka_unit_test(test_sentences_that_move_the_score),
        cmocka_unit_test(test_buckets),
        cmocka_unit_test(test_tests),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_text_and_markdown),
        cmocka_unit_test(test_mistakes_are_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
