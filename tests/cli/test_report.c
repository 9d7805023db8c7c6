/* `satz report`: every option. */
#include "program.h"

static void write_files(struct fixture *f)
{
    write_text(f, "source", "one two three\nfour five six seven\neight nine ten\n");
    write_text(f, "ref", "eins zwei drei\nvier fünf sechs sieben\nacht neun zehn\n");
    write_text(f, "hyp", "eins zwei drei\nfour five six seven\nneun neun neun <unk>\n");
    write_text(f, "attention",
               "[[1,0,0],[0,1,0],[0,0,1]]\n[[1,0,0,0],[0,1,0,0],[0,0,1,0],[0,0,0,1]]"
               "\n[[1,0,0],[0,1,0],[0,0,1],[0,0,1]]\n");
}

static void assert_lacks(const struct strbuf *text, const char *part)
{
    if (strstr(strbuf_text(text), part))
        fail_msg("\"%s\" is in the output", part);
}

static void test_a_page_of_everything(void **state)
{
    struct fixture *f = *state;
    write_files(f);
    assert_prints(f,
                  "satz report --source $D/source --attention $D/attention --title 'A < B' "
                  "--output $D/page.html $D/ref $D/hyp",
                  "");
    read_file(f, "page.html", &f->out);
    assert_holds(&f->out, "<title>A &lt; B</title>");
    assert_holds(&f->out, "BLEU = ");
    assert_holds(&f->out, "chrF2 = ");
    assert_holds(&f->out, "TER = ");
    assert_holds(&f->out, "copied source");
    assert_holds(&f->out, "neun neun neun &lt;unk&gt;");
    assert_holds(&f->out, "class=\"cell\"");
    assert_lacks(&f->out, "http://");
    assert_lacks(&f->out, "<script");
}

static void test_metrics_and_sentences(void **state)
{
    struct fixture *f = *state;
    write_files(f);
    assert_status(f,
                  "satz report -m bleu:tokenise=none --rank ter --sentences 1 --samples 10 "
                  "--seed 3 $D/ref $D/hyp",
                  0);
    assert_string_equal(strbuf_text(&f->err), "");
    assert_holds(&f->out, "tok:none");
    assert_lacks(&f->out, "chrF2");
    assert_lacks(&f->out, "copied source");
    assert_holds(&f->out, "vier fünf sechs sieben");
    assert_lacks(&f->out, "eins zwei drei");
}

static void test_without_a_reference(void **state)
{
    struct fixture *f = *state;
    write_files(f);
    assert_status(f, "satz report -s $D/source $D/hyp", 0);
    assert_lacks(&f->out, "BLEU");
    assert_holds(&f->out, "length ratio");
}

static void test_wrong_usage(void **state)
{
    struct fixture *f = *state;
    write_files(f);
    assert_refused(f, "satz report", 2, "name the hypothesis");
    assert_refused(f, "satz report a b c", 2, "name the hypothesis");
    assert_refused(f, "satz report -m bleu:x $D/hyp", 2, "--metric bleu:x: bleu has no option");
    assert_refused(f, "satz report --rank x $D/hyp", 2, "--rank x: There is no metric");
    assert_refused(f, "satz report --sentences 1001 $D/hyp", 2, "--sentences 1001: give");
    assert_refused(f, "satz report --samples 0 $D/hyp", 2, "--samples 0: give");
    assert_refused(f, "satz report $D/none $D/hyp", 1, "/none: could not be opened");
    assert_refused(f, "satz report -o $D/no/page $D/hyp", 1, "/no/page: cannot write");
    assert_refused(f, "satz report -o /dev/full $D/hyp", 1, "/dev/full: cannot write");
    assert_refused(f, "satz report -a $D/hyp -s $D/source $D/hyp", 1, "/hyp:");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROGRAM_TEST(test_a_page_of_everything),
        PROGRAM_TEST(test_metrics_and_sentences),
        PROGRAM_TEST(test_without_a_reference),
        PROGRAM_TEST(test_wrong_usage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
