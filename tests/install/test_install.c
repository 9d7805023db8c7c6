/* What `make install` puts on a system: libraries, headers, manual, completion, examples. The tree
 * is installed once, into $D/x, and everything is used from there through pkg-config. */
#include "../cli/program.h"

#include <fcntl.h>
#include <unistd.h>

#include "satz.h"

static const char environment[] =
    "export PATH=\"$D/x/bin:$PATH\" PKG_CONFIG_PATH=$D/x/lib/pkgconfig LD_LIBRARY_PATH=$D/x/lib";

static int setup_install(void **state)
{
    setup(state);
    struct fixture *f = *state;
    unsetenv("MAKEFLAGS");
    assert_status(f, "touch $D/before && sleep 0.01; make -o build install PREFIX=$D/x", 0);
    return 0;
}

/* Runs a line where the installed tree is in use. */
static void assert_runs(struct fixture *f, const char *line)
{
    char command[1024];
    int n = snprintf(command, sizeof command, "%s; %s", environment, line);
    assert_in_range(n, 1, sizeof command - 1);
    assert_status(f, command, 0);
}

static void test_install_writes_nothing_into_the_source(void **state)
{
    struct fixture *f = *state;
    assert_prints(f, "find . -path ./.git -prune -o -newer $D/before -type f -print", "");
}

static void test_installed_program(void **state)
{
    struct fixture *f = *state;
    assert_runs(f, "satz --version && pkg-config --modversion satz satzeval");
    assert_string_equal(strbuf_text(&f->out),
                        "satz " SATZ_VERSION "\n" SATZ_VERSION "\n" SATZ_VERSION "\n");
    assert_runs(f, "satz config --set data.train_source=a --set data.train_target=b "
                   "$D/x/share/satz/configs/multi30k.yaml");
}

static void test_uninstall_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    assert_status(f, "make -o build install DESTDIR=$D/root PREFIX=/usr && find $D/root", 0);
    assert_status(f, "test -e $D/root/usr/lib/$(cc -print-multiarch)/libsatz.a", 0);
    assert_status(f, "grep -rq $D $D/root/usr/lib/*/pkgconfig && exit 1; exit 0", 0);
    assert_status(f, "make -o build uninstall DESTDIR=$D/root PREFIX=/usr", 0);
    assert_prints(f, "find $D/root ! -type d; find $D/root -name '*satz*'", "");
    assert_status(f, "make -o build install prefix=$D/y libdir=$D/z mandir=$D/w", 0);
    assert_status(f, "test -e $D/z/libsatz.so -a -e $D/w/man1/satz.1 -a -e $D/y/bin/satz", 0);
}

/* The functions that a header declares, to the file `to`. */
static void list_declared(struct fixture *f, const char *header, const char *to)
{
    char line[512];
    snprintf(line, sizeof line,
             "cc -fpreprocessed -dD -E -P $D/x/include/satz/%s | grep -v '^#' | "
             "grep -o '[a-z0-9_]\\+(' | tr -d '(' | sort -u >$D/%s && test -s $D/%s",
             header, to, to);
    assert_status(f, line, 0);
}

static void test_libraries_show_what_the_headers_declare(void **state)
{
    struct fixture *f = *state;
    list_declared(f, "satz.h", "satz");
    list_declared(f, "eval.h", "satzeval");
    assert_prints(f,
                  "for l in satz satzeval; do nm -D --defined-only $D/x/lib/lib$l.so | "
                  "awk '{ print $3 }' | sort | diff $D/$l - || exit 1; done",
                  "");
    /* Of C++ templates, which are weak, a static library cannot be rid. */
    assert_prints(f,
                  "for l in satz satzeval; do nm -g --defined-only $D/x/lib/lib$l.a | "
                  "awk 'NF == 3 && $2 !~ /[WVu]/ { print $3 }' | sort | diff $D/$l - || exit 1; "
                  "done",
                  "");
    assert_runs(f, "readelf -d $D/x/lib/libsatz.so | grep SONAME | grep -F '[libsatz.so.0]'");
    assert_runs(f, "readelf -d $D/x/lib/libsatzeval.so | grep -F '[libsatzeval.so.0]'");
}

/* The examples of docs/extending.md fit the library; scripts/extending-test.sh uses them. */
static void test_extensions_compile(void **state)
{
    struct fixture *f = *state;
    assert_status(f,
                  "for file in docs/extending/*.c; do ${CC:-cc} -std=c11 -D_GNU_SOURCE "
                  "-DSIMD_LEVEL=generic -Wall -Werror -fopenmp -fsyntax-only -Isrc $file || exit; "
                  "done",
                  0);
}

