#include <math.h>

#include "base/lists.h"
#include "nn/attention.h"
#include "tests/nn/network.h"

enum { SENTENCES = 3, TOTAL = 3 + 7 + 1, LONGEST = 7, ROWS = 6, WIDTH = 8, SIZE = 5, D = 2 };

static const int start[SENTENCES + 1] = {0, 3, 10, 11};
static const int sentence[ROWS] = {1, 0, 2, 1, 0, 1};

#define NAME(name, doc) #name,
static const char *const scores[] = {SCORE_LIST(NAME)};
static const char *const windows[] = {WINDOW_LIST(NAME)};
#undef NAME
enum { N_SCORES = sizeof scores / sizeof *scores, N_WINDOWS = sizeof windows / sizeof *windows };

struct reader {
    struct network net;
    struct attention attention;
    struct attention_memory memory;
    struct attention_rows rows;
};

static struct attention_options options_of(const char *score, const char *window, int annotation)
{
    return (struct attention_options){
        .score = score,
        .window = window,
        .query = WIDTH,
        .annotation = annotation,
        .key = SIZE,
        .position = SIZE,
        .width = D,
        .init = {.kind = PARAM_XAVIER},
    };
}

/* `window` without or with coverage, of which the words have had some. */
static void reader_init_window(struct reader *a, const char *score, const char *window,
                               bool coverage, double scale)
{
    struct attention_options options = options_of(score, window, WIDTH);
    options.coverage = coverage;
    struct param_init init = {.kind = PARAM_XAVIER};
    *a = (struct reader){0};
    assert_int_equal(attention_declare(&a->attention, &options, "attention", &a->net.params,
                                       &a->net.weights, &a->net.err),
                     0);
    if (a->net.params.count == 0) /* so that there is a block to allocate */
        assert_int_equal(params_add(&a->net.params, "none", 1, 1, init, &a->net.err), 0);
    network_ready(&a->net, scale, 1 << 16);
    attention_memory_plan(&a->attention, TOTAL, start, LONGEST, false, &a->net.arena, &a->memory);
    a->rows.sentence = sentence;
    a->rows.query = pass_mat(&a->net.arena, ROWS, WIDTH);
    a->rows.step = pass_mat(&a->net.arena, ROWS, 1);
    a->rows.coverage = pass_mat(&a->net.arena, ROWS, LONGEST);
    a->rows.next = pass_mat(&a->net.arena, ROWS, LONGEST);
    attention_rows_plan(&a->attention, ROWS, LONGEST, false, &a->net.arena, &a->rows);
    fill_random(a->memory.annotations, 1);
    fill_random(a->rows.query, 2);
    fill_random(a->rows.coverage, 3);
    for (int r = 0; r < ROWS; r++)
        *mat_row(a->rows.step, r) = (real)((3 * r + 1) % 8);
}

static void reader_init(struct reader *a, const char *score, double scale)
{
    reader_init_window(a, score, "global", false, scale);
}

static void read_all(struct reader *a)
{
    attention_keys(&a->net.pass, &a->attention, &a->memory);
    attention_forward(&a->net.pass, &a->attention, &a->memory, a->rows);
}

static int length_of(int row)
{
    return start[sentence[row] + 1] - start[sentence[row]];
}

static void test_weights_sum_to_one(void **state)
{
    (void)state;
    for (int i = 0; i < N_SCORES; i++) {
        struct reader a;
        reader_init(&a, scores[i], 2);
        read_all(&a);
        for (int r = 0; r < ROWS; r++) {
            double sum = 0;
            for (int j = 0; j < length_of(r); j++) {
                assert_true(mat_row(a.rows.weights, r)[j] >= 0);
                sum += (double)mat_row(a.rows.weights, r)[j];
            }
            assert_true(fabs(sum - 1) < 1e-6);
        }
        network_release(&a.net);
    }
}

/* With every parameter and query zero all scores are equal. */
static void test_equal_scores_give_the_mean(void **state)
{
    (void)state;
    for (int i = 0; i < N_SCORES; i++) {
        struct reader a;
        reader_init(&a, scores[i], 0);
        mat_zero(a.rows.query);
        read_all(&a);
        for (int r = 0; r < ROWS; r++) {
            int n = length_of(r);
            for (int k = 0; k < WIDTH; k++) {
                double mean = 0;
                for (int j = 0; j < n; j++)
                    mean += (double)mat_row(a.memory.annotations, start[sentence[r]] + j)[k] / n;
                assert_true(fabs((double)mat_row(a.rows.context, r)[k] - mean) < 1e-6);
            }
            for (int j = 0; j < n; j++)
                assert_true(fabs((double)mat_row(a.rows.weights, r)[j] - 1.0 / n) < 1e-6);
        }
        network_release(&a.net);
    }
}

