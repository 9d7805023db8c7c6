/* Damaged and foreign files: each byte of a model, a checkpoint, a black box and a cache in turn.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/file.h"
#include "base/tensors.h"
#include "satz.h"
#include "text/corpus.h"

static char folder[64];

static char *path_of(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const char *text, size_t n)
{
    FILE *f = fopen(path_of(name), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, n, f), n);
    fclose(f);
}

static struct strbuf read_whole(const char *name)
{
    struct strbuf bytes = {0};
    assert_int_equal(file_read(path_of(name), 1 << 24, &bytes, NULL), 0);
    return bytes;
}

/* A recipe that trains in FOLDER/name. */
static struct satz_recipe *make_recipe(const char *name, const char *updates)
{
    char texts[4][128];
    snprintf(texts[0], sizeof texts[0], "data.train_source=%s/source", folder);
    snprintf(texts[1], sizeof texts[1], "data.train_target=%s/target", folder);
    snprintf(texts[2], sizeof texts[2], "train.folder=%s/%s", folder, name);
    snprintf(texts[3], sizeof texts[3], "data.cache=%s/cache", folder);
    const char *const settings[] = {texts[0],
                                    texts[1],
                                    texts[2],
                                    texts[3],
                                    updates,
                                    "tokenizer.type=word",
                                    "tokenizer.vocabulary=16",
                                    "model.embedding=2",
                                    "model.encoder_hidden=2",
                                    "model.decoder_hidden=3"};
    struct satz_error err;
    struct satz_recipe *recipe =
        satz_recipe_new(NULL, settings, sizeof settings / sizeof *settings, &err);
    if (!recipe)
        fail_msg("%s", err.message);
    return recipe;
}

/* A model and a checkpoint of a few kilobytes, in m/. */
static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/satz-damage-XXXXXX");
    assert_non_null(mkdtemp(folder));
    struct strbuf source = {0}, target = {0};
    for (int i = 0; i < 40; i++) {
        strbuf_addf(&source, "%c %c %c\n", 'a' + i % 20, 'a' + i / 5 % 5, 'a' + i % 3);
        strbuf_addf(&target, "%c %c %c\n", 'a' + i % 3, 'a' + i / 5 % 5, 'a' + i % 20);
    }
    write_file("source", source.data, source.length);
    write_file("target", target.data, target.length);
    strbuf_release(&source);
    strbuf_release(&target);
    struct satz_error err;
    struct satz_recipe *recipe = make_recipe("m", "train.updates=2");
    if (satz_train(recipe, NULL, &err) != 0)
        fail_msg("%s", err.message);
    satz_recipe_free(recipe);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[96];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static void assert_rejected(const char *what, size_t at)
{
    struct tensors t;
    struct satz_error err = {""};
    if (tensors_open(&t, path_of("damaged"), &err) == 0)
        fail_msg("%s at byte %zu is not seen", what, at);
    assert_non_null(strstr(err.message, "/damaged: "));
}

/* Every byte of the header and of the end; of the tokenizer between them, a quarter of a megabyte
 * of SentencePiece's tables, one in a thousand. */
static size_t next_byte(size_t i, size_t length)
{
    enum { ALL = 1500, SOME = 997 };
    return i < ALL || i + ALL > length ? i + 1 : i + SOME;
}

static void damage_each_byte(const char *name)
{
    struct strbuf bytes = read_whole(name);
    assert_true(bytes.length > 1000);
    for (size_t i = 0; i < bytes.length; i = next_byte(i, bytes.length)) {
        bytes.data[i] = (char)(bytes.data[i] ^ (1 << i % 8));
        write_file("damaged", bytes.data, bytes.length);
        assert_rejected("a flipped bit", i);
        bytes.data[i] = (char)(bytes.data[i] ^ (1 << i % 8));
    }
    for (size_t i = 0; i < bytes.length; i = next_byte(i, bytes.length)) {
        write_file("damaged", bytes.data, i);
        assert_rejected("the end", i);
    }
    strbuf_release(&bytes);
}

static void test_model(void **state)
{
    (void)state;
    damage_each_byte("m/model.safetensors");
}

