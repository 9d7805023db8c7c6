/* Every training regime: the same bits for any number of threads and through a stop and a resume,
 * and another model than without it. */
#include "tests/train/runs.h"

enum { MOST = 7 };

static const struct {
    const char *name;
    const char *settings[MOST]; /* NULL at the end */
} regimes[] = {
    {"plain", {NULL}},
    {"unigram",
     {"sampling.source=true", "sampling.target=true", "sampling.alpha=0.3",
      "tokenizer.vocabulary=50"}},
    {"bpe", {"tokenizer.type=bpe", "sampling.target=true", "tokenizer.vocabulary=50"}},
    {"ema", {"train.ema=0.95"}},
    {"accumulate", {"train.accumulate=3", "train.clip_value=0.01"}},
    {"l2", {"optimizer.name=momentum", "optimizer.l2=0.001", "optimizer.rate=0.1"}},
    {"dropout", {"dropout.recurrent=0.2", "dropout.source_words=0.1", "dropout.target_words=0.1"}},
    {"variational", {"dropout.variational=true", "dropout.recurrent=0.2", "dropout.embedding=0.1"}},
    {"rdrop", {"train.rdrop=2", "sampling.target=true", "tokenizer.vocabulary=50"}},
    {"scheduled", {"scheduled.decay=inverse_sigmoid", "scheduled.k=10"}},
    {"bptt", {"train.bptt=3"}},
    {"guided", {WITH_ALIGNMENTS, "train.guided_weight=1", "model.reverse_source=true"}},
    {"guided_drawn",
     {WITH_ALIGNMENTS, "train.guided_cost=mse", "train.guided_decay=0.5", "sampling.source=true",
      "sampling.target=true", "tokenizer.vocabulary=50"}},
    {"guided_twins", {WITH_ALIGNMENTS, "train.rdrop=2", "train.bptt=3"}},
    {"halving", {"schedule.name=halving", "schedule.start=0.5", "schedule.interval=0.25"}},
    {"cosine", {"schedule.name=cosine", "schedule.warmup=10"}},
};

enum { N_REGIMES = sizeof regimes / sizeof *regimes };

/* Two epochs of the regime in its own folder "NAME-SUFFIX". */
static int run_regime(size_t i, const char *suffix, struct run *r, int resume, const char *threads)
{
    const char *settings[MOST + 3] = {"train.epochs=2", threads};
    char name[64];
    struct satz_error err;
    size_t n = 2;
    for (const char *const *s = regimes[i].settings; *s; s++)
        settings[n++] = *s;
    snprintf(name, sizeof name, "%s-%s", regimes[i].name, suffix);
    int status = train(name, r, resume, &err, settings);
    if (status < 0)
        fail_msg("%s: %s", regimes[i].name, err.message);
    return status;
}

static void test_threads_and_resume_do_not_matter(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_REGIMES; i++) {
        char one[64], parts[64];
        struct run first = {0}, stopped = {.stop_at = 11}, rest = {0};
        snprintf(one, sizeof one, "%s-1", regimes[i].name);
        snprintf(parts, sizeof parts, "%s-parts", regimes[i].name);
        assert_int_equal(run_regime(i, "1", &first, 0, "train.threads=1"), 0);
        assert_int_equal(run_regime(i, "parts", &stopped, 0, "train.threads=3"), 1);
        assert_int_equal(run_regime(i, "parts", &rest, 1, "train.threads=2"), 0);
        assert_int_equal(first.updates, stopped.updates + rest.updates);
        assert_same_model(one, parts);
    }
}

static void test_each_makes_a_difference(void **state)
{
    (void)state;
    for (size_t i = 1; i < N_REGIMES; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s-1", regimes[i].name);
        struct tensors a, b;
        open_model("plain-1", &a);
        open_model(name, &b);
        const struct tensor *x = tensors_find(&a, "decoder.0.recurrent");
        const struct tensor *y = tensors_find(&b, "decoder.0.recurrent");
        assert_memory_not_equal(x->data, y->data, 48 * 48 * sizeof(float));
        tensors_release(&a);
        tensors_release(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_and_resume_do_not_matter),
        cmocka_unit_test(test_each_makes_a_difference),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
