/* variants.h -- the kinds of search, and what they are tried on: sentences of a small vocabulary
 * for networks of made-up weights. */
#ifndef TESTS_DECODE_VARIANTS_H
#define TESTS_DECODE_VARIANTS_H

#include "decode/normalise.h"
#include "tests/decode/network.h"

enum { WORDS = 150, SENTENCES = 20, VARIANTS = 7 };

static const struct search_options usual = {.beam = 4,
                                            .n_best = 4,
                                            .length_penalty = 1,
                                            .max_length_factor = 1.5,
                                            .max_length_extra = 3,
                                            .groups = 2,
                                            .diversity = 0.5,
                                            .temperature = 1,
                                            .top_p = 1,
                                            .seed = 1};

static inline struct search_options variant(int which)
{
    struct search_options o = usual;
    switch (which) {
    case 0:
        break;
    case 1:
        o.strategy = strategy_find("diverse");
        break;
    case 2:
        o.strategy = strategy_find("sample");
        break;
    case 3:
        o.strategy = strategy_find("sample");
        o.top_k = 9;
        o.top_p = 0.8;
        o.temperature = 0.7;
        break;
    case 4:
        o.normalisation = normalisation_find("gnmt");
        o.coverage_penalty = 0.4;
        break;
    case 5:
        o.no_repeat = 2;
        o.min_length_factor = 1;
        break;
    default:
        o.stop = STOP_FIRST;
        o.n_best = 1;
        o.align = true;
    }
    return o;
}
struct sources {
    int ids[SENTENCES][NETWORK_LONGEST];
    struct batch_sentence list[SENTENCES];
};

static inline void make_sources(struct sources *s)
{
    for (int i = 0; i < SENTENCES; i++)
        s->list[i] = network_sentence(i, WORDS, s->ids[i]);
}

#endif
