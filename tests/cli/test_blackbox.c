/* Steps whose gradient is not finite: what training does, the black boxes, and satz replay. */
#include "program.h"

#include "base/rng.h"
#include "base/tensors.h"

/* Short sentences, and every twentieth one so long that rectified units overflow. */
static void write_overflowing(struct fixture *f)
{
    struct strbuf source = {0}, target = {0}, bad = {0}, worse = {0};
    for (unsigned i = 0; i < 400; i++) {
        unsigned n = i % 20 ? 2 + (unsigned)rng_below(1, i, 5) : 60;
        for (unsigned k = 0; k < n; k++) {
            char word = (char)('a' + (int)rng_below(2, 64 * i + k, 20));
            strbuf_addf(&source, "%c%c", word, k + 1 < n ? ' ' : '\n');
            if (k < 6)
                strbuf_addf(&target, "%c%c", word, k < 5 && k + 1 < n ? ' ' : '\n');
            if (n == 60)
                strbuf_addf(&bad, "%c%c", word, k + 1 < n ? ' ' : '\n');
        }
        if (n == 60)
            strbuf_add_text(&worse, "a b c\n");
    }
    write_text(f, "source", strbuf_text(&source));
    write_text(f, "target", strbuf_text(&target));
    write_text(f, "long.source", strbuf_text(&bad));
    write_text(f, "long.target", strbuf_text(&worse));
    strbuf_release(&source);
    strbuf_release(&target);
    strbuf_release(&bad);
    strbuf_release(&worse);
    write_text(f, "recipe",
               "data: {train_source: \"${D}/source\", train_target: \"${D}/target\",\n"
               "  cache: \"${D}/cache\"}\n"
               "tokenizer: {vocabulary: 24, type: word}\n"
               "model: {embedding: 16, encoder_hidden: 16, decoder_hidden: 32,\n"
               "  encoder_cell: rnn_relu, decoder_cell: gru, bridge: zero, init: uniform,\n"
               "  init_scale: 4}\n"
               "train: {batch: 16, epochs: 3, log_every: 5, folder: \"${D}/m\"}\n"
               "validation: {every: 7}\n");
}

static void test_skips(void **state)
{
    struct fixture *f = *state;
    write_overflowing(f);
    assert_status(f, "satz train $D/recipe", 0);
    assert_holds(&f->out, "is not finite; its batch is left out; `satz replay ");
    /* some steps, not all; no more than four boxes of them */
    assert_status(f, "n=$(grep -c nonfinite $D/m/log.jsonl); [ $n -ge 5 ] && [ $n -le 40 ]", 0);
    assert_prints(f, "ls $D/m | grep -c blackbox-", "4\n");
    assert_status(f, "grep -v nonfinite $D/m/log.jsonl | grep -c -e nan -e inf", 1);
    /* stopped and gone on with, on another number of threads: the same bits */
    assert_status(f,
                  "for n in 11 30 1000; do satz train -q -r $D/recipe --set train.folder=$D/n "
                  "--set train.updates=$n --set train.threads=3 || exit; done; "
                  "satz info -r $D/n/model.safetensors | grep updates",
                  0);
    assert_status(f,
                  "satz train -q $D/recipe --set train.folder=$D/o --set train.updates=1000 && "
                  "cmp $D/n/model.safetensors $D/o/model.safetensors",
                  0);
}

static void test_replays(void **state)
{
    struct fixture *f = *state;
    write_overflowing(f);
    assert_status(f, "satz train -q $D/recipe && set -- $D/m/blackbox-* && mv $1 $D/box", 0);
    /* with guided alignment, the links are in the box */
    assert_status(f,
                  "yes '0-0 1-0:0.5' | head -400 >$D/links; satz train -q $D/recipe --set "
                  "data.alignments=$D/links --set train.guided_decay=0.5 --set "
                  "train.folder=$D/g && set -- $D/g/blackbox-* && shift 3 && mv $1 $D/guided",
                  0);
    assert_status(f, "satz replay $D/guided", 0);
    assert_holds(&f->out, "The step is repeated to the bit.");
    assert_status(f, "satz replay $D/box", 0);
    assert_holds(&f->out, "The step is repeated to the bit.");
    assert_holds(&f->out, "In the forward pass, the encoder's annotations, value ");
    assert_holds(&f->out, "/source:");
    assert_holds(&f->out, "decoder.attention.query ");
    /* the pair that it names has 60 words */
    assert_prints(f, "satz replay $D/box | sed -n 's/^  source: //p' | wc -w", "60\n");
    assert_status(f, "satz replay -t 1 $D/box >$D/1; satz replay -t 5 $D/box | cmp - $D/1", 0);
    /* a step of several batches, of pairs that stand twice, in spans */
    assert_status(f,
                  "satz train -q $D/recipe --set train.folder=$D/k --set train.accumulate=3 "
                  "--set train.rdrop=1 --set dropout.readout=0.1 --set train.bptt=2 "
                  "--set train.ema=0.9 --set train.clip_value=1 && set -- $D/k/blackbox-* && "
                  "satz replay $1",
                  0);
    assert_holds(&f->out, "The step is repeated to the bit.");
    assert_holds(&f->out, "In the forward pass, the encoder's annotations, value ");
    assert_holds(&f->out, "of 48\n");
    assert_status(f, "satz replay --json $D/box", 0);
    assert_holds(&f->out, "\"history\": [");
    assert_status(f, "satz replay --double $D/box", 0);
    assert_holds(&f->out, "In double precision every value is finite");
    assert_holds(&f->out, "Gradient check, ");
    assert_holds(&f->out, " values: right, ");
    assert_status(f, "satz info $D/box", 0);
    assert_holds(&f->out, "black box");
    assert_null(strstr(strbuf_text(&f->out), "batch.ids"));
    assert_refused(f, "satz replay", 2, "name one black box");
    assert_refused(f, "satz replay -d -j $D/box", 2, "--json");
    assert_refused(f, "satz replay -t x $D/box", 2, "--threads");
    assert_refused(f, "satz replay $D/m/model.safetensors", 1, "is not a black box");
    assert_refused(f, "satz replay -d $D/m/model.safetensors", 1, "is not a black box");
}

