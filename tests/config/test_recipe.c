/* Recipes: each kind of error with its place, round trips, settings, presets. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/recipe.h"
#include "config/schema.h"
#include "config/spelling.h"

static void test_errors(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *message;
    } cases[] = {
        {"trian:\n  seed: 1\n", "r:1:1: unknown section \"trian\"; did you mean \"train\"?"},
        {"train:\n  seed: 1\nseed: 2\n",
         "r:3:1: unknown section \"seed\"; seed is a key of the section train"},
        {"zzzzzz: 1\n",
         "r:1:1: unknown section \"zzzzzz\"; sections are data, tokenizer, sampling, "
         "model, attention, dropout, train, optimizer, schedule, scheduled, "
         "validation, compute, decode"},
        {"train:\n  bacth: 1\n", "r:2:3: unknown key train.bacth; did you mean train.batch?"},
        {"model:\n  seed: 1\n", "r:2:3: unknown key model.seed; did you mean train.seed?"},
        {"compute:\n  zzzzzz: 1\n",
         "r:2:3: unknown key compute.zzzzzz; keys of compute are backend, precision"},
        {"train:\n  batch: 1\n  seed: 2\n  batch: 3\n",
         "r:4:3: train.batch is given twice, first in line 2"},
        {"train:\n  batch: 1\nmodel:\ntrain:\n  seed: 3\n",
         "r:4:1: section train is given twice, first in line 1"},
        {"train:\n  batch: many\n",
         "r:2:10: train.batch is \"many\"; it must be a whole number from 1 to 1000000"},
        {"train:\n  batch: 1.5\n",
         "r:2:10: train.batch is \"1.5\"; it must be a whole number from 1 to 1000000"},
        {"train:\n  batch: 99999999999999999999\n",
         "r:2:10: train.batch is \"99999999999999999999\"; it must be a whole number from 1 to "
         "1000000"},
        {"train:\n  batch: \"5\"\n", "r:2:10: train.batch is a text in quotes; it must be a whole "
                                     "number from 1 to 1000000"},
        {"train:\n  shards: 65\n",
         "r:2:11: train.shards is \"65\"; it must be a whole number from 1 to 64"},
        {"train: {shards: 0}\n",
         "r:1:17: train.shards is \"0\"; it must be a whole number from 1 to 64"},
        {"dropout:\n  layers: 1\n",
         "r:2:11: dropout.layers is \"1\"; it must be a number from 0 to less than 1"},
        {"dropout:\n  layers: nan\n",
         "r:2:11: dropout.layers is \"nan\"; it must be a number from 0 to less than 1"},
        {"tokenizer:\n  coverage: 0x1\n",
         "r:2:13: tokenizer.coverage is \"0x1\"; it must be a number from 0.98 to 1"},
        {"tokenizer:\n  joint: yes\n",
         "r:2:10: tokenizer.joint is \"yes\"; it must be true or false"},
        {"model:\n  bridge: dence\n",
         "r:2:11: model.bridge is \"dence\" (did you mean \"dense\"?); it must be one of zero, "
         "copy, dense, mean"},
        {"model:\n  tie: everything\n",
         "r:2:8: model.tie is \"everything\"; it must be one of none, target, all"},
        {"train:\n  seed:\n", "r:2:8: train.seed has no value; it must be a whole number from 0 to "
                              "2147483647"},
        {"train:\n  folder: ~\n",
         "r:2:11: train.folder has no value; it must be a text (\"\" for none)"},
        {"train:\n  folder: \"a\\0b\"\n", "r:2:11: train.folder has a NUL character in it; it must "
                                          "be a text (\"\" for none)"},
        {"train:\n  seed: [1]\n", "r:2:9: train.seed is a list; it must be a whole number from 0 "
                                  "to 2147483647"},
        {"train:\n  folder: {a: b}\n",
         "r:2:11: train.folder is a mapping; it must be a text (\"\" for none)"},
        {"data:\n  train_source: [a, [b]]\n",
         "r:2:21: data.train_source has something else than texts in its list; it must be a text "
         "or a list of texts"},
        {"data:\n  train_source:\n  - a\n  -\n",
         "r:4:4: data.train_source has no value; it must be a text or a list of texts"},
        {"train: 5\n", "r:1:8: train is a section: its keys stand indented below it, `key: value`"},
        {"- train\n", "r:1:1: a recipe is made of sections with keys below them: `train:`, then "
                      "`  seed: 1`"},
        {"[train]: 1\n", "r:1:1: a name is expected here, then a colon"},
        {"train: &a {seed: 1}\n",
         "r:1:8: anchors (&) and aliases (*) are not used in recipes; repeat the value, or quote "
         "the text that starts with the sign"},
        {"train: *a\n",
         "r:1:8: anchors (&) and aliases (*) are not used in recipes; repeat the value, or quote "
         "the text that starts with the sign"},
        {"train:\n  seed: !!int 5\n",
         "r:2:9: tags (!) are not used in recipes; quote the text that starts with one"},
        {"train:\n  seed: 1\n---\ntrain:\n  seed: 2\n",
         "r:3:1: a second document starts here; a recipe is one document"},
        {"train:\n\tseed: 1\n", "r:2:1: a tab; indent with spaces"},
        {"train:\n  folder: \"a\n", "r:3:1: not YAML: found unexpected end of stream (while "
                                    "scanning a quoted scalar)"},
        {"train: {seed: 1\n", "r:2:1: not YAML: did not find expected ',' or '}' (while parsing a "
                              "flow mapping)"},
        {"train:\n  folder: a\xff\n",
         "r:2:12: invalid leading UTF-8 octet; a recipe is UTF-8 text"},
        {"train:\n  folder: ${SATZ_TEST_UNSET}/x\n",
         "r:2:11: train.folder: the environment variable SATZ_TEST_UNSET is not set; set it or "
         "write ${SATZ_TEST_UNSET:-...}"},
        {"train:\n  folder: ${A B}\n", "r:2:11: train.folder: a variable is written ${NAME} or "
                                       "${NAME:-default}, a dollar sign itself as $$"},
    };
    unsetenv("SATZ_TEST_UNSET");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct recipe r;
        memset(&r, 0x5A, sizeof r);
        struct recipe before;
        memcpy(&before, &r, sizeof r);
        struct satz_error err = {0};
        assert_int_equal(recipe_parse(&r, cases[i].yaml, strlen(cases[i].yaml), "r", &err), -1);
        assert_string_equal(err.message, cases[i].message);
        assert_memory_equal(&r, &before, sizeof r);
    }
}

static void test_checks(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *first, *second;
    } cases[] = {
        {"data: {train_source: [a, b], train_target: c}", "data.train_source", "data.train_target"},
        {"data: {valid_source: a}", "data.valid_source", "data.valid_target"},
        {"tokenizer: {source_model: a}", "tokenizer.source_model", "tokenizer.target_model"},
        {"tokenizer: {source_model: a, target_model: b}", "tokenizer.joint",
         "tokenizer.target_model"},
        {"tokenizer: {joint: false}\nmodel: {tie: all}", "model.tie", "tokenizer.joint"},
        {"model: {tie: target, readout: 7}", "model.readout", "model.embedding"},
        {"model: {bridge: copy, decoder_hidden: 7}", "model.bridge", "model.decoder_hidden"},
        {"model: {encoder_hidden: 7}\nattention: {score: dot}", "attention.score",
         "model.decoder_hidden"},
        {"model: {encoder_hidden: 7}\nattention: {score: scaled}", "attention.score is scaled",
         "model.decoder_hidden"},
        {"attention: {feeding: true}", "attention.feeding", "attention.place"},
        {"attention: {feeding: true, place: gnmt}", "attention.feeding", "attention.place"},
        {"model: {bidirectional_layers: first, encoder_layers: 2, encoder_hidden: 256}\n"
         "attention: {score: dot}",
         "attention.score is dot", "(256"},
        {"model: {bidirectional: false, bidirectional_layers: first}", "bidirectional_layers",
         "model.bidirectional is false"},
        {"model: {bridge: copy, bidirectional_layers: first, encoder_layers: 2, decoder_layers: 2,"
         " encoder_hidden: 512}",
         "model.bridge", "bidirectional_layers"},
        {"model: {residual: 3, encoder_layers: 2, decoder_layers: 2}", "model.residual is 3",
         "no layer"},
        {"model: {residual: 1}", "model.residual is 1", "model.decoder_hidden"},
        {"model: {residual: 1, embedding: 512, encoder_hidden: 128}", "model.residual is 1",
         "encoder's layer 1"},
        {"model: {residual: 2, encoder_layers: 3, bidirectional_layers: first}",
         "encoder's layer 2", "model.residual: 3"},
        {"attention: {window: local_p, place: none}", "attention.window", "attention.place"},
        {"attention: {coverage: sum, place: none}", "attention.coverage", "attention.place"},
        {"attention: {coverage_loss: 1}", "attention.coverage_loss", "attention.coverage is none"},
        {"attention: {coverage: sum, score: location}", "attention.coverage", "location"},
        {"attention: {coverage: sum, window: hard}", "attention.coverage", "hard"},
        {"attention: {window: local_m}\nmodel: {reverse_source: true}", "local_m",
         "model.reverse_source"},
        {"train: {folder: ''}", "train.folder", "current"},
        {"train: {average: 5}", "train.average", "train.keep_last"},
        {"schedule: {minimum_rate: 1}", "schedule.minimum_rate", "optimizer.rate"},
        {"schedule: {name: cosine}\ntrain: {updates: 4000}", "schedule.name", "train.updates"},
        {"schedule: {name: cosine, length: 3000}", "schedule.length", "schedule.warmup (4000)"},
        {"train: {average: 2, ema: 0.9}", "train.average", "train.ema"},
        {"optimizer: {name: adamw, l2: 0.1}", "optimizer.l2", "optimizer.weight_decay"},
        {"tokenizer: {type: char}\nsampling: {source: true}", "sampling.source", "char"},
        {"tokenizer: {type: bpe}\nsampling: {target: true, nbest: 8}", "sampling.nbest", "unigram"},
        {"sampling: {target: true, nbest: 1}", "sampling.nbest is 1", "at least 2"},
        {"dropout: {variational: true}", "dropout.variational", "a rate"},
        {"train: {rdrop: 5}", "train.rdrop", "dropout"},
        {"train: {rdrop: 5}\ndropout: {readout: 0.1}\nscheduled: {decay: linear}", "train.rdrop",
         "scheduled.decay linear"},
        {"scheduled: {decay: exponential}", "scheduled.decay", "scheduled.k below 1"},
        {"scheduled: {decay: inverse_sigmoid, k: 0.5}", "scheduled.decay", "scheduled.k"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct recipe r;
        struct satz_error err = {0};
        assert_int_equal(recipe_parse(&r, cases[i].yaml, strlen(cases[i].yaml), "r", &err), -1);
        assert_memory_equal(err.message, "r: ", 3);
        assert_non_null(strstr(err.message, cases[i].first));
        assert_non_null(strstr(err.message, cases[i].second));
    }
}

static struct recipe parse(const char *yaml)
{
    struct recipe r;
    struct satz_error err = {0};
    if (recipe_parse(&r, yaml, strlen(yaml), "r", &err) < 0)
        fail_msg("%s", err.message);
    return r;
}

static char *yaml_of(const struct recipe *r)
{
    struct strbuf s = {0};
    recipe_write_yaml(r, &s);
    char *text = strbuf_detach(&s, NULL);
    assert_non_null(text);
    return text;
}

static void test_values(void **state)
{
    (void)state;
    setenv("SATZ_TEST_FOLDER", "/corpora", 1);
    setenv("SATZ_TEST_EMPTY", "", 1);
    struct recipe r = parse("# comment\n"
                            "data:\n"
                            "  train_source: [\"${SATZ_TEST_FOLDER}/a.en\", b.en]\n"
                            "  train_target: [\"${SATZ_TEST_EMPTY:-de}/a.de\", 'c$$d$']\n"
                            "  valid_source: v.en\n"
                            "  valid_target: 'v.de'\n"
                            "dropout:\n"
                            "model: {encoder_hidden: 7, bidirectional: false, tie: all}\n"
                            "optimizer:\n"
                            "  rate: 2e-4\n");
    assert_int_equal(r.data.train_source.n, 2);
    assert_string_equal(r.data.train_source.items[0], "/corpora/a.en");
    assert_string_equal(r.data.train_source.items[1], "b.en");
    assert_string_equal(r.data.train_target.items[0], "de/a.de");
    assert_string_equal(r.data.train_target.items[1], "c$d$");
    assert_string_equal(r.data.valid_target, "v.de");
    assert_int_equal(r.model.encoder_hidden, 7);
    assert_false(r.model.bidirectional);
    assert_true(recipe_is(r.model.tie, "all"));
    assert_true(r.optimizer.rate == 2e-4);
    assert_int_equal(r.model.decoder_hidden, 512); /* not given: the default */
    recipe_release(&r);
}

