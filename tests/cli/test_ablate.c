/* Ladders from the command line: tables, going on, what is trained anew, what is refused. */
#include "program.h"

/* Four rungs: a base, a wider one, one of another table, one that cannot be trained. */
static void write_ladder(struct fixture *f)
{
    write_recipe(f);
    write_text(f, "ladder.yaml",
               "title: A <b>ladder</b> & more\n"
               "note: The end.\n"
               "base: recipe\n"
               "test: {source: \"${D}/source\", target: \"${D}/target\"}\n"
               "tables: {steps: First, scores: Second}\n"
               "rungs:\n"
               "  - name: base\n"
               "    paper: {perplexity: 10.6, bleu: 11.3}\n"
               "  - name: wide\n"
               "    label: + <i>wide | wider</i>\n"
               "    set: {model.embedding: 12}\n"
               "    paper: {perplexity: \">7\", bleu: 12.6}\n"
               "    tables: [steps, scores]\n"
               "  - name: luong\n"
               "    from: base\n"
               "    set: {attention.preset: luong}\n"
               "    tables: [scores]\n"
               "    note: as in the paper\n"
               "  - name: broken\n"
               "    set: {tokenizer.vocabulary: 999}\n");
}

#define ABLATE "satz ablate $D/ladder.yaml -o $D/o --set optimizer.rate=0.02 --set train.batch=16 "

static void test_tables(void **state)
{
    struct fixture *f = *state;
    struct strbuf page = {0};
    write_ladder(f);
    assert_status(f, ABLATE "--set train.epochs=12", 1);
    assert_holds(&f->err, "1 of the runs failed");
    assert_holds(&f->out, "4 rungs in ");
    assert_holds(&f->out, "== run 4 of 4: broken, seed 1");
    assert_status(f, "cat $D/o/ablation.md", 0);
    assert_holds(&f->out, "# A \\<b\\>ladder\\</b\\> \\& more\n");
    assert_holds(&f->out, "## First\n");
    assert_holds(&f->out, "## Second\n");
    assert_holds(&f->out, "| 11.3 | 10.6 |");
    assert_holds(&f->out, "| 12.6 (+1.3) | \\>7 |");
    assert_holds(&f->out, "| + \\<i\\>wide \\| wider\\</i\\> |");
    assert_holds(&f->out, ") over base | ");
    assert_holds(&f->out, "- luong: as in the paper\n");
    assert_holds(&f->out, "- broken: tokenizer: a vocabulary of 999 pieces is too large");
    assert_holds(&f->out, "The end.\n");
    /* A table's figures are those of the other commands. */
    assert_status(f,
                  "satz bleu $D/target $D/o/rungs/wide/seed-1/translation.txt | "
                  "sed 's/BLEU = \\([0-9.]*\\).*/\\1/' | head -1 >$D/bleu; "
                  "grep -c \"^| + .*| $(cat $D/bleu) |\" $D/o/ablation.md",
                  0);
    assert_string_equal(strbuf_text(&f->out), "2\n");
    assert_prints(f,
                  "satz compare -m bleu $D/target $D/o/rungs/base/seed-1/translation.txt "
                  "$D/o/rungs/luong/seed-1/translation.txt -j 2>/dev/null | grep -o '\"p\": "
                  "[0-9.]*' | head -1 "
                  "| awk '{printf \"| %.3f%s |\\n\", $2, $2 < 0.05 ? \" \\\\*\" : \"\"}' >$D/p; "
                  "grep ^.*luong $D/o/ablation.md | grep -cF \"$(cat $D/p)\"",
                  "1\n");
    read_file(f, "o/ablation.html", &page);
    assert_holds(&page, "<h1>A &lt;b&gt;ladder&lt;/b&gt; &amp; more</h1>");
    assert_holds(&page, "+ &lt;i&gt;wide | wider&lt;/i&gt;</text>");
    assert_holds(&page, "<svg ");
    assert_holds(&page, "prefers-color-scheme:dark");
    assert_holds(&page, "<title>paper: 12.6</title>");
    static const char *const loads[] = {"http",    "src=", "<script", "<link", "url(",
                                        "@import", "<b>",  "<i>",     "nan"};
    for (size_t i = 0; i < sizeof loads / sizeof *loads; i++)
        assert_null(strstr(strbuf_text(&page), loads[i]));
    strbuf_release(&page);
}