static void test_headers_stand_alone(void **state)
{
    struct fixture *f = *state;
    assert_runs(f, "for h in satz eval; do cc -std=c11 -Wall -Wextra -pedantic -Werror -x c "
                   "-fsyntax-only $D/x/include/satz/$h.h || exit 1; done");
    assert_runs(f, "for h in satz eval; do echo \"#include <$h.h>\" | c++ -std=c++17 -Wall -Wextra "
                   "-pedantic -Werror -x c++ -fsyntax-only -I$D/x/include/satz - || exit 1; done");
}

static void test_cpp_program(void **state)
{
    struct fixture *f = *state;
    write_text(f, "program.cc",
               "#include <eval.h>\n#include <satz.h>\n#include <string>\n#include <unordered_map>\n"
               "int main()\n{\n"
               "    satz_error err;\n"
               "    std::unordered_map<std::string, int> keys; /* as sentencepiece.cc has */\n"
               "    for (int i = 0; satz_recipe_key(i); i++)\n"
               "        keys[satz_recipe_key(i)] = i;\n"
               "    bleu *b = bleu_new(nullptr, &err);\n    bleu_free(b);\n"
               "    return b && keys.count(\"train.seed\") ? 0 : 1;\n}\n");
    assert_runs(
        f, "c++ -std=c++17 -Wall -Wextra -pedantic -Werror $D/program.cc -o $D/cpp $(pkg-config "
           "--cflags --libs satz satzeval) && $D/cpp");
}

static void assert_good_score(const struct fixture *f)
{
    const char *score = strstr(strbuf_text(&f->out), "BLEU = ");
    assert_non_null(score);
    assert_true(strtod(score + 7, NULL) > 50);
}

static void test_examples_shared(void **state)
{
    struct fixture *f = *state;
    assert_runs(f, "cp -r $D/x/share/doc/satz/examples $D/ex && make -C $D/ex CC='cc -Werror'");
    assert_runs(f, "ldd $D/ex/train | grep -F $D/x/lib/libsatz.so.0");
    assert_runs(f, "mkdir $D/shared && $D/ex/train $D/shared");
    assert_good_score(f);
    assert_runs(f, "echo one two | $D/ex/translate $D/shared/model/model.safetensors");
    assert_holds(&f->out, "<- ");
    assert_runs(f, "$D/ex/translate $D/shared/missing; test $? = 1");
    assert_holds(&f->err, "/shared/missing: ");
}

static void test_examples_static(void **state)
{
    struct fixture *f = *state;
    assert_runs(f,
                "cd $D/x/share/doc/satz/examples && cc train.c -o $D/static $(pkg-config --cflags "
                "satz) $(pkg-config --static --libs satz satzeval | "
                "sed 's/-lsatz\\(eval\\)\\? /-l:libsatz\\1.a /g')");
    assert_runs(f, "! ldd $D/static | grep libsatz && mkdir $D/s && $D/static $D/s");
    assert_good_score(f);
}

static void test_manual_of_every_command(void **state)
{
    struct fixture *f = *state;
    assert_runs(f, "{ echo satz.1; satz --help=commands | tr ' ' - | sed 's/.*/satz-&.1/'; } | "
                   "sort >$D/commands; ls $D/x/share/man/man1 | sort | diff $D/commands -");
    assert_runs(f, "test -s $D/x/share/man/man1/satz.1 -a -s $D/x/share/man/man5/satz-recipe.5");
    for (const char *const *part =
             (const char *const[]){"Nm satz-translate", "Fl b , Fl Fl beam Ar N", "Sh EXIT STATUS",
                                   "Sh EXAMPLES", "satz translate \\-\\-beam 10", NULL};
         *part; part++) {
        assert_runs(f, "cat $D/x/share/man/man1/satz-translate.1");
        assert_holds(&f->out, *part);
    }
}

static void test_manual_has_no_faults(void **state)
{
    struct fixture *f = *state;
    /* Side by side, so that references are found. */
    assert_prints(f,
                  "mkdir $D/man && cp $D/x/share/man/man*/* $D/man && cd $D/man && "
                  "mandoc -T lint *.[15]",
                  "");
    assert_status(
        f, "mandoc -T utf8 $D/man/satz-recipe.5 | sed 's/.\b//g' | grep -A 3 encoder_cell", 0);
    assert_holds(&f->out, "recurrent cell of the encoder");
}

