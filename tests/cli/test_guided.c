/* Guided alignment from the command line: satz align's links teach another model. */
#include "program.h"

#include "base/rng.h"

/* Sentences of made-up words, and of the same in reverse; the links between them. */
static void write_reversed(struct fixture *f, const char *name, uint64_t first, uint64_t n)
{
    struct strbuf sides[3] = {{0}};
    char file[64];
    for (uint64_t i = first; i < first + n; i++) {
        int length = 2 + (int)rng_below(1, i, 6);
        for (int k = 0; k < length; k++) {
            char end = k + 1 < length ? ' ' : '\n';
            for (int side = 0; side < 2; side++) {
                int at = side ? length - 1 - k : k;
                int word = (int)rng_below(2, i * 16 + (uint64_t)at, 20);
                strbuf_addf(&sides[side], "%c%c%c", 'a' + word % 5, 'k' + word / 5, end);
            }
            strbuf_addf(&sides[2], "%d-%d%c", length - 1 - k, k, end);
        }
    }
    static const char *const endings[] = {"en", "de", "al"};
    for (int side = 0; side < 3; side++) {
        snprintf(file, sizeof file, "%s.%s", name, endings[side]);
        write_text(f, file, strbuf_text(&sides[side]));
        strbuf_release(&sides[side]);
    }
}

static int setup_reversed(void **state)
{
    setup(state);
    struct fixture *f = *state;
    write_reversed(f, "train", 0, 1200);
    write_reversed(f, "dev", 1200, 100);
    write_text(f, "recipe",
               "data: {train_source: \"${D}/train.en\", train_target: \"${D}/train.de\",\n"
               "  cache: \"${D}/cache\"}\n"
               "tokenizer: {vocabulary: 34}\n"
               "model: {embedding: 24, encoder_hidden: 24, decoder_hidden: 48}\n"
               "train: {batch: 32, epochs: 2, log_every: 1, folder: \"${D}/m\"}\n"
               "optimizer: {rate: 0.01}\n");
    return 0;
}

/* The error rate of a model's alignments of the held-out text. */
static double error_rate(struct fixture *f, const char *model)
{
    static const char key[] = "alignment error rate ";
    char line[256];
    snprintf(line, sizeof line,
             "satz align $D/%s/model.safetensors $D/dev.en $D/dev.de --gold $D/dev.al 2>&1 "
             ">/dev/null",
             model);
    assert_status(f, line, 0);
    const char *at = strstr(strbuf_text(&f->out), key);
    assert_non_null(at);
    return strtod(at + sizeof key - 1, NULL);
}

static void test_attention_follows_alignments(void **state)
{
    struct fixture *f = *state;
    assert_status(f, "satz train -q $D/recipe --set train.folder=$D/plain", 0);
    assert_status(f,
                  "satz train -q $D/recipe --set data.alignments=$D/train.al --set "
                  "train.guided_weight=1 --set train.folder=$D/guided",
                  0);
    assert_prints(f, "grep -c guided $D/plain/log.jsonl || :", "0\n");
    assert_prints(f, "grep -c '\"guided\": [0-9.]*, \"perplexity\"' $D/guided/log.jsonl", "76\n");
    double plain = error_rate(f, "plain"), guided = error_rate(f, "guided");
    print_message("alignment error rate: plain %.4f, guided %.4f\n", plain, guided);
    assert_true(guided < 0.1 && plain > guided + 0.15);
    /* What the guided model aligns, hard or soft, guides another. */
    assert_status(f,
                  "satz align -q $D/guided/model.safetensors $D/train.en $D/train.de >$D/own.al && "
                  "satz align -q -k soft $D/guided/model.safetensors $D/train.en $D/train.de "
                  "| gzip >$D/soft.al.gz && for a in own.al soft.al.gz; do satz train -q $D/recipe "
                  "--set data.alignments=$D/$a --set train.guided_weight=1 "
                  "--set train.folder=$D/$a.m || exit; done",
                  0);
    double own = error_rate(f, "own.al.m"), soft = error_rate(f, "soft.al.gz.m");
    print_message("by its alignments: hard %.4f, soft %.4f\n", own, soft);
    assert_true(own < plain - 0.1 && soft < plain - 0.1);
}

