/* model.h -- a translation model as a user has it: network, tokenizers and recipe in one file.
 *
 * The file is safetensors (base/tensors.h): the parameters by name in F32 (docs/architecture.md
 * lists names and shapes), the SentencePiece models as U8 tensors "tokenizer.source" and
 * "tokenizer.target" (only the first when they are one), and in the metadata the resolved recipe
 * ("satz.recipe"), version ("satz.version"), and whatever the trainer says of the run
 * ("satz.training", JSON). */
#ifndef SATZ_MODEL_MODEL_H
#define SATZ_MODEL_MODEL_H

#include "base/tensors.h"
#include "model/seq2seq.h"
#include "text/tokenizer.h"

struct model {
    struct recipe recipe;
    struct tokenizer *source_tokenizer, *target_tokenizer; /* one and the same when joint */
    struct seq2seq network;
    char *training;         /* JSON; may be NULL */
    struct tensors mapping; /* open while the network's values lie in it */
};

/* Takes over the tokenizers (also on failure); declares the network and draws its first values. */
int model_init(struct model *m, const struct recipe *recipe, struct tokenizer *source,
               struct tokenizer *target, struct satz_error *err);

/* Reads and checks a model file; the caller then makes packed weights (weights_allocate,
 * weights_pack). Where the file has the values as the network lays them out, as files of Satz
 * nearly always do, they are not copied: the file stays mapped, and must be replaced rather than
 * written over while the model is open. The values may be read only. */
int model_load(struct model *m, const char *path, struct satz_error *err);

/* As model_load from an open file, which may be a checkpoint and is named in errors. */
int model_read(struct model *m, const struct tensors *file, const char *path,
               struct satz_error *err);

/* The tokenizers of an open file, new; one and the same when it holds only one. */
int model_read_tokenizers(const struct tensors *file, const char *path, struct tokenizer **source,
                          struct tokenizer **target, struct satz_error *err);

/* Copies the tensors "PREFIX" + parameter's name into a block of the network's layout. An error,
 * with the block undefined, when one is missing or of another shape. */
int model_read_block(const struct model *m, const struct tensors *file, const char *path,
                     const char *prefix, real *block, struct satz_error *err);

void model_release(struct model *m);

/* Further tensors and metadata of a checkpoint, besides what every model file has. */
struct model_extra {
    const struct tensor *tensors;
    size_t n_tensors;
    const struct tensors_entry *metadata;
    size_t n_metadata;
};

/* Writes `values` (a block of m->network.params' layout; NULL: its own) as a model file,
 * atomically. `extra` may be NULL. */
int model_save(const struct model *m, const char *path, const real *values,
               const struct model_extra *extra, struct satz_error *err);

#endif