/* Writes the box `from` anew as `to`, with the encoder's recurrent weights times `factor`. */
static void change_box(struct fixture *f, const char *from, const char *to, float factor)
{
    struct tensors box;
    struct tensor items[256];
    struct tensors_entry entries[5];
    static const char *const keys[] = {"satz.version", "satz.recipe", "satz.state",
                                       "satz.blackbox"};
    char *path = file_join(f->folder, from, NULL);
    assert_int_equal(tensors_open(&box, path, NULL), 0);
    free(path);
    assert_in_range(box.n, 1, 256);
    memcpy(items, box.items, box.n * sizeof *items);
    for (size_t i = 0; i < 4; i++)
        entries[i] = (struct tensors_entry){keys[i], tensors_metadata(&box, keys[i])};
    float *changed[2] = {0};
    int n_changed = 0;
    for (size_t i = 0; i < box.n; i++) {
        size_t n;
        if (strcmp(items[i].name, "encoder.0.forward.recurrent") != 0 &&
            strcmp(items[i].name, "encoder.0.backward.recurrent") != 0)
            continue;
        assert_int_equal(tensor_bytes(&items[i], &n), 0);
        float *values = malloc(n);
        assert_non_null(values);
        memcpy(values, items[i].data, n);
        for (size_t k = 0; k < n / sizeof *values; k++)
            values[k] *= factor;
        items[i].data = changed[n_changed++] = values;
    }
    assert_int_equal(n_changed, 2);
    path = file_join(f->folder, to, NULL);
    assert_int_equal(tensors_write(path, items, box.n, entries, 4, NULL), 0);
    free(path);
    free(changed[0]);
    free(changed[1]);
    tensors_release(&box);
}

static void test_finds_differences(void **state)
{
    struct fixture *f = *state;
    write_overflowing(f);
    assert_status(f, "satz train -q $D/recipe && set -- $D/m/blackbox-* && mv $1 $D/box", 0);
    change_box(f, "box", "other", 0);
    assert_status(f, "satz replay $D/other", 1);
    assert_holds(&f->out, "THE STEP DIFFERS");
    change_box(f, "box", "infinite", 1e38f);
    assert_status(f, "satz replay $D/infinite", 1);
    assert_holds(&f->out, "Before the step, the parameter encoder.0.");
    /* a loss whose differences are rounding alone says nothing against the gradient */
    change_box(f, "box", "rounding", 1.5F);
    assert_status(f, "satz replay -d $D/rounding", 0);
    assert_holds(&f->out, " values: right, ");
}

static void test_stops(void **state)
{
    struct fixture *f = *state;
    write_overflowing(f);
    assert_status(f, "satz train $D/recipe --set train.on_nonfinite=stop", 1);
    assert_holds(&f->err, "is not finite; `satz replay ");
    assert_prints(f, "ls $D/m | grep -c blackbox-", "1\n");
    /* nothing but such steps */
    assert_status(f,
                  "satz train $D/recipe --set train.folder=$D/n "
                  "--set data.train_source=$D/long.source --set data.train_target=$D/long.target "
                  "--set train.batch=1",
                  1);
    assert_holds(&f->err, "update 10: the loss (nan) or its gradient (nan) is not finite, for the "
                          "tenth time");
    assert_prints(f, "grep -c nonfinite $D/n/log.jsonl", "10\n");
}

static void test_rolls_back(void **state)
{
    struct fixture *f = *state;
    write_overflowing(f);
    /* a smaller rate does not help here: ten times to the same checkpoint, then the end */
    assert_status(f, "satz train $D/recipe --set train.on_nonfinite=rollback", 1);
    assert_holds(&f->out, "back to ");
    assert_holds(&f->out, " at 0.5 of the rate");
    assert_holds(&f->out, " at 0.25 of the rate");
    assert_holds(&f->err, "for the tenth time");
    /* without a checkpoint it is back to the beginning, with the first bits */
    assert_status(f,
                  "satz train $D/recipe --set train.on_nonfinite=rollback "
                  "--set train.folder=$D/n --set validation.every=0 ",
                  1);
    assert_holds(&f->out, "back to ");
    assert_holds(&f->out, "checkpoint-00000000.safetensors, at 0.5 of the rate");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROGRAM_TEST(test_skips),
        PROGRAM_TEST(test_replays),
        PROGRAM_TEST(test_finds_differences),
        PROGRAM_TEST(test_stops),
        PROGRAM_TEST(test_rolls_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
