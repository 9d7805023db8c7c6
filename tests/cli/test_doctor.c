/* satz doctor: each defect of a text is found, named and placed. */
#include "program.h"

static const char *const english[] = {"the house is on the hill",  "a man and his dog are here",
                                      "this is for you and me",    "they have it from the city",
                                      "she was with him that day", "we are at the river by night"};
static const char *const german[] = {
    "das haus ist auf dem berg",  "ein mann und der hund sind da", "das ist für dich und für mich",
    "sie haben es von der stadt", "sie war mit ihm an dem tag",    "wir sind nicht auf dem fluss"};

/* 240 pairs under names that tell their languages, and ten held-out ones. */
static void write_texts(struct fixture *f)
{
    struct strbuf text[4] = {0};
    for (int i = 0; i < 250; i++) {
        struct strbuf *to = text + (i < 240 ? 0 : 2);
        strbuf_addf(&to[0], "%s, said number %d\n", english[i % 6], i);
        strbuf_addf(&to[1], "%s, sagte nummer %d\n", german[i % 6], i);
    }
    write_text(f, "train.en", strbuf_text(&text[0]));
    write_text(f, "train.de", strbuf_text(&text[1]));
    write_text(f, "valid.en", strbuf_text(&text[2]));
    write_text(f, "valid.de", strbuf_text(&text[3]));
    for (int i = 0; i < 4; i++)
        strbuf_release(&text[i]);
    write_text(f, "recipe",
               "data: {train_source: \"${D}/train.en\", train_target: \"${D}/train.de\",\n"
               "  valid_source: \"${D}/valid.en\", valid_target: \"${D}/valid.de\"}\n"
               "tokenizer: {vocabulary: 60}\n"
               "model: {embedding: 8, encoder_hidden: 8, decoder_hidden: 16}\n"
               "train: {folder: \"${D}/m\", batch: 16}\n");
}

static void test_a_sound_recipe(void **state)
{
    struct fixture *f = *state;
    write_texts(f);
    assert_status(f, "satz doctor $D/recipe", 0);
    assert_holds(&f->out, "Training text: 240 pairs, ");
    assert_holds(&f->out, "reads as English");
    assert_holds(&f->out, "reads as German");
    assert_holds(&f->out, "A trial of 20 steps: loss ");
    assert_holds(&f->out, "the fastest here");
    assert_holds(&f->out, "Training can begin; 0 warnings.");
    /* nothing is left, in train.folder or elsewhere */
    assert_prints(
        f,
        "mkdir $D/t; TMPDIR=$D/t satz doctor $D/recipe >$D/1; ls $D/t; ls $D | grep '^m$'; :", "");
    assert_status(f, "satz doctor --json $D/recipe", 0);
    assert_holds(&f->out, "\"ok\": true");
    assert_holds(&f->out, "\"tokens_per_second\": ");
    assert_refused(f, "satz doctor", 2, "name the recipe");
    assert_refused(f, "satz doctor $D/recipe --set train.batch=x", 1, "train.batch");
}

static void test_no_place_for_a_trial(void **state)
{
    write_texts(*state);
    assert_tmpdir_named(*state, "satz doctor $D/recipe");
}

static void test_defects(void **state)
{
    struct fixture *f = *state;
    write_texts(f);
    /* one of each at the end of the training text, from line 241 */
    assert_status(f,
                  "{ cat $D/train.en; echo same; echo; head -1 $D/train.en; head -1 $D/valid.en; "
                  "printf 'bell\\007\\n'; seq -s ' ' 99; } >$D/bad.en && "
                  "{ cat $D/train.de; echo same; echo x; head -1 $D/train.de; head -1 $D/valid.de; "
                  "echo y; echo z; } >$D/bad.de",
                  0);
    assert_status(f,
                  "satz doctor $D/recipe --set data.train_source=$D/bad.en "
                  "--set data.train_target=$D/bad.de",
                  0);
    assert_holds(&f->out, "have the same text on both sides: they teach to copy; the first is ");
    assert_holds(&f->out, "/bad.en:241");
    assert_holds(&f->out, "have an empty side (data.on_empty); the first is ");
    assert_holds(&f->out, "/bad.en:242");
    assert_holds(&f->out, "repeat an earlier pair; the first is ");
    assert_holds(&f->out, "/bad.en:243");
    assert_holds(&f->out, "1 pairs (10 %) of the held-out text are in the training text");
    assert_holds(&f->out, "/bad.en:244");
    assert_holds(&f->out, "hold control characters; the first is ");
    assert_holds(&f->out, "/bad.en:245");
    assert_holds(&f->out, "more than four times as long as the other");
    assert_holds(&f->out, "/bad.en:246");
}

