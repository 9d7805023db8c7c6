/* Alignments out of attention, and one out of two. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"

static void assert_links(const struct satz_link *links, size_t n, const char *expected)
{
    char text[256] = "";
    for (size_t i = 0; i < n; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%d-%d", i ? " " : "",
                 links[i].source, links[i].target);
    assert_string_equal(text, expected);
}

static void attention_aligns(void **state)
{
    (void)state;
    static const char *const words[] = {"a", "b", "c", "</s>"};
    /* Equal weights; the end; a word without a token; the end of the target. */
    static const float weights[] = {0.4f, 0.4f, 0.1f, 0.1f, 0.1f, 0.3f, 0.1f, 0.5f,
                                    0,    0,    0,    0,    0.9f, 0.1f, 0,    0};
    const struct satz_attention a = {
        .sources = words, .targets = words, .weights = weights, .n_sources = 4, .n_targets = 4};
    struct satz_link *links;
    size_t n;
    assert_int_equal(satz_attention_links(&a, 0, &links, &n, NULL), 0);
    assert_links(links, n, "0-0");
    assert_true(links[0].weight == 1);
    free(links);
    assert_int_equal(satz_attention_links(&a, 0.25, &links, &n, NULL), 0);
    assert_links(links, n, "0-0 1-0 1-1");
    assert_true(links[2].weight == 0.3f);
    free(links);
}

static void parsed_as_pharaoh(void **state)
{
    (void)state;
    struct satz_error err;
    struct satz_link *links;
    size_t n;
    assert_int_equal(satz_links_parse("1-1 2p3", 7, 1, 2, 3, &links, &n, &err), 0);
    assert_links(links, n, "0-0 1-2");
    assert_int_equal(links[1].possible, 1);
    free(links);
    assert_int_equal(satz_links_parse("1-1 2p3", 7, 0, 2, 3, &links, &n, &err), -1);
    assert_non_null(strstr(err.message, "column 5"));
}

static struct satz_link at(int source, int target)
{
    return (struct satz_link){source, target, 1, 0};
}

/* Worked by hand. Forward has (0,0) (1,1) (1,2) (4,4) (6,0); backward, turned, (0,0) (2,1) (1,2)
 * (4,4) (2,5). Both: (0,0) (1,2) (4,4). (1,1) is next to (0,0), its target free; then (2,1), next
 * to (1,2), its source free. (6,0) and (2,5) have no neighbour: (6,0) has its source free, (2,5)
 * its target. */
static void two_make_one(void **state)
{
    (void)state;
    static const struct {
        const char *method, *links;
    } cases[] = {
        {"intersection", "0-0 1-2 4-4"},
        {"union", "0-0 6-0 1-1 2-1 1-2 4-4 2-5"},
        {"grow-diag", "0-0 1-1 2-1 1-2 4-4"},
        {"grow-diag-final", "0-0 6-0 1-1 2-1 1-2 4-4 2-5"},
        {"grow-diag-final-and", "0-0 1-1 2-1 1-2 4-4"},
    };
    const struct satz_link forward[] = {at(0, 0), at(1, 1), at(1, 2), at(4, 4), at(6, 0)};
    const struct satz_link backward[] = {at(0, 0), at(1, 2), at(2, 1), at(4, 4), at(5, 2)};
    struct satz_link *links;
    size_t n;
    for (int i = 0; i < 5; i++) {
        assert_string_equal(satz_symmetrisation_name(i), cases[i].method);
        assert_int_equal(
            satz_symmetrise(cases[i].method, forward, 5, backward, 5, &links, &n, NULL), 0);
        assert_links(links, n, cases[i].links);
        free(links);
    }
    assert_null(satz_symmetrisation_name(5));
    assert_null(satz_symmetrisation_name(-1));
    /* A last step that wants both words free. */
    const struct satz_link far[] = {at(3, 3)};
    assert_int_equal(satz_symmetrise("grow-diag-final-and", forward, 1, far, 1, &links, &n, NULL),
                     0);
    assert_links(links, n, "0-0 3-3");
    free(links);
    assert_int_equal(satz_symmetrise("union", NULL, 0, NULL, 0, &links, &n, NULL), 0);
    assert_int_equal(n, 0);
    free(links);
    struct satz_error err;
    assert_int_equal(satz_symmetrise("both", NULL, 0, NULL, 0, &links, &n, &err), -1);
    assert_non_null(strstr(err.message, "no symmetrisation \"both\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attention_aligns),
        cmocka_unit_test(parsed_as_pharaoh),
        cmocka_unit_test(two_make_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
