#include "config/recipe.h"

#include <string.h>

#include "base/file.h"
#include "config/schema.h"
#include "config/yaml.h"

enum { LARGEST_FILE = 1 << 20 };

void recipe_defaults(struct recipe *r)
{
    *r = (struct recipe){0};
#define INTEGER(section, key, value, least, most, meaning) r->section.key = value;
#define REAL(section, key, value, least, most, meaning)    r->section.key = value;
#define FRACTION(section, key, value, meaning)             r->section.key = value;
#define BOOLEAN(section, key, value, meaning)              r->section.key = value;
#define CHOICE(section, key, value, list, meaning)         r->section.key = #value;
#define TEXT(section, key, value, meaning)                 r->section.key = value;
#include "config/keys.h"
}

bool recipe_is(const char *choice, const char *name)
{
    return strcmp(choice, name) == 0;
}

static bool is_given(const size_t given[N_KEYS], const char *section, const char *name)
{
    const struct recipe_key *key = schema_find(section, name, NULL);
    return given[key - schema_keys] != 0;
}

/* What a preset stands for, as a recipe would say it. */
static const struct {
    const char *preset, *score, *place;
    bool feeding;
} presets[] = {
    {.preset = "bahdanau", .score = "concat", .place = "before", .feeding = false},
    {.preset = "luong", .score = "general", .place = "after", .feeding = true},
};

static void apply_preset(struct recipe *r, const size_t given[N_KEYS])
{
    for (size_t i = 0; i < sizeof presets / sizeof *presets; i++) {
        if (!recipe_is(r->attention.preset, presets[i].preset))
            continue;
        if (!is_given(given, "attention", "score"))
            r->attention.score = presets[i].score;
        if (!is_given(given, "attention", "place"))
            r->attention.place = presets[i].place;
        if (!is_given(given, "attention", "feeding"))
            r->attention.feeding = presets[i].feeding;
    }
}

/* One "section.key=value". */
static int apply_setting(struct recipe *r, size_t given[N_KEYS], const char *setting,
                         struct satz_error *err)
{
    const char *equals = strchr(setting, '=');
    const char *dot = strchr(setting, '.');
    if (!equals || !dot || dot > equals)
        return error_set(err, "--set %.100s: a setting is written section.key=value", setting);
    struct strbuf section = {0}, name = {0};
    const char *value = equals + 1;
    size_t n = strlen(value);
    int status = -1;
    strbuf_add(&section, setting, (size_t)(dot - setting));
    strbuf_add(&name, dot + 1, (size_t)(equals - dot - 1));
    if (strbuf_check(&section, err) < 0 || strbuf_check(&name, err) < 0)
        goto done;
    if (schema_find_section(strbuf_text(&section), err)) {
        const struct recipe_key *key = schema_find(strbuf_text(&section), strbuf_text(&name), err);
        if (key) {
            given[key - schema_keys] = 1;
            /* The shell took the quotes: an empty value of a text is the empty text. */
            bool plain = key->type != KEY_TEXT;
            status = key->type == KEY_TEXTS && value[0] == '['
                         ? yaml_read_list(r, key, value, n, err)
                         : key_set(r, key, value, n, plain, err);
        }
    }
    if (status < 0)
        error_prefix(err, "--set %s.%s", strbuf_text(&section), strbuf_text(&name));
done:
    strbuf_release(&section);
    strbuf_release(&name);
    return status;
}

int recipe_set(struct recipe *r, const char *setting, struct satz_error *err)
{
    size_t given[N_KEYS] = {0};
    return apply_setting(r, given, setting, err);
}

