#include "train/feed.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "text/token_words.h"

enum { SITE_SOURCE_TOKENS = 3, SITE_TARGET_TOKENS }; /* 1 and 2: text/batches.c */

int feed_init(struct feed *f, const struct feed_options *options, struct satz_error *err)
{
    *f = (struct feed){.options = *options};
    for (int i = 0; i < 2; i++) {
        f->loads[i].number = -1;
        f->loads[i].shards = memory_new((size_t)options->n_shards, sizeof *f->loads[i].shards, err);
        if (!f->loads[i].shards) {
            feed_release(f);
            return -1;
        }
    }
    f->next = &f->loads[0];
    return 0;
}

void feed_release(struct feed *f)
{
    for (int i = 0; i < 2; i++) {
        for (int s = 0; f->loads[i].shards && s < f->options.n_shards; s++) {
            struct feed_shard *shard = &f->loads[i].shards[s];
            batch_release(&shard->batch);
            token_list_release(&shard->ids);
            free(shard->sentences);
            token_list_release(&shard->words);
            token_spans_release(&shard->spans);
            free(shard->links);
            free(shard->alignments);
        }
        free(f->loads[i].shards);
    }
    *f = (struct feed){0};
}

static int reserve(struct token_list *list, size_t n, struct satz_error *err)
{
    return memory_grow(&list->ids, &list->capacity, list->n + n, sizeof *list->ids, err);
}

/* Appends the corpus' tokens, and their words where it is aligned. */
static int append(struct feed_shard *shard, const struct corpus *corpus, uint32_t pair, int side,
                  struct satz_error *err)
{
    struct token_list *ids = &shard->ids, *words = &shard->words;
    int n[2];
    corpus_lengths(corpus, pair, &n[0], &n[1]);
    if (reserve(ids, (size_t)n[side], err) < 0)
        return -1;
    (side == 0 ? corpus_source : corpus_target)(corpus, pair, ids->ids + ids->n);
    ids->n += (size_t)n[side];
    if (!corpus_aligned(corpus))
        return 0;
    if (reserve(words, (size_t)n[side], err) < 0)
        return -1;
    corpus_words(corpus, pair, side, words->ids + words->n);
    words->n += (size_t)n[side];
    return 0;
}

/* Appends drawn tokens, and their words where the corpus is aligned. */
static int draw(const struct feed *f, const struct feed_load *load, uint32_t pair, int side,
                struct feed_shard *shard, struct satz_error *err)
{
    const struct feed_options *o = &f->options;
    struct token_list *ids = &shard->ids, *words = &shard->words;
    struct token_spans *spans = &shard->spans;
    size_t length;
    const char *text = corpus_text_get(o->text, pair, side, &length);
    uint64_t site = side == 0 ? SITE_SOURCE_TOKENS : SITE_TARGET_TOKENS;
    uint64_t key = rng_u64(rng_key(o->seed, (uint64_t)load->epoch, site), pair);
    if (!corpus_aligned(o->corpus))
        return tokenizer_sample(o->tokenizers[side], text, length, o->nbest, o->alpha, key, ids,
                                err);
    if (tokenizer_sample_spans(o->tokenizers[side], text, length, o->nbest, o->alpha, key, spans,
                               err) < 0 ||
        reserve(ids, spans->n, err) < 0 || reserve(words, spans->n, err) < 0)
        return -1;
    for (size_t i = 0; i < spans->n; i++)
        ids->ids[ids->n++] = spans->spans[i].id;
    token_words_find(text, length, spans->spans, (int)spans->n, words->ids + words->n);
    words->n += spans->n;
    return 0;
}

/* Appends the tokens of one side of a pair; *n: how many. */
static int tokens(const struct feed *f, const struct feed_load *load, uint32_t pair, int side,
                  struct feed_shard *shard, int *n, struct satz_error *err)
{
    const struct feed_options *o = &f->options;
    size_t before = shard->ids.n, words_before = shard->words.n;
    if (load->drawn && o->tokenizers[side]) {
        if (draw(f, load, pair, side, shard, err) < 0)
            return -1;
        if (shard->ids.n - before > (size_t)o->max_length) {
            shard->ids.n = before;
            shard->words.n = words_before;
        }
    }
    if (shard->ids.n == before && append(shard, o->corpus, pair, side, err) < 0)
        return -1;
    *n = (int)(shard->ids.n - before);
    return 0;
}

static int copies_of(const struct feed *f)
{
    return f->options.twins ? 2 : 1;
}

/* The guide of the shard's batch, whose sentences are pairs s, s + n_shards, ... of the load. */
static int align(const struct feed *f, const struct feed_load *load, int s,
                 struct feed_shard *shard, struct satz_error *err)
{
    const struct corpus *corpus = f->options.corpus;
    int rows = shard->batch.n, copies = copies_of(f), shards = f->options.n_shards;
    const struct batch_sentence *sides[2] = {shard->sentences, shard->sentences + rows};
    size_t n_links = 0;
    for (int i = s; i < load->n; i += shards)
        n_links += (size_t)corpus_count_links(corpus, load->pairs[i]);
    if (memory_grow(&shard->links, &shard->links_capacity, n_links + 1, sizeof *shard->links, err) <
            0 ||
        memory_grow(&shard->alignments, &shard->alignments_capacity, (size_t)rows,
                    sizeof *shard->alignments, err) < 0)
        return -1;
    const int *words = shard->words.ids;
    struct corpus_link *links = shard->links;
    for (int row = 0; row < rows; row += copies) {
        uint32_t pair = load->pairs[s + row / copies * shards];
        struct batch_alignment a = {.links = links, .n_links = corpus_count_links(corpus, pair)};
        corpus_links(corpus, pair, links);
        links += a.n_links;
        for (int side = 0; side < 2; side++) {
            a.words[side] = words;
            words += sides[side][row].n;
        }
        for (int k = 0; k < copies; k++)
            shard->alignments[row + k] = a;
    }
    return batch_align(&shard->batch, shard->alignments, f->options.reverse_source, err);
}

