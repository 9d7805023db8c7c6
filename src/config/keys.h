/* keys.h -- every key of a recipe, one row each, in the order of the reference.
 *
 * Has no include guard: whoever includes it defines the row macros it wants; all are undefined
 * again at the end and the missing ones are empty. struct recipe, the parser, the defaults, range
 * checks, `--set`, the reference and the resolved recipe all come from these rows. To add a key,
 * add a row (and bring docs/recipes.md up to date: `satz config` prints it).
 *
 *     SECTION_BEGIN(section, "what it is about")    SECTION_END(section)
 *
 *     row                                                        field of struct recipe
 *     INTEGER (section, key, default, least, most, "meaning")    int
 *     REAL    (section, key, default, least, most, "meaning")    double
 *     FRACTION(section, key, default, "meaning")                 double, 0 <= x < 1
 *     BOOLEAN (section, key, default, "meaning")                 bool
 *     CHOICE  (section, key, default, LIST, "meaning")           const char *, one of LIST's names
 *     TEXT    (section, key, "default", "meaning")               const char *, never NULL
 *     TEXTS   (section, key, "meaning")                          struct recipe_texts, empty */
#include "config/choices.h"

#ifndef SECTION_BEGIN
#define SECTION_BEGIN(section, meaning)
#endif
#ifndef SECTION_END
#define SECTION_END(section)
#endif
#ifndef INTEGER
#define INTEGER(section, key, value, least, most, meaning)
#endif
#ifndef REAL
#define REAL(section, key, value, least, most, meaning)
#endif
#ifndef FRACTION
#define FRACTION(section, key, value, meaning)
#endif
#ifndef BOOLEAN
#define BOOLEAN(section, key, value, meaning)
#endif
#ifndef CHOICE
#define CHOICE(section, key, value, list, meaning)
#endif
#ifndef TEXT
#define TEXT(section, key, value, meaning)
#endif
#ifndef TEXTS
#define TEXTS(section, key, meaning)
#endif

/* clang-format off */
SECTION_BEGIN(data, "The sentence pairs to learn from.")
TEXTS(data, train_source, "source side of the training text: plain or gzip files, one sentence a line")
TEXTS(data, train_target, "target side, line by line the translation of `data.train_source`")
TEXTS(data, alignments, "links of the words of `data.train_source` and `data.train_target`, counted from 0 as spaces separate them, to guide attention with: a line such as `0-0 2-1` for each pair (Pharaoh's format, as of `satz align`)")
TEXT(data, valid_source, "", "source side of the held-out text that validation uses")
TEXT(data, valid_target, "", "target side of the held-out text")
TEXT(data, cache, "", "folder for the tokenised text; empty: inside `train.folder`")
INTEGER(data, max_length, 100, 1, 10000, "longest sentence in tokens on either side")
CHOICE(data, on_empty, skip, ON_EMPTY_LIST, "what to do with a pair that has an empty side")
CHOICE(data, on_long, skip, ON_LONG_LIST, "what to do with a pair longer than `data.max_length`")
CHOICE(data, on_invalid, error, ON_INVALID_LIST, "what to do with a line that is not valid UTF-8")
BOOLEAN(data, may_change, false, "a run may be resumed with another training text than it began with")
SECTION_END(data)

SECTION_BEGIN(tokenizer, "How text is cut into the units of the vocabulary (SentencePiece).")
CHOICE(tokenizer, type, unigram, TOKENIZER_LIST, "kind of unit")
INTEGER(tokenizer, vocabulary, 8000, 16, 1000000, "number of units, of each side unless joint")
BOOLEAN(tokenizer, joint, true, "one vocabulary learned from both sides together")
REAL(tokenizer, coverage, 1.0, 0.98, 1.0, "share of the characters in the text that get a unit of their own")
TEXT(tokenizer, source_model, "", "existing SentencePiece model of the source side, instead of training one")
TEXT(tokenizer, target_model, "", "existing SentencePiece model of the target side; the same file if joint")
SECTION_END(tokenizer)

SECTION_BEGIN(sampling, "Subword regularisation: the training text is cut anew in every epoch.")
BOOLEAN(sampling, source, false, "draw the source side's units")
BOOLEAN(sampling, target, false, "draw the target side's units")
FRACTION(sampling, alpha, 0.1,
         "bpe: probability that a merge is left out (Provilkov 2020); unigram: exponent of a "
         "segmentation's probability (Kudo 2018)")