/* All sources in turn; `text` may be NULL, `name` is where the recipe comes from. */
static int build(struct recipe *out, const char *text, size_t n, const char *name, bool resolved,
                 const char *const *settings, size_t n_settings, struct satz_error *err)
{
    struct recipe r;
    size_t given[N_KEYS] = {0};
    recipe_defaults(&r);
    r.resolved = resolved;
    if (text && yaml_read_recipe(&r, given, text, n, name, err) < 0)
        goto fail;
    for (size_t i = 0; i < n_settings; i++)
        if (apply_setting(&r, given, settings[i], err) < 0)
            goto fail;
    apply_preset(&r, given);
    if (recipe_check(&r, err) < 0) {
        error_prefix(err, "%s", name);
        goto fail;
    }
    *out = r;
    return 0;
fail:
    recipe_release(&r);
    return -1;
}

int recipe_load(struct recipe *r, const char *path, const char *const *settings, size_t n_settings,
                struct satz_error *err)
{
    if (!path)
        return build(r, NULL, 0, "settings", false, settings, n_settings, err);
    struct strbuf text = {0};
    int status = file_read(path, LARGEST_FILE, &text, err);
    if (status == 0)
        status = build(r, strbuf_text(&text), text.length, path, false, settings, n_settings, err);
    strbuf_release(&text);
    return status;
}

static int parse(struct recipe *r, const char *text, size_t n, const char *name, bool resolved,
                 struct satz_error *err)
{
    if (n > LARGEST_FILE)
        return error_set(err, "%s: a recipe of %zu bytes; at most %d are read", name, n,
                         LARGEST_FILE);
    return build(r, text, n, name, resolved, NULL, 0, err);
}

int recipe_parse(struct recipe *r, const char *text, size_t n, const char *name,
                 struct satz_error *err)
{
    return parse(r, text, n, name, false, err);
}

int recipe_parse_resolved(struct recipe *r, const char *text, size_t n, const char *name,
                          struct satz_error *err)
{
    return parse(r, text, n, name, true, err);
}

static int check_data(const struct recipe *r, struct satz_error *err)
{
    if (r->data.train_source.n != r->data.train_target.n)
        return error_set(err,
                         "data.train_source has %zu files but data.train_target %zu; they are "
                         "read in pairs",
                         r->data.train_source.n, r->data.train_target.n);
    if (r->data.alignments.n > 0 && r->data.alignments.n != r->data.train_source.n)
        return error_set(err,
                         "data.alignments has %zu files but data.train_source %zu; each aligns "
                         "the pairs of one of them",
                         r->data.alignments.n, r->data.train_source.n);
    if (!r->data.valid_source[0] != !r->data.valid_target[0])
        return error_set(err, "data.valid_source and data.valid_target: one is given without the "
                              "other; give both or none");
    const char *source = r->tokenizer.source_model, *target = r->tokenizer.target_model;
    if (!source[0] != !target[0])
        return error_set(err, "tokenizer.source_model and tokenizer.target_model: one is given "
                              "without the other; give both or none");
    if (r->tokenizer.joint && strcmp(source, target) != 0)
        return error_set(err, "tokenizer.joint is true but tokenizer.source_model and "
                              "tokenizer.target_model differ; set tokenizer.joint: false");
    return 0;
}

/* Width of what the encoder's layer l, counted from 1, puts out. */
static int encoder_width(const struct recipe *r, int l)
{
    bool both =
        r->model.bidirectional && (l == 1 || recipe_is(r->model.bidirectional_layers, "all"));
    return r->model.encoder_hidden * (both ? 2 : 1);
}

static int check_residual(const struct recipe *r, struct satz_error *err)
{
    int from = r->model.residual;
    if (from > r->model.encoder_layers && from > r->model.decoder_layers)
        return error_set(err,
                         "model.residual is %d, but model.encoder_layers is %d and "
                         "model.decoder_layers %d: no layer would have a residual connection",
                         from, r->model.encoder_layers, r->model.decoder_layers);
    if (from == 1 && r->model.decoder_hidden != r->model.embedding)
        return error_set(err,
                         "model.residual is 1, which adds model.embedding (%d) to what the "
                         "decoder's lowest layer puts out, model.decoder_hidden (%d wide): make "
                         "them equal or set model.residual: 2",
                         r->model.embedding, r->model.decoder_hidden);
    for (int l = from; from > 0 && l <= 2 && l <= r->model.encoder_layers; l++) {
        int in = l == 1 ? r->model.embedding : encoder_width(r, l - 1);
        if (in != encoder_width(r, l))
            return error_set(err,
                             "model.residual is %d, which adds the input (%d wide) of the "
                             "encoder's layer %d to its output (%d wide): make them equal or set "
                             "model.residual: %d",
                             from, in, l, encoder_width(r, l), l + 1);
    }
    return 0;
}

