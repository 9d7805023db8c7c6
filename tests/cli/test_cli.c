/* The built program as its users see it: output, messages, exit status. */
#include "program.h"

#include "base/tensors.h"
#include "cli/commands.h"

static const char *const command_names[] = {
#define COMMAND_NAME(name) #name,
    COMMAND_LIST(COMMAND_NAME)
#undef COMMAND_NAME
};
enum { N_COMMANDS = sizeof command_names / sizeof *command_names };

static void test_help_names_every_command(void **state)
{
    struct fixture *f = *state;
    assert_status(f, "satz --help", 0);
    assert_string_equal(strbuf_text(&f->err), "");
    for (int i = 0; i < N_COMMANDS; i++) {
        char row[64];
        snprintf(row, sizeof row, "\n  %s ", command_names[i]);
        assert_holds(&f->out, row);
    }
    assert_refused(f, "satz", 2, "Usage: satz COMMAND");
}

static void assert_help(struct fixture *f, const char *name)
{
    char line[128], usage[128];
    snprintf(line, sizeof line, "satz %s --help", name);
    snprintf(usage, sizeof usage, "Usage: satz %s ", name);
    assert_status(f, line, 0);
    assert_string_equal(strbuf_text(&f->err), "");
    const char *text = strbuf_text(&f->out);
    assert_true(strncmp(text, usage, strlen(usage) - 1) == 0);
    for (; *text; text += strcspn(text, "\n") + 1)
        assert_in_range(strcspn(text, "\n"), 0, 90);
}

static void test_every_command_has_help(void **state)
{
    for (int i = 0; i < N_COMMANDS; i++)
        assert_help(*state, command_names[i]);
    assert_help(*state, "tokenizer train");
    assert_help(*state, "tokenizer encode");
    assert_help(*state, "tokenizer decode");
}

static void test_version(void **state)
{
    assert_prints(*state, "satz --version", "satz " SATZ_VERSION "\n");
}

static void test_help_in_other_forms(void **state)
{
    struct fixture *f = *state;
    assert_prints(f, "satz translate --help=commands", "translate\n");
    assert_prints(f, "satz tokenizer --help=commands",
                  "tokenizer\ntokenizer train\ntokenizer encode\ntokenizer decode\n");
    assert_status(f, "satz tokenizer train --help=man", 0);
    assert_holds(&f->out, ".Dt SATZ-TOKENIZER-TRAIN 1\n");
    assert_holds(&f->out, ".It Fl o , Fl Fl output Ar FILE\n");
    assert_status(f, "satz config --man", 0);
    assert_holds(&f->out, ".It Va decoder_cell\n");
    assert_refused(f, "satz config --man x", 2, "give nothing else");
    assert_status(f, "satz translate --help", 0);
    assert_holds(&f->out, "\n--precision is one of: f32 bf16 int8\n");
    assert_refused(f, "satz translate --help=xyzzy", 2, "--help=xyzzy: there is no such format");
    assert_refused(f, "satz --help=xyzzy", 2, "there is no command");
    assert_status(f, "satz attention --help", 0);
    assert_holds(&f->out, "\n--backend is one of: auto openblas onednn\n");
    assert_holds(&f->out, "\nExamples:\n  # ");
}

static void test_every_option_has_a_test(void **state)
{
    assert_prints(*state, "scripts/check-options.pl $SATZ tests/*/*.[ch]", "");
}

static void test_wrong_usage_is_status_2(void **state)
{
    struct fixture *f = *state;
    assert_refused(f, "satz trian", 2, "did you mean \"train\"?");
    assert_refused(f, "satz xyzzy", 2, "there is no command \"xyzzy\"");
    assert_refused(f, "satz tokenizer encod x", 2, "did you mean \"encode\"?");
    assert_refused(f, "satz train --resumee x", 2, "did you mean --resume?");
    assert_refused(f, "satz train --resume -x r", 2, "there is no option -x");
    assert_refused(f, "satz train --set", 2, "--set needs an argument: --set KEY=VALUE");
    assert_refused(f, "satz train --quiet=1 x", 2, "--quiet takes no argument");
    assert_refused(f, "satz train", 2, "name the recipe");
    assert_refused(f, "satz bleu --s x y", 2, "--s is short for more than one option");
    assert_refused(f, "satz bleu --width x y", 2, "--width x: give a whole number from 0 to 15");
    assert_refused(f, "satz bleu --width 16 y", 2, "--width 16: give");
    assert_refused(f, "satz bleu --smooth-value nan y", 2, "it must be a number from 0");
    assert_refused(f, "satz bleu --smooth flor y", 2, "floor");
    assert_refused(f, "satz bleu", 2, "name the reference");
    assert_refused(f, "satz bleu - -", 2, "standard input");
    assert_refused(f, "satz tokenizer train x", 2, "--output");
}

