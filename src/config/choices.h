/* choices.h -- the names a choice key may have, X(name, "meaning"); the extension points' own lists
 * are in base/lists.h. */
#ifndef SATZ_CONFIG_CHOICES_H
#define SATZ_CONFIG_CHOICES_H

#include "base/lists.h"

#define ON_EMPTY_LIST(X)                                                                           \
    X(skip, "leave the pair out and count it")                                                     \
    X(error, "stop")

#define ON_LONG_LIST(X)                                                                            \
    X(skip, "leave the pair out and count it")                                                     \
    X(truncate, "cut each side to the limit")                                                      \
    X(error, "stop")

#define ON_INVALID_LIST(X)                                                                         \
    X(skip, "leave the pair out and count it")                                                     \
    X(replace, "put U+FFFD in place of each invalid byte")                                         \
    X(error, "stop")

#define TOKENIZER_LIST(X)                                                                          \
    X(unigram, "subwords by a unigram language model (Kudo 2018)")                                 \
    X(bpe, "subwords by byte-pair encoding (Sennrich 2016)")                                       \
    X(char, "characters")                                                                          \
    X(word, "words, as spaces separate them")

#define BRIDGE_LIST(X)                                                                             \
    X(zero, "zeros")                                                                               \
    X(copy, "the last states of the encoder's directions side by side; widths must match")         \
    X(dense, "tanh(W [last states])")                                                              \
    X(mean, "tanh(W mean of the annotations)")

#define TIE_LIST(X)                                                                                \
    X(none, "none")                                                                                \
    X(target, "the target side's (Press and Wolf 2017)")                                           \
    X(all, "both sides'; needs a joint vocabulary")

#define INIT_LIST(X)                                                                               \
    X(uniform, "uniform in +-`model.init_scale`")                                                  \
    X(xavier, "uniform in +-sqrt(6 / (rows + columns)) (Glorot 2010)")                             \
    X(orthogonal, "square matrices orthogonal (Saxe 2013), the others as xavier")

#define PRESET_LIST(X)                                                                             \
    X(custom, "nothing set")                                                                       \
    X(bahdanau, "score concat, place before, no feeding (Bahdanau 2014)")                          \
    X(luong, "score general, place after, feeding (Luong 2015)")

#define PLACE_LIST(X)                                                                              \
    X(none, "no attention")                                                                        \
    X(before, "before the cell: the query is the previous state")                                  \
    X(after, "after the cell: the query is the new state")

#define BATCH_UNIT_LIST(X)                                                                         \
    X(sentences, "sentence pairs")                                                                 \
    X(tokens, "target tokens, ends counted")

#define METRIC_LIST(X)                                                                             \
    X(perplexity, "of the held-out text, lower is better")                                         \
    X(bleu, "of its translations, higher is better")

#define BACKEND_CHOICE_LIST(X)                                                                     \
    X(auto, "the fastest that runs here")                                                          \
    BACKEND_LIST(X)

#define PRECISION_LIST(X)                                                                          \
    X(auto, "f32")                                                                                 \
    X(f32, "32-bit floating point")                                                                \
    X(bf16, "inputs of products in 16 bits, everything else in 32; needs AVX512_BF16")

#endif