static void test_checkpoint(void **state)
{
    (void)state;
    damage_each_byte("m/checkpoint-00000002.safetensors");
}

/* A recipe in a sound file may claim a network of any size: nothing is allocated for it. */
static void test_claimed_sizes(void **state)
{
    (void)state;
    struct tensors t;
    struct satz_error err;
    assert_int_equal(tensors_open(&t, path_of("m/model.safetensors"), &err), 0);
    struct strbuf recipe = {0};
    const char *text = tensors_metadata(&t, "satz.recipe");
    const char *at = strstr(text, "encoder_hidden: 2\n");
    assert_non_null(at);
    strbuf_add(&recipe, text, (size_t)(at - text));
    strbuf_addf(&recipe, "encoder_hidden: 65536\n%s", at + strlen("encoder_hidden: 2\n"));
    const struct tensors_entry metadata[] = {{"satz.version", "x"},
                                             {"satz.recipe", strbuf_text(&recipe)}};
    assert_int_equal(tensors_write(path_of("claims"), t.items, t.n, metadata, 2, &err), 0);
    strbuf_release(&recipe);
    tensors_release(&t);
    struct rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    assert_null(satz_model_open(path_of("claims"), NULL, NULL, &err));
    getrusage(RUSAGE_SELF, &after);
    assert_non_null(strstr(err.message, "encoder.0.forward.input should be F32 [262144, 2]"));
    assert_true(after.ru_maxrss - before.ru_maxrss < 20000); /* KiB */
}

static void test_foreign_files(void **state)
{
    (void)state;
    static const struct {
        const char *header, *message;
    } files[] = {
        {"{}", "is not a Satz model"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1099511627776],\"data_offsets\":[0,4]}}",
         "do not fit its shape"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,0]}}",
         "do not fit its shape"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,0]}}", "whole numbers"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1000],\"data_offsets\":[0,4000]}}",
         "are not where the header says"},
        {"[]", "not a JSON object"},
        {"{\"a\":1}", "is not dtype, shape and data_offsets"},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct strbuf bytes = {0};
        struct satz_error err = {""};
        uint64_t length = strlen(files[i].header);
        strbuf_add(&bytes, &length, 8);
        strbuf_add_text(&bytes, files[i].header);
        write_file("foreign", bytes.data, bytes.length);
        strbuf_release(&bytes);
        assert_null(satz_model_open(path_of("foreign"), NULL, NULL, &err));
        if (!strstr(err.message, files[i].message))
            fail_msg("%s: \"%s\"", files[i].header, err.message);
    }
    /* lengths of headers that reach beyond the file */
    for (int bit = 4; bit < 64; bit++) {
        uint64_t length = UINT64_C(1) << bit;
        struct satz_error err = {""};
        write_file("foreign", (const char *)&length, 8);
        assert_null(satz_model_open(path_of("foreign"), NULL, NULL, &err));
        assert_non_null(strstr(err.message, "with a header said to have"));
    }
}

/* A damaged cache is made again, to the same bytes. */
static void test_cache(void **state)
{
    (void)state;
    struct satz_error err;
    struct strbuf model = {0};
    char source[128], target[128], cache[128], name[160];
    strcpy(source, path_of("source"));
    strcpy(target, path_of("target"));
    strcpy(cache, path_of("other"));
    const char *sources = source, *targets = target;
    struct tokenizer_options learning = {.type = "word",
                                         .vocabulary_size = 9,
                                         .character_coverage = 1,
                                         .files = &sources,
                                         .n_files = 1};
    if (tokenizer_train(&model, &learning, &err) < 0)
        fail_msg("%s", err.message);
    struct tokenizer *t = tokenizer_new(model.data, model.length, &err);
    assert_non_null(t);
    struct corpus_options options = {.sources = &sources,
                                     .targets = &targets,
                                     .n_files = 1,
                                     .source_tokenizer = t,
                                     .target_tokenizer = t,
                                     .folder = cache,
                                     .threads = 1};
    struct corpus *c = corpus_new(&options, &err);
    assert_non_null(c);
    snprintf(name, sizeof name, "other/corpus-%s.bin", corpus_digest(c));
    corpus_free(c);
    struct strbuf bytes = read_whole(name);
    for (size_t i = 0; i < 2 * bytes.length; i += 41) { /* each is made again, to the disk */
        size_t at = i / 2;
        bytes.data[at] = (char)(bytes.data[at] ^ (1 << at % 8));
        write_file(name, bytes.data, i % 2 ? bytes.length : at);
        bytes.data[at] = (char)(bytes.data[at] ^ (1 << at % 8));
        c = corpus_new(&options, &err);
        if (!c)
            fail_msg("damage at %zu: %s", at, err.message);
        corpus_free(c);
        struct strbuf again = read_whole(name);
        assert_int_equal(again.length, bytes.length);
        assert_memory_equal(again.data, bytes.data, bytes.length);
        strbuf_release(&again);
    }
    strbuf_release(&bytes);
    strbuf_release(&model);
    tokenizer_free(t);
}