static void test_bleu_of_files_and_standard_input(void **state)
{
    struct fixture *f = *state;
    static const char score[] =
        "BLEU = 57.21 85.7/66.7/50.0/37.5 (BP = 1.000 ratio = 1.000 hyp_len = 14 ref_len = 14)\n"
        "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:satz-0.1.0\n";
    write_text(f, "ref", "The cat sat on the mat .\nHello world , this is good.\n");
    write_text(f, "hyp", "The cat sat on a mat .\nHello world , this is bad.\n");
    write_text(f, "capitals", "THE CAT SAT ON A MAT .\nHello world , this is bad.");
    write_text(f, "labels", "b\na\n");
    assert_prints(f, "satz bleu $D/ref $D/hyp", score);
    assert_prints(f, "satz bleu $D/ref <$D/hyp", score);
    assert_prints(f, "satz bleu $D/hyp - <$D/ref", score);
    assert_prints(f, "satz bleu -b $D/ref $D/capitals --lowercase -w 4", "57.2125\n");
    assert_prints(f, "satz bleu -b --reference $D/hyp $D/ref $D/hyp", "100.00\n");
    assert_prints(f, "satz bleu -b --sentence $D/ref $D/hyp", "48.89\n64.35\n");
    assert_prints(f, "satz bleu -b --by $D/labels $D/ref $D/hyp",
                  "57.21\nb\t1\t48.89\na\t1\t64.35\n");
}

static void test_bleu_files_must_fit(void **state)
{
    struct fixture *f = *state;
    write_text(f, "two", "a\nb\n");
    write_text(f, "one", "a\n");
    assert_refused(f, "satz bleu $D/two $D/one", 1, "/one has only 1 lines");
    assert_refused(f, "satz bleu $D/one $D/two", 1, "/one has only 1 lines");
    assert_refused(f, "satz bleu --by $D/one $D/two $D/two", 1, "/one has fewer lines than the 2");
    assert_refused(f, "satz bleu $D/missing $D/two", 1, "/missing: could not be opened");
    assert_refused(f, "printf 'a\\0b\\n' | satz bleu $D/one", 1, "standard input:1: ");
}

/* Varied enough for 60 pieces. */
static void write_corpus(struct fixture *f)
{
    static const char *const who[] = {"Der Bär", "Die Müllerin", "Das Mädchen", "Ein König"};
    static const char *const does[] = {"hört", "grüßt", "sucht", "fürchtet", "zählt"};
    static const char *const what[] = {"die Bäume", "den Fluss", "große Häuser", "zwölf Äpfel"};
    struct strbuf text = {0};
    for (int i = 0; i < 80; i++)
        strbuf_addf(&text, "%s %s %s.\n", who[i % 4], does[i / 4 % 5], what[i / 20]);
    write_text(f, "corpus", strbuf_text(&text));
    strbuf_release(&text);
}

static void train_tokenizer(struct fixture *f)
{
    write_corpus(f);
    assert_prints(f, "satz tokenizer train --type bpe --vocabulary 60 --output $D/spm $D/corpus",
                  "");
}

