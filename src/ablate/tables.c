/* What came of the runs: scores of their translations, against those of the rungs below. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ablate/ablation.h"
#include "base/file.h"
#include "base/memory.h"
#include "eval.h"
#include "view/ablation.h"

/* A rung's runs together. */
struct rung_score {
    struct statistics lines; /* the counts of each test line, added up over the runs */
    struct ablation_row row;
    struct strbuf problem;
};

struct scores {
    const struct satz_ablation *a;
    struct metric *metric;
    struct rung_score *rungs; /* [n_rungs] */
};

/* Sums for a mean and a deviation. */
struct moments {
    double sum, squares;
    int n;
};

static void add_value(struct moments *m, double value)
{
    if (isnan(value))
        return;
    m->sum += value;
    m->squares += value * value;
    m->n++;
}

static struct ablation_figure figure_of(const struct moments *m)
{
    double n = m->n, mean = m->n ? m->sum / n : NAN;
    double variance = m->n > 1 ? (m->squares - n * mean * mean) / (n - 1) : NAN;
    return (struct ablation_figure){mean, sqrt(isnan(variance) ? NAN : fmax(0, variance))};
}

/* Why a run has no figures, or NULL. */
static const char *problem_of(const struct scores *s, const struct run *run, bool *fails)
{
    *fails = false;
    if (run->state == RUN_CHANGED)
        return "has another recipe or text than it was trained with";
    if (record_text(run, "failure"))
        return record_text(run, "failure");
    if (run->state == RUN_NEW)
        return "not trained yet";
    if (run->state != RUN_TRAINED)
        return "not trained to its end yet";
    char *key = run_translation_key(run, s->a, NULL);
    const char *done = record_text(run, "translation");
    *fails = !key;
    bool same = key && done && strcmp(key, done) == 0;
    free(key);
    return same ? NULL : "not translated yet";
}

/* Adds a run's translation to the rung's lines. */
static int add_translation(struct scores *s, struct rung_score *r, const struct run *run,
                           double *bleu, struct satz_error *err)
{
    struct statistics lines = {.keep = true};
    char *path = file_join(run->folder, "translation.txt", err);
    int status =
        path ? metrics_add_files(&s->metric, 1, path, &s->a->test_target, 1, &lines, NULL, err)
             : -1;
    if (status == 0)
        *bleu = metric_score(s->metric, lines.sum);
    if (status == 0 && r->lines.n_segments == 0) {
        r->lines = lines;
        lines = (struct statistics){0};
    } else if (status == 0) {
        for (size_t i = 0; i < lines.n_segments * (size_t)lines.width; i++)
            r->lines.rows[i] += lines.rows[i];
        for (int i = 0; i < lines.width; i++)
            r->lines.sum[i] += lines.sum[i];
    }
    statistics_release(&lines);
    free(path);
    return status;
}

static int add_run(struct scores *s, struct rung_score *r, const struct run *run,
                   struct moments of[4], struct satz_error *err)
{
    bool fails;
    const char *problem = problem_of(s, run, &fails);
    double bleu = NAN;
    if (fails)
        return error_set(err, "out of memory");
    if (problem) {
        if (s->a->seeds > 1)
            strbuf_addf(&r->problem, "%sseed %d: ", r->problem.length ? "; " : "", run->seed);
        strbuf_add_text(&r->problem, problem);
        r->row.failed = r->row.failed || record_text(run, "failure");
        return strbuf_check(&r->problem, err);
    }
    if (add_translation(s, r, run, &bleu, err) < 0)
        return -1;
    add_value(&of[0], bleu);
    add_value(&of[1], record_number(run, "perplexity"));
    add_value(&of[2], record_number(run, "tokens_per_second"));
    add_value(&of[3], record_number(run, "seconds"));
    double parameters = record_number(run, "parameters");
    r->row.parameters = parameters > 0 ? (size_t)parameters : 0;
    r->row.n_runs++;
    return 0;
}

static int compare(struct scores *s, struct rung_score *r, const struct rung_score *below,
                   struct satz_error *err)
{
    const struct resampling resampling = {.seed = 0};
    struct interval interval;
    struct difference d;
    if (r->row.n_runs == 0)
        return 0;
    if (significance_interval(s->metric, &r->lines, &resampling, &interval, err) < 0)
        return -1;
    r->row.low = interval.low;
    r->row.high = interval.high;
    if (!below || below->row.n_runs == 0)
        return 0;
    if (significance_compare(s->metric, &below->lines, &r->lines, "bootstrap", &resampling, &d,
                             err) < 0)
        return -1;
    r->row.delta = d.delta;
    r->row.delta_low = d.deltas.low;
    r->row.delta_high = d.deltas.high;
    r->row.p = d.p;
    return 0;
}