INTEGER(sampling, nbest, -1, -1, 512, "segmentations to draw from (unigram); -1: all")
SECTION_END(sampling)

SECTION_BEGIN(model, "The network.")
INTEGER(model, embedding, 256, 1, 65536, "width of the embeddings of both sides")
CHOICE(model, encoder_cell, lstm, CELL_LIST, "recurrent cell of the encoder")
INTEGER(model, encoder_layers, 1, 1, 32, "layers of the encoder")
INTEGER(model, encoder_hidden, 256, 1, 65536, "width of the encoder's state, per direction")
BOOLEAN(model, bidirectional, true, "the encoder reads the sentence in both directions")
CHOICE(model, bidirectional_layers, all, BIDIRECTIONAL_LIST, "which of its layers do")
CHOICE(model, decoder_cell, lstm, CELL_LIST, "recurrent cell of the decoder")
INTEGER(model, decoder_layers, 1, 1, 32, "layers of the decoder")
INTEGER(model, decoder_hidden, 512, 1, 65536, "width of the decoder's state")
INTEGER(model, residual, 0, 0, 32,
        "from this layer on, counted from the lowest, 1, a layer's input is added to its output, in "
        "encoder and decoder; 0: none; Wu 2016 has 3")
INTEGER(model, readout, 0, 0, 65536,
        "width of the layer below the output; 0: `model.embedding` if the output is tied, else "
        "`model.decoder_hidden`")
CHOICE(model, bridge, dense, BRIDGE_LIST, "how the decoder's first state comes from the encoder")
CHOICE(model, tie, none, TIE_LIST, "which embeddings share their weights with the output layer")
BOOLEAN(model, reverse_source, false, "read the source from its last word to its first (Sutskever 2014)")
REAL(model, forget_bias, 1.0, -10.0, 10.0, "initial bias of the forget gate, for cells that have one")
CHOICE(model, init, orthogonal, INIT_LIST, "how weights are drawn")
REAL(model, init_scale, 0.1, 0.0, 10.0, "half width of the interval for `model.init: uniform`, deviation for normal")
SECTION_END(model)

SECTION_BEGIN(attention, "Where the decoder looks: score x window x place.")
CHOICE(attention, preset, custom, PRESET_LIST,
       "sets score, place and feeding as in a paper; a key given beside it wins")
CHOICE(attention, score, concat, SCORE_LIST, "how a query is compared with an annotation")
CHOICE(attention, window, global, WINDOW_LIST, "which words it may look at")
INTEGER(attention, width, 10, 1, 10000,
        "D of the windows local_m and local_p: words further than that from the centre are not seen")
CHOICE(attention, place, before, PLACE_LIST, "where in the decoder's step the context enters")
BOOLEAN(attention, feeding, false,
        "input feeding: the attentional state is part of the next step's input; needs place after")
INTEGER(attention, size, 0, 0, 65536, "width of the additive score; 0: `model.decoder_hidden`")
INTEGER(attention, positions, 100, 1, 10000,
        "words that score location tells apart; those beyond count as the last")
CHOICE(attention, coverage, none, COVERAGE_LIST,
       "whether the score also sees how much weight a word has had so far")
REAL(attention, coverage_loss, 0.0, 0.0, 100.0,
     "weight of the loss for looking at a word again (See 2017, equation 12)")
REAL(attention, entropy, 0.01, 0.0, 100.0,
     "weight of the reward for the weights' entropy, with window hard (Xu 2015, 4.1)")
SECTION_END(attention)

SECTION_BEGIN(dropout, "Share of the values set to zero in training, by place.")
FRACTION(dropout, embedding, 0.0, "on the embeddings of both sides")
FRACTION(dropout, annotations, 0.0, "on the encoder's output")
FRACTION(dropout, layers, 0.0, "between recurrent layers")
FRACTION(dropout, readout, 0.0, "on the layer below the output")
FRACTION(dropout, recurrent, 0.0, "on the candidate update of every cell (Semeniuta 2016)")
FRACTION(dropout, source_words, 0.0, "on whole words of the source (Sennrich 2016)")
FRACTION(dropout, target_words, 0.0, "on whole words that the decoder reads")
BOOLEAN(dropout, variational, false,
        "one mask for all steps of a sentence, at every place (Gal and Ghahramani 2016)")
SECTION_END(dropout)

SECTION_BEGIN(train, "The training run.")
TEXT(train, folder, "model", "where checkpoints, the log and the finished model go")
TEXT(train, start, "",
     "model file or checkpoint whose parameters and tokenizers a new run begins with; empty: drawn, and `tokenizer.*`")
