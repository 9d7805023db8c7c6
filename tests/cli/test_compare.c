/* `satz compare`: every option and format. */
#include "program.h"

#include <jansson.h>

/* Twelve lines: "good" has a fault in seven of them, "bad" one or two in each. */
static void write_files(struct fixture *f)
{
    assert_status(f,
                  "for i in $(seq 12); do echo \"the $i cat sat on a mat, rare$i.\"; done >$D/ref; "
                  "sed '1,7s/a mat/the mat/' $D/ref >$D/good; "
                  "sed 's/sat on/on/; 5s/mat/hat/' $D/ref >$D/bad; "
                  "printf 'the cat sat on a mat, .\\n' >$D/train",
                  0);
}

static json_t *load(struct fixture *f)
{
    json_error_t problem;
    json_t *root = json_loads(strbuf_text(&f->out), 0, &problem);
    if (!root)
        fail_msg("%s in %s", problem.text, strbuf_text(&f->out));
    return root;
}

static json_t *at(json_t *value, const char *key, size_t index)
{
    json_t *found = json_array_get(json_object_get(value, key), index);
    assert_non_null(found);
    return found;
}

static double number(const json_t *object, const char *key)
{
    assert_true(json_is_number(json_object_get(object, key)));
    return json_number_value(json_object_get(object, key));
}

static const char *string(const json_t *object, const char *key)
{
    assert_true(json_is_string(json_object_get(object, key)));
    return json_string_value(json_object_get(object, key));
}

static void test_text(void **state)
{
    struct fixture *f = *state;
    write_files(f);
    assert_status(f, "satz compare $D/ref $D/bad $D/good $D/ref", 0);
    assert_string_equal(strbuf_text(&f->err), "");
    assert_holds(&f->out, "/bad (baseline)\n");
    assert_holds(&f->out, "12 lines; paired bootstrap with 1000 samples and seed 0");
    assert_holds(&f->out, "BLEU (nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|");
    assert_holds(&f->out, "chrF2 (nrefs:1|");
    assert_holds(&f->out, "Reference length in words: BLEU");
    assert_holds(&f->out, "Frequency of a word in the reference: F1 of words");
    assert_holds(&f->out, "/good most\n");
    assert_holds(&f->out, "warning: "); /* the third system is the reference */
}

static void test_json_and_options(void **state)
{
    struct fixture *f = *state;
    write_files(f);
    assert_status(f,
                  "satz compare --json -m ter -m chrf:word_order=2 --samples 200 --seed 5 "
                  "--sentences 3 --train $D/train $D/ref $D/bad $D/good",
                  0);
    json_t *root = load(f), *ter = at(root, "metrics", 0), *good = at(ter, "systems", 1);
    assert_string_equal(string(root, "test"), "bootstrap");
    assert_true(number(root, "samples") == 200 && number(root, "seed") == 5);
    assert_string_equal(string(ter, "name"), "TER");
    assert_string_equal(string(at(root, "metrics", 1), "name"), "chrF2++");
    assert_true(json_is_true(json_object_get(ter, "lower_is_better")));
    assert_true(number(good, "delta") < 0 && number(good, "p") < 0.05);
    assert_true(number(json_object_get(good, "delta_interval"), "high") < 0);
    assert_int_equal(json_array_size(json_object_get(root, "sentences")), 3);
    assert_string_equal(string(at(root, "tables", 1), "title"),
                        "Frequency of a word in the training text");
    assert_string_equal(string(at(root, "tables", 2), "title"),
                        "Words of the reference that the training text lacks");
    assert_true(number(at(at(root, "tables", 2), "buckets", 2), "n") == 12);
    /* In line 1 the systems are equally good: without it they would differ more. */
    assert_true(number(at(root, "sentences", 0), "line") == 1);
    assert_true(number(at(root, "sentences", 0), "change") < 0);
    json_decref(root);
}

static void test_randomisation(void **state)
{
    struct fixture *f = *state;
    write_files(f);
    assert_status(f, "satz compare --json --trials 300 $D/ref $D/bad $D/good", 0);
    json_t *root = load(f);
    assert_string_equal(string(root, "test"), "randomisation");
    assert_true(number(root, "samples") == 300);
    json_decref(root);
    assert_status(f, "satz compare --test randomisation $D/ref $D/bad $D/good", 0);
    assert_holds(&f->out, "paired randomisation with 10000 samples and seed 0");
}

static void test_markdown(void **state)
{
    struct fixture *f = *state;
    write_files(f);
    assert_status(f, "satz compare --markdown $D/ref $D/bad $D/good", 0);
    assert_holds(&f->out, "# Comparison of 2 systems\n");
    assert_holds(&f->out, "| system | score | 95% interval | delta | 95% interval | p |\n");
    assert_string_equal(strbuf_text(&f->err), "");
    assert_status(f, "satz compare --markdown $D/ref $D/bad $D/ref", 0);
    assert_holds(&f->out, "> **Warning:** ");
    assert_holds(&f->err, "satz compare: warning: ");
}

static void test_same_seed_same_output(void **state)
{
    struct fixture *f = *state;
    write_files(f);
    assert_prints(f,
                  "satz compare --json --seed 1 $D/ref $D/bad $D/good >$D/a; "
                  "satz compare --json --seed 1 $D/ref $D/bad $D/good | cmp - $D/a; "
                  "satz compare --json --seed 2 $D/ref $D/bad $D/good | cmp -s - $D/a; echo $?",
                  "1\n");
}

static void test_wrong_usage(void **state)
{
    struct fixture *f = *state;
    write_files(f);
    assert_refused(f, "satz compare $D/ref $D/bad", 2, "at least one system");
    assert_refused(f, "satz compare -m blue a b c", 2, "--metric blue: There is no metric");
    assert_refused(f, "satz compare --test t a b c", 2, "take bootstrap or randomisation");
    assert_refused(f, "satz compare --test bootstrap --trials 9 a b c", 2,
                   "--trials is for --test");
    assert_refused(f, "satz compare --samples 9 --test randomisation a b c", 2, "--samples is for");
    assert_refused(f, "satz compare --samples 9 --trials 9 a b c", 2, "different tests");
    assert_refused(f, "satz compare --sentences 0 a b c", 2, "--sentences 0: give");
    assert_refused(f, "satz compare --seed -1 a b c", 2, "--seed -1: give");
    assert_refused(f, "satz compare $D/ref $D/bad $D/train", 1, "/train has only 1 lines");
    assert_refused(f, "satz compare $D/ref $D/bad -", 1, "standard input");
    assert_refused(f, "satz compare --train $D/none $D/ref $D/bad $D/good", 1, "/none: could not");
    assert_refused(f, "satz compare $D/ref $D/bad $D/good >/dev/full", 1, "could not be written");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROGRAM_TEST(test_text),
        PROGRAM_TEST(test_json_and_options),
        PROGRAM_TEST(test_randomisation),
        PROGRAM_TEST(test_markdown),
        PROGRAM_TEST(test_same_seed_same_output),
        PROGRAM_TEST(test_wrong_usage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
