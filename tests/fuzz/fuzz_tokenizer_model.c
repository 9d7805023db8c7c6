/* SentencePiece models as a forger would write them: small ones of each kind, edited (forge.h).
 * What is taken cuts a text up and puts it together again, without any table being left. The first
 * byte of an input says which kind. */
#include "forge.h"
#include "tokenizers.h"

static const char *const types[] = {"unigram", "bpe", "char", "word"};

static void use(const struct tokenizer *t)
{
    static const char text[] =
        "the c\xc3\xa4t \xef\xac\x81 \xef\xb7\xba sat\t\xe2\x84\xa2 \xff d\xcc\x88g";
    struct token_list ids = {0};
    struct token_spans spans = {0};
    struct strbuf out = {0};
    size_t n = sizeof text - 1;
    if (tokenizer_encode(t, text, n, &ids, NULL) == 0) {
        for (size_t i = 0; i < ids.n; i++)
            if (ids.ids[i] < 0 || ids.ids[i] >= tokenizer_size(t))
                abort();
        tokenizer_decode(t, ids.ids, ids.n, &out, NULL);
    }
    tokenizer_sample(t, text, n, -1, 0.3, 1, &ids, NULL);
    if (tokenizer_encode_spans(t, text, n, &spans, NULL) == 0)
        for (size_t i = 0; i < spans.n; i++)
            if (spans.spans[i].begin > spans.spans[i].end || spans.spans[i].end > n)
                abort();
    token_list_release(&ids);
    token_spans_release(&spans);
    strbuf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tokenizer *bases[4];
    if (!bases[0])
        for (int i = 0; i < 4; i++)
            bases[i] = small_tokenizer(types[i], i == 3 ? 20 : i == 0 ? 40 : 48);
    if (size < 1)
        return 0;
    size_t n, n_base;
    const char *base = tokenizer_model(bases[data[0] % 4], &n_base);
    uint8_t *bytes = forge_edit((const uint8_t *)base, n_base, data + 1, size - 1, &n);
    struct tokenizer *t = tokenizer_new(bytes, n, NULL);
    free(bytes);
    if (t)
        use(t);
    tokenizer_free(t);
    return 0;
}
