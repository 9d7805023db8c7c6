/* satz.h -- the public interface of libsatz; for C11 and C++.
 *
 * Errors: functions that can fail return 0 / -1 (or NULL) and take a `struct satz_error *` as their
 * last argument; on failure it holds one complete sentence, which names file, line and remedy, and
 * outputs are untouched. It may be NULL. Short memory is such a failure everywhere. The library
 * never exits, aborts on bad input, or prints.
 *
 * Ownership: what a *_new or *_open returns is given back to its *_free or *_close, which accepts
 * NULL; what else the caller owns, its function says. Texts that are handed in are copied, unless
 * it is said that they must outlive something. Texts are UTF-8; paths are as the system has them.
 *
 * Threads: functions may run at the same time on different objects. An object that a function takes
 * as `const` does not change and may be shared: recipes, tokenizers, models, attentions. Of the
 * others, translators, one thread at a time may use each; for more threads make more translators of
 * one model, which costs their working memory only. satz_train and satz_tokenizer_train are the
 * exceptions: one of the two at a time in a process (the trainer of SentencePiece has state of its
 * own). Functions that use several threads themselves have joined them when they return. */
#ifndef SATZ_H
#define SATZ_H

#include <stddef.h>

#define SATZ_VERSION "0.1.0"
#define SATZ_DATE    "November 21, 2026" /* of that version */

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default) /* the shared library shows what is declared here */
#endif

/* A sentence without a newline at its end, cut if it is too long. */
struct satz_error {
    char message[1024];
};

/* --- recipes ------------------------------------------------------------------------------- */

struct satz_recipe;

/* The recipe at `path` (NULL: all defaults) with n_settings `settings`, each "section.key=value"; a
 * later one wins. An error tells FILE:LINE:COLUMN, what is allowed, and the nearest right spelling.
 * Files that it names are not looked at. */
struct satz_recipe *satz_recipe_new(const char *path, const char *const *settings,
                                    size_t n_settings, struct satz_error *err);
void satz_recipe_free(struct satz_recipe *recipe); /* accepts NULL */

/* train.folder: where training puts the model. Owned by the recipe. */
const char *satz_recipe_folder(const struct satz_recipe *recipe);

/* Every key with its value, as YAML; the reference of all keys, as Markdown and as the manual page
 * satz-recipe(5). free() them. NULL when memory is short. */
char *satz_recipe_yaml(const struct satz_recipe *recipe, struct satz_error *err);
char *satz_recipe_reference(struct satz_error *err);
char *satz_recipe_manual(struct satz_error *err);

/* The index-th key, "data.train_source" and so on, and the index-th value that `key` has to choose
 * from ("all" of "model.tie"); NULL past the end, and for a key that is no choice. For help texts.
 */
const char *satz_recipe_key(int index);
const char *satz_recipe_choice(const char *key, int index);

/* The one of `names` [n_names] that a misspelt `word` most likely stands for, or NULL when none is
 * near. */
const char *satz_nearest_name(const char *word, const char *const *names, size_t n_names);

/* --- tokenizers ---------------------------------------------------------------------------- */

struct satz_tokenizer_options {
    const char *type;         /* "unigram", "bpe", "char" or "word" */
    int vocabulary;           /* pieces, of which four stand for no text */
    double coverage;          /* share of all characters that must not be unknown, [0.98, 1] */
    const char *const *files; /* text, one sentence a line, plain or gzip */
    size_t n_files;
};

/* Learns a tokenizer and writes it to `path` as a SentencePiece model. The same text and options
 * give the same bytes. Fails when the text has no usable line, or too few different ones for the
 * vocabulary; then there is no file, or the old one. */
int satz_tokenizer_train(const char *path, const struct satz_tokenizer_options *options,
                         struct satz_error *err);

struct satz_tokenizer;

enum satz_side { SATZ_SOURCE, SATZ_TARGET };

/* The tokenizer of a SentencePiece file, or of one side of a model. Of a SentencePiece file, and of
 * a model with one vocabulary for both, `side` says nothing. */
struct satz_tokenizer *satz_tokenizer_new(const char *path, enum satz_side side,
                                          struct satz_error *err);
void satz_tokenizer_free(struct satz_tokenizer *t); /* accepts NULL */

/* How many pieces there are; their ids are 0 .. size - 1, of which the first four are padding,
 * unknown, beginning and end. */
int satz_tokenizer_size(const struct satz_tokenizer *t);