static void test_round_trip(void **state)
{
    (void)state;
    struct recipe r = parse("data:\n"
                            "  train_source: [\"a \\\"b\\\" \\\\ \\n\\t # : - \\u2028 \\x7f\", x]\n"
                            "  train_target: [\"$${HOME} ä 𝄞\", \" lead\"]\n"
                            "optimizer: {rate: 0.1, beta1: 0.30000000000000004}\n"
                            "attention: {preset: luong, feeding: false}\n");
    assert_string_equal(r.data.train_target.items[0], "${HOME} ä 𝄞");
    char *once = yaml_of(&r);
    assert_non_null(strstr(once, "  rate: 0.1\n"));
    struct recipe again = parse(once);
    char *twice = yaml_of(&again);
    assert_string_equal(once, twice);
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(r.data.train_source.items[i], again.data.train_source.items[i]);
        assert_string_equal(r.data.train_target.items[i], again.data.train_target.items[i]);
    }
    assert_true(r.optimizer.beta1 == again.optimizer.beta1);
    assert_false(again.attention.feeding);
    free(once);
    free(twice);
    recipe_release(&r);
    recipe_release(&again);

    struct recipe defaults;
    recipe_defaults(&defaults);
    once = yaml_of(&defaults);
    again = parse("");
    twice = yaml_of(&again);
    assert_string_equal(once, twice);
    free(once);
    free(twice);
    recipe_release(&again);
}

