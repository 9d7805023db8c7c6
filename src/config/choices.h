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
    X(normal, "normal, with the standard deviation `model.init_scale` (Bahdanau 2014: 0.01)")      \
    X(xavier, "uniform in +-sqrt(6 / (rows + columns)) (Glorot 2010)")                             \
    X(orthogonal, "square matrices orthogonal (Saxe 2013), the others as xavier")

#define PRESET_LIST(X)                                                                             \
    X(custom, "nothing set")                                                                       \
    X(bahdanau, "score concat, place before, no feeding (Bahdanau 2014)")                          \
    X(luong, "score general, place after, feeding (Luong 2015)")

#define BIDIRECTIONAL_LIST(X)                                                                      \
    X(all, "every layer")                                                                          \
    X(first, "the lowest only (Wu 2016, 3.2)")

#define COVERAGE_LIST(X)                                                                           \
    X(none, "no")                                                                                  \
    X(sum, "the sum of its weights so far (See 2017, 2.3)")                                        \
    X(fertility, "that sum divided by how much the word is predicted to need (Tu 2016, 3.1.1)")

#define PLACE_LIST(X)                                                                              \
    X(none, "no attention")                                                                        \
    X(before, "before the cell: the query is the previous state")                                  \
    X(after, "after the cell: the query is the new state")                                         \
    X(gnmt, "before, the query is the lowest layer's state; all layers see the context (Wu 2016)")

#define BATCH_UNIT_LIST(X)                                                                         \
    X(sentences, "sentence pairs")                                                                 \
    X(tokens, "target tokens, ends counted")

#define OWN_WORD_LIST(X)                                                                           \
    X(sample, "drawn by its probabilities")                                                        \
    X(argmax, "the likeliest")

#define ON_NONFINITE_LIST(X)                                                                       \
    X(skip, "leave the weights as they are and take the next batch; ten in a row end the run")     \
    X(rollback, "go back to the last checkpoint, at half the rate; ten in a row end the run")      \
    X(stop, "end the run")

#define METRIC_LIST(X)                                                                             \
    X(perplexity, "of the held-out text, lower is better")                                         \
    X(bleu, "of its translations, higher is better")

#define STRATEGY_LIST(X)                                                                           \
    X(beam, "the likeliest `decode.beam` beginnings at each length")                               \
    X(diverse, "beam search in groups that avoid each other's words (Vijayakumar 2016)")           \
    X(sample, "words drawn at random by their probability")

#define LENGTH_NORMALISATION_LIST(X)                                                               \
    X(power, "|y|^a")                                                                              \
    X(gnmt, "((5 + |y|) / 6)^a (Wu 2016, eq. 14)")

#define STOP_LIST(X)                                                                               \
    X(exact, "as beam, or as soon as nothing better can come: the same translations, sooner")      \
    X(beam, "when as many translations as the beam is wide have ended")                            \
    X(first, "when as many as are wanted have ended: fastest, better ones may be missed")

#define BACKEND_CHOICE_LIST(X)                                                                     \
    X(auto, "the fastest that runs here")                                                          \
    BACKEND_LIST(X)

#define PRECISION_LIST(X)                                                                          \
    X(auto, "f32")                                                                                 \
    X(f32, "32-bit floating point")                                                                \
    X(bf16, "inputs of products in 16 bits, everything else in 32; needs AVX512_BF16")

#endif
