/* Forged SentencePiece models: what would make the library read outside of them is refused. */
#include "tests/text/scratch.h"

#include "text/tokenizer_check.h"

enum { UNITS = 256 };

/* A field of bytes. */
static void add_field(struct strbuf *to, int number, const void *bytes, size_t n)
{
    strbuf_add_char(to, (char)(number << 3 | 2));
    size_t length = n;
    for (; length >= 128; length >>= 7)
        strbuf_add_char(to, (char)(length | 128));
    strbuf_add_char(to, (char)length);
    strbuf_add(to, bytes, n);
}

/* The model with a table of characters in the place of its own: the last one counts. */
static void add_characters(struct strbuf *model, uint32_t size, const uint32_t *units, size_t n,
                           const char *text, size_t n_text)
{
    struct strbuf table = {0}, spec = {0};
    strbuf_add(&table, &size, sizeof size);
    strbuf_add(&table, units, n * sizeof *units);
    strbuf_add(&table, text, n_text);
    add_field(&spec, 2, table.data, table.length);
    add_field(model, 3, spec.data, spec.length);
    strbuf_release(&table);
    strbuf_release(&spec);
}

static struct strbuf train(struct scratch *s, const char *type)
{
    const char *file = scratch_german(s, type);
    struct tokenizer_options options = {
        .type = type, .vocabulary_size = 60, .character_coverage = 1, .files = &file, .n_files = 1};
    if (strcmp(type, "word") == 0)
        options.vocabulary_size = 30;
    struct strbuf model = {0};
    struct satz_error err;
    if (tokenizer_train(&model, &options, &err) < 0)
        fail_msg("%s", err.message);
    return model;
}

static void assert_refused(const struct strbuf *model, const char *what)
{
    struct satz_error err = {""};
    struct tokenizer *t = tokenizer_new(model->data, model->length, &err);
    if (t || !strstr(err.message, "not a SentencePiece model"))
        fail_msg("%s: %s", what, t ? "taken" : err.message);
}

/* A double array that leads "a" to a text. */
static void fill_units(uint32_t units[UNITS], uint32_t value)
{
    memset(units, 0, UNITS * sizeof *units);
    units['a'] = 'a' | 1 << 8 | (uint32_t)('a' ^ 200) << 10; /* its value is in units[200] */
    units[200] = UINT32_C(1) << 31 | value;
}

static void test_a_table_of_characters(void **state)
{
    struct strbuf model = train(*state, "bpe");
    size_t n = model.length;
    uint32_t units[UNITS];
    struct token_list ids = {0}, expected = {0};
    struct tokenizer *t = tokenizer_new(model.data, n, NULL);
    assert_int_equal(tokenizer_encode(t, "Bier", 4, &expected, NULL), 0);
    tokenizer_free(t);
    fill_units(units, 2);
    add_characters(&model, sizeof units, units, UNITS, "x\0Bier", 7);
    t = tokenizer_new(model.data, model.length, NULL);
    assert_non_null(t);
    assert_int_equal(tokenizer_encode(t, "a", 1, &ids, NULL), 0);
    assert_int_equal(ids.n, expected.n);
    assert_memory_equal(ids.ids, expected.ids, ids.n * sizeof *ids.ids);
    token_list_release(&ids);
    token_list_release(&expected);
    tokenizer_free(t);
    strbuf_release(&model);
}

static void test_forged_tables(void **state)
{
    static const struct {
        const char *what;
        int at; /* of a unit that is not sound; < 0: none */
        uint32_t unit, size;
        size_t n;
        const char *text;
        size_t n_text;
    } cases[] = {
        {"a step far away", 0, UINT32_C(0x3fffff) << 9, UNITS * 4, UNITS, "x", 2},
        {"a step behind the end", 0, UINT32_C(256) << 10, UNITS * 4, UNITS, "x", 2},
        {"a step far away, by a byte", 'a', 'a' | UINT32_C(0x3ffffe) << 9, UNITS * 4, UNITS, "x",
         2},
        {"a text far away", 200, UINT32_MAX, UNITS * 4, UNITS, "x", 2},
        {"a text behind the end", 200, UINT32_C(1) << 31 | 2, UNITS * 4, UNITS, "x", 2},
        {"a text without end", -1, 0, UNITS * 4, UNITS, "x", 1},
        {"no text", -1, 0, UNITS * 4, UNITS, "", 0},
        {"less than a block", -1, 0, 4, 1, "x", 2},
        {"half a unit", -1, 0, UNITS * 4 + 1, UNITS, "x", 2},
        {"a size beyond the end", -1, 0, UINT32_MAX, UNITS, "x", 2},
        {"a size that leaves no text", -1, 0, UNITS * 4 + 4, UNITS, "x", 2},
    };
    struct strbuf model = train(*state, "bpe");
    size_t n = model.length;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t units[UNITS];
        fill_units(units, 0);
        if (cases[i].at >= 0)
            units[cases[i].at] = cases[i].unit;
        model.length = n;
        add_characters(&model, cases[i].size, units, cases[i].n, cases[i].text, cases[i].n_text);
        assert_refused(&model, cases[i].what);
    }
    strbuf_release(&model);
}

