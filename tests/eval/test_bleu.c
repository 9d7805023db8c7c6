/* BLEU against figures worked out by hand and against sacreBLEU's for published counts. */
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

static void assert_near(double value, double expected, double tolerance)
{
    if (!(fabs(value - expected) <= tolerance))
        fail_msg("%.17g is not %.17g", value, expected);
}

static struct bleu *make(const struct bleu_options *options)
{
    struct satz_error err = {0};
    struct bleu *b = bleu_new(options, &err);
    assert_string_equal(err.message, "");
    assert_non_null(b);
    return b;
}

static void add(struct bleu *b, const char *hypothesis, const char *reference)
{
    assert_int_equal(bleu_add(b, hypothesis, &reference, 1, NULL, NULL), 0);
}

/* The score of one segment. */
static double score(const struct bleu_options *options, const char *hypothesis,
                    const char *reference)
{
    struct bleu *b = make(options);
    struct bleu_result r;
    add(b, hypothesis, reference);
    bleu_score(b, &r);
    bleu_free(b);
    return r.score;
}

static void test_geometric_mean(void **state)
{
    (void)state;
    /* 4/5, 3/4, 2/3, 1/2: their product is 1/5 */
    assert_near(score(NULL, "a b c d e", "a b c d f"), 100 * pow(0.2, 0.25), 1e-12);
    assert_near(score(NULL, "a b c d", "a b c d"), 100, 1e-12);
    assert_near(score(NULL, "x y", "a b c d"), 0, 0);
    assert_near(score(NULL, "", "a b c d"), 0, 0);
}

static void test_brevity_penalty(void **state)
{
    (void)state;
    assert_near(score(NULL, "a b c d", "a b c d e"), 100 * exp(1 - 5.0 / 4), 1e-12);
}

static void test_smoothing(void **state)
{
    (void)state;
    /* 3/5, 2/4, 1/3, 0/2; with one more order 0/1 */
    const char *h = "a b c x y", *r = "a b c d e";
    struct bleu_options o = {.smoothing = "exp"};
    assert_near(score(&o, h, r), 100 * pow(0.1 * 1 / 4, 0.25), 1e-12);
    o.max_order = 5;
    assert_near(score(&o, h, r), 100 * pow(0.1 * 1 / 4 * 1 / 4, 0.2), 1e-12);
    o = (struct bleu_options){.smoothing = "floor"};
    assert_near(score(&o, h, r), 100 * pow(0.1 * 0.1 / 2, 0.25), 1e-12);
    o = (struct bleu_options){.smoothing = "floor", .has_smooth_value = true, .smooth_value = 0.5};
    assert_near(score(&o, h, r), 100 * pow(0.1 * 0.5 / 2, 0.25), 1e-12);
    o = (struct bleu_options){.smoothing = "add-k"};
    assert_near(score(&o, h, r), 100 * pow(3.0 / 5 * 3 / 5 * 2 / 4 * 1 / 3, 0.25), 1e-12);
    o = (struct bleu_options){.smoothing = "none"};
    assert_near(score(&o, h, r), 0, 0);
}

static void test_effective_order(void **state)
{
    (void)state;
    struct bleu_options o = {.effective_order = true};
    assert_near(score(&o, "a b", "a b"), 100, 1e-12);
    assert_near(score(NULL, "a b", "a b"), 0, 0);
}

static void test_lower_case(void **state)
{
    (void)state;
    struct bleu_options o = {.lowercase = true};
    assert_near(score(&o, "ÜBER Alles in der", "über alles IN der"), 100, 1e-12);
    assert_near(score(NULL, "ÜBER Alles in der", "über alles IN der"),
                100 * pow(1.0 / 4 * 1 / 6 * 1 / 8 * 1 / 8, 0.25), 1e-12);
}

static void test_counts_are_clipped_by_the_best_reference(void **state)
{
    (void)state;
    /* the example of Papineni et al., section 2.1 */
    const char *references[] = {"the cat is on the mat", "there is a cat on the mat"};
    struct bleu *b = make(NULL);
    struct bleu_statistics s;
    assert_int_equal(bleu_add(b, "the the the the the the the", references, 2, &s, NULL), 0);
    assert_int_equal(s.correct[0], 2);
    assert_int_equal(s.total[0], 7);
    assert_int_equal(s.correct[1], 0);
    assert_int_equal(s.total[3], 4);
    assert_int_equal(s.reference_length, 7);
    bleu_free(b);
}

static void test_closest_reference_length(void **state)
{
    (void)state;
    const char *references[] = {"a b c d e f", "a b", "a b c d e f g"};
    struct bleu *b = make(NULL);
    struct bleu_statistics s;
    assert_int_equal(bleu_add(b, "a b c d", references, 3, &s, NULL), 0);
    assert_int_equal(s.reference_length, 2); /* 6 and 2 are equally close: the shorter */
    assert_int_equal(bleu_add(b, "a b c d e", references, 3, &s, NULL), 0);
    assert_int_equal(s.reference_length, 6);
    bleu_free(b);
}

