/* What files and arguments put into messages and reports, and where output is written to. */
#include "tests/cli/program.h"

#include "base/tensors.h"

/* Nothing that a terminal would obey. */
static void assert_plain(const struct strbuf *text)
{
    const unsigned char *p = (const unsigned char *)strbuf_text(text);
    for (size_t i = 0; i < text->length; i++)
        if ((p[i] < 32 && p[i] != '\n' && p[i] != '\t') || p[i] == 127 ||
            (p[i] == 0xC2 && p[i + 1] < 0xA0) || p[i] == 0xFF)
            fail_msg("byte %zu of \"%s\"", i, text->data);
}

static void test_messages(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *line;
        int status;
        const char *message;
    } cases[] = {
        {"satz \"$(printf 'se\\033[2Jrve')\"", 2, "there is no command \"se\\x1b[2Jrve\""},
        {"satz info \"--$(printf '\\033[2J')\"", 2, "\\x1b[2J"},
        {"satz info \"$D/$(printf 'a\\033]0;x\\007\\nsatz: done\\177\\302\\233z\\377')\"", 1,
         "a\\x1b]0;x\\x07\\x0asatz: done\\x7f\\xc2\\x9bz\\xff: cannot open"},
        {"printf '\"tr\\\\e[2Jain\": 1\\n' >$D/r; satz train $D/r", 1, "tr\\x1b[2Jain"},
        {"printf 'train: {\"se\\\\e[2Jed\": 1}\\n' >$D/r; satz train $D/r", 1, "se\\x1b[2Jed"},
        {"printf 'model: {tie: \"\\\\e[2J\"}\\n' >$D/r; satz train $D/r", 1, "\\x1b[2J"},
        {"printf 'x\\033[2J\\n' >$D/h; echo 0-0 >$D/a; satz align --score $D/h $D/a", 2, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_status(f, cases[i].line, cases[i].status);
        assert_plain(&f->err);
        assert_plain(&f->out);
        assert_holds(&f->err, cases[i].message);
    }
    /* letters of any language stay */
    assert_status(f, "satz info $D/größe-模型", 1);
    assert_holds(&f->err, "größe-模型: cannot open");
    assert_prints(f, "satz info $D/größe 2>&1 | wc -l", "1\n");
}

/* A model of anybody's, of which one only wants to know what it is. */
static void test_info(void **state)
{
    struct fixture *f = *state;
    static const float value = 1;
    const struct tensor items[] = {{"a\033[2J\nb\r\302\233", TENSOR_F32, 0, {0}, &value}};
    const struct tensors_entry entries[] = {
        {"satz.recipe", "train:\n\033]0;owned\007\n"},
        {"satz.version", "9\033[2J"},
        {"satz.training", "{\"key\\u001b[2J\": \"\\u001b]52;c;\\u0007\"}"},
    };
    char *path = file_join(f->folder, "model", NULL);
    assert_int_equal(tensors_write(path, items, 1, entries, 3, NULL), 0);
    free(path);
    assert_status(f, "satz info $D/model", 0);
    assert_plain(&f->out);
    assert_holds(&f->out, "9\\x1b[2J");
    assert_holds(&f->out, "key\\x1b[2J");
    assert_holds(&f->out, "a\\x1b[2J\nb\\x0d\\xc2\\x9b");
    assert_status(f, "satz info -r $D/model", 0);
    assert_plain(&f->out);
    assert_holds(&f->out, "train:\n\\x1b]0;owned\\x07\n");
}

/* The name of a temporary file can be known before; a link there is not followed. */
static void test_links(void **state)
{
    struct fixture *f = *state;
    assert_status(f, "echo a >$D/h; echo precious >$D/victim", 0);
    assert_prints(f,
                  "sh -c 'ln -s victim $D/page.tmp.$$; exec \"$SATZ\" report -o $D/page $D/h' && "
                  "cat $D/victim; head -c 15 $D/page; ls $D | grep -c tmp || true",
                  "precious\n<!DOCTYPE html>0\n");
    /* a link that is the output itself stays one */
    assert_prints(f,
                  "echo >$D/there; ln -s there $D/link; satz report -o $D/link $D/h && "
                  "head -c 15 $D/there; [ -L $D/link ] && echo still",
                  "<!DOCTYPE html>still\n");
    assert_prints(f, "umask 077; satz report -o $D/secret $D/h; stat -c %a $D/secret", "600\n");
    /* neither whole nor old is never */
    assert_prints(
        f,
        "cp $D/page $D/kept; (trap '' XFSZ; ulimit -f 1; satz report -o $D/page $D/h 2>/dev/null); "
        "cmp $D/page $D/kept && ls $D | grep -c tmp || true",
        "0\n");
}

static void test_links_of_attention(void **state)
{
    struct fixture *f = *state;
    assert_prints(
        f,
        "echo one two >$D/s; echo precious >$D/victim; for e in w.npz w.jsonl; do "
        "sh -c 'ln -s victim $D/'$e'.tmp.$$; exec \"$SATZ\" translate -q --attention "
        "$D/'$e' $D/m $D/s' >/dev/null || exit; done; cat $D/victim; ls $D | grep -c tmp; "
        "head -c 2 $D/w.npz; head -c 10 $D/w.jsonl",
        "precious\n0\nPK{\"line\": 1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROGRAM_TEST(test_messages),
        PROGRAM_TEST(test_info),
        PROGRAM_TEST(test_links),
        cmocka_unit_test_setup_teardown(test_links_of_attention, setup_model, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