INTEGER(train, seed, 1, 0, 2147483647, "start of every random choice; the same seed gives the same bits")
INTEGER(train, batch, 64, 1, 1000000, "size of a batch, in `train.batch_unit`")
CHOICE(train, batch_unit, sentences, BATCH_UNIT_LIST, "what `train.batch` counts")
INTEGER(train, epochs, 20, 1, 1000000, "most passes over the text")
INTEGER(train, updates, 0, 0, 2000000000, "most updates of the weights; 0: no limit")
INTEGER(train, shards, 2, 1, 64,
        "parts of a batch that are worked on in parallel; the result depends on it, but not on threads")
INTEGER(train, threads, 0, 0, 1024, "threads that share the work; 0: all processors")
FRACTION(train, label_smoothing, 0.1, "share of the target's probability spread over the vocabulary")
REAL(train, clip, 1.0, 0.0, 1e6, "largest norm of the whole gradient; 0: no clipping")
REAL(train, clip_value, 0.0, 0.0, 1e6,
     "largest absolute value of an element of the gradient, before `train.clip`; 0: any")
INTEGER(train, accumulate, 1, 1, 100000, "batches whose gradients make one update")
FRACTION(train, ema, 0.0,
         "decay of a moving average of the weights, which is validated and saved; 0: none")
REAL(train, rdrop, 0.0, 0.0, 1000.0,
     "weight of the disagreement between two passes with different dropout (Liang 2021); 0: one pass")
REAL(train, guided_weight, 0.1, 0.0, 1000.0,
     "weight of guided alignment (Chen 2016) in the loss, where there are `data.alignments`")
CHOICE(train, guided_cost, ce, GUIDED_COST_LIST,
       "how far attention's weights w are from the alignment A of a target word")
REAL(train, guided_decay, 1.0, 0.0, 1.0, "what `train.guided_weight` is multiplied by after every epoch")
INTEGER(train, bptt, 0, 0, 10000,
        "target steps that a gradient goes back over; 0: the whole sentence")
CHOICE(train, on_nonfinite, skip, ON_NONFINITE_LIST,
       "what to do when a loss or gradient is not finite; its black box is written first (`satz replay`)")
INTEGER(train, keep_last, 2, 1, 1000, "checkpoints that are kept")
INTEGER(train, average, 0, 0, 1000, "average the weights of the last n checkpoints at the end; 0: do not")
INTEGER(train, log_every, 50, 1, 1000000, "updates between two lines of the log")
SECTION_END(train)

SECTION_BEGIN(optimizer, "How a gradient becomes a step.")
CHOICE(optimizer, name, adam, OPTIMIZER_LIST, "the rule")
REAL(optimizer, rate, 0.001, 0.0, 1000.0, "learning rate; the peak for `schedule.name: warmup`")
FRACTION(optimizer, beta1, 0.9, "decay of the mean of gradients (adam, adamw)")
FRACTION(optimizer, beta2, 0.999, "decay of the mean of squared gradients (adam, adamw)")
REAL(optimizer, epsilon, 1e-8, 1e-30, 1.0,
     "added to the divisor (adam, adamw) or under the roots (adadelta)")
FRACTION(optimizer, momentum, 0.9, "share of the last step that is kept (momentum)")
FRACTION(optimizer, rho, 0.95, "decay of the means of squares (adadelta)")
REAL(optimizer, weight_decay, 0.01, 0.0, 100.0, "part of a weight lost per update at rate 1 (adamw)")
REAL(optimizer, l2, 0.0, 0.0, 100.0, "part of a weight added to its gradient (all but adamw)")
SECTION_END(optimizer)

SECTION_BEGIN(schedule, "How the learning rate changes.")
CHOICE(schedule, name, constant, SCHEDULE_LIST, "the rule")
INTEGER(schedule, warmup, 4000, 1, 2000000000, "updates until the peak (warmup, cosine)")
INTEGER(schedule, length, 0, 0, 2000000000,
        "updates until `schedule.minimum_rate` (cosine); 0: those of the run, by `train.updates` or else "
        "`train.epochs`")
REAL(schedule, factor, 0.5, 0.001, 1.0, "what the rate is multiplied by (plateau, halving)")
REAL(schedule, start, 5.0, 0.0, 1e6, "epochs before the rate first falls (halving)")
REAL(schedule, interval, 1.0, 0.01, 1e6, "epochs between falls of the rate (halving)")
INTEGER(schedule, patience, 0, 0, 1000000,
        "validations without improvement to let pass before the rate is multiplied (plateau)")
