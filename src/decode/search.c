#include "decode/search.h"

#include "base/rng.h"
#include "config/choices.h"
#include "decode/search_private.h"

static const struct strategy *const strategies[] = {
#define ROW(name, meaning) &strategy_##name,
    STRATEGY_LIST(ROW)
#undef ROW
};

static const struct search_task no_task;

enum { INPUTS_BYTES = 64 << 20 }; /* of words, per thread and model */

const struct strategy *strategy_find(const char *name)
{
    for (size_t i = 0; i < sizeof strategies / sizeof *strategies; i++)
        if (strcmp(strategies[i]->name, name) == 0)
            return strategies[i];
    return NULL;
}

static bool attends(const struct work *w)
{
    return w->options->align || w->options->coverage_penalty > 0;
}

/* What a sentence of `source` words is to be like, but for its room and its key. */
static struct sentence make_sentence(const struct search_options *o, const struct search_task *task,
                                     int source)
{
    struct sentence s = {
        .task = task,
        .length = source + 1,
        .limit = (int)(o->max_length_factor * source) + o->max_length_extra,
        .least = (int)ceil(o->min_length_factor * source),
        .watched = task->n_required || task->n_forbidden || task->prefix_closed,
    };
    int asked = task->prefix.n + require_start(task).missing;
    if (asked > 0 && s.limit < asked + o->max_length_extra)
        s.limit = asked + o->max_length_extra;
    return s;
}

/* What no plan has to be made for to know; w's first members are given. */
static void measure(struct work *w, const struct search_task *tasks)
{
    const struct search_options *o = w->options;
    int required = 0, missing = 0;
    w->vocabulary = w->members[0].model->network->target_size;
    w->groups = w->strategy->groups(o);
    w->width = w->strategy->rows(o);
    w->rows = w->batch->n * w->width;
    w->n_words = 0;
    for (int r = 0; r < w->batch->n; r++) {
        const struct search_task *task = tasks ? &tasks[w->batch->order[r]] : &no_task;
        struct sentence s = make_sentence(o, task, w->batch->source.length[r] - 1);
        struct progress p = require_start(task);
        int text = forbid_text_size(task, o->tokenizer);
        w->n_words += (size_t)s.limit;
        w->most_words = s.limit > w->most_words ? s.limit : w->most_words;
        w->most_text = text > w->most_text ? text : w->most_text;
        required = task->n_required > required ? task->n_required : required;
        missing = p.missing > missing ? p.missing : missing;
    }
    w->branches = w->strategy->branches(o);
    if (w->branches > w->vocabulary)
        w->branches = w->vocabulary;
    w->branches += required;
    w->most_missing = missing;
}

static void plan_members(struct work *w, struct arena *arena)
{
    int longest = w->batch->source.steps;
    for (int m = 0; m < w->n_members; m++) {
        struct member *member = &w->members[m];
        const struct seq2seq *network = member->model->network;
        seq2seq_source_plan(network, &w->batch->source, false, arena, &member->source);
        seq2seq_values_plan(network, &w->batch->source, arena, &member->source);
        decoder_rows_plan(&network->decoder, w->rows, w->sentence, longest, false, arena,
                          &member->decoder);
        loss_plan(&network->loss, &network->weights, arena, &member->logits);
    }
    if (w->options->shortlist)
        w->set = arena_take(arena, (size_t)word_set_size(w->vocabulary), sizeof *w->set);
    if (w->n_members > 1)
        w->mixed = pass_mat(arena, LOSS_CHUNK, w->vocabulary);
    if (attends(w))
        w->attended = pass_mat(arena, w->rows, longest);
    if (w->options->coverage_penalty > 0) {
        w->covered = pass_mat(arena, w->rows, longest);
        w->cover = pass_mat(arena, w->rows, longest);
    }
    if (w->options->align)
        w->source = arena_take(arena, (size_t)w->rows, sizeof *w->source);
}