/* Shard s has every n_shards-th pair: batches are sorted by length, so shards weigh the same. */
static int lay_out(const struct feed *f, const struct feed_load *load, int s,
                   struct feed_shard *shard, struct satz_error *err)
{
    int all = load->n, n = 0, copies = copies_of(f);
    int count = s < all ? (all - s - 1) / f->options.n_shards + 1 : 0, rows = copies * count;
    shard->batch.n = shard->batch.target.total = 0;
    if (rows == 0)
        return 0;
    if (memory_grow(&shard->sentences, &shard->capacity, 2 * (size_t)rows, sizeof *shard->sentences,
                    err) < 0)
        return -1;
    struct batch_sentence *sides[2] = {shard->sentences, shard->sentences + rows};
    shard->ids.n = shard->words.n = 0;
    for (int i = s; i < all; i += f->options.n_shards, n += copies)
        for (int side = 0; side < 2; side++) {
            int length;
            if (tokens(f, load, load->pairs[i], side, shard, &length, err) < 0)
                return -1;
            for (int k = 0; k < copies; k++)
                sides[side][n + k].n = length;
        }
    const int *ids = shard->ids.ids; /* which has moved while it grew */
    for (int i = 0; i < rows; i += copies)
        for (int side = 0; side < 2; side++) {
            for (int k = 0; k < copies; k++)
                sides[side][i + k].ids = ids;
            ids += sides[side][i].n;
        }
    if (batch_fill(&shard->batch, sides[0], sides[1], rows, f->options.reverse_source, err) < 0)
        return -1;
    shard->batch.twins = f->options.twins; /* sorting is stable: they stay side by side */
    return corpus_aligned(f->options.corpus) ? align(f, load, s, shard, err) : 0;
}

void feed_prepare(struct feed *f, int s)
{
    struct feed_shard *shard = &f->next->shards[s];
    shard->status = lay_out(f, f->next, s, shard, &shard->error);
}

static void prepare_task(void *user, int s, int worker)
{
    (void)worker;
    feed_prepare(user, s);
}

static void begin(struct feed *f, int64_t epoch, int64_t number, bool drawn)
{
    f->next->epoch = epoch;
    f->next->number = number;
    f->next->drawn = drawn;
    f->next->pairs = batches_get(f->options.batches, (uint32_t)number, &f->next->n);
}

bool feed_expect(struct feed *f, int64_t epoch, int64_t number)
{
    if (number >= (int64_t)batches_count(f->options.batches))
        return false;
    begin(f, epoch, number, true);
    return true;
}

/* The load that is laid out becomes the present one. */
static const struct feed_load *hand_out(struct feed *f, struct satz_error *err)
{
    struct feed_load *load = f->next;
    load->tokens = 0;
    for (int s = 0; s < f->options.n_shards; s++) {
        if (load->shards[s].status < 0) {
            error_set(err, "%s", load->shards[s].error.message);
            load->number = -1;
            return NULL;
        }
        load->tokens += load->shards[s].batch.target.total;
    }
    f->next = load == &f->loads[0] ? &f->loads[1] : &f->loads[0];
    f->next->number = -1;
    return load;
}

const struct feed_load *feed_take(struct feed *f, int64_t epoch, int64_t number, bool drawn,
                                  int threads, struct satz_error *err)
{
    const struct feed_load *load = f->next;
    if (load->epoch != epoch || load->number != number || load->drawn != drawn) {
        begin(f, epoch, number, drawn);
        parallel_for(threads, f->options.n_shards, prepare_task, f);
    }
    return hand_out(f, err);
}

const struct feed_load *feed_take_pairs(struct feed *f, const uint32_t *pairs, int n, int threads,
                                        struct satz_error *err)
{
    f->next->number = -1;
    f->next->drawn = false;
    f->next->pairs = pairs;
    f->next->n = n;
    parallel_for(threads, f->options.n_shards, prepare_task, f);
    return hand_out(f, err);
}

struct batch_sentence feed_sentence(const struct feed *f, const struct feed_load *load, int i,
                                    int side)
{
    int shards = f->options.n_shards, copies = copies_of(f), s = i % shards;
    int rows = copies * ((load->n - s - 1) / shards + 1);
    return load->shards[s].sentences[side * rows + i / shards * copies];
}

const struct batch_alignment *feed_alignment(const struct feed *f, const struct feed_load *load,
                                             int i)
{
    int shards = f->options.n_shards;
    return &load->shards[i % shards].alignments[i / shards * copies_of(f)];
}
