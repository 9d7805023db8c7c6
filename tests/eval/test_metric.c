/* What all metrics have in common: specifications, rows of statistics, files. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "eval.h"

static void check_refused(const char *specification, const char *part_of_message)
{
    struct satz_error err = {0};
    assert_null(metric_new(specification, &err));
    if (!strstr(err.message, part_of_message))
        fail_msg("\"%s\" does not say \"%s\"", err.message, part_of_message);
}

static void test_specifications(void **state)
{
    (void)state;
    check_refused("blue", "There is no metric \"blue\"; take bleu");
    check_refused("", "There is no metric \"\"");
    check_refused("bleu:tok=13a", "bleu has no option \"tok\"; it has tokenise, smoothing,");
    check_refused("bleu:tokenise", "it must be 13a, none, intl, char or zh");
    check_refused("bleu:tokenise=14a", "is \"14a\"; it must be 13a,");
    check_refused("bleu:lowercase=maybe", "it must be yes or no");
    check_refused("bleu:max_order=9", "a whole number from 1 to 8");
    check_refused("bleu:max_order=2.5", "a whole number from 1 to 8");
    check_refused("chrf:beta=2x", "a whole number from 1 to 100");
    check_refused("bleu:smooth_value=nan,smoothing=floor", "a number from 0");
    metric_free(NULL);
}

static void test_options_arrive(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"bleu", "case:mixed|eff:no|tok:13a|smooth:exp|"},
        {"bleu:", "case:mixed|eff:no|tok:13a|smooth:exp|"},
        {"bleu:tokenise=zh,lowercase=yes,effective_order", "case:lc|eff:yes|tok:zh|smooth:exp|"},
        {"bleu:smoothing=floor", "smooth:floor[0.10]|"},
        {"bleu:smoothing=floor,smooth_value=0", "smooth:floor[0.00]|"},
    };
    char text[128];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct metric *m = metric_new(cases[i][0], NULL);
        assert_non_null(m);
        metric_signature(m, text, sizeof text);
        assert_non_null(strstr(text, cases[i][1]));
        metric_free(m);
    }
}

static void test_help_names_every_option(void **state)
{
    (void)state;
    char text[1024];
    assert_string_equal(metric_name(0), "bleu");
    assert_null(metric_name(-1));
    for (int i = 0; metric_name(i); i++) {
        assert_true(metric_help(i, text, sizeof text) > 20);
        assert_non_null(strstr(text, ": yes or no\n"));
    }
    metric_help(0, text, sizeof text);
    assert_non_null(strstr(text, "smoothing: exp, floor, add-k or none\n"));
    assert_int_equal(metric_help(0, NULL, 0), strlen(text));
}

/* A row through the interface is BLEU's own. */
static void test_bleu_is_bleu(void **state)
{
    (void)state;
    const char *hypothesis = "The cat sat on the mat.", *reference = "The cat sat on a mat.";
    double row[METRIC_STATISTICS_LIMIT];
    char text[256], own[256];
    struct bleu_result r;
    struct metric *m = metric_new("bleu:max_order=3", NULL);
    struct bleu *b = bleu_new(&(struct bleu_options){.max_order = 3}, NULL);
    assert_int_equal(metric_n_statistics(m), 8);
    assert_int_equal(metric_count(m, hypothesis, &reference, 1, row, NULL), 0);
    assert_int_equal(bleu_add(b, hypothesis, &reference, 1, NULL, NULL), 0);
    bleu_score(b, &r);
    assert_true(metric_score(m, row) == r.score);
    metric_format(m, row, 3, text, sizeof text);
    bleu_format(&r, 3, own, sizeof own);
    assert_string_equal(text, own);
    metric_free(m);
    bleu_free(b);
}

static void write_file(char *path, const char *text)
{
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, text, strlen(text)), strlen(text));
    close(file);
}

/* All metrics in one pass: the rows are those of metric_count and their sum is `sum`. */
static void test_files(void **state)
{
    (void)state;
    char hypothesis[] = "/tmp/satz-metric-XXXXXX", reference[] = "/tmp/satz-metric-XXXXXX";
    char shorter[] = "/tmp/satz-metric-XXXXXX";
    write_file(hypothesis, "a b c\nd e f g\n\n");
    write_file(reference, "a b x\nd e f g\nh\n");
    write_file(shorter, "a b c\n");
    struct metric *metrics[8];
    struct statistics tables[8] = {0};
    const char *references[] = {reference};
    struct satz_error err = {0};
    int n = 0;
    for (; metric_name(n); n++) {
        metrics[n] = metric_new(metric_name(n), NULL);
        tables[n].keep = n % 2 == 0;
    }
    assert_int_equal(metrics_add_files(metrics, n, hypothesis, references, 1, tables, NULL, &err),
                     0);
    for (int i = 0; i < n; i++) {
        const char *text = "a b x";
        double row[METRIC_STATISTICS_LIMIT];
        assert_int_equal(tables[i].n_segments, 3);
        assert_int_equal(tables[i].width, metric_n_statistics(metrics[i]));
        assert_int_equal(tables[i].rows != NULL, tables[i].keep);
        assert_int_equal(metric_count(metrics[i], "a b c", &text, 1, row, NULL), 0);
        for (int k = 0; tables[i].keep && k < tables[i].width; k++) {
            double sum = 0;
            for (int line = 0; line < 3; line++)
                sum += tables[i].rows[line * tables[i].width + k];
            assert_true(sum == tables[i].sum[k]);
            assert_true(row[k] == tables[i].rows[k]);
        }
    }
    assert_int_equal(metrics_add_files(metrics, n, shorter, references, 1, tables, NULL, &err), -1);
    assert_non_null(strstr(err.message, "has only 1 lines"));
    for (int i = 0; i < n; i++) {
        statistics_release(&tables[i]);
        metric_free(metrics[i]);
    }
    unlink(hypothesis);
    unlink(reference);
    unlink(shorter);
}

/* As in sacreBLEU, lines of files lose the white space at their end, "\r" included. */
static void test_lines_are_stripped(void **state)
{
    (void)state;
    char hypothesis[] = "/tmp/satz-metric-XXXXXX", reference[] = "/tmp/satz-metric-XXXXXX";
    write_file(hypothesis, "a b \u3000\r\nc\t\n \n");
    write_file(reference, "a b\nc\n\n");
    struct metric *m = metric_new("chrf:whitespace", NULL);
    struct statistics s = {0};
    const char *references[] = {reference};
    assert_int_equal(metrics_add_files(&m, 1, hypothesis, references, 1, &s, NULL, NULL), 0);
    assert_true(s.sum[0] == 4 && s.sum[1] == 4 && s.sum[2] == 4);
    statistics_release(&s);
    metric_free(m);
    unlink(hypothesis);
    unlink(reference);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_specifications),
        cmocka_unit_test(test_options_arrive),
        cmocka_unit_test(test_help_names_every_option),
        cmocka_unit_test(test_bleu_is_bleu),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_lines_are_stripped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