static void plan_candidates(struct work *w, struct arena *arena)
{
    size_t rows = (size_t)w->rows, branches = (size_t)w->branches;
    size_t words = w->strategy->draws ? (size_t)w->vocabulary : branches;
    w->candidates = arena_take(arena, rows * branches, sizeof *w->candidates);
    w->n_candidates = arena_take(arena, rows, sizeof *w->n_candidates);
    w->head = arena_take(arena, (size_t)w->width, sizeof *w->head);
    w->top_words = arena_take(arena, words, sizeof *w->top_words);
    w->top_values = arena_take(arena, words, sizeof *w->top_values);
    w->maxima = arena_take(arena, (size_t)top_blocks(w->vocabulary), sizeof *w->maxima);
    if (w->strategy->draws)
        w->drawn = arena_take(arena, (size_t)w->vocabulary, sizeof *w->drawn);
    w->history = arena_take(arena, (size_t)w->most_words + 1, sizeof *w->history);
    w->text = arena_take(arena, (size_t)w->most_text, 1);
    if (w->most_missing > 0) {
        size_t pool = (size_t)w->width * branches, banks = (size_t)w->most_missing + 1;
        w->pool = arena_take(arena, pool, sizeof *w->pool);
        w->pool_row = arena_take(arena, pool, sizeof *w->pool_row);
        w->pool_bank = arena_take(arena, pool, sizeof *w->pool_bank);
        w->quota = arena_take(arena, 2 * banks, sizeof *w->quota);
    }
}

/* Everything the search of one batch needs. */
static void plan(struct work *w, struct arena *arena, struct search *s)
{
    size_t n = (size_t)w->batch->n, n_best = (size_t)w->options->n_best, rows = (size_t)w->rows;
    s->results = arena_take(arena, n, sizeof *s->results);
    w->hypotheses = arena_take(arena, n * n_best, sizeof *w->hypotheses);
    w->ids = arena_take(arena, n_best * w->n_words, sizeof *w->ids);
    if (w->options->align)
        w->sources = arena_take(arena, n_best * w->n_words, sizeof *w->sources);
    w->sentences = arena_take(arena, n, sizeof *w->sentences);
    w->ended = arena_take(arena, n * n_best, sizeof *w->ended);
    w->beams = arena_take(arena, n * (size_t)w->groups, sizeof *w->beams);
    w->nodes = arena_take(arena, (size_t)w->width * w->n_words, sizeof *w->nodes);
    w->now = arena_take(arena, rows, sizeof *w->now);
    w->next = arena_take(arena, rows, sizeof *w->next);
    w->sentence = arena_take(arena, rows, sizeof *w->sentence);
    w->words = arena_take(arena, rows, sizeof *w->words);
    w->divisors = arena_take(arena, (size_t)w->most_words + 2, sizeof *w->divisors);
    plan_candidates(w, arena);
    plan_members(w, arena);
}

/* The random numbers of a sentence depend on its words alone. */
static uint64_t sentence_key(const struct batch *b, const int *ids, bool reversed, int row)
{
    uint64_t key = 0;
    int words = b->source.length[row] - 1;
    for (int k = 0; k < words; k++)
        key = rng_mix(key ^ (uint64_t)ids[b->source.offset[reversed ? words - 1 - k : k] + row]);
    return key;
}

static void start_sentence(struct work *w, const struct search_task *tasks, int r)
{
    const struct search_options *o = w->options;
    const struct search_model *model = w->members[0].model;
    const struct search_task *task = tasks ? &tasks[w->batch->order[r]] : &no_task;
    struct sentence *s = &w->sentences[r];
    *s = make_sentence(o, task, w->batch->source.length[r] - 1);
    s->key = sentence_key(w->batch, model->source_ids, model->reversed, r);
    s->ended = w->ended + (size_t)r * (size_t)o->n_best;
}

/* Rows without words. Returns how many. */
static int start(struct work *w, const struct search_task *tasks)
{
    const struct search_options *o = w->options;
    int rows = 0;
    for (int tokens = 1; tokens < w->most_words + 2; tokens++)
        w->divisors[tokens] = o->normalisation->divisor(tokens, o->length_penalty);
    for (int r = 0; r < w->batch->n; r++) {
        start_sentence(w, tasks, r);
        for (int g = 0; g < w->groups; g++) {
            struct beam *b = &w->beams[r * w->groups + g];
            bool ranked = w->strategy->ranks && w->sentences[r].task->n_required == 0;
            *b = (struct beam){.sentence = r, .group = g, .first = rows};
            b->width = o->beam / w->groups + (g < o->beam % w->groups);
            b->live = w->strategy->start_rows(o);
            b->greedy = ranked && g == 0 ? rows : -1;
            for (int i = 0; i < b->live; i++, rows++) {
                w->now[rows] = (struct live){
                    .node = -1, .number = i, .progress = require_start(w->sentences[r].task)};
                w->sentence[rows] = r;
                w->words[rows] = TOKEN_BEGIN;
                for (int m = 0; m < w->n_members; m++)
                    mat_copy(mat_rows(w->members[m].decoder.previous, rows, 1),
                             mat_rows(w->members[m].source.bridge.state, r, 1));
            }
        }
    }
    if (w->covered.data)
        mat_zero(mat_rows(w->covered, 0, rows));
    return rows;
}