/* An id's piece, owned by the tokenizer, or NULL if the id is out of range; a piece's id, or -1. */
const char *satz_tokenizer_piece(const struct satz_tokenizer *t, int id);
int satz_tokenizer_id(const struct satz_tokenizer *t, const char *piece);

/* The ids of `n` bytes of UTF-8, without an end, as a new array [n_ids]; free() it. NULL may stand
 * for none. What is not UTF-8 is read as U+FFFD; then it returns 1. */
int satz_tokenizer_encode(const struct satz_tokenizer *t, const char *text, size_t n, int **ids,
                          size_t *n_ids, struct satz_error *err);

/* The text of `n_ids` ids. free() it. An id out of range is an error. */
char *satz_tokenizer_decode(const struct satz_tokenizer *t, const int *ids, size_t n_ids,
                            struct satz_error *err);

/* --- models -------------------------------------------------------------------------------- */

/* What is in a model file or a checkpoint, to be read by people: version, vocabulary, training,
 * every parameter with its shape; and the recipe it was trained by, as YAML. free() them. A file
 * that is damaged in any bit is an error, as in satz_model_open. */
char *satz_model_describe(const char *path, struct satz_error *err);
char *satz_model_recipe(const char *path, struct satz_error *err);

/* Writes the mean of n model files or checkpoints of the same network and tokenizers to `path`, as
 * a model with the recipe of the last. Files are read as they are named; the order is of no account
 * but for that. */
int satz_model_average(const char *path, const char *const *models, size_t n,
                       struct satz_error *err);

/* --- translating --------------------------------------------------------------------------- */

struct satz_model;

/* Reads a model file. `backend` is what a recipe's compute.backend may be, `precision` a name that
 * satz_precision_name has; NULL is "auto", whose precision is f32: the translations are those of
 * training. A model does not change: any number of threads may use it through translators of their
 * own. */
struct satz_model *satz_model_open(const char *path, const char *backend, const char *precision,
                                   struct satz_error *err);
/* Precisions of translation by index; NULL past the last. */
const char *satz_precision_name(int index);
/* After its translators; accepts NULL. */
void satz_model_close(struct satz_model *model);

/* 0 everywhere is what the model's recipe says. */
struct satz_translator_options {
    int beam;       /* hypotheses kept at each step; 1: greedy */
    int n_best;     /* translations of each line, at most `beam` unless sampled; 0: 1 */
    int batch;      /* sentences translated together */
    int threads;    /* 0: all processors */
    int max_length; /* longest source in tokens; 0: 4 * data.max_length */
    int split_long; /* longer ones are translated in pieces; 0: their rest is cut off */
    int has_length_penalty;
    double length_penalty; /* exponent of the length that a score is divided by */
    /* Any keys of the recipe's section decode, as "decode.strategy=sample"; they win. */
    const char *const *settings;
    size_t n_settings;
    /* Further models with the same tokenizers, whose probabilities are averaged with the model's.
     * They must outlive the translator. */
    const struct satz_model *const *ensemble;
    size_t n_ensemble;
    /* Unknown words become the source word that was most attended to, or what the dictionary says
     * of it: a file of lines "word TAB translation", which may be NULL. */
    int replace_unknown;
    const char *dictionary;
    /* A file of satz_shortlist_make, for the model's tokenizers: only the likeliest translations of
     * a sentence's words and the commonest words come into its translation, what is asked of it
     * aside, and probabilities are shares among those. NULL: all words. Scores and attention of
     * given translations know of no list. */
    const char *shortlist;
    int shortlist_best;      /* of each word of the source, at most 100; 0: SATZ_SHORTLIST_BEST */
    int shortlist_commonest; /* words of all; 0: SATZ_SHORTLIST_COMMONEST */
};

enum { SATZ_SHORTLIST_BEST = 50, SATZ_SHORTLIST_COMMONEST = 100 };

/* Learns from pairs of files, line by line a text and its translation, plain or gzip, which words
 * are translated by which (IBM Model 1), in the tokens of the model at `model`, and writes that to
 * `path`. With no files it is the training text that the model's recipe names. */
struct satz_shortlist_options {
    const char *model;
    const char *const *sources, *const *targets; /* [n_files] */
    size_t n_files;
    int threads; /* that cut the text into tokens; 0: all processors. The result is the same */
};
int satz_shortlist_make(const char *path, const struct satz_shortlist_options *options,
                        struct satz_error *err);

/* Whether the options make sense for the model: what satz_translator_new would refuse because it is
 * out of range or does not go together. `options` may be NULL. */