/* What a sentence becomes is in proportion to it. */
static void test_huge_strings(void **state)
{
    static char text[100000];
    struct strbuf model = train(*state, "bpe"), piece = {0};
    size_t n = model.length;
    uint32_t units[UNITS];
    memset(text, 'x', sizeof text - 1);
    fill_units(units, 0);
    add_characters(&model, sizeof units, units, UNITS, text, sizeof text);
    assert_refused(&model, "a long replacement");
    model.length = n;
    add_field(&piece, 1, text, sizeof text - 1);
    add_field(&model, 1, piece.data, piece.length);
    assert_refused(&model, "a long piece");
    model.length = n;
    piece.length = 0;
    strbuf_add_text(&piece, "\xe2\x02"); /* field 44 */
    strbuf_add_text(&piece, "\x9f\x8d\x06");
    strbuf_add(&piece, text, sizeof text - 1);
    add_field(&model, 2, piece.data, piece.length);
    assert_refused(&model, "a long text for unknown words");
    strbuf_release(&piece);
    strbuf_release(&model);
}

static void test_fields(void **state)
{
    static const struct {
        const char *what, *bytes;
        size_t n;
    } cases[] = {
        {"a field without its value", "\x0a", 1},
        {"a length beyond the end", "\x0a\x05xx", 4},
        {"a length of 2^64 - 1", "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01x", 12},
        {"a number of 11 bytes", "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01x", 13},
        {"a number not in its shortest form", "\x8a\x00\x01x", 4},
        {"field 0", "\x02\x00", 2},
        {"a group", "\x0b\x0c", 2},
        {"a score that is no number", "\x0a\x08\x0a\x01z\x15\x00\x00\xc0\x7f", 10},
        {"an infinite score", "\x0a\x08\x0a\x01z\x15\x00\x00\x80\x7f", 10},
        {"a piece cut off", "\x0a\x03\x0a\x05z", 5},
    };
    struct strbuf model = train(*state, "unigram");
    size_t n = model.length;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        model.length = n;
        strbuf_add(&model, cases[i].bytes, cases[i].n);
        assert_refused(&model, cases[i].what);
    }
    strbuf_release(&model);
}

/* One bit of a model is another: it is refused, or does its work. */
static void test_damage(void **state)
{
    static const char text[] =
        "Der \xc4\x9e\xef\xac\x81 B\xc3\xa4r \xef\xb7\xba gr\xc3\xbc\xc3\x9ft";
    static const char *const types[] = {"unigram", "bpe", "char", "word"};
    for (size_t k = 0; k < 4; k++) {
        struct strbuf model = train(*state, types[k]);
        for (size_t i = 0; i < 400; i++) {
            size_t at = i % 2 ? i * 7919 % model.length : i % 1500;
            char old = model.data[at];
            struct token_list ids = {0};
            struct strbuf back = {0};
            model.data[at] = (char)(old ^ (1 << i / 2 % 8));
            struct tokenizer *t = tokenizer_new(model.data, model.length, NULL);
            if (t && tokenizer_encode(t, text, sizeof text - 1, &ids, NULL) == 0)
                tokenizer_decode(t, ids.ids, ids.n, &back, NULL);
            assert_true(back.length < 100 * sizeof text);
            token_list_release(&ids);
            strbuf_release(&back);
            tokenizer_free(t);
            model.data[at] = old;
        }
        strbuf_release(&model);
    }
}

static int set_up(void **state)
{
    *state = scratch_new();
    return 0;
}

static int tear_down(void **state)
{
    scratch_free(*state);
    return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_table_of_characters),
        TEST(test_forged_tables),
        TEST(test_huge_strings),
        TEST(test_fields),
        TEST(test_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
