/* Attention from the command line: pictures and pages, text that is hard to draw, and the files
 * that satz translate writes. */
#include <jansson.h>
#include <math.h>
#include <minizip/unzip.h>

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
    assert_refused(f, "satz attention $D/m </dev/null", 1,
                   "standard input: there is no sentence to draw");
    assert_refused(f, "yes one | head -500 | tr '\\n' ' ' | satz attention $D/m -o $D/long.png", 1,
                   "too large; at most 400 fit");
    assert_refused(f, "satz attention $D/m -s one -o $D/no/a.png", 1, "/no/a.png");
    assert_refused(f, "mkdir $D/d.png; satz attention $D/m -s one -o $D/d.png", 1,
                   "/d.png: is not a plain file");
    assert_refused(f, "satz attention $D/m -t eins $D/text", 2, "--target is the translation of");
    assert_prints(f, "ls $D | grep -c -e tmp -e long || :", "0\n");
}

/* What is too large is left out, told of, and makes the status 1; all the rest is drawn. */
static void test_too_long_a_sentence_does_not_stop_the_others(void **state)
{
    struct fixture *f = *state;
    assert_status(
        f, "{ echo one; yes two | head -500 | tr '\\n' ' '; echo; echo; echo six; } >$D/t", 0);
    assert_status(f, "satz attention $D/m $D/t -o $D/t.html", 1);
    assert_holds(&f->out, "/t.html\n");
    assert_holds(&f->err, "line 2 is left out: a heatmap of ");
    assert_holds(&f->err, "too long and were cut: 1, the first in line 2");
    assert_prints(f, "grep -o '<section id=\"[^\"]*' $D/t.html",
                  "<section id=\"s1\n<section id=\"s4\n");
    assert_status(f, "satz attention $D/m $D/t -o $D/t.png | sed \"s|$D/||\"", 0);
    assert_string_equal(strbuf_text(&f->out), "t-1.png\nt-2.png\n");
    assert_status(f, "sed -n 2p $D/t | satz attention $D/m -m 20 -o $D/t.svg", 0);
    assert_status(f, "sed -n 2p $D/t | satz attention $D/m -o $D/u.html", 1);
    assert_prints(f, "ls $D | grep -c -e u.html -e tmp || :", "0\n");
}

static void test_pages(void **state)
{
    struct fixture *f = *state;
    assert_status(
        f, "satz attention $D/m $D/source -o $D/a.html --title '<A>' --threads 3 --batch 7", 0);
    assert_prints(
        f,
        "satz attention $D/m $D/source -o $D/b.html --title '<A>' --threads 1 >/dev/null; "
        "cmp $D/a.html $D/b.html; grep -c '<section' $D/a.html; grep -c '<h1>&lt;A&gt;' "
        "$D/a.html",
        "216\n1\n");
    /* Given translations, which here are the model's own. */
    assert_prints(
        f,
        "satz translate -q $D/m $D/source >$D/own; satz attention $D/m $D/source $D/own -o "
        "$D/b.html --title '<A>' >/dev/null; cmp $D/a.html $D/b.html",
        "");
    assert_status(f, "satz attention $D/m $D/source $D/target -o $D/b.html -u subwords", 0);
    assert_status(f, "cmp -s $D/a.html $D/b.html", 1);
    assert_refused(f, "satz attention $D/m $D/source $D/two -o $D/c.html", 1,
                   "/two:5: there is no such line, but ");
    assert_refused(f, "satz attention $D/m a b c", 2, "give one file");
    assert_refused(f, "satz attention -u lines $D/m a", 2, "words or subwords");
    assert_prints(f, "ls $D | grep -c -e c.html -e tmp || :", "0\n");
    assert_status(f, "satz attention $D/m -s \"one $(printf '\\315\\270')\" -o $D/missing.png", 0);
    assert_holds(&f->err, "no font here has 1 of its characters");
}

static double weight_at(const json_t *line, int target, int source)
{
    return json_real_value(json_array_get(
        json_array_get(json_object_get(line, "weights"), (size_t)target), (size_t)source));
}

/* Entry `name` of the archive is the matrix of that line, byte for byte what NumPy reads. */
static void assert_npy(unzFile zip, const char *name, const json_t *line)
{
    unz_file_info64 info;
    assert_int_equal(unzLocateFile(zip, name, 1), UNZ_OK);
    assert_int_equal(unzGetCurrentFileInfo64(zip, &info, NULL, 0, NULL, 0, NULL, 0), UNZ_OK);
    assert_int_equal(info.compression_method, 0);
    unsigned char *bytes = malloc(info.uncompressed_size);
    assert_int_equal(unzOpenCurrentFile(zip), UNZ_OK);
    assert_int_equal(unzReadCurrentFile(zip, bytes, (unsigned)info.uncompressed_size),
                     info.uncompressed_size);
    assert_int_equal(unzCloseCurrentFile(zip), UNZ_OK); /* the checksum, too */
    int n_sources = (int)json_array_size(json_object_get(line, "source"));
    int n_targets = (int)json_array_size(json_object_get(line, "target"));
    char header[119], literal[128];
    memset(header, ' ', 118);
    int n = snprintf(literal, sizeof literal,
                     "{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }", n_targets,
                     n_sources);
    memcpy(header, literal, (size_t)n);
    header[117] = '\n';
    assert_memory_equal(bytes, "\x93NUMPY\x01\x00\x76\x00", 10);
    assert_memory_equal(bytes + 10, header, 118);
    assert_int_equal(info.uncompressed_size, 128 + 4 * n_sources * n_targets);
    for (int t = 0; t < n_targets; t++)
        for (int s = 0; s < n_sources; s++) {
            float weight;
            memcpy(&weight, bytes + 128 + 4 * (t * n_sources + s), sizeof weight);
            assert_true(fabs((double)weight - weight_at(line, t, s)) < 1e-6);
        }
    free(bytes);
}