/* Weight 0 only reports; a weight that has decayed to nothing guides no more. */
static void test_weights(void **state)
{
    struct fixture *f = *state;
    assert_status(f,
                  "satz train -q $D/recipe --set train.updates=50 --set train.folder=$D/a; satz "
                  "train -q $D/recipe --set train.updates=50 --set train.folder=$D/b --set "
                  "data.alignments=$D/train.al --set train.guided_weight=0; "
                  "for m in a b; do grep -o '\"loss\": [0-9.]*' $D/$m/log.jsonl >$D/$m.loss; done; "
                  "wc -l <$D/a.loss; cmp $D/a.loss $D/b.loss",
                  0);
    assert_string_equal(strbuf_text(&f->out), "50\n");
    /* epoch 2 begins with update 39 */
    assert_status(f,
                  "satz train -q $D/recipe --set train.updates=50 --set train.folder=$D/c --set "
                  "data.alignments=$D/train.al --set train.guided_decay=0; "
                  "satz train -q $D/recipe --set train.updates=50 --set train.folder=$D/d --set "
                  "data.alignments=$D/train.al; "
                  "for m in c d; do grep -o '\"loss\": [0-9.]*' $D/$m/log.jsonl >$D/$m.loss; done; "
                  "cmp $D/c.loss $D/d.loss",
                  1);
    assert_holds(&f->out, ", line 39\n");
}

/* Another alignment is another text; the run says so when it goes on. */
static void test_resume(void **state)
{
    struct fixture *f = *state;
    assert_status(f,
                  "satz train -q $D/recipe --set data.alignments=$D/train.al --set "
                  "train.updates=5",
                  0);
    assert_refused(f, "satz train -q -r $D/recipe", 1,
                   "another training text, or other "
                   "data.alignments, data.max_length");
    assert_status(f,
                  "sed '1s/.*//' $D/train.al >$D/other.al; satz train -r $D/recipe --set "
                  "data.alignments=$D/other.al --set train.updates=9 --set data.may_change=true",
                  0);
    assert_holds(&f->out, "the training text has changed");
}

static void test_what_cannot_be_guided(void **state)
{
    struct fixture *f = *state;
    assert_refused(f,
                   "satz train $D/recipe --set data.alignments=$D/train.al --set "
                   "attention.place=none",
                   1, "attention.place is none: there is none to guide");
    assert_refused(f,
                   "satz train $D/recipe --set data.alignments=$D/train.al --set "
                   "attention.window=hard",
                   1, "attention.window hard looks at one drawn word");
    assert_refused(f, "satz train $D/recipe --set \"data.alignments=[$D/train.al, $D/dev.al]\"", 1,
                   "data.alignments has 2 files but data.train_source 1");
    assert_refused(f, "satz train $D/recipe --set train.guided_cost=kl", 1, "one of ce, mse");
    assert_refused(f, "satz train -q $D/recipe --set data.alignments=$D/none.al", 1,
                   "/none.al: cannot open");
    assert_refused(f,
                   "head -7 $D/train.al >$D/short.al; satz train -q $D/recipe --set "
                   "data.alignments=$D/short.al",
                   1, "/short.al has 7: line by line they must be");
    assert_refused(f,
                   "sed '3s/$/ 9-9/' $D/train.al >$D/bad.al; satz train -q $D/recipe --set "
                   "data.alignments=$D/bad.al",
                   1, "/bad.al:3: does not align that line of ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_attention_follows_alignments, setup_reversed,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_weights, setup_reversed, teardown),
        cmocka_unit_test_setup_teardown(test_resume, setup_reversed, teardown),
        cmocka_unit_test_setup_teardown(test_what_cannot_be_guided, setup_reversed, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