/* Writes the file `from` as `to`, with a right sum, but one of its metadata has another value. */
static void forge(const char *from, const char *to, const char *key, const char *value)
{
    static const char *const keys[] = {"satz.version", "satz.recipe", "satz.training",
                                       "satz.state"};
    struct tensors_entry entries[4];
    struct tensors t;
    struct satz_error err;
    size_t n = 0;
    assert_int_equal(tensors_open(&t, path_of(from), &err), 0);
    for (size_t i = 0; i < 4; i++) {
        const char *old = tensors_metadata(&t, keys[i]);
        if (old)
            entries[n++] = (struct tensors_entry){keys[i], strcmp(keys[i], key) == 0 ? value : old};
    }
    if (tensors_write(path_of(to), t.items, t.n, entries, n, &err) < 0)
        fail_msg("%s", err.message);
    tensors_release(&t);
}

/* One of the metadata, its first `part` replaced. */
static struct strbuf changed(const char *from, const char *key, const char *part,
                             const char *replacement)
{
    struct strbuf out = {0};
    struct tensors t;
    assert_int_equal(tensors_open(&t, path_of(from), NULL), 0);
    const char *text = tensors_metadata(&t, key), *at = strstr(text, part);
    if (!at)
        fail_msg("no %s in %s", part, text);
    strbuf_add(&out, text, (size_t)(at - text));
    strbuf_addf(&out, "%s%s", replacement, at + strlen(part));
    tensors_release(&t);
    return out;
}

/* Counters that a run cannot have: the next batch would be one that there is not. */
static void test_forged_state(void **state)
{
    (void)state;
    static const char *const parts[][2] = {
        {"\"batch\": 0", "\"batch\": -1"},
        {"\"batch\": 0", "\"batch\": -9223372036854775808"},
        {"\"batch\": 0", "\"batch\": 0.5"},
        {"\"batch\": 0", "\"batch\": null"},
        {"\"batch\": 0", "\"lot\": 0"},
        {"\"epoch\": ", "\"epoch\": 99999999999"},
        {"\"update\": 2", "\"update\": 9223372036854775807"},
        {"\"text\": \"", "\"text\": \"0123456789abcdef"},
    };
    struct satz_train_options options = {.resume = 1};
    struct satz_recipe *recipe = make_recipe("forged", "train.updates=4");
    assert_int_equal(file_make_folder(path_of("forged"), NULL), 0);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        struct satz_error err = {""};
        struct strbuf text =
            changed("m/checkpoint-00000002.safetensors", "satz.state", parts[i][0], parts[i][1]);
        forge("m/checkpoint-00000002.safetensors", "forged/checkpoint-00000002.safetensors",
              "satz.state", strbuf_text(&text));
        strbuf_release(&text);
        assert_int_equal(satz_train(recipe, &options, &err), -1);
        if (!strstr(err.message, "its state is missing or wrong"))
            fail_msg("%s: %s", parts[i][1], err.message);
    }
    satz_recipe_free(recipe);
}

