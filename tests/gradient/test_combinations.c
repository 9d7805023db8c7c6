/* Whole models drawn at random over every axis of the recipe, against central differences. */
#include "base/lists.h"
#include "tests/gradient/difference.h"

enum { MODELS = 80, LONGEST_LIST = 16 };

#define NAME(name, doc) #name,
static const char *const cells[] = {CELL_LIST(NAME) NULL};
static const char *const scores[] = {SCORE_LIST(NAME) NULL};
static const char *const windows[] = {WINDOW_LIST(NAME) NULL};
static const char *const bridges[] = {BRIDGE_LIST(NAME) NULL};
static const char *const ties[] = {TIE_LIST(NAME) NULL};
static const char *const directions[] = {BIDIRECTIONAL_LIST(NAME) NULL};
static const char *const places[] = {PLACE_LIST(NAME) "after, feeding: true", NULL};
static const char *const coverages[] = {COVERAGE_LIST(NAME) NULL};
static const char *const truths[] = {"false", "true", NULL};
static const char *const layers[] = {"1", "2", "3", NULL};
static const char *const residuals[] = {"0", "1", "2", "3", NULL};
static const char *const widths[] = {"1", "2", "3", NULL};
static const char *const rates[] = {"0", "0.3", NULL};
static const char *const hiddens[] = {"4", "8", NULL};
static const char *const losses[] = {"0", "0.6", NULL};

/* Each axis of a model: what is drawn from. */
static const struct {
    const char *section, *key;
    const char *const *choices;
} axes[] = {
    {"model", "encoder_cell", cells},
    {"model", "decoder_cell", cells},
    {"model", "encoder_layers", layers},
    {"model", "decoder_layers", layers},
    {"model", "encoder_hidden", hiddens},
    {"model", "decoder_hidden", hiddens},
    {"model", "embedding", hiddens},
    {"model", "bidirectional", truths},
    {"model", "bidirectional_layers", directions},
    {"model", "residual", residuals},
    {"model", "bridge", bridges},
    {"model", "tie", ties},
    {"model", "reverse_source", truths},
    {"attention", "score", scores},
    {"attention", "window", windows},
    {"attention", "width", widths},
    {"attention", "place", places},
    {"attention", "coverage", coverages},
    {"attention", "coverage_loss", losses},
    {"dropout", "embedding", rates},
    {"dropout", "annotations", rates},
    {"dropout", "layers", rates},
    {"dropout", "readout", rates},
};
enum { N_AXES = sizeof axes / sizeof *axes };

static int count(const char *const *choices)
{
    int n = 0;
    while (choices[n])
        n++;
    assert_true(n <= LONGEST_LIST);
    return n;
}

/* Recipe `draw`, and which choice each axis has. */
static void draw_recipe(int draw, char *yaml, size_t size, int chosen[N_AXES])
{
    const char *section = "";
    size_t at = 0;
    for (int i = 0; i < N_AXES; i++) {
        chosen[i] = (int)rng_below((uint64_t)draw, (uint64_t)i, (uint64_t)count(axes[i].choices));
        bool opens = strcmp(section, axes[i].section) != 0;
        at += (size_t)snprintf(yaml + at, size - at, "%s%s%s%s: %s", opens && i ? "}\n" : "",
                               opens ? axes[i].section : ", ", opens ? ": {" : "", axes[i].key,
                               axes[i].choices[chosen[i]]);
        section = axes[i].section;
    }
    snprintf(yaml + at, size - at, "}\ntokenizer: {joint: true}\n");
}

static bool is_recipe(const char *yaml)
{
    struct recipe r;
    struct satz_error err;
    if (recipe_parse(&r, yaml, strlen(yaml), "drawn", &err) < 0)
        return false;
    bool cells_differ = strcmp(r.model.encoder_cell, r.model.decoder_cell) != 0;
    bool refused = recipe_is(r.model.bridge, "copy") && cells_differ; /* by the model */
    recipe_release(&r);
    return !refused;
}

/* Those that are refused are drawn again; in the end every choice of every axis was in a model. */
static void test_random_models(void **state)
{
    (void)state;
    static int seen[N_AXES][LONGEST_LIST];
    int checked = 0, drawn = 0;
    for (; checked < MODELS; drawn++) {
        char yaml[2048];
        int chosen[N_AXES];
        assert_true(drawn < 100000);
        draw_recipe(drawn, yaml, sizeof yaml, chosen);
        if (!is_recipe(yaml))
            continue;
        check_recipe(yaml, 8);
        checked++;
        for (int i = 0; i < N_AXES; i++)
            seen[i][chosen[i]]++;
    }
    for (int i = 0; i < N_AXES; i++)
        for (int k = 0; k < count(axes[i].choices); k++)
            if (seen[i][k] == 0)
                fail_msg("no model had %s.%s: %s", axes[i].section, axes[i].key,
                         axes[i].choices[k]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_models)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