int satz_translator_check(const struct satz_model *model,
                          const struct satz_translator_options *options, struct satz_error *err);

struct satz_translator;

/* `options` may be NULL: all zero. A value out of range is an error. The model must outlive it. */
struct satz_translator *satz_translator_new(const struct satz_model *model,
                                            const struct satz_translator_options *options,
                                            struct satz_error *err);
void satz_translator_free(struct satz_translator *translator);

/* How many hypotheses it keeps at each step: n_best can be no more. */
int satz_translator_beam(const struct satz_translator *translator);

struct satz_hypothesis {
    const char *text;
    /* log_probability by length, + decode.coverage_penalty * coverage */
    double score;
    double log_probability; /* natural */
    double coverage;        /* sum over source tokens of log min(attention received, 1), if asked */
    int tokens;             /* with the one that ends the sentence */
    const int *ids;         /* [tokens - 1]: its pieces, without that one; NULL where tokens is 0 */
};

struct satz_translation {
    const struct satz_hypothesis *hypotheses; /* best first, no two of the same tokens */
    int n;                                    /* 1 .. n_best */
    int source_tokens;                        /* that were translated */
    int pieces;                               /* that a long source was translated in; else 1 */
    int truncated;                            /* the source was too long; its beginning was used */
    int invalid;                              /* it was not UTF-8; U+FFFD was read instead */
};

/* Translates n lines of text (`lengths` [n] in bytes; NULL: they end with '\0'). *translations
 * becomes an array [n], line by line, owned by the translator until its next use or its end. The
 * translation of a line of nothing but spaces is empty. A line's translation does not depend on the
 * others. */
int satz_translate(struct satz_translator *translator, const char *const *lines,
                   const size_t *lengths, size_t n, const struct satz_translation **translations,
                   struct satz_error *err);

/* A line, and what is asked of its translation. All but the text may be 0. */
struct satz_request {
    const char *text;
    size_t length; /* bytes */
    size_t number; /* what errors call the line; 0: its place among the requests, from 1 */
    /* What the translation begins with. Its last word may go on, unless a space follows it. */
    const char *prefix;
    /* Whole words, one or more, that the translation must and must not contain. */
    const char *const *required, *const *forbidden;
    size_t n_required, n_forbidden;
};

/* As satz_translate. Fails, naming the line, when what it asks for cannot be done. */
int satz_translate_requests(struct satz_translator *translator, const struct satz_request *requests,
                            size_t n, const struct satz_translation **translations,
                            struct satz_error *err);

/* A text and its translation, which the model is forced to write. */
struct satz_pair {
    const char *source, *target;         /* UTF-8 */
    size_t source_length, target_length; /* in bytes */
    const int *target_ids; /* where not NULL, in place of `target`: a hypothesis' own pieces */
    int n_target_ids;
};

/* How likely the model finds a translation. */
struct satz_score {
    double log_probability; /* natural; the sum of the tokens' in their order */
    int tokens;             /* with the one that ends the sentence; 0: both texts are empty */
    /* [tokens]: each one's share, and its piece, which belongs to the model */
    const double *token_log_probabilities;
    const char *const *pieces;
    int truncated; /* a text was too long; its beginning was used */
    int invalid;   /* not UTF-8, so that U+FFFD was read: 1 the source, 2 the target, 3 both */
};

/* Scores n pairs on all threads, as an array [n] that the caller frees with satz_scores_free. What
 * satz_translate found gets the log_probability it had there, to the bit. The longest target is
 * what satz_translate could make of the longest source. */
struct satz_score *satz_score_pairs(struct satz_translator *translator,
                                    const struct satz_pair *pairs, size_t n,
                                    struct satz_error *err);
void satz_scores_free(struct satz_score *scores, size_t n); /* accepts NULL */

/* Words stand between spaces; tokens are what the network reads. */
enum satz_units { SATZ_WORDS, SATZ_SUBWORDS };

/* Where a model with a window (attention.window) could look, in columns of the weights: column j is
 * from j to j + 1. */
struct satz_window {
    float centre, from, to;
};

/* Where the decoder looked: weights [n_targets, n_sources], each row's sum 1 (less where a window
 * weighs them). Words add up the
 * weights of their source tokens and average over their target tokens; a word that the tokenizer
 * leaves nothing of has only zeros. The last of either side is the end of the sentence. */
struct satz_attention {
    const char *const *sources, *const *targets;
    const float *weights;
    int n_sources, n_targets;
    const struct satz_window *windows; /* [n_targets]; NULL: it looks everywhere */
    int truncated, invalid;            /* as in satz_score */
};