static int check_encoder(const struct recipe *r, struct satz_error *err)
{
    bool first = recipe_is(r->model.bidirectional_layers, "first");
    if (first && !r->model.bidirectional)
        return error_set(err, "model.bidirectional_layers is first, but model.bidirectional is "
                              "false, so that no layer reads in both directions");
    if (first && recipe_is(r->model.bridge, "copy") && r->model.encoder_layers > 1 &&
        r->model.encoder_layers <= r->model.decoder_layers)
        return error_set(err,
                         "model.bridge is copy, but model.bidirectional_layers is first: the "
                         "decoder's lowest layer would start from the encoder's, which is twice as "
                         "wide as the others; make model.encoder_layers (%d) more than "
                         "model.decoder_layers (%d) or set model.bridge: dense",
                         r->model.encoder_layers, r->model.decoder_layers);
    return check_residual(r, err);
}

static int check_attention(const struct recipe *r, struct satz_error *err)
{
    const char *score = r->attention.score, *window = r->attention.window;
    bool none = recipe_is(r->attention.place, "none");
    bool covers = !recipe_is(r->attention.coverage, "none");
    if (r->data.alignments.n > 0 && (none || recipe_is(window, "hard")))
        return error_set(err, "data.alignments are given to guide attention, but %s",
                         none ? "attention.place is none: there is none to guide"
                              : "attention.window hard looks at one drawn word: it has no weights "
                                "that could follow them; use another window, or leave them out");
    if (none && !recipe_is(window, "global"))
        return error_set(err,
                         "attention.window is %s, but attention.place is none: there is no "
                         "attention to restrict",
                         window);
    if (none && covers)
        return error_set(err,
                         "attention.coverage is %s, but attention.place is none: there is "
                         "no attention to keep count of",
                         r->attention.coverage);
    if (r->attention.coverage_loss > 0 && !covers)
        return error_set(err, "attention.coverage_loss is %g, but attention.coverage is none",
                         r->attention.coverage_loss);
    if (covers && recipe_is(score, "location"))
        return error_set(err,
                         "attention.coverage is %s, but attention.score location does not "
                         "look at the words, so that it would not see it",
                         r->attention.coverage);
    if (covers && recipe_is(window, "hard"))
        return error_set(err,
                         "attention.coverage is %s, but attention.window hard sees one "
                         "drawn word: its weights do not tell what has been seen",
                         r->attention.coverage);
    if (r->model.reverse_source && recipe_is(window, "local_m"))
        return error_set(err, "attention.window is local_m, which looks at the source in its "
                              "order, but model.reverse_source is true; set one of them "
                              "otherwise");
    if (r->attention.feeding && !recipe_is(r->attention.place, "after"))
        return error_set(err,
                         "attention.feeding is true, which needs attention.place after, not %s",
                         r->attention.place);
    return 0;
}

