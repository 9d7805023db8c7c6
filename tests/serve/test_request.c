/* What may be asked for and what is refused, and how answers look. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "serve/answer.h"
#include "serve/request.h"

static const struct request_limits limits = {
    .body = 300, .sentences = 3, .sentence = 20, .beam = 4, .attention = true};

static void parse(struct request *r, const char *text)
{
    struct problem p = {0};
    if (request_parse(r, text, strlen(text), &limits, &p) < 0)
        fail_msg("%s: %s", text, p.message);
}

static void test_requests(void **state)
{
    struct request r;
    (void)state;
    parse(&r, "{\"text\": \"a b\"}");
    assert_true(r.single);
    assert_int_equal(r.n, 1);
    assert_string_equal(r.texts[0], "a b");
    assert_int_equal(r.lengths[0], 3);
    assert_int_equal(r.n_best, 0);
    assert_int_equal(r.alignment, ALIGNMENT_NONE);
    assert_int_equal(r.units, SATZ_WORDS);
    request_release(&r);
    parse(&r, " {\"units\": \"subwords\", \"alignment\": \"links\", \"n_best\": 4,"
              "\"text\": [\"\\u00fcber\", \"\"]} ");
    assert_false(r.single);
    assert_int_equal(r.n, 2);
    assert_string_equal(r.texts[0], "über");
    assert_int_equal(r.lengths[1], 0);
    assert_int_equal(r.n_best, 4);
    assert_int_equal(r.alignment, ALIGNMENT_LINKS);
    assert_int_equal(r.units, SATZ_SUBWORDS);
    request_release(&r);
    assert_null(r.texts);
}

static void test_refused(void **state)
{
    static const struct {
        const char *text;
        int status;
        const char *message;
    } cases[] = {
        {"", 400, "the request is empty"},
        {"{\"text\": \"a\"", 400, "this is not JSON: line 1, column 12"},
        {"{\"text\": \"a\"} x", 400, "this is not JSON"},
        {"{\"text\": \"\xff\"}", 400, "this is not JSON"},
        {"{\"text\": \"a\\u0000b\"}", 400, "this is not JSON"},
        {"{\"text\": \"\\u0\322\231\234\321\"}", 400, "this is not JSON"}, /* which it quotes */
        {"{\"text\": \"a\", \"text\": \"b\"}", 400, "duplicate"},
        {"[\"a\"]", 400, "the request is an array; it must be an object"},
        {"null", 400, "the request is null; it must be an object"},
        {"{}", 400, "\"text\" is missing"},
        {"{\"txet\": \"a\"}", 400, "no field \"txet\"; did you mean \"text\"?"},
        {"{\"text\": \"a\", \"nbest\": 2}", 400, "did you mean \"n_best\"?"},
        {"{\"text\": \"a\", \"temperature\": 2}", 400, "there are text, n_best, alignment and"},
        {"{\"text\": 7}", 400, "\"text\" is a whole number; it must be a string or an array"},
        {"{\"text\": []}", 400, "\"text\" is an empty array"},
        {"{\"text\": [\"a\", null]}", 400, "\"text\"[1] is null; it must be a string"},
        {"{\"text\": [\"a\", [\"b\"]]}", 400, "\"text\"[1] is an array"},
        {"{\"text\": [\"a\",\"b\",\"c\",\"d\"]}", 413, "\"text\" has 4 sentences; a request may"},
        {"{\"text\": \"abcdefghijklmnopqrstu\"}", 413, "\"text\" has 21 bytes; a sentence may"},
        {"{\"text\": [\"\",\"abcdefghijklmnopqrstu\"]}", 413, "\"text\"[1] has 21 bytes"},
        {"{\"text\": \"a\", \"n_best\": 0}", 400, "\"n_best\" is 0; it must be between 1 and 4"},
        {"{\"text\": \"a\", \"n_best\": 5}", 400, "\"n_best\" is 5; it must be between 1 and 4"},
        {"{\"text\": \"a\", \"n_best\": 1.5}", 400, "\"n_best\" is a number with a fraction"},
        {"{\"text\": \"a\", \"n_best\": 99999999999999999999}", 400, "this is not JSON"},
        {"{\"text\": \"a\", \"alignment\": true}", 400,
         "\"alignment\" is true; it must be \"none\""},
        {"{\"text\": \"a\", \"alignment\": \"weigths\"}", 400, "did you mean \"weights\"?"},
        {"{\"text\": \"a\", \"units\": \"letters of\"}", 400,
         "it must be \"words\" or \"subwords\""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct problem p = {0};
        struct request r;
        assert_int_equal(request_parse(&r, cases[i].text, strlen(cases[i].text), &limits, &p), -1);
        if (p.status != cases[i].status || !strstr(p.message, cases[i].message))
            fail_msg("%s: %d %s", cases[i].text, p.status, p.message);
        assert_null(r.texts);
        assert_null(r.json);
        char *answer = answer_problem(&p);
        assert_non_null(answer);
        free(answer);
    }
}

