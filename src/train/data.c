#include "train/data.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

static const size_t model_limit = (size_t)1 << 30;

/* The cache folder, made if missing, without what killed runs left; the caller frees it. */
static char *cache_folder(const struct recipe *recipe, struct satz_error *err)
{
    char *folder = recipe->data.cache[0] ? memory_copy_string(recipe->data.cache, err)
                                         : file_join(recipe->train.folder, "cache", err);
    if (folder &&
        (file_make_folder(folder, err) < 0 || file_remove_halves(folder, ".model", err) < 0 ||
         file_remove_halves(folder, ".bin", err) < 0)) {
        free(folder);
        return NULL;
    }
    return folder;
}

static struct tokenizer *load_tokenizer(const char *path, struct satz_error *err)
{
    struct strbuf bytes = {0};
    struct tokenizer *t = NULL;
    if (file_read(path, model_limit, &bytes, err) == 0) {
        t = tokenizer_new(strbuf_text(&bytes), bytes.length, err);
        if (!t)
            error_prefix(err, "%s", path);
    }
    strbuf_release(&bytes);
    return t;
}

static int key_of_files(const char *const *files, size_t n, uint64_t *key, struct satz_error *err)
{
    for (size_t i = 0; i < n; i++) {
        struct file_map map;
        if (file_map_open(&map, files[i], err) < 0)
            return -1;
        *key = checksum(map.data, map.size, *key);
        file_map_release(&map);
    }
    return 0;
}

static int train_to_file(const struct tokenizer_options *options, const char *path,
                         struct satz_error *err)
{
    struct strbuf bytes = {0};
    int status = tokenizer_train(&bytes, options, err);
    if (status < 0)
        error_prefix(err, "tokenizer");
    if (status == 0)
        status = file_replace(path, strbuf_text(&bytes), bytes.length, err);
    strbuf_release(&bytes);
    return status;
}

/* Trains on the files, or finds what an earlier run trained on the same text. */
static struct tokenizer *train_tokenizer(const struct recipe *recipe, const char *folder,
                                         const char *const *files, size_t n, struct satz_error *err)
{
    struct tokenizer_options options = {
        .type = recipe->tokenizer.type,
        .vocabulary_size = recipe->tokenizer.vocabulary,
        .character_coverage = recipe->tokenizer.coverage,
        .files = files,
        .n_files = (int)n,
        .max_sentences = 10000000,
        .seed = 1,
    };
    struct strbuf name = {0};
    struct tokenizer *t = NULL;
    uint64_t key = checksum(options.type, strlen(options.type), 0);
    key = checksum(&options.vocabulary_size, sizeof options.vocabulary_size, key);
    key = checksum(&options.character_coverage, sizeof options.character_coverage, key);
    if (key_of_files(files, n, &key, err) < 0)
        return NULL;
    strbuf_addf(&name, "%s/tokenizer-%016llx.model", folder, (unsigned long long)key);
    if (strbuf_check(&name, err) == 0 &&
        (file_exists(strbuf_text(&name)) || train_to_file(&options, strbuf_text(&name), err) == 0))
        t = load_tokenizer(strbuf_text(&name), err);
    strbuf_release(&name);
    return t;
}

static int train_tokenizers(const struct recipe *recipe, struct tokenizer **source,
                            struct tokenizer **target, struct satz_error *err)
{
    struct recipe_texts sources = recipe->data.train_source, targets = recipe->data.train_target;
    char *folder = cache_folder(recipe, err);
    const char **both = memory_new(sources.n + targets.n, sizeof *both, err);
    *source = *target = NULL;
    if (!folder || !both)
        goto done;
    for (size_t i = 0; i < sources.n; i++)
        both[i] = sources.items[i];
    for (size_t i = 0; i < targets.n; i++)
        both[sources.n + i] = targets.items[i];
    if (recipe->tokenizer.joint) {
        *source = *target = train_tokenizer(recipe, folder, both, sources.n + targets.n, err);
        goto done;
    }
    *source = train_tokenizer(recipe, folder, both, sources.n, err);
    if (*source)
        *target = train_tokenizer(recipe, folder, both + sources.n, targets.n, err);
    if (!*target) {
        tokenizer_free(*source);
        *source = NULL;
    }
done:
    free(folder);
    free(both);
    return *source ? 0 : -1;
}

static int check_readable(const char *const *paths, size_t n, struct satz_error *err)
{
    for (size_t i = 0; i < n; i++)
        if (paths[i][0] && access(paths[i], R_OK) < 0)
            return error_set_errno(err, "%s: cannot open", paths[i]);
    return 0;
}