REAL(schedule, minimum_rate, 0.0, 0.0, 1000.0, "the rate never falls below this")
SECTION_END(schedule)

SECTION_BEGIN(scheduled, "Scheduled sampling (Bengio 2015): the decoder reads words of its own choice.")
CHOICE(scheduled, decay, none, DECAY_LIST, "how the probability of reading the true word falls")
REAL(scheduled, k, 1.0, 0.0, 1e9, "k of the decay's formula")
REAL(scheduled, c, 1e-5, 0.0, 1.0, "c of linear: how much the probability falls per update")
FRACTION(scheduled, least, 0.0, "the probability never falls below this")
CHOICE(scheduled, choice, sample, OWN_WORD_LIST, "how the decoder chooses")
SECTION_END(scheduled)

SECTION_BEGIN(validation, "How progress is judged, and when to stop.")
INTEGER(validation, every, 0, 0, 2000000000, "updates between validations; 0: after every epoch")
CHOICE(validation, metric, perplexity, METRIC_LIST, "what decides which checkpoint is best")
INTEGER(validation, bleu_every, 0, 0, 1000000,
        "translate and score at each n-th validation; 0: only if `validation.metric: bleu`")
REAL(validation, min_delta, 0.0, 0.0, 1e6,
     "improvements up to this do not count for `validation.patience`")
INTEGER(validation, patience, 5, 0, 1000000,
        "validations without improvement before training stops; 0: never")
INTEGER(validation, beam, 1, 1, 1000, "beam width of the translations that are scored")
SECTION_END(validation)

SECTION_BEGIN(compute, "What does the arithmetic.")
CHOICE(compute, backend, auto, BACKEND_CHOICE_LIST, "library for matrix products")
CHOICE(compute, precision, auto, PRECISION_LIST, "type of the numbers in matrix products")
SECTION_END(compute)

SECTION_BEGIN(decode, "How translations are searched for.")
CHOICE(decode, strategy, beam, STRATEGY_LIST, "how the search chooses")
INTEGER(decode, beam, 5, 1, 1000, "hypotheses kept at each step; 1: greedy")
CHOICE(decode, stop, exact, STOP_LIST, "when the search for a sentence ends")
CHOICE(decode, length_normalisation, power, LENGTH_NORMALISATION_LIST,
       "what a score is divided by; |y| is the translation's tokens, its end counted")
REAL(decode, length_penalty, 1.0, 0.0, 10.0,
     "a in `decode.length_normalisation`; 0: prefers short translations")
REAL(decode, coverage_penalty, 0.0, 0.0, 100.0,
     "weight of the coverage of the source by attention in the score of a finished translation (Wu "
     "2016, eq. 14)")
REAL(decode, max_length_factor, 1.5, 0.0, 100.0,
     "longest translation: this times the source's tokens, plus `decode.max_length_extra`")
INTEGER(decode, max_length_extra, 10, 1, 10000, "see `decode.max_length_factor`")
REAL(decode, min_length_factor, 0.0, 0.0, 100.0,
     "shortest translation: this times the source's tokens")
INTEGER(decode, no_repeat, 0, 0, 100,
        "no sequence of so many tokens occurs twice in a translation; 0: any may")
INTEGER(decode, groups, 5, 1, 1000, "parts of the beam that differ, `decode.beam` at most (diverse)")
REAL(decode, diversity, 0.5, 0.0, 100.0,
     "taken from a word's log probability for each time that groups before chose it (diverse)")
REAL(decode, temperature, 1.0, 0.01, 100.0, "logits are divided by this (sample)")
INTEGER(decode, top_k, 0, 0, 1000000, "draw from this many likeliest words only; 0: from all (sample)")
REAL(decode, top_p, 1.0, 0.001, 1.0,
     "draw from the fewest words that have this share of the probability (sample)")
INTEGER(decode, seed, 1, 0, 2147483647, "start of the random choices (sample)")
INTEGER(decode, batch, 64, 1, 100000, "most sentences translated together; search takes fewer where they fill its rows")
SECTION_END(decode)
/* clang-format on */

#undef SECTION_BEGIN
#undef SECTION_END
#undef INTEGER
#undef REAL
#undef FRACTION
#undef BOOLEAN
#undef CHOICE
#undef TEXT
#undef TEXTS