static void test_missing_references(void **state)
{
    (void)state;
    const char *both[] = {"a b c d", "a c"}, *one[] = {"", "a b c d"}, *none[] = {"", NULL};
    char signature[128];
    struct bleu *b = make(NULL);
    struct bleu_statistics s;
    assert_int_equal(bleu_add(b, "a b c d", both, 2, NULL, NULL), 0);
    bleu_signature(b, signature, sizeof signature);
    assert_non_null(strstr(signature, "nrefs:2|"));
    assert_int_equal(bleu_add(b, "", one, 2, &s, NULL), 0);
    assert_int_equal(s.reference_length, 4); /* the empty one is not there, so not the closest */
    bleu_signature(b, signature, sizeof signature);
    assert_non_null(strstr(signature, "nrefs:var|"));
    assert_int_equal(bleu_add(b, "a b", none, 2, &s, NULL), 0);
    assert_int_equal(s.reference_length, 0);
    assert_int_equal(bleu_add(b, "a b", none, 0, &s, NULL), -1);
    bleu_free(b);
}

static void test_segments_add_up(void **state)
{
    (void)state;
    static const char *const hypotheses[] = {"The cat sat on the mat.", "It rains, it pours!",
                                             "A long, long way to go - 3.5 km."};
    static const char *const references[] = {"The cat sat on a mat.", "It rains and it pours!",
                                             "It is a long way to go - 3.5 km."};
    struct bleu *b = make(NULL);
    struct bleu_statistics sum = {0}, s;
    struct bleu_result whole, added;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(bleu_add(b, hypotheses[i], &references[i], 1, &s, NULL), 0);
        bleu_statistics_add(&sum, &s);
    }
    assert_memory_equal(&sum, bleu_sum(b), sizeof sum);
    bleu_score(b, &whole);
    bleu_score_statistics(b, &sum, &added);
    assert_true(whole.score > 40 && whole.score < 100);
    assert_near(whole.score, added.score, 0);
    bleu_clear(b);
    assert_int_equal(bleu_sum(b)->hypothesis_length, 0);
    bleu_free(b);
}

/* A long text after short ones and before them: the tables grow and are reused. */
static void test_length_does_not_matter(void **state)
{
    (void)state;
    char *text = malloc(60001);
    assert_non_null(text);
    for (int i = 0; i < 10000; i++)
        sprintf(text + (ptrdiff_t)i * 6, "%05d ", i * 7919 % 10007);
    struct bleu *b = make(NULL);
    struct bleu_result r;
    add(b, "a b c d e", "a b c d e");
    add(b, text, text);
    add(b, "a b c d e", "a b c d e");
    bleu_score(b, &r);
    assert_near(r.score, 100, 1e-9);
    assert_int_equal(r.hypothesis_length, 10010);
    assert_near(r.correct[3], 9997 + 2 + 2, 0);
    bleu_free(b);
    free(text);
}

/* Counts that sacreBLEU 2.6.0 found in a published output, and what it printed. */
static void test_text_equals_sacrebleu(void **state)
{
    (void)state;
    static const struct bleu_statistics counts = {
        .hypothesis_length = 62728,
        .reference_length = 61287,
        .correct = {36220, 18730, 10897, 6585},
        .total = {62728, 59724, 56720, 53716},
    };
    char text[256];
    struct bleu_result r;
    struct bleu *b = make(NULL);
    bleu_score_statistics(b, &counts, &r);
    assert_near(r.score, 25.55492935097985, 1e-13);
    int length = bleu_format(&r, 4, text, sizeof text);
    assert_string_equal(text, "BLEU = 25.5549 57.7/31.4/19.2/12.3 (BP = 1.000 ratio = 1.024 "
                              "hyp_len = 62728 ref_len = 61287)");
    assert_int_equal(length, strlen(text));
    assert_int_equal(bleu_format(&r, 4, text, 14), length);
    assert_string_equal(text, "BLEU = 25.554");
    bleu_free(b);

    b = make(&(struct bleu_options){.smoothing = "add-k"});
    bleu_score_statistics(b, &counts, &r);
    bleu_format(&r, 2, text, sizeof text);
    assert_string_equal(text, "BLEU = 25.56 57.7/31.4/19.2/12.3 (BP = 1.000 ratio = 1.024 "
                              "hyp_len = 62728 ref_len = 61287)");
    assert_near(r.correct[3], 6586, 0);
    bleu_free(b);

    static const struct bleu_statistics short_counts = {
        .hypothesis_length = 314106,
        .reference_length = 316770,
        .correct = {268271, 207900, 168706, 144512},
        .total = {314106, 311102, 308098, 305094},
    };
    b = make(NULL);
    bleu_score_statistics(b, &short_counts, &r);
    bleu_format(&r, 4, text, sizeof text);
    assert_string_equal(text, "BLEU = 61.5045 85.4/66.8/54.8/47.4 (BP = 0.992 ratio = 0.992 "
                              "hyp_len = 314106 ref_len = 316770)");
    bleu_free(b);
}

