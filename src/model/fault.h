/* fault.h -- where a forward pass first leaves the finite numbers. */
#ifndef SATZ_MODEL_FAULT_H
#define SATZ_MODEL_FAULT_H

#include "model/seq2seq.h"

struct fault {
    const char *what; /* "the decoder's state" */
    bool target;      /* a word of the target, not of the source */
    int sentence;     /* which of the sentences that batch_fill was given */
    int word;         /* from 0, END counted; -1: the sentence as a whole */
    int column;
};

/* Runs seq2seq_loss and looks through what it computed, in the order of the computation: true with
 * the first value that is not finite, of those the one of the earliest word. */
bool fault_find(const struct pass *pass, const struct seq2seq *m, const struct batch *b,
                struct seq2seq_memory *memory, struct fault *fault);

#endif
