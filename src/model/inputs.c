#include "model/inputs.h"

#include <stdlib.h>

#include "base/memory.h"
#include "nn/embed.h"

/* A word's row in `kept`: the gates of layer 0, then the readout's sum. */
struct inputs {
    const struct seq2seq *model;
    int *place; /* [vocabulary]: the word's row, -1 where there is none */
    int n, capacity;
    struct mat kept;         /* [capacity, gates + readout] */
    struct arena arena;      /* of what follows: rows of words that are not kept yet */
    struct decoder_rows new; /* embedded, gates[0] and activation alone */
    int at[INPUTS_ROWS];     /* their rows among those that were asked for */
};

static int gates_of(const struct seq2seq *m)
{
    return rnn_gate_width(&m->decoder.rnn[0]);
}

static void plan(const struct seq2seq *m, struct inputs *in, struct arena *arena)
{
    in->place = arena_take(arena, (size_t)m->target_size, sizeof *in->place);
    in->kept = pass_mat(arena, in->capacity, gates_of(m) + m->decoder.readout);
    in->new.embedded = pass_mat(arena, INPUTS_ROWS, m->decoder.embedding);
    in->new.gates[0] = pass_mat(arena, INPUTS_ROWS, gates_of(m));
    in->new.activation = pass_mat(arena, INPUTS_ROWS, m->decoder.readout);
}

struct inputs *inputs_new(const struct seq2seq *m, size_t bytes, struct satz_error *err)
{
    struct inputs *in = memory_new(1, sizeof *in, err);
    struct arena measure;
    if (!in)
        return NULL;
    size_t most = bytes / sizeof(real) / (size_t)(gates_of(m) + m->decoder.readout);
    in->model = m;
    in->capacity = most < (size_t)m->target_size ? (int)most : m->target_size;
    arena_measure(&measure);
    plan(m, in, &measure);
    if (arena_init(&in->arena, measure.peak, err) < 0) {
        free(in);
        return NULL;
    }
    plan(m, in, &in->arena);
    for (int v = 0; v < m->target_size; v++)
        in->place[v] = -1;
    return in;
}

void inputs_free(struct inputs *in)
{
    if (in)
        arena_release(&in->arena);
    free(in);
}

const struct seq2seq *inputs_model(const struct inputs *in)
{
    return in->model;
}

static void copy_row(const real *kept, struct decoder_rows *rows, int r)
{
    size_t gates = (size_t)rows->gates[0].cols, readout = (size_t)rows->activation.cols;
    memcpy(mat_row(rows->gates[0], r), kept, gates * sizeof *kept);
    memcpy(mat_row(rows->activation, r), kept + gates, readout * sizeof *kept);
}

/* Keeps row `i` of the new ones, and puts it where it was asked for. */
static void keep(struct inputs *in, int i, int word, struct decoder_rows *rows)
{
    int gates = rows->gates[0].cols, readout = rows->activation.cols, r = in->at[i];
    mat_copy(mat_rows(rows->gates[0], r, 1), mat_rows(in->new.gates[0], i, 1));
    mat_copy(mat_rows(rows->activation, r, 1), mat_rows(in->new.activation, i, 1));
    if (in->place[word] >= 0 || in->n == in->capacity)
        return;
    struct mat kept = mat_rows(in->kept, in->n, 1);
    mat_copy(mat_cols(kept, 0, gates), mat_rows(in->new.gates[0], i, 1));
    mat_copy(mat_cols(kept, gates, readout), mat_rows(in->new.activation, i, 1));
    in->place[word] = in->n++;
}

void inputs_project(const struct pass *pass, const struct seq2seq *m, struct inputs *in,
                    const int *words, struct decoder_rows *rows)
{
    int n = 0;
    assert(rows->embedded.rows <= INPUTS_ROWS);
    embed_forward(pass, m->target_embedding, words, rows->embedded);
    for (int r = 0; r < rows->embedded.rows; r++) {
        if (in->place[words[r]] >= 0) {
            copy_row(mat_row(in->kept, in->place[words[r]]), rows, r);
            continue;
        }
        mat_copy(mat_rows(in->new.embedded, n, 1), mat_rows(rows->embedded, r, 1));
        in->at[n++] = r;
    }
    struct decoder_rows new = decoder_rows_slice(&m->decoder, &in->new, 0, n);
    decoder_project(pass, &m->decoder, &new);
    for (int i = 0; i < n; i++)
        keep(in, i, words[in->at[i]], rows);
}