void read_words(const struct work *w, int node, int n, int *words)
{
    for (; node >= 0; node = w->nodes[node].parent)
        words[--n] = w->nodes[node].word;
}

int take_allowed(struct work *w, int row, int n, struct row_scores *s, int k, struct candidate *c)
{
    bool watched = row_sentence(w, row)->watched;
    double before = w->now[row].sum;
    int count = 0, got;
    k = k < s->n ? k : s->n;
    do {
        got = w->top->take(s->n, s->z, w->maxima, k - count, w->top_words, w->top_values);
        for (int i = 0; i < got; i++) {
            int word = score_word(s, w->top_words[i]);
            if (watched && !word_allowed(w, row, n, word))
                continue;
            double sum = before + score_log(s, w->top_values[i]);
            c[count++] = (struct candidate){word, sum, sum};
        }
    } while (watched && got > 0 && count < k);
    return count;
}

/* The candidates that row `row` of n words can offer. */
static void rank_row(struct work *w, int row, int n, struct row_scores s)
{
    const struct sentence *sentence = row_sentence(w, row);
    const struct search_task *task = sentence->task;
    struct candidate *c = row_candidates(w, row);
    int only = n < task->prefix.n ? task->prefix.ids[n] : n == sentence->limit ? TOKEN_END : -1;
    double before = w->now[row].sum, end = before + score_log(&s, s.z[TOKEN_END]);
    w->n_candidates[row] = 0;
    if (only >= 0) {
        double sum = before + score_log(&s, s.z[score_place(&s, only)]);
        c[w->n_candidates[row]++] = (struct candidate){only, sum, sum};
        return;
    }
    w->top->exclude(s.n, s.z, w->maxima, TOKEN_PAD);
    w->top->exclude(s.n, s.z, w->maxima, TOKEN_BEGIN);
    if (n < sentence->least)
        w->top->exclude(s.n, s.z, w->maxima, TOKEN_END);
    if (w->options->no_repeat > 0 && task->n_required == 0)
        forbid_repeats(w, row, n, &s);
    w->n_candidates[row] = w->strategy->choose(w, row, n, &s, c);
    if (w->n_candidates[row] == 0)
        c[w->n_candidates[row]++] = (struct candidate){TOKEN_END, end, end};
}

/* The chunk's rows of all members: logits of the only one, or the mean of probabilities. */
static int rank_rows(struct work *w, int from, int count, int n, struct satz_error *err)
{
    real share = (real)1 / (real)w->n_members;
    for (int r = 0; r < count; r++) {
        const struct listed *list = row_sentence(w, from + r)->list;
        int words = list ? list->n : w->vocabulary;
        struct row_scores s = {.z = mat_row(w->members[0].logits, r), .n = words, .list = list};
        for (int m = 0; m < w->n_members; m++) {
            const real *z = mat_row(w->members[m].logits, r);
            real log_sum = w->top->scan(words, z, w->maxima);
            if (top_check(log_sum, err) < 0)
                return -1;
            s.log_sum = (double)log_sum;
            if (w->n_members > 1)
                w->top->mix(words, z, log_sum, share, m > 0, mat_row(w->mixed, r));
        }
        if (w->n_members > 1) {
            s.z = mat_row(w->mixed, r);
            s.probabilities = true;
            w->top->scan(words, s.z, w->maxima);
        }
        rank_row(w, from + r, n, s);
    }
    return 0;
}

/* Row `row`'s attention, its members' mean, the source's words in the order of the text. */
static void attend_row(struct work *w, int row)
{
    real *to = mat_row(w->attended, row);
    int length = row_sentence(w, row)->length, n = 0;
    memset(to, 0, (size_t)length * sizeof *to);
    for (int m = 0; m < w->n_members; m++) {
        if (!w->members[m].attends)
            continue;
        const real *weights = mat_row(w->members[m].decoder.attention.weights, row);
        bool reversed = w->members[m].model->reversed;
        for (int j = 0; j < length; j++)
            to[reversed && j < length - 1 ? length - 2 - j : j] += weights[j];
        n++;
    }
    if (w->covered.data) {
        real *covered = mat_row(w->covered, row);
        for (int j = 0; j < length; j++)
            covered[j] += to[j] / (real)n;
    }
    if (w->source) {
        int best = 0;
        for (int j = 1; j < length - 1; j++) /* END is no word */
            best = to[j] > to[best] ? j : best;
        w->source[row] = best;
    }
}

