/* The tokenizers of satz.h. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/tensors.h"
#include "base/utf8.h"
#include "text/tokenizer.h"

struct satz_tokenizer {
    struct tokenizer *tokenizer;
};

int satz_tokenizer_train(const char *path, const struct satz_tokenizer_options *options,
                         struct satz_error *err)
{
    if (options->n_files > INT_MAX)
        return error_set(err, "%zu files are more than can be read", options->n_files);
    const struct tokenizer_options o = {.type = options->type,
                                        .vocabulary_size = options->vocabulary,
                                        .character_coverage = options->coverage,
                                        .files = options->files,
                                        .n_files = (int)options->n_files};
    struct strbuf model = {0};
    int status = tokenizer_train(&model, &o, err);
    if (status == 0)
        status = file_replace(path, model.data, model.length, err);
    strbuf_release(&model);
    return status;
}

/* A header's length, then JSON: no SentencePiece model has a brace there, but a '\n' at its start.
 */
static bool is_tensors(const struct file_map *file)
{
    return file->size > 8 && file->data[8] == '{' && file->data[0] != '\n';
}

static struct tokenizer *read_side(const char *path, enum satz_side side, struct satz_error *err)
{
    struct tensors file;
    if (tensors_open(&file, path, err) < 0)
        return NULL;
    const struct tensor *bytes =
        side == SATZ_TARGET ? tensors_find(&file, "tokenizer.target") : NULL;
    size_t n;
    struct tokenizer *t = NULL;
    if (!bytes)
        bytes = tensors_find(&file, "tokenizer.source");
    if (!bytes || bytes->type != TENSOR_U8 || tensor_bytes(bytes, &n) < 0)
        error_set(err, "%s: holds no tokenizer; it is not a model of Satz", path);
    else if (!(t = tokenizer_new(bytes->data, n, err)))
        error_prefix(err, "%s", path);
    tensors_release(&file);
    return t;
}

static struct tokenizer *read_any(const char *path, enum satz_side side, struct satz_error *err)
{
    struct file_map file;
    if (file_map_open(&file, path, err) < 0)
        return NULL;
    struct tokenizer *t = NULL;
    if (is_tensors(&file))
        t = read_side(path, side, err);
    else if (!(t = tokenizer_new(file.data, file.size, err)))
        error_prefix(err, "%s", path);
    file_map_release(&file);
    return t;
}

struct satz_tokenizer *satz_tokenizer_new(const char *path, enum satz_side side,
                                          struct satz_error *err)
{
    struct satz_tokenizer *t = memory_new(1, sizeof *t, err);
    if (t && !(t->tokenizer = read_any(path, side, err))) {
        free(t);
        return NULL;
    }
    return t;
}

void satz_tokenizer_free(struct satz_tokenizer *t)
{
    if (t)
        tokenizer_free(t->tokenizer);
    free(t);
}

int satz_tokenizer_size(const struct satz_tokenizer *t)
{
    return tokenizer_size(t->tokenizer);
}

const char *satz_tokenizer_piece(const struct satz_tokenizer *t, int id)
{
    return id >= 0 && id < tokenizer_size(t->tokenizer) ? tokenizer_piece(t->tokenizer, id) : NULL;
}

int satz_tokenizer_id(const struct satz_tokenizer *t, const char *piece)
{
    int id = tokenizer_id(t->tokenizer, piece);
    bool known = id != TOKEN_UNKNOWN || strcmp(piece, tokenizer_piece(t->tokenizer, id)) == 0;
    return known ? id : -1;
}

int satz_tokenizer_encode(const struct satz_tokenizer *t, const char *text, size_t n, int **ids,
                          size_t *n_ids, struct satz_error *err)
{
    struct token_list list = {0};
    if (tokenizer_encode(t->tokenizer, text, n, &list, err) < 0) {
        token_list_release(&list);
        return -1;
    }
    *ids = list.ids;
    *n_ids = list.n;
    return utf8_valid_prefix(text, n) < n;
}

char *satz_tokenizer_decode(const struct satz_tokenizer *t, const int *ids, size_t n_ids,
                            struct satz_error *err)
{
    struct strbuf text = {0};
    if (tokenizer_decode(t->tokenizer, ids, n_ids, &text, err) < 0) {
        strbuf_release(&text);
        return NULL;
    }
    return strbuf_detach(&text, err);
}
