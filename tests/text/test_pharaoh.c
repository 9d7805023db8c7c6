/* Word alignments as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "text/pharaoh.h"

static int parse(struct pharaoh *p, const char *line, int base, struct satz_error *err)
{
    return pharaoh_parse(p, line, strlen(line), base, 3, 5, err);
}

static void assert_link(const struct pharaoh *p, size_t i, int source, int target, int possible,
                        double weight)
{
    assert_true(i < p->n);
    assert_int_equal(p->links[i].source, source);
    assert_int_equal(p->links[i].target, target);
    assert_int_equal(p->links[i].possible, possible);
    assert_true(p->links[i].weight == (float)weight);
}

static void links_of_every_kind(void **state)
{
    (void)state;
    struct pharaoh p = {0};
    assert_int_equal(parse(&p, " 0-0 1p4\t2-3:0.25  00-1:.1 2p2:0. \r", 0, NULL), 0);
    assert_int_equal(p.n, 5);
    assert_link(&p, 0, 0, 0, 0, 1);
    assert_link(&p, 1, 1, 4, 1, 1);
    assert_link(&p, 2, 2, 3, 0, 0.25);
    assert_link(&p, 3, 0, 1, 0, 0.1);
    assert_link(&p, 4, 2, 2, 1, 0);
    assert_int_equal(parse(&p, "1-1 3-5", 1, NULL), 0);
    assert_int_equal(p.n, 2);
    assert_link(&p, 0, 0, 0, 0, 1);
    assert_link(&p, 1, 2, 4, 0, 1);
    assert_int_equal(parse(&p, " \t ", 0, NULL), 0);
    assert_int_equal(p.n, 0);
    assert_int_equal(pharaoh_parse(&p, "999-1000000", 11, 0, -1, -1, NULL), 0);
    assert_link(&p, 0, 999, 1000000, 0, 1);
    /* No further than the length. */
    assert_int_equal(pharaoh_parse(&p, "0-11", 3, 0, 3, 5, NULL), 0);
    assert_link(&p, 0, 0, 1, 0, 1);
    pharaoh_release(&p);
}

static void what_is_no_link(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "0",         "0-",
        "-1",        "0--1",
        "0-1-2",     "a-1",
        "0-b",       "0:1",
        "0-1:",      "0-1:2",
        "0-1:-0.1",  "0-1:nan",
        "0-1:inf",   "0-1:0x1",
        "0-1:0.5x",  "0-1:.",
        "0-1:0.1.2", "0-1:1e-1",
        "0-1:1.01",  "+0-1",
        "0-1,1-2",   "0?1",
        "0-1:1e999", "0 -1",
        "\xff-\xfe", "99999999999999999999-0",
        "0-1000001", "0-0000000000000000000000000000000000000000000000000000000000000000000000",
    };
    struct pharaoh p = {0};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct satz_error err = {""};
        if (pharaoh_parse(&p, wrong[i], strlen(wrong[i]), 0, -1, -1, &err) == 0)
            fail_msg("\"%s\" was taken for a link", wrong[i]);
        assert_non_null(strstr(err.message, "column 1: \""));
        assert_non_null(strstr(err.message, "is not a link such as"));
    }
    struct satz_error err = {""};
    assert_int_equal(pharaoh_parse(&p, "0-0\0", 4, 0, -1, -1, &err), -1);
    assert_int_equal(parse(&p, "0-0  1=1", 0, &err), -1);
    assert_non_null(strstr(err.message, "column 6: \"1=1\""));
    pharaoh_release(&p);
}

static void words_that_are_not_there(void **state)
{
    (void)state;
    struct pharaoh p = {0};
    struct satz_error err = {""};
    assert_int_equal(parse(&p, "0-0 3-0", 0, &err), -1);
    assert_non_null(strstr(err.message, "column 5: \"3-0\": there is no source word 3"));
    assert_int_equal(parse(&p, "0p5", 0, &err), -1);
    assert_non_null(strstr(err.message, "no target word 5: the sentence has 5, counted from 0"));
    assert_int_equal(parse(&p, "0-1", 1, &err), -1);
    assert_non_null(strstr(err.message, "there is no word 0"));
    assert_int_equal(parse(&p, "4-1", 1, &err), -1);
    assert_non_null(strstr(err.message, "no source word 4: the sentence has 3, counted from 1"));
    pharaoh_release(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(links_of_every_kind),
        cmocka_unit_test(what_is_no_link),
        cmocka_unit_test(words_that_are_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
