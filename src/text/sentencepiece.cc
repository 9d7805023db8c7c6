#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>

#include <climits>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <random>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

extern "C" {
#include "base/lines.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "text/tokenizer.h"
}

/* Exported by the library though not in its headers: the only way to reseed a thread's generator
 * once it has been used. */
namespace sentencepiece::random {
std::mt19937 *GetRandomGenerator();
}

using sentencepiece::ImmutableSentencePieceText;
using sentencepiece::SentencePieceProcessor;
using sentencepiece::SentencePieceTrainer;
using sentencepiece::util::Status;

struct tokenizer {
    std::string model;
    SentencePieceProcessor processor;
    bool samples = false; /* whether there is more than one way to split a text */
};

namespace {

/* No exception may cross into C: runs `body` and turns one into an error. */
template <typename Body> int guarded(struct satz_error *err, const char *what, Body body)
{
    try {
        return body();
    } catch (const std::bad_alloc &) {
        return error_set(err, "out of memory while %s", what);
    } catch (const std::exception &e) {
        return error_set(err, "%s failed: %s", what, e.what());
    } catch (...) {
        return error_set(err, "%s failed for an unknown reason", what);
    }
}

bool usable(const char *text, size_t n)
{
    return n > 0 && !memchr(text, '\0', n) && utf8_valid_prefix(text, n) == n;
}

/* All usable lines of all files, one after the other. */
class Sentences : public sentencepiece::SentenceIterator {
  public:
    Sentences(const char *const *files, int n) : files_(files, files + n)
    {
        advance();
    }
    ~Sentences() override
    {
        lines_close(lines_);
    }
    Sentences(const Sentences &) = delete;
    Sentences &operator=(const Sentences &) = delete;

    bool done() const override
    {
        return done_;
    }
    void Next() override
    {
        advance();
    }
    const std::string &value() const override
    {
        return value_;
    }
    Status status() const override
    {
        return failed_ ? Status(sentencepiece::util::StatusCode::kDataLoss, error_.message)
                       : Status();
    }
    /* NULL, or why reading stopped early. */
    const char *failure() const
    {
        return failed_ ? error_.message : nullptr;
    }

  private:
    void advance()
    {
        while (!done_) {
            if (!lines_ && !open_next())
                return;
            const char *text;
            size_t n;
            int got = lines_next(lines_, &text, &n, &error_);
            if (got > 0 && usable(text, n)) {
                value_.assign(text, n);
                return;
            }
            if (got < 0)
                failed_ = done_ = true;
            if (got == 0) {
                lines_close(lines_);
                lines_ = nullptr;
            }
        }
    }
    bool open_next()
    {
        if (at_ < files_.size())
            lines_ = lines_open(files_[at_], &error_);
        failed_ = at_ < files_.size() && !lines_;
        done_ = !lines_;
        at_++;
        return lines_ != nullptr;
    }

