/* A training run from the command line: to the end, stopped by a signal, and gone on with. */
#include "program.h"

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

/* bf16 where the processor has it, and a reason where it has not. */
static void test_precision(void **state)
{
    struct fixture *f = *state;
    write_recipe(f);
    assert_refused(f, "satz train $D/recipe --set compute.precision=int8", 1,
                   "must be one of auto, f32, bf16");
    assert_refused(f, "SATZ_SIMD=avx2 satz train -q $D/recipe --set compute.precision=bf16", 1,
                   "AVX512_BF16");
    if (run(f, "satz train $D/recipe --set compute.precision=bf16") == 0) {
        assert_holds(&f->out, "openblas, bf16, avx512");
        assert_status(f, "satz info $D/model/model.safetensors", 0);
        assert_holds(&f->out, "openblas bf16 avx512");
    } else {
        assert_holds(&f->err, "AVX512_BF16");
    }
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

static void test_an_interrupt_saves(void **state)
{
    struct fixture *f = *state;
    write_recipe(f);
    assert_status(f,
                  "{ while [ ! -s $D/model/log.jsonl ]; do sleep 0.02; done; "
                  "kill -INT $(cat $D/pid); } & sh -c 'echo $$ >$D/pid; exec $SATZ train $D/recipe "
                  "--set train.epochs=1000000 --set validation.patience=0'",
                  128 + 2);
    assert_holds(&f->out, "To go on:\n  satz train ");
    assert_status(f, "set -- $D/model/checkpoint-*; satz info $1 | grep checkpoint", 0);
}

/* A limit on the size of files is a disk that is full. */
static void test_a_full_disk_keeps_what_was_saved(void **state)
{
    struct fixture *f = *state;
    write_recipe(f);
    assert_status(f, "satz train -q $D/recipe --set train.updates=3 && cp -r $D/model $D/copy", 0);
    assert_status(f, "trap '' XFSZ; ulimit -f 8; satz train -q $D/recipe --resume", 1);
    assert_holds(&f->err, "cannot write (is the disk full?)");
    assert_holds(&f->err, "update 3 is saved: once that is mended, go on from it with --resume");
    assert_prints(f,
                  "cd $D/model; ls | grep -e tmp -e 0004; cmp checkpoint-00000003.safetensors "
                  "../copy/checkpoint-00000003.safetensors",
                  "");
    assert_status(f, "satz train -q $D/recipe --resume", 0);
}

/* Where, when, by whom and by how many threads a model was trained is not in it. */
static void test_elsewhere(void **state)
{
    struct fixture *f = *state;
    write_recipe(f);
    assert_status(f,
                  "SATZ=$(realpath $SATZ) && cd $D && sed \"s:[$]{D}/::\" recipe >plain && "
                  "mkdir -p x/y && cp plain source target x && cp plain source target x/y && "
                  "cp $SATZ x/copy && "
                  "(cd x && satz train -q plain --set train.threads=1) && "
                  "(cd x/y && TZ=Asia/Tokyo HOME=/no USER=nobody ../copy train -q plain "
                  "--set train.threads=5 --set data.cache=../c) && "
                  "cmp x/model/model.safetensors x/y/model/model.safetensors",
                  0);
    assert_status(f, "grep -aq -e $D -e \"$(date +%Y-)\" $D/x/model/model.safetensors", 1);
}

static void test_a_changed_recipe(void **state)
{
    struct fixture *f = *state;
    write_recipe(f);
    assert_status(f, "satz train $D/recipe --set train.updates=7", 0);
    assert_refused(f, "satz train -q $D/recipe -r --set model.embedding=9", 1,
                   "cannot go on with this recipe (keep model.*");
    assert_refused(f, "satz train -q $D/recipe -r --set optimizer.name=sgd", 1,
                   "its optimizer.name is adam; go on with that");
    assert_status(f, "satz train $D/recipe -r --set validation.metric=bleu", 0);
    assert_holds(&f->out, "validation.metric was perplexity: the best model is sought anew");
    assert_holds(&f->out, "  best");
}

static void test_fewer_batches_than_the_checkpoint_had(void **state)
{
    struct fixture *f = *state;
    write_recipe(f);
    assert_status(f, "satz train $D/recipe --set train.updates=7", 0);
    assert_status(f, "satz train $D/recipe -r --set train.batch=216", 0);
    assert_holds(&f->out, "train.batch has changed: epoch 2 begins anew");
    assert_holds(&f->out, "epoch 2  update 8  ");
}

static void test_a_diverged_run_leaves_readable_files(void **state)
{
    struct fixture *f = *state;
    write_recipe(f);
    assert_status(f,
                  "satz train $D/recipe --set optimizer.rate=1000 --set train.clip=0 "
                  "--set train.label_smoothing=0",
                  0);
    assert_status(f, "grep -c -e inf -e nan $D/model/log.jsonl", 1);
    assert_status(f, "satz info $D/model/model.safetensors | grep -c -e inf -e nan", 1);
    assert_status(f, "satz train $D/recipe -r --set train.epochs=3 --set optimizer.rate=0", 0);
}

static void test_a_wrong_name_is_told_at_once(void **state)
{
    struct fixture *f = *state;
    write_recipe(f);
    assert_refused(f, "satz train $D/recipe -q --set data.valid_target=$D/nothing", 1,
                   "/nothing: cannot open");
    assert_status(f, "ls $D/model/cache", 2);
    assert_refused(f,
                   "mkfifo $D/pipe; timeout 9 $SATZ train $D/recipe -q "
                   "--set data.train_source=$D/pipe",
                   1, "/pipe: is not a plain file");
    assert_refused(f, "satz train $D/recipe -q --set tokenizer.vocabulary=999", 1,
                   "tokenizer: a vocabulary of 999 pieces is too large");
    assert_refused(
        f,
        "sed -n 2,216p $D/source >$D/bad; printf '\\377\n' >>$D/bad; satz train $D/recipe -q "
        "--set data.train_source=$D/bad",
        1, "/bad:216: not valid UTF-8 text; convert the file, or let data.on_invalid");
}

static void test_halves_of_killed_runs_are_removed(void **state)
{
    struct fixture *f = *state;
    write_recipe(f);
    assert_status(f,
                  "mkdir $D/model; cd $D/model; : >checkpoint-00000004.safetensors.tmp.12; "
                  ": >model.safetensors.tmp.12; : >my.tmp.12; cd -; satz train -q $D/recipe",
                  0);
    assert_prints(f, "ls $D/model | grep tmp", "my.tmp.12\n");
}

/* The first file that is opened must not stand where the program prints to. */
static void test_closed_streams(void **state)
{
    struct fixture *f = *state;
    write_recipe(f);
    assert_status(f, "satz train $D/recipe <&- >&- 2>&-", 1);
    assert_status(f, "grep -vc '^{.*}$' $D/model/log.jsonl", 1);
    assert_status(f, "satz info $D/model/model.safetensors", 0);
}

static void test_one_run_in_a_folder(void **state)
{
    struct fixture *f = *state;
    write_recipe(f);
    assert_status(f,
                  "mkdir $D/model; exec 9>$D/model/lock; flock 9; "
                  "satz train $D/recipe 9>&-",
                  1);
    assert_holds(&f->err, "another run is training in this folder");
    assert_status(f, "satz train -q $D/recipe && satz train -q $D/recipe", 1);
    assert_holds(&f->err, "the folder already holds a run; go on with it by --resume");
    assert_prints(f, "satz train -q $D/recipe --resume", "");
    assert_refused(f, "satz train -q $D/recipe --set train.folder=$D/source", 1, "not a folder");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROGRAM_TEST(test_precision),
        PROGRAM_TEST(test_a_run_ends_with_a_model),
        PROGRAM_TEST(test_a_stopped_run_goes_on),
        PROGRAM_TEST(test_an_interrupt_saves),
        PROGRAM_TEST(test_a_full_disk_keeps_what_was_saved),
        PROGRAM_TEST(test_elsewhere),
        PROGRAM_TEST(test_a_changed_recipe),
        PROGRAM_TEST(test_fewer_batches_than_the_checkpoint_had),
        PROGRAM_TEST(test_a_diverged_run_leaves_readable_files),
        PROGRAM_TEST(test_a_wrong_name_is_told_at_once),
        PROGRAM_TEST(test_halves_of_killed_runs_are_removed),
        PROGRAM_TEST(test_closed_streams),
        PROGRAM_TEST(test_one_run_in_a_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
