/* Pictures of attention from the command line: kinds, names, text that is hard to draw. */
#include "program.h"

static void assert_kind(struct fixture *f, const char *name, const char *start)
{
    char line[256];
    snprintf(line, sizeof line,
             "satz attention $D/m -s 'one two f\303\274nf <b>&\"six\"' -o $D/%s >/dev/null && "
             "head -c %zu $D/%s",
             name, strlen(start), name);
    assert_prints(f, line, start);
}

static void test_kinds_of_pictures(void **state)
{
    struct fixture *f = *state;
    assert_kind(f, "a.png", "\x89PNG");
    assert_kind(f, "a.svg", "<?xml");
    assert_kind(f, "a.pdf", "%PDF");
    assert_kind(f, "a.html", "<!");
    assert_prints(f, "grep -q '&lt;b&gt;&amp;&quot;six&quot;' $D/a.html", "");
    assert_refused(f, "satz attention $D/m -s one -o $D/a.gif", 1, "end the name in .png, .svg");
}

static void test_a_picture_for_each_sentence(void **state)
{
    struct fixture *f = *state;
    assert_status(f, "printf 'one\\n\\n  \\ntwo six' >$D/two; mkdir $D/v.1", 0);
    assert_prints(f, "satz attention $D/m $D/two -o $D/v.1/x.png | sed \"s|$D/||\"",
                  "v.1/x-1.png\nv.1/x-2.png\n");
    assert_refused(f, "satz attention $D/m $D/two -o $D/v.1/x", 1,
                   "/v.1/x: a picture shows one sentence");
    assert_prints(
        f, "satz attention $D/m $D/two -o $D/two.html >/dev/null; ls $D/two*.html | wc -l", "1\n");
}

static void test_what_cannot_be_drawn(void **state)
{
    struct fixture *f = *state;
    assert_refused(f, "satz attention $D/m -s ' '", 1, "the source has no words");
    assert_refused(f, "satz attention $D/m </dev/null", 1, "there is no sentence to draw");
    assert_refused(f, "yes one | head -500 | tr '\\n' ' ' | satz attention $D/m -o $D/long.png", 1,
                   "too large; at most 400 fit");
    assert_refused(f, "satz attention $D/m -s one -o $D/no/a.png", 1, "/no/a.png");
    assert_refused(f, "mkdir $D/d.png; satz attention $D/m -s one -o $D/d.png", 1,
                   "/d.png: is not a plain file");
    assert_refused(f, "satz attention $D/m -t eins $D/text", 2, "--target is the translation of");
    assert_prints(f, "ls $D | grep -c -e tmp -e long || :", "0\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds_of_pictures),
        cmocka_unit_test(test_a_picture_for_each_sentence),
        cmocka_unit_test(test_what_cannot_be_drawn),
    };
    return cmocka_run_group_tests(tests, setup_model, teardown);
}
