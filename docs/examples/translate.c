/* Translates the lines of standard input, each in its three best ways, and tells for each word of
 * the best one which source word the model looked at most.
 *
 *     cc translate.c -o translate $(pkg-config --cflags --libs satz)
 *     echo "A dog runs." | ./translate model.safetensors */
#define _POSIX_C_SOURCE 200809L
#include <satz.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_attention(const struct satz_attention *a)
{
    for (int t = 0; t < a->n_targets; t++) {
        const float *row = a->weights + (size_t)t * (size_t)a->n_sources;
        int most = 0;
        for (int s = 1; s < a->n_sources; s++)
            if (row[s] > row[most])
                most = s;
        printf("    %s <- %s (%.2f)\n", a->targets[t], a->sources[most], (double)row[most]);
    }
}

static int translate_line(struct satz_translator *translator, const char *line,
                          struct satz_error *err)
{
    const struct satz_translation *translation;
    if (satz_translate(translator, &line, NULL, 1, &translation, err) < 0)
        return -1;
    for (int i = 0; i < translation->n; i++)
        printf("%8.4f  %s\n", translation->hypotheses[i].score, translation->hypotheses[i].text);
    struct satz_attention *attention = satz_attend(translator, line, NULL, SATZ_WORDS, err);
    if (!attention)
        return -1;
    print_attention(attention);
    satz_attention_free(attention);
    return 0;
}

int main(int argc, char **argv)
{
    struct satz_error err = {""};
    const struct satz_translator_options options = {.beam = 5, .n_best = 3, .threads = 1};
    struct satz_model *model = NULL;
    struct satz_translator *translator = NULL;
    char *line = NULL;
    size_t capacity = 0;
    int status = EXIT_FAILURE;
    if (argc != 2) {
        fprintf(stderr, "usage: %s MODEL <TEXT\n", argv[0]);
        return 2;
    }
    model = satz_model_open(argv[1], NULL, NULL, &err);
    if (!model)
        goto fail;
    translator = satz_translator_new(model, &options, &err);
    if (!translator)
        goto fail;
    while (getline(&line, &capacity, stdin) >= 0) {
        line[strcspn(line, "\n")] = '\0';
        if (translate_line(translator, line, &err) < 0)
            goto fail;
    }
    status = EXIT_SUCCESS;
fail:
    if (status != EXIT_SUCCESS)
        fprintf(stderr, "%s\n", err.message);
    free(line);
    satz_translator_free(translator); /* before its model */
    satz_model_close(model);
    return status;
}