/* A program that runs under a German locale reads and writes the same recipes. */
static void test_locale(void **state)
{
    (void)state;
    char folder[] = "/tmp/satz-locale-XXXXXX", command[256];
    assert_non_null(mkdtemp(folder));
    snprintf(command, sizeof command, "localedef -i de_DE -f UTF-8 %s/de_DE.UTF-8", folder);
    assert_int_equal(system(command), 0);
    setenv("LOCPATH", folder, 1);
    assert_non_null(setlocale(LC_NUMERIC, "de_DE.UTF-8"));
    assert_string_equal(localeconv()->decimal_point, ",");
    struct recipe r = parse("optimizer: {rate: 0.25}");
    char *yaml = yaml_of(&r);
    setlocale(LC_NUMERIC, "C");
    unsetenv("LOCPATH");
    snprintf(command, sizeof command, "rm -r %s", folder);
    assert_int_equal(system(command), 0);
    assert_true(r.optimizer.rate == 0.25);
    assert_non_null(strstr(yaml, "rate: 0.25\n"));
    free(yaml);
    recipe_release(&r);
}

/* A value other than the default that the key takes. */
static void other_value(const struct recipe_key *key, char out[64])
{
    struct recipe defaults;
    recipe_defaults(&defaults);
    struct strbuf now = {0};
    key_write_value(&defaults, key, &now);
    const char *old = strbuf_text(&now);
    double least = key->least;
    switch (key->type) {
    case KEY_INTEGER:
        snprintf(out, 64, "%.0f", atof(old) == least ? least + 1 : least);
        break;
    case KEY_REAL:
    case KEY_FRACTION:
        snprintf(out, 64, "%g", atof(old) == least ? (least + key->most) / 2 : least);
        break;
    case KEY_BOOLEAN:
        strcpy(out, strcmp(old, "true") ? "true" : "false");
        break;
    case KEY_CHOICE: {
        const struct key_choice *c = key->choices;
        if (strcmp(c->name, old) == 0 && c[1].name)
            c++;
        strcpy(out, c->name);
        break;
    }
    case KEY_TEXT:
        strcpy(out, "some.file");
        break;
    case KEY_TEXTS:
        strcpy(out, "[x.gz, y]");
        break;
    }
    strbuf_release(&now);
}

