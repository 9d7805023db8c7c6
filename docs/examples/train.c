/* Learns a made-up language of six words in a few seconds, translates its text and scores that.
 *
 *     cc train.c -o train $(pkg-config --cflags --libs satz satzeval)
 *     ./train FOLDER */
#include <eval.h>
#include <satz.h>
#include <stdio.h>
#include <stdlib.h>

enum { N_LINES = 216 };

static const char *const words[][2] = {{"one", "eins"},  {"two", "zwei"},  {"three", "drei"},
                                       {"four", "vier"}, {"five", "fünf"}, {"six", "sechs"}};

static char lines[2][N_LINES][32];

/* Three words a line, in every order; the target side has their translations. */
static int write_text(const char *folder, int side, char *path, size_t size)
{
    snprintf(path, size, "%s/text.%s", folder, side ? "de" : "en");
    FILE *f = fopen(path, "w");
    if (!f)
        return -1;
    for (int i = 0; i < N_LINES; i++) {
        snprintf(lines[side][i], sizeof lines[side][i], "%s %s %s", words[i % 6][side],
                 words[i / 6 % 6][side], words[i / 36][side]);
        fprintf(f, "%s\n", lines[side][i]);
    }
    return fclose(f);
}

static void show(void *user, const struct satz_train_event *event)
{
    (void)user;
    if (event->stage == SATZ_TRAIN_VALIDATION)
        printf("epoch %d: perplexity %.3f\n", event->epoch, event->valid_perplexity);
}

static int train(const char *folder, struct satz_error *err)
{
    char source[1024], target[1024], settings[5][1100];
    if (write_text(folder, 0, source, sizeof source) ||
        write_text(folder, 1, target, sizeof target)) {
        snprintf(err->message, sizeof err->message, "%s: cannot write there", folder);
        return -1;
    }
    snprintf(settings[0], sizeof settings[0], "data.train_source=%s", source);
    snprintf(settings[1], sizeof settings[1], "data.train_target=%s", target);
    snprintf(settings[2], sizeof settings[2], "data.valid_source=%s", source);
    snprintf(settings[3], sizeof settings[3], "data.valid_target=%s", target);
    snprintf(settings[4], sizeof settings[4], "train.folder=%s/model", folder);
    const char *const all[] = {settings[0],
                               settings[1],
                               settings[2],
                               settings[3],
                               settings[4],
                               "tokenizer.vocabulary=30",
                               "model.embedding=16",
                               "model.encoder_hidden=16",
                               "model.decoder_hidden=32",
                               "train.batch=16",
                               "train.epochs=10",
                               "optimizer.rate=0.02"};
    struct satz_recipe *recipe = satz_recipe_new(NULL, all, sizeof all / sizeof *all, err);
    const struct satz_train_options options = {.on_event = show};
    int result = recipe ? satz_train(recipe, &options, err) : -1;
    satz_recipe_free(recipe);
    return result;
}

/* Adds every line's translation and its reference to *b. */
static int translate(const char *model_path, struct bleu *b, struct satz_error *err)
{
    const char *sources[N_LINES];
    const struct satz_translation *translations;
    int result = -1;
    for (int i = 0; i < N_LINES; i++)
        sources[i] = lines[0][i];
    struct satz_model *model = satz_model_open(model_path, NULL, NULL, err);
    struct satz_translator *translator = model ? satz_translator_new(model, NULL, err) : NULL;
    if (translator)
        result = satz_translate(translator, sources, NULL, N_LINES, &translations, err);
    for (int i = 0; result == 0 && i < N_LINES; i++) {
        const char *reference = lines[1][i];
        result = bleu_add(b, translations[i].hypotheses[0].text, &reference, 1, NULL, err);
    }
    satz_translator_free(translator);
    satz_model_close(model);
    return result;
}

int main(int argc, char **argv)
{
    struct satz_error err = {""};
    struct bleu_result score;
    char path[1100], text[256];
    if (argc != 2) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    snprintf(path, sizeof path, "%.1000s/model/model.safetensors", argv[1]);
    const struct bleu_options three = {.max_order = 3}; /* lines have three words */
    struct bleu *b = bleu_new(&three, &err);
    if (!b || train(argv[1], &err) != 0 || translate(path, b, &err) != 0) {
        fprintf(stderr, "%s\n", err.message);
        bleu_free(b);
        return EXIT_FAILURE;
    }
    bleu_score(b, &score);
    bleu_format(&score, 2, text, sizeof text);
    printf("%s\n", text);
    bleu_free(b);
    return EXIT_SUCCESS;
}