/* For n pairs, on all threads. attentions[i] becomes that of pair i, or NULL where the source has
 * no words. The caller frees each. Nothing that satz_translate gave is touched. */
int satz_attend_pairs(struct satz_translator *translator, const struct satz_pair *pairs, size_t n,
                      enum satz_units units, struct satz_attention **attentions,
                      struct satz_error *err);
void satz_attention_free(struct satz_attention *attention); /* accepts NULL */

/* For one pair of texts; `target` NULL: the model's translation (by satz_translate). A source
 * without words is an error. */
struct satz_attention *satz_attend(struct satz_translator *translator, const char *source,
                                   const char *target, enum satz_units units,
                                   struct satz_error *err);

/* More words on a side than a picture or a page can show. */
enum { SATZ_DRAWN_WORDS = 400 };

/* Draws n attention matrices to `path`: one page of them if it ends in .html, else a picture of the
 * only one (.png, .svg or .pdf). `title` may be NULL. Returns 1, with a sentence in *err, when no
 * font has some characters of a picture: boxes with their codes stand for them. */
int satz_draw_attention(const char *path, const char *title,
                        const struct satz_attention *const *attentions, size_t n,
                        struct satz_error *err);

/* A page that is written as its sentences come; nothing of them is kept. `number` is what the page
 * calls the sentence; 0: its place, from 1. The file appears, whole, in satz_page_close, which
 * frees the page also on an error; satz_page_abort frees it and leaves no file, and accepts NULL.
 */
struct satz_page;
struct satz_page *satz_page_open(const char *path, const char *title, struct satz_error *err);
int satz_page_add(struct satz_page *page, const struct satz_attention *attention, long number,
                  struct satz_error *err);
int satz_page_close(struct satz_page *page, struct satz_error *err);
void satz_page_abort(struct satz_page *page);

/* --- word alignments ------------------------------------------------------------------------ */

/* A word of the source and one of the target, from 0, that translate each other. */
struct satz_link {
    int source, target;
    float weight; /* 0 .. 1 */
    int possible; /* in a gold alignment: 0 is a sure link */
};

/* The following give a new array of links in *links; free() it. */

/* What attention aligns. `threshold` 0: each target word with the source word it looks at most (the
 * first of equal ones), of weight 1; no link where that is the source's end. Else every two words
 * whose weight reaches the threshold, with their weight. By target, then by source. */
int satz_attention_links(const struct satz_attention *attention, double threshold,
                         struct satz_link **links, size_t *n, struct satz_error *err);

/* The links of a line of Pharaoh's format: "0-0 1-2", "1p2" where they are possible ones, "0-0:0.9"
 * with weights. `base` (0 or 1) is what words are counted from; the numbers of words are -1 where
 * they are not known. */
int satz_links_parse(const char *line, size_t length, int base, int n_sources, int n_targets,
                     struct satz_link **links, size_t *n, struct satz_error *err);

/* The index-th way to make one alignment of two, or NULL past the end: "intersection", "union",
 * "grow-diag", "grow-diag-final", "grow-diag-final-and" (Och and Ney 2003; Koehn et al. 2005). */
const char *satz_symmetrisation_name(int index);

/* Two alignments of one pair, the second made by a model of the other direction, so that its
 * sources are the first's targets. The links are the first's way round, of weight 1, as
 * satz_attention_links orders them. */
int satz_symmetrise(const char *method, const struct satz_link *forward, size_t n_forward,
                    const struct satz_link *backward, size_t n_backward, struct satz_link **links,
                    size_t *n, struct satz_error *err);

/* --- training ------------------------------------------------------------------------------ */

enum satz_train_stage {
    SATZ_TRAIN_NOTE,       /* `text` tells of a step that is done or begins (corpus, memory, ...) */
    SATZ_TRAIN_PROGRESS,   /* after each update; figures since the last line of the log */
    SATZ_TRAIN_VALIDATION, /* after a validation */
    SATZ_TRAIN_DONE        /* `text` says why it ended; also when it was interrupted */
};

/* Valid during the call. What a stage does not name is 0. */
struct satz_train_event {
    enum satz_train_stage stage;
    const char *text;         /* may be NULL */
    int epoch, epochs;        /* from 1 */
    long batch, batches;      /* of the epoch */
    long update;              /* from 1 */
    double loss, perplexity;  /* per target token; perplexity without label smoothing */
    double tokens_per_second; /* target tokens */
    double rate, gradient_norm;
    double seconds, seconds_left; /* since the start; estimated until the last epoch's end */
    double valid_perplexity;      /* validations only */
    double bleu;                  /* < 0 when this validation did not translate */
    int best;                     /* whether this is the best so far */
    double guided; /* cost of guided alignment per target token, which the loss has with its weight;
                      < 0 without data.alignments and outside of progress */
};