static void test_tokenizer_round_trip(void **state)
{
    struct fixture *f = *state;
    train_tokenizer(f);
    write_text(f, "text", "Der König grüßt zwölf Bäume.\n\nDas Mädchen zählt.\n");
    assert_status(f, "satz tokenizer encode $D/spm $D/text", 0);
    assert_holds(&f->out, "\u2581");
    assert_prints(f,
                  "satz tokenizer encode $D/spm $D/text | satz tokenizer decode $D/spm | "
                  "cmp - $D/text",
                  "");
    assert_prints(f,
                  "satz tokenizer encode -i $D/spm <$D/text | satz tokenizer decode --ids $D/spm"
                  " - | cmp - $D/text",
                  "");
    assert_prints(f,
                  "echo 4 5 | satz tokenizer decode -i $D/spm | satz tokenizer encode -i $D/spm |"
                  " satz tokenizer decode -i $D/spm | wc -l | tr -d ' '",
                  "1\n");
    assert_status(f,
                  "{ cat $D/text; printf 'z\\303\\n'; } >$D/broken; "
                  "satz tokenizer encode $D/spm $D/broken | wc -l",
                  0);
    assert_holds(&f->err, "/broken:4: not valid UTF-8");
}

/* A rare character has no piece of its own any more. */
static void test_tokenizer_coverage(void **state)
{
    struct fixture *f = *state;
    write_corpus(f);
    assert_prints(
        f,
        "echo 'Ω' >>$D/corpus; for c in 1 0.99; do "
        "satz tokenizer train --type bpe --vocabulary 45 --coverage $c -o $D/spm $D/corpus; "
        "echo 'Ω' | satz tokenizer encode -i $D/spm | grep -cw 1; done",
        "0\n1\n");
}

/* A model of Satz has a tokenizer for each side. */
static void test_tokenizers_of_both_sides(void **state)
{
    struct fixture *f = *state;
    write_recipe(f);
    assert_status(f,
                  "satz train -q $D/recipe --set tokenizer.joint=false --set train.epochs=1 "
                  "--set tokenizer.vocabulary=24",
                  0);
    assert_prints(f,
                  "m=$D/model/model.safetensors; echo sechs | satz tokenizer encode --target $m | "
                  "satz tokenizer decode --target $m; echo sechs | satz tokenizer encode -i $m | "
                  "satz tokenizer decode -i $m",
                  "sechs\nse ⁇ hs\n");
}

static void test_tokenizer_errors(void **state)
{
    struct fixture *f = *state;
    train_tokenizer(f);
    assert_refused(f, "satz tokenizer encode $D/missing", 1, "/missing: cannot");
    assert_refused(f, "satz tokenizer encode $D/corpus", 1, "not a SentencePiece model");
    assert_refused(f, "echo Bär42 | satz tokenizer decode $D/spm", 1,
                   "standard input:1: \"Bär42\" is not a piece");
    assert_refused(f, "echo 60 | satz tokenizer decode -i $D/spm", 1, "\"60\" is not an id");
    assert_refused(f, "echo 1x | satz tokenizer decode -i $D/spm", 1, "\"1x\" is not an id");
    assert_refused(f, "satz tokenizer train --vocabulary 9999 -o $D/x $D/corpus", 1, "too large");
    assert_refused(f, "satz tokenizer train --coverage 0.9 -o $D/x $D/corpus", 2, "from 0.98 to 1");
    assert_refused(f, "satz tokenizer train --type subword -o $D/x $D/corpus", 1, "unigram");
}

/* A model file with two parameters, one moment of an optimiser, and the tokenizer. */
static void write_model(struct fixture *f)
{
    static const float values[6] = {0};
    struct strbuf spm = {0};
    train_tokenizer(f);
    read_file(f, "spm", &spm);
    const struct tensor items[] = {
        {.name = "output.weight", .type = TENSOR_F32, .rank = 2, .shape = {2, 3}, .data = values},
        {.name = "output.bias", .type = TENSOR_F32, .rank = 1, .shape = {5}, .data = values},
        {.name = "mean:output.bias", .type = TENSOR_F32, .rank = 1, .shape = {5}, .data = values},
        {.name = "tokenizer.source",
         .type = TENSOR_U8,
         .rank = 1,
         .shape = {spm.length},
         .data = spm.data},
    };
    const struct tensors_entry metadata[] = {
        {"satz.version", "0.1.0"},
        {"satz.recipe", "train:\n  epochs: 3\n"},
        {"satz.training", "{\"update\": 120, \"valid_perplexity\": 7.25, \"compute\": \"any\"}"},
    };
    char *path = file_join(f->folder, "model", NULL);
    assert_int_equal(tensors_write(path, items, 4, metadata, 3, NULL), 0);
    free(path);
    strbuf_release(&spm);
}