static void test_what_is_done_stays(void **state)
{
    struct fixture *f = *state;
    write_ladder(f);
    assert_prints(f, ABLATE "-q --skip broken", "");
    assert_status(f, "cp -r $D/o $D/copy; touch -d 2001-01-01 $D/o/rungs/*/*/*.safetensors", 0);
    assert_prints(f, ABLATE "-q --skip broken; find $D/o -newermt 2002-01-01 -name '*.safet*'", "");
    assert_prints(f, "diff -r $D/o $D/copy", "");
    /* Another beam translates anew, and only that. */
    assert_prints(f, ABLATE "-q --only base --beam 1; find $D/o -newermt 2002-01-01 -name '*.s*'",
                  "");
    assert_status(f, "cat $D/o/ablation.md", 0);
    assert_holds(&f->out, "luong: not translated yet");
    assert_holds(&f->out, "broken: not trained yet");
    /* A changed rung, and those that build on it, but no others. */
    assert_status(f, "sed -i 's/embedding: 12/embedding: 10/' $D/ladder.yaml", 0);
    assert_status(f, ABLATE "-n", 0);
    assert_holds(&f->out, "to be trained anew: model.embedding: 10");
    assert_prints(f,
                  ABLATE "-q --only wide --only base; satz info -r "
                         "$D/o/rungs/wide/seed-1/model.safetensors | grep embedding: | head -1; "
                         "cmp $D/o/rungs/base/seed-1/model.safetensors "
                         "$D/copy/rungs/base/seed-1/model.safetensors",
                  "  embedding: 10\n");
    /* Another text. */
    assert_status(f,
                  "tail -200 $D/source >$D/s; tail -200 $D/target >$D/t; " ABLATE
                  "-n --train-source $D/s --train-target $D/t",
                  0);
    assert_holds(&f->out, "to be trained anew: another text");
}

/* An alignment file is text that is learnt from, wherever it lies. */
static void test_other_alignments_are_another_text(void **state)
{
    struct fixture *f = *state;
    write_recipe(f);
    write_text(f, "ladder.yaml",
               "base: recipe\n"
               "test: {source: \"${D}/source\", target: \"${D}/target\"}\n"
               "rungs:\n"
               "  - name: guided\n");
    assert_status(f,
                  "sed 's/.*/0-0 1-1/' $D/source >$D/links; "
                  "sed -i \"s|^data:|data:\\n  alignments: [$D/links]|\" $D/recipe; " ABLATE "-q",
                  0);
    assert_status(f, ABLATE "-n", 0);
    assert_null(strstr(strbuf_text(&f->out), "anew"));
    assert_status(f, "sed 's/1-1/1-2/' $D/links >$D/others; sed -i s/links/others/ $D/recipe", 0);
    assert_status(f, ABLATE "-n", 0);
    assert_holds(&f->out, "to be trained anew: another text");
    assert_status(f, "cp $D/links $D/others; " ABLATE "-n", 0);
    assert_null(strstr(strbuf_text(&f->out), "anew"));
}

#define ENDLESS                                                                                    \
    "\"$SATZ\" ablate $D/ladder.yaml -o $D/o --only luong --set train.epochs=1000000 "             \
    "--set validation.patience=0 "

static void test_an_interrupt_goes_on(void **state)
{
    struct fixture *f = *state;
    write_ladder(f);
    assert_status(f,
                  ENDLESS "& p=$!; log=$D/o/rungs/luong/seed-1/log.jsonl; "
                          "while kill -0 $p && [ ! -s $log ]; do sleep 0.02; done; "
                          "kill -TERM $p; wait $p",
                  128 + 15);
    assert_holds(&f->out, "To go on:\n  satz ablate ");
    assert_holds(&f->out, " --only luong --set train.epochs=1000000 ");
    assert_status(f, "grep -c 'luong: not trained to its end yet' $D/o/ablation.md", 0);
    assert_status(f, ENDLESS "-n", 0);
    assert_holds(&f->out, "to be gone on with");
    assert_holds(&f->out, "left out");
    assert_status(f,
                  "log=$D/o/rungs/luong/seed-1/log.jsonl; n=$(wc -c <$log); " ENDLESS "& p=$!; "
                  "while kill -0 $p && [ $(wc -c <$log) -le $n ]; do sleep 0.02; done; "
                  "kill -TERM $p; wait $p",
                  128 + 15);
    assert_holds(&f->out, "resumed from ");
}