/* The networks' step over rows [0, rows) of n words, logits a chunk at a time. */
static int step_rows(struct work *w, int rows, int n, struct satz_error *err)
{
    for (int from = 0; from < rows; from += LOSS_CHUNK) {
        int count = rows - from < LOSS_CHUNK ? rows - from : LOSS_CHUNK;
        for (int m = 0; m < w->n_members; m++) {
            struct member *member = &w->members[m];
            const struct seq2seq *network = member->model->network;
            struct decoder_rows part =
                decoder_rows_slice(&network->decoder, &member->decoder, from, count);
            seq2seq_advance(&member->model->pass, network, &member->source, w->inputs[m],
                            w->words + from, &part);
            output_rows(w, m, from, part.readout);
        }
        for (int r = from; w->attended.data && r < from + count; r++)
            attend_row(w, r);
        if (rank_rows(w, from, count, n, err) < 0)
            return -1;
    }
    return 0;
}

double score_bound(const struct work *w, const struct sentence *s, double sum)
{
    return sum / w->divisors[s->limit + 1];
}

static double coverage(const struct work *w, int row)
{
    double sum = 0;
    if (!w->covered.data)
        return 0;
    for (int j = 0; j < row_sentence(w, row)->length; j++) {
        double received = (double)mat_row(w->covered, row)[j];
        sum += log(received > 1 ? 1 : received > 1e-10 ? received : 1e-10);
    }
    return sum;
}

static bool same_words(const struct work *w, int a, int b)
{
    for (; a != b; a = w->nodes[a].parent, b = w->nodes[b].parent)
        if (a < 0 || b < 0 || w->nodes[a].word != w->nodes[b].word)
            return false;
    return true;
}

void end_hypothesis(struct work *w, int row, int n, double sum)
{
    const struct search_options *o = w->options;
    struct sentence *s = row_sentence(w, row);
    struct ended e = {.node = w->now[row].node, .n = n, .sum = sum, .coverage = coverage(w, row)};
    e.score = sum / w->divisors[n + 1] + o->coverage_penalty * e.coverage;
    for (int i = 0; i < s->kept; i++)
        if (s->ended[i].n == n && s->ended[i].sum == sum && same_words(w, s->ended[i].node, e.node))
            return;
    int at = s->kept < o->n_best ? s->kept++ : o->n_best;
    for (; at > 0 && s->ended[at - 1].score < e.score; at--)
        if (at < o->n_best)
            s->ended[at] = s->ended[at - 1];
    if (at < o->n_best)
        s->ended[at] = e;
}

void extend_hypothesis(struct work *w, int row, int word, double sum, int at)
{
    struct live *to = &w->next[at];
    const struct live *from = &w->now[row];
    const struct search_task *task = row_sentence(w, row)->task;
    *to = *from;
    to->node = w->n_nodes;
    to->row = row;
    to->sum = sum;
    if (task->n_required)
        to->progress = require_step(task, from->progress, word);
    w->nodes[w->n_nodes++] =
        (struct node){from->node, word, w->options->align ? w->source[row] : 0};
}

/* Row i of the next step goes on from the state of the row it came from. */
static void gather(struct work *w, int rows)
{
    for (int i = 0; i < w->batch->n * w->groups; i++) {
        const struct beam *b = &w->beams[i];
        for (int row = b->first; row < b->first + b->live + b->extra; row++)
            w->sentence[row] = b->sentence;
    }
    for (int i = 0; i < rows; i++)
        w->words[i] = w->nodes[w->next[i].node].word;
    for (int m = 0; m < w->n_members; m++) {
        const struct decoder_rows *d = &w->members[m].decoder;
        size_t bytes = (size_t)d->next.cols * sizeof(real);
        for (int i = 0; i < rows; i++)
            memcpy(mat_row(d->previous, i), mat_row(d->next, w->next[i].row), bytes);
    }
    if (w->covered.data) {
        struct mat from = w->covered;
        for (int i = 0; i < rows; i++)
            mat_copy(mat_rows(w->cover, i, 1), mat_rows(from, w->next[i].row, 1));
        w->covered = w->cover;
        w->cover = from;
    }
    struct live *now = w->now;
    w->now = w->next;
    w->next = now;
}

static void write_results(struct work *w, struct search *s)
{
    struct hypothesis *h = w->hypotheses;
    int *ids = w->ids, *sources = w->sources;
    for (int r = 0; r < w->batch->n; r++) {
        const struct sentence *from = &w->sentences[r];
        s->results[w->batch->order[r]] = (struct search_result){h, from->kept};
        for (int i = 0; i < from->kept; i++) {
            const struct ended *e = &from->ended[i];
            *h++ = (struct hypothesis){.ids = ids,
                                       .sources = sources,
                                       .n = e->n,
                                       .log_probability = e->sum,
                                       .coverage = e->coverage,
                                       .score = e->score};
            read_words(w, e->node, e->n, ids);
            for (int at = e->n, node = e->node; sources && node >= 0; node = w->nodes[node].parent)
                sources[--at] = w->nodes[node].source;
            ids += e->n;
            sources = sources ? sources + e->n : NULL;
        }
    }
}