/* A model that asks for variables would show them wherever its recipe is shown or written. */
static void test_recipe_asks_for_variables(void **state)
{
    (void)state;
    static const char *const values[] = {"\"${HOME}\"", "\"\\x24{HOME}\"", "${HOME:-x}",
                                         "\"$$${HOME}\""};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct satz_error err = {""};
        char replacement[64];
        snprintf(replacement, sizeof replacement, "valid_source: %s", values[i]);
        struct strbuf text =
            changed("m/model.safetensors", "satz.recipe", "valid_source: \"\"", replacement);
        forge("m/model.safetensors", "asks", "satz.recipe", strbuf_text(&text));
        strbuf_release(&text);
        assert_null(satz_model_open(path_of("asks"), NULL, NULL, &err));
        if (!strstr(err.message, "data.valid_source asks for a variable"))
            fail_msg("%s: %s", values[i], err.message);
    }
}

/* Writes the tensors as another program might: a byte before them, so that nothing is aligned. */
static void write_unaligned(const char *name, const struct tensors *t, const struct tensor *more,
                            size_t n_more)
{
    static const char *const keys[] = {"satz.recipe", "satz.state", "satz.blackbox"};
    struct strbuf data = {0}, file = {0};
    json_t *header = json_object(), *metadata = json_object();
    for (size_t i = 0; i < 3; i++)
        json_object_set_new(metadata, keys[i],
                            json_string(i == 2 ? "{}" : tensors_metadata(t, keys[i])));
    json_object_set_new(header, "__metadata__", metadata);
    json_object_set_new(
        header, "batch.first",
        json_pack("{s:s, s:[i], s:[i,i]}", "dtype", "U8", "shape", 1, "data_offsets", 0, 1));
    strbuf_add_char(&data, 0);
    for (size_t i = 0; i < t->n + n_more; i++) {
        const struct tensor *item = i < t->n ? &t->items[i] : &more[i - t->n];
        size_t bytes, from = data.length;
        json_t *shape = json_array();
        assert_int_equal(tensor_bytes(item, &bytes), 0);
        strbuf_add(&data, item->data, bytes);
        for (int k = 0; k < item->rank; k++)
            json_array_append_new(shape, json_integer((json_int_t)item->shape[k]));
        json_object_set_new(header, item->name,
                            json_pack("{s:s, s:o, s:[I,I]}", "dtype", tensor_type_name(item->type),
                                      "shape", shape, "data_offsets", (json_int_t)from,
                                      (json_int_t)data.length));
    }
    char *text = json_dumps(header, JSON_COMPACT);
    uint64_t length = strlen(text) + (8 - strlen(text) % 8);
    strbuf_add(&file, &length, sizeof length);
    strbuf_addf(&file, "%-*s", (int)length, text);
    strbuf_add(&file, data.data, data.length);
    write_file(name, file.data, file.length);
    free(text);
    json_decref(header);
    strbuf_release(&data);
    strbuf_release(&file);
}

static void test_unaligned(void **state)
{
    (void)state;
    static const int32_t ids[] = {4, 5}, lengths[] = {1, 1}, counts[] = {1};
    static const struct tensor step[] = {{"batch.ids", TENSOR_I32, 1, {2}, ids},
                                         {"batch.lengths", TENSOR_I32, 2, {1, 2}, lengths},
                                         {"batch.counts", TENSOR_I32, 1, {1}, counts}};
    struct tensors t;
    struct satz_error err = {""};
    char *report;
    assert_int_equal(tensors_open(&t, path_of("m/checkpoint-00000002.safetensors"), &err), 0);
    write_unaligned("unaligned", &t, step, 3);
    tensors_release(&t);
    struct satz_model *model = satz_model_open(path_of("unaligned"), NULL, NULL, &err);
    if (!model)
        fail_msg("%s", err.message);
    satz_model_close(model);
    assert_int_equal(satz_replay(path_of("unaligned"), 1, &report, &err), -1);
    if (!strstr(err.message, "the batch in it is missing or of another shape"))
        fail_msg("%s", err.message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_model),
        cmocka_unit_test(test_checkpoint),
        cmocka_unit_test(test_claimed_sizes),
        cmocka_unit_test(test_foreign_files),
        cmocka_unit_test(test_cache),
        cmocka_unit_test(test_forged_state),
        cmocka_unit_test(test_recipe_asks_for_variables),
        cmocka_unit_test(test_unaligned),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