static int score_rung(struct scores *s, int i, struct satz_error *err)
{
    const struct ladder_rung *rung = &s->a->ladder.rungs[i];
    struct rung_score *r = &s->rungs[i];
    struct moments of[4] = {0};
    r->row = (struct ablation_row){
        .label = rung->label,
        .note = rung->note,
        .against = rung->from >= 0 ? s->a->ladder.rungs[rung->from].label : NULL,
        .paper_against = rung->from >= 0 ? s->a->ladder.rungs[rung->from].paper_bleu : NULL,
        .paper_bleu = rung->paper_bleu,
        .paper_perplexity = rung->paper_perplexity,
        .low = NAN,
        .high = NAN,
        .delta = NAN,
        .p = NAN,
    };
    for (int k = 0; k < s->a->seeds; k++)
        if (add_run(s, r, &s->a->runs[i * s->a->seeds + k], of, err) < 0)
            return -1;
    r->row.bleu = figure_of(&of[0]);
    r->row.perplexity = figure_of(&of[1]);
    r->row.tokens_per_second = figure_of(&of[2]).mean;
    r->row.seconds = figure_of(&of[3]).mean;
    r->row.problem = r->problem.length ? strbuf_text(&r->problem) : NULL;
    return compare(s, r, rung->from >= 0 ? &s->rungs[rung->from] : NULL, err);
}

static void add_facts(const struct scores *s, struct strbuf *facts)
{
    const struct recipe *r = &s->a->recipes[0];
    char signature[200] = "";
    metric_signature(s->metric, signature, sizeof signature);
    strbuf_addf(facts,
                "Trained on %s and %s, at most %d epochs; translations of %s with beam %d. %d %s "
                "of each rung. BLEU: %s",
                r->data.train_source.items[0], r->data.train_target.items[0], r->train.epochs,
                s->a->test_source, r->decode.beam, s->a->seeds, s->a->seeds > 1 ? "runs" : "run",
                signature);
}

/* The rows of table k, in `rows` [n_rungs]. */
static struct ablation_table table_of(const struct scores *s, int k, struct ablation_row *rows)
{
    struct ablation_table t = {.title = s->a->ladder.tables[k].title, .rows = rows};
    for (int i = 0; i < s->a->ladder.n_rungs; i++)
        if (s->a->ladder.rungs[i].tables & 1U << k)
            rows[t.n_rows++] = s->rungs[i].row;
    return t;
}

static int write_page(const struct scores *s, struct strbuf *markdown, struct strbuf *html,
                      struct satz_error *err)
{
    struct ablation_table tables[LADDER_TABLES];
    struct strbuf facts = {0};
    size_t n_tables = (size_t)s->a->ladder.n_tables, n_rungs = (size_t)s->a->ladder.n_rungs;
    struct ablation_row *rows = memory_new(n_tables * n_rungs, sizeof *rows, err);
    if (!rows)
        return -1;
    for (size_t k = 0; k < n_tables; k++)
        tables[k] = table_of(s, (int)k, rows + k * n_rungs);
    add_facts(s, &facts);
    int status = strbuf_check(&facts, err);
    const struct ablation_page page = {s->a->ladder.title, s->a->ladder.note, strbuf_text(&facts),
                                       tables, n_tables};
    if (status == 0) {
        ablation_write_markdown(&page, markdown);
        ablation_write_html(&page, html);
        status = strbuf_check(markdown, err) < 0 ? -1 : strbuf_check(html, err);
    }
    strbuf_release(&facts);
    free(rows);
    return status;
}

int tables_write(const struct satz_ablation *a, struct strbuf *markdown, struct strbuf *html,
                 struct satz_error *err)
{
    struct scores s = {.a = a, .metric = metric_new("bleu", err)};
    int n = a->ladder.n_rungs, status = s.metric ? 0 : -1;
    if (status == 0)
        s.rungs = memory_new((size_t)n, sizeof *s.rungs, err);
    if (!s.rungs)
        status = -1;
    for (int i = 0; i < n && s.rungs; i++)
        s.rungs[i].lines.keep = true;
    for (int i = 0; i < n && status == 0; i++)
        status = score_rung(&s, i, err);
    if (status == 0)
        status = write_page(&s, markdown, html, err);
    for (int i = 0; i < n && s.rungs; i++) {
        statistics_release(&s.rungs[i].lines);
        strbuf_release(&s.rungs[i].problem);
    }
    free(s.rungs);
    metric_free(s.metric);
    return status;
}