static void test_weights_beside_translations(void **state)
{
    struct fixture *f = *state;
    assert_status(
        f,
        "satz translate -q $D/m $D/text >$D/plain; for k in jsonl npz; do satz translate -q "
        "$D/m $D/text --attention $D/w.$k | cmp - $D/plain || exit 1; done; satz "
        "translate -q --threads 3 --batch 5 $D/m $D/text --attention $D/v.npz >/dev/null; "
        "cmp $D/v.npz $D/w.npz",
        0);
    char path[128];
    snprintf(path, sizeof path, "%s/w.npz", f->folder);
    unzFile zip = unzOpen64(path);
    assert_non_null(zip);
    snprintf(path, sizeof path, "%s/w.jsonl", f->folder);
    FILE *lines = fopen(path, "r");
    assert_non_null(lines);
    char *text = NULL;
    size_t capacity = 0, n = 0, n_empty = 0;
    for (; getline(&text, &capacity, lines) > 0; n++) {
        json_t *line = json_loads(text, 0, NULL);
        assert_non_null(line);
        assert_int_equal(json_integer_value(json_object_get(line, "line")), n + 1);
        char name[32];
        snprintf(name, sizeof name, "%zu.npy", n);
        if (json_array_size(json_object_get(line, "source")) > 0)
            assert_npy(zip, name, line);
        else
            n_empty += unzLocateFile(zip, name, 1) != UNZ_OK;
        json_decref(line);
    }
    free(text);
    fclose(lines);
    unzClose(zip);
    assert_true(n > 60);
    assert_int_equal(n_empty, 2);
}

/* What one command writes, the other reads. */
static void test_weights_in_a_report(void **state)
{
    struct fixture *f = *state;
    assert_status(f, "satz translate -q $D/m $D/text --attention $D/r.jsonl >$D/r", 0);
    assert_status(f, "satz report $D/r $D/r --source $D/text --attention $D/r.jsonl -o $D/r.html",
                  0);
    assert_prints(f, "grep -c 'aria-label=\"attention' $D/r.html | sed 's/^[1-9].*/drawn/'",
                  "drawn\n");
}

static void test_alignments_beside_translations(void **state)
{
    struct fixture *f = *state;
    assert_status(f, "satz translate -q $D/m $D/text --alignment $D/hard >$D/plain", 0);
    /* The same as of the translations as a given text; unknown pieces may be cut otherwise. */
    assert_prints(
        f,
        "head -60 $D/plain >$D/p; head -60 $D/text | satz align -q $D/m - $D/p >$D/q; head "
        "-60 $D/hard | cmp - $D/q; wc -l <$D/hard; sed -n 61p $D/hard",
        "66\n\n");
    assert_prints(f,
                  "satz translate -q $D/m $D/source --alignment $D/s -k soft "
                  "--alignment-threshold 0.3 >/dev/null; grep -vcE "
                  "'^([0-2]-[0-9]+:(0[.][3-9][0-9]*|1[.]0000)( |$))*$' $D/s || :",
                  "0\n");
    assert_status(f, "satz translate -q $D/m $D/source --alignment $D/t --units subwords", 0);
    assert_status(f, "cmp -s $D/s $D/t", 1);
    assert_prints(
        f, "head -3 $D/source | satz translate -q $D/m --alignment /dev/stdout -o $D/o | wc -l",
        "3\n");
}

static void test_files_that_cannot_be_written(void **state)
{
    struct fixture *f = *state;
    assert_refused(f, "satz translate $D/m $D/source --attention $D/a.npy", 1,
                   "/a.npy: end the name in .jsonl (JSON lines) or .npz");
    assert_refused(f, "satz translate $D/m $D/source --alignment $D/no/a", 1,
                   "/no/a: cannot write");
    assert_refused(f, "satz translate $D/m $D/source --attention $D/no/a.npz", 1, "cannot write");
    assert_refused(f, "satz translate $D/m $D/source --alignment $D", 1, "cannot write");
    assert_refused(f, "satz translate $D/m $D/none --attention $D/z.npz --alignment $D/z.txt", 1,
                   "cannot open");
    assert_refused(f, "satz translate --alignment-kind x $D/m", 2, "--alignment-kind is \"x\"");
    assert_refused(f, "satz translate --units x $D/m", 2, "--units is \"x\"");
    assert_status(f, "satz translate -q $D/m $D/source --alignment /dev/full", 1);
    assert_holds(&f->err, "/dev/full: cannot write");
    assert_prints(f, "ls $D | grep -c -e 'z[.]' -e tmp || :", "0\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds_of_pictures),
        cmocka_unit_test(test_a_picture_for_each_sentence),
        cmocka_unit_test(test_what_cannot_be_drawn),
        cmocka_unit_test(test_too_long_a_sentence_does_not_stop_the_others),
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_weights_beside_translations),
        cmocka_unit_test(test_weights_in_a_report),
        cmocka_unit_test(test_alignments_beside_translations),
        cmocka_unit_test(test_files_that_cannot_be_written),
    };
    return cmocka_run_group_tests(tests, setup_model, teardown);
}