/* Other sentences' words and other rows' queries do not change a bit. */
static void test_sentences_are_independent(void **state)
{
    (void)state;
    for (int i = 0; i < N_SCORES * N_WINDOWS; i++) {
        struct reader a, b;
        const char *score = scores[i % N_SCORES], *window = windows[i / N_SCORES];
        reader_init_window(&a, score, window, false, 1);
        reader_init_window(&b, score, window, false, 1);
        for (int s = 0; s < SENTENCES; s++)
            if (s != 1)
                fill_random(mat_rows(b.memory.annotations, start[s], start[s + 1] - start[s]), 3);
        for (int r = 0; r < ROWS; r++)
            if (sentence[r] != 1)
                fill_random(mat_rows(b.rows.query, r, 1), 4);
        read_all(&a);
        read_all(&b);
        int compared = 0;
        for (int r = 0; r < ROWS; r++) {
            bool same = memcmp(mat_row(a.rows.context, r), mat_row(b.rows.context, r),
                               WIDTH * sizeof(real)) == 0;
            assert_int_equal(same, sentence[r] == 1);
            if (sentence[r] != 1)
                continue;
            assert_memory_equal(mat_row(a.rows.weights, r), mat_row(b.rows.weights, r),
                                LONGEST * sizeof(real));
            compared++;
        }
        assert_int_equal(compared, 3);
        network_release(&a.net);
        network_release(&b.net);
    }
}

/* Some rows alone give the same bits as all rows in one call. */
static void test_slices(void **state)
{
    (void)state;
    for (int i = 0; i < N_SCORES * N_WINDOWS * 2; i++) {
        struct reader a, b;
        const char *score = scores[i / 2 % N_SCORES], *window = windows[i / 2 / N_SCORES];
        reader_init_window(&a, score, window, i % 2, 1);
        reader_init_window(&b, score, window, i % 2, 1);
        read_all(&a);
        attention_keys(&b.net.pass, &b.attention, &b.memory);
        for (int r = 0; r < ROWS; r++)
            attention_forward(&b.net.pass, &b.attention, &b.memory,
                              attention_rows_slice(b.rows, r, 1));
        assert_memory_equal(a.rows.context.data, b.rows.context.data, ROWS * WIDTH * sizeof(real));
        for (int r = 0; r < ROWS; r++)
            assert_memory_equal(mat_row(a.rows.weights, r), mat_row(b.rows.weights, r),
                                (size_t)length_of(r) * sizeof(real));
        network_release(&a.net);
        network_release(&b.net);
    }
}

/* param [rows, width] x, or x itself where the score has no such parameter. */
static void project(const struct params *p, int param, const real *x, int n, double *y)
{
    for (int i = 0; i < n; i++) {
        y[i] = param < 0 ? (double)x[i] : 0;
        for (int k = 0; param >= 0 && k < WIDTH; k++)
            y[i] += (double)mat_row(params_mat(p, param), i)[k] * (double)x[k];
    }
}

/* The energy of row r and its word j, by the equations, in double. */
static double energy(const struct reader *a, int r, int j)
{
    const struct params *p = &a->net.params;
    double query[WIDTH], key[WIDTH], sum = 0;
    const char *score = a->attention.score->name;
    int n = a->attention.key_width;
    project(p, a->attention.query_param, mat_row(a->rows.query, r), n, query);
    if (strcmp(score, "location") == 0)
        return query[j < n ? j : n - 1];
    project(p, a->attention.key_param, mat_row(a->memory.annotations, start[sentence[r]] + j), n,
            key);
    for (int k = 0; k < n && a->attention.options.coverage; k++)
        key[k] += (double)mat_row(a->rows.coverage, r)[j] *
                  (double)params_mat(p, a->attention.coverage_param).data[k];
    for (int k = 0; k < n; k++)
        sum += a->attention.v_param < 0
                   ? query[k] * key[k]
                   : (double)params_mat(p, a->attention.v_param).data[k] * tanh(query[k] + key[k]);
    return strcmp(score, "scaled") == 0 ? sum / sqrt(n) : sum;
}

/* p_t by the equations; -1 where there is none. */
static double centre(const struct reader *a, int r)
{
    const struct params *p = &a->net.params;
    double u[SIZE], sum = 0, t = (double)*mat_row(a->rows.step, r);
    int words = length_of(r);
    if (strcmp(a->attention.window->name, "local_m") == 0)
        return fmin(t, words - 1);
    if (strcmp(a->attention.window->name, "local_p") != 0)
        return -1;
    project(p, a->attention.position_param, mat_row(a->rows.query, r), SIZE, u);
    for (int k = 0; k < SIZE; k++)
        sum += (double)params_mat(p, a->attention.position_v_param).data[k] * tanh(u[k]);
    return words / (1 + exp(-sum));
}