/* A pair of the test set is in the training text as it is, another source in other dress. */
static void test_test_set(void **state)
{
    struct fixture *f = *state;
    write_texts(f);
    write_text(f, "test.en",
               "the cat is not here any more\nThe dog, is THERE!\nwe have it from him\n");
    write_text(f, "test.de",
               "die katze ist nicht mehr da\nder Hund ist dort\nwir haben es von ihm\n");
    const char *line = "satz doctor $D/recipe -S $D/test.en -T $D/test.de";
    assert_status(f, line, 0);
    assert_holds(&f->out, "Test set: 3 pairs, ");
    assert_holds(&f->out, "Training can begin; 0 warnings.");
    assert_status(f,
                  "head -1 $D/test.en >>$D/train.en; head -1 $D/test.de >>$D/train.de; "
                  "echo 'the dog is there' >>$D/train.en; echo 'da ist er' >>$D/train.de",
                  0);
    assert_status(f, line, 0);
    assert_holds(&f->out, "1 pairs (33 %) of the test set are in the training text: its scores "
                          "flatter; the first is ");
    assert_holds(&f->out, "/train.en:241");
    assert_holds(&f->out, "2 sources (67 %) of the test set are in the training text, some with ");
    assert_status(f,
                  "satz doctor --json $D/recipe --test-source $D/test.en "
                  "--test-target=$D/test.de",
                  0);
    assert_holds(&f->out, "\"test_in_training\": 1,");
    assert_holds(&f->out, "\"test_sources_in_training\": 2,");
    assert_holds(&f->out, "\"held_out_in_training\": 0,");
    assert_status(f, "satz doctor $D/recipe -S $D/test.de -T $D/test.en", 0);
    assert_holds(&f->out, "the test set seems to be swapped against the training text");
    assert_status(f, "satz doctor $D/recipe -S $D/none -T $D/test.en", 1);
    assert_holds(&f->out, "/none: cannot open");
    assert_refused(f, "satz doctor -S $D/test.en $D/recipe", 2, "name both files");
}

static void test_problems(void **state)
{
    struct fixture *f = *state;
    write_texts(f);
    assert_status(f, "printf '\\377\\n' >>$D/train.en; echo x >>$D/train.de; satz doctor $D/recipe",
                  1);
    assert_holds(&f->out, "PROBLEM: 1 pairs (0.41 %) are not valid UTF-8 (data.on_invalid); the "
                          "first is ");
    assert_holds(&f->out, "/train.en:241");
    write_texts(f);
    assert_status(f, "echo more >>$D/train.en; satz doctor --json $D/recipe", 1);
    assert_holds(&f->out, "\"ok\": false");
    assert_holds(&f->out, "train.en has 241 lines but ");
    assert_status(f, "satz doctor $D/recipe --set data.train_target=$D/none", 1);
    assert_holds(&f->out, "/none: cannot open");
    write_texts(f);
    assert_status(f, "satz doctor $D/recipe --set tokenizer.vocabulary=5000", 1);
    assert_holds(&f->out, "is too large for this text");
    assert_status(f,
                  "satz doctor $D/recipe --set model.init=uniform --set model.init_scale=10 "
                  "--set model.encoder_cell=rnn_relu --set train.clip=0 --set optimizer.rate=1000 "
                  "--set optimizer.name=sgd",
                  1);
    assert_holds(&f->out, "not finite");
}

static void test_swapped_sides(void **state)
{
    struct fixture *f = *state;
    write_texts(f);
    assert_status(f,
                  "satz doctor $D/recipe --set data.valid_source=$D/valid.de "
                  "--set data.valid_target=$D/valid.en",
                  1);
    assert_holds(&f->out, "the held-out text seems to be swapped against the training text");
    assert_status(f,
                  "(cd $D; mv train.en x; mv train.de train.en; mv x train.de; mv valid.en x; "
                  "mv valid.de valid.en; mv x valid.de); satz doctor $D/recipe",
                  1);
    assert_holds(&f->out, "/train.en reads as German (");
    assert_holds(&f->out, " sure): are they swapped?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROGRAM_TEST(test_a_sound_recipe), PROGRAM_TEST(test_no_place_for_a_trial),
        PROGRAM_TEST(test_defects),        PROGRAM_TEST(test_test_set),
        PROGRAM_TEST(test_problems),       PROGRAM_TEST(test_swapped_sides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