static int check_model(const struct recipe *r, struct satz_error *err)
{
    int width = encoder_width(r, r->model.encoder_layers);
    bool attends = !recipe_is(r->attention.place, "none");
    if (recipe_is(r->model.tie, "all") && !r->tokenizer.joint)
        return error_set(err, "model.tie is all, which needs one vocabulary for both sides, but "
                              "tokenizer.joint is false; set model.tie: target or "
                              "tokenizer.joint: true");
    if (!recipe_is(r->model.tie, "none") && r->model.readout != 0 &&
        r->model.readout != r->model.embedding)
        return error_set(err,
                         "model.tie is %s, which needs model.readout (%d) to equal "
                         "model.embedding (%d); set model.readout: 0",
                         r->model.tie, r->model.readout, r->model.embedding);
    if (recipe_is(r->model.bridge, "copy") && r->model.decoder_hidden != width)
        return error_set(err,
                         "model.bridge is copy, which needs model.decoder_hidden (%d) to equal "
                         "the encoder's width (%d: model.encoder_hidden of each direction); set "
                         "one of them or model.bridge: dense",
                         r->model.decoder_hidden, width);
    bool compares = recipe_is(r->attention.score, "dot") || recipe_is(r->attention.score, "scaled");
    if (attends && compares && r->model.decoder_hidden != width)
        return error_set(err,
                         "attention.score is %s, which needs model.decoder_hidden (%d) to equal "
                         "the encoder's width (%d: model.encoder_hidden of each direction); set "
                         "one of them or attention.score: general",
                         r->attention.score, r->model.decoder_hidden, width);
    return check_encoder(r, err) < 0 || check_attention(r, err) < 0 ? -1 : 0;
}

static int check_training(const struct recipe *r, struct satz_error *err)
{
    if (!r->train.folder[0])
        return error_set(err, "train.folder is empty; name the folder that checkpoints and the "
                              "model go to (\".\" is the current one)");
    if (r->train.average > r->train.keep_last)
        return error_set(err,
                         "train.average is %d but train.keep_last keeps only %d checkpoints; set "
                         "train.keep_last: %d",
                         r->train.average, r->train.keep_last, r->train.average);
    if (r->train.average > 1 && r->train.ema > 0)
        return error_set(err, "train.average and train.ema both average the weights; set one of "
                              "them to 0");
    if (r->optimizer.l2 > 0 && recipe_is(r->optimizer.name, "adamw"))
        return error_set(err,
                         "optimizer.l2 is %g, but adamw has its own optimizer.weight_decay; "
                         "set optimizer.l2: 0 or optimizer.name: adam",
                         r->optimizer.l2);
    return 0;
}

static bool drops(const struct recipe *r)
{
    return r->dropout.embedding > 0 || r->dropout.annotations > 0 || r->dropout.layers > 0 ||
           r->dropout.readout > 0 || r->dropout.recurrent > 0 || r->dropout.source_words > 0 ||
           r->dropout.target_words > 0;
}

static int check_dropout(const struct recipe *r, struct satz_error *err)
{
    if (r->dropout.variational && !drops(r))
        return error_set(err, "dropout.variational is true, but nothing is dropped: set a rate, "
                              "such as dropout.embedding");
    if (r->train.rdrop > 0 && !drops(r))
        return error_set(err,
                         "train.rdrop is %g, but without dropout two passes always agree: set "
                         "a rate, such as dropout.readout",
                         r->train.rdrop);
    if (r->train.rdrop > 0 && !recipe_is(r->scheduled.decay, "none"))
        return error_set(err,
                         "train.rdrop compares two passes over the same words, but with "
                         "scheduled.decay %s each reads its own; set one of them off",
                         r->scheduled.decay);
    return 0;
}

static int check_sampling(const struct recipe *r, struct satz_error *err)
{
    if (!r->sampling.source && !r->sampling.target)
        return 0;
    bool bpe = recipe_is(r->tokenizer.type, "bpe"), trained = !r->tokenizer.source_model[0];
    if (trained && !bpe && !recipe_is(r->tokenizer.type, "unigram"))
        return error_set(err,
                         "sampling.source or sampling.target is true, but there is only one way to "
                         "split a text into units of tokenizer.type %s; use bpe or unigram",
                         r->tokenizer.type);
    if (trained && bpe && r->sampling.nbest != -1)
        return error_set(err, "sampling.nbest is for tokenizer.type unigram; bpe draws from all: "
                              "set sampling.nbest: -1");
    if (r->sampling.nbest == 0 || r->sampling.nbest == 1)
        return error_set(err,
                         "sampling.nbest is %d, which leaves nothing to draw from; set at "
                         "least 2, or -1 for all",
                         r->sampling.nbest);
    return 0;
}