struct satz_train_options {
    int resume; /* go on from the newest checkpoint in train.folder, if there is one */
    /* Called by the thread that called satz_train; may be NULL. */
    void (*on_event)(void *user, const struct satz_train_event *event);
    void *user;
    const volatile int *stop; /* set it (from a signal handler) to save and end; may be NULL */
};

/* Trains the model a recipe describes. In train.folder: model.safetensors (the best so far),
 * checkpoint-UPDATE.safetensors (the last ones), log.jsonl, lock, cache/ unless data.cache names
 * another folder, and blackbox-UPDATE.safetensors for steps whose gradient was not finite. A folder
 * that another run uses is an error, and so are text, recipe and checkpoint that do not fit
 * together. `options` may be NULL: all zero. Returns 0 when it ran to its end, 1 when it was
 * stopped early by `stop`, with a checkpoint saved, -1 on an error. */
int satz_train(const struct satz_recipe *recipe, const struct satz_train_options *options,
               struct satz_error *err);

/* Repeats the step that a black box holds on `threads` threads (0: all processors) and says in
 * *report, to be read by people, how it compares and where the first value stands that is not
 * finite; free() it. Returns 0 when the step is the same to the bit, 1 when it is not. Built in
 * double precision: 0 when the gradient agrees with differences of the loss, or is not finite in
 * double either. */
int satz_replay(const char *path, int threads, char **report, struct satz_error *err);

/* What a black box says of its step, the batch's text and the steps before, as JSON. free() it. */
char *satz_replay_facts(const char *path, struct satz_error *err);

/* Looks for what would go wrong in training by the recipe: reads its text once, runs a few steps on
 * a sample of it, and tries shards and threads. Both of test_source and test_target or neither name
 * the files of a test set, of which nothing should be in the training text (NULL: none). Writes to
 * a temporary folder ($TMPDIR or /tmp) only. *report gets what it found, to be read by people or,
 * when `json` is not 0, as JSON; free() it. Returns 0, or 1 when there are problems that will break
 * training. */
int satz_doctor(const struct satz_recipe *recipe, const char *test_source, const char *test_target,
                int json, char **report, struct satz_error *err);

/* --- ladders: which change of a recipe is worth what -------------------------------------------
 */

/* All but `folder` may be 0; what is NULL is as the ladder and its recipe say. */
struct satz_ablation_options {
    const char *folder; /* for the tables, the tokenised text, and a folder for each run */
    const char *train_source, *train_target, *valid_source, *valid_target;
    const char *test_source, *test_target;
    const char *const *settings; /* as in satz_recipe_new, for all rungs */
    size_t n_settings;
    const char *const *only, *const *skip; /* names of rungs; NULL: all, none */
    size_t n_only, n_skip;
    int seeds; /* runs of each rung, with train.seed, train.seed + 1 ...; 0: 1 */
    int beam;  /* 0: decode.beam */
};

struct satz_ablation;

/* Reads a ladder (the file, or FOLDER/ladder.yaml) and what was made of it before, and writes
 * nothing. `options`, whose texts must outlive it, may not be NULL. */
struct satz_ablation *satz_ablation_new(const char *ladder,
                                        const struct satz_ablation_options *options,
                                        struct satz_error *err);
void satz_ablation_free(struct satz_ablation *ablation); /* accepts NULL */

/* What there is to do; the tables, as Markdown. To be read by people; free() them. */
char *satz_ablation_plan(const struct satz_ablation *ablation, struct satz_error *err);
char *satz_ablation_tables(const struct satz_ablation *ablation, struct satz_error *err);

/* Trains, goes on with or leaves alone each run, as its recipe and text have changed or not, and
 * translates the test text; ablation.md and ablation.html are written anew after each. Of `options`
 * (may be NULL) `resume` is of no account. A run that fails is told of in the tables, and the next
 * one goes on. Returns 0; 1 when it was stopped early by `stop`; -1 on an error. */
int satz_ablation_run(struct satz_ablation *ablation, const struct satz_train_options *options,
                      struct satz_error *err);

/* How many of the runs that were wanted have failed. */
int satz_ablation_failures(const struct satz_ablation *ablation);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif

#endif
