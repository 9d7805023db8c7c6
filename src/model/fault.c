#include "model/fault.h"

#include <math.h>

/* Column of the first value of the row that is not finite, or -1. */
static int bad_column(struct mat m, int row)
{
    for (int c = 0; c < m.cols; c++)
        if (!isfinite(mat_row(m, row)[c]))
            return c;
    return -1;
}

/* Rows in the order of a packed sequence: the first found is of the earliest step. */
static bool look_packed(const char *what, struct mat m, const struct sequence *seq,
                        const struct batch *b, bool target, struct fault *fault)
{
    for (int step = 0; step < seq->steps && m.rows > 0; step++)
        for (int r = 0; r < sequence_active(seq, step); r++) {
            int column = bad_column(m, seq->offset[step] + r);
            if (column < 0)
                continue;
            int source_row = target ? b->sentence[r] : r;
            *fault = (struct fault){what, target, b->order[source_row], step, column};
            return true;
        }
    return false;
}

/* A row for each word, sentence after sentence. */
static bool look_by_sentence(const char *what, struct mat m, const int *start,
                             const struct batch *b, struct fault *fault)
{
    bool found = false;
    for (int r = 0; r < b->source.rows && m.rows > 0; r++)
        for (int word = 0; word < b->source.length[r]; word++) {
            int column = bad_column(m, start[r] + word);
            if (column < 0 || (found && fault->word <= word))
                continue;
            *fault = (struct fault){what, false, b->order[r], word, column};
            found = true;
        }
    return found;
}

/* A row for each sentence. */
static bool look_whole(const char *what, struct mat m, const struct batch *b, struct fault *fault)
{
    for (int r = 0; r < b->source.rows && m.rows > 0; r++) {
        int column = bad_column(m, r);
        if (column < 0)
            continue;
        *fault = (struct fault){what, false, b->order[r], -1, column};
        return true;
    }
    return false;
}

/* Logits exist only a chunk at a time: they are made again, step by step. */
static bool look_at_logits(const struct pass *pass, const struct seq2seq *m, const struct batch *b,
                           struct seq2seq_memory *memory, struct fault *fault)
{
    const struct sequence *seq = &b->target;
    for (int step = 0; step < seq->steps; step++)
        for (int from = 0, n = sequence_active(seq, step); from < n; from += LOSS_CHUNK) {
            int rows = n - from < LOSS_CHUNK ? n - from : LOSS_CHUNK;
            struct mat logits = mat_rows(memory->logits, 0, rows);
            loss_logits(pass, &m->loss,
                        mat_rows(memory->rows.readout, seq->offset[step] + from, rows), logits);
            for (int r = 0; r < rows; r++) {
                int column = bad_column(logits, r);
                if (column < 0)
                    continue;
                *fault = (struct fault){"the output layer's logits", true,
                                        b->order[b->sentence[from + r]], step, column};
                return true;
            }
        }
    return false;
}

bool fault_find(const struct pass *pass, const struct seq2seq *m, const struct batch *b,
                struct seq2seq_memory *memory, struct fault *fault)
{
    struct loss_sums sums = {0};
    const struct seq2seq_source *source = &memory->source;
    const struct decoder_rows *rows = &memory->rows;
    seq2seq_loss(pass, m, b, memory, &sums);
    for (int l = 0; l < m->encoder.layers; l++)
        if (look_packed(l ? "the input of an encoder layer above the first"
                          : "the source's embeddings",
                        source->encoder.input[l], &b->source, b, false, fault))
            return true;
    return look_by_sentence("the encoder's annotations", source->attention.annotations,
                            source->start, b, fault) ||
           look_by_sentence("attention's keys", source->attention.keys, source->start, b, fault) ||
           look_whole("the decoder's first state", source->bridge.state, b, fault) ||
           look_packed("the target's embeddings", rows->embedded, &b->target, b, true, fault) ||
           look_packed("the decoder's state", rows->next, &b->target, b, true, fault) ||
           look_packed("attention's context", rows->attention.context, &b->target, b, true,
                       fault) ||
           look_packed("the readout", rows->readout, &b->target, b, true, fault) ||
           look_at_logits(pass, m, b, memory, fault);
}