static void test_signature(void **state)
{
    (void)state;
    char text[128];
    struct bleu *b = make(NULL);
    add(b, "a", "a");
    bleu_signature(b, text, sizeof text);
    assert_string_equal(text, "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:" EVAL_VERSION);
    bleu_free(b);
    b = make(&(struct bleu_options){
        .tokenise = "none", .smoothing = "floor", .lowercase = true, .effective_order = true});
    add(b, "a", "a");
    bleu_signature(b, text, sizeof text);
    assert_string_equal(text, "nrefs:1|case:lc|eff:yes|tok:none|smooth:floor[0.10]|"
                              "version:" EVAL_VERSION);
    bleu_free(b);
}

static void check_refused(const struct bleu_options *options, const char *part_of_message)
{
    struct satz_error err = {0};
    assert_null(bleu_new(options, &err));
    assert_non_null(strstr(err.message, part_of_message));
}

static void test_options_are_checked(void **state)
{
    (void)state;
    check_refused(&(struct bleu_options){.tokenise = "14a"}, "take 13a");
    check_refused(&(struct bleu_options){.smoothing = "add"}, "exp, floor, add-k or none");
    check_refused(&(struct bleu_options){.max_order = 9}, "from 1 to 8");
    check_refused(&(struct bleu_options){.max_order = -1}, "from 1 to 8");
    check_refused(&(struct bleu_options){.has_smooth_value = true, .smooth_value = 1},
                  "only floor and add-k");
    check_refused(&(struct bleu_options){.has_smooth_value = true, .smooth_value = -1},
                  "must not be negative");
    bleu_free(NULL);
}

/* Writes the bytes to a new file whose name replaces the X's of path. */
static void write_file(char *path, const char *bytes, size_t n)
{
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, bytes, n), n);
    close(file);
}

static void test_files(void **state)
{
    (void)state;
    char two[] = "/tmp/satz-bleu-XXXXXX", crlf[] = "/tmp/satz-bleu-XXXXXX";
    char three[] = "/tmp/satz-bleu-XXXXXX", nul[] = "/tmp/satz-bleu-XXXXXX";
    write_file(two, "a b c d\ne f g h", 15);
    write_file(crlf, "a b c d\r\ne f g h\r\n", 18);
    write_file(three, "a b c d\ne f g h\ni\n", 18);
    write_file(nul, "a b\0c d\ne f g h\n", 16);
    const char *references[] = {crlf, two};
    struct satz_error err = {0};
    struct bleu_result r;
    struct bleu *b = make(NULL);
    assert_int_equal(bleu_add_files(b, two, references, 2, &err), 0);
    bleu_score(b, &r);
    assert_near(r.score, 100, 1e-12);
    assert_int_equal(r.hypothesis_length, 8);

    references[0] = three;
    assert_int_equal(bleu_add_files(b, two, references, 1, &err), -1);
    assert_non_null(strstr(err.message, two));
    assert_non_null(strstr(err.message, "only 2 lines"));
    references[0] = nul;
    assert_int_equal(bleu_add_files(b, two, references, 1, &err), -1);
    assert_non_null(strstr(err.message, ":1: the line holds a NUL byte"));
    references[0] = "/nonexistent/reference";
    assert_int_equal(bleu_add_files(b, two, references, 1, &err), -1);
    assert_non_null(strstr(err.message, "/nonexistent/reference: could not be opened"));
    references[0] = "-";
    assert_int_equal(bleu_add_files(b, "-", references, 1, &err), -1);
    assert_non_null(strstr(err.message, "one file only"));
    bleu_free(b);
    unlink(two);
    unlink(crlf);
    unlink(three);
    unlink(nul);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_geometric_mean),
        cmocka_unit_test(test_brevity_penalty),
        cmocka_unit_test(test_smoothing),
        cmocka_unit_test(test_effective_order),
        cmocka_unit_test(test_lower_case),
        cmocka_unit_test(test_counts_are_clipped_by_the_best_reference),
        cmocka_unit_test(test_closest_reference_length),
        cmocka_unit_test(test_missing_references),
        cmocka_unit_test(test_segments_add_up),
        cmocka_unit_test(test_length_does_not_matter),
        cmocka_unit_test(test_text_equals_sacrebleu),
        cmocka_unit_test(test_signature),
        cmocka_unit_test(test_options_are_checked),
        cmocka_unit_test(test_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