/* The key's own value after "--set"; cross-key demands are met by the settings after it. */
static void test_every_key_can_be_set(void **state)
{
    (void)state;
    for (const struct recipe_key *key = schema_keys; key < schema_keys + N_KEYS; key++) {
        static const char *const partners[][3] = {
            {"data.train_source", "data.train_target=[x, y]"},
            {"data.train_target", "data.train_source=[x, y]"},
            {"data.alignments", "data.train_source=[x, y]", "data.train_target=[x, y]"},
            {"data.valid_source", "data.valid_target=x"},
            {"data.valid_target", "data.valid_source=x"},
            {"tokenizer.source_model", "tokenizer.target_model=some.file"},
            {"tokenizer.target_model", "tokenizer.source_model=some.file"},
            {"attention.score", "model.encoder_hidden=256"},
            {"attention.feeding", "attention.place=after"},
            {"attention.coverage_loss", "attention.coverage=sum"},
            {"model.residual", "model.embedding=512"},
            {"optimizer.rate", "schedule.minimum_rate=0"},
            {"dropout.variational", "dropout.layers=0.1"},
            {"train.rdrop", "dropout.layers=0.1"},
            {"schedule.name", "schedule.length=9999"},
            {"schedule.minimum_rate", "optimizer.rate=1000"},
        };
        char value[64], setting[160], name[80];
        other_value(key, value);
        snprintf(name, sizeof name, "%s.%s", key->section, key->name);
        snprintf(setting, sizeof setting, "%s=%s", name, value);
        const char *settings[3] = {setting, "train.seed=1"};
        size_t n = strcmp(name, "train.seed") == 0 ? 1 : 2;
        for (size_t i = 0; i < sizeof partners / sizeof *partners; i++)
            if (strcmp(partners[i][0], name) == 0) {
                settings[1] = partners[i][1];
                settings[2] = partners[i][2];
                n = settings[2] ? 3 : 2;
            }
        struct recipe r;
        struct satz_error err = {0};
        if (recipe_load(&r, NULL, settings, n, &err) < 0)
            fail_msg("%s: %s", setting, err.message);
        struct strbuf shown = {0};
        key_write_value(&r, key, &shown);
        const char *wanted = key->type == KEY_TEXT    ? "\"some.file\""
                             : key->type == KEY_TEXTS ? "[\"x.gz\", \"y\"]"
                                                      : value;
        if (key->type == KEY_REAL || key->type == KEY_FRACTION)
            assert_true(atof(strbuf_text(&shown)) == atof(value));
        else
            assert_string_equal(strbuf_text(&shown), wanted);
        strbuf_release(&shown);
        recipe_release(&r);
    }
}