    std::vector<const char *> files_;
    size_t at_ = 0;
    struct lines *lines_ = nullptr;
    std::string value_;
    bool done_ = false, failed_ = false;
    struct satz_error error_ = {};
};

/* SentencePiece refuses a vocabulary size in words meant for its own command line; says the same in
 * ours. Its messages are "... Vocabulary size too high (N). Please set it to a value <= MOST." and
 * "... smaller than required_chars. N vs LEAST. ...". */
int training_failed(struct satz_error *err, const struct tokenizer_options *o, const char *message)
{
    const char *most = strstr(message, "a value <= ");
    if (most)
        return error_set(err,
                         "a vocabulary of %d pieces is too large for this text: the largest "
                         "possible is %ld",
                         o->vocabulary_size, strtol(most + strlen("a value <= "), nullptr, 10));
    const char *least = strstr(message, "smaller than required_chars");
    least = least ? strstr(least, " vs ") : nullptr;
    if (least)
        return error_set(
            err,
            "a vocabulary of %d pieces is too small: the characters of this text alone "
            "need %ld; enlarge it or lower the character coverage (now %g)",
            o->vocabulary_size, strtol(least + strlen(" vs "), nullptr, 10), o->character_coverage);
    return error_set(err, "the tokenizer could not be trained: %s", message);
}

int train(std::string &model, const struct tokenizer_options *o, struct satz_error *err)
{
    Sentences sentences(o->files, o->n_files);
    if (sentences.failure())
        return error_set(err, "%s", sentences.failure());
    if (sentences.done())
        return error_set(err,
                         "the text to train the tokenizer from (%s%s) has no line that is "
                         "valid UTF-8 and not blank",
                         o->n_files ? o->files[0] : "no file", o->n_files > 1 ? ", ..." : "");
    const std::unordered_map<std::string, std::string> settings = {
        {"model_type", o->type},
        {"vocab_size", std::to_string(o->vocabulary_size)},
        {"character_coverage", std::to_string(o->character_coverage)},
        {"input_sentence_size", std::to_string(o->max_sentences)},
        {"shuffle_input_sentence", o->max_sentences ? "true" : "false"},
        {"pad_id", std::to_string(TOKEN_PAD)},
        {"unk_id", std::to_string(TOKEN_UNKNOWN)},
        {"bos_id", std::to_string(TOKEN_BEGIN)},
        {"eos_id", std::to_string(TOKEN_END)},
        {"num_threads", "1"},
        {"minloglevel", "3"},
    };
    sentencepiece::SetRandomGeneratorSeed(o->seed);
    sentencepiece::random::GetRandomGenerator()->seed(o->seed);
    const Status status = SentencePieceTrainer::Train(settings, &sentences, &model);
    if (sentences.failure())
        return error_set(err, "%s", sentences.failure());
    return status.ok() ? 0 : training_failed(err, o, status.error_message());
}

int append(struct token_list *list, const std::vector<int> &ids, struct satz_error *err)
{
    if (memory_grow(&list->ids, &list->capacity, list->n + ids.size(), sizeof(int), err) < 0)
        return -1;
    for (int id : ids)
        list->ids[list->n++] = id;
    return 0;
}

/* The library counts bytes in int, and takes a multiple of the text's size. */
int check_size(size_t n, struct satz_error *err)
{
    const size_t limit = INT_MAX / 16;
    return n <= limit
               ? 0
               : error_set(err, "a sentence of %zu bytes is more than the %zu allowed", n, limit);
}

const std::string_view word_mark = "\u2581";

void reseed(uint64_t key)
{
    std::seed_seq seed{static_cast<uint32_t>(key), static_cast<uint32_t>(key >> 32)};
    sentencepiece::random::GetRandomGenerator()->seed(seed);
}

int put_spans(struct token_spans *spans, const ImmutableSentencePieceText &encoded,
              struct satz_error *err)
{
    const size_t count = encoded.pieces_size();
    if (memory_grow(&spans->spans, &spans->capacity, count, sizeof *spans->spans, err) < 0)
        return -1;
    spans->n = 0;
    for (const auto &p : encoded.pieces()) {
        const bool starts = p.piece().compare(0, word_mark.size(), word_mark) == 0;
        spans->spans[spans->n++] = {p.begin(), p.end(), static_cast<int>(p.id()), starts};
    }
    return 0;
}

} // namespace

