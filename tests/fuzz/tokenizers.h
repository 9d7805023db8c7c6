/* tokenizers.h -- small tokenizers for the targets that need one. */
#ifndef SATZ_TESTS_FUZZ_TOKENIZERS_H
#define SATZ_TESTS_FUZZ_TOKENIZERS_H

#include <string.h>

#include "scratch.h"
#include "text/tokenizer.h"

static inline struct tokenizer *small_tokenizer(const char *type, int vocabulary)
{
    static const char text[] =
        "the cat sat on the mat\na dog and a cat ran\nder Hund lief in das Haus\n"
        "die Katze saß auf der Matte\nein Mann läuft über die Straße\n";
    const char *path = scratch_path("text");
    struct tokenizer_options options = {type, vocabulary, 1.0, &path, 1, 0, 1};
    struct strbuf model = {0};
    struct satz_error err;
    scratch_write(path, text, sizeof text - 1);
    if (tokenizer_train(&model, &options, &err) < 0) {
        fprintf(stderr, "%s\n", err.message);
        abort();
    }
    struct tokenizer *t = tokenizer_new(model.data, model.length, &err);
    strbuf_release(&model);
    if (!t)
        abort();
    return t;
}

#endif
