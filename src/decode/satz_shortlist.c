/* The part of satz.h that makes shortlists. */
#include <limits.h>
#include <unistd.h>

#include "base/file.h"
#include "base/parallel.h"
#include "model/model.h"
#include "satz.h"
#include "text/shortlist.h"

enum { ITERATIONS = 5 };

/* The corpus, in a folder that is gone when it is open: it stays mapped. */
static struct corpus *open_corpus(struct corpus_options *o, struct satz_error *err)
{
    char *folder = file_make_scratch("shortlist", err);
    if (!folder)
        return NULL;
    o->folder = folder;
    struct corpus *corpus = corpus_new(o, err);
    file_remove_scratch(folder);
    return corpus;
}

static int learn(const char *path, const struct model *m, struct corpus_options *o,
                 struct satz_error *err)
{
    struct lexicon lexicon = {0};
    struct corpus *corpus = open_corpus(o, err);
    if (!corpus)
        return -1;
    int status = lexicon_train(&lexicon, corpus, tokenizer_size(m->source_tokenizer),
                               tokenizer_size(m->target_tokenizer), ITERATIONS, err);
    corpus_free(corpus);
    if (status == 0)
        status = shortlist_write(path, &lexicon, m->source_tokenizer, m->target_tokenizer, err);
    lexicon_release(&lexicon);
    return status;
}

int satz_shortlist_make(const char *path, const struct satz_shortlist_options *options,
                        struct satz_error *err)
{
    struct model m;
    if (options->threads < 0 || options->n_files > INT_MAX)
        return error_set(err, "threads must not be negative, nor files more than can be read");
    if (model_load(&m, options->model, err) < 0)
        return -1;
    struct recipe_texts sources = m.recipe.data.train_source, targets = m.recipe.data.train_target;
    bool given = options->n_files > 0;
    struct corpus_options o = {
        .sources = given ? options->sources : sources.items,
        .targets = given ? options->targets : targets.items,
        .n_files = given ? (int)options->n_files : (int)sources.n,
        .source_tokenizer = m.source_tokenizer,
        .target_tokenizer = m.target_tokenizer,
        .policy = {.max_length = m.recipe.data.max_length, .on_invalid = CORPUS_REPLACE},
        .threads = options->threads ? options->threads : parallel_processors(),
    };
    struct file_writer *writer = file_writer_open(path, err); /* before the work, not after it */
    int status = writer ? 0 : -1;
    file_writer_abort(writer);
    if (status == 0 && !given && sources.n == 0)
        status =
            error_set(err, "%s: names no training text; name it after the model", options->model);
    for (int i = 0; i < o.n_files && !given && status == 0; i++)
        if (access(o.sources[i], R_OK) < 0 || access(o.targets[i], R_OK) < 0)
            status = error_set(err,
                               "%s: was trained on %s and %s, which cannot be read; name the text "
                               "after the model",
                               options->model, o.sources[i], o.targets[i]);
    if (status == 0)
        status = learn(path, &m, &o, err);
    model_release(&m);
    return status;
}