static void check_row(const struct reader *a, int r)
{
    double w[LONGEST], top = -INFINITY, sum = 0, p = centre(a, r);
    const char *window = a->attention.window->name;
    int n = length_of(r), likeliest = 0;
    for (int j = 0; j < n; j++) {
        w[j] = p < 0 || fabs(j - p) <= D ? energy(a, r, j) : -INFINITY;
        top = fmax(top, w[j]);
    }
    for (int j = 0; j < n; j++)
        sum += w[j] = exp(w[j] - top);
    for (int j = 0; j < n; j++) {
        w[j] /= sum;
        if (strcmp(window, "local_p") == 0)
            w[j] *= exp(-(j - p) * (j - p) / (2 * (D / 2.0) * (D / 2.0)));
        assert_true(fabs((double)mat_row(a->rows.weights, r)[j] - w[j]) < 1e-4);
        likeliest = w[j] > w[likeliest] ? j : likeliest;
        if (a->attention.options.coverage)
            assert_true(fabs((double)mat_row(a->rows.next, r)[j] -
                             (double)mat_row(a->rows.coverage, r)[j] - w[j]) < 1e-4);
    }
    if (p >= 0)
        assert_true(fabs((double)*mat_row(a->rows.centre, r) - p) < 1e-4);
    for (int k = 0; k < WIDTH; k++) {
        double context = 0;
        for (int j = 0; j < n; j++) {
            double seen = strcmp(window, "hard") == 0 ? j == likeliest : w[j];
            context += seen * (double)mat_row(a->memory.annotations, start[sentence[r]] + j)[k];
        }
        assert_true(fabs((double)mat_row(a->rows.context, r)[k] - context) < 1e-4);
    }
}

/* Also with energies in the hundreds, whose exponentials overflow a float. */
static void test_equations(void **state)
{
    (void)state;
    static const real scales[] = {1, 100};
    for (int i = 0; i < N_SCORES * N_WINDOWS; i++)
        for (int s = 0; s < 4; s++) {
            struct reader a;
            const char *window = windows[i / N_SCORES];
            bool coverage = s % 2 == 1 && strcmp(window, "hard") != 0;
            reader_init_window(&a, scores[i % N_SCORES], window, coverage, 2);
            for (int k = 0; k < ROWS * WIDTH; k++)
                a.rows.query.data[k] *= scales[s / 2];
            read_all(&a);
            for (int r = 0; r < ROWS; r++)
                check_row(&a, r);
            network_release(&a.net);
        }
}

/* A window's position may be anywhere and its words' scores not even numbers: no word beyond the
 * sentence is touched, and the result says so. */
static void test_not_a_number(void **state)
{
    (void)state;
    for (int w = 0; w < N_WINDOWS; w++) {
        struct reader a;
        reader_init_window(&a, "concat", windows[w], false, 1);
        for (int k = 0; k < ROWS * WIDTH; k++)
            a.rows.query.data[k] = (real)NAN;
        read_all(&a);
        for (int r = 0; r < ROWS && strcmp(windows[w], "hard") != 0; r++)
            assert_true(isnan((double)mat_row(a.rows.context, r)[0]));
        network_release(&a.net);
    }
}

/* Prepared queries and keys have the same energies, but for one number; up to where single
 * precision ends. */
static void test_prepared(void **state)
{
    (void)state;
    enum { MOST = 53, WORDS = 4 };
    static const double scales[] = {0.01, 1, 5, 43};
    for (int i = 0; i < N_SCORES; i++) {
        const struct score *score = score_find(scores[i]);
        if (!score->prepare)
            continue;
        for (int n = 1; n <= MOST; n++)
            for (int s = 0; s < 4; s++) {
                real values[(WORDS + 2) * MOST], e[WORDS], f[WORDS];
                struct mat all = mat_make(values, WORDS + 2, n), q = mat_rows(all, 0, 1);
                struct mat keys = mat_rows(all, 1, WORDS), v = mat_rows(all, WORDS + 1, 1);
                fill_random(all, (uint64_t)n);
                for (int k = 0; k < (WORDS + 1) * n; k++)
                    values[k] *= (real)scales[s];
                score->energy(n, q.data, 0, keys, v.data, e);
                score->prepare(q);
                score->prepare(keys);
                score->prepared_energy(n, q.data, 0, keys, v.data, f);
                for (int j = 0; j < WORDS; j++)
                    assert_true(fabs((double)(f[j] - f[0] - (e[j] - e[0]))) < 1e-5);
                q.data[n - 1] = (real)NAN;
                score->prepare(q);
                score->prepared_energy(n, q.data, 0, keys, v.data, f);
                assert_true(isnan((double)f[0]) && isnan((double)f[WORDS - 1]));
            }
    }
}

static void test_declarations_that_cannot_be(void **state)
{
    (void)state;
    struct network n = {0};
    struct attention a;
    static const struct {
        const char *score, *window, *message;
    } cases[] = {
        {"dot", "global", "general"}, {"cosine", "global", "cosine"}, {"dot", "french", "french"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct attention_options o = options_of(cases[i].score, cases[i].window, 6);
        assert_int_equal(attention_declare(&a, &o, "attention", &n.params, &n.weights, &n.err), -1);
        assert_non_null(strstr(n.err.message, cases[i].message));
    }
    assert_int_equal(n.params.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_weights_sum_to_one),
        cmocka_unit_test(test_equal_scores_give_the_mean),
        cmocka_unit_test(test_sentences_are_independent),
        cmocka_unit_test(test_slices),
        cmocka_unit_test(test_equations),
        cmocka_unit_test(test_not_a_number),
        cmocka_unit_test(test_prepared),
        cmocka_unit_test(test_declarations_that_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
