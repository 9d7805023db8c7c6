/* data.h -- what a run learns from: tokenizers and encoded corpora, made or found again. */
#ifndef SATZ_TRAIN_DATA_H
#define SATZ_TRAIN_DATA_H

#include "config/recipe.h"
#include "text/corpus_text.h"
#include "text/tokenizer.h"
#include "train/feed.h"

struct data {
    struct corpus *train, *valid; /* valid is NULL when the recipe names none */
    struct corpus_text *text;     /* of train, when its tokens are drawn anew; else NULL */
};

/* The tokenizers of a recipe: its own files, or trained on its training text. Trained ones are kept
 * in the cache folder under a key of the text and the options. *source and *target are one when the
 * vocabulary is joint; the caller frees them. */
int data_tokenizers(const struct recipe *recipe, struct tokenizer **source,
                    struct tokenizer **target, struct satz_error *err);

/* Opens the corpora, encoding them on `threads` threads where the cache has none. Held-out pairs
 * are kept however long. On failure nothing is left to release. */
int data_open(struct data *d, const struct recipe *recipe, const struct tokenizer *source,
              const struct tokenizer *target, int threads, struct satz_error *err);
void data_release(struct data *d);

/* The feed of `batches` as the recipe has it, for `n_shards` shards. An error when tokens are to be
 * drawn by a tokenizer that knows only one way. */
int data_feed(struct feed *f, const struct data *d, const struct recipe *recipe,
              const struct batches *batches, const struct tokenizer *source,
              const struct tokenizer *target, int n_shards, struct satz_error *err);

#endif
