/* feed.h -- the batches of an epoch, laid out for the shards of a team.
 *
 * There is room for two: while the team works on one, its threads lay out the next as they come
 * free (team_gradient), so that drawing tokens anew costs no time of its own. What a batch holds is
 * a function of (seed, epoch, number): neither threads nor a resumed run change it. Those of an
 * aligned corpus have a guide (text/batch.h), made from the words of the tokens at hand. */
#ifndef SATZ_TRAIN_FEED_H
#define SATZ_TRAIN_FEED_H

#include "text/batch.h"
#include "text/batches.h"
#include "text/corpus_text.h"

struct feed_options {
    const struct corpus *corpus;
    const struct batches *batches;         /* NULL for feed_take_pairs alone */
    const struct corpus_text *text;        /* NULL when no side is drawn anew */
    const struct tokenizer *tokenizers[2]; /* of source and target; NULL: that side's ids stay */
    double alpha;
    int nbest;      /* both as tokenizer_sample's */
    int max_length; /* a drawn side that is longer keeps the corpus' ids */
    uint64_t seed;
    int n_shards;
    bool reverse_source;
    bool twins; /* each pair stands twice, its rows side by side (nn/loss.h) */
};

/* One shard's part of a batch. */
struct feed_shard {
    struct batch batch; /* no sentences: there are fewer pairs than shards */
    struct token_list ids;
    struct batch_sentence *sentences;
    size_t capacity;
    struct token_list words; /* of an aligned corpus: the word of each id */
    struct corpus_link *links;
    struct batch_alignment *alignments; /* as many as sentences of a side */
    struct token_spans spans;
    size_t links_capacity, alignments_capacity;
    int status;
    struct satz_error error;
};

struct feed_load {
    int64_t epoch, number; /* number -1: nothing that feed_take may hand out */
    bool drawn;            /* whether tokens were drawn anew */
    const uint32_t *pairs; /* [n] of the corpus */
    int n;
    long tokens; /* target words, ENDs included, of all shards */
    struct feed_shard *shards;
};

struct feed {
    struct feed_options options;
    struct feed_load loads[2];
    struct feed_load *next; /* being laid out, or laid out */
};

/* Corpus, batches, text and tokenizers must outlive the feed. */
int feed_init(struct feed *f, const struct feed_options *options, struct satz_error *err);
void feed_release(struct feed *f);

/* Batch `number` of the epoch, which `batches` must have been started with: as it was prepared, or
 * laid out now on `threads` threads. `drawn` false: the corpus' own tokens, for measuring. It stays
 * until the second call from here. NULL on error. */
const struct feed_load *feed_take(struct feed *f, int64_t epoch, int64_t number, bool drawn,
                                  int threads, struct satz_error *err);

/* These pairs with the corpus' own tokens, as a batch. */
const struct feed_load *feed_take_pairs(struct feed *f, const uint32_t *pairs, int n, int threads,
                                        struct satz_error *err);

/* The tokens of one side of pair i of a batch. */
struct batch_sentence feed_sentence(const struct feed *f, const struct feed_load *load, int i,
                                    int side);

/* Of an aligned corpus: the alignment of pair i of a batch. */
const struct batch_alignment *feed_alignment(const struct feed *f, const struct feed_load *load,
                                             int i);

/* Names the batch to be laid out next, by n_shards calls of feed_prepare in any order and on any
 * threads; then feed_take has it ready. Nothing is to be done when the epoch has no such batch
 * (false). */
bool feed_expect(struct feed *f, int64_t epoch, int64_t number);
void feed_prepare(struct feed *f, int shard);

#endif