static void test_body_and_attention(void **state)
{
    struct problem p = {0};
    struct request r;
    char large[400];
    (void)state;
    memset(large, ' ', sizeof large);
    assert_int_equal(request_parse(&r, large, 301, &limits, &p), -1);
    assert_int_equal(p.status, 413);
    assert_non_null(strstr(p.message, "301 bytes; it may have 300"));
    struct request_limits blind = limits;
    blind.attention = false;
    static const char links[] = "{\"text\":\"a\",\"alignment\":\"links\"}";
    assert_int_equal(request_parse(&r, links, sizeof links - 1, &blind, &p), -1);
    assert_non_null(strstr(p.message, "this model has no attention"));
    static const char none[] = "{\"text\":\"a\",\"alignment\":\"none\"}";
    assert_int_equal(request_parse(&r, none, sizeof none - 1, &blind, &p), 0);
    request_release(&r);
}

/* A message that is cut stays UTF-8. */
static void test_long_problems(void **state)
{
    (void)state;
    for (size_t shift = 0; shift < 4; shift++) {
        char text[1200] = "";
        memset(text, 'x', shift);
        for (size_t i = shift; i + 4 < sizeof text; i += 4)
            memcpy(text + i, "\U0001F600", 5);
        struct problem p = {0};
        assert_int_equal(problem_set(&p, 400, "%s", text), -1);
        size_t n = strlen(p.message);
        assert_in_range(n, sizeof p.message - 4, sizeof p.message - 1);
        assert_int_equal((n - shift) % 4, 0);
        assert_int_equal(strncmp(p.message, text, n), 0);
    }
}

static void assert_answer(const struct request *r, json_t *const *sentences, const char *expected)
{
    char *text = answer_text(r, sentences);
    assert_non_null(text);
    assert_string_equal(text, expected);
    free(text);
}

static void test_answers(void **state)
{
    const struct satz_hypothesis hypotheses[] = {
        {.text = "eins \"zwei\"", .score = -0.25, .log_probability = -1, .tokens = 3},
        {.text = "zwei", .score = -0.5, .log_probability = -1.5, .tokens = 2}};
    const struct satz_translation t = {.hypotheses = hypotheses, .n = 2, .truncated = 1};
    struct request r = {.single = true, .n = 1};
    (void)state;
    json_t *plain = answer_sentence(&r, &t);
    assert_answer(&r, &plain,
                  "{\"translation\":\"eins \\\"zwei\\\"\",\"score\":-0.25,"
                  "\"log_probability\":-1.0,\"tokens\":3,\"truncated\":true}");
    r.single = false;
    r.n_best = 1;
    json_t *best = answer_sentence(&r, &t);
    assert_answer(&r, &best,
                  "{\"translations\":[{\"translation\":\"eins \\\"zwei\\\"\",\"score\":-0.25,"
                  "\"log_probability\":-1.0,\"tokens\":3,\"truncated\":true,\"n_best\":["
                  "{\"translation\":\"eins \\\"zwei\\\"\",\"score\":-0.25,"
                  "\"log_probability\":-1.0,\"tokens\":3}]}]}");
    json_decref(plain);
    json_decref(best);
}

/* Rows are target words; the last column and row are the ends. */
static void test_alignments(void **state)
{
    const char *sources[] = {"a", "b", "</s>"}, *targets[] = {"X", "Y", "Z", "</s>"};
    const float weights[] = {.25f, .5f, .25f, .5f, .25f, .25f, 0, .25f, .75f, 0, 0, 1};
    const struct satz_attention a = {
        .sources = sources, .targets = targets, .weights = weights, .n_sources = 3, .n_targets = 4};
    const struct {
        enum alignment alignment;
        const struct satz_attention *attention;
        const char *answer;
    } cases[] = {
        {ALIGNMENT_LINKS, &a,
         "{\"alignment\":{\"source\":[\"a\",\"b\"],\"target\":[\"X\",\"Y\",\"Z\"],"
         "\"links\":\"1-0 0-1\"}}"},
        {ALIGNMENT_WEIGHTS, &a,
         "{\"alignment\":{\"source\":[\"a\",\"b\",\"</s>\"],"
         "\"target\":[\"X\",\"Y\",\"Z\",\"</s>\"],\"weights\":[[0.25,0.5,0.25],"
         "[0.5,0.25,0.25],[0.0,0.25,0.75],[0.0,0.0,1.0]]}}"},
        {ALIGNMENT_LINKS, NULL, "{\"alignment\":{\"source\":[],\"target\":[],\"links\":\"\"}}"},
        {ALIGNMENT_WEIGHTS, NULL, "{\"alignment\":{\"source\":[],\"target\":[],\"weights\":[]}}"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct request r = {.single = true, .n = 1, .alignment = cases[i].alignment};
        json_t *sentence = json_object();
        assert_int_equal(answer_add_alignment(sentence, &r, cases[i].attention), 0);
        assert_answer(&r, &sentence, cases[i].answer);
        json_decref(sentence);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_body_and_attention),
        cmocka_unit_test(test_long_problems),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_alignments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