extern "C" {

int tokenizer_train(struct strbuf *model, const struct tokenizer_options *o, struct satz_error *err)
{
    static const char *const types[] = {"unigram", "bpe", "char", "word"};
    bool known = false;
    for (const char *type : types)
        known = known || strcmp(type, o->type) == 0;
    if (!known)
        return error_set(err, "\"%s\" is not a tokenizer: choose unigram, bpe, char or word",
                         o->type);
    if (o->vocabulary_size <= TOKEN_SPECIALS)
        return error_set(err, "a vocabulary of %d pieces has no room beside the %d special ones",
                         o->vocabulary_size, (int)TOKEN_SPECIALS);
    if (!(o->character_coverage >= 0.98 && o->character_coverage <= 1))
        return error_set(err, "a character coverage of %g is not in [0.98, 1]",
                         o->character_coverage);
    if (o->max_sentences > 0 && o->max_sentences <= 100)
        return error_set(err, "a sample of %llu sentences is too small: take more than 100, or 0",
                         (unsigned long long)o->max_sentences);
    return guarded(err, "training the tokenizer", [&] {
        std::string bytes;
        if (train(bytes, o, err) < 0)
            return -1;
        strbuf_add(model, bytes.data(), bytes.size());
        return strbuf_check(model, err);
    });
}

struct tokenizer *tokenizer_new(const void *model, size_t n, struct satz_error *err)
{
    std::unique_ptr<tokenizer> t;
    int status = guarded(err, "loading the tokenizer", [&] {
        t = std::make_unique<tokenizer>();
        t->model.assign(static_cast<const char *>(model), n);
        const Status loaded = t->processor.LoadFromSerializedProto(t->model);
        if (n == 0 || !loaded.ok())
            return error_set(err, "these %zu bytes are not a SentencePiece model", n);
        const SentencePieceProcessor &p = t->processor;
        if (p.pad_id() != TOKEN_PAD || p.unk_id() != TOKEN_UNKNOWN || p.bos_id() != TOKEN_BEGIN ||
            p.eos_id() != TOKEN_END)
            return error_set(err,
                             "this SentencePiece model has the ids pad %d, unk %d, bos %d, eos %d; "
                             "train it with pad %d, unk %d, bos %d, eos %d",
                             p.pad_id(), p.unk_id(), p.bos_id(), p.eos_id(), (int)TOKEN_PAD,
                             (int)TOKEN_UNKNOWN, (int)TOKEN_BEGIN, (int)TOKEN_END);
        std::vector<int> probe; /* the only way to ask */
        t->samples = p.SampleEncode("a", -1, 0.5F, &probe).ok();
        return 0;
    });
    return status < 0 ? nullptr : t.release();
}

void tokenizer_free(struct tokenizer *t)
{
    delete t;
}

const char *tokenizer_model(const struct tokenizer *t, size_t *n)
{
    *n = t->model.size();
    return t->model.data();
}

int tokenizer_size(const struct tokenizer *t)
{
    return t->processor.GetPieceSize();
}

const char *tokenizer_piece(const struct tokenizer *t, int id)
{
    return t->processor.IdToPiece(id).c_str();
}

int tokenizer_id(const struct tokenizer *t, const char *piece)
{
    return t->processor.PieceToId(piece);
}

void token_list_release(struct token_list *list)
{
    free(list->ids);
    *list = {};
}

int tokenizer_encode(const struct tokenizer *t, const char *text, size_t n, struct token_list *ids,
                     struct satz_error *err)
{
    if (check_size(n, err) < 0)
        return -1;
    return guarded(err, "splitting a sentence into tokens", [&] {
        std::vector<int> out;
        const Status status = t->processor.Encode(std::string_view(text, n), &out);
        if (!status.ok())
            return error_set(err, "a sentence cannot be tokenized: %s", status.error_message());
        return append(ids, out, err);
    });
}

bool tokenizer_samples(const struct tokenizer *t)
{
    return t->samples;
}

int tokenizer_sample(const struct tokenizer *t, const char *text, size_t n, int n_best,
                     double alpha, uint64_t key, struct token_list *ids, struct satz_error *err)
{
    if (!t->samples)
        return tokenizer_encode(t, text, n, ids, err);
    if (check_size(n, err) < 0)
        return -1;
    return guarded(err, "sampling the tokens of a sentence", [&] {
        reseed(key);
        std::vector<int> out;
        const Status status = t->processor.SampleEncode(std::string_view(text, n), n_best,
                                                        static_cast<float>(alpha), &out);
        if (!status.ok())
            return error_set(err, "a sentence cannot be tokenized: %s", status.error_message());
        return append(ids, out, err);
    });
}

void token_spans_release(struct token_spans *spans)
{
    free(spans->spans);
    *spans = {};
}

int tokenizer_encode_spans(const struct tokenizer *t, const char *text, size_t n,
                           struct token_spans *spans, struct satz_error *err)
{
    if (check_size(n, err) < 0)
        return -1;
    return guarded(err, "splitting a sentence into tokens", [&] {
        const auto encoded = t->processor.EncodeAsImmutableProto(std::string_view(text, n));
        return put_spans(spans, encoded, err);
    });
}

int tokenizer_sample_spans(const struct tokenizer *t, const char *text, size_t n, int n_best,
                           double alpha, uint64_t key, struct token_spans *spans,
                           struct satz_error *err)
{
    if (!t->samples)
        return tokenizer_encode_spans(t, text, n, spans, err);
    if (check_size(n, err) < 0)
        return -1;
    return guarded(err, "sampling the tokens of a sentence", [&] {
        reseed(key);
        ImmutableSentencePieceText drawn;
        const Status status = t->processor.SampleEncode(
            std::string_view(text, n), n_best, static_cast<float>(alpha), drawn.mutable_proto());
        if (!status.ok())
            return error_set(err, "a sentence cannot be tokenized: %s", status.error_message());
        return put_spans(spans, drawn, err);
    });
}

int tokenizer_decode(const struct tokenizer *t, const int *ids, size_t n, struct strbuf *text,
                     struct satz_error *err)
{
    const int size = tokenizer_size(t);
    for (size_t i = 0; i < n; i++)
        if (ids[i] < 0 || ids[i] >= size)
            return error_set(err, "token %d is not in the vocabulary of %d", ids[i], size);
    return guarded(err, "putting a sentence together", [&] {
        std::string out;
        const Status status = t->processor.Decode(std::vector<int>(ids, ids + n), &out);
        if (!status.ok())
            return error_set(err, "tokens cannot be made into text: %s", status.error_message());
        strbuf_add(text, out.data(), out.size());
        return strbuf_check(text, err);
    });
}

} // extern "C"