/* All sentences, from the first word to the last. */
static int search_all(struct work *w, const struct search_task *tasks, struct search *s,
                      const struct search_model *models, struct satz_error *err)
{
    for (int m = 0; m < w->n_members; m++) {
        const struct search_model *model = w->members[m].model;
        seq2seq_encode(&model->pass, model->network, &w->batch->source, model->source_ids,
                       &w->members[m].source);
        if (seq2seq_values(&model->pass, model->network, &w->members[m].source, err) < 0)
            return -1;
    }
    int rows = start(w, tasks);
    if (w->options->shortlist && make_lists(w, s, models, err) < 0)
        return -1;
    for (int n = 0; rows > 0; n++) {
        int next = 0;
        if (step_rows(w, rows, n, err) < 0)
            return -1;
        for (int i = 0; i < w->batch->n * w->groups; i++)
            if (w->beams[i].live + w->beams[i].extra > 0)
                w->strategy->advance(w, &w->beams[i], n, &next);
        gather(w, next);
        rows = next;
    }
    return 0;
}

static int make_inputs(struct search *s, const struct search_model *models, int n_models,
                       struct satz_error *err)
{
    if (memory_grow(&s->inputs, &s->inputs_capacity, (size_t)n_models, sizeof *s->inputs, err) < 0)
        return -1;
    for (; s->n_inputs < n_models; s->n_inputs++)
        s->inputs[s->n_inputs] = NULL;
    for (int m = 0; m < n_models; m++) {
        const struct seq2seq *network = models[m].network;
        if (s->inputs[m] && inputs_model(s->inputs[m]) == network)
            continue;
        inputs_free(s->inputs[m]);
        s->inputs[m] = inputs_new(network, INPUTS_BYTES, err);
        if (!s->inputs[m])
            return -1;
    }
    return 0;
}

static int make_members(struct work *w, const struct search_model *models, struct satz_error *err)
{
    bool attended = false;
    w->members = memory_new((size_t)w->n_members, sizeof *w->members, err);
    if (!w->members)
        return -1;
    for (int m = 0; m < w->n_members; m++) {
        w->members[m].model = &models[m];
        w->members[m].attends = models[m].network->decoder.place != PLACE_NONE;
        attended = attended || w->members[m].attends;
        assert(models[m].network->target_size == models[0].network->target_size);
    }
    if (attends(w) && !attended)
        return error_set(err, "coverage and the replacement of unknown words need attention, and "
                              "this model has none (attention.place is none)");
    return 0;
}

int search_run(struct search *s, const struct search_model *models, int n_models,
               const struct batch *sources, const struct search_task *tasks,
               const struct search_options *options, struct satz_error *err)
{
    struct search_options o = *options;
    if (!o.strategy)
        o.strategy = &strategy_beam;
    if (!o.normalisation)
        o.normalisation = normalisation_power;
    assert(o.n_best >= 1 && (!o.strategy->ranks || o.n_best <= o.beam));
    struct work w = {.batch = sources,
                     .options = &o,
                     .strategy = o.strategy,
                     .top = SIMD_BEST(top_kernels),
                     .n_members = n_models};
    struct arena arena;
    int status = make_members(&w, models, err);
    if (status == 0)
        status = make_inputs(s, models, n_models, err);
    w.inputs = s->inputs;
    if (status == 0) {
        measure(&w, tasks);
        arena_measure(&arena);
        plan(&w, &arena, s);
        if (arena.peak > s->arena.size) {
            arena_release(&s->arena);
            status = arena_init(&s->arena, arena.peak, err);
        }
    }
    if (status == 0) {
        arena_rewind(&s->arena, 0);
        plan(&w, &s->arena, s);
        status = search_all(&w, tasks, s, models, err);
        for (int m = 0; m < n_models; m++)
            seq2seq_values_free(models[m].network, &w.members[m].source);
    }
    if (status == 0)
        write_results(&w, s);
    free(w.members);
    return status;
}

void search_release(struct search *s)
{
    arena_release(&s->arena);
    for (int i = 0; i < s->n_lists; i++)
        listed_release(&s->lists[i]);
    free(s->lists);
    for (int i = 0; i < s->n_inputs; i++)
        inputs_free(s->inputs[i]);
    free(s->inputs);
    *s = (struct search){0};
}