/* Ctrl-C. */
static void test_ctrl_c(void **state)
{
    struct fixture *f = *state;
    write_ladder(f);
    assert_status(f,
                  "{ while [ ! -s $D/o/rungs/luong/seed-1/log.jsonl ]; do sleep 0.02; done; "
                  "kill -INT $(cat $D/pid); } & sh -c 'echo $$ >$D/pid; exec " ENDLESS "'",
                  128 + 2);
    assert_status(f, "ls $D/o/rungs/luong/seed-1 | grep tmp", 1);
}

/* Stopped and gone on with, it ends in the same bytes. */
static void test_same_bytes(void **state)
{
    struct fixture *f = *state;
    write_ladder(f);
    assert_prints(f, ABLATE "-q --only base --set train.epochs=30", "");
    assert_status(f,
                  "mv $D/o $D/whole; \"$SATZ\" ablate $D/ladder.yaml -o $D/o --only base "
                  "--set optimizer.rate=0.02 --set train.batch=16 --set train.epochs=30 & p=$!; "
                  "while kill -0 $p && [ ! -s $D/o/rungs/base/seed-1/log.jsonl ]; do "
                  "sleep 0.01; done; kill -KILL $p; wait $p",
                  128 + 9);
    assert_prints(f,
                  ABLATE "-q --only base --set train.epochs=30; cd $D/o/rungs/base/seed-1; "
                         "for i in model.safetensors translation.txt; do "
                         "cmp $i $D/whole/rungs/base/seed-1/$i; done",
                  "");
}

static void test_seeds(void **state)
{
    struct fixture *f = *state;
    write_ladder(f);
    assert_prints(f, ABLATE "-q --only base --seeds 2; ls $D/o/rungs/base", "seed-1\nseed-2\n");
    assert_status(f, "grep '^| base' $D/o/ablation.md", 0);
    assert_holds(&f->out, " ± ");
    assert_status(f,
                  "! cmp $D/o/rungs/base/seed-1/model.safetensors "
                  "$D/o/rungs/base/seed-2/model.safetensors",
                  0);
}

/* A file that is not there, after a rung is done: it is told of, and no table is lost. */
static void test_a_failed_run_is_tried_again(void **state)
{
    struct fixture *f = *state;
    write_ladder(f);
    assert_status(f,
                  "mkdir -p $D/o/rungs/base/seed-1 && : >$D/o/rungs/base/seed-1/lock && exec "
                  "9>$D/o/rungs/base/seed-1/lock && flock 9 && " ABLATE
                  "-q --only base --only luong 9>&-",
                  1);
    assert_status(f, "cat $D/o/ablation.md", 0);
    assert_holds(&f->out, "another run is training in this folder");
    assert_status(f, "grep -c '^| luong | [0-9]' $D/o/ablation.md", 0);
    assert_status(f, ABLATE "-n", 0);
    assert_holds(&f->out, "to be tried again: ");
    assert_prints(f, ABLATE "-q --only base", "");
    assert_status(f, "grep -c 'another run' $D/o/ablation.md", 1);
}

static void test_wrong_ladders(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *change, *message;
    } cases[] = {
        {"s/^title:/titel:/", "ladder.yaml:1:1: unknown key \"titel\" of a ladder; did you mean "
                              "\"title\"?"},
        {"s/paper:/papre:/", "ladder.yaml:8:5: unknown key \"papre\" of a rung; did you mean "
                             "\"paper\"?"},
        {"s/bleu:/blue:/", "unknown key \"blue\" of paper; did you mean \"bleu\"?"},
        {"s/model.embedding/model.embeding/",
         "ladder.yaml:11:11: unknown key model.embeding; did you mean model.embedding?"},
        {"s/embedding: 12/embedding: many/", "ladder.yaml:11:28: model.embedding is \"many\"; it "
                                             "must be a whole number"},
        {"s/model.embedding: 12/embedding: 12/", "a rung sets keys of the recipe, `section.key"},
        {"s/from: base/from: bsae/", "ladder.yaml:15:11: there is no rung \"bsae\"; did you mean "
                                     "\"base\"?"},
        {"s/name: luong/name: wide/", "ladder.yaml:14:11: there are two rungs \"wide\""},
        {"s/name: luong/name: ..\\/x/", "\"../x\" is no name of a rung"},
        {"s/tables: .scores./tables: [score]/", "there is no table \"score\"; did you mean "
                                                "\"scores\"?"},
        {"s/attention.preset: luong/attention.place: none, attention.window: local_p/",
         "ladder.yaml:14: rung luong: "},
        {"s/^base: recipe/base: nothing/", "/nothing: cannot"},
        {"/^test:/d", "there is no test text"},
        {"s/name: base/name: [a/", "not YAML"},
        {"s/^rungs:/rungs: 3 #/", "not YAML"},
        {"d", "is empty"},
    };
    char line[256];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_ladder(f);
        snprintf(line, sizeof line, "sed -i '%s' $D/ladder.yaml; satz ablate $D/ladder.yaml -n",
                 cases[i].change);
        assert_refused(f, line, 1, cases[i].message);
    }
}

