/* A training run from the command line: to the end, stopped by a signal, and gone on with. */
#include "program.h"

static void write_recipe(struct fixture *f)
{
    static const char *const words[][2] = {{"one", "eins"},  {"two", "zwei"},   {"three", "drei"},
                                           {"four", "vier"}, {"five", "fuenf"}, {"six", "sechs"}};
    struct strbuf source = {0}, target = {0};
    for (unsigned i = 0; i < 216; i++)
        for (unsigned k = 0, rest = i; k < 3; k++, rest /= 6) {
            strbuf_addf(&source, "%s%c", words[rest % 6][0], k < 2 ? ' ' : '\n');
            strbuf_addf(&target, "%s%c", words[rest % 6][1], k < 2 ? ' ' : '\n');
        }
    write_text(f, "source", strbuf_text(&source));
    write_text(f, "target", strbuf_text(&target));
    strbuf_release(&source);
    strbuf_release(&target);
    write_text(f, "recipe",
               "data:\n"
               "  train_source: [\"${D}/source\"]\n"
               "  train_target: [\"${D}/target\"]\n"
               "  valid_source: ${D}/source\n"
               "  valid_target: ${D}/target\n"
               "tokenizer: \n  vocabulary: 30\n"
               "model:\n  embedding: 8\n  encoder_hidden: 8\n  decoder_hidden: 16\n"
               "train:\n  folder: ${D}/model\n  epochs: 2\n  log_every: 1\n");
}

static void test_a_run_ends_with_a_model(void **state)
{
    struct fixture *f = *state;
    write_recipe(f);
    assert_status(f, "satz train $D/recipe", 0);
    assert_holds(&f->out, "epoch 1  update 4  loss ");
    assert_holds(&f->out, "epoch 2  update 8  loss ");
    assert_holds(&f->out, "The model is ");
    assert_null(strstr(strbuf_text(&f->err), "\r"));
    assert_status(f, "satz info $D/model/model.safetensors", 0);
    assert_holds(&f->out, "30 pieces");
    assert_prints(f, "satz info -r $D/model/model.safetensors | grep ' epochs:'", "  epochs: 2\n");
    assert_prints(f, "satz train -q $D/recipe --set train.folder=$D/quiet", "");
}

static void test_a_stopped_run_goes_on(void **state)
{
    struct fixture *f = *state;
    write_recipe(f);
    assert_status(f,
                  "\"$SATZ\" train $D/recipe --set train.epochs=100000 "
                  "--set validation.patience=0 & p=$!; "
                  "while kill -0 $p && [ ! -s $D/model/log.jsonl ]; do sleep 0.02; done; "
                  "kill -TERM $p; wait $p",
                  128 + 15);
    assert_holds(&f->out, "To go on:\n  satz train ");
    assert_holds(&f->out, "/recipe --set train.epochs=100000 --set validation.patience=0 --resume");
    assert_status(f, "ls $D/model", 0);
    assert_holds(&f->out, "checkpoint-");
    assert_status(f, "satz train $D/recipe --resume --set train.updates=100", 0);
    assert_holds(&f->out, "resumed from ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROGRAM_TEST(test_a_run_ends_with_a_model),
        PROGRAM_TEST(test_a_stopped_run_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