/* Learning a tokenizer takes minutes: a misspelt name is told of before. */
static int check_files(const struct recipe *recipe, struct satz_error *err)
{
    const char *const valid[] = {recipe->data.valid_source, recipe->data.valid_target};
    struct recipe_texts sources = recipe->data.train_source, targets = recipe->data.train_target;
    struct recipe_texts alignments = recipe->data.alignments;
    return check_readable(sources.items, sources.n, err) < 0 ||
                   check_readable(targets.items, targets.n, err) < 0 ||
                   check_readable(alignments.items, alignments.n, err) < 0
               ? -1
               : check_readable(valid, 2, err);
}

int data_tokenizers(const struct recipe *recipe, struct tokenizer **source,
                    struct tokenizer **target, struct satz_error *err)
{
    const char *source_path = recipe->tokenizer.source_model;
    const char *target_path = recipe->tokenizer.target_model;
    if (recipe->data.train_source.n == 0)
        return error_set(err, "the recipe names no training text: set data.train_source and "
                              "data.train_target");
    if (check_files(recipe, err) < 0)
        return -1;
    if (!source_path[0])
        return train_tokenizers(recipe, source, target, err);
    *source = *target = load_tokenizer(source_path, err);
    if (*source && strcmp(source_path, target_path) != 0) {
        *target = load_tokenizer(target_path, err);
        if (!*target)
            tokenizer_free(*source);
    }
    return *source && *target ? 0 : -1;
}

static enum corpus_action action(const char *choice)
{
    return strcmp(choice, "skip") == 0       ? CORPUS_SKIP
           : strcmp(choice, "truncate") == 0 ? CORPUS_TRUNCATE
           : strcmp(choice, "replace") == 0  ? CORPUS_REPLACE
                                             : CORPUS_ERROR;
}

int data_open(struct data *d, const struct recipe *recipe, const struct tokenizer *source,
              const struct tokenizer *target, int threads, struct satz_error *err)
{
    *d = (struct data){0};
    char *folder = cache_folder(recipe, err);
    if (!folder)
        return -1;
    struct corpus_options options = {
        .sources = recipe->data.train_source.items,
        .targets = recipe->data.train_target.items,
        .alignments = recipe->data.alignments.n ? recipe->data.alignments.items : NULL,
        .n_files = (int)recipe->data.train_source.n,
        .source_tokenizer = source,
        .target_tokenizer = target,
        .policy = {.max_length = recipe->data.max_length,
                   .on_empty = action(recipe->data.on_empty),
                   .on_long = action(recipe->data.on_long),
                   .on_invalid = action(recipe->data.on_invalid)},
        .folder = folder,
        .threads = threads,
    };
    d->train = corpus_new(&options, err);
    if (d->train && recipe->data.valid_source[0]) {
        /* Every held-out pair counts, however long. */
        options.sources = &recipe->data.valid_source;
        options.targets = &recipe->data.valid_target;
        options.alignments = NULL;
        options.n_files = 1;
        options.policy.max_length = 0;
        d->valid = corpus_new(&options, err);
    }
    bool draws = recipe->sampling.source || recipe->sampling.target;
    int status = d->train && (d->valid || !recipe->data.valid_source[0]) ? 0 : -1;
    if (status == 0 && draws) {
        d->text = corpus_text_new(d->train, folder, err);
        status = d->text ? 0 : -1;
    }
    free(folder);
    if (status < 0)
        data_release(d);
    return status;
}

void data_release(struct data *d)
{
    corpus_free(d->train);
    corpus_free(d->valid);
    corpus_text_free(d->text);
    *d = (struct data){0};
}

int data_feed(struct feed *f, const struct data *d, const struct recipe *recipe,
              const struct batches *batches, const struct tokenizer *source,
              const struct tokenizer *target, int n_shards, struct satz_error *err)
{
    struct feed_options options = {
        .corpus = d->train,
        .batches = batches,
        .text = d->text,
        .tokenizers = {recipe->sampling.source ? source : NULL,
                       recipe->sampling.target ? target : NULL},
        .alpha = recipe->sampling.alpha,
        .nbest = recipe->sampling.nbest,
        .max_length = recipe->data.max_length,
        .seed = (uint64_t)recipe->train.seed,
        .n_shards = n_shards,
        .reverse_source = recipe->model.reverse_source,
        .twins = recipe->train.rdrop > 0,
    };
    for (int side = 0; side < 2; side++)
        if (options.tokenizers[side] && !tokenizer_samples(options.tokenizers[side]))
            return error_set(err,
                             "sampling.%s is true, but its tokenizer knows only one way to "
                             "split a text; only bpe and unigram know more",
                             side == 0 ? "source" : "target");
    return feed_init(f, &options, err);
}