/* Every option that --help tells is in the manual and in the completions. */
static void test_options_are_everywhere(void **state)
{
    struct fixture *f = *state;
    write_text(f, "options.sh",
               "satz --help=commands | while read -r name; do\n"
               "    satz $name --help=bash >$D/bash; satz $name --help=zsh >$D/zsh\n"
               "    satz $name --help=man >$D/page\n"
               "    satz $name --help | sed -n 's/^  .*--\\([a-z][a-z-]*\\).*/\\1/p' |\n"
               "        while read -r option; do\n"
               "            [ \"$name\" = tokenizer ] && continue\n"
               "            grep -q -e \"--$option[ ']\" $D/bash && grep -q -e \"--$option[=[]\" "
               "$D/zsh &&\n"
               "                grep -q \"Fl Fl $option\\b\" $D/page || echo \"$name --$option\"\n"
               "        done\n"
               "done\n");
    assert_runs(f, "satz translate --help | grep -c -e --");
    assert_runs(f, "bash $D/options.sh 2>&1");
    assert_string_equal(strbuf_text(&f->out), "");
}

/* What bash offers for the last of the words. */
static void assert_bash(struct fixture *f, const char *words, const char *expected)
{
    char line[512];
    snprintf(line, sizeof line,
             "bash -c '. $D/x/share/bash-completion/completions/satz; COMP_WORDS=(%s); "
             "COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _satz; echo \"${COMPREPLY[*]}\"'",
             words);
    assert_status(f, line, 0);
    assert_string_equal(strbuf_text(&f->err), "");
    if (strcmp(strbuf_text(&f->out), expected) != 0)
        fail_msg("%s: \"%s\"", words, strbuf_text(&f->out));
}

static void test_bash_completion(void **state)
{
    struct fixture *f = *state;
    assert_bash(f, "satz tran", "translate\n");
    assert_bash(f, "satz tokenizer en", "encode\n");
    assert_bash(f, "satz tokenizer encode --i", "--ids\n");
    assert_bash(f, "satz translate --length-p", "--length-penalty\n");
    assert_bash(f, "satz translate --backend open", "openblas\n");
    assert_bash(f, "satz translate --backend = open", "openblas\n");
    assert_bash(f, "satz bleu -t 1", "13a\n");
    assert_bash(f, "satz train --set attention.pla",
                "attention.place= attention.place=none "
                "attention.place=before "
                "attention.place=after attention.place=gnmt\n");
    assert_bash(f, "satz train --set attention.place = b", "before\n");
    assert_bash(f, "satz translate --beam \"\"", "\n");
    assert_bash(f, "satz translate x", "\n");
}

static void test_zsh_completion(void **state)
{
    struct fixture *f = *state;
    int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    if (terminal < 0)
        skip(); /* a root without /dev/pts */
    close(terminal);
    write_text(f, "zsh.sh",
               "zmodload zsh/zpty\n"
               "zpty z zsh -f -i\n"
               "zpty -w z \"fpath=($D/x/share/zsh/site-functions \\$fpath)\"\n"
               "zpty -w z 'autoload -Uz compinit; compinit -u -D'\n"
               "zpty -w z 'satz() { print -r -- $* >>$D/typed }; satz ready'\n"
               "lines=0\n"
               "wait_for_line() {\n"
               "    until [[ $(grep -c . $D/typed) -gt lines ]]; do sleep 0.05; done\n"
               "    ((lines++))\n"
               "}\n"
               "wait_for_line\n"
               "while read -r typed; do\n"
               "    zpty -w -n z \"satz $typed\"$'\\t\\n'; wait_for_line\n"
               "done\n");
    write_text(f, "to-type",
               "tran\ntokenizer enc\ntranslate --length-p\nbleu --tokenize=in\n"
               "train --set attention.place=bef\ntranslate --backend one\n");
    assert_prints(f, "touch $D/typed; timeout 60 zsh -f $D/zsh.sh <$D/to-type && cat $D/typed",
                  "ready\ntranslate\ntokenizer encode\ntranslate --length-penalty\n"
                  "bleu --tokenize=intl\ntrain --set attention.place=before\n"
                  "translate --backend onednn\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_install_writes_nothing_into_the_source),
        cmocka_unit_test(test_installed_program),
        cmocka_unit_test(test_uninstall_leaves_nothing),
        cmocka_unit_test(test_libraries_show_what_the_headers_declare),
        cmocka_unit_test(test_extensions_compile),
        cmocka_unit_test(test_headers_stand_alone),
        cmocka_unit_test(test_cpp_program),
        cmocka_unit_test(test_examples_shared),
        cmocka_unit_test(test_examples_static),
        cmocka_unit_test(test_manual_of_every_command),
        cmocka_unit_test(test_manual_has_no_faults),
        cmocka_unit_test(test_options_are_everywhere),
        cmocka_unit_test(test_bash_completion),
        cmocka_unit_test(test_zsh_completion),
    };
    return cmocka_run_group_tests(tests, setup_install, teardown);
}
