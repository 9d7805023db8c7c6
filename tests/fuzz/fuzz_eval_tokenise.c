/* Every tokeniser of any bytes: tokens are pieces of the text, in order, apart, not empty, and no
 * more than there is room for. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "eval.h"
#include "tokenise.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct segment *s)
{
    const char *end = s->text;
    for (size_t i = 0; i < s->n_tokens; i++) {
        if (s->tokens[i].text < end || s->tokens[i].length == 0)
            abort();
        end = s->tokens[i].text + s->tokens[i].length;
    }
    if (end > s->text + s->length || s->n_tokens > s->token_capacity)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct segment s;
    if (size < 1)
        return 0;
    int options = data[0];
    char *text = malloc(size);
    if (!text)
        return 0;
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    for (int i = 0; bleu_tokeniser_name(i); i++) {
        if (segment_set(&s, text, options & 1, NULL))
            break;
        if (options & 2)
            segment_strip(&s);
        tokeniser_find(bleu_tokeniser_name(i))->split(&s);
        check(&s);
    }
    if (!segment_set(&s, text, options & 1, NULL)) {
        tokenise_tercom(&s, options & 4, options & 8, options & 16);
        check(&s);
    }
    free(text);
    return 0;
}