static void test_wrong_command_lines(void **state)
{
    struct fixture *f = *state;
    write_ladder(f);
    assert_refused(f, "satz ablate", 2, "name the ladder");
    assert_refused(f, "satz ablate a b", 2, "name one ladder");
    assert_refused(f, "satz ablate $D/nothing", 1, "/nothing: cannot");
    assert_refused(f, ABLATE "--seeds 0", 2, "--seeds");
    assert_refused(f, ABLATE "--beam x", 2, "--beam");
    assert_refused(f, ABLATE "--only bass", 1, "--only bass: ");
    assert_holds(&f->err, "did you mean \"base\"?");
    assert_refused(f, ABLATE "--skip nothing", 1, "--skip nothing: ");
    assert_refused(f, ABLATE "--only base --skip base", 1, "--only and --skip leave no rung");
    assert_refused(f, ABLATE "--test-source $D/source", 2,
                   "--test-source and --test-target go together");
    assert_refused(f, ABLATE "--valid-target $D/target", 2, "--valid-source and --valid-target");
    assert_refused(f, ABLATE "--set model.embedding=9", 1,
                   "the rung wide changes this key; leave it out, or change it in the ladder");
    assert_refused(f, ABLATE "--set model.embeding=9", 1, "did you mean model.embedding?");
    assert_refused(f,
                   "head -9 $D/source >$D/s; " ABLATE "--test-source $D/s --test-target "
                   "$D/target",
                   1, "/s has 9 lines but ");
    assert_refused(f, "mkdir $D/o; exec 9>$D/o/lock; flock 9; " ABLATE "-q 9>&-", 1,
                   "another `satz ablate` is at work in this folder");
    assert_status(f, "rm -r $D/o; " ABLATE "--dry-run; ls $D/o", 2);
}

/* The one that comes with Satz, on other text. */
static void test_the_ladder_of_luong(void **state)
{
    struct fixture *f = *state;
    write_ladder(f);
    assert_status(f,
                  "satz ablate configs/luong2015 -o $D/o -q --seeds 1 --train-source $D/source "
                  "--train-target $D/target --valid-source $D/source --valid-target $D/target "
                  "--test-source $D/source --test-target $D/target --set tokenizer.vocabulary=30 "
                  "--set model.embedding=8 --set model.encoder_hidden=8 "
                  "--set model.decoder_hidden=8 --set train.epochs=1",
                  0);
    assert_prints(f, "ls $D/o/rungs | wc -l; grep -c '^| [^-r]' $D/o/ablation.md", "12\n14\n");
    assert_status(f, "cat $D/o/ablation.md", 0);
    assert_holds(&f->out, "| 19.0 (+0.9) | 5.9 |");
    assert_holds(&f->out, "| - | \\>7.0 |");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROGRAM_TEST(test_tables),
        PROGRAM_TEST(test_what_is_done_stays),
        PROGRAM_TEST(test_other_alignments_are_another_text),
        PROGRAM_TEST(test_an_interrupt_goes_on),
        PROGRAM_TEST(test_ctrl_c),
        PROGRAM_TEST(test_same_bytes),
        PROGRAM_TEST(test_seeds),
        PROGRAM_TEST(test_a_failed_run_is_tried_again),
        PROGRAM_TEST(test_wrong_ladders),
        PROGRAM_TEST(test_wrong_command_lines),
        PROGRAM_TEST(test_the_ladder_of_luong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