static void test_settings(void **state)
{
    (void)state;
    static const struct {
        const char *setting, *message;
    } cases[] = {
        {"train.bacth=5", "--set train.bacth: unknown key train.bacth; did you mean train.batch?"},
        {"trian.batch=5", "--set trian.batch: unknown section \"trian\"; did you mean \"train\"?"},
        {"train.batch=", "--set train.batch: train.batch has no value; it must be a whole number "
                         "from 1 to 1000000"},
        {"train.batch= 5", "--set train.batch: train.batch is \" 5\"; it must be a whole number "
                           "from 1 to 1000000"},
        {"train.batch", "--set train.batch: a setting is written section.key=value"},
        {"seed=1.5", "--set seed=1.5: a setting is written section.key=value"},
        {"data.train_source=[a", "--set data.train_source: not YAML: did not find expected ',' or "
                                 "']' (while parsing a flow sequence)"},
        {"train.folder=\xff", "--set train.folder: train.folder is not valid UTF-8; it must be a "
                              "text (\"\" for none)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct recipe r;
        struct satz_error err = {0};
        assert_int_equal(recipe_load(&r, NULL, &cases[i].setting, 1, &err), -1);
        assert_string_equal(err.message, cases[i].message);
    }
    static const char *const settings[] = {"train.seed=1", "data.cache=", "train.seed=2",
                                           "data.valid_source=null", "data.valid_target=a: b #c"};
    struct recipe r;
    assert_int_equal(recipe_load(&r, NULL, settings, 5, NULL), 0);
    assert_int_equal(r.train.seed, 2);
    assert_string_equal(r.data.cache, "");
    assert_string_equal(r.data.valid_source, "null");
    assert_string_equal(r.data.valid_target, "a: b #c");
    recipe_release(&r);
}

static void test_presets(void **state)
{
    (void)state;
    struct recipe r = parse("attention: {preset: luong}");
    assert_string_equal(r.attention.score, "general");
    assert_string_equal(r.attention.place, "after");
    assert_true(r.attention.feeding);
    recipe_release(&r);
    r = parse("attention: {score: dot, feeding: false, preset: luong}");
    assert_string_equal(r.attention.score, "dot");
    assert_string_equal(r.attention.place, "after");
    assert_false(r.attention.feeding);
    recipe_release(&r);
    static const char *const settings[] = {"attention.score=general", "attention.preset=bahdanau"};
    assert_int_equal(recipe_load(&r, NULL, settings, 2, NULL), 0);
    assert_string_equal(r.attention.score, "general");
    assert_string_equal(r.attention.place, "before");
    recipe_release(&r);
}

static void test_files(void **state)
{
    (void)state;
    struct recipe r;
    struct satz_error err = {0};
    assert_int_equal(recipe_load(&r, "/nonexistent.yaml", NULL, 0, &err), -1);
    assert_string_equal(err.message, "/nonexistent.yaml: cannot open: No such file or directory");

    char path[] = "/tmp/satz-recipe-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *f = fdopen(fd, "w");
    assert_non_null(f);
    fputs("train:\n  seed: 5\n", f);
    fflush(f);
    static const char *const settings[] = {"train.batch=7"};
    assert_int_equal(recipe_load(&r, path, settings, 1, &err), 0);
    assert_int_equal(r.train.seed, 5);
    assert_int_equal(r.train.batch, 7);
    recipe_release(&r);
    for (int i = 0; i < 1 << 17; i++)
        fputs("# 45678\n", f);
    fclose(f);
    assert_int_equal(recipe_load(&r, path, NULL, 0, &err), -1);
    assert_non_null(strstr(err.message, "larger than the 1048576 bytes"));
    unlink(path);
}

/* Damaged recipes: any outcome but a crash; an error always has a message. */
static void test_cut_and_changed(void **state)
{
    (void)state;
    struct recipe defaults;
    recipe_defaults(&defaults);
    char *yaml = yaml_of(&defaults);
    size_t n = strlen(yaml);
    static const char signs[] = "\0\t\n:[{}]\"'&*!-#%$\xff";
    for (size_t at = 0; at < n; at += 3) {
        char kept = yaml[at];
        yaml[at] = signs[at % (sizeof signs - 1)];
        for (int whole = 0; whole < 2; whole++) {
            struct recipe r;
            struct satz_error err = {0};
            if (recipe_parse(&r, yaml, whole ? n : at + 1, "r", &err) == 0)
                recipe_release(&r);
            else
                assert_true(err.message[0] != '\0');
        }
        yaml[at] = kept;
    }
    free(yaml);
    struct strbuf deep = {0};
    for (int i = 0; i < 20000; i++)
        strbuf_add_text(&deep, i ? "[" : "data: {train_source: [");
    struct recipe r;
    struct satz_error err = {0};
    assert_int_equal(recipe_parse(&r, deep.data, deep.length, "r", &err), -1);
    assert_memory_equal(err.message, "r:1:23: ", 8);
    strbuf_release(&deep);
}

static void test_spelling(void **state)
{
    (void)state;
    assert_int_equal(spelling_distance("", "abc"), 3);
    assert_int_equal(spelling_distance("kitten", "sitting"), 3);
    assert_int_equal(spelling_distance("bacth", "batch"), 1);
    assert_int_equal(spelling_distance("ca", "abc"), 3);
    assert_true(
        spelling_distance("0123456789012345678901234567890123456789012345678901234567890123",
                          "a") == SIZE_MAX);
    assert_true(spelling_is_near("lsmt", 2));
    assert_false(spelling_is_near("gru", 2));
}

static void test_reference(void **state)
{
    (void)state;
    struct strbuf s = {0};
    recipe_write_reference(&s);
    assert_int_equal(strbuf_check(&s, NULL), 0);
    for (const struct recipe_key *key = schema_keys; key < schema_keys + N_KEYS; key++) {
        char cell[100];
        snprintf(cell, sizeof cell, "\n| `%s` | ", key->name);
        assert_non_null(strstr(s.data, cell));
        assert_non_null(key->meaning);
    }
    assert_non_null(strstr(s.data, "| `shards` | a whole number from 1 to 64 | `2` | "));
    strbuf_release(&s);
}

static void test_names_for_help(void **state)
{
    (void)state;
    int n = 0;
    while (satz_recipe_key(n))
        n++;
    assert_int_equal(n, N_KEYS);
    assert_string_equal(satz_recipe_key(0), "data.train_source");
    assert_null(satz_recipe_key(-1));
    assert_string_equal(satz_recipe_choice("model.tie", 0), "none");
    assert_string_equal(satz_recipe_choice("model.tie", 2), "all");
    assert_null(satz_recipe_choice("model.tie", 3));
    assert_null(satz_recipe_choice("model.tie", -1));
    assert_null(satz_recipe_choice("train.seed", 0));
    assert_null(satz_recipe_choice("model.tied", 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_errors),         cmocka_unit_test(test_checks),
        cmocka_unit_test(test_values),         cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_locale),         cmocka_unit_test(test_every_key_can_be_set),
        cmocka_unit_test(test_settings),       cmocka_unit_test(test_presets),
        cmocka_unit_test(test_files),          cmocka_unit_test(test_cut_and_changed),
        cmocka_unit_test(test_spelling),       cmocka_unit_test(test_reference),
        cmocka_unit_test(test_names_for_help),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