static int check_schedule(const struct recipe *r, struct satz_error *err)
{
    int length = r->schedule.length ? r->schedule.length : r->train.updates;
    if (recipe_is(r->schedule.name, "cosine") && length && length <= r->schedule.warmup)
        return error_set(err,
                         "schedule.name is cosine, which would end within the warm-up: set "
                         "schedule.length or train.updates above schedule.warmup (%d), or "
                         "neither of them to end with train.epochs",
                         r->schedule.warmup);
    double k = r->scheduled.k;
    if (recipe_is(r->scheduled.decay, "exponential") && k >= 1)
        return error_set(err,
                         "scheduled.decay is exponential, which needs scheduled.k below 1, "
                         "not %g: the probability would not fall",
                         k);
    if (recipe_is(r->scheduled.decay, "inverse_sigmoid") && k < 1)
        return error_set(err,
                         "scheduled.decay is inverse_sigmoid, which needs scheduled.k of at "
                         "least 1, not %g",
                         k);
    if (r->schedule.minimum_rate > r->optimizer.rate)
        return error_set(err, "schedule.minimum_rate (%g) is above optimizer.rate (%g)",
                         r->schedule.minimum_rate, r->optimizer.rate);
    return 0;
}

int recipe_check(const struct recipe *r, struct satz_error *err)
{
    if (check_data(r, err) < 0 || check_model(r, err) < 0 || check_training(r, err) < 0 ||
        check_dropout(r, err) < 0 || check_sampling(r, err) < 0 || check_schedule(r, err) < 0)
        return -1;
    return 0;
}

void recipe_write_yaml(const struct recipe *r, struct strbuf *out)
{
    const char *section = "";
    for (const struct recipe_key *key = schema_keys; key < schema_keys + N_KEYS; key++) {
        if (strcmp(section, key->section) != 0)
            strbuf_addf(out, "%s:\n", key->section);
        section = key->section;
        strbuf_addf(out, "  %s: ", key->name);
        key_write_value(r, key, out);
        strbuf_add_char(out, '\n');
    }
}

/* A cell of a Markdown table, where "|" would end it. */
static void write_cell(struct strbuf *out, const char *text)
{
    for (; *text; text++)
        strbuf_addf(out, *text == '|' ? "\\%c" : "%c", *text);
}

static void write_reference_row(struct strbuf *out, const struct recipe *defaults,
                                const struct recipe_key *key)
{
    strbuf_addf(out, "| `%s` | ", key->name);
    key_write_allowed(key, out);
    strbuf_add_text(out, " | `");
    key_write_value(defaults, key, out);
    strbuf_add_text(out, "` | ");
    write_cell(out, key->meaning);
    for (const struct key_choice *c = key->choices; c && c->name; c++) {
        strbuf_addf(out, "%s`%s`: ", c == key->choices ? ". " : "; ", c->name);
        write_cell(out, c->meaning);
    }
    strbuf_add_text(out, " |\n");
}

void recipe_write_reference(struct strbuf *out)
{
    struct recipe defaults;
    recipe_defaults(&defaults);
    strbuf_add_text(out,
                    "# Recipe reference\n\n"
                    "A recipe is a YAML file of sections with keys; a key that is left out has its "
                    "default. Each can also be\nset on the command line: `--set train.seed=2`. "
                    "Texts may use `${VARIABLE}` and `${VARIABLE:-default}`; `$$`\nstands for a "
                    "dollar sign.\n");
    for (const struct recipe_section *s = schema_sections; s < schema_sections + N_SECTIONS; s++) {
        strbuf_addf(out, "\n## %s\n\n%s\n\n", s->name, s->meaning);
        strbuf_add_text(out, "| Key | Value | Default | Meaning |\n|---|---|---|---|\n");
        for (const struct recipe_key *key = schema_keys; key < schema_keys + N_KEYS; key++)
            if (strcmp(key->section, s->name) == 0)
                write_reference_row(out, &defaults, key);
    }
}