static void test_info_describes_a_model(void **state)
{
    struct fixture *f = *state;
    write_model(f);
    assert_prints(f, "satz info --recipe $D/model", "train:\n  epochs: 3\n");
    assert_status(f, "satz info $D/model", 0);
    assert_holds(&f->out, "60 pieces\n");
    assert_holds(&f->out, " 120\n");
    assert_holds(&f->out, " 7.25\n");
    assert_holds(&f->out, " any\n");
    assert_holds(&f->out, "[2, 3]\n");
    assert_holds(&f->out, "\n11 parameters, ");
    assert_null(strstr(strbuf_text(&f->out), "mean:"));
    assert_prints(f, "echo Bär | satz tokenizer encode $D/model | satz tokenizer decode $D/model",
                  "Bär\n");
    assert_refused(f, "satz info $D/corpus", 1, "/corpus: ");
    assert_refused(f, "satz info $D/missing", 1, "/missing: ");
}

static void test_config_errors_name_place_and_spelling(void **state)
{
    struct fixture *f = *state;
    write_text(f, "recipe", "train:\n  epochs: 3\n  epocs: 4\n");
    assert_refused(f, "satz config $D/recipe", 1, "/recipe:3:3: ");
    assert_holds(&f->err, "did you mean train.epochs?");
    assert_refused(f, "satz train $D/recipe", 1, "/recipe:3:3: ");
    assert_refused(f, "satz config --defaults --set train.batch=x", 1, "--set train.batch");
    assert_refused(f, "satz config $D/missing", 1, "/missing: ");
    assert_refused(f, "satz config --set train.batch=8", 2, "--defaults");
    assert_refused(f, "satz config --defaults $D/recipe", 2, "--defaults");
}

static void test_a_resolved_recipe_reads_the_same(void **state)
{
    struct fixture *f = *state;
    assert_status(f,
                  "satz config -d -s train.epochs=7 -s 'data.train_source=[a b, c]' "
                  "-s data.train_target=[d,e] -s attention.preset=luong >$D/full",
                  0);
    assert_prints(f, "satz config $D/full | cmp - $D/full", "");
    assert_prints(f, "grep -c -e 'epochs: 7' -e 'feeding: true' $D/full", "2\n");
    assert_prints(f, "satz config $D/full --set train.epochs=8 | grep ' epochs:'", "  epochs: 8\n");
}

static void test_the_reference_is_up_to_date(void **state)
{
    assert_prints(*state, "satz config | cmp - docs/recipes.md", "");
}

static void test_a_full_disk_is_a_failure(void **state)
{
    struct fixture *f = *state;
    write_text(f, "text", "a\n");
    assert_refused(f, "satz --version >/dev/full", 1, "could not be written");
    assert_refused(f, "satz --help >/dev/full", 1, "could not be written");
    assert_refused(f, "satz config >/dev/full", 1, "could not be written");
    assert_refused(f, "satz bleu $D/text $D/text >/dev/full", 1, "could not be written");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROGRAM_TEST(test_help_names_every_command),
        PROGRAM_TEST(test_every_command_has_help),
        PROGRAM_TEST(test_version),
        PROGRAM_TEST(test_help_in_other_forms),
        PROGRAM_TEST(test_every_option_has_a_test),
        PROGRAM_TEST(test_wrong_usage_is_status_2),
        PROGRAM_TEST(test_bleu_of_files_and_standard_input),
        PROGRAM_TEST(test_bleu_files_must_fit),
        PROGRAM_TEST(test_tokenizer_round_trip),
        PROGRAM_TEST(test_tokenizer_coverage),
        PROGRAM_TEST(test_tokenizers_of_both_sides),
        PROGRAM_TEST(test_tokenizer_errors),
        PROGRAM_TEST(test_info_describes_a_model),
        PROGRAM_TEST(test_config_errors_name_place_and_spelling),
        PROGRAM_TEST(test_a_resolved_recipe_reads_the_same),
        PROGRAM_TEST(test_the_reference_is_up_to_date),
        PROGRAM_TEST(test_a_full_disk_is_a_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
