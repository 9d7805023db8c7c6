/* german.h -- the file of a small model of German with random weights. */
#ifndef TESTS_DECODE_GERMAN_H
#define TESTS_DECODE_GERMAN_H

#include "base/rng.h"
#include "model/model.h"
#include "tests/text/scratch.h"

/* Its sources are cut at 4 * max_length tokens. The path belongs to the scratch folder. */
static inline const char *german_model(struct scratch *scratch, int max_length)
{
    const char *path = scratch_path(scratch, "model.safetensors");
    struct tokenizer *t = scratch_tokenizer(scratch_german(scratch, "de"), "unigram", 60);
    char yaml[256];
    snprintf(yaml, sizeof yaml,
             "model: {embedding: 24, encoder_hidden: 16, decoder_hidden: 32}\n"
             "attention: {preset: bahdanau}\ndata: {max_length: %d}\n"
             "decode: {beam: 4, max_length_factor: 1, max_length_extra: 4}\n",
             max_length);
    struct recipe recipe;
    struct model m;
    struct satz_error err;
    if (recipe_parse(&recipe, yaml, strlen(yaml), "test", &err) < 0 ||
        model_init(&m, &recipe, t, t, &err) < 0)
        fail_msg("%s", err.message);
    for (size_t i = 0; i < m.network.params.size; i++)
        m.network.params.values[i] = (real)(1.6 * rng_uniform(4, i) - 0.8);
    if (model_save(&m, path, NULL, NULL, &err) < 0)
        fail_msg("%s", err.message);
    model_release(&m);
    recipe_release(&recipe);
    return path;
}

#endif
